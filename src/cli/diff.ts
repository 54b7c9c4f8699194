/** What changes in a file, line by line, as a person reads it. */

/** Lines of context around a change. */
const CONTEXT = 2;
/** Longer files are shown as a whole: comparing every line with every other takes their product. */
const MAX_LINES = 2000;

/** A unified diff without line numbers; '' where nothing changes. Null stands for no file. */
export function diffText(before: string | null, after: string | null): string {
  const a = linesOf(before);
  const b = linesOf(after);
  if (before === after) return '';
  const ops =
    a.length > MAX_LINES || b.length > MAX_LINES
      ? [...a.map((l) => `-${l}`), ...b.map((l) => `+${l}`)]
      : operations(a, b);
  const near = ops.map((_, i) =>
    ops.slice(Math.max(0, i - CONTEXT), i + CONTEXT + 1).some((o) => !o.startsWith(' ')),
  );
  return ops.flatMap((op, i) => (near[i] ? [op] : near[i - 1] ? [' …'] : [])).join('\n');
}

function linesOf(text: string | null): string[] {
  if (text === null || text === '') return [];
  return text.replace(/\r?\n$/, '').split(/\r?\n/);
}

/** By the longest common subsequence. */
function operations(a: readonly string[], b: readonly string[]): string[] {
  const rows = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1));
  for (let i = a.length - 1; i >= 0; i--) {
    const row = rows[i] as Uint16Array;
    const below = rows[i + 1] as Uint16Array;
    for (let j = b.length - 1; j >= 0; j--)
      row[j] =
        a[i] === b[j] ? (below[j + 1] as number) + 1 : Math.max(below[j] as number, row[j + 1] as number);
  }
  const ops: string[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && a[i] === b[j]) {
      ops.push(` ${a[i++]}`);
      j++;
    } else if (
      i < a.length &&
      (j >= b.length ||
        ((rows[i + 1] as Uint16Array)[j] as number) >= ((rows[i] as Uint16Array)[j + 1] as number))
    )
      ops.push(`-${a[i++]}`);
    else ops.push(`+${b[j++]}`);
  }
  return ops;
}
