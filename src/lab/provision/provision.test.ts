/** Provisioning for real, small: one suite, few packages, hostile ones, two runs at once, killed runs, no network. */
import { spawn, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { underLock } from './cache.ts';
import { findProgram } from './client.ts';
import {
  CannotProvision,
  cacheFolder,
  missing,
  type Provisioned,
  type ProvisionOptions,
  provision,
} from './index.ts';
import { prepareRoot, standInForScripts } from './instead-of-scripts.ts';
import { installPackage } from './npm.ts';
import { installWheels } from './python.ts';
import { parseLines, parseStanzas, readSources, stanzaFor } from './sources.ts';
import { type Unpacked, WorldFolders } from './unpack.ts';

const shared = fileURLToPath(new URL('../../../.cache/lab', import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), 'faultbook-provision-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const said: string[] = [];
const options = (more: Partial<ProvisionOptions> = {}): ProvisionOptions => ({
  cache: shared,
  say: (line) => said.push(line),
  ...more,
});
let folders = 0;
function folder(files: Readonly<Record<string, string>> = {}): string {
  const path = join(scratch, `folder-${folders++}`);
  mkdirSync(path);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(path, name, '..'), { recursive: true });
    writeFileSync(join(path, name), text);
  }
  return path;
}

describe('the sources of apt', () => {
  test('one line each', () => {
    expect(
      parseLines(
        [
          '# deb http://commented.example/debian bookworm main',
          'deb-src http://a.example/debian bookworm main',
          'deb [ arch=amd64 signed-by=/k.gpg,/l.gpg trusted=yes ] http://a.example/debian bookworm main contrib # why',
        ].join('\n'),
      ),
    ).toEqual([
      {
        uris: 'http://a.example/debian',
        suites: ['bookworm'],
        components: ['main', 'contrib'],
        fields: { 'Signed-By': '/k.gpg /l.gpg', Trusted: 'yes' },
        enabled: true,
      },
    ]);
  });

  test('stanzas, with a key written out', () => {
    const key = '\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQ\n -----END PGP PUBLIC KEY BLOCK-----';
    const [entry, second] = parseStanzas(
      `Types: deb deb-src\n# no\nURIs: http://a.example/debian\nSuites: trixie trixie-updates\nComponents: main\nSigned-By:${key}\n\nTypes: deb\nEnabled: no\nURIs: http://b.example\nSuites: sid\nComponents: main\n`,
    );
    expect(entry).toMatchObject({ suites: ['trixie', 'trixie-updates'], enabled: true });
    expect(second?.enabled).toBe(false);
    expect(entry && stanzaFor(entry, 'bullseye', 'amd64')).toBe(
      `Types: deb\nURIs: http://a.example/debian\nSuites: bullseye\nComponents: main\nArchitectures: amd64\nTargets: Packages\nSigned-By: ${key}\n`,
    );
  });

  test('only what may be Debian’s archive; what is switched off comes last', async () => {
    const apt = folder({
      'sources.list': 'deb cdrom:[x]/ bookworm main\ndeb http://other.example/x bookworm-pgdg main\n',
      'sources.list.d/a.sources':
        'Types: deb\nEnabled: no\nURIs: http://off.example\nSuites: bookworm\nComponents: main\n',
      'sources.list.d/b.list':
        'deb http://on.example bookworm main\ndeb http://sec.example bookworm-security main\ndeb http://tool.example bookworm stable\n',
      'sources.list.d/c.sources.disabled':
        'Types: deb\nURIs: http://no.example\nSuites: sid\nComponents: main\n',
    });
    const { main, security } = await readSources(apt);
    expect(main.map((e) => e.uris)).toEqual(['http://on.example', 'http://off.example']);
    expect(security.map((e) => e.uris)).toEqual(['http://sec.example']);
  });
});

