/** Runs the machine's own package clients, with a small environment, so that they end when this process does. */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { CannotProvision } from './part.ts';

const SYSTEM_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** What a client may learn of the caller's environment: where things are, and how the network is reached. */
const PASSED_ON = [
  'HOME',
  'http_proxy',
  'https_proxy',
  'no_proxy',
  'HTTP_PROXY',
  'HTTPS_PROXY',
  'NO_PROXY',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
];

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface RunOptions {
  readonly cwd?: string;
  /** Beside the small common environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Names of further variables of the caller's that this client may see. */
  readonly passOn?: readonly string[];
  readonly signal?: AbortSignal | undefined;
  /** Takes each line of standard output as it comes. */
  readonly onLine?: (line: string) => void;
}

/** The folders of the caller's PATH in which clients are looked for. A relative one would mean the current folder. */
function clientPath(): string {
  const own = (process.env.PATH ?? '').split(delimiter).filter((folder) => isAbsolute(folder));
  return [...own, ...SYSTEM_PATH.split(':').filter((folder) => !own.includes(folder))].join(':');
}

/** Where a client is, or null. */
export function findProgram(name: string): string | null {
  for (const folder of clientPath().split(':')) {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return join(folder, name);
    } catch {
      // Not in this one.
    }
  }
  return null;
}

/** Starts a tool of the system that ends with this process, even when that is killed. */
export function startProgram(
  command: string,
  args: readonly string[],
): ChildProcessByStdio<Writable, Readable, null> {
  return spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], {
    env: { PATH: SYSTEM_PATH, LC_ALL: 'C' },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
}

/** Runs a client to its end. A status other than 0 is no exception: who calls knows what it means. */
export async function runClient(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Ran> {
  const program = findProgram(command);
  if (program === null)
    throw new CannotProvision(
      `there is no ${command} on this machine; install it, or leave out what needs it`,
    );
  const env: Record<string, string> = { PATH: clientPath(), LC_ALL: 'C.UTF-8', TERM: 'dumb' };
  for (const name of [...PASSED_ON, ...(options.passOn ?? [])]) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  options.signal?.throwIfAborted();
  const ran = await new Promise<Ran>((done) => {
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', program, ...args], {
      cwd: options.cwd ?? '/',
      env: { ...env, ...options.env },
      stdio: ['ignore', 'pipe', 'pipe'],
      signal: options.signal,
      killSignal: 'SIGKILL',
    });
    let out = '';
    let err = '';
    let seen = 0;
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      out += chunk;
      if (!options.onLine) return;
      for (let end = out.indexOf('\n', seen); end >= 0; end = out.indexOf('\n', seen)) {
        options.onLine(out.slice(seen, end));
        seen = end + 1;
      }
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      err += chunk;
    });
    child.on('error', (error) => done({ code: 127, out, err: `${err}${error.message}` }));
    child.on('close', (code) => done({ code: code ?? 1, out, err }));
  });
  options.signal?.throwIfAborted();
  return ran;
}

/** One program's standard output into the other's standard input. Says what the second printed. */
export async function pipePrograms(
  from: readonly [command: string, ...args: string[]],
  into: readonly [command: string, ...args: string[]],
  signal: AbortSignal | undefined,
): Promise<Ran> {
  signal?.throwIfAborted();
  const options = {
    env: { PATH: SYSTEM_PATH, LC_ALL: 'C' },
    cwd: '/',
    signal,
    killSignal: 'SIGKILL',
  } as const;
  const source = spawn('setpriv', ['--pdeathsig', 'KILL', ...from], {
    ...options,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const sink = spawn('setpriv', ['--pdeathsig', 'KILL', ...into], {
    ...options,
    stdio: [source.stdout, 'pipe', 'pipe'],
  });
  // The sink has its own copy of this end; ours would keep the pipe open when the sink dies.
  source.stdout.destroy();
  let out = '';
  let err = '';
  source.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    err += chunk;
  });
  sink.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    err += chunk;
  });
  sink.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    out += chunk;
  });
  const codes = await Promise.all(
    [source, sink].map(
      (child) =>
        new Promise<number>((done) => {
          child.on('error', (error) => {
            err += error.message;
            done(127);
          });
          child.on('close', (code) => done(code ?? 1));
        }),
    ),
  );
  signal?.throwIfAborted();
  return { code: Math.max(...codes), out, err };
}

/** The line that says what went wrong, among what a client printed. */
export function telling(text: string, wanted: RegExp): string | null {
  const line = text.split('\n').find((l) => wanted.test(l));
  return line === undefined ? null : line.replace(wanted, '').trim();
}
