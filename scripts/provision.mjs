/**
 * Real software without installing any of it: Debian and npm packages, downloaded and unpacked into one
 * tools root below a cache folder.
 *
 *   node scripts/provision.mjs debian:nginx debian:postgresql-15 debian:chromium npm:typescript@5.5.4
 *
 * prints the root on stdout (progress on stderr); `<root>/usr/sbin/nginx` and
 * `<root>/npm/typescript-5.5.4/node_modules/.bin/tsc` then exist. Nothing outside the cache folder is written
 * (as root, missing or outdated package lists are brought up to date, as every use of apt would do), and no
 * package's own code runs: no maintainer scripts, no install scripts.
 *
 * Two runs at once are safe: every file and folder gets its place by an atomic rename, so a double run costs
 * time at worst; a lock folder avoids even that.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  access,
  chmod,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  realpath,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const PROJECT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const LISTS = '/var/lib/apt/lists';
const LOCK_STALE_MS = 30_000;
const ABANDONED_MS = 3_600_000;
/** Belongs to the machine's loader: another copy beside it crashes every program. */
const NEVER_UNPACKED = new Set(['libc6', 'libc-bin']);
const PROGRAM_FOLDER = /^usr\/(?:s?bin|games|lib\/postgresql\/\d+\/bin)$/;

/**
 * @typedef {{registry: 'debian'|'npm', name: string, version: string|undefined, text: string}} Need
 * @typedef {{need: string, reason: string}} Missing
 * @typedef {{name: string, version: string, arch: string}} DebianPackage
 * @typedef {{code: number, out: string, err: string}} Run
 * @typedef {(line: string) => void} Say
 */

class CannotProvide extends Error {}
class CannotDownload extends CannotProvide {}

/**
 * Makes the needs available under one root. Never throws: what cannot be had is listed with its reason.
 * @param {string[]} needs `registry:name` or `registry:name@version`; registries are debian and npm
 * @param {{cacheDir?: string, say?: Say}} [options]
 * @returns {Promise<{root: string, missing: Missing[]}>}
 */
export async function provision(needs, options = {}) {
  const cache = resolve(options.cacheDir ?? join(PROJECT, '.cache', 'tools'));
  const say = options.say ?? (() => {});
  const root = join(cache, 'debian', await systemName());
  /** @type {Missing[]} */
  const missing = [];
  /** @type {(text: string, error: unknown) => void} */
  const miss = (text, error) => {
    missing.push({ need: text, reason: error instanceof Error ? error.message : String(error) });
  };
  try {
    for (const folder of ['bin', 'usr', 'npm', '.needs', '.packages']) {
      await mkdir(join(root, folder), { recursive: true });
    }
  } catch (error) {
    for (const text of needs) miss(text, error);
    return { root, missing };
  }
  const apt = new Apt(say);
  for (const text of new Set(needs)) {
    try {
      const need = parseNeed(text);
      if (await isThere(root, text)) {
        say(`${text}: there already`);
        continue;
      }
      await underLock(join(cache, '.lock'), say, async () => {
        if (await isThere(root, text)) return;
        await sweep(join(cache, '.staging'));
        const staging = join(cache, '.staging', randomBytes(6).toString('hex'));
        await mkdir(staging, { recursive: true });
        try {
          const witnesses =
            need.registry === 'npm'
              ? await provideNpm(need, root, staging, say)
              : await provideDebian(need, root, staging, apt, say);
          await writeAtomically(stampOf(root, text), `${JSON.stringify({ need: text, witnesses })}\n`);
        } finally {
          await rm(staging, { recursive: true, force: true });
        }
      });
    } catch (error) {
      miss(text, error);
    }
  }
  return { root, missing };
}

