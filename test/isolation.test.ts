/**
 * The isolation of the lab against somebody who tries to break it: as root, as an ordinary user, and with the runner
 * killed in the middle. What is tried stands in `support/escape.ts`.
 */
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { provision } from '../src/lab/provision/index.ts';
import { findIsolation, Sandbox } from '../src/lab/sandbox.ts';
import { ROOT } from './support/cli.ts';
import { type Attempt, processesWith, specOf } from './support/escape.ts';
import { labCache } from './support/lab.ts';

const isolation = findIsolation();
const CANARY = `canary-${process.pid}-word`;
/** A uid without an account, and so without further uids; and one with an account. */
const ORDINARY = 4242;
const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;
if (isolation.mode === 'none') console.log(`skipped: isolation: ${isolation.why}`);
if (!isRoot) console.log('skipped: isolation as another user: needs root to become one');

describe.skipIf(isolation.mode === 'none')('isolation', () => {
  const folder = mkdtempSync(join(tmpdir(), 'faultbook-isolation-'));
  const program = join(folder, 'escape.mjs');
  const canaries = [
    join(homedir(), `.faultbook-canary-${process.pid}`),
    join(tmpdir(), `faultbook-canary-${process.pid}`),
    ...(isRoot ? [`/etc/faultbook-canary-${process.pid}`] : []),
  ];
  let layers: readonly string[] = [];

  beforeAll(async () => {
    const bundle = await rolldown({
      cwd: ROOT,
      platform: 'node',
      input: 'test/support/escape.ts',
      treeshake: false,
    });
    await bundle.write({ dir: folder, format: 'esm', entryFileNames: 'escape.mjs', codeSplitting: false });
    cpSync(join(ROOT, 'src/lab/inside'), join(folder, 'inside'), { recursive: true });
    for (const file of canaries) writeFileSync(file, `${CANARY}\n`);
    ({ layers } = await provision('bookworm', [], { cache: labCache(), say: () => {} }));
  }, 300_000);
  afterAll(() => {
    for (const file of canaries) rmSync(file, { force: true });
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs the attempts in a process of their own, with a variable and a descriptor that must not get in. */
  const attemptsOf = (
    cache: string,
    own: readonly string[],
    uid?: number,
  ): { mode: string; attempts: Attempt[] } => {
    const descriptor = openSync(canaries[0] as string, 'r');
    const done = spawnSync(process.execPath, [program, cache, own.join(',')], {
      cwd: cache,
      encoding: 'utf8',
      timeout: 240_000,
      env: { PATH: process.env.PATH ?? '', HOME: cache, CANARY },
      stdio: ['ignore', 'pipe', 'pipe', descriptor],
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    expect(done.status, done.stderr).toBe(0);
    return JSON.parse(done.stdout);
  };
  /** The layers again, as belonging to somebody else. */
  const ownLayers = (name: string, uid: number): string[] => {
    const cache = join(folder, name);
    mkdirSync(cache);
    const own = layers.map((layer, i) => {
      const copy = join(cache, `layer${i}`);
      expect(spawnSync('cp', ['-a', layer, copy]).status).toBe(0);
      return copy;
    });
    expect(spawnSync('chown', ['-R', `${uid}:${uid}`, cache]).status).toBe(0);
    expect(spawnSync('chmod', ['-R', 'a+rX', folder]).status).toBe(0);
    return own;
  };
  const leaks = (attempts: readonly Attempt[]) => attempts.filter((a) => a.leak !== '');

  test('holds', { timeout: 300_000 }, () => {
    const { attempts } = attemptsOf(labCache(), layers);
    expect(attempts.length).toBeGreaterThan(30);
    expect(leaks(attempts)).toEqual([]);
  });

  test.skipIf(!isRoot)('holds as an ordinary user', { timeout: 300_000 }, () => {
    const { mode, attempts } = attemptsOf(join(folder, 'cache'), ownLayers('cache', ORDINARY), ORDINARY);
    expect(mode).toBe('single');
    expect(leaks(attempts)).toEqual([]);
  });

  /**
   * A private view of this machine in which `nobody` has a range of further uids; everything is gone with the command.
   * `newuidmap` comes from the package, as somebody would install it.
   */
  const withRange = async (command: string): Promise<SpawnSyncReturns<string>> => {
    const { layers: packages } = await provision('bookworm', ['debian:uidmap'], {
      cache: labCache(),
      say: () => {},
    });
    writeFileSync(join(folder, 'range'), 'nobody:100000:65536\n');
    const script = [
      'set -e',
      'touch /etc/subuid /etc/subgid',
      `mount --bind ${folder}/range /etc/subuid`,
      `mount --bind ${folder}/range /etc/subgid`,
      'mount -t tmpfs -o mode=755 none /usr/local/sbin',
      `cp -p "${packages[0]}"/usr/bin/new?idmap /usr/local/sbin/`,
      'chmod u+s /usr/local/sbin/new?idmap',
      `exec setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups ${command}`,
    ].join('\n');
    return spawnSync('unshare', ['--mount', 'sh', '-c', script], {
      cwd: folder,
      encoding: 'utf8',
      timeout: 240_000,
      env: { PATH: process.env.PATH ?? '', HOME: folder, CANARY },
    });
  };

  test.skipIf(!isRoot)('holds as an ordinary user with a range of uids', { timeout: 300_000 }, async () => {
    const own = ownLayers('range-cache', NOBODY);
    const cache = join(folder, 'range-cache');
    const done = await withRange(`${process.execPath} ${program} ${cache} ${own.join(',')}`);
    expect(done.status, done.stderr).toBe(0);
    const { mode, attempts } = JSON.parse(done.stdout) as { mode: string; attempts: Attempt[] };
    expect(mode).toBe('mapped');
    expect(leaks(attempts)).toEqual([]);
  });

  test.skipIf(!isRoot)(
    'an ordinary user proves a page with several accounts, from nothing',
    { timeout: 300_000 },
    async () => {
      const [, json = '', page = ''] =
        /\n```json\n([\s\S]*?)\n```\n\n````md\n([\s\S]*?)\n````\n/.exec(
          readFileSync(join(ROOT, 'docs/lab.md'), 'utf8'),
        ) ?? [];
      const records = join(folder, 'records/example/config-denied');
      mkdirSync(records, { recursive: true });
      writeFileSync(join(records, 'record.json'), json);
      writeFileSync(join(records, 'lab.md'), page);
      cpSync(join(ROOT, 'dist'), join(folder, 'dist'), { recursive: true });
      cpSync(join(ROOT, 'package.json'), join(folder, 'package.json'));
      mkdirSync(join(folder, 'home'));
      expect(
        spawnSync('chown', ['-R', `${NOBODY}:${NOBODY}`, join(folder, 'records'), join(folder, 'home')])
          .status,
      ).toBe(0);
      expect(spawnSync('chmod', ['-R', 'a+rX', folder]).status).toBe(0);
      const done = await withRange(
        `env HOME=${folder}/home ${process.execPath} ${folder}/dist/faultbook.cjs prove --records ${folder}/records`,
      );
      expect(done.status, `${done.stdout}\n${done.stderr}`).toBe(0);
      expect(done.stdout).toContain('Tier: proven on debian12');
    },
  );

  test('nothing survives a runner that is killed, not even a daemon', { timeout: 60_000 }, async () => {
    const mark = `faultbook-mark-${process.pid}`;
    const runner = spawn(process.execPath, [program, labCache(), layers.join(','), 'hang'], {
      env: { PATH: process.env.PATH ?? '', HOME: folder, MARK: mark },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await new Promise((done) => runner.stdout.once('data', done));
    expect(processesWith(mark).length).toBeGreaterThan(0);
    runner.kill('SIGKILL');
    for (let i = 0; i < 100 && processesWith(mark).length > 0; i++)
      await new Promise((done) => setTimeout(done, 50));
    expect(processesWith(mark)).toEqual([]);
  });

  describe('a sandbox', () => {
    const root = isolation.mode === 'single' ? 1000 : 0;
    const step = (script: string) => ({
      who: { uid: root, gid: root, groups: [] },
      cwd: '/tmp',
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', GREETING: 'hello' },
      script,
      timeoutMs: 10_000,
    });
    const inside = async <T>(
      work: (sandbox: Sandbox) => Promise<T>,
      saveTo?: string,
      above: readonly string[] = [],
    ): Promise<T> => {
      const spec = specOf(labCache(), [...above, ...layers]);
      const sandbox = await Sandbox.open({ ...spec, ...(saveTo ? { saveTo } : {}) });
      try {
        return await work(sandbox);
      } finally {
        await sandbox.close();
      }
    };

    test('runs steps with their variables, output in order, exit status', async () => {
      const result = await inside((s) => s.run(step('echo "$GREETING"; echo oops >&2; exit 3')));
      expect(result).toMatchObject({ exit: 3, output: 'hello\noops\n', timedOut: false, truncated: false });
    });
    test('stops at the first command that fails, also inside a pipe', async () => {
      const result = await inside((s) => s.run(step('false | true; echo not reached')));
      expect(result).toMatchObject({ exit: 1, output: '' });
    });
    test('keeps bytes that are no text, and long output by both ends', async () => {
      const odd = await inside((s) => s.run(step('printf "a\\0b\\377c\\r\\n"')));
      expect(odd.output).toBe('a\0b\ufffdc\r\n');
      const long = await inside((s) =>
        s.run(step('echo first; head -c 3000000 /dev/zero | tr "\\0" x; echo; echo last')),
      );
      expect(long.truncated).toBe(true);
      expect(long.output.startsWith('first\n') && long.output.endsWith('\nlast\n')).toBe(true);
    });
    test('waits for services, finds daemons again, stops whoever holds the port', async () => {
      await inside(async (s) => {
        const listen = `perl -MIO::Socket::INET -e 'my $s = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1", LocalPort => 7000, ReuseAddr => 1) or die "no: $!"; fork and exit; while (my $c = $s->accept) { print $c "here\\n"; close $c }'`;
        const ask = step('exec 3<>/dev/tcp/127.0.0.1/7000; cat <&3');
        expect(await s.start('perl', step(listen), ['7000'])).toBeNull();
        expect((await s.run(ask)).output).toBe('here\n');
        await s.stop('perl', ['7000']);
        expect((await s.run(ask)).exit).not.toBe(0);
        expect(await s.start('perl', step(listen), ['7000'])).toBeNull();
        expect((await s.run(ask)).output).toBe('here\n');
        expect(await s.start('late', { ...step('sleep 5'), timeoutMs: 300 }, ['7001'])).toContain('7001');
        expect(await s.start('broken', step('echo reason; exit 4'), ['7002'])).toContain('reason');
      });
    });
    test('keeps what changed, removals too, and begins from it again', async () => {
      const saved = mkdtempSync(join(labCache(), 'kept-'));
      try {
        await inside(async (s) => {
          await s.put('/srv/notes/a.txt', { uid: root, gid: root, groups: [] }, '0640', 'one\ntwo\n');
          expect(
            (
              await s.run(
                step(
                  'echo three >>/srv/notes/a.txt; rm -r /var/lib/dpkg; mkdir /var/lib/dpkg; touch /var/lib/dpkg/new',
                ),
              )
            ).exit,
          ).toBe(0);
          await s.save();
        }, saved);
        const result = await inside(
          (s) => s.run(step('cat /srv/notes/a.txt; stat -c %a /srv/notes/a.txt; ls /var/lib/dpkg')),
          undefined,
          [saved],
        );
        expect(result.output).toBe('one\ntwo\nthree\n640\nnew\n');
      } finally {
        rmSync(saved, { recursive: true, force: true });
      }
    });
    test('writes nothing through links that a page makes to the driver’s descriptors', async () => {
      const planted = `faultbook-planted-${process.pid}`;
      const saved = mkdtempSync(join(labCache(), 'kept-'));
      const links = ['1/cwd', '1/root', '1/fd/8', '1/fd/9', 'self/fd/8', 'self/fd/9', 'self/root'];
      const ups = [1, 2, 3, 4, 5, 12].map((n) => '/..'.repeat(n));
      const above = (folder: string): string[] =>
        folder === '/' ? ['/'] : [folder, ...above(dirname(folder))];
      try {
        for (const saveTo of [undefined, saved]) {
          await inside(async (s) => {
            for (const path of links.flatMap((link) => ups.map((up) => `/proc/${link}${up}`))) {
              await s.run(step(`ln -sfn ${path} /tmp/link`));
              await s
                .put(`/tmp/link/${planted}`, { uid: root, gid: root, groups: [] }, '0644', 'x')
                .catch(() => {});
              for (const canary of canaries)
                expect((await s.get(`/tmp/link${canary}`, 0, 100).catch(() => null))?.text ?? '').toBe('');
            }
          }, saveTo);
          const found = [tmpdir(), homedir(), ...above(labCache())].filter((f) =>
            existsSync(join(f, planted)),
          );
          for (const f of found) rmSync(join(f, planted));
          expect(found).toEqual([]);
        }
      } finally {
        rmSync(saved, { recursive: true, force: true });
      }
    });
    test('reads files from an offset, and anew where they were begun anew', async () => {
      await inside(async (s) => {
        await s.run(step('printf "old\\n" >/tmp/log'));
        const { size } = (await s.get('/tmp/log', 0, 0)) ?? { size: -1 };
        await s.run(step('printf "new\\n" >>/tmp/log'));
        expect((await s.get('/tmp/log', size, 100))?.text).toBe('new\n');
        await s.run(step('printf "x\\n" >/tmp/log'));
        expect((await s.get('/tmp/log', size, 100))?.text).toBe('x\n');
        expect(await s.get('/tmp/none', 0, 1)).toBeNull();
      });
    });
  });
});
