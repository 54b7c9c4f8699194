/**
 * The ledger of outcome reports: one file of lines of JSON in the user's state folder, only ever appended to. Every report is
 * one write that begins and ends with a line end, so that many writers and a killed one leave whole lines and at most pieces,
 * which nobody reads: a line counts only where its digest is right. A report is acknowledged when the disk has it. The same
 * report twice is one. Everything is redacted; nothing leaves this machine unless it is exported.
 */
import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fdatasyncSync,
  fstatSync,
  linkSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type KeptReport, type OutcomeReport, parseReport } from '../evidence/index.ts';
import { redact } from '../redact/index.ts';
import { InputError } from './error.ts';
import { stateFolder } from './trust.ts';
import { makePrivate } from './write.ts';

/** Limits of the ledger; `docs/reports.md` lists them. */
export const LEDGER_LIMITS = {
  /** A ledger of this size takes nothing more; a larger one is not imported. */
  maxBytes: 64 * 1024 * 1024,
  /** A longer line is no report. */
  maxLineBytes: 8 * 1024,
  /** Writes that are begun again where the disk took only a part. */
  maxAttempts: 3,
} as const;

/** First line of an exported ledger. */
const EXPORT_SCHEMA = 'faultbook-ledger.v1';
const DIGEST_CHARS = 32;
const REPORTER_CHARS = 16;
/** `install-…`, `token-…`, `ledger-…`. */
const REPORTER = /^(?:install|token|ledger)-[0-9a-f]{16}$/;

const fileOf = (state: string): string => join(state, 'reports.ndjson');
const idFileOf = (state: string): string => join(state, 'install-id');
/** Windows has no such flag. */
const NO_LINKS = constants.O_NOFOLLOW ?? 0;

/** Who reports: this installation where nothing else is known, or whoever holds a token of the server. */
export type Reporter = { readonly token: string } | null;

/**
 * Keeps reports, in this order; when it returns, the disk has all of them.
 * @param at when, `2026-11-30T20:00:00Z`
 * @throws {InputError} where they cannot be kept; then none is acknowledged, though some may be there.
 */
export function appendReports(
  reports: readonly OutcomeReport[],
  at: string,
  reporter: Reporter = null,
  state: string = stateFolder(),
): readonly KeptReport[] {
  const who = reporter === null ? `install-${shortDigest(installId(state))}` : tokenName(reporter.token);
  const kept = reports.map((report) => keptAs(cleaned(report), at, who));
  if (kept.length > 0) appendLines(kept.map(lineOf), state);
  return kept;
}

/**
 * What was kept, in the order in which it was; a report that is there twice counts where it stands last. Lines that are
 * no whole report are passed over.
 * @param record only reports on this record: the file is searched, not parsed
 */
export function readLedger(
  record: string | null = null,
  state: string = stateFolder(),
): readonly KeptReport[] {
  const bytes = readOwn(fileOf(state));
  if (bytes === null) return [];
  const reports = new Map<string, KeptReport>();
  for (const line of record === null
    ? linesOf(bytes)
    : linesWith(bytes, `"record":${JSON.stringify(record)}`)) {
    const report = parseLine(line);
    if (!report || (record !== null && report.record !== record)) continue;
    reports.delete(report.id);
    reports.set(report.id, report);
  }
  return [...reports.values()];
}

/**
 * The ledger as a text to hand on: a first line with its name, then reports without who made them. `notes`: with what people
 * wrote into them (redacted).
 */
export function exportLedger(notes: boolean, state: string = stateFolder()): string {
  const header = { schema: EXPORT_SCHEMA, ledger: shortDigest(installId(state)) };
  const seen = new Set<string>();
  const lines = readLedger(null, state).map(({ id: _, reporter: __, ...report }) =>
    JSON.stringify(notes ? report : { ...report, note: null }),
  );
  return [JSON.stringify(header), ...lines.filter((l) => !seen.has(l) && seen.add(l)), ''].join('\n');
}