/** @param {string} text @returns {Need} */
function parseNeed(text) {
  const debian = /^debian:([a-z0-9][a-z0-9+.-]+)(?:@([0-9][A-Za-z0-9.+:~-]*))?$/.exec(text);
  if (debian)
    return { registry: 'debian', name: /** @type {string} */ (debian[1]), version: debian[2], text };
  const npm =
    /^npm:((?:@[a-z0-9][a-z0-9._-]*\/)?[a-z0-9][a-z0-9._-]*)(?:@([A-Za-z0-9][A-Za-z0-9.+-]*))?$/.exec(text);
  if (npm) return { registry: 'npm', name: /** @type {string} */ (npm[1]), version: npm[2], text };
  throw new CannotProvide('not a need: debian:NAME[@VERSION] or npm:NAME[@VERSION]');
}

/** Packages of one system do not fit another one, so each has a root of its own. */
async function systemName() {
  const release = await readFile('/etc/os-release', 'utf8').catch(() => '');
  /** @param {string} key */
  const value = (key) => new RegExp(`^${key}="?([A-Za-z0-9._-]+)`, 'm').exec(release)?.[1];
  return `${value('VERSION_CODENAME') ?? value('ID') ?? process.platform}-${process.arch}`;
}

/** @param {string} root @param {string} text */
function stampOf(root, text) {
  return join(root, '.needs', `${encodeURIComponent(text)}.json`);
}

/** @param {string} root @param {string} text */
async function isThere(root, text) {
  try {
    const { witnesses } = JSON.parse(await readFile(stampOf(root, text), 'utf8'));
    await Promise.all(witnesses.map((/** @type {string} */ path) => access(join(root, path))));
    return true;
  } catch {
    return false;
  }
}

// ---------------------------------------------------------------------------------------------- npm

/** @param {Need} need @param {string} root @param {string} staging @param {Say} say */
async function provideNpm(need, root, staging, say) {
  const asked = need.version === undefined ? need.name : `${need.name}@${need.version}`;
  say(`npm: installing ${asked}`);
  await writeFile(join(staging, 'package.json'), '{"private":true}\n');
  const args = [
    'install',
    '--ignore-scripts',
    '--no-audit',
    '--no-fund',
    '--no-progress',
    '--save-exact',
    '--',
    asked,
  ];
  const npm = await run('npm', args, { cwd: staging });
  if (npm.code !== 0)
    throw new CannotProvide(firstLine(npm.err, /^npm (?:error|ERR!) (?!code)/) ?? 'npm failed');
  const manifest = JSON.parse(
    await readFile(join(staging, 'node_modules', need.name, 'package.json'), 'utf8'),
  );
  const place = join('npm', `${need.name}-${manifest.version}`);
  await mkdir(dirname(join(root, place)), { recursive: true });
  if (!(await exists(join(root, place)))) await settle(staging, join(root, place));
  const witnesses = [join(place, 'node_modules', need.name, 'package.json')];
  if (need.version !== manifest.version) {
    const alias = join('npm', asked.replace(/(?<=.)@/, '-'));
    await linkAtomically(relative(dirname(join(root, alias)), join(root, place)), join(root, alias));
    witnesses.push(join(alias, 'package.json'));
  }
  return witnesses;
}

// ------------------------------------------------------------------------------------------- Debian

/** The package client, with the one thing that it may change on the machine: its own lists. */
class Apt {
  #updated = false;
  /** @param {Say} say */
  constructor(say) {
    this.say = say;
  }

  async ready() {
    if ((await run('dpkg', ['--version'])).code !== 0) throw new CannotProvide('no dpkg on this machine');
    const files = await readdir(LISTS).catch(() => []);
    if (files.some((name) => name.includes('_Packages'))) return;
    if (!(await this.update())) throw new CannotProvide('no package lists; run "apt-get update" as root');
  }

