/**
 * One sandbox: a private copy of a world in namespaces of its own, with a driver inside that runs one step after
 * another. Made with util-linux alone (`unshare`, `mount`, `chroot`, `prlimit`), as root or as an ordinary user.
 *
 * Not bubblewrap: it always sets `no_new_privs`, under which `sudo` refuses to run, and half of what people type
 * about git, databases and servers begins with sudo. What a setuid program can gain here is bounded by the
 * capabilities that steps have anyway.
 */
import { type ChildProcessByStdio, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { Readable, Writable } from 'node:stream';

/** Bounds of one sandbox beside those that a page may set (`LAB_LIMITS`). */
export const SANDBOX_LIMITS = {
  /** Of one step's output so much is kept: the first half and the last. */
  maxOutputBytes: 1024 * 1024,
  /** One file of a step, its output included. */
  maxFileBytes: 256 * 1024 * 1024,
  /** Processor time of one process. */
  maxCpuSeconds: 600,
  /** Open files of one process. */
  maxOpenFiles: 4096,
  /** MiB for shared memory and captured output. */
  sharedMemory: 512,
  /** How long the driver may take beyond what its step was given. */
  graceMs: 20_000,
} as const;

/** Names under which the lab's control groups stand; an earlier run that was killed leaves empty ones behind. */
const CGROUP_PREFIX = 'faultbook-';
const READ_ONLY_IN_PROC = ['sys', 'irq', 'bus', 'fs', 'sysrq-trigger'];
/** Of the kernel itself, readable or writable for uid 0 whatever its capabilities. */
const HIDDEN_IN_PROC = ['kcore', 'keys', 'timer_list', 'latency_stats', 'kmsg', 'sched_debug'];
const DEVICES = ['null', 'zero', 'full', 'random', 'urandom', 'tty'];
const SYSTEM_FOLDERS = ['/etc', '/usr'];

/** How this machine can isolate; `why` says what is missing for the next better one. */
export type Isolation =
  | { readonly mode: 'root' | 'mapped' | 'single'; readonly why: string }
  | { readonly mode: 'none'; readonly why: string };

export interface Identity {
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
}

export interface SandboxSpec {
  /** Folder of the user's that holds every layer; mount options name them relative to it. */
  readonly cache: string;
  /** Lower layers, uppermost first, all below `cache`. */
  readonly layers: readonly string[];
  readonly binds: readonly { readonly from: string; readonly to: string }[];
  /** Further roots, read-only, each stacked from layers below `cache`, uppermost first. */
  readonly stacks: readonly { readonly layers: readonly string[]; readonly to: string }[];
  /** System folders (`/etc`, `/usr`) that are not read-only. */
  readonly writable: readonly string[];
  /** MiB, MiB, count. */
  readonly memory: number;
  readonly disk: number;
  readonly processes: number;
  /** Where `save` puts what changed; none: it cannot be called. */
  readonly saveTo?: string;
  readonly isolation: Isolation;
}

export interface Step {
  readonly who: Identity;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Run by `bash -e -o pipefail`. */
  readonly script: string;
  readonly timeoutMs: number;
}

export interface StepResult {
  readonly exit: number;
  /** Standard output and error, in the order in which they were written. */
  readonly output: string;
  readonly timedOut: boolean;
  readonly truncated: boolean;
  readonly ms: number;
}

/** The lab's own trouble: the sandbox or its driver, not what ran inside. */
export class SandboxError extends Error {
  override readonly name = 'SandboxError';
}

/** How the driver's answer begins where a service was waited for in vain until its time was up. */
export const NOT_LISTENING = 'it does not listen';

interface Reply {
  readonly words: readonly string[];
  readonly body: Buffer;
}

const LAUNCHER = readFileSync(new URL('./inside/launch.sh', import.meta.url), 'utf8');
const DRIVER = readFileSync(new URL('./inside/driver.pl', import.meta.url), 'utf8');

export class Sandbox {
  private readonly pending: { resolve: (r: Reply) => void; reject: (e: Error) => void }[] = [];
  private received: Buffer[] = [];
  private receivedBytes = 0;
  private said = '';
  private ended: Error | null = null;
  private readonly gone: Promise<void>;

  private readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  private readonly scratch: string;
  private readonly cgroups: readonly string[];

  private constructor(
    child: ChildProcessByStdio<Writable, Readable, Readable>,
    scratch: string,
    cgroups: readonly string[],
  ) {
    this.child = child;
    this.scratch = scratch;
    this.cgroups = cgroups;
    child.stdout.on('data', (chunk: Buffer) => this.take(chunk));
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      this.said = (this.said + chunk).slice(-4000);
    });
    child.stdin.on('error', () => {});
    this.gone = new Promise((done) => {
      child.on('error', (error) => {
        this.end(error.message);
        this.clear();
        done();
      });
      child.on('close', (code, signal) => {
        this.end(`the sandbox ended (${signal ?? `status ${code}`})`);
        this.clear();
        done();
      });
    });
  }

  /** Starts one; resolves when its driver is ready. @throws {SandboxError} */
  static async open(spec: SandboxSpec): Promise<Sandbox> {
    if (spec.isolation.mode === 'none') throw new SandboxError(spec.isolation.why);
    const mountpoint = join(spec.cache, 'mnt');
    mkdirSync(mountpoint, { recursive: true, mode: 0o700 });
    const scratch = mkdtempSync(join(tmpdir(), 'faultbook-sandbox-'));
    const cgroups = spec.isolation.mode === 'root' ? makeCgroups(spec) : [];
    const { first, second, folders, files } = mounts(spec, mountpoint);
    writeFileSync(join(scratch, 'first'), first);
    writeFileSync(join(scratch, 'second'), second);
    const launch = [
      '-c',
      LAUNCHER,
      'launch.sh',
      mountpoint,
      join(scratch, 'first'),
      join(scratch, 'second'),
      folders.join(' '),
      files.join(' '),
      spec.saveTo ?? '',
      cgroups.join(' '),
      DRIVER,
    ];
    const limits = [
      `--fsize=${SANDBOX_LIMITS.maxFileBytes}`,
      `--cpu=${SANDBOX_LIMITS.maxCpuSeconds}`,
      `--nofile=${SANDBOX_LIMITS.maxOpenFiles}`,
      '--core=0',
      // Counted per user namespace; as root the control group counts, for the host's accounts share these uids.
      ...(spec.isolation.mode === 'root'
        ? []
        : [`--nproc=${spec.processes}`, `--data=${2 * spec.memory * 1024 * 1024}`]),
    ];
    const child = spawn(
      'setpriv',
      [
        '--pdeathsig',
        'KILL',
        'unshare',
        ...namespaces(spec.isolation.mode),
        'prlimit',
        ...limits,
        'sh',
        ...launch,
      ],
      { cwd: spec.cache, env: { PATH: HOST_PATH, LC_ALL: 'C' }, stdio: ['pipe', 'pipe', 'pipe'] },
    );
    const sandbox = new Sandbox(child, scratch, cgroups);
    await sandbox.next();
    return sandbox;
  }

  /** Runs one step to its end; a step that takes longer is killed with its process group. */
  async run(step: Step): Promise<StepResult> {
    const began = Date.now();
    const { uid, gid, groups } = step.who;
    const { words, body } = await this.ask(
      `run ${uid} ${gid} ${groups.join('+') || '-'} ${Math.ceil(step.timeoutMs)} ${SANDBOX_LIMITS.maxOutputBytes}`,
      [step.cwd, environmentBlock(step.env), step.script],
      step.timeoutMs,
    );
    return {
      exit: Number(words[1]),
      output: body.toString('utf8'),
      timedOut: words[2] === '1',
      truncated: words[3] === '1',
      ms: Date.now() - began,
    };
  }

  /**
   * Starts a service and waits until everything in `listens` listens, as the kernel's socket tables say.
   * @returns null, or why it did not come up.
   */
  async start(name: string, step: Step, listens: readonly string[]): Promise<string | null> {
    const { uid, gid, groups } = step.who;
    const log = `/dev/shm/service-${name}.log`;
    await this.ask(`start ${name} ${uid} ${gid} ${groups.join('+') || '-'}`, [
      step.cwd,
      environmentBlock(step.env),
      step.script,
      log,
    ]);
    const { words, body } = await this.ask(
      `wait ${name} ${Math.ceil(step.timeoutMs)}`,
      [listens.join(' '), log],
      step.timeoutMs,
    );
    return words[1] === '1' ? null : body.toString('utf8');
  }

  async stop(name: string, listens: readonly string[]): Promise<void> {
    await this.ask(`stop ${name}`, [listens.join(' ')]);
  }

  async put(path: string, owner: Identity, mode: string, body: string): Promise<void> {
    await this.ask(`put ${owner.uid} ${owner.gid} ${mode}`, [path, body]);
  }

  /** New content for a file that is there; owner and mode stay. */
  async rewrite(path: string, body: string): Promise<void> {
    await this.ask('put - - -', [path, body]);
  }

  /** Bytes of a file from an offset on; null where there is none. */
  async get(
    path: string,
    offset: number,
    max: number,
  ): Promise<{ readonly size: number; readonly text: string } | null> {
    const { words, body } = await this.ask(`get ${offset} ${max}`, [path]);
    const size = Number(words[1]);
    return size < 0 ? null : { size, text: body.toString('utf8') };
  }

  /** Whether anything but the driver still runs. */
  async busy(): Promise<boolean> {
    const { body } = await this.ask('alive', []);
    return body.length > 0;
  }

  /** Kills everything but the driver and copies what changed to `saveTo`. */
  async save(): Promise<void> {
    await this.ask('save', [], 120_000);
  }

  /** Ends it with everything inside. */
  async close(): Promise<void> {
    this.child.stdin.end();
    const hard = setTimeout(() => this.child.kill('SIGKILL'), 2_000);
    await this.gone;
    clearTimeout(hard);
  }

  private async ask(head: string, payload: readonly string[], expectedMs = 0): Promise<Reply> {
    if (this.ended) throw this.ended;
    const parts = payload.map((p) => Buffer.from(p, 'utf8'));
    const lengths = parts.map((p) => p.length).join(',') || '0';
    this.child.stdin.write(Buffer.concat([Buffer.from(`${head} ${lengths}\n`), ...parts]));
    const timer = setTimeout(() => {
      this.end('the sandbox does not answer');
      this.child.kill('SIGKILL');
    }, expectedMs + SANDBOX_LIMITS.graceMs);
    try {
      const reply = await this.next();
      if (reply.words[0] === 'failed') throw new SandboxError(reply.body.toString('utf8').trim());
      return reply;
    } finally {
      clearTimeout(timer);
    }
  }

  private next(): Promise<Reply> {
    if (this.ended) return Promise.reject(this.ended);
    return new Promise((resolve, reject) => {
      this.pending.push({ resolve, reject });
      this.deliver();
    });
  }

  private take(chunk: Buffer): void {
    this.received.push(chunk);
    this.receivedBytes += chunk.length;
    this.deliver();
  }

  private deliver(): void {
    while (this.pending.length > 0 && this.receivedBytes > 0) {
      const bytes = this.received.length === 1 ? (this.received[0] as Buffer) : Buffer.concat(this.received);
      this.received = [bytes];
      const end = bytes.indexOf(0x0a);
      if (end < 0) return;
      const words = bytes.subarray(0, end).toString('latin1').split(' ');
      const length = Number(words.pop());
      if (bytes.length < end + 1 + length) return;
      const body = Buffer.from(bytes.subarray(end + 1, end + 1 + length));
      const rest = bytes.subarray(end + 1 + length);
      this.received = [rest];
      this.receivedBytes = rest.length;
      this.pending.shift()?.resolve({ words, body });
    }
  }

  private end(why: string): void {
    this.ended ??= new SandboxError(`${why}${this.said === '' ? '' : `: ${this.said.trim()}`}`);
    for (const { reject } of this.pending.splice(0)) reject(this.ended);
  }

  private clear(): void {
    rmSync(this.scratch, { recursive: true, force: true });
    for (const group of this.cgroups) removeCgroup(group);
  }
}

