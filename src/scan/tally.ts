/**
 * What is made of the candidate lines: exact matches, counted per record, with when and where; unknown lines that read
 * like a failure, by shape. Candidates of one source come in the order of its lines; sources in the order given.
 */
import { type Book, MatchSession, type RecordMatch, unitsOf } from '../book/index.ts';
import { readsLikeFailure, SHAPE_LIMITS, shapeOf } from '../diagnosis/index.ts';
import type { Candidate, ReadSummary, Sink } from './blocks.ts';
import { timeOf } from './time.ts';

/** Limits of what is kept; `docs/scan.md` lists them. */
export const TALLY_LIMITS = {
  /** Kinds of unknown lines that are told apart; lines of further ones are only counted. */
  maxShapes: 1000,
  /** Lines of a shape that are kept as examples. */
  maxExamples: 3,
  /** Minutes for which a record's lines are counted one by one; older ones are counted together. */
  maxMinutes: 1 << 14,
  /** Candidates whose place is remembered, for a match that is sure only some lines later. */
  maxPlaces: 4096,
  /** What the rate at the end is measured over. */
  nowMinutes: 10,
} as const;
const MINUTE_MS = 60_000;

/** Where a line stands. */
export interface Place {
  readonly source: string;
  readonly line: number;
  readonly offset: number;
  /** Milliseconds since 1970; null where neither the line nor one before it has a time. */
  readonly time: number | null;
}

/** A line that was counted, as it was found. */
export type ScanEvent =
  | { readonly event: 'match'; readonly id: string; readonly place: Place; readonly text: string }
  | { readonly event: 'unknown'; readonly shape: string; readonly place: Place; readonly text: string };

export interface Count {
  readonly lines: number;
  readonly sources: number;
  readonly first: Place;
  readonly last: Place;
  /** Earliest and latest time of a line; null: none had one. */
  readonly began: number | null;
  readonly ended: number | null;
  /** Lines a minute in the last `nowMinutes` of the whole range, and before; null without times. */
  readonly rate: { readonly now: number; readonly before: number } | null;
}

export interface ScanReport {
  readonly matches: readonly RecordMatch[];
  /** By record index. */
  readonly counts: ReadonlyMap<number, Count>;
  /** Most lines first. */
  readonly shapes: readonly (Count & { readonly shape: string; readonly examples: readonly string[] })[];
  /** Lines of shapes that were too many to tell apart. */
  readonly otherUnknown: number;
  readonly sources: number;
  readonly bytes: number;
  readonly lines: number;
  /** Earliest and latest time that was read anywhere. */
  readonly from: number | null;
  readonly to: number | null;
}

export interface TallyOptions {
  /** Only lines of this time range count; lines without a time belong to the last one before them. */
  readonly since?: number | null;
  readonly until?: number | null;
  /** For times without a year. */
  readonly nowMs: number;
  readonly onEvent?: (event: ScanEvent) => void;
}

class Counter {
  lines = 0;
  private readonly sources = new Set<string>();
  first: Place | null = null;
  last: Place | null = null;
  began: number | null = null;
  ended: number | null = null;
  /** Minute since 1970 → lines. */
  private readonly minutes = new Map<number, number>();

  add(place: Place): void {
    this.lines++;
    this.sources.add(place.source);
    this.first ??= place;
    this.last = place;
    if (place.time === null) return;
    // Sources are read one after the other: the earliest line is not always the first one read.
    if (this.began === null || place.time < this.began) {
      this.began = place.time;
      this.first = place;
    }
    if (this.ended === null || place.time >= this.ended) {
      this.ended = place.time;
      this.last = place;
    }
    const minute = Math.floor(place.time / MINUTE_MS);
    this.minutes.set(minute, (this.minutes.get(minute) ?? 0) + 1);
    if (this.minutes.size > TALLY_LIMITS.maxMinutes) {
      const oldest = Math.min(...this.minutes.keys());
      this.minutes.delete(oldest);
    }
  }

  count(from: number | null, to: number | null): Count {
    return {
      lines: this.lines,
      sources: this.sources.size,
      first: this.first as Place,
      last: this.last as Place,
      began: this.began,
      ended: this.ended,
      rate: this.rate(from, to),
    };
  }

  private rate(from: number | null, to: number | null): Count['rate'] {
    if (from === null || to === null || this.began === null) return null;
    const all = Math.max(1, (to - from) / MINUTE_MS);
    // Of a short range the last tenth is "now".
    const recent = Math.max(1, Math.min(TALLY_LIMITS.nowMinutes, all / 10));
    const border = Math.floor(to / MINUTE_MS - recent);
    let now = 0;
    for (const [minute, lines] of this.minutes) if (minute > border) now += lines;
    return { now: now / recent, before: (this.lines - now) / Math.max(1, all - recent) };
  }
}

/** Counts over sources. `open` one, give it its candidates in order, `finish` it; then `report`. */
export class Tally {
  readonly book: Book;
  readonly options: TallyOptions;
  private readonly records = new Map<number, Counter>();
  private readonly best = new Map<number, RecordMatch>();
  private readonly shapes = new Map<string, { readonly counter: Counter; readonly examples: string[] }>();
  private otherUnknown = 0;
  private sources = 0;
  private bytes = 0;
  private lines = 0;
  private from: number | null = null;
  private to: number | null = null;

  constructor(book: Book, options: TallyOptions) {
    this.book = book;
    this.options = options;
  }

  open(source: string): SourceTally {
    return new SourceTally(this, source);
  }