  /** At most once per run, and only as root. Tells whether it helped. */
  async update() {
    if (this.#updated || process.getuid?.() !== 0) return false;
    this.#updated = true;
    this.say('debian: bringing the package lists up to date');
    return (await run('apt-get', ['update', '-q'])).code === 0;
  }

  /**
   * What would have to be installed here for this need, itself included even if it is installed.
   * @param {Need} need @returns {Promise<DebianPackage[]>}
   */
  async resolve(need) {
    const asked = need.version === undefined ? need.name : `${need.name}=${need.version}`;
    const args = [
      'install',
      '-s',
      '-q',
      '--reinstall',
      '--no-install-recommends',
      '--allow-downgrades',
      '--',
      asked,
    ];
    const simulated = await run('apt-get', args);
    if (simulated.code !== 0) {
      throw new CannotProvide(firstLine(simulated.err, /^E: /) ?? `apt-get knows no ${need.name}`);
    }
    const packages = [];
    for (const line of simulated.out.split('\n')) {
      const inst = /^Inst ([^\s:]+)\S* (?:\[\S+\] )?\((\S+) .*\[(\w+)\]\)/.exec(line);
      if (!inst || NEVER_UNPACKED.has(/** @type {string} */ (inst[1]))) continue;
      const [, name, version, arch] = /** @type {string[]} */ ([...inst]);
      packages.push(/** @type {DebianPackage} */ ({ name, version, arch }));
    }
    return packages;
  }

  /** @param {DebianPackage[]} packages @param {string} folder */
  async download(packages, folder) {
    const native = (await run('dpkg', ['--print-architecture'])).out.trim();
    const names = packages.map(({ name, version, arch }) =>
      arch === 'all' || arch === native ? `${name}=${version}` : `${name}:${arch}=${version}`,
    );
    const args = ['download', '-q', '-o', 'APT::Sandbox::User=root', '--', ...names];
    const done = await run('apt-get', args, { cwd: folder });
    if (done.code !== 0) throw new CannotDownload(firstLine(done.err, /^E: /) ?? 'the download failed');
  }
}

/** @param {Need} need @param {string} root @param {string} staging @param {Apt} apt @param {Say} say */
async function provideDebian(need, root, staging, apt, say) {
  await apt.ready();
  /** @type {string[]} */
  let witnesses;
  try {
    witnesses = await downloadAndUnpack(need, root, staging, apt, say);
  } catch (error) {
    if (!(error instanceof CannotProvide)) throw error;
    if (error instanceof CannotDownload && (await apt.update())) {
      witnesses = await downloadAndUnpack(need, root, staging, apt, say);
    } else {
      witnesses = await linkInstalled(need, root, say);
      if (witnesses.length === 0) throw error;
    }
  }
  await writeLibraryPath(root);
  if (await exists(join(root, 'usr/lib/chromium/chromium'))) await makeChromiumLauncher(root);
  if (need.name === 'chromium') {
    await checkChromium(root, staging);
    witnesses.push('bin/chromium');
  }
  return witnesses;
}

/** @param {Need} need @param {string} root @param {string} staging @param {Apt} apt @param {Say} say */
async function downloadAndUnpack(need, root, staging, apt, say) {
  const wanted = await apt.resolve(need);
  const fresh = [];
  for (const item of wanted) {
    const had = await readFile(packageStamp(root, item), 'utf8').catch(() => '');
    if (had.trim() !== item.version) fresh.push(item);
  }
  const archives = join(staging, 'archives');
  await mkdir(archives, { recursive: true });
  if (fresh.length > 0) {
    say(`debian: downloading ${need.name} (${fresh.length} of ${wanted.length} packages are new here)`);
    await apt.download(fresh, archives);
  }
  const byName = new Map(fresh.map((item) => [`${item.name}_${item.arch}`, item]));
  /** @type {string[]} */
  const programs = [];
  for (const file of (await readdir(archives)).sort()) {
    if (!file.endsWith('.deb')) continue;
    const tree = join(staging, 'tree', file);
    await mkdir(tree, { recursive: true });
    const unpacked = await run('dpkg', ['-x', join(archives, file), tree]);
    if (unpacked.code !== 0) throw new CannotProvide(`cannot unpack ${file}: ${unpacked.err.trim()}`);
    const item = byName.get(file.replace(/^([^_]+)_.*_([^_]+)\.deb$/, '$1_$2'));
    for (const path of await mergeTree(tree, root)) if (item?.name === need.name) programs.push(path);
    if (item) await writeAtomically(packageStamp(root, item), `${item.version}\n`);
  }
  await mendLinks(root);
  if (!wanted.some((item) => item.name === need.name)) return await linkInstalled(need, root, say);
  const witnesses = wanted.map((item) => relative(root, packageStamp(root, item)));
  for (const path of programs) if (await exists(join(root, path))) witnesses.push(path);
  return witnesses;
}

/** @param {string} root @param {DebianPackage} item */
function packageStamp(root, item) {
  return join(root, '.packages', `${item.name}_${item.arch}`);
}

/**
 * Moves an unpacked package into the root, file by file; `/bin`, `/sbin` and `/lib*` land below `/usr`.
 * A program whose libraries the machine lacks is put behind a wrapper that finds them in the root.
 * @param {string} tree @param {string} root @returns {Promise<string[]>} the programs, relative to the root
 */
async function mergeTree(tree, root) {
  /** @type {string[]} */
  const programs = [];
  /** @param {string} path */
  const walk = async (path) => {
    const target = /^(?:s?bin|lib\w*)(?:\/|$)/.test(path) ? join('usr', path) : path;
    await mkdir(join(root, target), { recursive: true });
    for (const entry of await readdir(join(tree, path), { withFileTypes: true })) {
      const from = join(tree, path, entry.name);
      const to = join(root, target, entry.name);
      if (entry.isDirectory()) {
        await walk(join(path, entry.name));
        continue;
      }
      if (PROGRAM_FOLDER.test(target)) {
        programs.push(join(target, entry.name));
        if (entry.isFile() && (await lacksLibraries(from))) {
          await settle(from, `${to}.unwrapped`);
          await writeAtomically(to, wrapper(root, `${to}.unwrapped`), 0o755);
          continue;
        }
      }
      await settle(from, to);
    }
  };
  await walk('');
  return programs;
}

/** @param {string} file */
async function lacksLibraries(file) {
  const handle = await open(file);
  const magic = Buffer.alloc(4);
  await handle.read(magic, 0, 4, 0);
  await handle.close();
  if (magic.toString('latin1') !== '\x7fELF') return false;
  const ldd = await run('ldd', [file]);
  return /not found/.test(ldd.out + ldd.err);
}

/** @param {string} root @param {string} program @param {string} [more] further lines of shell */
function wrapper(root, program, more = '') {
  return `#!/bin/bash
# Made by scripts/provision.mjs: the program with the libraries that were unpacked beside it.
libraries=$(cat ${quoted(join(root, '.library-path'))})
export LD_LIBRARY_PATH="$libraries\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
${more}exec -a "$0" ${quoted(program)} "$@"
`;
}

/** Every unpacked folder that holds shared libraries, so that private ones are found too. */
async function writeLibraryPath(/** @type {string} */ root) {
  /** @type {string[]} */
  const folders = [];
  /** @param {string} folder @param {number} depth */
  const walk = async (folder, depth) => {
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    if (entries.some((entry) => !entry.isDirectory() && /^lib.+\.so(?:\.|$)/.test(entry.name)))
      folders.push(folder);
    if (depth === 0) return;
    for (const entry of entries) if (entry.isDirectory()) await walk(join(folder, entry.name), depth - 1);
  };
  await walk(join(root, 'usr/lib'), 2);
  folders.sort((a, b) => a.split('/').length - b.split('/').length || (a < b ? -1 : 1));
  await writeAtomically(join(root, '.library-path'), folders.join(':'));
}

/** Links that pointed into the system now point into the root, or into the system where the root lacks the file. */
async function mendLinks(/** @type {string} */ root) {
  /** @param {string} folder */
  const walk = async (folder) => {
    for (const entry of await readdir(folder, { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory() && path !== join(root, 'npm')) await walk(path);
      if (!entry.isSymbolicLink()) continue;
      const target = await readlink(path);
      const inSystem = resolve('/', relative(root, folder), target);
      if (target.startsWith(`${root}/`)) continue;
      if (target.startsWith('/')) {
        if (await exists(join(root, target)))
          await linkAtomically(relative(folder, join(root, target)), path);
      } else if (!(await exists(path)) && (await exists(inSystem))) {
        await linkAtomically(inSystem, path);
      }
    }
  };
  await walk(root);
}

/**
 * For what is installed on the machine and cannot be downloaded: the root shows the installed files.
 * @param {Need} need @param {string} root @param {Say} say
 */
async function linkInstalled(need, root, say) {
  const about = (await run('dpkg-query', ['-s', need.name])).out;
  const version = /^Version: (\S+)$/m.exec(about)?.[1];
  if (!/^Status: .* installed$/m.test(about) || (need.version ?? version) !== version) return [];
  say(`debian: ${need.name} is installed on this machine; linking its files`);
  const witnesses = [];
  for (const path of (await run('dpkg', ['-L', need.name])).out.split('\n')) {
    const found = path.startsWith('/') && path !== '/.' ? await stat(path).catch(() => undefined) : undefined;
    if (!found || found.isDirectory()) continue;
    const inner = path.slice(1).replace(/^(?=(?:s?bin|lib\w*)\/)/, 'usr/');
    await mkdir(dirname(join(root, inner)), { recursive: true });
    await linkAtomically(path, join(root, inner));
    if (PROGRAM_FOLDER.test(dirname(inner))) witnesses.push(inner);
  }
  return witnesses;
}

// ----------------------------------------------------------------------------------------- Chromium

/** @param {string} root */
async function makeChromiumLauncher(root) {
  const fonts = join(root, 'etc', 'faultbook-fonts.conf');
  await mkdir(dirname(fonts), { recursive: true });
  await writeAtomically(
    fonts,
    `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <dir>/usr/share/fonts</dir>
  <dir>${root}/usr/share/fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
  <cachedir>${root}/var/cache/fontconfig</cachedir>
  <alias><family>sans-serif</family><prefer><family>DejaVu Sans</family></prefer></alias>
  <alias><family>serif</family><prefer><family>DejaVu Serif</family></prefer></alias>
  <alias><family>monospace</family><prefer><family>DejaVu Sans Mono</family></prefer></alias>
</fontconfig>
`,
  );
  const launcher = join(root, 'bin', 'chromium');
  const settings = `export FONTCONFIG_FILE=${quoted(fonts)}\nexport CHROME_WRAPPER="$0"\n`;
  await writeAtomically(launcher, wrapper(root, join(root, 'usr/lib/chromium/chromium'), settings), 0o755);
  await linkAtomically('../../bin/chromium', join(root, 'usr/bin/chromium'));
}

/** @param {string} root @param {string} staging */
async function checkChromium(root, staging) {
  const page = join(staging, 'page.html');
  await writeFile(
    page,
    '<!doctype html><title>t</title><p id=a></p><script>a.textContent = 6 * 7</script>\n',
  );
  const flags = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-quic',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    `--user-data-dir=${join(staging, 'profile')}`,
    '--dump-dom',
  ];
  const shown = await run(join(root, 'bin', 'chromium'), [...flags, pathToFileURL(page).href], {
    timeout: 60_000,
  });
  if (!shown.out.includes('<p id="a">42</p>')) {
    throw new CannotProvide(`unpacked, but it does not render a page: ${shown.err.trim().slice(-300)}`);
  }
}

// ------------------------------------------------------------------------------- processes and files

/**
 * @param {string} command @param {string[]} args @param {{cwd?: string, timeout?: number}} [options]
 * @returns {Promise<Run>}
 */
function run(command, args, options = {}) {
  return new Promise((done) => {
    const env = { ...process.env, LC_ALL: 'C', LANGUAGE: '', DEBIAN_FRONTEND: 'noninteractive' };
    const child = spawn(command, args, { ...options, env, stdio: ['ignore', 'pipe', 'pipe'] });
    let out = '';
    let err = '';
    child.stdout.setEncoding('utf8').on('data', (chunk) => {
      out += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk) => {
      err += chunk;
    });
    child.on('error', (error) => done({ code: 127, out, err: String(error.message) }));
    child.on('close', (code) => done({ code: code ?? 1, out, err }));
  });
}

/** @param {string} text @param {RegExp} wanted */
function firstLine(text, wanted) {
  return text
    .split('\n')
    .find((line) => wanted.test(line))
    ?.replace(wanted, '')
    .trim();
}

/** @param {string} text */
function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** @param {string} path */
async function exists(path) {
  return (await stat(path).catch(() => undefined)) !== undefined;
}

/** Moves a file, a link or a folder to its place; a folder that came first stays. @param {string} from @param {string} to */
async function settle(from, to) {
  try {
    await rename(from, to);
  } catch (error) {
    const there = await lstat(to).catch(() => undefined);
    if (!there?.isDirectory()) throw error;
  }
}

/** @param {string} path @param {string} text @param {number} [mode] */
async function writeAtomically(path, text, mode = 0o644) {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  await writeFile(draft, text);
  await chmod(draft, mode);
  await rename(draft, path);
}

/** @param {string} target @param {string} path */
async function linkAtomically(target, path) {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  await symlink(target, draft);
  await rename(draft, path);
}

/**
 * Runs the work while holding a lock folder. The holder keeps touching it; one that went silent is passed over.
 * @template T @param {string} lock @param {Say} say @param {() => Promise<T>} work @returns {Promise<T>}
 */
async function underLock(lock, say, work) {
  for (let waited = 0; ; waited++) {
    try {
      await mkdir(lock);
      break;
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
    }
    const age = Date.now() - ((await stat(lock).catch(() => undefined))?.mtimeMs ?? Date.now());
    if (age > LOCK_STALE_MS) await rm(lock, { recursive: true, force: true });
    else {
      if (waited === 0) say('waiting for another run');
      await new Promise((done) => setTimeout(done, 200));
    }
  }
  const heartbeat = setInterval(() => {
    const now = new Date();
    utimes(lock, now, now).catch(() => {});
  }, 2_000);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    await rm(lock, { recursive: true, force: true });
  }
}

/** Removes what runs left behind that were killed. @param {string} folder */
async function sweep(folder) {
  for (const name of await readdir(folder).catch(() => [])) {
    const left = await stat(join(folder, name)).catch(() => undefined);
    if (left && Date.now() - left.mtimeMs > ABANDONED_MS) {
      await rm(join(folder, name), { recursive: true, force: true });
    }
  }
}

/** @param {string} path */
async function isThisFile(path) {
  return (await realpath(path).catch(() => '')) === fileURLToPath(import.meta.url);
}

if (process.argv[1] && (await isThisFile(process.argv[1]))) {
  const needs = process.argv.slice(2);
  if (needs.length === 0) {
    process.stderr.write('usage: node scripts/provision.mjs debian:NAME[@VERSION]|npm:NAME[@VERSION]...\n');
    process.exit(2);
  }
  const { root, missing } = await provision(needs, { say: (line) => process.stderr.write(`${line}\n`) });
  for (const { need, reason } of missing) process.stderr.write(`${need}: missing: ${reason}\n`);
  process.stdout.write(`${root}\n`);
  process.exitCode = missing.length > 0 ? 1 : 0;
}
