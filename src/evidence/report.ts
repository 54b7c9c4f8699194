/**
 * Outcome reports: what a person or an agent says happened in the field after an action. This is their form and their
 * strict reading; `field.ts` is what is made of them. They are never mixed into what the lab measured or a survey counted.
 */
import { type FaultRecord, findRecord, ID_PATTERN, KEY_PATTERN, nearest } from '../record/index.ts';
import type { Environment } from './environment.ts';
import type { Outcome } from './outcomes.ts';
import { PLACEBOS } from './worlds.ts';

/** What can be said of an action: words of the lab, those that somebody outside it can see. */
export const REPORT_OUTCOMES = [
  'fixed',
  'persists',
  'moved',
  'masked',
  'rejected',
] as const satisfies readonly Outcome[];
export type ReportOutcome = (typeof REPORT_OUTCOMES)[number];

/** `reported`: somebody said so; `observed`: a hook saw the failing command pass or fail after the action, no more. */
export const REPORT_KINDS = ['reported', 'observed'] as const;
export type ReportKind = (typeof REPORT_KINDS)[number];

/** Bounds of one report; `docs/reports.md` lists them. */
export const REPORT_LIMITS = {
  /** Longest note; the rest is cut off. */
  maxNoteChars: 300,
  /** Readings that one report can hold. */
  maxReadings: 10,
  /** Programs whose versions it can hold. */
  maxPrograms: 20,
  /** Longest version. */
  maxVersionChars: 64,
} as const;

/** What somebody says. Nothing in it says who: that is known from where it came. */
export interface OutcomeReport {
  readonly record: string;
  readonly action: string;
  readonly outcome: ReportOutcome;
  readonly kind: ReportKind;
  /** Versions of the record's programs there; empty: not known. */
  readonly environment: Environment;
  /** Check → reading, of those that were read. */
  readonly readings: Readonly<Record<string, string>>;
  /** Of `moved`: the record of the failure that came instead; null: not said. */
  readonly moved_to: string | null;
  /** In the reporter's words; never shown to agents. */
  readonly note: string | null;
}

/** A report that was kept. */
export interface KeptReport extends OutcomeReport {
  /** Digest of its content and its reporter: the same report twice has one. */
  readonly id: string;
  /** When it was kept: UTC, to the second. */
  readonly at: string;
  /** Who: this installation, a token of the server, an imported ledger. Never out of a report's own text. */
  readonly reporter: string;
}

/** What was typed, before anything is known of it. */
export interface ReportInput {
  readonly record: string;
  readonly action: string;
  readonly outcome: string;
  readonly kind?: ReportKind;
  readonly environment?: Environment;
  readonly readings?: Readonly<Record<string, string>>;
  readonly moved_to?: string | null;
  readonly note?: string | null;
}

/** What is wrong with a report, in one sentence that names what there is. */
export interface ReportProblem {
  readonly field: 'record' | 'action' | 'outcome' | 'readings' | 'moved_to';
  readonly problem: string;
  /** The nearest names that are right; where none is near, all of them if they are few. */
  readonly near: readonly string[];
}

/** Names quoted where none is near. */
const MAX_NAMED = 20;
const MAX_QUOTED_CHARS = 80;

