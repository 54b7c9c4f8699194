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
  minScore: 0.7,
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
  /** Words of fewer bits do not tell a message from its near misses. */
  minTellingBits: 7,
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
  /** Bits of the example's values that the line holds: they tell twins apart. */
  readonly values: number;
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

type KeyWords = ReadonlyMap<string, readonly Phrase[]>;
const indexes = new WeakMap<Book, KeyWords>();

/** Rare word → phrases that have it. */
function keyWordsOf(phrases: readonly Phrase[]): KeyWords {
  const index = new Map<string, Phrase[]>();
  for (const phrase of phrases) {
    for (const [word, bits] of phrase.steady) {
      if (bits < RETRIEVAL.minKeyBits) continue;
      const known = index.get(word);
      if (known) known.push(phrase);
      else index.set(word, [phrase]);
    }
  }
  return index;
}

/** The phrases that share a rare word with a line: all others are unlike it. */
function phrasesNear(index: KeyWords, words: LineWords): ReadonlySet<Phrase> {
  const near = new Set<Phrase>();
  for (const word of words.all) for (const phrase of index.get(word) ?? []) near.add(phrase);
  return near;
}

/** The index of a book, built when it is first needed. */
function indexOf(book: Book): KeyWords {
  let index = indexes.get(book);
  if (!index) {
    index = keyWordsOf(book.phrases);
    indexes.set(book, index);
  }
  return index;
}

/** The words of a line, for comparison. */
interface LineWords {
  /** All of them: also those of values count where a message has them. */
  readonly all: ReadonlySet<string>;
  /** Without what varies: these count against a message that lacks them. */
  readonly steady: ReadonlySet<string>;
}

function wordsOfLine(text: string): LineWords {
  const steady = new Set(wordsOf(foldAscii(steadyText(text))));
  return { steady, all: new Set([...steady, ...wordsOf(foldAscii(text))]) };
}

/** Likeness of a line and a message, 0 to 1; 0 where they share too little to say anything. */
export function scoreOf(phrase: Phrase, text: string): number {
  return scoreOfWords(phrase, wordsOfLine(text));
}

function scoreOfWords(phrase: Phrase, words: LineWords): number {
  if (phrase.unlike.some((telling) => !telling.some((w) => words.all.has(w)))) return 0;
  const { held, all } = likeness(phrase, words.all);
  if (
    held < RARITY_LIMITS.minBits ||
    !phrase.steady.some(([w, bits]) => bits >= RETRIEVAL.minKeyBits && words.all.has(w))
  )
    return 0;
  const known = new Set(phrase.steady.map(([word]) => word));
  let others = 0;
  // What a line says in another script (the half that was translated) does not speak against an English message.
  for (const word of words.steady) if (word.length > 2 && word <= '~' && !known.has(word)) others++;
  const line = held + others * RETRIEVAL.otherWordBits;
  // Harmonic mean of held/all and held/line.
  const score = (2 * held) / (all + line);
  return held >= RETRIEVAL.minBits || score >= RETRIEVAL.aloneScore ? score : 0;
}

/** A line of which it is known what it is. */
export interface KnownLine {
  readonly unit: Unit;
  /** The records that it belongs to. */
  readonly records: ReadonlySet<number>;
}

/** The phrases, told apart from what is known to be something else though it comes close to the message. */
export function contrast(phrases: readonly Phrase[], known: readonly KnownLine[]): Phrase[] {
  const index = keyWordsOf(phrases);
  const unlike = new Map<Phrase, string[][]>();
  for (const { unit, records } of known) {
    if (unit.text.length > RETRIEVAL.maxLineChars) continue;
    const words = wordsOfLine(bareOf(unit));
    for (const phrase of phrasesNear(index, words)) {
      if (records.has(phrase.record) || scoreOfWords(phrase, words) < RETRIEVAL.minScore) continue;
      const telling = phrase.steady.filter(
        ([w, bits]) => bits >= RETRIEVAL.minTellingBits && !words.all.has(w),
      );
      unlike.set(phrase, [...(unlike.get(phrase) ?? []), telling.map(([word]) => word)]);
    }
  }
  return phrases.map((phrase) => ({ ...phrase, unlike: leastSets(unlike.get(phrase) ?? []) }));
}

/** Of two sets of words of which one holds the other, the smaller one says it all. In an order of their own. */
function leastSets(sets: readonly (readonly string[])[]): (readonly string[])[] {
  const distinct = new Map(sets.map((words) => [words.join(' '), words]));
  return [...distinct.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, words]) => words)
    .filter(
      (words, _, all) => !all.some((o) => o.length < words.length && o.every((w) => words.includes(w))),
    );
}

/** A line without log prefixes. */
function bareOf(unit: Unit): string {
  return unit.views[unit.views.length - 1] ?? unit.text;
}

/** Negative where `a` is closer: more alike, then more of the example's values. */
function closer(a: Retrieved, b: Retrieved): number {
  return b.score - a.score || b.values - a.values;
}

/** The records that the lines come closest to, best first; none where none is close enough. */
export function retrieve(book: Book, units: readonly Unit[]): readonly Retrieved[] {
  const best = new Map<number, Retrieved>();
  for (const unit of units) {
    for (const found of nearest(book, unit)) {
      if (found.score < RETRIEVAL.minScore) continue;
      const known = best.get(found.record);
      if (!known || closer(found, known) < 0) best.set(found.record, found);
    }
  }
  const found = [...best.values()].sort((a, b) => closer(a, b) || a.record - b.record);
  const least = (found[0]?.score ?? 0) * RETRIEVAL.keepShare;
  return found.filter((f) => f.score >= least);
}

/** All that a line is at all like, in no order. */
export function nearest(book: Book, unit: Unit): readonly Retrieved[] {
  const text = bareOf(unit);
  const words = wordsOfLine(text);
  const found: Retrieved[] = [];
  for (const phrase of phrasesNear(indexOf(book), words)) {
    const score = scoreOfWords(phrase, words);
    if (score > 0)
      found.push({ record: phrase.record, unit, text, score, values: likeness(phrase, words.all).values });
  }
  return found;
}
