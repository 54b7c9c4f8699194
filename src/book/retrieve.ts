/**
 * Retrieval by rare words, for texts in which no signature was found: which record's message does a line come close to?
 * Both ways: most of the message must stand on the line, and the line must say little else. What varies (numbers, paths,
 * quoted names) counts on neither side.
 */
import { foldAscii, steadyText } from '../record/index.ts';
import { RARITY_LIMITS, wordsOf } from './background.ts';
import type { Book } from './compile.ts';
import { likeness, type Phrase } from './phrases.ts';
import type { Unit } from './text.ts';

/** Limits of retrieval; `scripts/calibrate.mjs` measures them, a test compares. */
export const RETRIEVAL = {
  /** Least likeness of line and message, 0 to 1 (harmonic mean of the two shares). */
  minScore: 0.65,
  /** Least bits of rare words that both have, unless the line is little else than the message. */
  minBits: RARITY_LIMITS.minForeignBits,
  /** From this likeness on `RARITY_LIMITS.minBits` are enough. */
  aloneScore: 0.85,
  /** Records are shown whose likeness is at least this share of the best one's. */
  keepShare: 0.8,
  /** What a word of the line that the message lacks counts against it, bits: the book knows no rarity of it. */
  otherWordBits: 5,
  /** Only words of so many bits lead to a record: a message of common words alone is everywhere. */
  minKeyBits: 10,
  /** Lines that are compared: the first and the last of a text. */
  firstLines: 200,
  lastLines: 400,
  /** Longer lines are prose or data, no message. */
  maxLineChars: 600,
} as const;

/** A record whose message a line comes close to. */
export interface Retrieved {
  /** Index into `book.records`. */
  readonly record: number;
  readonly unit: Unit;
  /** The line without log prefixes. */
  readonly text: string;
  /** Likeness, 0 to 1. */
  readonly score: number;
}

/** Keeps the lines of a text that retrieval will look at, in bounded memory. */
export class LineKeeper {
  private readonly first: Unit[] = [];
  private readonly last: Unit[] = [];
  private next = 0;

  unit(unit: Unit): void {
    if (unit.text.length > RETRIEVAL.maxLineChars || unit.text.trim() === '') return;
    if (this.first.length < RETRIEVAL.firstLines) this.first.push(unit);
    else {
      this.last[this.next] = unit;
      this.next = (this.next + 1) % RETRIEVAL.lastLines;
    }
  }

  /** In the order of the text. */
  units(): readonly Unit[] {
    return [...this.first, ...this.last.slice(this.next), ...this.last.slice(0, this.next)];
  }
}

const indexes = new WeakMap<Book, ReadonlyMap<string, readonly Phrase[]>>();

/** Rare word → phrases that have it; built when it is first needed. */
function indexOf(book: Book): ReadonlyMap<string, readonly Phrase[]> {
  let index = indexes.get(book);
  if (!index) {
    const building = new Map<string, Phrase[]>();
    for (const phrase of book.phrases) {
      for (const [word, bits] of phrase.steady) {
        if (bits < RETRIEVAL.minKeyBits) continue;
        const known = building.get(word);
        if (known) known.push(phrase);
        else building.set(word, [phrase]);
      }
    }
    index = building;
    indexes.set(book, index);
  }
  return index;
}

/** Likeness of a line and a message, 0 to 1; 0 where they share too little to say anything. */
export function scoreOf(phrase: Phrase, text: string): number {
  const words = wordsOfLine(text);
  const { held, all } = likeness(phrase, words);
  if (
    held < RARITY_LIMITS.minBits ||
    !phrase.steady.some(([w, bits]) => bits >= RETRIEVAL.minKeyBits && words.has(w))
  )
    return 0;
  const known = new Set(phrase.steady.map(([word]) => word));
  let others = 0;
  for (const word of words) if (word.length > 2 && !known.has(word)) others++;
  const line = held + others * RETRIEVAL.otherWordBits;
  // Harmonic mean of held/all and held/line.
  const score = (2 * held) / (all + line);
  return held >= RETRIEVAL.minBits || score >= RETRIEVAL.aloneScore ? score : 0;
}

function wordsOfLine(text: string): ReadonlySet<string> {
  return new Set(wordsOf(foldAscii(steadyText(text))));
}

/** The records that the lines come closest to, best first; none where none is close enough. */
export function retrieve(book: Book, units: readonly Unit[]): readonly Retrieved[] {
  const index = indexOf(book);
  const best = new Map<number, Retrieved>();
  for (const unit of units) {
    const text = unit.views[unit.views.length - 1] ?? unit.text;
    const near = new Set<Phrase>();
    for (const word of wordsOfLine(text)) for (const phrase of index.get(word) ?? []) near.add(phrase);
    for (const phrase of near) {
      const score = scoreOf(phrase, text);
      if (score < RETRIEVAL.minScore || score <= (best.get(phrase.record)?.score ?? 0)) continue;
      best.set(phrase.record, { record: phrase.record, unit, text, score });
    }
  }
  const found = [...best.values()].sort((a, b) => b.score - a.score || a.record - b.record);
  const least = (found[0]?.score ?? 0) * RETRIEVAL.keepShare;
  return found.filter((f) => f.score >= least);
}
