/** A text that a pattern matches, made to be read: what varies is a `…`. For records whose source has no signature. */
import type { CharRanges, PatternNode } from './pattern.ts';

/** Stands for a stretch that may also be missing. */
const OPTIONAL = '\u0000';
const ELLIPSIS = '…';
/** The first of these that a class allows stands for it. A single `.` is mostly a point that nobody escaped. */
const EXAMPLES = ['.', ' ', '0', 'x', 'X'];
const EXAMPLES_REPEATED = [ELLIPSIS, ...EXAMPLES.slice(1)];
/** Counted repeats are spelt out up to here: the text is read by people. */
const MAX_REPEATS_SHOWN = 64;

/** Empty where nothing but varying text would be left. Word borders are not looked at. */
export function specimenOf(node: PatternNode): string {
  return write(node)
    .replace(new RegExp(`^${OPTIONAL}+|${OPTIONAL}+$`, 'g'), '')
    .replace(new RegExp(`[${OPTIONAL}${ELLIPSIS}]{2,}|${OPTIONAL}`, 'g'), ELLIPSIS);
}

function write(node: PatternNode, repeated = false): string {
  switch (node.kind) {
    case 'empty':
    case 'assert':
      return '';
    case 'class':
      return exampleOf(node.ranges, repeated ? EXAMPLES_REPEATED : EXAMPLES);
    case 'group':
      return write(node.node, repeated);
    case 'concat':
      return node.nodes.map((n) => write(n)).join('');
    case 'alternate':
      return write(node.nodes[0] as PatternNode);
    case 'repeat': {
      const once = write(node.node, true);
      if (node.min === 0) return once === ELLIPSIS ? OPTIONAL : '';
      return once === ELLIPSIS ? once : once.repeat(Math.min(node.min, MAX_REPEATS_SHOWN));
    }
  }
}

function exampleOf(ranges: CharRanges, examples: readonly string[]): string {
  const allows = (char: string) => {
    const code = char.codePointAt(0) as number;
    return ranges.some(([lo, hi]) => lo <= code && code <= hi);
  };
  const first = ranges[0];
  if (!first) return '';
  const only = ranges.length === 1 && first[0] === first[1];
  return only ? String.fromCodePoint(first[0]) : (examples.find(allows) ?? String.fromCodePoint(first[0]));
}
