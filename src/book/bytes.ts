/**
 * A pattern over bytes: the same tree, in which a class is a range of bytes and a character of several bytes is a
 * sequence of them. What runs on text (`automaton.ts`) then runs on bytes, and so does the lazy automaton (`dfa.ts`).
 */
import type { CharRanges, PatternNode } from '../record/index.ts';

/**
 * What `.` and a negated class stand for beyond ASCII. `character`: one well-formed UTF-8 sequence. `byte`: any one
 * byte above 127, as engines without UTF-8 read it. Characters that a pattern names are their UTF-8 bytes in both.
 */
export type TextUnit = 'byte' | 'character';

const LAST_OF_LENGTH = [0x7f, 0x7ff, 0xffff, 0x10ffff];
const MAX_CODE_POINT = 0x10ffff;
const SURROGATES = [0xd800, 0xdfff] as const;

type ByteRange = readonly [number, number];

/** The tree over bytes. */
export function overBytes(node: PatternNode, unit: TextUnit): PatternNode {
  switch (node.kind) {
    case 'empty':
    case 'assert':
      return node;
    case 'class':
      return classOverBytes(node.ranges, unit);
    case 'concat':
    case 'alternate':
      return { kind: node.kind, nodes: node.nodes.map((n) => overBytes(n, unit)) };
    case 'group':
      return overBytes(node.node, unit);
    case 'repeat':
      return { ...node, node: overBytes(node.node, unit) };
  }
}

function classOverBytes(ranges: CharRanges, unit: TextUnit): PatternNode {
  const last = ranges[ranges.length - 1];
  if (!last || last[1] < 128) return { kind: 'class', ranges };
  const ascii = ranges
    .filter(([lo]) => lo < 128)
    .map(([lo, hi]): [number, number] => [lo, Math.min(hi, 127)]);
  if (unit === 'byte' && last[1] === MAX_CODE_POINT) {
    return { kind: 'class', ranges: [...ascii, [128, 255]] };
  }
  const options: PatternNode[] = ascii.length > 0 ? [{ kind: 'class', ranges: ascii }] : [];
  for (const [lo, hi] of ranges) {
    for (const sequence of utf8Sequences(Math.max(lo, 128), hi)) {
      options.push({
        kind: 'concat',
        nodes: sequence.map((range): PatternNode => ({ kind: 'class', ranges: [range] })),
      });
    }
  }
  // A class of surrogates only: nothing in UTF-8 is that.
  if (options.length === 0) return { kind: 'class', ranges: [] };
  return options.length === 1 ? (options[0] as PatternNode) : { kind: 'alternate', nodes: options };
}

/** Byte ranges that together are the UTF-8 of all code points from `lo` to `hi` (surrogates have none). */
function utf8Sequences(lo: number, hi: number): ByteRange[][] {
  if (lo > hi) return [];
  const [low, high] = SURROGATES;
  if (lo <= high && hi >= low) return [...utf8Sequences(lo, low - 1), ...utf8Sequences(high + 1, hi)];
  for (const last of LAST_OF_LENGTH) {
    if (lo <= last && hi > last) return [...utf8Sequences(lo, last), ...utf8Sequences(last + 1, hi)];
  }
  const from = utf8Of(lo);
  const to = utf8Of(hi);
  for (let i = 1; i < from.length; i++) {
    const tail = 2 ** (6 * i) - 1;
    if ((lo & ~tail) === (hi & ~tail)) continue;
    if ((lo & tail) !== 0) return [...utf8Sequences(lo, lo | tail), ...utf8Sequences((lo | tail) + 1, hi)];
    if ((hi & tail) !== tail)
      return [...utf8Sequences(lo, (hi & ~tail) - 1), ...utf8Sequences(hi & ~tail, hi)];
  }
  return [from.map((byte, i): ByteRange => [byte, to[i] as number])];
}

function utf8Of(code: number): number[] {
  if (code < 0x80) return [code];
  if (code < 0x800) return [0xc0 | (code >> 6), 0x80 | (code & 63)];
  if (code < 0x10000) return [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)];
  return [0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)];
}
