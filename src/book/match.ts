/**
 * Matching: a stream of text in, the records found in it out. One pass, memory bounded by the size of the book,
 * time linear in the text.
 */
import { type FaultRecord, foldAscii, steadyText } from '../record/index.ts';
import { RARITY_LIMITS, wordsOf } from './background.ts';
import type { Book, BookPattern } from './compile.ts';
import { buildEngine, type Engine } from './engine.ts';
import { type Likeness, likeness, type Phrase } from './phrases.ts';
import { isSpeech } from './speech.ts';
import { escapedJsonStarts, type Unit, UnitReader } from './text.ts';

/** One record found in a text, at the place that says most. */
export interface RecordMatch {
  /** Index into `book.records`. */
  readonly record: number;
  /** `possible` where only a careless pattern, vouched for by the signature's words, was found. */
  readonly verdict: 'match' | 'possible';
  /** `words`: no pattern was found, only a line that comes close to the message. */
  readonly basis: 'signature' | 'words';
  /** One-based line of that place. */
  readonly line: number;
  /** The cleaned line (or segment, or decoded field) it stands on, without log prefixes where it matches so. */
  readonly excerpt: string;
  readonly groups: Readonly<Record<string, string>>;
  /** Key of the wording that matched there; empty for the record's own pattern. */
  readonly wording: string;
  /** Lines of the text on which the record was found. */
  readonly occurrences: number;
  /** How much the match says: rarity of the required words, and the share of the line that it explains. Bits. */
  readonly specificity: number;
}

/** Most bits that explaining the whole line adds to the rarity of what matched. */
const EXPLAINED_LINE_BITS = 6;

/** Texts of so many characters are looked through for literals before they are cut into units. */
const PREFILTERED_CHARS = 256;
/** So much text is looked through at once. */
const QUEUE_CHARS = 1 << 18;

/** A place where a pattern of a record matched; `position` counts units. */
interface Hit {
  /** Index into `book.patterns`. */
  readonly index: number;
  readonly pattern: BookPattern;
  readonly position: number;
  readonly line: number;
  readonly view: string;
  readonly unit: Unit;
  readonly specificity: number;
}

interface Found {
  best: Hit;
  occurrences: number;
  lastLine: number;
}

/** What a record with `sequence` or `not_if` has to remember. */
interface Window {
  /** Per step: the latest place where the sequence up to it was complete, and where that one began. */
  readonly completed: ({ readonly end: Hit; readonly start: Hit } | null)[];
  /** Recent lines per `not_if`, oldest first. */
  readonly excluded: number[][];
  /** Complete hits, oldest first, that a later `not_if` may still rule out. */
  pending: Hit[];
  /** Lines counted lately: a sequence completes behind other hits, and a line counts once. */
  readonly counted: Set<number>;
  /** How many lines back anything has to be remembered. */
  readonly span: number;
  /** How many lines a complete hit has to wait. */
  readonly reach: number;
}

const engines = new WeakMap<Book, Engine>();
const signatures = new WeakMap<Book, Map<number, Phrase>>();

/** The signature's phrase of a record; none where it has no words that say anything. */
export function signatureOf(book: Book, record: number): Phrase | undefined {
  let first = signatures.get(book);
  if (!first) {
    first = new Map();
    for (const phrase of book.phrases) if (!first.has(phrase.record)) first.set(phrase.record, phrase);
    signatures.set(book, first);
  }
  return first.get(record);
}

/** The engine of a book, built at first use and kept as long as the book is. */
function engineOf(book: Book): Engine {
  let engine = engines.get(book);
  if (!engine) {
    engine = buildEngine(book.patterns, book.plan);
    engines.set(book, engine);
  }
  return engine;
}

/** One reading of one text: `push` chunks of any size, then `end`. */
export class MatchSession {
  private readonly book: Book;
  private readonly engine: Engine;
  private readonly reader: UnitReader;
  private readonly onUnit: ((unit: Unit) => void) | null;
  /** Units that were read and not looked through yet. */
  private queue: Unit[] = [];
  private queuedChars = 0;
  private position = 0;
  /** Words of the unit that was compared last. */
  private words: ReadonlySet<string> = new Set();
  private wordsAt: Unit | null = null;
  private readonly found = new Map<number, Found>();
  private readonly windows = new Map<number, Window>();
  /** Records whose window has pending hits. */
  private readonly waiting = new Set<number>();