/** What an import came to. */
export interface LedgerImport {
  readonly taken: number;
  /** Were here already. */
  readonly known: number;
  /** Lines that are no report, or one that the caller did not want. */
  readonly refused: number;
}

/**
 * Takes an exported ledger in. Whatever it says of reporters, all of it is one: the ledger.
 * @param accept which reports are wanted, e.g. those on records that the book has
 * @throws {InputError} where it is no ledger, too large, or this machine's own.
 */
export function importLedger(
  text: string,
  accept: (report: OutcomeReport) => boolean,
  state: string = stateFolder(),
): LedgerImport {
  if (Buffer.byteLength(text) > LEDGER_LIMITS.maxBytes)
    throw new InputError(`a ledger of more than ${LEDGER_LIMITS.maxBytes} bytes is not read`);
  const [first = '', ...lines] = text.split('\n');
  const { schema, ledger } = (parseJson(first) ?? {}) as { schema?: unknown; ledger?: unknown };
  if (schema !== EXPORT_SCHEMA || typeof ledger !== 'string' || !/^[0-9a-f]{16}$/.test(ledger))
    throw new InputError('this is no exported ledger; one is written by: faultbook reports export');
  if (ledger === shortDigest(installId(state)))
    throw new InputError('this ledger was exported here: it would count twice');
  const who = `ledger-${shortDigest(ledger)}`;
  const there = new Set(readLedger(null, state).map((r) => r.id));
  const taken = new Map<string, KeptReport>();
  let [known, refused] = [0, 0];
  for (const line of lines) {
    if (line.trim() === '') continue;
    const value = Buffer.byteLength(line) > LEDGER_LIMITS.maxLineBytes ? null : parseJson(line);
    const report = parseReport(value);
    const at = (value as { at?: unknown } | null)?.at;
    if (!report || !isTime(at) || !accept(report)) {
      refused++;
      continue;
    }
    const kept = keptAs(cleaned(report), at, who);
    if (there.has(kept.id) || taken.has(kept.id)) known++;
    else taken.set(kept.id, kept);
  }
  if (taken.size > 0) appendLines([...taken.values()].map(lineOf), state);
  return { taken: taken.size, known, refused };
}

/** Forgets every report; the installation keeps its name. */
export function clearLedger(state: string = stateFolder()): void {
  rmSync(fileOf(state), { force: true });
}

/* One report, one line. */

/**
 * A report without secrets, in the form in which it will be read again: reading it must give the same digest.
 * @throws {InputError} where nothing of it is left
 */
function cleaned(report: OutcomeReport): OutcomeReport {
  const environment = Object.fromEntries(
    Object.entries(report.environment).map(([program, version]) => [program, redact(version)]),
  );
  const clean = parseReport({
    ...report,
    environment,
    note: report.note === null ? null : redact(report.note),
  });
  if (!clean) throw new InputError(`this is no outcome report: ${report.record} ${report.action}`);
  return clean;
}

/** With a digest of what is said and by whom, not of when: who says it again says nothing new. */
function keptAs(report: OutcomeReport, at: string, reporter: string): KeptReport {
  const content = JSON.stringify([
    reporter,
    report.kind,
    report.record,
    report.action,
    report.outcome,
    sorted(report.environment),
    sorted(report.readings),
    report.moved_to,
    report.note,
  ]);
  return { id: digest(content, DIGEST_CHARS), at, reporter, ...report };
}

function sorted(object: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  return Object.entries(object).sort(([a], [b]) => (a < b ? -1 : 1));
}

function lineOf(report: KeptReport): string {
  return JSON.stringify(report);
}

