/** What makes the tool fit one's hands: completion in real shells, the manual page, the pager, links, help in Chinese. */
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { provision } from '../scripts/provision.mjs';
import { NOTES_ZH, OPTIONS_ZH, optionZh, SUMMARIES_ZH } from '../src/cli/help.ts';
import { VERBS } from '../src/cli/verbs.ts';
import { CLI, faultbook, ROOT } from './support/cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'faultbook-handy-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const bin = join(folder, 'bin');
mkdirSync(bin);
writeFileSync(join(bin, 'faultbook'), `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`);
chmodSync(join(bin, 'faultbook'), 0o755);

const { root: tools, missing } = await provision([
  'debian:zsh',
  'debian:fish',
  'debian:mandoc',
  'debian:less',
]);
for (const { need, reason } of missing) console.log(`skipped: ${need}: ${reason}`);
const has = (need: string) => !missing.some((m) => m.need === need);
const env = {
  PATH: `${bin}:${tools}/bin:${tools}/usr/bin:${process.env.PATH}`,
  HOME: folder,
  LANG: 'C.UTF-8',
  TERM: 'xterm-256color',
  FAULTBOOK_ENVIRONMENT: 'any',
};
const shell = (program: string, args: string[], more: Record<string, string> = {}) =>
  spawnSync(program, args, { encoding: 'utf8', cwd: ROOT, env: { ...env, ...more }, timeout: 60_000 });