  private readonly onFound: ((record: number, line: number) => void) | null;

  /**
   * @param onUnit sees every unit as well (the focus heuristic reads along).
   * @param onFound is told of each line on which a record is found, once it is sure: behind the text, where a `not_if`
   * could still have ruled it out.
   */
  constructor(
    book: Book,
    onUnit: ((unit: Unit) => void) | null = null,
    onFound: ((record: number, line: number) => void) | null = null,
  ) {
    this.book = book;
    this.onFound = onFound;
    this.engine = engineOf(book);
    this.onUnit = onUnit;
    this.reader = new UnitReader((unit) => {
      this.queue.push(unit);
      this.queuedChars += unit.text.length;
      if (this.queuedChars >= QUEUE_CHARS) this.flush();
    });
  }

  push(chunk: string): void {
    const whole = chunk.lastIndexOf('\n') + 1;
    // Nobody else looks at the units: lines without a literal need not become any.
    const prefiltered =
      whole >= PREFILTERED_CHARS &&
      !this.onUnit &&
      this.reader.atLineStart &&
      this.pushLines(chunk.slice(0, whole));
    this.reader.push(prefiltered ? chunk.slice(whole) : chunk);
    this.flush();
  }

  /** The line that is pushed next has this number: what lies between was looked at, and no pattern is on it. */
  skipTo(line: number): void {
    this.reader.at(line);
  }

  /**
   * Reads whole lines, and of those only the ones on which something can match.
   * @returns false, and nothing is read, where the text has to be cleaned first
   */
  private pushLines(text: string): boolean {
    const candidates = this.engine.candidates(text);
    if (!candidates) return false;
    const starts = [...candidates, ...escapedJsonStarts(text)].sort((a, b) => a - b);
    let at = 0;
    const skipTo = (border: number) => {
      let lines = 0;
      for (; at < border; at = text.indexOf('\n', at) + 1) lines++;
      this.reader.skip(lines);
    };
    for (const start of starts) {
      if (start < at) continue;
      skipTo(start);
      const end = text.indexOf('\n', start) + 1;
      this.reader.push(text.slice(start, end));
      at = end;
    }
    skipTo(text.length);
    return true;
  }

  /** Ends the text. Matches come in order of record id. */
  end(): { readonly matches: readonly RecordMatch[]; readonly lines: number } {
    const lines = this.reader.end();
    this.flush();
    this.settle(Number.POSITIVE_INFINITY);
    const matches = [...this.found.entries()]
      .sort(([a], [b]) => a - b)
      .map(([record, found]) => this.toMatch(record, found));
    return { matches, lines };
  }

  /** Looks through the units that were read, together. */
  private flush(): void {
    const units = this.queue;
    if (units.length === 0) return;
    this.queue = [];
    this.queuedChars = 0;
    let next = 0;
    let steps: Hit[] = [];
    /** Ends the units before `unit`: they have no further hits. */
    const upTo = (unit: Unit | null) => {
      for (; next < units.length && units[next] !== unit; next++) {
        // Last step first, so that one unit is only one step of a sequence.
        for (const hit of steps.reverse()) this.advance(hit);
        steps = [];
        const { line } = units[next] as Unit;
        if (this.waiting.size > 0) this.settle(line);
      }
    };
    const first = this.position;
    this.engine.match(units, (unit, index, view) => {
      upTo(unit);
      const pattern = this.book.patterns[index] as BookPattern;
      const like = this.likeness(pattern, unit);
      if (!believed(pattern, unit, like)) return;
      const hit: Hit = {
        index,
        pattern,
        position: first + next,
        line: unit.line,
        view,
        unit,
        specificity: specificityOf(pattern, view, like),
      };
      if (pattern.role === 'not_if') this.exclude(hit);
      else if (pattern.role === 'sequence') steps.push(hit);
      else this.offer(hit);
    });
    upTo(null);
    this.position += units.length;
    const { onUnit } = this;
    if (onUnit) for (const unit of units) onUnit(unit);
  }