/** A line as a report; null where it is a piece, was changed, or is none. */
function parseLine(line: string): KeptReport | null {
  const value = parseJson(line) as { id?: unknown; at?: unknown; reporter?: unknown } | null;
  const report = parseReport(value);
  if (!value || !report || !isTime(value.at)) return null;
  if (typeof value.reporter !== 'string' || !REPORTER.test(value.reporter)) return null;
  const kept = keptAs(report, value.at, value.reporter);
  return kept.id === value.id ? kept : null;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

function isTime(value: unknown): value is string {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/.test(value);
}

/* Bytes. */

function appendLines(lines: readonly string[], state: string): void {
  const file = fileOf(state);
  let descriptor: number | null = null;
  try {
    makePrivate(state);
    descriptor = openSync(
      file,
      constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | NO_LINKS,
      0o600,
    );
    // A killed writer may have left a piece without an end: the new lines must not become part of it.
    const block = Buffer.from(`\n${lines.join('\n')}\n`);
    if (fstatSync(descriptor).size + block.length > LEDGER_LIMITS.maxBytes)
      throw new Error(`it has reached ${LEDGER_LIMITS.maxBytes} bytes; see: faultbook reports`);
    writeBlock(descriptor, block);
    fdatasyncSync(descriptor);
  } catch (error) {
    throw new InputError(`the report was not kept, ${file} cannot be written: ${(error as Error).message}`);
  } finally {
    if (descriptor !== null) closeSync(descriptor);
  }
}

/** One write, whole. Where the disk took a part, everything is written again: what came twice counts once. */
function writeBlock(descriptor: number, block: Buffer): void {
  for (let attempt = 0; attempt < LEDGER_LIMITS.maxAttempts; attempt++)
    if (writeSync(descriptor, block) === block.length) return;
  throw new Error('the disk took only a part of it');
}

/** A file of our own, not through a link; null where there is none. */
function readOwn(file: string): Buffer | null {
  let descriptor: number | null = null;
  try {
    descriptor = openSync(file, constants.O_RDONLY | NO_LINKS);
    // Somebody else may have made it grow: beyond the limit nothing is read.
    return fstatSync(descriptor).size > LEDGER_LIMITS.maxBytes * 2 ? null : readFileSync(descriptor);
  } catch {
    return null;
  } finally {
    if (descriptor !== null) closeSync(descriptor);
  }
}

/** Lines that have an end: what stands behind the last one is not written yet. */
function* linesOf(bytes: Buffer): Generator<string> {
  for (let at = 0; ; ) {
    const end = bytes.indexOf(10, at);
    if (end === -1) return;
    if (end > at && end - at <= LEDGER_LIMITS.maxLineBytes) yield bytes.toString('utf8', at, end);
    at = end + 1;
  }
}

/** Those of them that hold a text. */
function* linesWith(bytes: Buffer, text: string): Generator<string> {
  for (let at = bytes.indexOf(text); at !== -1; ) {
    const start = bytes.lastIndexOf(10, at) + 1;
    const end = bytes.indexOf(10, at);
    if (end === -1) return;
    if (end - start <= LEDGER_LIMITS.maxLineBytes) yield bytes.toString('utf8', start, end);
    at = bytes.indexOf(text, end);
  }
}

/* Names. */

/** A random name of this installation, made when it is first needed. It is in no report: only its digest is. */
function installId(state: string): string {
  const file = idFileOf(state);
  const known = readId(file);
  if (known !== null) return known;
  const draft = `${file}.${process.pid}.tmp`;
  try {
    makePrivate(state);
    writeFileSync(draft, `${randomBytes(16).toString('hex')}\n`, { mode: 0o600 });
    // Whoever is first gives the name; a link, unlike a rename, does not replace what is there.
    linkSync(draft, file);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code !== 'EEXIST') throw new InputError(`${file} cannot be written: ${message}`);
  } finally {
    rmSync(draft, { force: true });
  }
  const made = readId(file);
  if (made === null) throw new InputError(`${file} is no name of an installation; remove it`);
  return made;
}

function readId(file: string): string | null {
  const text = readOwn(file)?.toString('utf8').trim() ?? '';
  return /^[0-9a-f]{32}$/.test(text) ? text : null;
}

function tokenName(token: string): string {
  return `token-${shortDigest(token)}`;
}

function shortDigest(text: string): string {
  return digest(text, REPORTER_CHARS);
}

function digest(text: string, chars: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, chars);
}
