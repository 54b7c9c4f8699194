import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ACTIVE, HOLE, readLine, SHELL_LIMITS } from './shell.ts';
import { printSteps, readSteps } from './steps.ts';

/** Words of each simple command, as a shell would hand them over. */
function words(line: string): string[][] | null {
  return readLine(line)?.map((c) => [...c.words]) ?? null;
}

describe('a line is read as POSIX shells read it', () => {
  test.each<[string, string[][]]>([
    ['', []],
    ['  ls   -la\t/x ', [['ls', '-la', '/x']]],
    ['a && b || c; d & e | f\ng', [['a'], ['b'], ['c'], ['d'], ['e'], ['f'], ['g']]],
    [`echo 'a b' "c d" e\\ f ''`, [['echo', 'a b', 'c d', 'e f', '']]],
    [`echo "a\\"b" 'it'\\''s' "x\\ny"`, [['echo', 'a"b', "it's", 'x\\ny']]],
    ['a \\\n  b', [['a', 'b']]],
    ['a # not b\nc#d', [['a'], ['c#d']]],
    ['A=1 B="x y" cmd', [['cmd']]],
    ['cmd A=1', [['cmd', 'A=1']]],
    ['cmd > out 2>&1 < in >> log 2>/dev/null', [['cmd']]],
    ['cmd &> all', [['cmd']]],
    ['(cd x && y) && { z; }', [['cd', 'x'], ['y'], ['z']]],
    ['! grep -q x y', [['grep', '-q', 'x', 'y']]],
    [
      `echo ~/x $HOME "$HOME" '$HOME'`,
      [['echo', `${ACTIVE}~/x`, `${ACTIVE}$HOME`, `${ACTIVE}$HOME`, '$HOME']],
    ],
    [`ls *.txt '*.txt'`, [['ls', `${ACTIVE}*.txt`, '*.txt']]],
    ['echo a$', [['echo', 'a$']]],
    ['if a; then b; elif c; then d; else e; fi | f', [['a'], ['b'], ['c'], ['d'], ['e'], ['f']]],
    ['while ! a; do b; done && c', [['a'], ['b'], ['c']]],
    ['for i in 1 2; do a; done', [[], ['a']]],
    ['cat <<EOF > x\nif $(a) `\nEOF\nb', [['cat'], ['b']]],
    ['cat <<-"E" && b\n\tx\n\tE\nc', [['cat'], ['b'], ['c']]],
    ["echo $'a\\tb\\'c'", [['echo', "a\tb'c"]]],
    ['[[ -f x && ! -d y ]] && rm x', [['[['], ['rm', 'x']]],
    ['> x', [[':']]],
    ['rm {a,b}.js c{1,2}{x,y}', [['rm', 'a.js', 'b.js', 'c1x', 'c1y', 'c2x', 'c2y']]],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a shell's.
    ['echo ${x:-y}', [['echo', `${ACTIVE}\${x:-y}`]]],
  ])('%j', (line, expected) => expect(words(line)).toEqual(expected));

  test.each([
    'echo "never closed',
    "echo 'never closed",
    'echo $(never closed',
    'echo `never closed',
    'case x in y) z ;; esac',
    'f() { rm -rf x; }',
    'if true; then a',
    'a; fi',
    'while a; done; }',
    'for x; do a; done',
    'cat <<EOF\nnever ended',
    '[[ -f x && rm x',
    'diff <(a) <(b)',
    'echo $((1 + 1))',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is a shell's.
    'echo ${x:-$(rm -rf y)}',
    'a=(1 2 3)',
    '| a',
    'a ;; b',
    ') a',
    'x'.repeat(SHELL_LIMITS.maxChars + 1),
    'a;'.repeat(SHELL_LIMITS.maxCommands + 1),
    `${'$('.repeat(SHELL_LIMITS.maxDepth + 2)}a${')'.repeat(SHELL_LIMITS.maxDepth + 2)}`,
  ])('%j: no opinion', (line) => expect(readLine(line)).toBeNull());

  test('a placeholder is one only where it is asked for', () => {
    expect(readLine('kill <pid>', { placeholders: true })?.[0]?.words).toEqual(['kill', HOLE]);
    expect(readLine('x \'<a b>\' "<c>"y', { placeholders: true })?.[0]?.words).toEqual([
      'x',
      HOLE,
      `${HOLE}y`,
    ]);
    expect(readLine('kill <pid>')).toBeNull();
    expect(readLine('sort <in >out')?.[0]?.redirects).toEqual([
      ['<', 'in'],
      ['>', 'out'],
    ]);
    expect(readLine(`echo ${HOLE}${ACTIVE}`)?.[0]?.words).toEqual(['echo', '\ufffd\ufffd']);
  });

  test('never throws, whatever the line; and in time that grows with its length', () => {
    const pieces = fc.constantFrom(
      ...`' " \\ $ \` ( ) { } < > | & ; # ~ * = \n \r`.split(' '),
      ' ',
      'a',
      '$(',
      '<x>',
      'bash -c ',
      'sudo ',
      'xargs ',
      'env A=1 ',
      '&&',
      '2>&1',
      '{a,b}',
      'if ',
      '; then ',
      '; fi',
      'for i in ',
      '; do ',
      '; done',
      '<<E\n',
      'E\n',
      '[[ ',
      ' ]] ',
      'A=a;',
      '$A',
      'echo ',
      '| tee ',
      "sed -i 's/a/b/' ",
      'find . -name x -exec ',
      'chmod ',
      'psql -c ',
      'cd ',
      '-rf',
      HOLE,
      ACTIVE,
      '\u0000',
      '\ud800',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 60 }), (parts) => {
        const steps = readSteps(parts.join(''));
        if (steps) expect(typeof printSteps(steps)).toBe('string');
      }),
      { numRuns: 3000 },
    );
    const costOf = (line: string): number => {
      const { user } = process.cpuUsage();
      readSteps(line);
      return process.cpuUsage().user - user;
    };
    for (const unit of [
      'a ',
      '"x" ',
      '$(a) ',
      '<a',
      'a\\ ',
      "'x'",
      '{a,',
      '{a,b}',
      'A=$A$A;',
      'x $A$A;A=a$A;',
      "sed -i 's/a/bcd/;p' f;",
      '<<E\n',
    ]) {
      const line = unit.repeat(Math.floor(SHELL_LIMITS.maxChars / unit.length));
      expect(Math.min(costOf(line), costOf(line), costOf(line)), unit).toBeLessThan(150_000);
    }
  });
});