  /**
   * How much of its record's signature the line of a hit holds; null where nobody asks: our own patterns, checked
   * against their samples, stand for themselves.
   */
  private likeness(pattern: BookPattern, unit: Unit): Likeness | null {
    if (!pattern.careless && this.book.records[pattern.record]?.origin === 'authored') return null;
    if (this.wordsAt !== unit) {
      this.wordsAt = unit;
      this.words = new Set(wordsOf(foldAscii(unit.text)));
    }
    const signature = signatureOf(this.book, pattern.record);
    return signature ? likeness(signature, this.words) : { held: 0, all: 0, values: 0 };
  }

  private recordOf(hit: Hit): FaultRecord {
    return this.book.records[hit.pattern.record] as FaultRecord;
  }

  private windowOf(hit: Hit): Window {
    let window = this.windows.get(hit.pattern.record);
    if (!window) {
      const { sequence, not_if } = this.recordOf(hit);
      const reach = Math.max(0, ...not_if.map((n) => n.within_lines));
      window = {
        completed: sequence.map(() => null),
        excluded: not_if.map(() => []),
        pending: [],
        counted: new Set(),
        span: sequence.slice(1).reduce((sum, s) => sum + s.within_lines, 0) + reach,
        reach,
      };
      this.windows.set(hit.pattern.record, window);
    }
    return window;
  }

  private advance(hit: Hit): void {
    const { step } = hit.pattern;
    const { sequence } = this.recordOf(hit);
    const { completed } = this.windowOf(hit);
    let start = hit;
    if (step > 0) {
      const before = completed[step - 1];
      const within = sequence[step]?.within_lines ?? 0;
      if (!before || before.end.position === hit.position || hit.line - before.end.line > within) return;
      start = before.start;
    }
    if (step < sequence.length - 1) completed[step] = { end: hit, start };
    else this.offer(start);
  }

  private exclude(hit: Hit): void {
    const window = this.windowOf(hit);
    const within = this.recordOf(hit).not_if[hit.pattern.step]?.within_lines ?? 0;
    window.pending = window.pending.filter((p) => hit.line - p.line > within);
    const lines = window.excluded[hit.pattern.step] as number[];
    if (lines[lines.length - 1] !== hit.line) lines.push(hit.line);
    while ((lines[0] as number) < hit.line - window.span) lines.shift();
  }

  /** A complete hit: counted at once, or held back while a `not_if` may still rule it out. */
  private offer(hit: Hit): void {
    const { not_if } = this.recordOf(hit);
    if (not_if.length === 0) {
      this.accept(hit);
      return;
    }
    const window = this.windowOf(hit);
    const ruledOut = not_if.some((n, step) =>
      (window.excluded[step] as number[]).some((l) => Math.abs(l - hit.line) <= n.within_lines),
    );
    if (ruledOut) return;
    // Of one line only the best is kept: a line can have a million segments, but counts once.
    const last = window.pending[window.pending.length - 1];
    if (!last || last.line !== hit.line) window.pending.push(hit);
    else if (better(hit, last)) window.pending[window.pending.length - 1] = hit;
    this.waiting.add(hit.pattern.record);
  }

  /** Accepts the held-back hits that no later `not_if` can reach. */
  private settle(line: number): void {
    for (const record of this.waiting) {
      const window = this.windows.get(record) as Window;
      const due = window.pending.filter((p) => line - p.line > window.reach);
      if (due.length > 0) window.pending = window.pending.filter((p) => line - p.line <= window.reach);
      for (const hit of due) this.accept(hit);
      if (window.pending.length === 0) this.waiting.delete(record);
    }
  }

