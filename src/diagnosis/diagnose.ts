/** Matches → diagnosis: what it is, in which order, what to do next. Pure: the same text gives the same answer. */

import {
  type Book,
  LineKeeper,
  MatchSession,
  type RecordMatch,
  type Retrieved,
  retrieve,
  scoreOf,
  signatureOf,
} from '../book/index.ts';
import {
  casesFor,
  type Environment,
  type EvidenceSummary,
  type FieldCase,
  fieldCases,
  flagsOf,
  type KeptReport,
  reportersOf,
} from '../evidence/index.ts';
import type { FaultRecord } from '../record/index.ts';
import { adviceFor } from './advice.ts';
import { bindRecord, fitsType } from './fill.ts';
import { FocusReader } from './focus.ts';
import { neighboursOf } from './neighbours.ts';
import { possibleWorlds } from './possible.ts';
import type { Diagnosis, DiagnosisFinding } from './schema.ts';
import { ShapeReader } from './shape.ts';

/** Findings shown unless the caller says otherwise: more make agents worse and people slower. */
export const DEFAULT_FINDINGS = 3;
/** Longest excerpt, in UTF-16 units; longer lines are cut around nothing but their start. */
export const MAX_EXCERPT_CHARS = 500;

/** Shapes of unknown lines that a diagnosis holds, at most. */
export const MAX_SHAPES = 20;

export interface DiagnoseOptions {
  /** `zh`: the plain fields (`title`, `action`, …) are in Chinese where the record has it. Default `en`. */
  readonly lang?: 'en' | 'zh';
  /** Findings to return, default `DEFAULT_FINDINGS`; the rest is counted in `more`. */
  readonly limit?: number;
  /**
   * What is known of the reader's world: only cells of such environments speak. As a function, what is known for one record's
   * evidence: it is asked for those that are found.
   */
  readonly environment?: Environment | ((evidence: EvidenceSummary) => Environment);
  /**
   * Outcome reports: all of them, or a function that gives those on a record. They are counted beside the lab's figures, and
   * move the shares of causes a little; they rank no action.
   */
  readonly reports?: readonly KeptReport[] | ((record: string) => readonly KeptReport[]);
}

/** A diagnosis of text that arrives in chunks, in bounded memory: `push` any number of times, then `end`. */
export class DiagnosisSession {
  private readonly book: Book;
  private readonly options: DiagnoseOptions;
  private readonly focus = new FocusReader();
  private readonly lines = new LineKeeper();
  /** Lines that do not read like a failure: they are compared as well, and push out none that do. */
  private readonly calm = new LineKeeper();
  private readonly shapes = new ShapeReader();
  private readonly session: MatchSession;

  constructor(book: Book, options: DiagnoseOptions = {}) {
    this.book = book;
    this.options = options;
    this.session = new MatchSession(book, (unit) => {
      if (!this.focus.unit(unit)) {
        this.calm.unit(unit);
        return;
      }
      this.lines.unit(unit);
      this.shapes.unit(unit);
    });
  }

  push(chunk: string): void {
    this.session.push(chunk);
  }

  end(): Diagnosis {
    const { matches, lines } = this.session.end();
    const found = [...matches, ...this.closer(matches)];
    const shapes = found.length > 0 ? [] : this.shapes.end().shapes.slice(0, MAX_SHAPES);
    return diagnosisOf(
      this.book,
      {
        matches: found,
        lines,
        focus: this.focus.lines(),
        shapes: shapes.map((s) => ({ ...s })),
        localised: this.focus.localised(),
      },
      this.options,
    );
  }

