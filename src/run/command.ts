/** Finding the program, as execvp(3) does, so that we can say what a shell says where it is not there. */
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** What a shell exits with (POSIX, 2.8.2): no such command; there, but it cannot be run. */
export const CANNOT_START = { notFound: 127, notExecutable: 126 } as const;

/** Where execvp looks when there is no PATH. */
const DEFAULT_PATH = '/bin:/usr/bin';

export interface CannotStart {
  readonly exitCode: number;
  readonly message: string;
}

/** @returns null where the command can be started, as far as files tell. */
export function cannotStart(name: string, path: string | undefined): CannotStart | null {
  // Windows finds programs by other rules; there the attempt itself tells.
  if (process.platform === 'win32') return null;
  if (name === '') return { exitCode: CANNOT_START.notFound, message: "'': command not found" };
  const inPath = !name.includes('/');
  const places = inPath
    ? (path ?? DEFAULT_PATH).split(delimiter).map((dir) => join(dir || '.', name))
    : [name];
  const found = places.map(standing);
  if (found.includes('program')) return null;
  const { notFound, notExecutable } = CANNOT_START;
  if (found.includes('forbidden')) return { exitCode: notExecutable, message: `${name}: permission denied` };
  if (inPath) return { exitCode: notFound, message: `${name}: command not found` };
  if (found.includes('folder')) return { exitCode: notExecutable, message: `${name}: is a directory` };
  return { exitCode: notFound, message: `${name}: no such file or directory` };
}

function standing(path: string): 'program' | 'forbidden' | 'folder' | 'nothing' {
  try {
    if (statSync(path).isDirectory()) return 'folder';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES' ? 'forbidden' : 'nothing';
  }
  try {
    accessSync(path, constants.X_OK);
    return 'program';
  } catch {
    return 'forbidden';
  }
}
