/** Where things lie in a kernel's memory; `wasm/filter.ts` names the same numbers. */

/** Fields of a pass, bytes from its address. */
export const PASS = {
  table: 0,
  shift: 4,
  kind: 8,
  stride: 12,
  mask: 16,
  fold: 24,
  slots: 32,
  slotShift: 36,
  entries: 40,
  entryCount: 44,
  size: 64,
} as const;

/** Fields of a literal: its bytes, its case masks, its length, where it was seen last. */
export const LITERAL = { bytes: 0, masks: 4, length: 8, seen: 12, size: 16 } as const;

/** Fields of an entry in a slot's list: literal, offset of the q-gram in it, the next entry. */
export const ENTRY = { literal: 0, offset: 4, next: 8, size: 12 } as const;

/** Numbers per occurrence that a scan writes out: start and end of the line, place and number of the literal. */
export const OUT_WORDS = 4;

/** Probed at once; so many groups between two visits to the second stage. */
export const GROUP = 8;
export const BLOCK_GROUPS = 256;
/** Occurrences of one literal that are reported for one line. */
export const MAX_OCCURRENCES = 3;
/** Bytes behind the text that are read and never believed. */
export const TEXT_PADDING = 128;

/** What a kernel can do; the compiled one and its twin are called alike. All addresses are byte offsets. */
export interface KernelExports {
  configure(literals: number, count: number, list: number, out: number, outEnd: number): void;
  /** Adds one q-gram of a literal to a pass. */
  insert(pass: number, literal: number, offset: number): void;
  /** Looks for a pass's literals in whole lines; how many occurrences were written out, or -1 where they did not fit. */
  scan(pass: number, from: number, to: number): number;
  /** Where the line of a place ends: at its newline or at `to`. */
  lineEnd(at: number, to: number): number;
  /** Whether a range holds no control character but TAB and LF (and no byte C2, which may begin one). */
  isPlain(from: number, to: number): boolean | number;
  /** Newlines in a range. */
  countLines(from: number, to: number): number;
}
