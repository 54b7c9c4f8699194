/** Opening a book: the built-in pack, another pack, or a tree of records compiled on the spot. */
import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Book, type BookSource, decodePack } from '../book/index.ts';
import type { Issue } from '../record/index.ts';
import { InputError } from './input-error.ts';

export interface OpenBookOptions {
  /** A tree of record files (our layout or seed-format JSON), compiled on the spot. */
  readonly records?: string;
  /** A pack file as written by `faultbook build`. */
  readonly pack?: string;
}

/** A book and what had to be reported while it was opened. */
export interface OpenedBook extends Book {
  /** Records left out or repaired; empty for a pack. */
  readonly issues: readonly Issue[];
}

const BUILT_IN_PACK = new URL('./book.pack', import.meta.url);

/**
 * Opens a book. Without options: the book that ships with the package, offline, nothing compiled.
 * @throws {InputError} where the path cannot be read or is no pack; bad records inside a tree only give issues.
 */
export async function openBook(options: OpenBookOptions = {}): Promise<OpenedBook> {
  if (options.records !== undefined) return openRecords(options.records);
  if (options.pack !== undefined) return openPack(options.pack, false);
  return openPack(fileURLToPath(BUILT_IN_PACK), true);
}

/** Opens a path that a person named: a folder or a JSON file of records, else a pack. */
export async function openBookAt(path: string): Promise<OpenedBook> {
  const isTree = readOrExplain(path, () => statSync(path).isDirectory()) || /\.(?:json|txt)$/.test(path);
  return isTree ? openRecords(path) : openPack(path, false);
}

async function openPack(path: string, trusted: boolean): Promise<OpenedBook> {
  const text = readOrExplain(path, () => readFileSync(path, 'utf8'));
  const { book, problem } = decodePack(text, { trusted });
  if (!book) throw new InputError(`${path}: ${problem}`);
  if (trusted) return { ...book, issues: [] };
  // Of a pack from elsewhere only the records are taken, each read as strictly as from a file: its compiled part
  // could say anything.
  const { recordsOf } = await import('./record-files.ts');
  const { records, issues } = recordsOf(book.records, path);
  return compileOpened(records, issues);
}

async function compileOpened(records: readonly BookSource[], issues: readonly Issue[]): Promise<OpenedBook> {
  // Compiling needs the background; opening the built-in pack, the common case, must not load it.
  const [{ readBackground }, { compileBook }] = await Promise.all([
    import('./background-file.ts'),
    import('../book/index.ts'),
  ]);
  const compiled = compileBook(records, { background: readBackground() });
  return { ...compiled.book, issues: [...issues, ...compiled.issues] };
}

async function openRecords(path: string): Promise<OpenedBook> {
  const { readRecords } = await import('./record-files.ts');
  const { records, issues } = readOrExplain(path, () => readRecords(path));
  return compileOpened(records, issues);
}

function readOrExplain<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const reason =
      code === 'ENOENT'
        ? 'there is no such file or folder'
        : code === 'EACCES'
          ? 'permission denied'
          : (error as Error).message;
    throw new InputError(`${path}: ${reason}`);
  }
}