  private accept(hit: Hit): void {
    const found = this.found.get(hit.pattern.record);
    if (!found) {
      this.found.set(hit.pattern.record, { best: hit, occurrences: 1, lastLine: hit.line });
      this.onFound?.(hit.pattern.record, hit.line);
    } else {
      if (this.isNewLine(hit, found)) {
        found.occurrences++;
        this.onFound?.(hit.pattern.record, hit.line);
      }
      if (better(hit, found.best)) found.best = hit;
      found.lastLine = hit.line;
    }
    if (this.recordOf(hit).sequence.length > 0) this.windowOf(hit).counted.add(hit.line);
  }

  private isNewLine(hit: Hit, found: Found): boolean {
    if (this.recordOf(hit).sequence.length === 0) return hit.line !== found.lastLine;
    const { counted, span } = this.windowOf(hit);
    if (counted.size > 2 * span + 2) {
      for (const line of counted) if (line < hit.line - span) counted.delete(line);
    }
    return !counted.has(hit.line);
  }

  private toMatch(record: number, { best, occurrences }: Found): RecordMatch {
    return {
      record,
      verdict: best.pattern.careless ? 'possible' : 'match',
      basis: 'signature',
      line: best.line,
      excerpt: best.unit.views.findLast((v) => this.engine.test(best.index, v)) ?? best.view,
      groups: this.engine.groups(best.index, best.view),
      wording: best.pattern.key,
      occurrences,
      specificity: best.specificity,
    };
  }
}

/**
 * Whether a pattern may be taken at its word. Careless ones need the signature's words on the line, and one word vouches
 * only where it is most of the line: `MemoryError` alone, not a sentence about it. Weak ones need some of them, or a line
 * that says little else. No pattern from elsewhere is believed where the line speaks of an error instead of reporting one.
 */
export function believed(pattern: BookPattern, unit: Unit, like: Likeness | null): boolean {
  if (like === null) return true;
  if (isSpeech(unit.text)) return false;
  const { held, all } = like;
  const bare = unit.views[unit.views.length - 1] ?? unit.text;
  if (pattern.careless) {
    // What was quoted, and where, is not the error's own: `KeyError: 'a name of any length'` says little else.
    const least =
      explainedShare(pattern, steadyText(bare)) >= 0.5 ? RARITY_LIMITS.minBits : RARITY_LIMITS.minForeignBits;
    return (
      (held >= least && held >= all * RARITY_LIMITS.minVouchedShare) || held >= RARITY_LIMITS.amplyVouchedBits
    );
  }
  if (!pattern.weak) return true;
  if (held >= all * RARITY_LIMITS.minConfirmedShare) return true;
  const chars = pattern.pieces.reduce((sum, piece) => sum + piece.trim().length, 0);
  return chars >= bare.trim().length * RARITY_LIMITS.minConfirmedShare;
}

/**
 * Rarity of the pattern's words, and a little for the share of the line that its literal text explains. Where patterns
 * cannot be trusted, likeness to the signature counts as much: what the line has of it, less half of what it lacks.
 */
export function specificityOf(pattern: BookPattern, view: string, like: Likeness | null): number {
  const explained = explainedShare(pattern, view) * EXPLAINED_LINE_BITS;
  const bits = like ? pattern.bits / 2 + like.held - (like.all - like.held) / 2 + like.values : pattern.bits;
  return Math.round((bits + explained) * 10) / 10;
}

/** Share of the line that the pattern's longest literal takes up, 0 to 1. */
function explainedShare(pattern: BookPattern, view: string): number {
  const literalChars = Math.max(...pattern.literals.map((l) => l.length));
  return Math.min(1, literalChars / Math.max(1, view.trim().length));
}

/** Whether `a` says more than `b`: a sound pattern before a careless one, then rarity, then the earlier line. */
function better(a: Hit, b: Hit): boolean {
  if (a.pattern.careless !== b.pattern.careless) return b.pattern.careless;
  if (a.specificity !== b.specificity) return a.specificity > b.specificity;
  if (a.position !== b.position) return a.position < b.position;
  // A sequence completes later than it begins: the order of patterns decides, not that of arrival.
  return a.index < b.index;
}

/** Matches a whole text. */
export function matchText(book: Book, text: string): readonly RecordMatch[] {
  const session = new MatchSession(book);
  session.push(text);
  return session.end().matches;
}
