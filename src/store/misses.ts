/**
 * Misses: what could not be diagnosed here, for whoever writes the next record. Only where the person asked for it; redacted
 * and without what varies; one line of JSON each, appended in one write, so that many writers and a killed one leave whole
 * lines and at most one piece, which nobody reads. Nothing leaves this machine.
 */
import {
  appendFileSync,
  chmodSync,
  existsSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { InputError } from './error.ts';
import { stateFolder } from './trust.ts';
import { makePrivate, writeWhole } from './write.ts';

/** Limits of what is kept; `docs/books.md` lists them. */
export const MISSES_LIMITS = {
  /** The file is cut to half of this, the older half going, when it grows beyond. */
  maxBytes: 1024 * 1024,
  /** Kinds of lines taken of one output. */
  maxPerOutput: 5,
  /** Longest line that is kept. */
  maxChars: 300,
} as const;

/** One kind of line that no record fits. */
export interface Miss {
  /** The line without what varies. */
  readonly shape: string;
  /** The line, redacted. */
  readonly example: string;
  /** Day, as `2026-11-23`. */
  readonly date: string;
}

/** Misses of one shape. */
export interface MissGroup extends Miss {
  /** Outputs in which it stood; `date` is the last day. */
  readonly count: number;
  readonly first: string;
}

const fileOf = (state: string): string => join(state, 'misses.ndjson');
const switchOf = (state: string): string => join(state, 'misses.on');

/** Whether the person asked for it. */
export function keepsMisses(state: string = stateFolder()): boolean {
  return existsSync(switchOf(state));
}

/** @throws {InputError} where the state folder cannot be written. */
export function switchMisses(on: boolean, state: string = stateFolder()): void {
  try {
    if (!on) rmSync(switchOf(state), { force: true });
    else {
      makePrivate(state);
      writeFileSync(switchOf(state), '', { mode: 0o600 });
    }
  } catch (error) {
    throw new InputError(`${state} cannot be written: ${(error as Error).message}`);
  }
}

/**
 * Keeps the misses of one output: redacted by the caller.
 * @throws {InputError} where they cannot be written.
 */
export function addMisses(misses: readonly Miss[], state: string = stateFolder()): void {
  if (misses.length === 0) return;
  const lines = misses.slice(0, MISSES_LIMITS.maxPerOutput).map(({ shape, example, date }) =>
    JSON.stringify({
      shape: shape.slice(0, MISSES_LIMITS.maxChars),
      example: example.slice(0, MISSES_LIMITS.maxChars),
      date,
    }),
  );
  const file = fileOf(state);
  try {
    makePrivate(state);
    // A killed writer may have left a piece without an end: the new lines must not become part of it.
    appendFileSync(file, `\n${lines.join('\n')}\n`, { mode: 0o600 });
    if (statSync(file).size > MISSES_LIMITS.maxBytes) halve(file);
  } catch (error) {
    throw new InputError(`${file} cannot be written: ${(error as Error).message}`);
  }
}

function halve(file: string): void {
  const text = readFileSync(file, 'utf8');
  const from = text.indexOf('\n', text.length - MISSES_LIMITS.maxBytes / 2);
  writeWhole(file, from === -1 ? '' : text.slice(from));
  chmodSync(file, 0o600);
}

/** What is kept, grouped by shape, most frequent first. Lines that are no whole entry are passed over. */
export function readMisses(state: string = stateFolder()): readonly MissGroup[] {
  let text = '';
  try {
    text = readFileSync(fileOf(state), 'utf8');
  } catch {
    return [];
  }
  const groups = new Map<string, MissGroup>();
  for (const line of text.split('\n')) {
    const miss = parse(line);
    if (!miss) continue;
    const known = groups.get(miss.shape);
    groups.set(miss.shape, {
      ...(known ?? { ...miss, first: miss.date }),
      date: known && known.date > miss.date ? known.date : miss.date,
      count: (known?.count ?? 0) + 1,
    });
  }
  return [...groups.values()].sort((a, b) => b.count - a.count || (a.shape < b.shape ? -1 : 1));
}

function parse(line: string): Miss | null {
  if (line === '') return null;
  try {
    const { shape, example, date } = JSON.parse(line) as Partial<Miss>;
    return typeof shape === 'string' && typeof example === 'string' && typeof date === 'string'
      ? { shape, example, date }
      : null;
  } catch {
    return null;
  }
}

/** Forgets all of it; the switch stays as it is. */
export function clearMisses(state: string = stateFolder()): void {
  rmSync(fileOf(state), { force: true });
}
