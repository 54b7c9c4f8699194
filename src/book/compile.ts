/**
 * Records → book: every pattern parsed, split at its outermost alternatives, its required literals taken, its
 * rarity measured. A bad record or pattern is reported and left out; the rest stands.
 */
import type { EvidenceSummary } from '../evidence/index.ts';
import {
  type FaultRecord,
  type Issue,
  LITERAL_LIMITS,
  type PatternNode,
  parsePattern,
  printPattern,
  requiredLiterals,
  requiredPieces,
  requiredText,
  signaturePattern,
  topAlternatives,
} from '../record/index.ts';
import { type Background, gramsOf, RARITY_LIMITS, textBits } from './background.ts';
import { buildEngine, planOf } from './engine.ts';
import { contrast, type KnownLine, type Phrase, phrasesOf } from './phrases.ts';
import type { LiteralPlan } from './plan.ts';

import { type Unit, UnitReader, unitsOf } from './text.ts';

/** What a pattern is for. `signature`: derived from the human text of a record from elsewhere. */
export type PatternRole = 'regex' | 'wording' | 'signature' | 'sequence' | 'not_if';

/** One alternative of one pattern of one record, ready to run. Plain data: this is what a pack stores. */
export interface BookPattern {
  /** Index into `records`. */
  readonly record: number;
  readonly role: PatternRole;
  /** Key of the wording; empty otherwise. */
  readonly key: string;
  /** Index in `sequence` or `not_if`; 0 otherwise. */
  readonly step: number;
  /** Plain RE2 source. */
  readonly source: string;
  /** Folded; one of them occurs in every match. */
  readonly literals: readonly string[];
  /** Folded; all of them occur, in this order, in every match. */
  readonly pieces: readonly string[];
  /** It asserts the start of the text: it is tried behind log prefixes as well. */
  readonly anchored: boolean;
  /** Rarity of its required words, bits. */
  readonly bits: number;
  /** Not rare in ordinary text: counts only where the line also holds the words of the signature. */
  readonly careless: boolean;
  /** From elsewhere and of middling rarity: its line has to confirm it. */
  readonly weak: boolean;
}

/** A compiled book: immutable, plain data, independent of the order in which records were given. */
export interface Book {
  readonly records: readonly FaultRecord[];
  readonly patterns: readonly BookPattern[];
  /** What the records' messages say, in words: each record's signature, then its other wordings. By record. */
  readonly phrases: readonly Phrase[];
  /** Per record: what the lab found; null where nothing was run. */
  readonly evidence: readonly (EvidenceSummary | null)[];
  /** Per record: where it came from; null, or absent altogether: the book that ships with the program. */
  readonly standing?: readonly (Standing | null)[];
  /** How its patterns are looked for; absent: planned when first needed. */
  readonly plan?: LiteralPlan;
}

/** Where a record came from that did not ship with the program. */
export interface Standing {
  /** The folder or pack, as the person named it. */
  readonly book: string;
  /** `faultbook trust` was said for it, and it has not changed since. */
  readonly trusted: boolean;
}

/** A record and the file it came from, for issues. */
export interface BookSource {
  readonly record: FaultRecord;
  readonly file?: string;
  /** Of the evidence beside the record. */
  readonly summary?: EvidenceSummary | null;
  /** Output beside the record: `match.*`, which it must be found in, `near-miss.*` and `healthy.*`, which are something else. */
  readonly samples?: readonly { readonly name: string; readonly text: string }[];
}

/**
 * Compiles records into a book. Of records with one id the first in file order is kept, the others are
 * reported; so is everything that had to be left out.
 */
