/**
 * As much Markdown as a lab page needs: front matter, ATX headings and fences, each with its line. Everything else is
 * prose, and dropped. Own and small, because what is run must be exactly what a reader takes for a fence.
 */

export type Part =
  /** What stands between two lines `---` at the top; `line` is the first one after the opening. */
  | { readonly kind: 'front'; readonly line: number; readonly text: string }
  | { readonly kind: 'heading'; readonly line: number; readonly level: number; readonly text: string }
  /** `body` ends with a newline unless it is empty; `info` is what stands behind the opening. */
  | { readonly kind: 'fence'; readonly line: number; readonly info: string; readonly body: string }
  /** Opened and never closed; nothing behind it is read. */
  | { readonly kind: 'unclosed'; readonly line: number; readonly what: 'front matter' | 'fence' }
  /** A fence in a list, a quotation or indented: other readers differ on what it is. */
  | { readonly kind: 'buried'; readonly line: number; readonly info: string };

const FENCE = /^( {0,3})(`{3,}|~{3,})(.*)$/;
const BURIED = /^(?:[ \t>]|[-*+][ \t]|\d{1,9}[.)][ \t])+(?:`{3,}|~{3,})(.*)$/;
const HEADING = /^ {0,3}(#{1,6})(?=[ \t]|$)(.*)$/;

/** Cuts a page into its parts, in order. Never throws. CRLF counts as LF. */
export function readMarkdown(text: string): Part[] {
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
  const parts: Part[] = [];
  let i = 0;
  if (lines[0]?.trimEnd() === '---') {
    const end = lineAfter(lines, 0, (l) => l.trimEnd() === '---');
    if (end === null) return [{ kind: 'unclosed', line: 1, what: 'front matter' }];
    parts.push({ kind: 'front', line: 2, text: lines.slice(1, end).join('\n') });
    i = end + 1;
  }
  for (; i < lines.length; i++) {
    const line = i + 1;
    const here = lines[i] as string;
    const [, indent = '', mark = '', info = ''] = FENCE.exec(here) ?? [];
    // Behind backticks a backtick makes it code in a line of prose.
    if (mark !== '' && !(mark.startsWith('`') && info.includes('`'))) {
      const end = lineAfter(lines, i, (l) => closes(l, mark));
      if (end === null) return [...parts, { kind: 'unclosed', line, what: 'fence' }];
      const body = lines.slice(i + 1, end).map((l) => `${withoutIndent(l, indent.length)}\n`);
      parts.push({ kind: 'fence', line, info: info.trim(), body: body.join('') });
      i = end;
      continue;
    }
    const heading = HEADING.exec(here);
    const buried = heading || mark !== '' ? null : BURIED.exec(here);
    if (heading) {
      const title = (heading[2] as string).trim().replace(/(?:^|[ \t])#+$/, '');
      parts.push({ kind: 'heading', line, level: (heading[1] as string).length, text: title.trim() });
    } else if (buried) parts.push({ kind: 'buried', line, info: (buried[1] as string).trim() });
  }
  return parts;
}

function lineAfter(lines: readonly string[], start: number, fits: (line: string) => boolean): number | null {
  for (let i = start + 1; i < lines.length; i++) if (fits(lines[i] as string)) return i;
  return null;
}

/** At least as long as the opening, of the same sign, and nothing behind it. */
function closes(line: string, mark: string): boolean {
  const [, , end = '', rest = ''] = FENCE.exec(line) ?? [];
  return end.startsWith(mark) && rest.trim() === '';
}

/** A body is as far to the left as its opening. */
function withoutIndent(line: string, most: number): string {
  let at = 0;
  while (at < most && line[at] === ' ') at++;
  return line.slice(at);
}
