/**
 * The cache on disk. A file or folder gets its place by one rename when it is whole, and never changes afterwards;
 * so whatever stands at its place can be used, and a run that was killed leaves nothing but staging to sweep.
 */
import { createHash, randomBytes } from 'node:crypto';
import { access, chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { runClient, startProgram } from './client.ts';
import { CannotProvision, type ProvisionOptions } from './part.ts';

/** How long another run may hold a lock before a line says that this one waits. */
const WAITING_AFTER_MS = 500;

/** `FAULTBOOK_CACHE`, or `faultbook/lab` below `XDG_CACHE_HOME` or `~/.cache`. */
export function cacheFolder(): string {
  const own = process.env.FAULTBOOK_CACHE;
  if (own) return resolve(own);
  const base = process.env.XDG_CACHE_HOME;
  return join(base && isAbsolute(base) ? base : join(homedir(), '.cache'), 'faultbook', 'lab');
}

/**
 * Runs the work while this process alone holds the lock of that name, in an empty staging folder of its own. The
 * kernel gives the lock back when its holder ends, however it ends; what such a holder left in staging is removed.
 */
export async function underLock<T>(
  name: string,
  { cache, say, signal }: ProvisionOptions,
  work: (staging: string) => Promise<T>,
): Promise<T> {
  const locks = join(cache, 'locks');
  const staging = join(cache, 'staging', name);
  await mkdir(locks, { recursive: true });
  // Holds the lock until its standard input ends: with this process, at the latest.
  const holder = startProgram('flock', ['-F', '-x', join(locks, name), 'sh', '-c', 'echo; exec cat']);
  const ended = new Promise<never>((_, fail) => {
    holder.on('error', (error) =>
      fail(new CannotProvision(`flock (util-linux) does not run: ${error.message}`)),
    );
    holder.on('exit', () => fail(new CannotProvision(`the lock ${join(locks, name)} cannot be had`)));
  });
  ended.catch(() => {});
  const abort = () => holder.kill('SIGKILL');
  signal?.addEventListener('abort', abort);
  const waiting = setTimeout(() => say(`waiting for another run that provisions ${name}`), WAITING_AFTER_MS);
  try {
    signal?.throwIfAborted();
    await Promise.race([new Promise((done) => holder.stdout.once('data', done)), ended]);
    clearTimeout(waiting);
    // From here on the lock is held until what is under way has ended, whatever ends it.
    signal?.removeEventListener('abort', abort);
    await rm(staging, { recursive: true, force: true });
    await mkdir(staging, { recursive: true });
    return await work(staging);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    clearTimeout(waiting);
    signal?.removeEventListener('abort', abort);
    await rm(staging, { recursive: true, force: true }).catch(() => {});
    holder.stdin.end();
  }
}

/** Moves what was staged to its place, when it is safely on disk. */
export async function settle(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  // A rename may reach the disk before the data does; a machine that stops in between would leave empty files.
  await runClient('sync', ['-f', from]);
  await rename(from, to);
}

/** Lets every account inside read what a client wrote, whatever this process' own settings kept from others. */
export async function openForReading(folder: string): Promise<void> {
  const ran = await runClient('chmod', ['-R', 'a+rX', folder]);
  if (ran.code !== 0) throw new CannotProvision(`${folder} cannot be made readable: ${ran.err.trim()}`);
}

/** A file that is there whole or not at all. */
export async function writeWhole(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(draft, text);
  await chmod(draft, 0o644);
  await rename(draft, path);
}

/** What a JSON file of ours says, or null where there is none that can be read. */
export async function readRecord<T>(path: string): Promise<T | null> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as T;
  } catch {
    return null;
  }
}

export async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** A short name for anything that JSON can say. */
export function keyOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}