export function compileBook(
  sources: readonly BookSource[],
  options: { readonly background?: Background | null } = {},
): { readonly book: Book; readonly issues: readonly Issue[] } {
  const background = options.background ?? null;
  const issues: Issue[] = [];
  const kept = admitIds(sources, issues);
  const drafts = kept.flatMap((source, index) => draftPatterns(source, index, background, issues));
  const careless = background ? carelessDrafts(drafts, kept, background) : new Set<number>();
  const patterns = drafts.map(
    (draft, index): BookPattern => ({
      ...draft,
      careless: careless.has(index),
      weak:
        background !== null &&
        isSpoken(draft.role) &&
        kept[draft.record]?.record.origin !== 'authored' &&
        draft.bits < RARITY_LIMITS.minAloneBits,
    }),
  );
  const carelessOf = new Map<number, number>();
  for (const p of patterns) if (p.careless) carelessOf.set(p.record, (carelessOf.get(p.record) ?? 0) + 1);
  const records = kept.map((k) => k.record);
  for (const [index, count] of carelessOf) {
    issues.push({
      severity: 'warning',
      code: 'pattern-too-common',
      file: kept[index]?.file ?? '-',
      field: 'regex',
      problem: `${count} of the record’s patterns ${count === 1 ? 'is' : 'are'} not rare in ordinary output`,
      why: 'a pattern that fits harmless text answers people who have another problem, or none',
      remedy: 'anchor it on a code or on several words that only this error prints',
    });
  }
  const demanded = new Map<number, (readonly string[])[]>();
  for (const { record, role, pieces } of patterns)
    if (isSpoken(role) && records[record]?.origin === 'authored')
      demanded.set(record, [...(demanded.get(record) ?? []), pieces]);
  const phrases = contrast(
    records.flatMap((record, index) => phrasesOf(record, index, demanded.get(index) ?? [], background)),
    knownLines(kept, patterns),
  );
  const evidence = kept.map((k) => k.summary ?? null);
  const plan = background ? { plan: planOf(patterns, gramsOf(background)) } : {};
  return { book: { records, patterns, phrases, evidence, ...plan }, issues };
}

/** The lines of all samples, with the records that each belongs to: by a pattern, or as part of its own match. */
function knownLines(sources: readonly BookSource[], patterns: readonly BookPattern[]): readonly KnownLine[] {
  if (sources.every(({ samples }) => (samples ?? []).length === 0)) return [];
  const engine = buildEngine(patterns);
  const lines = new Map<string, { readonly unit: Unit; readonly records: Set<number> }>();
  sources.forEach(({ samples = [] }, index) => {
    for (const { name, text } of samples) {
      for (const unit of unitsOf(text).units) {
        let line = lines.get(unit.text);
        if (!line) {
          line = { unit, records: new Set() };
          lines.set(unit.text, line);
        }
        if (name.startsWith('match.')) line.records.add(index);
      }
    }
  });
  engine.match(
    [...lines.values()].map(({ unit }) => unit),
    ({ text }, at) => {
      const { role, record } = patterns[at] as BookPattern;
      if (role !== 'not_if') lines.get(text)?.records.add(record);
    },
  );
  return [...lines.values()];
}