  /**
   * Records whose message the text comes closer to, by words, than to any that matched. A pattern of ours that gave a
   * match stands for itself; one from elsewhere, or a careless one, may have missed the better record.
   */
  private closer(matches: readonly RecordMatch[]): readonly RecordMatch[] {
    const { book } = this;
    if (matches.some((m) => m.verdict === 'match' && book.records[m.record]?.origin === 'authored'))
      return [];
    const alike = Math.max(
      0,
      ...matches.map((m) => {
        const signature = signatureOf(book, m.record);
        return signature ? scoreOf(signature, m.excerpt) : 0;
      }),
    );
    return retrieve(book, [...this.lines.units(), ...this.calm.units()])
      .filter((r) => r.score > alike && !matches.some((m) => m.record === r.record))
      .map(asPossible);
  }
}

/** What was found in a text, however it was read. */
export interface Found {
  readonly matches: readonly RecordMatch[];
  readonly lines: number;
  readonly focus: Diagnosis['focus'];
  readonly shapes: Diagnosis['shapes'];
  /** Lines that look like errors were in another language than English. */
  readonly localised: boolean;
}

/** The diagnosis of what was found: in order, with what to do next. */
export function diagnosisOf(book: Book, found: Found, options: DiagnoseOptions = {}): Diagnosis {
  const ordered = orderFindings(book, found.matches);
  const limit = Math.max(0, Math.floor(options.limit ?? DEFAULT_FINDINGS));
  const findings = ordered.slice(0, limit).map((m) => toFinding(book, m, options));
  const verdict = ordered.some((m) => m.verdict === 'match')
    ? 'match'
    : ordered.length > 0
      ? 'possible'
      : 'none';
  const diagnosis: Diagnosis = {
    schema: 'diagnosis.v1',
    verdict,
    findings,
    focus: found.focus,
    shapes: found.shapes,
    more: ordered.length - findings.length,
    lines: found.lines,
    hint: verdict === 'none' && found.localised ? 'localised' : null,
  };
  return options.lang === 'zh' ? inChinese(diagnosis) : diagnosis;
}

/** What retrieval found, as a finding: possible, with nothing to fill a command with. */
function asPossible({ record, unit, text, score }: Retrieved): RecordMatch {
  return {
    record,
    verdict: 'possible',
    basis: 'words',
    line: unit.line,
    excerpt: text,
    groups: {},
    wording: '',
    occurrences: 1,
    specificity: score,
  };
}

/** Diagnoses one text. Synchronous and pure; executes nothing. */
export function diagnose(book: Book, text: string, options: DiagnoseOptions = {}): Diagnosis {
  const session = new DiagnosisSession(book, options);
  session.push(text);
  return session.end();
}

/** Whether somebody here vouches for a record. */
function isTrusted(book: Book, record: number): boolean {
  const from = book.standing?.[record] ?? null;
  return from === null ? book.records[record]?.origin === 'authored' : from.trusted;
}

/**
 * `match` before `possible`; what is trusted before what is not, or a stranger's record with our pattern would take our
 * advice out of sight; root causes before what follows from them; then what says more, what stands earlier.
 */
function orderFindings(book: Book, matches: readonly RecordMatch[]): readonly RecordMatch[] {
  const idOf = (m: RecordMatch) => (book.records[m.record] as FaultRecord).id;
  const followers = new Map(matches.map((m) => [idOf(m), neighboursOf(book, m.record).leads_to]));
  const trusted = new Set(matches.filter((m) => isTrusted(book, m.record)).map(idOf));
  const folded = new Set(
    [...followers].flatMap(([root, ids]) =>
      // A stranger's record says nothing of ours.
      ids.filter(
        (id) =>
          followers.has(id) && !followers.get(id)?.includes(root) && (trusted.has(root) || !trusted.has(id)),
      ),
    ),
  );
  const rank = (m: RecordMatch) =>
    (m.verdict === 'match' ? 0 : m.basis === 'words' ? 4 : 8) +
    (trusted.has(idOf(m)) ? 0 : 2) +
    (folded.has(idOf(m)) ? 1 : 0);
  return [...matches].sort(
    (a, b) =>
      rank(a) - rank(b) || b.specificity - a.specificity || a.line - b.line || (idOf(a) < idOf(b) ? -1 : 1),
  );
}