describe('many ways to say one thing', () => {
  test.each<[string, ...string[]]>([
    [
      'npm install --force',
      'npm i -f',
      '/usr/bin/npm --force install',
      'npx npm@10 i --force',
      'bash -c "npm i -f"',
      'timeout 60 npm install --force',
      'env -u X npm i --force -s',
      'faultbook run -- npm i -f',
    ],
    ['rm -rf a b', 'rm a b', 'rm -r --force -- a b', 'npx rimraf a b'],
    [
      'systemctl restart nginx',
      'service nginx restart',
      '/etc/init.d/nginx restart',
      'systemctl restart nginx.service',
    ],
    ['kill -9 5', 'kill -KILL 5', 'kill -SIGKILL 5', 'kill -s KILL 5', 'kill -s 9 5'],
    ['kill 5', 'kill -15 5', 'kill -TERM 5'],
    [
      'kill -9 $(lsof -t -i:80)',
      'lsof -ti:80 | xargs kill -9',
      'lsof -ti tcp:80 | xargs -r kill -KILL',
      'kill -9 `lsof -t -i :80`',
    ],
    ['chmod 777 x', 'chmod 0777 x', 'chmod a+rwx x'],
    ['apt-get install -y x', 'apt install x', 'apt-get -qq install --yes x'],
    ['python -m pip install x', 'pip3 install x', 'python3 -m pip install -q x'],
    [
      'sudo -u postgres psql -c "SELECT 1"',
      `su - postgres -c "psql -c 'select  1;'"`,
      'runuser -u postgres -- psql -c "SELECT 1"',
    ],
    ['docker compose up', 'docker-compose up'],
    ['psql -U a -d b', 'psql --username=a b', 'psql b a', 'PGUSER=a psql b', 'psql "user=a dbname=b"'],
    [
      'sudo mysql -e "FLUSH PRIVILEGES"',
      'echo "flush privileges;" | sudo mysql',
      'sudo mariadb <<< "FLUSH  PRIVILEGES"',
    ],
    ['bash -c "npm i"', 'echo npm install | sh', 'sh <<E\nnpm i\nE'],
    [
      'echo "a = 1;" >> x.conf',
      'printf "%s\\n" "a=1" | sudo tee -a x.conf >/dev/null',
      'cat >> x.conf <<E\na  =  1;\nE',
      "{ echo 'a = 1'; } > x.conf",
    ].map((line) => line.replace('sudo ', '')) as [string, ...string[]],
    ["sed -i 's/a/the b/' f", 'perl -pi -e "s#a#the b#" f', "sed -i.bak -e 's|a|the b|g' f"],
    ['rm -r x', 'find . -name x -exec rm -rf {} +', 'find . -name x | xargs rm', 'find . -name x -delete'],
    [
      'kill -9 $(lsof -ti:80)',
      'fuser -k 80/tcp',
      'npx kill-port 80',
      'P=$(lsof -t -i :80); kill -KILL $P',
      'for p in `lsof -ti:80`; do kill -9 "$p"; done',
    ],
    ['chmod 777 x', 'chmod ugo=rwx x', 'chmod u=rwx,go=rwx x'],
    ['usermod -aG docker a', 'gpasswd -a a docker', 'adduser a docker', 'usermod --append --groups docker a'],
    ['npm config set a b --location=project', 'echo a=b >> .npmrc'],
    ['killall node', 'pkill -x node', 'pkill node'],
    ['ls $(dirname /a/b)', 'ls /a'],
    ['DOCKER_HOST=x docker ps', 'docker -H x ps'],
  ])('%s', (first, ...others) => {
    const said = printSteps(readSteps(first) ?? []);
    expect(said).not.toBe('');
    for (const other of others) expect(printSteps(readSteps(other) ?? []), other).toBe(said);
  });

  test.each<[string, string]>([
    ['npm install', 'npm ci'],
    ['git status', 'sudo git status'],
    ['psql', 'sudo -u postgres psql'],
    ["git config x '*'", 'git config x *'],
    ['kill -9 5', 'kill 5'],
    ['echo $HOME', "echo '$HOME'"],
    ['HOST=1 npm start', 'HOST=2 npm start'],
    ['tee x', 'tee -a x'],
    ['a > x', 'a > y'],
    ['pip install x', '.venv/bin/pip install x'],
    ['pip install x', '. .venv/bin/activate && pip install x'],
    ['chmod +x f', 'chmod 600 f'],
    ['fuser 80/tcp', 'fuser -k 80/tcp'],
    ["sed -i 's/a/the b/' f", "sed -i 's/a/the c/' f"],
    ['find . -name x', 'find . -name x -delete'],
  ])('%s is not %s', (a, b) =>
    expect(printSteps(readSteps(a) ?? [])).not.toBe(printSteps(readSteps(b) ?? [])),
  );
});
