/**
 * One at a time, among processes: whoever reads a file, changes what it holds and writes it back. A lock is a file beside it
 * that names its holder; a link makes it, which, unlike a rename, does not replace what is there. A holder that was killed
 * blocks nobody: its lock is broken as soon as it is seen to be dead.
 */
import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { InputError } from './error.ts';

/** Limits of a lock. */
export const LOCK_LIMITS = {
  /** Who waits longer gives up: a hook has a second. Work under a lock takes about a millisecond. */
  maxWaitMs: 500,
  /** A lock that is older is broken though its holder seems to live: it may be another process of that number. */
  maxAgeMs: 2000,
  pauseMs: 2,
} as const;

const PAUSE = new Int32Array(new SharedArrayBuffer(4));

/**
 * Does something while nobody else does it for the same file.
 * @throws {InputError} where the lock cannot be had, and whatever the work throws.
 */
export function withLock<T>(file: string, work: () => T): T {
  const lock = `${file}.lock`;
  const me = `${process.pid} ${randomBytes(8).toString('hex')}`;
  const draft = `${file}.${me.split(' ')[1]}.draft`;
  try {
    writeFileSync(draft, me, { mode: 0o600, flag: 'wx' });
    const until = performance.now() + LOCK_LIMITS.maxWaitMs;
    while (!linked(draft, lock) && !takeOver(draft, lock)) {
      if (performance.now() > until) throw new Error('another process holds its lock');
      // Not in step with others who wait.
      Atomics.wait(PAUSE, 0, 0, (0.2 + Math.random()) * LOCK_LIMITS.pauseMs);
    }
  } catch (error) {
    throw new InputError(`${file} cannot be changed: ${(error as Error).message}`);
  } finally {
    rmSync(draft, { force: true });
  }
  try {
    return work();
  } finally {
    // It may have been broken, and be another's by now.
    if (holderOf(lock) === me) rmSync(lock, { force: true });
  }
}

function linked(draft: string, lock: string): boolean {
  try {
    linkSync(draft, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function holderOf(lock: string): string | null {
  try {
    return readFileSync(lock, 'utf8');
  } catch {
    return null;
  }
}

/**
 * Takes over the lock of a dead holder. Several may see it dead: a file that bears the name of the dead one is made by one
 * of them only, and while it is there nobody else replaces that lock.
 */
function takeOver(draft: string, lock: string): boolean {
  const holder = holderOf(lock);
  if (holder === null) return false;
  const [pid, name] = holder.split(' ');
  if (!/^[0-9a-f]{16}$/.test(name ?? '') || (isAlive(Number(pid)) && !isOld(lock))) return false;
  const heir = `${lock}.${name}.heir`;
  if (!linked(draft, heir)) return false;
  try {
    // Taken over already, before we had the right to.
    if (holderOf(lock) !== holder) return false;
    renameSync(draft, lock);
    return true;
  } finally {
    rmSync(heir, { force: true });
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function isOld(lock: string): boolean {
  try {
    return Date.now() - statSync(lock).mtimeMs > LOCK_LIMITS.maxAgeMs;
  } catch {
    return false;
  }
}
