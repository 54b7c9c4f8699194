/** What speaks against a command, in one line: what it is, why, measured where, what instead. Decides nothing. */
import type { FaultAction, OpenFault, Warning } from '../preflight/index.ts';
import { stringifySafely } from './json.ts';
import { code } from './markdown.ts';
import type { Lang } from './messages.ts';
import { visible } from './safe.ts';

/** Longer commands are left to `faultbook explain`; a word then says what they do. */
const MAX_COMMAND_CHARS = 160;
const MAX_WHY_COLUMNS = 110;
/** Environments and causes that are named. */
const MAX_NAMES = 3;

const WORDS = {
  en: {
    deadEnd: (key: string, id: string) => `[${key}] is a measured dead end for the open fault ${id}`,
    partly: (key: string, id: string) => `[${key}] seldom helps with the open fault ${id}`,
    claimed: (key: string, id: string) => `[${key}] is said to be a dead end for the open fault ${id}`,
    notMeasured: 'claimed, not measured',
    lab: (fixed: number, of: number, where: string) =>
      `lab: fixed ${fixed} of ${of} causes${where === '' ? '' : `, ${where}`}`,
    only: (causes: string) => `only ${causes}`,
    masked: (n: number) => `hid the fault in ${n}`,
    breaks: (where: string) => `breaks what is healthy on ${where}`,
    ran: (n: number) => `run here ${n === 1 ? 'once' : `${n} times`} without help`,
    why: 'Why',
    instead: 'Instead',
    nothing: 'Everything else that is known was run; stop and ask.',
    free: 'Not blocked.',
    ranNow: 'It has just run: that it ended without an error does not mean that the fault is gone.',
    again: (id: string, nth: string) => `faultbook: same fault (${id}), ${nth} time`,
    nth: (n: number) =>
      `${n}${n % 100 > 10 && n % 100 < 14 ? 'th' : (['th', 'st', 'nd', 'rd'][n % 10] ?? 'th')}`,
    noHelp: (key: string, n: number) => `[${key}] was run${n > 1 ? ` ${n} times` : ''} and did not help`,
    noneRun: 'nothing that is known for it was run',
    notTried: 'Not tried yet',
    clear: 'faultbook: nothing is known against it.',
    noFault: 'faultbook: no fault is open here.',
    open: (n: number) => `Open here: ${n} fault${n === 1 ? '' : 's'}`,
    seen: (n: number, when: string) => `${n === 1 ? 'seen once' : `seen ${n} times`}, last ${when}`,
    colon: ': ',
    stop: '. ',
    aside: (parts: readonly string[]) => ` (${parts.join('; ')})`,
  },
  zh: {
    deadEnd: (key: string, id: string) => `[${key}] 对未解决的故障 ${id} 无效，这是实测结果`,
    partly: (key: string, id: string) => `[${key}] 对未解决的故障 ${id} 多半无效`,
    claimed: (key: string, id: string) => `据说 [${key}] 对未解决的故障 ${id} 无效`,
    notMeasured: '未经实测',
    lab: (fixed: number, of: number, where: string) =>
      `实验：${of} 种原因修好 ${fixed} 种${where === '' ? '' : `，${where}`}`,
    only: (causes: string) => `仅限 ${causes}`,
    masked: (n: number) => `有 ${n} 种只是掩盖了故障`,
    breaks: (where: string) => `在 ${where} 上会弄坏正常的系统`,
    ran: (n: number) => `在这里已试过 ${n} 次，没有用`,
    why: '原因',
    instead: '改试',
    nothing: '其余已知办法都已试过：停下来，问人。',
    free: '未拦截。',
    ranNow: '它刚刚运行过：没有报错并不等于故障已除。',
    again: (id: string, nth: string) => `faultbook：同一故障（${id}），第 ${nth} 次`,
    nth: (n: number) => String(n),
    noHelp: (key: string, n: number) => `[${key}] 已试过${n > 1 ? ` ${n} 次` : ''}，没有用`,
    noneRun: '已知的办法一个都还没试',
    notTried: '还没试过',
    clear: 'faultbook：没有发现不妥。',
    noFault: 'faultbook：这里没有未解决的故障。',
    open: (n: number) => `这里有 ${n} 个未解决的故障`,
    seen: (n: number, when: string) => `出现 ${n} 次，最近一次 ${when}`,
    colon: '：',
    stop: '。',
    aside: (parts: readonly string[]) => `（${parts.join('；')}）`,
  },
} as const;

/**
 * The warning in one line, without a newline.
 * @param when `after`: the command has run already, and ended without an error
 */