describe('a layer', () => {
  const unpacked = (name: string, postinst = ''): Unpacked => ({
    name,
    version: '1',
    architecture: 'amd64',
    control: `Package: ${name}\nVersion: 1\nArchitecture: amd64\n`,
    postinst,
    checksums: '',
    files: [],
    owned: [],
  });

  test('follows links inside the world only', () => {
    const outside = folder();
    const lower = folder({ 'etc/real/x': 'old' });
    symlinkSync(outside, join(lower, 'away'));
    symlinkSync('/etc/real', join(lower, 'inside'));
    const upper = folder();
    const world = new WorldFolders(upper, [lower]);
    world.merge(folder({ 'away/planted': '1', 'inside/x': 'new', 'bin/tool': '#!' }));
    expect(readdirSync(outside)).toEqual([]);
    expect(readFileSync(join(upper, outside, 'planted'), 'utf8')).toBe('1');
    expect(readFileSync(join(upper, 'etc/real/x'), 'utf8')).toBe('new');
    expect(readFileSync(join(lower, 'etc/real/x'), 'utf8')).toBe('old');
    expect(existsSync(join(upper, 'usr/bin/tool'))).toBe(true);
    expect(existsSync(join(upper, 'bin'))).toBe(false);
  });

  test('keeps a folder for which a package has a link', () => {
    const tree = folder();
    symlinkSync('elsewhere', join(tree, 'kept'));
    const upper = folder({ 'kept/x': '1' });
    new WorldFolders(upper, []).merge(tree);
    expect(readFileSync(join(upper, 'kept/x'), 'utf8')).toBe('1');
  });

  test('a loop of links is an error, not a hang', () => {
    const upper = folder();
    symlinkSync('b', join(upper, 'a'));
    symlinkSync('a', join(upper, 'b'));
    expect(() => new WorldFolders(upper, []).folder('/a/x')).toThrow(CannotProvision);
  });

  test('has what scripts would have made, and none of them runs', () => {
    const canary = join(scratch, 'canary');
    const upper = folder({
      'usr/bin/mawk': '',
      'usr/bin/gawk': '',
      'usr/bin/tool.real': '',
      'usr/share/base-passwd/passwd.master': 'root:*:0:0:root:/root:/bin/bash\n',
      'usr/share/base-passwd/group.master': 'root:*:0:\n',
      'usr/lib/sysusers.d/x.conf': '# x\nu xd - "The X" /var/lib/x\ng xg 977\nm xd xg\n',
      'usr/lib/tmpfiles.d/x.conf':
        '  d /run/x 2750 xd xg - -\nd /etc/no 0755 root root\nL /run/y - - - - z\n',
    });
    const world = new WorldFolders(upper, []);
    prepareRoot(world);
    standInForScripts(world, [
      unpacked(
        'mawk',
        'update-alternatives --install /usr/bin/awk awk /usr/bin/mawk 5 --slave /usr/x x /gone',
      ),
      unpacked(
        'gawk',
        `touch ${canary}\nBIN=/usr/bin\nupdate-alternatives \\\n  --install "$BIN/awk" awk "$BIN/gawk" 10\nupdate-alternatives --install /usr/bin/$i $i /usr/bin/gawk 1`,
      ),
      {
        ...unpacked('redis-server'),
        files: ['/usr/lib/sysusers.d/x.conf', '/usr/lib/tmpfiles.d/x.conf'],
      },
    ]);
    expect(existsSync(canary)).toBe(false);
    expect(readlinkSync(join(upper, 'usr/bin/awk'))).toBe('/etc/alternatives/awk');
    expect(readlinkSync(join(upper, 'etc/alternatives/awk'))).toBe('/usr/bin/gawk');
    expect(readFileSync(join(upper, 'var/lib/dpkg/alternatives/awk'), 'utf8')).toBe(
      'auto\n/usr/bin/awk\n\n/usr/bin/mawk\n5\n/usr/bin/gawk\n10\n\n',
    );
    expect(readFileSync(join(upper, 'etc/passwd'), 'utf8')).toBe(
      'root:*:0:0:root:/root:/bin/bash\nredis:x:102:102::/var/lib/redis:/usr/sbin/nologin\nxd:x:200:200::/var/lib/x:/usr/sbin/nologin\n',
    );
    expect(readFileSync(join(upper, 'etc/group'), 'utf8')).toContain('\nxg:x:977:xd\n');
    expect(statSync(join(upper, 'run/x')).isDirectory()).toBe(true);
    expect(existsSync(join(upper, 'etc/no'))).toBe(false);
    expect(readFileSync(join(upper, 'var/lib/dpkg/status'), 'utf8')).toMatch(
      /^Package: mawk\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n\nPackage: gawk\n/,
    );
  });
});