/** Reads a report strictly against the records that it can be about. Never throws. */
export function checkReport(
  records: readonly FaultRecord[],
  input: ReportInput,
):
  | { readonly report: OutcomeReport; readonly problems: readonly [] }
  | {
      readonly report: null;
      readonly problems: readonly ReportProblem[];
    } {
  const problems: ReportProblem[] = [];
  const known = <T extends string>(
    field: ReportProblem['field'],
    what: string,
    typed: string,
    names: readonly T[],
  ): T | null => {
    const exact = names.find((name) => name === typed);
    if (exact !== undefined) return exact;
    const near = nearest(typed.slice(0, MAX_QUOTED_CHARS), names);
    const hint = near.length > 0 ? `nearest: ${near.join(', ')}` : `there are: ${someOf(names)}`;
    problems.push({
      field,
      problem: `there is no ${what} ${quoted(typed)}; ${hint}`,
      near: near.length > 0 ? near : names.slice(0, MAX_NAMED),
    });
    return null;
  };
  const found = findRecord(records, input.record);
  const outcome = known('outcome', 'outcome', input.outcome, REPORT_OUTCOMES);
  if (found.record === null) {
    problems.unshift({ field: 'record', problem: found.problem, near: found.near });
    return { report: null, problems };
  }
  const { record } = found;
  const keys = [...[...record.workarounds, ...record.dead_ends].map((a) => a.key), ...PLACEBOS];
  const action = known('action', `action of ${record.id}`, input.action, keys);
  const readings: Record<string, string> = {};
  for (const [check, reading] of Object.entries(input.readings ?? {}).slice(0, REPORT_LIMITS.maxReadings)) {
    const name = known(
      'readings',
      `check of ${record.id}`,
      check,
      record.checks.map((c) => c.key),
    );
    const own = record.checks.find((c) => c.key === name);
    if (!own) continue;
    const read = known(
      'readings',
      `reading of ${own.key}`,
      reading,
      own.readings.map((r) => r.key),
    );
    if (read !== null) readings[own.key] = read;
  }
  let movedTo: string | null = null;
  if (input.moved_to) {
    const other = findRecord(records, input.moved_to);
    if (outcome !== null && outcome !== 'moved')
      problems.push({
        field: 'moved_to',
        problem: `another failure came instead only where the outcome is “moved”, not “${outcome}”`,
        near: ['moved'],
      });
    else if (other.record === null)
      problems.push({ field: 'moved_to', problem: other.problem, near: other.near });
    else movedTo = other.record.id;
  }
  if (problems.length > 0 || outcome === null || action === null) return { report: null, problems };
  return {
    report: {
      record: record.id,
      action,
      outcome,
      kind: input.kind ?? 'reported',
      environment: versionsIn(input.environment ?? {}),
      readings,
      moved_to: movedTo,
      note: input.note ? input.note.slice(0, REPORT_LIMITS.maxNoteChars) : null,
    },
    problems: [],
  };
}

/**
 * Reads the form of a report that was kept somewhere (a line of a ledger); null where it has not that form. What it names
 * need not exist here: a ledger outlives a book.
 */
export function parseReport(value: unknown): OutcomeReport | null {
  if (!value || typeof value !== 'object') return null;
  const { record, action, outcome, kind, environment, readings, moved_to, note } = value as Record<
    string,
    unknown
  >;
  const isKey = (v: unknown): v is string => typeof v === 'string' && KEY.test(v);
  const isId = (v: unknown): v is string => typeof v === 'string' && ID.test(v);
  if (!isId(record) || !isKey(action)) return null;
  if (!REPORT_OUTCOMES.some((o) => o === outcome) || !REPORT_KINDS.some((k) => k === kind)) return null;
  const read = Object.entries(asObject(readings)).slice(0, REPORT_LIMITS.maxReadings);
  return {
    record,
    action,
    outcome: outcome as ReportOutcome,
    kind: kind as ReportKind,
    environment: versionsIn(asObject(environment)),
    readings: Object.fromEntries(read.filter((pair): pair is [string, string] => pair.every(isKey))),
    moved_to: isId(moved_to) ? moved_to : null,
    note: typeof note === 'string' && note !== '' ? note.slice(0, REPORT_LIMITS.maxNoteChars) : null,
  };
}

/** `domain/slug`, and what a record of another book is called where its id was taken (`book:domain/slug`). */
const ID = new RegExp(`^(?:[a-z0-9][a-z0-9.-]{0,39}:)?${ID_PATTERN.slice(1)}`);
const KEY = new RegExp(KEY_PATTERN);
const PROGRAM = /^[A-Za-z0-9@][A-Za-z0-9@/._+-]{0,63}$/;
const VERSION = /^[A-Za-z0-9][A-Za-z0-9._+~:-]*$/;

/** Programs with versions that look like ones; sorted, so that the same environment is the same text. */
function versionsIn(environment: Readonly<Record<string, unknown>>): Environment {
  const pairs = Object.entries(environment).filter(
    (pair): pair is [string, string] =>
      PROGRAM.test(pair[0]) &&
      typeof pair[1] === 'string' &&
      pair[1].length <= REPORT_LIMITS.maxVersionChars &&
      VERSION.test(pair[1]),
  );
  return Object.fromEntries(pairs.sort(([a], [b]) => (a < b ? -1 : 1)).slice(0, REPORT_LIMITS.maxPrograms));
}

function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return value && typeof value === 'object' ? (value as Record<string, unknown>) : {};
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, MAX_QUOTED_CHARS));
}

function someOf(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMED).join(', ');
  return names.length > MAX_NAMED ? `${shown} and ${names.length - MAX_NAMED} more` : shown || 'none';
}
