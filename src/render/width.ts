/** Columns of a terminal: wide characters (East Asian, emoji) take two, combining marks none. */

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;
const COMBINING = /\p{Mn}|\p{Me}/u;
// Opening and closing punctuation that Chinese text does not break before.
const NO_BREAK_BEFORE = /[，。、；：？！）》」』”’,.;:?!)\]]/u;

const NO_BREAK_AFTER = /[（《「『“‘([]/u;

function charWidth(char: string): number {
  if (char < '\u0300') return 1;
  if (COMBINING.test(char)) return 0;
  return WIDE.test(char) ? 2 : 1;
}

export function widthOf(text: string): number {
  let width = 0;
  for (const char of text) width += charWidth(char);
  return width;
}

/** Cuts to a number of columns; what is cut is marked with `…`. @param cutAlready the text was longer before. */
export function clip(text: string, columns: number, cutAlready = false): string {
  if (!cutAlready && widthOf(text) <= columns) return text;
  let out = '';
  let width = 0;
  for (const char of text) {
    const w = charWidth(char);
    if (width + w > columns - 1) break;
    out += char;
    width += w;
  }
  return `${out}…`;
}

export function pad(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - widthOf(text)));
}

/** Wraps prose to lines of at most so many columns; Chinese breaks between characters, other text at spaces. */
export function wrap(text: string, columns: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line: string[] = [];
    let width = 0;
    for (const token of tokens(paragraph)) {
      const w = widthOf(token);
      if (width > 0 && width + w > columns && token.trim() !== '') {
        const carried = carriedOver(line, token);
        lines.push(
          line
            .slice(0, line.length - carried.length)
            .join('')
            .trimEnd(),
        );
        line = carried;
        width = carried.reduce((sum, t) => sum + widthOf(t), 0);
      }
      if (width === 0 && token.trim() === '') continue;
      line.push(token);
      width += w;
    }
    lines.push(line.join('').trimEnd());
  }
  return lines;
}

/** What goes to the next line with a token: what may not stand before its punctuation's line, what may not end a line. */
function carriedOver(line: readonly string[], token: string): string[] {
  let from = line.length;
  for (let next = token; from > 0 && NO_BREAK_BEFORE.test(next[0] as string); next = line[from] as string)
    from--;
  while (from > 1 && NO_BREAK_AFTER.test((line[from - 1] as string).slice(-1))) from--;
  // A line that is nothing but such tokens is broken all the same.
  return from < 1 || line.slice(0, from).join('').trim() === '' ? [] : line.slice(from);
}

/** Words, runs of spaces, and single wide characters. */
function tokens(text: string): string[] {
  return (
    text.match(
      /\s+|[\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]|[^\s\u2e80-\u9fff\uac00-\ud7a3\uf900-\ufaff\uff00-\uff60]+/gu,
    ) ?? []
  );
}
