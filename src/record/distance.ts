/** Words that were nearly meant. */

/** Edit distance (Levenshtein); the words are short. */
export function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

/** The words nearest to one that is not among them; none where nothing comes close. */
export function nearest(word: string, known: readonly string[], most = 3): readonly string[] {
  const within = word.length <= 4 ? 1 : word.length <= 8 ? 2 : Math.ceil(word.length / 4);
  return known
    .map((name) => ({ name, far: distance(word, name) }))
    .filter(({ far }) => far <= within)
    .sort((a, b) => a.far - b.far || (a.name < b.name ? -1 : 1))
    .slice(0, most)
    .map(({ name }) => name);
}