export function renderWarning(
  warning: Warning,
  lang: Lang = 'en',
  when: 'before' | 'after' = 'before',
): string {
  const words = WORDS[lang];
  const { fault, action, instead } = warning;
  const { measured } = action;
  const head = measured === null ? words.claimed : action.repairs.length > 0 ? words.partly : words.deadEnd;
  const notes = [
    measured ? words.lab(measured.fixed, measured.of, some(measured.environments)) : words.notMeasured,
    ...(action.repairs.length > 0 ? [words.only(some(action.repairs))] : []),
    ...(measured && measured.masked > 0 ? [words.masked(measured.masked)] : []),
    ...(measured && measured.breaks.length > 0 ? [words.breaks(some(measured.breaks))] : []),
    ...(warning.ran > 0 ? [words.ran(warning.ran)] : []),
  ];
  return [
    `faultbook${words.colon}${head(action.key, fault.id)}${words.aside(notes)}${words.stop.trimEnd()}`,
    ...(action.why === ''
      ? []
      : [`${words.why}${words.colon}${ended(visible(action.why, MAX_WHY_COLUMNS))}`]),
    instead ? `${words.instead}${words.colon}${stepText(instead)}${words.stop.trimEnd()}` : words.nothing,
    when === 'before' ? words.free : words.ranNow,
  ].join(lang === 'zh' ? '' : ' ');
}

/**
 * The fault was found again: which action did not help, and the next one that is another, in one line.
 * @param failed the action that was run since the last answer; null: none that is known
 */
export function renderAgain(
  fault: OpenFault,
  failed: FaultAction | null,
  next: FaultAction | null,
  lang: Lang = 'en',
): string {
  const words = WORDS[lang];
  const lab = failed?.measured ? words.aside([words.lab(failed.measured.fixed, failed.measured.of, '')]) : '';
  const gap = lang === 'zh' ? '' : ' ';
  const times = fault.runs.filter((r) => r.key === failed?.key && r.after === 'failed').length;
  return [
    `${words.again(fault.id, words.nth(fault.times))}${lang === 'zh' ? '；' : '; '}${failed ? words.noHelp(failed.key, times) + lab : words.noneRun}${words.stop.trimEnd()}`,
    next ? `${words.notTried}${words.colon}${stepText(next)}${words.stop.trimEnd()}` : words.nothing,
  ].join(gap);
}

/** A step as it is named to an agent: key and command, or what it is where the command is too long. */
export function stepText(step: FaultAction): string {
  const chars = step.commands.reduce((sum, c) => sum + c.length, 0);
  const what =
    chars > 0 && chars <= MAX_COMMAND_CHARS
      ? step.commands.map(code).join(' ; ')
      : visible(step.action, MAX_WHY_COLUMNS);
  return `[${step.key}] ${what}`;
}

/** Nothing is known against a command; or, without one, what is open here. One line each. */
export function renderOpenFaults(faults: readonly OpenFault[], lang: Lang = 'en'): string {
  const words = WORDS[lang];
  if (faults.length === 0) return words.noFault;
  return [
    `${words.open(faults.length)}${words.colon.trimEnd()}`,
    ...faults.map((f) => {
      const when = new Date(f.seenMs).toISOString().slice(0, 16).replace('T', ' ');
      const command = f.command === null ? '' : `  ${visible(f.command, MAX_COMMAND_CHARS)}`;
      return `  ${f.id}  ${words.seen(f.times, when)}${command}`;
    }),
  ].join('\n');
}

export function renderClear(lang: Lang = 'en'): string {
  return WORDS[lang].clear;
}

/** The answer for programs: `preflight.v1`; `warning` null where nothing is known against the command. */
export function preflightJson(warning: Warning | null): Readonly<Record<string, unknown>> {
  if (warning === null) return { schema: 'preflight.v1', verdict: 'clear', warning: null };
  const { fault, action, instead, ran } = warning;
  return {
    schema: 'preflight.v1',
    verdict: 'warned',
    warning: {
      fault: fault.id,
      title: fault.title,
      action: action.key,
      what: action.action,
      why: action.why === '' ? null : action.why,
      repairs: [...action.repairs],
      lab: action.measured && {
        fixed: action.measured.fixed,
        of: action.measured.of,
        environments: [...action.measured.environments],
        masked: action.measured.masked,
        breaks: [...action.measured.breaks],
      },
      ran,
      instead: instead && { kind: instead.kind, key: instead.key, commands: [...instead.commands] },
      text: renderWarning(warning),
    },
  };
}

export function renderPreflightJson(warning: Warning | null): string {
  return stringifySafely(preflightJson(warning));
}

function some(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMES).join('/');
  return names.length > MAX_NAMES ? `${shown}+${names.length - MAX_NAMES}` : shown;
}

function ended(sentence: string): string {
  return /[.!?。！？…]$/.test(sentence) ? sentence : `${sentence}.`;
}
