/**
 * Runs real programs on an ordinary day and keeps what they print. Both corpora stand on it: `background.mjs` (on which
 * rarity is measured) and `silence.mjs` (on which the book has to be silent).
 *
 * A source whose programs are missing, or do not end well, is named and left out whole. Paths of the work folder, the
 * tools root and the project are shortened; hosts that this machine's package clients talk to read
 * `packages.example.org`; lines that could hold a secret, or tell about this machine, are cut.
 */
import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { homedir, hostname, release, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { provision } from './provision.mjs';

export const PROJECT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
/** Longer lines are data, not output that somebody reads. */
export const MAX_LINE = 500;
/** Lines of one source, where it names no limit. */
const LIMIT = 700;
const SOURCE_TIMEOUT_MS = 300_000;

/**
 * One source: a bash script run with `set -eo pipefail` in an empty folder, after its files were written there.
 * What it prints is the source's text; each file it leaves in `$OUT` is a text of its own. `versions`: commands whose
 * first line says which program it was.
 * @typedef {{name: string, script: string, limit?: number, files?: Record<string, string>, versions?: string[]}} Source
 */

/** Like `head`, but reads to the end: a program whose reader goes away fails. */
const FIRST = 'first() { awk -v n="$1" "NR <= n"; }\n';

/** The end of every service that a script started. */
export const STOP = `
stop() { for p in $(jobs -p); do kill "$p" 2>/dev/null || true; done; }
trap stop EXIT
ready() { for i in $(seq 1 150); do if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return 0; fi; sleep 0.1; done; return 1; }
`;

/** Servers that refuse to be root: `$as PROGRAM` runs as nobody, who owns the folder. */
export const AS_NOBODY = `
as=""; if [ "$(id -u)" = 0 ]; then as="setpriv --reuid=65534 --regid=65534 --clear-groups"; chown 65534:65534 .; fi
`;

const SECRETS =
  /PRIVATE KEY|\bAKIA[0-9A-Z]{12}|\bgh[opsu]_\w{20}|\bxox[abp]-|\bnpm_\w{30}|\beyJ[\w-]{20}|SECRET_KEY|:\/\/[^/\s:@]+:[^/\s:@]+@|^[A-Za-z0-9+/=]{48,}$/;
const MACHINE = /builder@|nvproxy|FIRECK|FCMV|FCAT|firecracker/i;

/** Hosts that the package clients of this machine talk to: no line names one. */
async function registryHosts() {
  const asked = await shell(
    `npm config get registry || true; go env GOPROXY GOSUMDB || true; cat /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null || true
python3 -m pip config list 2>/dev/null | grep -i index || true; python3 -c 'from pip._internal.models.index import PyPI as p; print("https://" + p.netloc, "https://" + p.file_storage_domain)' || true
cat ~/.cargo/config.toml ~/.m2/settings.xml ~/.npmrc 2>/dev/null | grep -o 'https\\?://[^/"<]*' || true`,
    { cwd: tmpdir(), env: process.env, timeout: 30_000 },
  );
  const hosts = new Set();
  for (const [, host] of asked.text.matchAll(/(?:https?:\/\/|^)([a-z0-9-]+(?:\.[a-z0-9-]+)+)/gim))
    hosts.add(host);
  return hosts;
}

/** Cargo and Maven say their default hosts only while at work. @param {string} text @param {Set<string>} hosts */
function learnHosts(text, hosts) {
  for (const [, host] of text.matchAll(/^\[INFO\] Downloading from \S+: https?:\/\/([^/]+)\//gm))
    hosts.add(host);
  for (const [, name] of text.matchAll(/^source = "registry\+https?:\/\/\S*\/([\w.-]+?)-index"/gm))
    hosts.add(name);
}

/** @param {Set<string>} hosts */
function hostFilter(hosts) {
  const names = [...hosts].filter((host) => host !== 'localhost').map((host) => host.replaceAll('.', '\\.'));
  return new RegExp(`(?<![\\w-])(?:[\\w-]+\\.)*(?:${names.join('|')})(?!\\w|\\.\\w)`, 'gi');
}

/** Blocks that stay whole, spread evenly over a text that is too long. @param {string[]} lines @param {number} limit */
export function spread(lines, limit) {
  if (lines.length <= limit) return lines;
  const blocks = Math.max(1, Math.round(limit / 60));
  const size = Math.floor(limit / blocks);
  const kept = [];
  for (let block = 0; block < blocks; block++) {
    const start = Math.round((block * (lines.length - size)) / Math.max(1, blocks - 1));
    kept.push(...lines.slice(start, start + size));
  }
  return kept;
}

/**
 * @param {string} script @param {{cwd: string, env: NodeJS.ProcessEnv, timeout: number}} options
 * @returns {Promise<{code: number|null, text: string, err: string, late: boolean}>}
 */
function shell(script, { cwd, env, timeout }) {
  return new Promise((done) => {
    const child = spawn(
      'nice',
      ['-n', '10', 'bash', '-c', `set -eo pipefail; exec 2>&1; ${FIRST}${script}`],
      {
        cwd,
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      },
    );
    /** @type {Buffer[]} */
    const chunks = [];
    let late = false;
    const end = () => {
      try {
        process.kill(-(child.pid ?? 0), 'SIGKILL');
      } catch {}
    };
    const timer = setTimeout(() => {
      late = true;
      end();
    }, timeout);
    child.stdout.on('data', (chunk) => chunks.push(chunk));
    child.stderr.on('data', (chunk) => chunks.push(chunk));
    child.on('error', () => done({ code: 127, text: '', err: 'cannot start', late }));
    child.on('exit', (code) => {
      clearTimeout(timer);
      setTimeout(() => {
        end();
        done({ code, text: Buffer.concat(chunks).toString('utf8'), err: '', late });
      }, 50);
    });
  });
}

/** @param {number} count */
async function freePorts(count) {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = createServer();
      return new Promise((done) => server.listen(0, '127.0.0.1', () => done(server)));
    }),
  );
  const ports = servers.map((server) => server.address().port);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

/** A small environment: what the programs need to reach their registries, and nothing else of this one. */
function environment(/** @type {string} */ work, /** @type {string} */ root) {
  const kept = Object.entries(process.env).filter(([name]) =>
    /(?:^|_)(?:CERT|CERTS|CA_BUNDLE|CAINFO|CERT_FILE|CERT_DIR)$|_CA_CERTS|_proxy$|^PYENV_ROOT$|^RUSTUP_HOME$|^JAVA_HOME$/i.test(
      name,
    ),
  );
  const found = ['/usr/sbin', '/usr/bin'].map((folder) => root + folder);
  return {
    ...Object.fromEntries(kept),
    PATH: `${process.env.PATH}:${found[0]}:${found[1]}:/usr/sbin:/sbin`,
    HOME: join(work, 'home'),
    WORK: work,
    ROOT: root,
    PROJECT,
    LANG: 'C.UTF-8',
    LC_ALL: 'C.UTF-8',
    TERM: 'dumb',
    TZ: 'UTC',
    NO_COLOR: '1',
    PAGER: 'cat',
    MANPAGER: 'cat',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: join(work, 'gitconfig'),
    DEBIAN_FRONTEND: 'noninteractive',
    npm_config_userconfig: join(homedir(), '.npmrc'),
    npm_config_update_notifier: 'false',
    RUSTUP_HOME: process.env.RUSTUP_HOME ?? join(homedir(), '.rustup'),
    CARGO_HOME: join(work, 'cargo'),
    CARGO_TERM_COLOR: 'never',
    GOPATH: join(work, 'go'),
    GOFLAGS: '-buildvcs=false',
    GOTOOLCHAIN: 'local',
    PIP_DISABLE_PIP_VERSION_CHECK: '1',
    PYTHONDONTWRITEBYTECODE: '1',
    CHECKPOINT_DISABLE: '1',
  };
}

/**
 * @typedef {{name: string, command: string, limit: number, text: string, versions: string[]}} Printed
 * @typedef {{name: string, command: string, limit: number, versions: string[], printed: number, fresh: string[], cut: Record<string, number>}} Cleaned
 */

/** Writes a file so that a reader finds the old or the new one. @param {string} path @param {string|Buffer} content */
export async function replaceFile(path, content) {
  await writeFile(`${path}.new`, content);
  await rename(`${path}.new`, path);
}

/**
 * Provides the tools, runs the sources one after the other.
 * @param {Source[]} sources
 * @param {{tools: string[], say: (line: string) => void}} options
 * @returns {Promise<{texts: Printed[], notRun: {name: string, reason: string}[], cleaner: Cleaner, work: string}>}
 */
export async function runSources(sources, { tools, say }) {
  const { root, missing } = await provision(tools, { say });
  for (const { need, reason } of missing) say(`${need}: missing: ${reason}`);
  const work = await mkdtemp(join(tmpdir(), 'ordinary-'));
  await chmod(work, 0o755);
  await mkdir(join(work, 'home'));
  await writeFile(
    join(work, 'gitconfig'),
    '[user]\n\tname = Ada Byron\n\temail = ada@example.org\n[init]\n\tdefaultBranch = main\n[core]\n\tquotePath = false\n',
  );
  const env = environment(work, root);
  const hosts = await registryHosts();
  /** @type {Printed[]} */
  const texts = [];
  /** @type {{name: string, reason: string}[]} */
  const notRun = [];
  for (const source of sources) {
    const folder = join(work, source.name);
    const out = join(work, 'out', source.name);
    for (const [path, text] of Object.entries({ '.keep': '', ...source.files })) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    await rm(join(folder, '.keep'));
    const ports = Object.fromEntries(
      (await freePorts(3)).map((port, index) => [`PORT${index + 1}`, String(port)]),
    );
    const started = Date.now();
    const options = { cwd: folder, env: { ...env, ...ports, OUT: out, SOURCE: folder } };
    const ran = await shell(source.script.trim(), { ...options, timeout: SOURCE_TIMEOUT_MS });
    const seconds = ((Date.now() - started) / 1000).toFixed(1);
    if (ran.code !== 0) {
      const last = ran.text.trim().split('\n').slice(-3).join(' | ').slice(-300);
      const reason = ran.late
        ? 'took too long'
        : `ended with status ${ran.code}: ${shorten(last, work, root) || 'nothing printed'}`;
      notRun.push({ name: source.name, reason });
      say(`${source.name}: left out (${seconds} s): ${reason}`);
      continue;
    }
    learnHosts(ran.text, hosts);
    const versions = [];
    for (const command of source.versions ?? []) {
      const said = await shell(command, { ...options, timeout: SOURCE_TIMEOUT_MS });
      const line = shorten(said.text, work, root)
        .split('\n')
        .find((l) => /\d/.test(l));
      if (line) versions.push(line.trim());
    }
    const command = source.script.trim();
    const limit = source.limit ?? LIMIT;
    texts.push({ name: source.name, command, limit, text: ran.text, versions });
    for (const name of (await readdir(out).catch(() => [])).sort()) {
      texts.push({
        name: `${source.name}/${name}`,
        command: `see ${source.name}`,
        limit,
        text: await readFile(join(out, name), 'utf8'),
        versions,
      });
    }
    say(`${source.name}: ${seconds} s`);
  }
  return { texts, notRun, cleaner: new Cleaner(hosts, work, root), work };
}

/** Cuts what no corpus may hold, and what stands in it already. */
class Cleaner {
  /** @param {Set<string>} hosts @param {string} work @param {string} root */
  constructor(hosts, work, root) {
    this.namesHost = hostFilter(hosts);
    this.work = work;
    this.root = root;
  }

  /**
   * @param {Printed[]} texts
   * @param {{seen?: Iterable<string>, unwanted?: RegExp[], coloured?: boolean}} [options] `seen`: lines that are known;
   * `unwanted`: lines that are cut; `coloured`: colours stay
   * @returns {Cleaned[]}
   */
  clean(texts, { seen: known = [], unwanted = [], coloured = false } = {}) {
    const seen = new Set(known);
    const harmless = coloured ? /\t|\x1b\[[\d;]*[mK]/g : /\t/g;
    return texts.map(({ text, ...printed }) => {
      const cut = { long: 0, repeated: 0, failure: 0, other: 0 };
      /** @type {string[]} */
      const fresh = [];
      const lines = shorten(text, this.work, this.root).split('\n');
      for (const raw of lines) {
        const line = raw.replace(this.namesHost, 'packages.example.org').replace(/\s+$/, '');
        if (line.trim() === '') continue;
        if (line.length > MAX_LINE) cut.long++;
        else if (/[\p{Cc}\p{Cs}\p{Co}\ufffd]/u.test(line.replace(harmless, ' '))) cut.other++;
        else if (SECRETS.test(line) || MACHINE.test(line)) cut.other++;
        else if (unwanted.some((failure) => failure.test(line))) cut.failure++;
        else if (seen.has(line)) cut.repeated++;
        else {
          seen.add(line);
          fresh.push(line);
        }
      }
      return { ...printed, printed: lines.length, fresh, cut };
    });
  }
}

/** @param {string} text @param {string} work @param {string} root */
function shorten(text, work, root) {
  return text
    .replaceAll(root, '')
    .replaceAll(work, '/home/dev')
    .replaceAll(PROJECT, '/home/dev/project')
    .replace(new RegExp(`(?<![\\w.-])${homedir()}(?![\\w.-])`, 'g'), '/home/dev')
    .replaceAll(hostname().length > 4 ? hostname() : '\0', 'devbox')
    .replaceAll(release(), '6.1.0-18-amd64')
    .replaceAll('\r', '\n');
}
