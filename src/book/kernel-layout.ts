/** Where things lie in a kernel's memory; `wasm/filter.ts` names the same numbers. */

/** Fields of a pass, bytes from its address. */
export const PASS = {
  table: 0,
  shift: 4,
  kind: 8,
  stride: 12,
  mask: 16,
  fold: 24,
  /** A second table, of bits, under another hash. */
  second: 32,
  secondShift: 36,
  /** Where a bucket's entries begin, counted in entries; one more than there are buckets. */
  buckets: 40,
  bucketShift: 44,
  entries: 48,
  /** Of the four bytes that an entry checks, those that every literal of the pass has. */
  checkMask: 52,
  size: 64,
} as const;

/** Fields of a literal: its bytes, its case masks, its length, where it was seen last. */
export const LITERAL = { bytes: 0, masks: 4, length: 8, seen: 12, size: 16 } as const;

/**
 * Fields of an entry of a bucket: literal, offset of the q-gram in it, four bytes of it far from there, and where these
 * are seen from the q-gram.
 */
export const ENTRY = { literal: 0, offset: 4, check: 8, checkAt: 12, size: 16 } as const;

/** What a hit becomes before its entries are looked at: its place, its bucket's first entry, and where they end. */
export const HIT = { size: 12 } as const;

/** Numbers per occurrence that a scan writes out: start and end of the line, place and number of the literal. */
export const OUT_WORDS = 4;

/** Probed at once; so many groups between two visits to the second stage. */
export const GROUP = 8;
export const BLOCK_GROUPS = 256;
/** Occurrences of one literal that are reported for one line. */
export const MAX_OCCURRENCES = 3;
/** Bytes behind the text that are read and never believed; a literal's length comes on top. */
export const TEXT_PADDING = 128;

/** What a kernel can do; the compiled one and its twin are called alike. All addresses are byte offsets. */
export interface KernelExports {
  configure(literals: number, count: number, list: number, hits: number, out: number, outEnd: number): void;
  /** Fills the empty tables of a pass; `members` is where pairs stand: a literal, and where its window begins. */
  build(pass: number, members: number, count: number): void;
  /** Looks for a pass's literals in whole lines; how many occurrences were written out, or -1 where they did not fit. */
  scan(pass: number, from: number, to: number): number;
  /** Where the line of a place ends: at its newline or at `to`. */
  lineEnd(at: number, to: number): number;
  /** Whether a range holds no control character but TAB and LF (and no byte C2, which may begin one). */
  isPlain(from: number, to: number): boolean | number;
  /** Newlines in a range. */
  countLines(from: number, to: number): number;
}