describe('completion', () => {
  const bash = (line: string) => {
    const words = line.split(' ');
    const quoted = words.map((w) => `'${w}'`).join(' ');
    const script = `source <(faultbook completion bash); COMP_WORDS=(${quoted}); COMP_CWORD=${words.length - 1}; _faultbook; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return shell('bash', ['--norc', '-c', script]).stdout.trim().split('\n');
  };
  test.each([
    ['faultbook exp', ['explain', 'export']],
    ['faultbook explain git/du', ['git/dubious-ownership']],
    ['faultbook explain --form', ['--format']],
    ['faultbook diagnose --format mark', ['markdown']],
    ['faultbook --lang z', ['zh']],
    ['faultbook completion f', ['fish']],
  ])('bash: %s', (line, words) => expect(bash(line)).toEqual(words));
  test('bash: what it does not know it leaves to file names', () =>
    expect(bash('faultbook lint rec')).toEqual(['']));
  test.skipIf(!has('debian:fish'))('fish', () => {
    const fish = (line: string) =>
      shell('fish', ['--no-config', '-c', `faultbook completion fish | source; complete -C '${line}'`])
        .stdout.trim()
        .split('\n')
        .map((l) => l.split('\t')[0]);
    expect(fish('faultbook expl')).toEqual(['explain']);
    expect(fish('faultbook explain git/')).toContain('git/dubious-ownership');
    expect(fish('faultbook diagnose --format ')).toContain('sarif');
  });
  test.skipIf(!has('debian:zsh'))('zsh reads it, and it lists the verbs', () => {
    const file = join(folder, '_faultbook');
    writeFileSync(file, shell('faultbook', ['completion', 'zsh']).stdout);
    const zsh = join(tools, 'usr/bin/zsh');
    const checked = shell(zsh, ['-f', '-n', file]);
    expect([checked.status, checked.stderr]).toEqual([0, '']);
    const said = shell(zsh, [
      '-f',
      '-c',
      `compdef() { :; }; source '${file}'; _describe() { print -l $verbs }; _files() { :; }; words=(faultbook ''); CURRENT=2; _faultbook`,
    ]);
    for (const verb of Object.keys(VERBS)) expect(said.stdout).toContain(`${verb}:`);
  });
  test('another shell: what there is', async () => {
    const { status, stderr } = await faultbook(['completion', 'tcsh']);
    expect([status, stderr]).toEqual([2, expect.stringContaining('bash, zsh, fish')]);
  });
});

describe('the manual page', () => {
  test.skipIf(!has('debian:mandoc'))('has no error that mandoc sees', () => {
    const { stdout, stderr } = shell('mandoc', ['-T', 'lint', '-W', 'warning', 'man/faultbook.1']);
    expect(`${stdout}${stderr}`.split('\n').filter((l) => l !== '' && !/missing date/.test(l))).toEqual([]);
  });
  test.skipIf(!has('debian:mandoc'))('tells every verb and option', () => {
    const { stdout } = shell('mandoc', ['-T', 'utf8', 'man/faultbook.1']);
    const text = stdout.replace(/.\x08/g, '');
    for (const [verb, { options }] of Object.entries(VERBS))
      for (const word of [verb, ...Object.keys(options).map((o) => `--${o}`)]) expect(text).toContain(word);
  });
});

test('help in Chinese tells all that help in English does, and nothing else', async () => {
  const options = Object.entries(VERBS).flatMap(([verb, v]) =>
    Object.keys(v.options).map((o) => [verb, o] as const),
  );
  expect(Object.keys(VERBS).filter((v) => !SUMMARIES_ZH[v])).toEqual([]);
  expect(Object.keys(NOTES_ZH).sort()).toEqual(
    Object.entries(VERBS)
      .flatMap(([v, o]) => ('notes' in o ? [v] : []))
      .sort(),
  );
  expect(options.filter(([verb, o]) => optionZh(verb, o) === '').map((o) => o.join(' --'))).toEqual([]);
  const known = new Set(options.flatMap(([verb, o]) => [o, `${verb} --${o}`]));
  expect(Object.keys(OPTIONS_ZH).filter((o) => !known.has(o))).toEqual([]);
  const { stdout } = await faultbook(['--help'], { env: { LANG: 'zh_CN.UTF-8' } });
  expect(stdout).toContain('用法');
  expect((await faultbook(['explain', '--help', '--lang', 'zh'])).stdout).toContain(
    '用法：faultbook explain',
  );
});

describe('nearly meant', () => {
  test.each([
    [['explian', 'x'], /Did you mean: explain/],
    [['explain', 'git/dubius-ownership'], /nearest: git\/dubious-ownership/],
    [['explain', 'node/adrinuse'], /nearest: node\/eaddrinuse/],
    [['list', '--langg', 'zh'], /Did you mean: --lang\?/],
  ])('%j', async (args, hint) => {
    const { status, stderr } = await faultbook(args);
    expect(status).toBe(2);
    expect(stderr).toMatch(hint);
  });
  test('a slug that only one record has is enough', async () => {
    expect((await faultbook(['explain', 'dubious-ownership'])).stdout).toMatch(/^git\/dubious-ownership/);
  });
});

test('list finds in both languages; what the title says comes first', async () => {
  const ids = async (...words: string[]) =>
    (await faultbook(['list', ...words, '--format', 'ids'])).stdout.trim().split('\n');
  // In titles: curl's, nginx's and Node's; further down the texts that only speak of one.
  expect((await ids('端口')).slice(0, 3).sort()).toEqual([
    'curl/connection-refused',
    'nginx/bind-address-in-use',
    'node/eaddrinuse',
  ]);
  expect(await ids('证书', '过期')).not.toContain('node/eaddrinuse');
  expect(await ids('PORT')).toContain('node/eaddrinuse');
  const none = await faultbook(['list', 'zorkmid']);
  expect([none.status, none.stdout.trim()]).toEqual([1, expect.stringMatching(/\S/)]);
});

/** Runs on a terminal of 100 by 24 that is really one, with what is typed there; gives what it showed. */
async function onTerminal(command: string, more: Record<string, string> = {}, keys = ''): Promise<string> {
  const child = spawn('script', ['-qec', `stty cols 100 rows 24; ${command}`, '/dev/null'], {
    cwd: ROOT,
    env: { ...env, ...more },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.on('data', (d) => {
    out += d;
    if (keys !== '' && out.length > 500) {
      child.stdin.write(keys);
      keys = '';
    }
  });
  await new Promise((done) => child.on('exit', done));
  child.stdin.end();
  return out;
}

describe('a page on a terminal', () => {
  const explain = 'faultbook explain git/dubious-ownership';
  test('goes through the pager where it is longer than the screen', async () => {
    expect(await onTerminal(explain, { FAULTBOOK_PAGER: "sed 's/^/PAGED /'" })).toMatch(/^PAGED /m);
    expect(await onTerminal(`${explain} --no-pager`, { FAULTBOOK_PAGER: "sed 's/^/PAGED /'" })).not.toContain(
      'PAGED',
    );
    expect(await onTerminal(explain, { PAGER: 'cat' })).toContain('git/dubious-ownership');
  });
  test('is shown without one where the pager is missing', async () => {
    const out = await onTerminal(explain, { FAULTBOOK_PAGER: 'no-such-pager-here' });
    expect(out).toContain('Sources');
  });
  test.skipIf(!has('debian:less'))('less shows the first screen and goes at q', async () => {
    const out = await onTerminal(`${explain}; echo ENDED $?`, { PAGER: 'less' }, 'q');
    expect(out).toContain('git/dubious-ownership');
    expect(out).toContain('ENDED 0');
    expect(out).not.toContain('Sources');
  });
  test('has links where the terminal shows them, and only of addresses', async () => {
    const linked = await onTerminal(`${explain} --no-pager`, { FORCE_HYPERLINK: '1' });
    expect(linked).toMatch(/\x1b\]8;;https:\/\/[\x21-\x7e]+\x1b\\https:/);
    expect(await onTerminal(`${explain} --no-pager`)).not.toContain('\x1b]8');
    expect(await onTerminal(`${explain} --no-pager`, { FORCE_HYPERLINK: '1', NO_COLOR: '1' })).not.toContain(
      '\x1b]8',
    );
    const { stdout } = await faultbook(['--text', 'fatal: https://evil.example/ failed'], {
      env: { FORCE_HYPERLINK: '1' },
    });
    expect(stdout).not.toContain('\x1b]8');
  });
});

describe.each(['win32', 'darwin'])('as if on %s', (platform) => {
  const preload = join(folder, `${platform}.cjs`);
  writeFileSync(preload, `Object.defineProperty(process, 'platform', { value: '${platform}' });`);
  const there = (args: string[], input?: string) =>
    spawnSync(process.execPath, ['-r', preload, CLI, ...args], {
      encoding: 'utf8',
      cwd: ROOT,
      input: input ?? '',
      env: { PATH: process.env.PATH ?? '', USERPROFILE: 'C:\\Users\\ann' },
      timeout: 60_000,
    });
  test.each([
    [['examples/npm-ci-build.log'], 0],
    [['explain', 'node/eaddrinuse'], 0],
    [['list', 'port'], 0],
    [['lint', 'records/git'], 0],
    [['trust', '--list'], 0],
    [['misses'], 1],
    [['completion', 'bash'], 0],
  ])('%j works', (args, status) => {
    const done = there(args);
    expect(done.stderr).not.toMatch(/internal error/);
    expect(done.status, done.stderr).toBe(status);
  });
  test.each([['prove'], ['drill']])('%s says what it needs', (verb) => {
    const { status, stderr } = there([verb, 'git/dubious-ownership']);
    expect(status).toBe(2);
    expect(stderr).toMatch(/Linux/);
  });
  test('paths of that system in a message do no harm', () => {
    const { stdout, status } = there(
      ['-'],
      "C:\\work\\app.ts(3,1): error TS2307: Cannot find module 'C:\\x' or its corresponding type declarations.\r\n",
    );
    expect([status, stdout]).toEqual([0, expect.stringContaining('typescript/ts2307')]);
    expect(there(['C:\\no\\such.log']).stderr).toContain('no such file');
  });
});

test.each([
  ['40 columns', { COLUMNS: '40' }, 40],
  ['200 columns', { COLUMNS: '200' }, 120],
])('prose keeps to %s', async (_, more, most) => {
  const { stdout } = await faultbook(['examples/nginx-error.log'], { env: more });
  // Commands and ids are never broken.
  const prose = stdout.split('\n').filter((l) => !/^\s{4,}(?:sed|nginx|openssl)|nginx\//.test(l));
  for (const line of prose) expect(line.length, line).toBeLessThanOrEqual(most);
});
