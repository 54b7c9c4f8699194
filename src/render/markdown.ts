/**
 * The diagnosis for an AI agent, at most 300 tokens: verdict, check, what not to do, what to try. No free text of
 * the log: only typed values (inside filled commands) and line numbers. Of records from elsewhere only the id and
 * a plain title: their prose would speak with our authority.
 */
import type { Diagnosis, DiagnosisFinding } from '../diagnosis/index.ts';
import { inLang, type Lang } from './messages.ts';
import { fenceFor, plainTitle, visible } from './safe.ts';

/** Hard bound on the answer; a test counts with real tokenizers. */
export const MAX_MARKDOWN_TOKENS = 300;
/** Prose of one item, in characters; commands are never cut. */
const MAX_WHY_CHARS = 110;
const MAX_TITLE_CHARS = 100;
/** A command longer than this is left to `faultbook explain`. */
const MAX_COMMAND_CHARS = 220;

const WORDS = {
  en: {
    tier: {
      claimed: 'claimed: not yet tested in the lab',
      reproduced: 'reproduced in the lab',
      proven: 'tested in the lab',
    },
    line: (n: number) => `line ${n}`,
    check: 'CHECK FIRST (read-only)',
    doNot: 'DO NOT',
    try: 'TRY',
    stop: 'STOP',
    also: 'ALSO',
    more: (id: string) => `More: faultbook explain ${id}`,
    notRun: 'not run here, advice withheld',
    none: (n: number) => `faultbook: none. No known error in ${n} lines.`,
    focus: (lines: string) => `The failure may be at line ${lines} (guess).`,
    localised: 'Output is localised: run it again with LC_ALL=C.',
    only: (causes: string) => `except ${causes}`,
    high: 'risky',
    by: (who: string) => `by ${who}`,
  },
  zh: {
    tier: { claimed: '尚未经实验验证', reproduced: '实验中已复现', proven: '已经实验验证' },
    line: (n: number) => `第 ${n} 行`,
    check: '先查（只读）',
    doNot: '别试',
    try: '可试',
    stop: '到此为止',
    also: '另有',
    more: (id: string) => `详见：faultbook explain ${id}`,
    notRun: '未在此验证，不提供建议',
    none: (n: number) => `faultbook: none。${n} 行输出中没有已知错误。`,
    focus: (lines: string) => `出错处可能在第 ${lines} 行（猜测）。`,
    localised: '输出不是英文：用 LC_ALL=C 再跑一遍。',
    only: (causes: string) => `${causes} 除外`,
    high: '有风险',
    by: (who: string) => `由 ${who} 来做`,
  },
} as const;

/**
 * Upper estimate of the tokens of a text in the common vocabularies. Words of English cost about one token for
 * four letters, digits and punctuation one for one to three, Chinese up to two for a character.
 */
export function estimateTokens(text: string): number {
  let tokens = 0;
  for (const piece of text.match(/[A-Za-z]+|[0-9]+|\s+|[^\x00-\x7f]|[^A-Za-z0-9\s]/gu) ?? []) {
    if (/^[A-Za-z]/.test(piece))
      tokens += Math.ceil(piece.length / 4.5) + (piece === piece.toLowerCase() ? 0 : 0.4);
    else if (/^[0-9]/.test(piece)) tokens += Math.ceil(piece.length / 3) + 0.2;
    else if (/^\s/.test(piece)) tokens += piece === ' ' ? 0 : 1;
    else if (piece.charCodeAt(0) > 127) tokens += 1.5;
    else tokens += 0.9;
  }
  return Math.ceil(tokens);
}

export function renderMarkdown(diagnosis: Diagnosis, options: { readonly lang?: Lang } = {}): string {
  const lang = options.lang ?? 'en';
  const words = WORDS[lang];
  const [first, ...others] = diagnosis.findings;
  const out = new Budget();
  if (!first) {
    out.must(words.none(diagnosis.lines));
    const lines = diagnosis.focus.map((f) => f.line).join(', ');
    if (lines !== '') out.add(words.focus(lines));
    if (diagnosis.hint === 'localised') out.add(words.localised);
    return out.text();
  }
  out.must(`faultbook: ${first.id}, ${first.verdict} (${words.line(first.line)}), ${standing(first, lang)}`);
  // Room for the last line is kept from the start.
  const last = words.more(first.id);
  out.reserve(last);
  if (first.origin === 'authored') advice(first, lang, out);
  else out.add(`"${plainTitle(first.title)}"`);
  for (const other of others)
    out.add(`${words.also}: ${other.id}, ${other.verdict} (${words.line(other.line)})`);
  out.must(last);
  return out.text();
}

