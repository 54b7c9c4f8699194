/**
 * The diagnosis for an AI agent, at most 300 tokens: verdict, check, what not to do, what to try. No free text of
 * the log: only typed values (inside filled commands) and line numbers. Of records from elsewhere only the id and
 * a plain title: their prose would speak with our authority.
 */
import type { AvoidAnswer, Diagnosis, DiagnosisFinding, TryAnswer } from '../diagnosis/index.ts';
import { inLang, type Lang, messagesOf } from './messages.ts';
import { fenceFor, plainTitle, visible } from './safe.ts';

/** Hard bound on the answer; a test counts with real tokenizers. */
export const MAX_MARKDOWN_TOKENS = 300;
/** Prose of one item, in characters; commands are never cut. */
const MAX_WHY_CHARS = 110;
const MAX_TITLE_CHARS = 100;
const MAX_ACTION_CHARS = 70;
const MAX_SEEN_CHARS = 60;
/** Cause keys named in one line. */
const MAX_KEYS = 3;
/** Longer commands are left to `faultbook explain`; the answer then says in words what they do. */
const MAX_COMMAND_CHARS = 160;

const WORDS = {
  en: {
    tier: {
      claimed: 'claimed: not yet tested in the lab',
      reproduced: 'reproduced in the lab',
      proven: 'tested in the lab',
    },
    flags: {
      contradicted: 'but a trial refutes one claim',
      stale: 'but commands changed since',
      outdated: 'partly on older versions',
    },
    line: (n: number) => `line ${n}`,
    check: 'CHECK FIRST (read-only)',
    doNot: 'DO NOT',
    try: 'TRY',
    tryFirst: 'TRY FIRST',
    stop: 'STOP',
    also: 'ALSO',
    more: (id: string) => `More: faultbook explain ${id}`,
    notRun: 'untrusted, not run here, advice withheld',
    none: (n: number) => `faultbook: none. No known error in ${n} line${n === 1 ? '' : 's'}.`,
    focus: (lines: string) => `The failure may be at line ${lines} (guess).`,
    localised: 'Output is localised: run it again with LC_ALL=C.',
    only: (causes: string) => `except ${causes}`,
    lab: (fixed: number, of: number) => `lab: fixed ${fixed} of ${of}`,
    field: (fixed: number, of: number) => `field, unverified: ${fixed} of ${of}`,
    next: 'check',
    partly: (cause: string, where: readonly string[]) => `${cause} only on ${where.join('/')}`,
    notYours: 'Not measured on your version.',
    high: 'risky',
    by: (who: string) => `by ${who}`,
  },
  zh: {
    tier: { claimed: '尚未经实验验证', reproduced: '实验中已复现', proven: '已经实验验证' },
    flags: { contradicted: '有说法被推翻', stale: '命令此后改过', outdated: '部分为旧版本所测' },
    line: (n: number) => `第 ${n} 行`,
    check: '先查（只读）',
    doNot: '别试',
    try: '可试',
    tryFirst: '先试',
    stop: '到此为止',
    also: '另有',
    more: (id: string) => `详见：faultbook explain ${id}`,
    notRun: '未在此验证，不提供建议',
    none: (n: number) => `faultbook: none。${n} 行输出中没有已知错误。`,
    focus: (lines: string) => `出错处可能在第 ${lines} 行（猜测）。`,
    localised: '输出不是英文：用 LC_ALL=C 再跑一遍。',
    only: (causes: string) => `${causes} 除外`,
    lab: (fixed: number, of: number) => `实验：${of} 种修好 ${fixed} 种`,
    field: (fixed: number, of: number) => `反馈（未核实）：${of} 份中 ${fixed} 份修好`,
    next: '再查',
    partly: (cause: string, where: readonly string[]) => `${cause} 仅限 ${where.join('/')}`,
    notYours: '没有在你的版本上测过。',
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
  const lines = answerLines(diagnosis, options.lang ?? 'en', 'markdown', MAX_MARKDOWN_TOKENS);
  return `${lines.map((l) => l.line).join('\n')}\n`;
}

/**
 * The lines of the answer, in their order, as many as there is room for: what every short form of a diagnosis is
 * made of.
 */
export function answerLines(
  diagnosis: Diagnosis,
  lang: Lang,
  markup: Markup,
  maxTokens: number,
): readonly AnswerLine[] {
  const words = WORDS[lang];
  const [first, ...others] = diagnosis.findings;
  const out = new Budget(maxTokens);
  if (!first) {
    out.add('head', words.none(diagnosis.lines));
    const lines = diagnosis.focus.map((f) => f.line).join(', ');
    if (lines !== '') out.add('check', words.focus(lines));
    if (diagnosis.hint === 'localised') out.add('check', words.localised);
    return out.ordered();
  }
  const last = words.more(first.id);
  out.reserve(last);
  out.add(
    'head',
    `faultbook: ${first.id}, ${first.verdict} (${words.line(first.line)}), ${standing(first, lang)}`,
  );
  if (first.trusted) advice(first, lang, markup, out);
  else out.add('title', `"${plainTitle(first.title)}"`);
  for (const other of others)
    out.add('also', `${words.also}: ${other.id}, ${other.verdict} (${words.line(other.line)})`);
  out.must('more', last);
  return out.ordered();
}

export function standing(finding: Pick<DiagnosisFinding, 'trusted' | 'tier' | 'flags'>, lang: Lang): string {
  const words = WORDS[lang];
  if (!finding.trusted) return words.notRun;
  return [words.tier[finding.tier], ...finding.flags.map((flag) => words.flags[flag])].join(', ');
}

/**
 * What to do, dearest first: the check, then a dead end, an action and a reading in turns, as long as there is
 * room. What is left out is on the page.
 */
function advice(finding: DiagnosisFinding, lang: Lang, markup: Markup, out: Budget): void {
  const words = WORDS[lang];
  const short = (text: string, maxChars: number) => shortened(text, maxChars, markup);
  const fieldNote = ({ field }: TryAnswer | AvoidAnswer) =>
    field && field.of > 0 ? [words.field(field.fixed, field.of)] : [];
  const { next } = finding;
  out.add('title', short(inLang(lang, finding.title, finding.title_zh), MAX_TITLE_CHARS));
  if (finding.measured?.known === 'other') out.add('title', words.notYours);
  if (next.kind === 'check') {
    const command =
      fitting(next.commands) ?? short(inLang(lang, next.question, next.question_zh), MAX_WHY_CHARS);
    out.add('check', `${words.check} [${next.key}]: ${command}`);
  }
  const tried = finding.try.map((t) => {
    const what = fitting(t.commands) ?? short(inLang(lang, t.action, t.action_zh), MAX_WHY_CHARS);
    const notes = [
      ...(t.lab ? [words.lab(t.lab.fixed, t.lab.of)] : []),
      ...fieldNote(t),
      ...(t.lab?.partly[0] ? [words.partly(t.lab.partly[0].cause, t.lab.partly[0].environments)] : []),
      ...(t.risk === 'high' ? [words.high] : []),
      ...(t.by === 'you' ? [] : [words.by(t.by)]),
    ];
    return { key: t.key, text: `${some(t.for)} → [${t.key}] ${what}${aside(notes)}` };
  });
  const first = next.kind === 'action' ? tried.find((t) => t.key === next.key) : undefined;
  if (first) out.add('check', `${words.tryFirst} ${first.text}`);
  if (next.kind === 'stop')
    out.add('check', `${words.stop}: ${short(inLang(lang, next.why, next.why_zh), MAX_WHY_CHARS)}`);
  const readings = next.readings.map((r) => {
    const outcome =
      next.kind === 'action' ? messagesOf(lang).outcomes[r.key.split(':')[0] as string] : undefined;
    const seen = short(inLang(lang, r.title, r.title_zh) || outcome || r.expect, MAX_SEEN_CHARS);
    const [first] = r.after;
    const step =
      first?.key == null ? '' : ` → ${first.kind === 'check' ? `${words.next} ` : ''}[${first.key}]`;
    return `- ${seen}: ${some(r.means) || messagesOf(lang).means([])}${step}`;
  });
  const avoid = finding.avoid.map((a) => {
    const notes = [
      ...(a.lab ? [words.lab(a.lab.fixed, a.lab.of)] : []),
      ...fieldNote(a),
      ...(a.except.length > 0 ? [words.only(some(a.except))] : []),
    ];
    return `${words.doNot} [${a.key}] ${short(inLang(lang, a.action, a.action_zh), MAX_ACTION_CHARS)}${aside(notes)}`;
  });
  const tries = tried.filter((t) => t !== first).map((t) => `${words.try} ${t.text}`);
  for (let i = 0; i < Math.max(readings.length, avoid.length, tries.length); i++) {
    for (const [section, line] of [
      ['avoid', avoid[i]],
      ['try', tries[i]],
      ['reading', readings[i]],
    ] as const) {
      if (line !== undefined) out.add(section, line);
    }
  }
}

function aside(notes: readonly string[]): string {
  return notes.length > 0 ? ` (${notes.join(', ')})` : '';
}

/** Some cause keys, and how many more. */
function some(keys: readonly string[]): string {
  const shown = keys.slice(0, MAX_KEYS).join('/');
  return keys.length > MAX_KEYS ? `${shown}+${keys.length - MAX_KEYS}` : shown;
}

/** The commands as code, whole; null where there are none, or they would crowd everything else out. */
function fitting(commands: readonly string[]): string | null {
  const chars = commands.reduce((sum, c) => sum + c.length, 0);
  return chars === 0 || chars > MAX_COMMAND_CHARS ? null : commands.map(code).join(' ; ');
}

/** A command as code, with a fence that its own backticks cannot close. */
export function code(command: string): string {
  const text = visible(command.replace(/\n/g, ' '), MAX_COMMAND_CHARS * 2);
  const fence = text.includes('`') ? fenceFor(text) : '`';
  const gap = text.includes('`') ? ' ' : '';
  return `${fence}${gap}${text}${gap}${fence}`;
}

function shortened(text: string, maxChars: number, markup: Markup): string {
  const plain = visible(text.split('\n')[0] ?? '', 400).replaceAll('`', "'");
  const line = markup === 'plain' ? plain : plain.replace(/[[\]<>!]/g, '\\$&');
  return line.length <= maxChars ? line : `${line.slice(0, maxChars - 1).trimEnd()}…`;
}

/** Sections in the order in which they are printed, whatever the order in which they were added. */
const SECTIONS = ['head', 'title', 'check', 'reading', 'avoid', 'try', 'also', 'more'] as const;
type Section = (typeof SECTIONS)[number];

/** `plain`: commands stand between backticks all the same, but no character is escaped. */
export type Markup = 'markdown' | 'plain';

export interface AnswerLine {
  readonly section: Section;
  readonly line: string;
}

/** Lines that fit together; one that does not fit is left out whole. */
class Budget {
  private readonly lines: AnswerLine[] = [];
  private left: number;

  constructor(maxTokens: number) {
    this.left = maxTokens;
  }

  /** Room for a line that is added last. */
  reserve(line: string): void {
    this.left -= estimateTokens(line) + 1;
  }

  must(section: Section, line: string): void {
    this.lines.push({ section, line });
  }

  add(section: Section, line: string): void {
    const cost = estimateTokens(line) + 1;
    if (cost > this.left) return;
    this.left -= cost;
    this.must(section, line);
  }

  ordered(): readonly AnswerLine[] {
    return SECTIONS.flatMap((section) => this.lines.filter((l) => l.section === section));
  }
}
