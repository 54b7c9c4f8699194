/** Opening a book: the built-in pack, another pack, or a tree of records compiled on the spot. */
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Book, type BookSource, compileBook, decodePack, joinBooks, PACK_MAGIC } from '../book/index.ts';
import type { Issue } from '../record/index.ts';
import { InputError } from './error.ts';

export interface OpenBookOptions {
  /** A tree of record files (our layout, or another format that is read), compiled on the spot. */
  readonly records?: string;
  /** A pack file as written by `faultbook build`. */
  readonly pack?: string;
  /** Several books joined: folders, record files, packs, and `builtin`. Of an id, `builtin` has it, else the book named first. */
  readonly books?: readonly string[];
  /**
   * Whether the caller vouches for what a path holds, as `faultbook trust` does: its evidence then counts, and agents get
   * its advice. Default: nothing is trusted but the book that ships with the package.
   */
  readonly trusted?: boolean | ((path: string) => boolean);
}

/** A book and what had to be reported while it was opened. */
export interface OpenedBook extends Book {
  /** Records left out, repaired or renamed; empty for the book that ships with the package. */
  readonly issues: readonly Issue[];
}

/** What names the book that ships with the package, where paths are named. */
export const BUILT_IN = 'builtin';
const BUILT_IN_PACK = new URL('./book.pack', import.meta.url);

/**
 * Opens a book. Without options: the book that ships with the package, offline, nothing compiled.
 * @throws {InputError} where a path cannot be read or is no pack; bad records inside a tree only give issues.
 */
export async function openBook(options: OpenBookOptions = {}): Promise<OpenedBook> {
  const paths =
    options.books ??
    (options.records !== undefined
      ? [options.records]
      : options.pack !== undefined
        ? [options.pack]
        : [BUILT_IN]);
  const vouched = (path: string): boolean =>
    typeof options.trusted === 'function' ? options.trusted(path) : options.trusted === true;
  const opened: { name: string; path: string; book: OpenedBook }[] = [];
  for (const path of paths) {
    const book = path === BUILT_IN ? await openBuiltIn() : await openPath(path, options, vouched(path));
    opened.push({ name: nameOf(path), path, book });
  }
  const [only] = opened;
  if (only && opened.length === 1) return only.book;
  // Whoever is named first: nothing takes an id of the book that ships with the package.
  opened.sort((a, b) => Number(b.path === BUILT_IN) - Number(a.path === BUILT_IN));
  const { book, renamed } = joinBooks(opened);
  const issues = renamed.map(
    ({ from, to }): Issue => ({
      severity: 'warning',
      code: 'id-taken',
      file: opened.find((o) => to.startsWith(o.name))?.path ?? '-',
      field: 'id',
      problem: `the id ${from} is taken by an earlier book`,
      why: 'a record never hides another one',
      remedy: `it is called ${to} here; rename it, or name its book first`,
    }),
  );
  return { ...book, issues: [...opened.flatMap((o) => o.book.issues), ...issues] };
}

async function openBuiltIn(): Promise<OpenedBook> {
  const path = fileURLToPath(BUILT_IN_PACK);
  const { book, problem } = decodePack(readBytes(path), { trusted: true });
  if (!book) throw new InputError(`${path}: ${problem}`);
  return { ...book, issues: [] };
}

/** A folder or a file of records, else a pack. */
async function openPath(path: string, options: OpenBookOptions, trusted: boolean): Promise<OpenedBook> {
  const asPack = options.pack === path || (options.records !== path && isPack(path));
  const opened = asPack ? await openPack(path) : await openRecords(path);
  return { ...opened, standing: opened.records.map(() => ({ book: path, trusted })) };
}

/** A short name for a book: the last part of its path that says something. */
function nameOf(path: string): string {
  const parts = path
    .split(/[\\/]+/)
    .map((p) =>
      p
        .toLowerCase()
        .replace(/\.(?:pack|json|txt|ya?ml|ndjson|jsonl)$/, '')
        .replace(/[^a-z0-9.-]+/g, '-')
        .replace(/^[.-]+|[.-]+$/g, ''),
    )
    .filter((p) => p !== '' && p !== 'records');
  return parts[parts.length - 1]?.slice(0, 40) ?? 'book';
}

/** A file that begins as packs do. */
function isPack(path: string): boolean {
  return readOrExplain(path, () => {
    if (!statSync(path).isFile()) return false;
    const start = Buffer.alloc(PACK_MAGIC.length);
    const handle = openSync(path, 'r');
    try {
      readSync(handle, start);
    } finally {
      closeSync(handle);
    }
    return start.toString('latin1') === PACK_MAGIC;
  });
}

async function openPack(path: string): Promise<OpenedBook> {
  // Loading a library of digests would cost the built-in book several milliseconds; here it saves more.
  const { createHash } = await import('node:crypto');
  const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();
  const { book, problem } = decodePack(readBytes(path), { sha256 });
  if (!book) throw new InputError(`${path}: ${problem}`);
  // Of a pack from elsewhere only the records are taken, each read as strictly as from a file: its compiled part
  // could say anything.
  const { recordsOf } = await import('./record-files.ts');
  const { records, issues } = recordsOf(book.records, path);
  return compileOpened(records, issues);
}

function readBytes(path: string): Uint8Array {
  return readOrExplain(path, () => readFileSync(path));
}

async function compileOpened(records: readonly BookSource[], issues: readonly Issue[]): Promise<OpenedBook> {
  // Compiling needs the background; opening the built-in pack, the common case, must not load it.
  const { readBackground } = await import('./background-file.ts');
  const compiled = compileBook(records, { background: readBackground() });
  return { ...compiled.book, issues: [...issues, ...compiled.issues] };
}

async function openRecords(path: string): Promise<OpenedBook> {
  const { readRecords } = await import('./record-files.ts');
  const { records, issues } = readOrExplain(path, () => readRecords(path));
  const [first] = issues;
  if (first && records.length === 0 && !statSync(path).isDirectory()) {
    throw new InputError(`${path} is no faultbook pack, and ${first.problem}; ${first.remedy}`);
  }
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