function admitIds(sources: readonly BookSource[], issues: Issue[]): BookSource[] {
  const byId = new Map<string, BookSource>();
  const sorted = [...sources].sort(
    (a, b) => compare(a.record.id, b.record.id) || compare(a.file ?? '', b.file ?? ''),
  );
  for (const source of sorted) {
    const first = byId.get(source.record.id);
    if (!first) byId.set(source.record.id, source);
    else {
      issues.push({
        severity: 'error',
        code: 'id-duplicate',
        file: source.file ?? '-',
        field: 'id',
        problem: `the id ${source.record.id} is taken by ${first.file ?? 'another record'}`,
        why: 'an id names one record; of two the second is left out',
        remedy: 'give it an id of its own, or merge the two',
      });
    }
  }
  for (const source of [...byId.values()]) {
    for (const alias of source.record.aliases) {
      if (!byId.has(alias)) continue;
      issues.push({
        severity: 'warning',
        code: 'alias-taken',
        file: source.file ?? '-',
        field: 'aliases',
        problem: `the alias ${alias} is the id of another record`,
        why: 'an alias never hides a record: it is ignored',
        remedy: 'remove the alias',
      });
    }
  }
  return [...byId.values()].filter((s) => s.record.withdrawn === null);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Lines of the background that are looked through together. */
const UNITS_AT_ONCE = 1_000;

type Draft = Omit<BookPattern, 'careless' | 'weak'>;

/** Whether a pattern stands for a message, and is no step or exclusion. */
function isSpoken(role: PatternRole): boolean {
  return role !== 'not_if' && role !== 'sequence';
}

function draftPatterns(
  source: BookSource,
  index: number,
  background: Background | null,
  issues: Issue[],
): Draft[] {
  const { record } = source;
  const drafts: Draft[] = [];
  let blind = false;
  const add = (role: PatternRole, key: string, step: number, text: string, field: string): void => {
    const { pattern, problem } = parsePattern(text, { ignoreCase: record.ignore_case });
    if (!pattern) {
      if (role === 'not_if') blind = true;
      issues.push({
        severity: 'error',
        code: 'pattern-refused',
        file: source.file ?? '-',
        field,
        problem: `${problem.message} (at character ${problem.at + 1})`,
        why: 'a pattern outside the RE2 subset cannot be matched in linear time; it is left out',
        remedy: problem.remedy,
      });
      return;
    }
    for (const node of topAlternatives(pattern)) {
      const draft = draftAlternative(node, background);
      if (draft) drafts.push({ record: index, role, key, step, ...draft });
      else {
        if (role === 'not_if') blind = true;
        issues.push({
          severity: role === 'not_if' ? 'error' : 'warning',
          code: 'pattern-without-literal',
          file: source.file ?? '-',
          field,
          problem: `an alternative of the pattern has no text of at least ${LITERAL_LIMITS.minChars} characters that must occur`,
          why: 'it would be tried on, and likely fit, every line; it is left out',
          remedy: 'add the words of the message around it',
        });
      }
    }
  };
  if (record.sequence.length > 0) {
    record.sequence.forEach((s, step) => {
      add('sequence', '', step, s.regex, `sequence[${step}].regex`);
    });
    // A sequence with a step that cannot be matched never completes; without it the record is silent, not wrong.
  } else if (record.regex !== null) add('regex', '', 0, record.regex, 'regex');
  record.wordings.forEach((w, i) => {
    add('wording', w.key, 0, w.regex, `wordings[${i}].regex`);
  });
  record.not_if.forEach((n, step) => {
    add('not_if', '', step, n.regex, `not_if[${step}].regex`);
  });
  // A pattern in which case matters was meant exactly (a rule, a record of ours that came back): nothing is guessed
  // beside it.
  const guess = record.origin !== 'authored' && (record.ignore_case || record.regex === null);
  if (guess && record.sequence.length === 0) {
    const derived = signaturePattern(record.signature);
    if (derived !== null) {
      const { pattern } = parsePattern(derived, { ignoreCase: true });
      const draft = pattern ? draftAlternative(pattern.node, background) : null;
      if (draft && !drafts.some((d) => d.source === draft.source)) {
        drafts.push({ record: index, role: 'signature', key: '', step: 0, ...draft });
      }
    }
  }
  // Without its exclusion a record would answer exactly where its author ruled it out: it is silent instead.
  return blind ? [] : drafts;
}

function draftAlternative(
  node: PatternNode,
  background: Background | null,
): Pick<Draft, 'source' | 'literals' | 'pieces' | 'anchored' | 'bits'> | null {
  const literals = requiredLiterals({ node });
  if (!literals || literals.members.some((m) => m.length < LITERAL_LIMITS.minChars)) return null;
  return {
    source: printPattern(node),
    literals: literals.members,
    pieces: requiredPieces(node),
    anchored: hasStart(node),
    bits: Math.round(textBits(requiredText(node), background) * 10) / 10,
  };
}

function hasStart(node: PatternNode): boolean {
  switch (node.kind) {
    case 'assert':
      return node.at === 'start';
    case 'group':
    case 'repeat':
      return hasStart(node.node);
    case 'concat':
    case 'alternate':
      return node.nodes.some(hasStart);
    default:
      return false;
  }
}

/**
 * Patterns (by index) that are not rare: their required words are common, or they hit the background more often
 * than `maxHitsPerMillion`. Steps of sequences and exclusions may be common: alone they answer nothing. Without a
 * background nothing is measured and nothing is called careless.
 */
function carelessDrafts(
  drafts: readonly Draft[],
  sources: readonly BookSource[],
  background: Background,
): ReadonlySet<number> {
  const careless = new Set<number>();
  // Only what is undecided is looked for: the others would hit most often.
  const open: number[] = [];
  drafts.forEach((draft, index) => {
    if (!isSpoken(draft.role)) return;
    const own = sources[draft.record]?.record.origin === 'authored';
    if (draft.bits < (own ? RARITY_LIMITS.minBits : RARITY_LIMITS.minForeignBits)) careless.add(index);
    else open.push(index);
  });
  const allowed = Math.floor((background.lines.length * RARITY_LIMITS.maxHitsPerMillion) / 1_000_000);
  const engine = buildEngine(open.map((index) => drafts[index] as Draft));
  const hits = new Int32Array(open.length);
  const decided = new Set<number>();
  let units: Unit[] = [];
  const count = () => {
    engine.match(
      units,
      (_, at) => {
        hits[at] = (hits[at] as number) + 1;
        if ((hits[at] as number) <= allowed) return;
        careless.add(open[at] as number);
        decided.add(at);
      },
      decided,
    );
    units = [];
  };
  const reader = new UnitReader((unit) => {
    if (units.push(unit) >= UNITS_AT_ONCE) count();
  });
  for (const line of background.lines) reader.push(`${line}\n`);
  reader.end();
  count();
  return careless;
}
