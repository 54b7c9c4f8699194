/**
 * Phrases: the words in which an error names itself, with their rarity. They say how much of a record's message a line
 * really holds: where a pattern alone proves too little, where several records fit, and where none does.
 */
import { type FaultRecord, foldAscii, steadyText } from '../record/index.ts';
import { type Background, wordBits, wordsOf } from './background.ts';

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
    if (words.some((w) => !steady.has(w)))
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