function standing(finding: DiagnosisFinding, lang: Lang): string {
  const words = WORDS[lang];
  return finding.origin === 'authored' ? words.tier[finding.tier] : words.notRun;
}

function advice(finding: DiagnosisFinding, lang: Lang, out: Budget): void {
  const words = WORDS[lang];
  const { next } = finding;
  out.add(short(inLang(lang, finding.title, finding.title_zh), MAX_TITLE_CHARS));
  // Dead ends come before what to try, but may not crowd it out: the first two of each are placed first.
  const checks: string[] = [];
  if (next.kind === 'check') {
    checks.push(`${words.check} [${next.key}]: ${next.commands.map(code).join(' ')}`);
    for (const r of next.readings) {
      const seen = inLang(lang, r.title, r.title_zh) || r.expect;
      const then = r.actions[0] === undefined ? '' : ` → [${r.actions[0]}]`;
      checks.push(`- ${short(seen, 60)}: ${r.means.join('/')}${then}`);
    }
  } else if (next.kind === 'stop')
    checks.push(`${words.stop}: ${short(inLang(lang, next.why, next.why_zh), MAX_WHY_CHARS)}`);
  const [question, ...readings] = checks;
  if (question !== undefined) out.add(question);
  for (const reading of readings) out.add(reading);
  const avoid = finding.avoid.map((a) => {
    const except = a.except.length > 0 ? ` (${words.only(a.except.join(', '))})` : '';
    return `${words.doNot} [${a.key}] ${short(inLang(lang, a.action, a.action_zh), MAX_WHY_CHARS)}${except}`;
  });
  const tries = finding.try
    .filter((t) => t.commands.every((c) => c.length <= MAX_COMMAND_CHARS))
    .map((t) => {
      const what =
        t.commands.length > 0
          ? t.commands.map(code).join(' ; ')
          : short(inLang(lang, t.action, t.action_zh), MAX_WHY_CHARS);
      const notes = [...(t.risk === 'high' ? [words.high] : []), ...(t.by === 'you' ? [] : [words.by(t.by)])];
      return `${words.try} ${t.for.join('/')} → [${t.key}] ${what}${notes.length > 0 ? ` (${notes.join(', ')})` : ''}`;
    });
  out.addInTurns(avoid, tries);
}

/** A command as code, with a fence that its own backticks cannot close. */
function code(command: string): string {
  const text = visible(command.replace(/\n/g, ' '), MAX_COMMAND_CHARS * 2);
  const fence = text.includes('`') ? fenceFor(text) : '`';
  const gap = text.includes('`') ? ' ' : '';
  return `${fence}${gap}${text}${gap}${fence}`;
}

function short(text: string, maxChars: number): string {
  const line = visible(text.split('\n')[0] ?? '', 400)
    .replaceAll('`', "'")
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1');
  return line.length <= maxChars ? line : `${line.slice(0, maxChars - 1).trimEnd()}…`;
}

/** Lines that fit together; an item that does not fit is left out whole. */
class Budget {
  private readonly lines: string[] = [];
  private left = MAX_MARKDOWN_TOKENS;
  private reserved = 0;

  must(line: string): void {
    this.lines.push(line);
    this.left -= estimateTokens(line) + 1;
  }

  reserve(line: string): void {
    this.reserved += estimateTokens(line) + 1;
  }

  private fits(line: string, taken = 0): boolean {
    return estimateTokens(line) + 1 + taken <= this.left - this.reserved;
  }

  add(line: string): void {
    if (this.fits(line)) this.must(line);
  }

  /** Takes from both lists in turns while they fit; prints the first list before the second. */
  addInTurns(first: readonly string[], second: readonly string[]): void {
    const chosen: [string[], string[]] = [[], []];
    let taken = 0;
    for (let i = 0; i < Math.max(first.length, second.length); i++) {
      for (const [list, into] of [
        [second, chosen[1]],
        [first, chosen[0]],
      ] as const) {
        const line = list[i];
        if (line === undefined || !this.fits(line, taken)) continue;
        into.push(line);
        taken += estimateTokens(line) + 1;
      }
    }
    for (const line of [...chosen[0], ...chosen[1]]) this.must(line);
  }

  text(): string {
    return `${this.lines.join('\n')}\n`;
  }
}
