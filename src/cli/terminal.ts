/** What the reader's terminal and locale ask for, and the one place where output is written. */

export type Lang = 'en' | 'zh';
export type ColorChoice = 'auto' | 'always' | 'never';

/** Columns where the output is no terminal. */
const DEFAULT_COLUMNS = 80;
const MAX_COLUMNS = 120;

/** Exit codes, design.md section 7. */
export const EXIT = { match: 0, noMatch: 1, issues: 1, usage: 2, ok: 0 } as const;

/** Language of the answers: the flag, else the first of LC_ALL, LC_MESSAGES, LANG that is set. */
export function langOf(flag: string | undefined, env: NodeJS.ProcessEnv = process.env): Lang {
  if (flag === 'zh' || flag === 'en') return flag;
  const locale = env.LC_ALL || env.LC_MESSAGES || env.LANG || '';
  return /^zh(?:[_.@-]|$)/i.test(locale) ? 'zh' : 'en';
}

/** Colours only for a terminal that wants them (https://no-color.org). */
export function colorOf(flag: ColorChoice | undefined, stream: NodeJS.WriteStream = process.stdout): boolean {
  if (flag === 'always') return true;
  if (flag === 'never' || process.env.NO_COLOR) return false;
  return stream.isTTY === true && process.env.TERM !== 'dumb';
}

export function columnsOf(stream: NodeJS.WriteStream = process.stdout): number {
  const columns = stream.isTTY ? stream.columns : Number(process.env.COLUMNS);
  return Number.isInteger(columns) && columns >= 20 ? Math.min(columns, MAX_COLUMNS) : DEFAULT_COLUMNS;
}

export function print(text: string): void {
  process.stdout.write(text.endsWith('\n') || text === '' ? text : `${text}\n`);
}

export function warn(text: string): void {
  process.stderr.write(text.endsWith('\n') ? text : `${text}\n`);
}
