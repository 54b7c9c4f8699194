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
  const locale =
    env.LC_ALL || env.LC_MESSAGES || env.LANG || (HAS_NO_LOCALE.has(process.platform) ? systemLocale() : '');
  return /^zh(?:[_.@-]|$)/i.test(locale) ? 'zh' : 'en';
}

/** Where programs are started without a locale in their environment as a rule. */
const HAS_NO_LOCALE: ReadonlySet<string> = new Set(['win32', 'darwin']);

function systemLocale(): string {
  return Intl.DateTimeFormat().resolvedOptions().locale;
}

/** Colours only for a terminal that wants them (https://no-color.org). */
export function colorOf(flag: ColorChoice | undefined, stream: NodeJS.WriteStream = process.stdout): boolean {
  if (flag === 'always') return true;
  if (flag === 'never' || process.env.NO_COLOR) return false;
  // https://force-color.org
  if (process.env.FORCE_COLOR && process.env.FORCE_COLOR !== '0') return true;
  return stream.isTTY === true && process.env.TERM !== 'dumb';
}

/** Terminals that are known to show OSC 8 links; others would show nothing worse, but some print them. */
const LINKING = /^(?:iTerm\.app|WezTerm|vscode|ghostty|Hyper|Tabby|rio)$/;
/** From this version on GNOME's terminal library has links. */
const MIN_VTE_VERSION = 5000;

/** Whether addresses may be links: on a terminal that shows them, or where `FORCE_HYPERLINK` says so. */
export function linksOf(
  color: ColorChoice | undefined,
  stream: NodeJS.WriteStream = process.stdout,
  env: NodeJS.ProcessEnv = process.env,
): boolean {
  if (color === 'never' || env.NO_COLOR) return false;
  if (env.FORCE_HYPERLINK !== undefined) return env.FORCE_HYPERLINK !== '0';
  if (stream.isTTY !== true || env.TERM === 'dumb' || env.CI || env.TMUX) return false;
  return (
    LINKING.test(env.TERM_PROGRAM ?? '') ||
    Number(env.VTE_VERSION) >= MIN_VTE_VERSION ||
    env.WT_SESSION !== undefined ||
    /^(?:xterm-kitty|alacritty|foot)/.test(env.TERM ?? '')
  );
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