describe('the cache', () => {
  test('is where the variables say', () => {
    const { FAULTBOOK_CACHE, XDG_CACHE_HOME } = process.env;
    try {
      process.env.FAULTBOOK_CACHE = '/a/b';
      expect(cacheFolder()).toBe('/a/b');
      delete process.env.FAULTBOOK_CACHE;
      process.env.XDG_CACHE_HOME = '/x';
      expect(cacheFolder()).toBe('/x/faultbook/lab');
      process.env.XDG_CACHE_HOME = 'relative';
      expect(cacheFolder()).toMatch(/^\/.*\.cache\/faultbook\/lab$/);
    } finally {
      for (const [name, value] of Object.entries({ FAULTBOOK_CACHE, XDG_CACHE_HOME }))
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
    }
  });

  test.skipIf(!findProgram('flock'))('lets one at a time work, and sweeps what was left behind', async () => {
    const cache = folder({ 'staging/x/left': '1' });
    let inside = 0;
    const work = () =>
      underLock('x', options({ cache }), async (staging) => {
        expect(++inside).toBe(1);
        expect(readdirSync(staging)).toEqual([]);
        await new Promise((done) => setTimeout(done, 20));
        inside--;
      });
    await Promise.all([work(), work(), work()]);
    await expect(underLock('x', options({ cache }), () => Promise.reject(new Error('mine')))).rejects.toThrow(
      'mine',
    );
    await work();
  });

  test.skipIf(!findProgram('flock'))('a wait can be called off', async () => {
    const cache = folder();
    const signal = AbortSignal.timeout(50);
    await underLock('x', options({ cache }), () =>
      expect(underLock('x', options({ cache, signal }), async () => {})).rejects.toThrow(/timeout|aborted/i),
    );
  });
});

test.each([
  'debian:-oAPT::Update::Pre-Invoke::=touch',
  'debian:nginx curl',
  'npm:git+https://example.com/x.git',
  'npm:../x',
  'npm:x@latest',
  'pypi:-r/etc/passwd',
  'pypi:x@1.0 --index-url=http://x',
  'pypi:x@file:///x',
  'go:-exec@v1',
  'crates:serde = { git = "x" }',
  'maven:a:b:c</version>',
  'apk:x',
])('%s is no need, and no client is started', async (need) => {
  await expect(provision('bookworm', [need], options({ cache: folder(), offline: true }))).rejects.toThrow(
    /cannot be provided/,
  );
});

const needed = ['apt-get', 'dpkg-deb', 'tar', 'flock', 'setpriv', 'npm', 'python3'];
const lacking = needed.filter((name) => findProgram(name) === null);

