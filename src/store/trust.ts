/**
 * Trust: which folders and packs of records the person here vouches for. One file a path in the user's state folder, with
 * the digest of everything that was vouched for: whatever changes afterwards is untrusted again.
 */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { InputError } from './error.ts';
import { makePrivate, writeWhole } from './write.ts';

/** `FAULTBOOK_STATE`, or `faultbook` below `XDG_STATE_HOME`, `%LOCALAPPDATA%` or `~/.local/state`. */
export function stateFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env.FAULTBOOK_STATE) return resolve(env.FAULTBOOK_STATE);
  const xdg = env.XDG_STATE_HOME;
  if (xdg && isAbsolute(xdg)) return join(xdg, 'faultbook');
  if (process.platform === 'win32' && env.LOCALAPPDATA) return join(env.LOCALAPPDATA, 'faultbook');
  return join(homedir(), '.local', 'state', 'faultbook');
}

/** A path that was vouched for. */
export interface TrustEntry {
  readonly path: string;
  /** Day on which it was said. */
  readonly date: string;
  /** File below the path (`.` for a pack) → SHA-256 of its bytes. */
  readonly files: Readonly<Record<string, string>>;
}

export type TrustState =
  | { readonly trusted: true }
  /** `changed`: files that are other, new or gone since it was vouched for; null where it never was. */
  | { readonly trusted: false; readonly changed: readonly string[] | null };

/** Whether a path is trusted as it is now. Never throws: what cannot be read is not trusted. */
export function trustOf(path: string, state: string = stateFolder()): TrustState {
  const entry = readEntry(entryFile(state, path));
  if (!entry) return { trusted: false, changed: null };
  const now = digestsOf(path);
  const names = new Set([...Object.keys(now), ...Object.keys(entry.files)]);
  const changed = [...names].filter((name) => now[name] !== entry.files[name]).sort();
  return changed.length === 0 ? { trusted: true } : { trusted: false, changed };
}

/**
 * Vouches for a folder of records or a pack as it is now.
 * @param today the day, as `2026-11-23`
 * @throws {InputError} where it cannot be read or the state folder cannot be written.
 */
export function trust(path: string, today: string, state: string = stateFolder()): TrustEntry {
  if (!existsSync(path)) throw new InputError(`${path}: there is no such file or folder`);
  const entry: TrustEntry = { path: realpathSync(path), date: today, files: digestsOf(path) };
  if (Object.keys(entry.files).length === 0) throw new InputError(`${path} holds no records to trust`);
  makePrivate(state);
  makePrivate(join(state, 'trust'));
  const file = entryFile(state, path);
  writeWhole(file, `${JSON.stringify(entry, null, 2)}\n`);
  chmodSync(file, 0o600);
  return entry;
}

/** Takes it back; false where it was not trusted. A path that is gone can be named too. */
export function distrust(path: string, state: string = stateFolder()): boolean {
  const file = entryFile(state, path);
  if (!existsSync(file)) return false;
  rmSync(file);
  return true;
}

/** Everything vouched for, by path. */
export function listTrust(state: string = stateFolder()): readonly TrustEntry[] {
  let names: string[];
  try {
    names = readdirSync(join(state, 'trust'));
  } catch {
    return [];
  }
  return names
    .filter((n) => n.endsWith('.json'))
    .flatMap((n) => readEntry(join(state, 'trust', n)) ?? [])
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** A name that no path can lead astray. */
function entryFile(state: string, path: string): string {
  let real = resolve(path);
  try {
    real = realpathSync(path);
  } catch {
    // Gone: its name is what it was called.
  }
  return join(state, 'trust', `${createHash('sha256').update(real).digest('hex').slice(0, 40)}.json`);
}

function readEntry(file: string): TrustEntry | null {
  let descriptor: number | null = null;
  try {
    // Not through a link: it could name what somebody else wrote.
    descriptor = openSync(file, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
    const value = JSON.parse(readFileSync(descriptor, 'utf8')) as Partial<TrustEntry>;
    if (typeof value.path !== 'string' || typeof value.date !== 'string' || !value.files) return null;
    return { path: value.path, date: value.date, files: { ...value.files } };
  } catch {
    return null;
  } finally {
    if (descriptor !== null) closeSync(descriptor);
  }
}

/** Bounds of what can be trusted at once; beyond, nothing is. */
export const TRUST_LIMITS = {
  maxFiles: 200_000,
  maxFolderDepth: 16,
  maxFileBytes: 64 * 1024 * 1024,
} as const;
/** What a book is read from. */
const READ = /\.(?:json|txt|ya?ml|ndjson|jsonl|md)$/;
const SKIPPED = new Set(['node_modules', '.git', 'samples']);

/** Every file below a folder that a book could be read from; links are never read, so they do not count. */
function filesBelow(folder: string, depth = 0): string[] {
  if (depth > TRUST_LIMITS.maxFolderDepth) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : filesBelow(path, depth + 1);
    return entry.isFile() && READ.test(entry.name) ? [path] : [];
  });
}

/** Digests of everything that is read of a book there. */
function digestsOf(path: string): Record<string, string> {
  const digests: Record<string, string> = Object.create(null);
  const add = (name: string, file: string): void => {
    try {
      if (lstatSync(file).size > TRUST_LIMITS.maxFileBytes) return;
      digests[name] = createHash('sha256').update(readFileSync(file)).digest('hex');
    } catch {
      // Cannot be read: nothing of it gets into a book either.
    }
  };
  try {
    if (!statSync(path).isDirectory()) add('.', path);
    else {
      const files = filesBelow(path);
      if (files.length > TRUST_LIMITS.maxFiles) return {};
      for (const file of files) add(relative(path, file).split(sep).join('/'), file);
    }
  } catch {
    return {};
  }
  return digests;
}
