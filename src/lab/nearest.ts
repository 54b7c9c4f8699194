/** The word that somebody meant. */

/** Words longer than this are not compared: nobody misspells them. */
const MAX_CHARS = 64;

/** The known word that is nearest to one that is not known: case aside, a third of its letters may differ. Null: none is near. */
export function nearest(word: string, known: Iterable<string>): string | null {
  const wanted = word.toLowerCase();
  let best: string | null = null;
  let least = Math.max(1, Math.floor(Math.min(wanted.length, MAX_CHARS) / 3)) + 1;
  for (const candidate of known) {
    const other = candidate.toLowerCase();
    if (Math.max(other.length, wanted.length) > MAX_CHARS || Math.abs(other.length - wanted.length) >= least)
      continue;
    const distance = edits(wanted, other);
    if (distance < least) [best, least] = [candidate, distance];
  }
  return best;
}

/** A sentence that names it, or else all that are known. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const all = [...known];
  const found = nearest(word, all);
  if (found !== null) return `did you mean ${found}?`;
  return all.length === 0 ? 'remove it' : `there are: ${all.slice(0, 40).join(', ')}`;
}

/** Insertions, deletions, substitutions and swaps of neighbours. */
function edits(a: string, b: string): number {
  let before: number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let n = Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, (row[j - 1] as number) + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        n = Math.min(n, (before[j - 2] as number) + 1);
      next.push(n);
    }
    [before, row] = [row, next];
  }
  return row[b.length] as number;
}
