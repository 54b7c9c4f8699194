/**
 * Log text is hostile: it may hold terminal sequences, characters that reverse or hide text, commands for a CI
 * runner, markup. Everything that comes from a log or a foreign record passes through here before it is printed.
 */
import { clip, wrap } from './width.ts';

/** Longest excerpt shown, in columns. */
export const MAX_EXCERPT_COLUMNS = 160;

/** Controls (C0, DEL, C1), bidirectional controls, zero-width and other invisible characters, line separators. */
const INVISIBLE =
  /\p{Cc}|\p{Cf}|\p{Zl}|\p{Zp}|\p{Surrogate}|\u034f|\u115f|\u1160|\u17b4|\u17b5|\u3164|\uffa0|\p{Variation_Selector}|\p{Noncharacter_Code_Point}/gu;

/**
 * The older way to give a CI runner a command, read anywhere in a line: `##[add-mask]` (GitHub, Azure), `##vso[`,
 * `##teamcity[`.
 */
export const RUNNER_MARK = /##(?=\w*\[)/g;

/** One line of text as it is safe to print: what cannot be seen is shown as `\x1b` or `\u{202e}`, TAB as a space. */
export function visible(text: string, maxColumns = MAX_EXCERPT_COLUMNS): string {
  // Cut first: of a line of megabytes only the start is looked at. An escape is never longer than ten characters.
  const start = text.slice(0, maxColumns * 2 + 1);
  const shown = start.replace(INVISIBLE, (char) => {
    if (char === '\t' || char === '\n') return ' ';
    const code = char.codePointAt(0) as number;
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`;
  });
  return clip(tame(shown).replace(RUNNER_MARK, '# #'), maxColumns, start.length < text.length);
}

/** A runner reads lines that begin with :: as commands; a word joiner is invisible, so a space it is. */
function tame(line: string): string {
  return line.replace(/^(\s*)::/, '$1: :');
}

/**
 * Text as wrapped lines that are safe to print: `first` stands before the first of them (`- `), `rest` before the others.
 * What begins a line only in the text, behind `first`, stays as it is; what only wrapping brings to the start does not.
 */
export function safeLines(
  text: string,
  columns: number,
  { first = '', rest = '', maxColumns = 4000 }: { first?: string; rest?: string; maxColumns?: number } = {},
): string[] {
  const shown = visible(`${first}${text}`, maxColumns + first.length).slice(first.length);
  return wrap(shown, columns).map((line, i) => tame((i === 0 ? first : rest) + line));
}

/** A code fence longer than any run of backticks in the text. */
export function fenceFor(text: string): string {
  const longest = Math.max(0, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  return '`'.repeat(Math.max(3, longest + 1));
}

/** A title from elsewhere, reduced to what cannot instruct or format anything. */
export function plainTitle(text: string): string {
  return text
    .replace(/[^\p{L}\p{N} \-_.:/]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, 80);
}
