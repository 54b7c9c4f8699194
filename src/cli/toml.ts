/**
 * As much of TOML (toml.io, 1.0) as it takes to find the tables of a file and what belongs to each, so that one of them can be
 * added or taken out and the rest stays, byte for byte. Values are passed over, not read.
 */

export interface TomlTable {
  /** The names of its header: `[a."b.c"]` is `a`, `b.c`. */
  readonly path: readonly string[];
  /** Place of its header, and of the header behind it or the end. */
  readonly start: number;
  readonly end: number;
}

export interface TomlOutline {
  readonly tables: readonly TomlTable[];
  /** Keys that are set, with the names of their table before them. */
  readonly keys: readonly (readonly string[])[];
}

const NAME = /[ \t]*(?:([A-Za-z0-9_-]+)|"((?:[^"\\\n]|\\.)*)"|'([^'\n]*)')[ \t]*/y;

/** The outline of a text; null where it is no TOML as far as this looks. */
export function outlineOf(text: string): TomlOutline | null {
  const tables: { path: readonly string[]; start: number; end: number }[] = [];
  const keys: (readonly string[])[] = [];
  let at = 0;
  const names = (): string[] | null => {
    const path: string[] = [];
    for (;;) {
      NAME.lastIndex = at;
      const found = NAME.exec(text);
      if (found === null) return null;
      at = NAME.lastIndex;
      path.push(found[1] ?? found[2] ?? found[3] ?? '');
      if (text[at] !== '.') return path;
      at++;
    }
  };
  while (at < text.length) {
    const char = text[at] as string;
    if (/[\s]/.test(char)) at++;
    else if (char === '#') at = endOfLine(text, at);
    else if (char === '[') {
      const start = at;
      const isArray = text[at + 1] === '[';
      at += isArray ? 2 : 1;
      const path = names();
      const close = isArray ? ']]' : ']';
      if (path === null || !text.startsWith(close, at)) return null;
      at += close.length;
      const last = tables[tables.length - 1];
      if (last) last.end = start;
      tables.push({ path, start, end: text.length });
      if (!isEmptyRest(text, at)) return null;
      at = endOfLine(text, at);
    } else {
      const path = names();
      if (path === null || text[at] !== '=') return null;
      keys.push([...(tables[tables.length - 1]?.path ?? []), ...path]);
      const end = endOfValue(text, at + 1);
      if (end === null || !isEmptyRest(text, end)) return null;
      at = endOfLine(text, end);
    }
  }
  return { tables, keys };
}

function endOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  return end === -1 ? text.length : end + 1;
}

/** Whether nothing but blanks and a comment stand between here and the end of the line. */
function isEmptyRest(text: string, at: number): boolean {
  return /^[ \t]*(?:#.*)?\r?$/.test(text.slice(at, endOfLine(text, at)).replace(/\n$/, ''));
}

/** Where a value ends; null where it does not. */
function endOfValue(text: string, from: number): number | null {
  let depth = 0;
  let at = from;
  while (at < text.length) {
    const char = text[at] as string;
    if (char === '"' || char === "'") {
      const quote = text.startsWith(char.repeat(3), at) ? char.repeat(3) : char;
      at += quote.length;
      while (!text.startsWith(quote, at)) {
        if (at >= text.length || (quote.length === 1 && text[at] === '\n')) return null;
        at += char === '"' && text[at] === '\\' ? 2 : 1;
      }
      at += quote.length;
      // Up to two quotes more belong to the text.
      while (quote.length === 3 && text[at] === char) at++;
    } else if (char === '[' || char === '{') {
      depth++;
      at++;
    } else if (char === ']' || char === '}') {
      if (--depth < 0) return null;
      at++;
    } else if (char === '#') {
      if (depth === 0) return at;
      at = endOfLine(text, at);
    } else if (char === '\n' && depth === 0) return at;
    else at++;
  }
  return depth === 0 && text.slice(from, at).trim() !== '' ? at : null;
}

/**
 * The text with a table behind everything else. Null: it is no TOML, or has something of that name already.
 * @param lines what stands in the table
 */
export function withTable(text: string, path: readonly string[], lines: readonly string[]): string | null {
  const outline = outlineOf(text);
  if (outline === null) return null;
  const isTaken =
    outline.keys.some((key) => meets(key, path)) ||
    outline.tables.some((t) => t.path.length >= path.length && meets(t.path, path));
  if (isTaken) return null;
  const lineEnd = text.includes('\r\n') ? '\r\n' : '\n';
  const table = [`[${path.join('.')}]`, ...lines].join(lineEnd);
  if (text === '') return table + lineEnd;
  // What had no end of line has none afterwards either: so that it can be taken out without a trace.
  return text.endsWith('\n') ? `${text}${lineEnd}${table}${lineEnd}` : `${text}${lineEnd}${lineEnd}${table}`;
}

/** The text without a table and those below it, and without the empty line before it; null where it has none. */
export function withoutTable(text: string, path: readonly string[]): string | null {
  const tables = outlineOf(text)?.tables.filter((t) => path.every((name, i) => t.path[i] === name)) ?? [];
  if (tables.length === 0) return null;
  let left = '';
  let at = 0;
  for (const { start, end } of tables) {
    // At an end without an end of line both of those before it are ours.
    const gap = end === text.length && !text.endsWith('\n') ? /(?:\r?\n){1,2}$/ : /(?<=\n)\r?\n$/;
    left += text.slice(at, start).replace(gap, '');
    at = end;
  }
  left += text.slice(at);
  return left;
}

/** Whether a path stands in the way of another: it is the same, above it as a value, or below it. */
function meets(one: readonly string[], path: readonly string[]): boolean {
  const length = Math.min(one.length, path.length);
  return path.slice(0, length).every((name, i) => one[i] === name);
}
