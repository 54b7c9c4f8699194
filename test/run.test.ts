/** `faultbook run` with real programs: in pipes, as in CI. The command must not notice us; we say nothing but on failure. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { CLI, faultbook, ROOT } from './support/cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'faultbook tést '));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
/** Its own folder for temporary files shows what is left behind. */
const temporary = join(folder, 'tmp');
mkdirSync(temporary);
const ENV = {
  PATH: process.env.PATH ?? '',
  HOME: folder,
  LANG: 'C.UTF-8',
  TMPDIR: temporary,
  FAULTBOOK_ENVIRONMENT: 'any',
};
const NPM_FAILS = `tail -30 '${ROOT}examples/npm-ci-build.log'; exit 1`;

function run(args: readonly string[], input?: string | Buffer) {
  return faultbook(['run', ...args], { env: ENV, ...(input === undefined ? {} : { input }) });
}
function start(args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [CLI, 'run', ...args], { env: ENV, stdio: ['ignore', 'pipe', 'pipe'] });
}

describe('exit codes', () => {
  test.each([
    ['0', ['--', 'true'], 0],
    ['1', ['--', 'false'], 1],
    ['any', ['--', 'sh', '-c', 'exit 42'], 42],
    ['a signal, as shells count it', ['--', 'sh', '-c', 'kill -KILL $$'], 137],
    ['without the two dashes', ['sh', '-c', 'exit 7'], 7],
  ])('%s', async (_, args, code) => {
    const { status, stdout, stderr } = await run(args);
    expect([status, stdout, stderr]).toEqual([code, '', '']);
  });

  test('127, 126 and 2, with a message like a shell’s', async () => {
    const plain = join(folder, 'no program');
    writeFileSync(plain, 'x');
    chmodSync(plain, 0o644);
    const orphan = join(folder, 'orphan');
    writeFileSync(orphan, '#!/nonexistent/interpreter\n', { mode: 0o755 });
    const said = async (...args: string[]) => {
      const { status, stdout, stderr } = await run(args);
      expect(stdout).toBe('');
      return [status, stderr.trim().replaceAll(folder, '…')];
    };
    expect(await said('--', 'no-such-program')).toEqual([
      127,
      'faultbook: no-such-program: command not found',
    ]);
    expect(await said('--', '/no/such')).toEqual([127, 'faultbook: /no/such: no such file or directory']);
    expect(await said('--', plain)).toEqual([126, 'faultbook: …/no program: permission denied']);
    expect(await said('--', folder)).toEqual([126, 'faultbook: …: is a directory']);
    expect(await said('--', orphan)).toEqual([
      127,
      'faultbook: …/orphan: no such file or directory (it, its interpreter, or the current folder)',
    ]);
    expect((await said())[0]).toBe(2);
    expect((await said('--lang', 'fr', 'true'))[0]).toBe(2);
    expect((await said('--on-fail', 'xml:a', 'true'))[0]).toBe(2);
  });
});

describe('the command line behind the command is the command’s', () => {
  test.each([
    ['--', 'printf', '%s|', '--help', '--lang', 'zh', '--', '-x'],
    ['printf', '%s|', '--help', '--lang', 'zh', '--', '-x'],
    ['--color', 'never', '--lang=en', 'printf', '%s|', '--help', '--lang', 'zh', '--', '-x'],
  ])('%s %s …', async (...args) => {
    const { stdout, stderr } = await run(args);
    expect([stdout, stderr]).toEqual(['--help|--lang|zh|--|-x|', '']);
  });
  test('a Faultbook in it too; ours stands before it', async () => {
    expect((await run(['--', process.execPath, CLI, '--version'])).stdout).toMatch(/^\d+\.\d+/);
    expect((await run(['--help'])).stdout).toMatch(/^Usage: faultbook run/);
  });
});