/** Where the host's own tools are; nothing of the caller's PATH is trusted with it. */
const HOST_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

function environmentBlock(env: Readonly<Record<string, string>>): string {
  return Object.entries(env)
    .map(([name, value]) => `${name}=${value}`)
    .join('\0');
}

function namespaces(mode: 'root' | 'mapped' | 'single'): string[] {
  const user = {
    root: [],
    mapped: ['--user', '--map-root-user', '--map-auto'],
    // The only account is `user`; being no root, its programs lose every capability when they start.
    single: ['--user', '--map-user=1000', '--map-group=1000', '--keep-caps'],
  }[mode];
  return [
    ...user,
    '--mount',
    '--pid',
    '--net',
    '--ipc',
    '--uts',
    '--cgroup',
    '--fork',
    '--kill-child=KILL',
    '--',
  ];
}

/** A field of an fstab: white space and backslashes as octal. */
function field(path: string): string {
  return path.replace(/[\s\\#]/g, (c) => `\\${c.charCodeAt(0).toString(8).padStart(3, '0')}`);
}

function mounts(spec: SandboxSpec, mountpoint: string) {
  const root = join(mountpoint, 'root');
  const lowerOf = (layers: readonly string[]): string =>
    layers
      .map((layer) => {
        const name = relative(spec.cache, layer);
        if (!/^[A-Za-z0-9][A-Za-z0-9@._+/-]*$/.test(name))
          throw new SandboxError(`${layer} cannot be a layer: it must lie below ${spec.cache}`);
        return name;
      })
      .join(':');
  const names = relative(spec.cache, mountpoint);
  const overlay = [
    `lowerdir=${lowerOf(spec.layers)}`,
    `upperdir=${names}/upper`,
    `workdir=${names}/work`,
    ...(spec.isolation.mode === 'root' ? [] : ['userxattr']),
  ].join(',');
  const first = [
    `tmpfs ${field(mountpoint)} tmpfs mode=755,nodev,size=${spec.disk}m 0 0`,
    `overlay ${field(root)} overlay ${overlay} 0 0`,
  ];
  const bind = (from: string, to: string, options = 'bind,ro') =>
    `${field(from)} ${field(join(root, to))} none ${options} 0 0`;
  const second = [
    ...DEVICES.map((d) => bind(`/dev/${d}`, `/dev/${d}`, 'bind')),
    `devpts ${field(join(root, '/dev/pts'))} devpts newinstance,ptmxmode=0666,mode=0620 0 0`,
    `tmpfs ${field(join(root, '/dev/shm'))} tmpfs mode=1777,nosuid,nodev,size=${SANDBOX_LIMITS.sharedMemory}m 0 0`,
    `proc ${field(join(root, '/proc'))} proc nosuid,nodev,noexec 0 0`,
    ...READ_ONLY_IN_PROC.filter((p) => existsSync(`/proc/${p}`)).map((p) =>
      bind(join(root, 'proc', p), `/proc/${p}`),
    ),
    ...HIDDEN_IN_PROC.filter((p) => existsSync(`/proc/${p}`)).map((p) =>
      bind('/dev/null', `/proc/${p}`, 'bind'),
    ),
    ...spec.binds.map(({ from, to }) => bind(from, to)),
    ...spec.stacks.map(
      ({ layers, to }) => `overlay ${field(join(root, to))} overlay ro,lowerdir=${lowerOf(layers)} 0 0`,
    ),
    ...SYSTEM_FOLDERS.filter((f) => !spec.writable.includes(f)).map((f) => bind(join(root, f), f)),
  ];
  return {
    first: `${first.join('\n')}\n`,
    second: `${second.join('\n')}\n`,
    folders: ['proc', 'dev/pts', 'dev/shm', ...[...spec.binds, ...spec.stacks].map(({ to }) => to.slice(1))],
    files: DEVICES.map((d) => `dev/${d}`),
  };
}

/** Control groups for memory and processes: version 2, or the two of version 1; none where they cannot be made. */
function makeCgroups(spec: SandboxSpec): string[] {
  const id = `${CGROUP_PREFIX}${process.pid}-${randomBytes(4).toString('hex')}`;
  const bytes = String(spec.memory * 1024 * 1024);
  const base = '/sys/fs/cgroup';
  const wanted: [folder: string, settings: Record<string, string>][] = existsSync(
    `${base}/cgroup.controllers`,
  )
    ? [[`${base}/${id}`, { 'memory.max': bytes, 'memory.swap.max': '0', 'pids.max': String(spec.processes) }]]
    : [
        [`${base}/memory/${id}`, { 'memory.limit_in_bytes': bytes }],
        [`${base}/pids/${id}`, { 'pids.max': String(spec.processes) }],
      ];
  const made: string[] = [];
  for (const [folder, settings] of wanted) {
    try {
      mkdirSync(folder);
      made.push(folder);
      for (const [name, value] of Object.entries(settings)) {
        try {
          writeFileSync(join(folder, name), value);
        } catch (error) {
          if (name !== 'memory.swap.max') throw error;
        }
      }
    } catch (error) {
      for (const group of made) removeCgroup(group);
      throw new SandboxError(
        `memory and processes cannot be bounded here: ${(error as Error).message}; run the lab as an ordinary user, or where control groups can be made`,
      );
    }
  }
  return made;
}

function removeCgroup(folder: string): void {
  try {
    rmdirSync(folder);
  } catch {
    // Still draining: the next run sweeps it.
  }
}

/** Removes control groups that killed runs left behind. */
export function sweepCgroups(): void {
  for (const base of ['/sys/fs/cgroup', '/sys/fs/cgroup/memory', '/sys/fs/cgroup/pids']) {
    let names: string[] = [];
    try {
      names = readdirSync(base);
    } catch {
      continue;
    }
    for (const name of names) {
      const owner = new RegExp(`^${CGROUP_PREFIX}(\\d+)-`).exec(name)?.[1];
      // Another run's group may be empty because its sandbox is about to start.
      if (owner !== undefined && !existsSync(`/proc/${owner}`)) removeCgroup(join(base, name));
    }
  }
}

/**
 * How this machine can isolate, best first: as root; as an ordinary user with a range of further uids; with one uid.
 * Found out by doing it.
 */
export function findIsolation(): Isolation {
  if (process.platform !== 'linux') {
    return { mode: 'none', why: `the lab needs Linux (namespaces, overlay); this is ${process.platform}` };
  }
  const probe = (mode: 'root' | 'mapped' | 'single'): string | null => {
    const folder = mkdtempSync(join(tmpdir(), 'faultbook-probe-'));
    const options = mode === 'root' ? '' : ',userxattr';
    const script = `set -e; mount -t tmpfs tmpfs "$1"; cd "$1"; mkdir l u w r; mount -t overlay -o lowerdir=l,upperdir=u,workdir=w${options} overlay r; mount -t proc proc r`;
    const { status, stderr, error } = spawnSync(
      'unshare',
      [...namespaces(mode), 'sh', '-c', script, 'sh', folder],
      { encoding: 'utf8', env: { PATH: HOST_PATH, LC_ALL: 'C' }, timeout: 20_000 },
    );
    rmSync(folder, { recursive: true, force: true });
    return status === 0 ? null : (error?.message ?? stderr.trim().split('\n').slice(-1)[0] ?? 'it failed');
  };
  if (process.getuid?.() === 0) {
    const failed = probe('root');
    if (failed === null) return { mode: 'root', why: '' };
    return { mode: 'none', why: `namespaces cannot be made here, though this is root: ${failed}` };
  }
  const mapped = probe('mapped');
  if (mapped === null) return { mode: 'mapped', why: '' };
  const single = probe('single');
  const more = `several accounts need newuidmap (package uidmap) and a line for you in /etc/subuid and /etc/subgid: ${mapped}`;
  if (single === null) return { mode: 'single', why: more };
  return {
    mode: 'none',
    why: `user namespaces or overlays cannot be made here: ${single}; run as root, or allow unprivileged user namespaces`,
  };
}
