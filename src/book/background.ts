/**
 * Ordinary output (`data/background.txt.gz`, made by `scripts/background.mjs` from real programs) as the measure
 * of what is rare: how many of its lines hold a word, and how many a pattern hits.
 */

import { countGrams, type GramCounts } from './plan.ts';

export interface Background {
  readonly lines: readonly string[];
  /** Lines that hold the word (folded). */
  readonly wordLines: ReadonlyMap<string, number>;
}

/** Limits of rarity; `docs/records.md` lists them. */
export const RARITY_LIMITS = {
  /** A pattern that hits more often than this in the background is careless: it never gives `match` by itself. */
  maxHitsPerMillion: 10,
  /** A pattern whose required words carry less than this many bits is careless too. */
  minBits: 14,
  /** The same for records from elsewhere, whose patterns nobody has checked: more than one rare word. */
  minForeignBits: 24,
  /** A pattern from elsewhere with fewer bits than this is weak: its line has to confirm it. */
  minAloneBits: 40,
  /** Share of the signature's bits, or of the line's characters, that confirms a weak pattern. */
  minConfirmedShare: 0.45,
  /** So many bits of the signature vouch for a careless pattern, whatever share of it they are. */
  amplyVouchedBits: 40,
  /** Bits of a word that the background does not hold at all; one word proves no more than this. */
  maxWordBits: 15,
  /** Share of a signature's bits that a line must hold to vouch for a careless pattern. */
  minVouchedShare: 0.6,
} as const;

const WORD = /[a-z0-9_]{2,40}|\^[a-z](?![a-z0-9_])|[^\x00-\x7f]{1,4}/g;

/** Words of a folded text: runs of letters, digits and underscores; shown control characters (`^M`); other scripts in fours. */
export function wordsOf(folded: string): readonly string[] {
  return folded.match(WORD) ?? [];
}

export function backgroundOf(text: string): Background {
  const lines = text.split('\n');
  if (lines[lines.length - 1] === '') lines.pop();
  const wordLines = new Map<string, number>();
  for (const line of lines) {
    for (const word of new Set(wordsOf(line.toLowerCase())))
      wordLines.set(word, (wordLines.get(word) ?? 0) + 1);
  }
  return { lines, wordLines };
}

const knownGrams = new WeakMap<Background, GramCounts>();

/** How often four bytes follow one another in the background. */
export function gramsOf(background: Background): GramCounts {
  let grams = knownGrams.get(background);
  if (!grams) {
    grams = countGrams(new TextEncoder().encode(background.lines.join('\n')));
    knownGrams.set(background, grams);
  }
  return grams;
}

const knownBits = new WeakMap<Background, Map<string, number>>();

/** How surprising a word is: −log2 of the share of background lines that hold it, 0 to `maxWordBits`. */
export function wordBits(word: string, background: Background | null): number {
  // Without a background (a browser that compiles records) only length can speak.
  if (!background || background.lines.length === 0)
    return Math.min(RARITY_LIMITS.maxWordBits, 1.2 * word.length);
  let known = knownBits.get(background);
  if (!known) {
    known = new Map();
    knownBits.set(background, known);
  }
  let bits = known.get(word);
  if (bits === undefined) {
    const share = ((background.wordLines.get(word) ?? 0) + 0.5) / background.lines.length;
    bits = Math.max(0, Math.min(RARITY_LIMITS.maxWordBits, -Math.log2(share)));
    known.set(word, bits);
  }
  return bits;
}

/** Bits of all distinct words of the texts. */
export function textBits(folded: readonly string[], background: Background | null): number {
  const words = new Set(folded.flatMap((piece) => wordsOf(piece)));
  let bits = 0;
  for (const word of words) bits += wordBits(word, background);
  return bits;
}