describe('what passes through', () => {
  test('both outputs and standard input, byte for byte', async () => {
    const bytes = randomBytes(3_000_000);
    const path = join(folder, 'bytes');
    writeFileSync(path, bytes);
    const script = `cat '${path}' >&2; sha256sum`;
    const child = spawn(process.execPath, [CLI, 'run', '--', 'sh', '-c', script], {
      env: ENV,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    child.stdin.end(bytes);
    const hash = createHash('sha256');
    child.stderr.on('data', (chunk) => hash.update(chunk));
    let stdout = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    await once(child, 'close');
    const sum = createHash('sha256').update(bytes).digest('hex');
    expect([hash.digest('hex'), stdout]).toEqual([sum, `${sum}  -\n`]);
  });

  test('nothing of ours on success, however much it looks like a failure', async () => {
    const log = readFileSync(`${ROOT}examples/npm-ci-build.log`, 'utf8');
    const { status, stdout, stderr } = await run(['--', 'cat', `${ROOT}examples/npm-ci-build.log`]);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toBe(log);
  });

  test('the environment but for one variable, the folder, descriptors beyond three', async () => {
    const bare = spawnSync('sh', ['-c', 'env | sort; pwd'], { env: ENV, cwd: folder, encoding: 'utf8' });
    const line = ['run', 'sh', '-c', 'env | sort | grep -v FAULTBOOK_RUN=; pwd'];
    const ours = spawnSync(process.execPath, [CLI, ...line], { env: ENV, cwd: folder, encoding: 'utf8' });
    expect(ours.stdout).toBe(bare.stdout);
    const extra = `'${process.execPath}' '${CLI}' run -- sh -c 'echo hi >&3; cat <&5' 3>'${folder}/three' 5<'${ROOT}LICENSE'`;
    const { stdout } = spawnSync('bash', ['-c', extra], { env: ENV, encoding: 'utf8' });
    expect(stdout).toBe(readFileSync(`${ROOT}LICENSE`, 'utf8'));
    expect(readFileSync(join(folder, 'three'), 'utf8')).toBe('hi\n');
    const two = `'${process.execPath}' '${CLI}' run -- cat <(echo a) <(echo b)`;
    expect(spawnSync('bash', ['-c', two], { env: ENV, encoding: 'utf8' }).stdout).toBe('a\nb\n');
  });

  test('outputs are pipes, not sockets: they can be opened by name', async () => {
    const { status, stdout, stderr } = await run([
      'sh',
      '-c',
      'echo out >/dev/stdout; echo err >/dev/stderr',
    ]);
    expect([status, stdout, stderr]).toEqual([0, 'out\n', 'err\n']);
  });

  test('make -j below make: the job server is reached', async () => {
    const makefile = join(folder, 'Makefile');
    writeFileSync(
      makefile,
      `all:\n\t+'${process.execPath}' '${CLI}' run -- $(MAKE) -f '${makefile}' a b\na b:\n\t@echo $@\n`,
    );
    const { status, stdout, stderr } = await run(['make', '-j2', '-f', makefile]);
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^a$/m);
    expect(stdout).not.toContain('jobserver unavailable');
  });

  test('npm: a script’s output, its exit code and the diagnosis', async () => {
    const project = join(folder, 'project');
    mkdirSync(project);
    writeFileSync(join(project, 'package.json'), JSON.stringify({ scripts: { test: NPM_FAILS } }));
    const { status, stdout, stderr } = await faultbook(['run', 'npm', 'test'], { env: ENV, cwd: project });
    expect(status).toBe(1);
    expect(stdout).toContain('ERESOLVE');
    expect(stderr).toContain('Known: npm/eresolve');
  });

  test('git', async () => {
    const { status, stdout, stderr } = await run(['git', '-C', folder, 'status']);
    expect([status, stdout]).toEqual([128, '']);
    expect(stderr).toMatch(/^fatal: not a git repository/);
  });
});

describe('large, slow, early', () => {
  test('200 MB pass whole, in bounded memory', async () => {
    const child = spawn(
      process.execPath,
      [
        '-r',
        `${ROOT}bench/usage-at-exit.cjs`,
        CLI,
        'run',
        '--',
        'sh',
        '-c',
        'yes "some error in line" | head -c 200000000; exit 3',
      ],
      { env: ENV, stdio: ['ignore', 'pipe', 'ignore', 'pipe'] },
    );
    let bytes = 0;
    let usage = '';
    child.stdout?.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    child.stdio[3]?.on('data', (chunk) => {
      usage += chunk;
    });
    const [code] = await once(child, 'close');
    expect([code, bytes]).toEqual([3, 200_000_000]);
    expect(JSON.parse(usage).max_rss_mb).toBeLessThan(220);
  });

  test('a reader that has enough ends an endless command; no diagnosis', () => {
    const line = `'${process.execPath}' '${CLI}' run -- yes | head -1; echo "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = spawnSync('bash', ['-c', line], { env: ENV, encoding: 'utf8' });
    expect([stdout, stderr]).toEqual(['y\n141\n', '']);
  });

  test('a reader that waits makes the command wait', async () => {
    const progress = join(folder, 'progress');
    const child = start([
      'sh',
      '-c',
      `i=0; while [ $i -lt 400 ]; do head -c 10000 /dev/zero; i=$((i+1)); echo $i >'${progress}'; done`,
    ]);
    await sleep(1500);
    const before = Number(readFileSync(progress, 'utf8'));
    expect(before).toBeLessThan(200);
    let bytes = 0;
    child.stdout?.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    await once(child, 'close');
    expect(bytes).toBe(4_000_000);
  });

  test('what it left running, and holds the pipes, does not hold us', async () => {
    const pid = join(folder, 'pid');
    const child = start(['sh', '-c', `sleep 300 & echo $! >'${pid}'; echo started`]);
    const [code] = await once(child, 'exit');
    expect(code).toBe(0);
    const left = Number(readFileSync(pid, 'utf8'));
    expect(() => process.kill(left, 0)).not.toThrow();
    process.kill(left);
  });

  test('what was written at the last moment arrives', async () => {
    const { stdout } = await run(['sh', '-c', 'head -c 300000 /dev/zero | tr "\\0" x']);
    expect(stdout.length).toBe(300_000);
  });
});

describe('signals', () => {
  test.each(['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR2'] as const)(
    '%s is passed on',
    async (signal) => {
      const name = signal.slice(3);
      // setsid: no terminal, as in CI.
      const child = spawn(
        'setsid',
        [
          '-w',
          process.execPath,
          CLI,
          'run',
          'sh',
          '-c',
          `trap 'echo got ${name}; exit 9' ${name}; echo ready $PPID; while :; do sleep 0.05; done`,
        ],
        { env: ENV, stdio: ['ignore', 'pipe', 'pipe'] },
      );
      let [out, err] = ['', ''];
      child.stderr.on('data', (chunk) => {
        err += chunk;
      });
      child.stdout.on('data', (chunk) => {
        out += chunk;
        const pid = /^ready (\d+)\n$/.exec(out)?.[1];
        if (pid) process.kill(Number(pid), signal);
      });
      const [code] = await once(child, 'close');
      expect([code, err]).toEqual([9, '']);
      expect(out).toMatch(new RegExp(`got ${name}\n$`));
    },
  );

  test('even while a reader keeps us waiting', async () => {
    const child = start(['sh', '-c', 'echo $$ >&2; exec yes']);
    const [pid] = await once(child.stderr as NodeJS.ReadableStream, 'data');
    await sleep(300);
    child.kill('SIGTERM');
    // Nobody reads; that the command has gone shows that the signal arrived.
    for (;;) {
      try {
        process.kill(Number(pid), 0);
      } catch {
        break;
      }
      await sleep(20);
    }
    // And we go too, though what it wrote last cannot be delivered.
    const [, signal] = await once(child, 'exit');
    expect(signal).toBe('SIGTERM');
  });
});

describe('on failure', () => {
  test('the diagnosis, after all output, on standard error only', async () => {
    const { status, stdout, stderr } = await run(['sh', '-c', NPM_FAILS]);
    expect(status).toBe(1);
    expect(stdout).not.toContain('Known:');
    expect(stderr).toMatch(/^\nKnown: npm\/eresolve/);
    expect((await run(['--lang', 'zh', 'sh', '-c', NPM_FAILS])).stderr).toMatch(/^\n已收录|已知/);
  });

  test('standard error is read like standard output', async () => {
    const { stderr } = await run(['sh', '-c', `exec >&2; ${NPM_FAILS}`]);
    expect(stderr).toContain('Known: npm/eresolve');
  });

  test('the line is that of the whole output, also far behind what is kept', async () => {
    const script = `yes 'all is well' | head -n 1000000; echo 'npm error code ERESOLVE'; echo 'npm error ERESOLVE unable to resolve dependency tree'; yes 'all is well' | head -n 1000000; exit 1`;
    const file = join(folder, 'far.json');
    await run(['--on-fail', `json:${file}`, 'sh', '-c', script]);
    const { diagnosis, output } = JSON.parse(readFileSync(file, 'utf8'));
    expect(diagnosis.findings.map((f: { id: string }) => f.id)).toEqual(['npm/eresolve']);
    expect(diagnosis.findings[0].line).toBe(1_000_002);
    expect(diagnosis.lines).toBe(2_000_002);
    expect(output.bytes).toBeGreaterThan(output.kept_bytes);
  });

  test('where nothing is known: one line and the place; nothing where there is nothing to say', async () => {
    const long =
      'i=0; while [ $i -lt 20 ]; do echo step $i; i=$((i+1)); done; echo "fatal: the frobnicator is gone" >&2; exit 5';
    const { stderr } = await run(['sh', '-c', long]);
    expect(stderr).toMatch(
      /^fatal: the frobnicator is gone\nfaultbook: exit 5; no record fits\. .*:\n {2}\d+ {2}fatal: the frobnicator is gone\n$/,
    );
    expect((await run(['sh', '-c', 'echo nothing here; exit 1'])).stderr).toBe('');
    expect((await run(['grep', 'x', '/dev/null'])).stderr).toBe('');
  });

  test('of runs inside runs the outermost answers, once', async () => {
    const inner = `'${process.execPath}' '${CLI}' run -- sh -c '${NPM_FAILS.replaceAll("'", "'\\''")}'`;
    const { status, stderr } = await run(['sh', '-c', inner]);
    expect(status).toBe(1);
    expect(stderr.match(/Known: npm\/eresolve/g)).toHaveLength(1);
  });

  test('a run inside that writes a document still writes it; a variable left over from a dead run is no run', async () => {
    const file = join(folder, 'inner.json');
    const inner = `'${process.execPath}' '${CLI}' run --on-fail 'json:${file}' -- sh -c 'echo hi; exit 6'`;
    expect((await run(['sh', '-c', inner])).status).toBe(6);
    expect(JSON.parse(readFileSync(file, 'utf8')).exit_code).toBe(6);
    const dead = await faultbook(['run', 'sh', '-c', NPM_FAILS], {
      env: { ...ENV, FAULTBOOK_RUN: '4194303' },
    });
    expect(dead.stderr).toContain('Known:');
  });

  test('--on-fail: the document, only on failure', async () => {
    const file = join(folder, 'deep', 'fail.json');
    expect((await run(['--on-fail', `json:${file}`, 'true'])).status).toBe(0);
    expect(existsSync(file)).toBe(false);
    await run(['--on-fail', `json:${file}`, '--', 'sh', '-c', NPM_FAILS]);
    const document = JSON.parse(readFileSync(file, 'utf8'));
    expect(document).toMatchObject({
      schema: 'run.v1',
      command: ['sh', '-c', NPM_FAILS],
      exit_code: 1,
      signal: null,
      diagnosis: { schema: 'diagnosis.v1', verdict: 'match' },
    });
    expect(document.duration_ms).toBeGreaterThanOrEqual(0);
    await run(['--on-fail', `json:${file}`, '--', 'sh', '-c', 'kill -SEGV $$']);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ exit_code: 139, signal: 'SIGSEGV' });
    expect(readdirSync(join(folder, 'deep'))).toEqual(['fail.json']);
  });

  test('a document that cannot be written changes no exit code; a bad book neither', async () => {
    const nowhere = await run(['--on-fail', 'json:/proc/nowhere/x.json', 'sh', '-c', 'exit 5']);
    expect(nowhere.status).toBe(5);
    expect(nowhere.stderr).toContain('cannot be written');
    expect((await run(['--book', '/nowhere.pack', 'sh', '-c', 'exit 5'])).status).toBe(5);
    expect(await run(['--book', '/nowhere.pack', 'true'])).toMatchObject({ status: 0, stderr: '' });
  });

  test('nothing is left behind', () => {
    expect(readdirSync(temporary)).toEqual([]);
  });
});