/** A record as if it had been found, with nothing of a log in it: what there is to say of it without one. */
export function findingOf(book: Book, record: number, options: DiagnoseOptions = {}): DiagnosisFinding {
  const none = { line: 0, excerpt: '', groups: {}, wording: '', occurrences: 0, specificity: 0 };
  // `words`: no wording was seen that could tell versions apart.
  return toFinding(book, { record, verdict: 'match', basis: 'words', ...none }, options);
}

function toFinding(
  book: Book,
  match: RecordMatch,
  { environment: known = {}, reports = [] }: DiagnoseOptions,
): DiagnosisFinding {
  const record = book.records[match.record] as FaultRecord;
  const from = book.standing?.[match.record] ?? null;
  const trusted = isTrusted(book, match.record);
  // What others measured, or say they did, feeds no tier here.
  const evidence = trusted ? (book.evidence[match.record] ?? null) : null;
  const environment = typeof known !== 'function' ? known : evidence ? known(evidence) : {};
  const typed: Record<string, string> = {};
  for (const [name, value] of Object.entries(match.groups)) {
    const type = Object.hasOwn(record.groups, name) ? record.groups[name] : undefined;
    if (fitsType(value, type)) typed[name] = value;
  }
  // Only a wording that was found says anything of the version.
  const wording = match.basis === 'words' ? null : match.wording;
  const possible = evidence && possibleWorlds(evidence, wording, environment);
  const neighbours = neighboursOf(book, match.record);
  const own = typeof reports === 'function' ? reports(record.id) : reports;
  const cases = own.length > 0 ? casesFor(fieldCases(record, evidence, own), evidence, environment) : [];
  const {
    next,
    avoid,
    try: tries,
    causes,
    survey,
    measured,
  } = adviceFor(record, evidence, possible, typed, cases);
  const finding: DiagnosisFinding = {
    id: record.id,
    verdict: match.verdict,
    basis: match.basis,
    title: record.title ?? record.signature,
    title_zh: record.title_zh ?? record.signature_zh,
    line: match.line,
    occurrences: match.occurrences,
    excerpt: match.excerpt.slice(0, MAX_EXCERPT_CHARS),
    groups: { ...match.groups },
    typed_groups: typed,
    tier: evidence?.tier ?? 'claimed',
    flags: flagsOf(evidence),
    origin: record.origin,
    book: from?.book ?? null,
    trusted,
    causes,
    survey,
    measured,
    field: fieldAnswer(cases),
    next,
    avoid,
    try: tries,
    leads_to: [...neighbours.leads_to],
    confused_with: [...neighbours.confused_with],
  };
  bindRecord(finding, record);
  return finding;
}

function fieldAnswer(cases: readonly FieldCase[]): DiagnosisFinding['field'] {
  if (cases.length === 0) return null;
  const causes: Record<string, number> = {};
  for (const { cause } of cases) if (cause !== null) causes[cause] = (causes[cause] ?? 0) + 1;
  return { cases: cases.length, reporters: reportersOf(cases), causes };
}

/** The plain fields in Chinese where there is any; the `_zh` fields stay. */
function inChinese(diagnosis: Diagnosis): Diagnosis {
  const swap = (node: unknown): unknown => {
    if (Array.isArray(node)) return node.map(swap);
    if (!node || typeof node !== 'object') return node;
    const out: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(node)) {
      const zh = (node as Record<string, unknown>)[`${key}_zh`];
      out[key] = typeof zh === 'string' && zh !== '' ? zh : swap(value);
    }
    return out;
  };
  return {
    ...diagnosis,
    findings: diagnosis.findings.map((f) => ({
      ...(swap(f) as DiagnosisFinding),
      groups: f.groups,
      typed_groups: f.typed_groups,
    })),
  };
}