describe.skipIf(lacking.length > 0)('for real', () => {
  let world: Provisioned | null = null;
  let hindrance = '';
  beforeAll(async () => {
    try {
      world = await provision('bookworm', ['debian:jq'], options());
    } catch (error) {
      // Without the network there is nothing to test; anything else is a failure.
      if (!(error instanceof CannotProvision) || !/cannot be fetched|no entry for Debian/.test(error.message))
        throw error;
      hindrance = error.message;
      console.log(`skipped: provisioning for real: ${hindrance}`);
    }
  });
  const real = (name: string, body: (jq: Provisioned) => Promise<void> | void) =>
    test(name, { timeout: 180_000 }, async (context) => {
      if (world === null) return context.skip(hindrance);
      await body(world);
    });

  real('a base and a layer with what it lacks', ({ layers, versions }) => {
    const [jq = '', base = ''] = layers;
    expect(layers).toHaveLength(2);
    expect(versions['debian:jq']).toMatch(/^1\.6-/);
    expect(existsSync(join(jq, 'usr/bin/jq'))).toBe(true);
    expect(existsSync(join(base, 'usr/bin/jq'))).toBe(false);
    for (const name of [
      'bash',
      'sh',
      'sed',
      'awk',
      'grep',
      'find',
      'xargs',
      'ps',
      'ss',
      'curl',
      'perl',
      'patch',
      'setpriv',
      'sudo',
      'openssl',
    ])
      expect(new WorldFolders('/nowhere', [base]).hasEntry(`/usr/bin/${name}`), name).toBe(true);
    expect(readlinkSync(join(base, 'bin'))).toBe('usr/bin');
    expect(readFileSync(join(base, 'etc/passwd'), 'utf8')).toContain('\nwww-data:');
    expect(readFileSync(join(base, 'etc/ssl/certs/ca-certificates.crt'), 'utf8')).toMatch(/^-----BEGIN/);
    expect(existsSync(join(base, 'etc/localtime'))).toBe(false);
    const status = readFileSync(join(jq, 'var/lib/dpkg/status'), 'utf8');
    expect(status).toContain('Package: jq\nStatus: install ok installed\n');
    expect(status).toContain('Package: bash\n');
  });

  real('the second call is quiet, and needs no network', async (jq) => {
    const before = said.length;
    const again = await provision('bookworm', ['debian:jq'], options({ offline: true }));
    expect(again).toEqual(jq);
    expect(said.length).toBe(before);
    expect(await missing('bookworm', ['debian:jq'], options())).toEqual([]);
  });

  real('offline, what is missing is named', async () => {
    const asked = ['debian:jq', 'debian:cowsay', 'npm:left-pad@1.3.0'];
    const error = await provision('trixie', asked, options({ cache: folder(), offline: true })).catch(
      (e) => e,
    );
    expect(error).toBeInstanceOf(CannotProvision);
    expect(error.message).toMatch(/package lists.*the base system, jq, cowsay.*left-pad@1\.3\.0.*network/);
    const absent = await missing('bookworm', ['debian:cowsay'], options());
    expect(absent).toEqual([{ what: 'debian bookworm: cowsay', bytes: expect.any(Number) }]);
    expect(absent[0]?.bytes).toBeGreaterThan(10_000);
  });

  real('what the suite does not have is said, with what it has', async () => {
    await expect(provision('bookworm', ['debian:jq@0.1-1'], options())).rejects.toThrow(
      /jq=0\.1-1.*it has jq 1\.6/,
    );
    await expect(provision('bookworm', ['debian:no-such-thing-here'], options())).rejects.toThrow(
      /no-such-thing-here/,
    );
  });

  real('no script of an npm package runs, nor one of what it depends on', async () => {
    const canary = join(scratch, 'npm-canary');
    const scripts = Object.fromEntries(
      ['preinstall', 'install', 'postinstall', 'prepare', 'prepack'].map((name) => [name, `touch ${canary}`]),
    );
    const repository = folder({
      'package.json': JSON.stringify({ name: 'inner', version: '1.0.0', scripts }),
    });
    const git = (...args: string[]) =>
      spawnSync('git', ['-C', repository, '-c', 'user.name=x', '-c', 'user.email=x', ...args]);
    git('init', '-q');
    git('add', '.');
    git('commit', '-qm', 'x');
    const pack = (dependencies: Record<string, string>) => {
      const at = folder({
        'package.json': JSON.stringify({ name: 'planted', version: '1.0.0', scripts, dependencies }),
        'binding.gyp': '{}',
      });
      const packed = spawnSync('npm', ['pack', '--ignore-scripts', '--silent'], {
        cwd: at,
        encoding: 'utf8',
      });
      return join(at, packed.stdout.trim());
    };
    const before = said.length;
    const cache = folder();
    const { version, folder: at } = await installPackage('planted', pack({}), folder(), options({ cache }));
    expect(version).toBe('1.0.0');
    expect(existsSync(join(at, 'node_modules/planted/package.json'))).toBe(true);
    expect(said.slice(before).join('\n')).toMatch(/install scripts were not run.*planted/);
    await expect(
      installPackage('planted', pack({ inner: `git+file://${repository}` }), folder(), options({ cache })),
    ).rejects.toThrow(CannotProvision);
    expect(existsSync(canary)).toBe(false);
  });

  real('a Python package that would have to be built is refused', async () => {
    await expect(provision('bookworm', ['pypi:pyperclip@1.8.2'], options())).rejects.toThrow(
      /pyperclip==1\.8\.2.*only wheels/,
    );
    const canary = join(scratch, 'python-canary');
    const source = folder({
      'setup.py': `open(${JSON.stringify(canary)}, 'w')\nfrom setuptools import setup\nsetup(name='planted', version='1.0')\n`,
      'PKG-INFO': 'Metadata-Version: 2.1\nName: planted\nVersion: 1.0\n',
    });
    const at = folder();
    await expect(installWheels('bookworm', [source], at, options())).rejects.toThrow(/nothing is built here/);
    expect(readdirSync(at)).toEqual([]);
    expect(existsSync(canary)).toBe(false);
  });

  real('killed anywhere, it goes on from there; two at once do the work once', async () => {
    const cache = folder();
    const bundle = await rolldown({
      input: fileURLToPath(new URL('./index.ts', import.meta.url)),
      platform: 'node',
      logLevel: 'silent',
    });
    const { output } = await bundle.generate({ format: 'esm' });
    const code = join(folder(), 'run.mjs');
    writeFileSync(
      code,
      `${output[0].code}\nawait provision('bookworm', ['debian:jq'], { cache: ${JSON.stringify(cache)}, say: console.log });\nconsole.log('done');\n`,
    );
    const killedAt = (wanted: RegExp, afterMs: number) =>
      new Promise<string>((done) => {
        const child = spawn(process.execPath, [code], { stdio: ['ignore', 'pipe', 'inherit'] });
        let out = '';
        child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
          const before = wanted.test(out);
          out += chunk;
          if (!before && wanted.test(out)) setTimeout(() => child.kill('SIGKILL'), afterMs);
        });
        child.on('close', () => done(out));
      });
    expect(await killedAt(/to fetch/, 150)).not.toContain('done');
    await expect.poll(() => stillRunning(cache), { timeout: 5_000 }).toEqual([]);
    expect(await killedAt(/unpacking the base system/, 300)).not.toContain('done');
    await expect.poll(() => stillRunning(cache), { timeout: 5_000 }).toEqual([]);
    expect(existsSync(join(cache, 'resolved'))).toBe(false);

    const lines: string[] = [];
    const say = (line: string) => lines.push(line);
    const [one, two] = await Promise.all([
      provision('bookworm', ['debian:jq'], { cache, say }),
      provision('bookworm', ['debian:jq'], { cache, say }),
    ]);
    expect(two).toEqual(one);
    expect(lines.filter((line) => line.includes('unpacking the base system'))).toHaveLength(1);
    expect(lines.filter((line) => line.includes('unpacking jq'))).toHaveLength(1);
    // Fetched before the second kill, and not again.
    expect(lines.filter((line) => line.includes('to fetch'))).toHaveLength(1);
    expect(readdirSync(join(cache, 'staging'))).toEqual([]);
  });

  real('a damaged archive is fetched again; a damaged record is no record', async ({ layers }) => {
    const cache = folder();
    const [suite] = readdirSync(join(shared, 'debian')).filter((name) => name.startsWith('bookworm-'));
    const from = join(shared, 'debian', suite as string);
    const to = join(cache, 'debian', suite as string);
    const archives = readdirSync(join(from, 'archives')).filter((name) => name.endsWith('.deb'));
    mkdirSync(to, { recursive: true });
    spawnSync('cp', ['-a', ...['apt', 'archives', 'layers'].map((name) => join(from, name)), to]);
    // The lists are the other cache's, and so is the private configuration: made anew from the sources.
    rmSync(join(to, 'apt'), { recursive: true });
    for (const name of readdirSync(join(to, 'layers')).filter((layer) => !layer.startsWith('base-')))
      rmSync(join(to, 'layers', name), { recursive: true });
    const jq = archives.find((name) => name.startsWith('jq_')) as string;
    const whole = readFileSync(join(to, 'archives', jq));
    writeFileSync(join(to, 'archives', jq), Buffer.alloc(whole.length));
    mkdirSync(join(cache, 'resolved'));
    const lines: string[] = [];
    const made = await provision('bookworm', ['debian:jq'], { cache, say: (line) => lines.push(line) });
    expect(lines.join('\n')).toContain(`fetching again what was damaged: ${jq}`);
    expect(readFileSync(join(made.layers[0] as string, 'usr/bin/jq'))).toEqual(
      readFileSync(join(layers[0] as string, 'usr/bin/jq')),
    );
    for (const name of readdirSync(join(cache, 'resolved')))
      writeFileSync(join(cache, 'resolved', name), '{"layers":[');
    expect(await provision('bookworm', ['debian:jq'], { cache, say: () => {}, offline: true })).toEqual(made);
  });
});
if (lacking.length > 0)
  console.log(`skipped: provisioning for real: this machine lacks ${lacking.join(', ')}`);

/** Command lines of processes that work in a folder. */
function stillRunning(cache: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        const line = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
        return line.includes(cache) && !/\)\s[ZX]/.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
          ? [line]
          : [];
      } catch {
        return [];
      }
    });
}
