/**
 * Retrieval by rare words, for texts in which no signature was found: which record's message does a line come close to?
 * Both ways: most of the message must stand on the line, and the line must say little else. What varies (numbers, paths,
 * quoted names) counts on neither side.
 */
import type { Book } from './compile.ts';
import {
  bareOf,
  type KeyWords,
  keyWordsOf,
  likeness,
  phrasesNear,
  RETRIEVAL,
  scoreOfWords,
  wordsOfLine,
} from './phrases.ts';
import { isSpeech } from './speech.ts';
import type { Unit } from './text.ts';

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

const indexes = new WeakMap<Book, KeyWords>();

/** The index of a book, built when it is first needed. */
function indexOf(book: Book): KeyWords {
  let index = indexes.get(book);
  if (!index) {
    index = keyWordsOf(book.phrases);
    indexes.set(book, index);
  }
  return index;
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
  if (isSpeech(unit.text)) return [];
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
