/**
 * Phrases: the words in which an error names itself, with their rarity. They say how much of a record's message a line
 * really holds: where a pattern alone proves too little, where several records fit, and where none does.
 */
import { type FaultRecord, foldAscii, steadyText } from '../record/index.ts';
import { type Background, RARITY_LIMITS, wordBits, wordsOf } from './background.ts';
import type { Unit } from './text.ts';

/** Limits of retrieval; `scripts/calibrate.mjs` measures them, a test compares. */
export const RETRIEVAL = {
  /** Least likeness of line and message, 0 to 1 (harmonic mean of the two shares). */
  minScore: 0.7,
  /** Least bits of rare words that both have, unless the line is little else than the message. */
  minBits: RARITY_LIMITS.minForeignBits,
  /** Least share of the message's rarity that the line has. */
  minHeldShare: 0.68,
  /** From this likeness on `RARITY_LIMITS.minBits` are enough. */
  aloneScore: 0.85,
  /** Records are shown whose likeness is at least this share of the best one's. */
  keepShare: 0.8,
  /** What a word of the line that the message lacks counts against it, bits: the book knows no rarity of it. */
  otherWordBits: 5,
  /** Only words of so many bits lead to a record: a message of common words alone is everywhere. */
  minKeyBits: 10,
  /** Another wording with fewer words is no message: `session_start` alone stands on healthy lines. */
  minWordingWords: 2,
  /** Samples that are so like a message, and are not it, are told from it: below the threshold, for a margin. */
  minContrastScore: 0.65,
  /** Words of fewer bits do not tell a message from its near misses. */
  minTellingBits: 7,
  /** Lines that are compared: the first and the last of a text. */
  firstLines: 200,
  lastLines: 400,
  /** Longer lines are prose or data, no message. */
  maxLineChars: 600,
} as const;

/** A word and its rarity in bits. */
export type WeighedWord = readonly [word: string, bits: number];

export interface Phrase {
  /** Index into `book.records`. */
  readonly record: number;
  /** Words that every such message has. */
  readonly steady: readonly WeighedWord[];
  /** Words of the example's values (names, paths, versions): they tell twins apart, and prove nothing. */
  readonly values: readonly WeighedWord[];
  /**
   * For each known near miss of the record: the telling words of the message that it lacks. A line that lacks all of them
   * as well is no closer to the message than to the near miss.
   */
  readonly unlike: readonly (readonly string[])[];
}

/** How much of a phrase a line holds, and how much of the line the phrase explains; bits. */
export interface Likeness {
  readonly held: number;
  readonly all: number;
  /** Bits of the example's values that the line holds. */
  readonly values: number;
}

/** Phrases of a record: its signature first, then what its own patterns demand in other wordings. */
export function phrasesOf(
  record: FaultRecord,
  index: number,
  demanded: readonly (readonly string[])[],
  background: Background | null,
): Phrase[] {
  const weigh = (words: Iterable<string>): WeighedWord[] =>
    [...new Set(words)]
      .sort()
      .map((w): WeighedWord => [w, Math.round(wordBits(w, background) * 10) / 10])
      .filter(([, bits]) => bits > 0);
  const steady = new Set(wordsOf(foldAscii(steadyText(record.signature))));
  const values = wordsOf(foldAscii(record.signature)).filter((w) => !steady.has(w));
  const phrases: Phrase[] = [{ record: index, steady: weigh(steady), values: weigh(values), unlike: [] }];
  for (const pieces of demanded) {
    const words = pieces.flatMap((piece) => wordsOf(piece));
    if (new Set(words).size >= RETRIEVAL.minWordingWords && words.some((w) => !steady.has(w)))
      phrases.push({ record: index, steady: weigh(words), values: [], unlike: [] });
  }
  return phrases.filter((p) => p.steady.length > 0);
}

/** Compares a phrase with the words of a line (folded). */
export function likeness(phrase: Phrase, words: ReadonlySet<string>): Likeness {
  let [held, all, values] = [0, 0, 0];
  for (const [word, bits] of phrase.steady) {
    all += bits;
    if (words.has(word)) held += bits;
  }
  for (const [word, bits] of phrase.values) if (words.has(word)) values += bits;
  return { held, all, values };
}

/** The words of a line, for comparison. */
export interface LineWords {
  /** All of them: also those of values count where a message has them. */
  readonly all: ReadonlySet<string>;
  /** Without what varies: these count against a message that lacks them. */
  readonly steady: ReadonlySet<string>;
}

/** The words of a text, compared with phrases. */
export function wordsOfLine(text: string): LineWords {
  const steady = new Set(wordsOf(foldAscii(steadyText(text))));
  return { steady, all: new Set([...steady, ...wordsOf(foldAscii(text))]) };
}

/** Likeness of a line and a message, 0 to 1; 0 where they share too little to say anything. */
export function scoreOf(phrase: Phrase, text: string): number {
  return scoreOfWords(phrase, wordsOfLine(text));
}

/** The same for words that are taken apart already. */
export function scoreOfWords(phrase: Phrase, words: LineWords): number {
  if (phrase.unlike.some((telling) => !telling.some((w) => words.all.has(w)))) return 0;
  const { held, all } = likeness(phrase, words.all);
  if (
    held < RARITY_LIMITS.minBits ||
    held < all * RETRIEVAL.minHeldShare ||
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
      if (records.has(phrase.record) || scoreOfWords(phrase, words) < RETRIEVAL.minContrastScore) continue;
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

/** Rare word → phrases that have it. */
export type KeyWords = ReadonlyMap<string, readonly Phrase[]>;

/** The index of some phrases. */
export function keyWordsOf(phrases: readonly Phrase[]): KeyWords {
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
export function phrasesNear(index: KeyWords, words: LineWords): ReadonlySet<Phrase> {
  const near = new Set<Phrase>();
  for (const word of words.all) for (const phrase of index.get(word) ?? []) near.add(phrase);
  return near;
}

/** A line without log prefixes. */
export function bareOf(unit: Unit): string {
  return unit.views[unit.views.length - 1] ?? unit.text;
}
