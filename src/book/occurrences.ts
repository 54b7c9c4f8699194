/** What the kernel found, line by line, whatever the number of passes. */
import type { Kernel } from './kernel.ts';
import { OUT_WORDS } from './kernel-layout.ts';

/** Occurrences of one pass (start and end of the line, place, literal), and how far they were taken. */
export interface Occurrences {
  words: Uint32Array;
  at: number;
  end: number;
}

/**
 * Looks for the plan's literals in whole lines and visits, in order, the lines that hold some. The visitor takes from
 * each stream what stands on the line.
 */
export function visitLines(
  kernel: Kernel,
  from: number,
  to: number,
  visit: (streams: readonly Occurrences[], lineFrom: number) => void,
): void {
  const streams: Occurrences[] = [];
  for (const pass of kernel.passes) {
    const count = kernel.run.scan(pass, from, to);
    if (count < 0) {
      const border = middleOf(kernel, from, to);
      visitLines(kernel, from, border, visit);
      visitLines(kernel, border, to, visit);
      return;
    }
    if (count === 0) continue;
    const end = kernel.outAt + count * OUT_WORDS;
    // The next pass writes to the same place.
    if (kernel.passes.length === 1) streams.push({ words: kernel.words, at: kernel.outAt, end });
    else streams.push({ words: kernel.words.slice(kernel.outAt, end), at: 0, end: count * OUT_WORDS });
  }
  for (;;) {
    let next = -1;
    for (const s of streams) {
      if (s.at < s.end && (next === -1 || (s.words[s.at] as number) < next)) next = s.words[s.at] as number;
    }
    if (next === -1) return;
    visit(streams, next);
  }
}

/** More occurrences than there is room for: a line's border near the middle. A single line always fits. */
function middleOf(kernel: Kernel, from: number, to: number): number {
  const middle = (from + to) >>> 1;
  const behind = kernel.run.lineEnd(middle, to) + 1;
  if (behind < to) return behind;
  let before = middle;
  while (before > from && kernel.bytes[before - 1] !== 10) before--;
  if (before === from) throw new Error('a line has more occurrences than literals');
  return before;
}
