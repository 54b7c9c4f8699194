/**
 * Real pipes. Node gives a child sockets where it says `pipe`, and a socket cannot be opened by name: a script that
 * writes to /dev/stdout or /dev/stderr, as many do in CI, fails under it. So a named pipe is made, opened at both ends
 * and unlinked at once: nothing is left behind, however we end.
 */
import { spawnSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface Pipe {
  /** Non-blocking, for us. */
  readonly readFd: number;
  /** Blocking, for the child; close it once the child has it. */
  readonly writeFd: number;
}

/** @returns null where the system has no named pipes, or no place for one. */
export function openPipes(count: number): readonly Pipe[] | null {
  if (process.platform === 'win32') return null;
  let folder: string;
  try {
    folder = mkdtempSync(join(tmpdir(), 'faultbook-run-'));
  } catch {
    return null;
  }
  const pipes: Pipe[] = [];
  try {
    const paths = Array.from({ length: count }, (_, i) => join(folder, String(i)));
    if (spawnSync('mkfifo', ['-m', '600', ...paths], { stdio: 'ignore' }).status !== 0) return null;
    for (const path of paths) {
      // In this order neither waits for the other.
      const readFd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      pipes.push({ readFd, writeFd: openSync(path, constants.O_WRONLY) });
    }
    return pipes;
  } catch {
    for (const { readFd, writeFd } of pipes) {
      closeSync(readFd);
      closeSync(writeFd);
    }
    return null;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