  /** Known records and shapes so far, for a progress line. */
  get soFar(): { readonly known: number; readonly unknown: number } {
    return { known: this.records.size, unknown: this.shapes.size };
  }

  report(): ScanReport {
    const { from, to } = this;
    return {
      matches: [...this.best.values()]
        .filter((m) => this.records.has(m.record))
        .sort((a, b) => a.record - b.record)
        .map((m) => ({ ...m, occurrences: this.records.get(m.record)?.lines ?? m.occurrences })),
      counts: new Map([...this.records].map(([record, counter]) => [record, counter.count(from, to)])),
      shapes: [...this.shapes]
        .map(([shape, { counter, examples }]) => ({ shape, examples, ...counter.count(from, to) }))
        .sort((a, b) => b.lines - a.lines || (a.shape < b.shape ? -1 : 1)),
      otherUnknown: this.otherUnknown,
      sources: this.sources,
      bytes: this.bytes,
      lines: this.lines,
      from,
      to,
    };
  }

  isWanted(time: number | null): boolean {
    const { since = null, until = null } = this.options;
    if (since === null && until === null) return true;
    return time !== null && (since === null || time >= since) && (until === null || time <= until);
  }

  /** A time that was read somewhere. */
  widen(time: number | null): void {
    if (time === null || !this.isWanted(time)) return;
    if (this.from === null || time < this.from) this.from = time;
    if (this.to === null || time > this.to) this.to = time;
  }

  found(record: number, place: Place, text: string): void {
    let counter = this.records.get(record);
    if (!counter) {
      counter = new Counter();
      this.records.set(record, counter);
    }
    counter.add(place);
    const id = this.book.records[record]?.id ?? '';
    this.options.onEvent?.({ event: 'match', id, place, text });
  }

  /** A line that reads like a failure, and no record knows it. */
  unknown(place: Place, line: string): void {
    const [unit] = unitsOf(line.slice(0, MAX_UNKNOWN_CHARS)).units;
    const text = (unit?.views.at(-1) ?? '').slice(0, SHAPE_LIMITS.maxChars).trim();
    const shape = shapeOf(text);
    let known = this.shapes.get(shape);
    if (!known) {
      if (this.shapes.size >= TALLY_LIMITS.maxShapes) {
        this.otherUnknown++;
        return;
      }
      known = { counter: new Counter(), examples: [] };
      this.shapes.set(shape, known);
      this.options.onEvent?.({ event: 'unknown', shape, place, text });
    }
    known.counter.add(place);
    if (known.examples.length < TALLY_LIMITS.maxExamples) known.examples.push(text);
  }

  /** A source has ended. */
  add({ bytes, lines, firstLine, lastLine }: ReadSummary, matches: readonly RecordMatch[]): void {
    this.sources++;
    this.bytes += bytes;
    this.lines += lines;
    for (const line of [firstLine, lastLine]) this.widen(timeOf(line, this.options.nowMs));
    for (const match of matches) {
      const before = this.best.get(match.record);
      if (!before || match.specificity > before.specificity) this.best.set(match.record, match);
    }
  }
}

/** Of a longer unknown line only the start is looked at. */
const MAX_UNKNOWN_CHARS = 2000;

/** One source of a tally: sequences and exclusions do not reach from one file into another. */
export class SourceTally implements Sink {
  private readonly tally: Tally;
  private readonly source: string;
  private readonly session: MatchSession;
  private time: number | null = null;
  /** The latest lines: a match may be sure only some lines later. */
  private readonly places = new Map<number, { readonly place: Place; readonly text: string }>();
  private line = 0;
  private foundOnLine = false;

  constructor(tally: Tally, source: string) {
    this.tally = tally;
    this.source = source;
    this.session = new MatchSession(tally.book, null, (record, line) => this.found(record, line));
  }

  candidate({ line, offset, text, onlyWords }: Candidate): void {
    const place = this.placeOf(line, offset, text);
    if (!this.tally.isWanted(place.time)) return;
    this.line = line;
    this.foundOnLine = false;
    if (!onlyWords) {
      this.remember(place, text);
      this.session.skipTo(line);
      this.session.push(`${text}\n`);
    }
    if (!this.foundOnLine && readsLikeFailure(text)) this.tally.unknown(place, text);
  }

  piece(text: string, { line, offset, last }: Parameters<Sink['piece']>[1]): void {
    if (!this.places.has(line)) {
      this.remember(this.placeOf(line, offset, text), text);
      this.session.skipTo(line);
    }
    this.session.push(text);
    if (last) this.session.push('\n');
  }

  finish(summary: ReadSummary): void {
    this.tally.add(summary, this.session.end().matches);
  }

  private found(record: number, line: number): void {
    const at = this.places.get(line);
    if (!at || !this.tally.isWanted(at.place.time)) return;
    if (line === this.line) this.foundOnLine = true;
    this.tally.found(record, at.place, at.text);
  }

  private placeOf(line: number, offset: number, text: string): Place {
    this.time = timeOf(text, this.tally.options.nowMs) ?? this.time;
    this.tally.widen(this.time);
    return { source: this.source, line, offset, time: this.time };
  }

  private remember(place: Place, text: string): void {
    this.places.set(place.line, { place, text: text.slice(0, SHAPE_LIMITS.maxChars) });
    if (this.places.size > TALLY_LIMITS.maxPlaces) {
      const [oldest] = this.places.keys();
      this.places.delete(oldest as number);
    }
  }
}
