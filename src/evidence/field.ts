/**
 * What outcome reports come to. A reporter has one voice: at most one case for a record, release line and action, the last
 * that was said. Cases are counted and shown, by release line; they rank no action. They move the shares of causes only where
 * they name one cause, and never by more than a fraction of what the survey weighs. Docs: `docs/reports.md`.
 */
import type { FaultRecord } from '../record/index.ts';
import { type Environment, fittingEnvironments } from './environment.ts';
import type { KeptReport, ReportOutcome } from './report.ts';
import { surveyOf } from './shares.ts';
import type { EvidenceSummary } from './summary.ts';
import { observationAt } from './worlds.ts';

/** How much reports weigh beside a survey; `docs/reports.md` lists them. */
export const FIELD_LIMITS = {
  /** A reporter weighs so much of a confirmed thread, as an inferred thread does. */
  reporterWeight: 0.5,
  /** All reporters together weigh at most so much of the survey's counted cases. */
  ofSurvey: 0.5,
  /** A report on another record within so long after a `moved` is taken for what it moved to. */
  sequenceMs: 60 * 60 * 1000,
} as const;

/** Release lines that no measured environment stands for. */
export const OTHER_LINE = 'other';
export const UNKNOWN_LINE = 'unknown';

/** One reporter, one record, one release line, one action: what was said last. */
export interface FieldCase {
  readonly reporter: string;
  readonly action: string;
  readonly outcome: ReportOutcome;
  /** Names of the measured environments of that line with commas between them, `other` or `unknown`. */
  readonly line: string;
  readonly observed: boolean;
  /** The one cause that a reading or the fix names; null: none, or several. */
  readonly cause: string | null;
}

/** An action in the field. Counts of cases, never a rate. */
export interface FieldFigures {
  readonly fixed: number;
  readonly of: number;
  readonly reporters: number;
  /** What hooks saw by themselves: weaker, and not among the others. */
  readonly observed: { readonly fixed: number; readonly of: number };
  readonly lines: readonly { readonly line: string; readonly fixed: number; readonly of: number }[];
}

/** The cases that reports on a record come to; of other records' reports nothing is taken. */
export function fieldCases(
  record: FaultRecord,
  summary: EvidenceSummary | null,
  reports: readonly KeptReport[],
): readonly FieldCase[] {
  const ids = new Set([record.id, ...record.aliases]);
  const keys = new Set([...record.workarounds, ...record.dead_ends].map((a) => a.key));
  const cases = new Map<string, FieldCase>();
  for (const report of reports) {
    if (!ids.has(report.record) || !keys.has(report.action)) continue;
    const line = lineOf(summary, report.environment);
    const name = JSON.stringify([report.reporter, line, report.action]);
    const observed = report.kind === 'observed';
    // What somebody says stands above what a hook saw, whichever came last.
    if (observed && cases.get(name)?.observed === false) continue;
    cases.set(name, {
      reporter: report.reporter,
      action: report.action,
      outcome: report.outcome,
      line,
      observed,
      cause: observed ? null : causeNamed(record, summary, report, line),
    });
  }
  return [...cases.values()];
}

/** The cases of the reader's release line; all of them where that is not known, or was not measured. */
export function casesFor(
  cases: readonly FieldCase[],
  summary: EvidenceSummary | null,
  environment: Environment,
): readonly FieldCase[] {
  const { known, names } = fittingEnvironments(summary?.measured ?? [], environment);
  if (known !== 'yours') return cases;
  return cases.filter((c) => c.line.split(',').some((name) => names.includes(name)));
}

/** What the cases say of an action; null where they say nothing. */
export function fieldFigures(cases: readonly FieldCase[], action: string): FieldFigures | null {
  const own = cases.filter((c) => c.action === action);
  if (own.length === 0) return null;
  const said = own.filter((c) => !c.observed);
  const seen = own.filter((c) => c.observed);
  const lines = [...new Set(said.map((c) => c.line))].sort();
  return {
    ...count(said),
    reporters: reportersOf(said),
    observed: count(seen),
    lines: lines.map((line) => ({ line, ...count(said.filter((c) => c.line === line)) })),
  };
}

export function reportersOf(cases: readonly FieldCase[]): number {
  return new Set(cases.map((c) => c.reporter)).size;
}

/**
 * What the cases add to the survey's cases, by cause: a reporter at most `reporterWeight`, split evenly over the cases in which
 * he names a cause; all together at most `ofSurvey` of the counted threads. Empty where there is no survey: reports alone
 * make no share.
 */
