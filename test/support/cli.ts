/** Runs the built command line as a person would: a process, bytes in, bytes out. */
import { spawn } from 'node:child_process';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const CLI = `${ROOT}dist/faultbook.cjs`;

/** Certificates that this machine needs to reach package registries at all. */
const AUTHORITIES = Object.fromEntries(
  ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  }),
);

export interface Run {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Peak memory of the process, MB; null where it was not measured. */
  readonly maxRssMb: number | null;
}

export interface RunOptions {
  /** Standard input; absent: none (closed). */
  readonly input?: string | Buffer | AsyncIterable<Buffer>;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly measure?: boolean;
  readonly node?: string;
}

export async function faultbook(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  const preload = options.measure ? ['-r', `${ROOT}bench/usage-at-exit.cjs`] : [];
  const child = spawn(options.node ?? process.execPath, [...preload, CLI, ...args], {
    cwd: options.cwd ?? ROOT,
    env: {
      PATH: process.env.PATH ?? '',
      HOME: '/nonexistent',
      LANG: 'C.UTF-8',
      // Answers must not depend on the machine that runs the tests.
      FAULTBOOK_ENVIRONMENT: 'any',
      ...AUTHORITIES,
      ...options.env,
    },
    stdio: [options.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe', 'pipe'],
  });
  const { stdin } = child;
  if (stdin && options.input !== undefined) {
    // The program may stop reading before the end; that is no failure of the test.
    stdin.on('error', () => {});
    if (typeof options.input === 'string' || Buffer.isBuffer(options.input)) stdin.end(options.input);
    else {
      const { input } = options;
      void (async () => {
        for await (const chunk of input) {
          if (!stdin.write(chunk)) await new Promise((resolve) => stdin.once('drain', resolve));
        }
        stdin.end();
      })();
    }
  }
  const [stdout, stderr, usage, status] = await Promise.all([
    collect(child.stdout as Readable),
    collect(child.stderr as Readable),
    collect(child.stdio[3] as Readable),
    new Promise<number | null>((resolve) => child.on('close', resolve)),
  ]);
  return { status, stdout, stderr, maxRssMb: usage === '' ? null : JSON.parse(usage).max_rss_mb };
}

async function collect(stream: Readable): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
