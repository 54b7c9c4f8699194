/** Writing files whole or not at all. */
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { InputError } from './error.ts';

/** Makes a folder and those above it. (Node's own recursive mkdir never returns below /proc.) */
function makeFolder(path: string, mode = 0o777): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path), mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    // Another process may have been faster.
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/** Makes a folder that its owner alone can look into; the state folder is one. */
export function makePrivate(path: string): void {
  makeFolder(path, 0o700);
  chmodSync(path, 0o700);
}

/**
 * Writes a file whole or not at all.
 * @throws {InputError} where it cannot be written.
 */
export function writeWhole(path: string, text: string | Uint8Array): void {
  const draft = `${path}.${process.pid}.tmp`;
  try {
    makeFolder(dirname(resolve(path)));
    writeFileSync(draft, text);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw new InputError(`${path} cannot be written: ${(error as Error).message}`);
  }
}