export function fieldWeights(record: FaultRecord, cases: readonly FieldCase[]): ReadonlyMap<string, number> {
  const weights = new Map<string, number>();
  const survey = surveyOf(record);
  if (!survey) return weights;
  const byReporter = new Map<string, string[]>();
  for (const { reporter, cause } of cases)
    if (cause !== null) byReporter.set(reporter, [...(byReporter.get(reporter) ?? []), cause]);
  const most = FIELD_LIMITS.ofSurvey * survey.counted;
  const scale = Math.min(1, most / (FIELD_LIMITS.reporterWeight * Math.max(1, byReporter.size)));
  for (const causes of byReporter.values())
    for (const cause of causes)
      weights.set(cause, (weights.get(cause) ?? 0) + (FIELD_LIMITS.reporterWeight * scale) / causes.length);
  return weights;
}

/** An edge that reports saw: after an action on one record another failure came. */
export interface FieldTransition {
  readonly from: string;
  readonly to: string;
  readonly reporters: number;
}

/**
 * Transitions out of sequences: a report says `moved`, and names the next record, or is followed within `sequenceMs` by
 * the same reporter's report on another. `reports` in the order in which they were kept.
 */
export function fieldTransitions(reports: readonly KeptReport[]): readonly FieldTransition[] {
  const edges = new Map<string, Set<string>>();
  const open = new Map<string, KeptReport>();
  const add = (from: string, to: string, reporter: string): void => {
    const edge = JSON.stringify([from, to]);
    edges.set(edge, (edges.get(edge) ?? new Set()).add(reporter));
  };
  for (const report of reports) {
    const { reporter, record } = report;
    const before = open.get(reporter);
    if (before && before.record !== record) {
      const gapMs = Date.parse(report.at) - Date.parse(before.at);
      if (gapMs >= 0 && gapMs <= FIELD_LIMITS.sequenceMs) add(before.record, record, reporter);
    }
    open.delete(reporter);
    if (report.outcome !== 'moved') continue;
    if (report.moved_to === null) open.set(reporter, report);
    else if (report.moved_to !== record) add(record, report.moved_to, reporter);
  }
  return [...edges]
    .map(([edge, reporters]) => {
      const [from, to] = JSON.parse(edge) as [string, string];
      return { from, to, reporters: reporters.size };
    })
    .sort((a, b) => b.reporters - a.reporters || (a.from + a.to < b.from + b.to ? -1 : 1));
}

function count(cases: readonly FieldCase[]): { readonly fixed: number; readonly of: number } {
  return { fixed: cases.filter((c) => c.outcome === 'fixed').length, of: cases.length };
}

/** So many lines at most as there are environments, so that made-up versions make no new cases. */
function lineOf(summary: EvidenceSummary | null, environment: Environment): string {
  const { known, names } = fittingEnvironments(summary?.measured ?? [], environment);
  if (known === 'yours') return names.join(',');
  return known === 'other' ? OTHER_LINE : UNKNOWN_LINE;
}

/** The one cause that fits what was read and what fixed it; null where none or several do. */
function causeNamed(
  record: FaultRecord,
  summary: EvidenceSummary | null,
  report: KeptReport,
  line: string,
): string | null {
  const names = line.split(',');
  const table = summary?.table;
  const here = table?.worlds.filter((w) => names.includes(w.env)) ?? [];
  const worlds = here.length > 0 ? here : (table?.worlds ?? []);
  /** Causes in whose worlds a column shows it; null where nothing was measured. */
  const measured = (column: number, shows: (o: ReturnType<typeof observationAt>) => boolean) =>
    table && column >= 0
      ? worlds.filter((w) => shows(observationAt(table, w, column))).map((w) => w.cause)
      : null;
  const named: (readonly string[])[] = Object.entries(report.readings).flatMap(([check, reading]) => {
    const claimed = record.checks.find((c) => c.key === check)?.readings.find((r) => r.key === reading);
    if (!claimed) return [];
    const place = table?.checks.indexOf(check) ?? -1;
    const column = table && place >= 0 ? table.actions.length + place : -1;
    return [measured(column, (o) => o.seen === reading) ?? claimed.means];
  });
  if (report.outcome === 'fixed') {
    const claimed =
      record.workarounds.find((w) => w.key === report.action)?.for ??
      record.dead_ends.find((d) => d.key === report.action)?.except ??
      [];
    named.push(measured(table?.actions.indexOf(report.action) ?? -1, (o) => o.repairs) ?? claimed);
  }
  const [first, ...others] = named;
  const fitting = new Set(first?.filter((cause) => others.every((causes) => causes.includes(cause))));
  return fitting.size === 1 ? ([...fitting][0] as string) : null;
}
