/**
 * What an agent is told that asked: a record in short, one part of it, or the next step of troubleshooting; and the
 * structured form of a short answer. Each within the bounds of `markdown.ts`, and like it without free text of a log.
 */
import type { Diagnosis, DiagnosisFinding, GuideStep } from '../diagnosis/index.ts';
import { type EvidenceSummary, figuresOf } from '../evidence/index.ts';
import type { FaultRecord } from '../record/index.ts';
import { answerLines, code, estimateTokens, MAX_MARKDOWN_TOKENS, standing } from './markdown.ts';
import { inLang, type Lang, messagesOf } from './messages.ts';
import { plainTitle, visible } from './safe.ts';

/** What the structured form may cost beside the text: together 600. */
export const MAX_STRUCTURED_TOKENS = 300;
const MAX_PROSE_CHARS = 300;
const MAX_TITLE_CHARS = 100;
/** Causes named for one action. */
const MAX_FOR = 4;

const WORDS = {
  en: {
    unknownPart: (key: string, keys: string) =>
      `[${key}] is no cause, check or action of it. It has: ${keys}`,
    cause: 'CAUSE',
    check: 'CHECK (read-only)',
    try: 'TRY',
    avoid: 'DO NOT',
    reads: 'reads',
    means: 'means',
    risky: 'risky: loses data, lowers protection or touches others',
    by: (who: string) => `by: ${who}`,
    for: (causes: string) => `for: ${causes}`,
    except: (causes: string) => `helps only with: ${causes}`,
    step: (n: number) => `step ${n}`,
    left: (n: number, causes: string) => `${n} cause${n === 1 ? '' : 's'} left: ${causes}`,
    claimed: 'by the author’s account, not measured',
    goOn: (id: string, steps: string) =>
      `THEN explain(record="${id}", steps="${steps}"), with what was seen:`,
    other: 'other: anything else',
    fixed: (id: string, key: string) =>
      `If it is fixed, you are done: report_outcome("${id}", "${key}", "fixed"). Else take it back before the next step.`,
    done: 'Fixed. Report it: report_outcome.',
    stop: 'STOP: nothing that was tried in the lab repairs what is left. Undo what you changed, and ask a person.',
    stopClaimed: 'STOP: nothing more is known for it. Undo what you changed, and ask a person.',
    others: (keys: string) => `STOP: what repairs it is up to somebody else: ${keys}. Ask a person.`,
    exhausted:
      'STOP: no single listed cause fits what was seen (one that is not listed, or two at once). Undo what you changed, and ask a person.',
    page: (id: string) => `Whole page: resource faultbook://record/${id}`,
    gap: ', ',
  },
  zh: {
    unknownPart: (key: string, keys: string) => `[${key}] 不是它的原因、检查或办法。它有：${keys}`,
    cause: '原因',
    check: '检查（只读）',
    try: '可试',
    avoid: '别试',
    reads: '读到',
    means: '说明是',
    risky: '有风险：会丢数据、削弱防护或影响他人',
    by: (who: string) => `由对方来做：${who}`,
    for: (causes: string) => `针对：${causes}`,
    except: (causes: string) => `只对这些原因有用：${causes}`,
    step: (n: number) => `第 ${n} 步`,
    left: (n: number, causes: string) => `还剩 ${n} 种原因：${causes}`,
    claimed: '按作者的说法，未经实测',
    goOn: (id: string, steps: string) => `接着 explain(record="${id}", steps="${steps}")，填上看到的：`,
    other: 'other：以上都不是',
    fixed: (id: string, key: string) =>
      `修好了就结束：report_outcome("${id}", "${key}", "fixed")。没修好就先撤回，再做下一步。`,
    done: '修好了。请上报：report_outcome。',
    stop: '到此为止：实验中试过的办法都修不好剩下的原因。撤回改动，去问人。',
    stopClaimed: '到此为止：没有更多已知的办法。撤回改动，去问人。',
    others: (keys: string) => `到此为止：要由对方来做：${keys}。去问人。`,
    exhausted:
      '到此为止：看到的情况不符合任何一种单独的原因（可能没有列出，也可能两种同时存在）。撤回改动，去问人。',
    page: (id: string) => `完整页面：资源 faultbook://record/${id}`,
    gap: '、',
  },
} as const;

/** Lines in their order, as many as fit; the last one always does. */
function within(lines: readonly string[], last: string | null): string {
  let left = MAX_MARKDOWN_TOKENS - (last === null ? 0 : estimateTokens(last) + 1);
  const out: string[] = [];
  for (const line of lines) {
    const cost = estimateTokens(line) + 1;
    if (cost > left) continue;
    left -= cost;
    out.push(line);
  }
  return `${[...out, ...(last === null ? [] : [last])].join('\n')}\n`;
}

function short(text: string, maxChars: number): string {
  const line = visible(text.split('\n')[0] ?? '', 600).replaceAll('`', "'");
  return line.length <= maxChars ? line : `${line.slice(0, maxChars - 1).trimEnd()}…`;
}

/** Nobody here has vouched for it: its id and a plain title, no more. */
export function renderUntrusted(finding: DiagnosisFinding, lang: Lang): string {
  return `faultbook: ${finding.id}, ${standing({ ...finding, trusted: false }, lang)}\n"${plainTitle(finding.title)}"\n`;
}

/** A record in short: what `diagnose` says of it, without a place. */
export function renderExplained(finding: DiagnosisFinding, lang: Lang): string {
  if (!finding.trusted) return renderUntrusted(finding, lang);
  const diagnosis: Diagnosis = {
    schema: 'diagnosis.v1',
    verdict: 'match',
    findings: [finding],
    focus: [],
    shapes: [],
    more: 0,
    lines: 0,
    hint: null,
  };
  const head = `faultbook: ${finding.id}, ${standing(finding, lang)}`;
  const last = WORDS[lang].page(finding.id);
  const room = MAX_MARKDOWN_TOKENS - estimateTokens(last);
  const lines = answerLines(diagnosis, lang, 'plain', room).filter(
    (l) => l.section !== 'head' && l.section !== 'more',
  );
  return within([head, ...lines.map((l) => l.line)], last);
}

/** One cause, check or action of a record; null where it has no such key. */
export function renderPart(
  record: FaultRecord,
  evidence: EvidenceSummary | null,
  key: string,
  lang: Lang,
): { readonly text: string; readonly known: boolean } {
  const words = WORDS[lang];
  const t = (english: string | null, chinese: string | null): string => inLang(lang, english, chinese);
  const lines: string[] = [];
  const prose = (...texts: readonly string[]): void => {
    for (const text of texts) if (text.trim() !== '') lines.push(short(text, MAX_PROSE_CHARS));
  };
  const lab = (): void => {
    const figures = evidence?.table ? figuresOf(evidence.table, key) : null;
    if (figures) prose(messagesOf(lang).lab(figures, figures.environments));
  };
  const cause = record.causes.find((c) => c.key === key);
  if (cause)
    prose(
      `${words.cause} [${key}] ${t(cause.title, cause.title_zh)}`,
      t(cause.explanation, cause.explanation_zh),
    );
  const check = record.checks.find((c) => c.key === key);
  if (check) {
    prose(`${words.check} [${key}] ${t(check.question, check.question_zh)}`);
    lines.push(command(check.command));
    for (const r of check.readings)
      prose(
        `- ${r.key}: ${t(r.title, r.title_zh) || (r.regex ?? `exit ${r.exit}`)} → ${r.means.join('/') || messagesOf(lang).means([])}`,
      );
  }
  const workaround = record.workarounds.find((w) => w.key === key);
  if (workaround) {
    prose(`${words.try} [${key}] ${t(workaround.action, workaround.action_zh)}`);
    lines.push(...workaround.commands.map(command));
    prose(workaround.for.length > 0 ? words.for(workaround.for.join(words.gap)) : '');
    lab();
    if (workaround.risk === 'high') prose(words.risky);
    if (workaround.by !== 'you') prose(words.by(workaround.by));
    prose(t(workaround.how, workaround.how_zh), t(workaround.why_works, workaround.why_works_zh));
  }
  const deadEnd = record.dead_ends.find((d) => d.key === key);
  if (deadEnd) {
    prose(`${words.avoid} [${key}] ${t(deadEnd.action, deadEnd.action_zh)}`);
    prose(deadEnd.except.length > 0 ? words.except(deadEnd.except.join(words.gap)) : '');
    lab();
    prose(t(deadEnd.why_fails, deadEnd.why_fails_zh));
  }
  if (lines.length === 0) {
    const keys = [...record.causes, ...record.checks, ...record.workarounds, ...record.dead_ends].map(
      (a) => a.key,
    );
    return { known: false, text: words.unknownPart(visible(key, 80), keys.join(words.gap)) };
  }
  return { known: true, text: within([`faultbook: ${record.id}`, ...lines], words.page(record.id)) };
}

/** A page stands for no finding: what one would fill in, the reader does. */
function command(text: string): string {
  return code(text.replace(/\{\{([a-z][a-z0-9_]*)\}\}/g, '<$1>'));
}

/** One step of troubleshooting: what to do, what can be seen, and how to go on. `handle`: what was seen so far. */
export function renderStep(record: FaultRecord, step: GuideStep, handle: string, lang: Lang): string {
  const words = WORDS[lang];
  const t = (english: string | null, chinese: string | null): string => inLang(lang, english, chinese);
  const n = handle === '' ? 1 : handle.split(',').length + 1;
  const left =
    step.left.length > 0 ? `; ${words.left(step.left.length, step.left.slice(0, 6).join(words.gap))}` : '';
  const head = `faultbook: ${record.id}, ${words.step(n)}${left}${step.measured ? '' : ` (${words.claimed})`}`;
  const more = (key: string, seen: string) =>
    [...(handle === '' ? [] : [handle]), `${key}=${seen}`].join(',');
  switch (step.kind) {
    case 'done':
      return within([head, words.done], null);
    case 'exhausted':
      return within([head, words.exhausted], null);
    case 'stop':
      return within(
        [
          head,
          step.others.length > 0
            ? words.others(step.others.join(words.gap))
            : step.measured
              ? words.stop
              : words.stopClaimed,
        ],
        null,
      );
    case 'check': {
      const check = record.checks.find((c) => c.key === step.key);
      const readings = step.expects.flatMap((seen) => {
        const reading = check?.readings.find((r) => r.key === seen);
        if (!reading) return seen === 'other' ? [`- ${words.other}`] : [`- ${seen}`];
        return [
          `- ${seen}: ${short(t(reading.title, reading.title_zh) || (reading.regex ?? `exit ${reading.exit}`), MAX_TITLE_CHARS)}`,
        ];
      });
      return within(
        [
          head,
          `${words.check} [${step.key}] ${short(t(check?.question ?? null, check?.question_zh ?? null), MAX_TITLE_CHARS)}`,
          command(check?.command ?? ''),
          words.goOn(record.id, more(step.key ?? '', '…')),
          ...readings,
        ],
        null,
      );
    }
    case 'action': {
      const action = [...record.workarounds, ...record.dead_ends].find((a) => a.key === step.key);
      const outcomes = step.expects.filter((o) => o !== 'fixed');
      return within(
        [
          head,
          `${words.try} [${step.key}] ${short(t(action?.action ?? null, action?.action_zh ?? null), MAX_TITLE_CHARS)}`,
          ...(action?.risk === 'high' ? [words.risky] : []),
          ...(action?.commands ?? []).map(command),
          words.fixed(record.id, step.key ?? ''),
          words.goOn(record.id, more(step.key ?? '', '…')),
          ...outcomes.map((o) => `- ${o}: ${messagesOf(lang).outcomes[o] ?? o}`),
        ],
        null,
      );
    }
  }
}

/** A selection of `diagnosis.v1`, its keys and their meaning: as much of it as there is room for. */
export interface ShortDiagnosis {
  readonly [key: string]: unknown;
  readonly schema: 'diagnosis.v1';
  readonly verdict: Diagnosis['verdict'];
  readonly findings: readonly ShortFinding[];
  readonly more: number;
}
export interface ShortFinding {
  readonly id: string;
  readonly verdict: 'match' | 'possible';
  readonly line: number;
  readonly tier: string;
  readonly trusted: boolean;
  readonly next?: {
    readonly kind: string;
    readonly key: string | null;
    readonly commands: readonly string[];
  };
  readonly avoid?: readonly { readonly key: string }[];
  readonly try?: readonly { readonly key: string; readonly for: readonly string[] }[];
}

/** The structured form of a diagnosis for an agent. Of records that nobody vouched for only their names. */
export function shortDiagnosis(diagnosis: Diagnosis): ShortDiagnosis {
  const findings: ShortFinding[] = diagnosis.findings.map(({ id, verdict, line, tier, trusted }) => ({
    id,
    verdict,
    line,
    tier,
    trusted,
  }));
  const out = () => ({
    schema: 'diagnosis.v1' as const,
    verdict: diagnosis.verdict,
    findings,
    more: diagnosis.more,
  });
  const [first] = diagnosis.findings;
  if (!first?.trusted) return out();
  const fits = (more: Partial<ShortFinding>): boolean => {
    const before = findings[0] as ShortFinding;
    findings[0] = { ...before, ...more };
    if (estimateTokens(JSON.stringify(out())) <= MAX_STRUCTURED_TOKENS) return true;
    findings[0] = before;
    return false;
  };
  const { kind, key, commands } = first.next;
  if (!fits({ next: { kind, key, commands: commands.map((c) => visible(c, 400)) } }))
    fits({ next: { kind, key, commands: [] } });
  // In turns, so that a long list of what does not help leaves room for what does.
  const avoid: { readonly key: string }[] = [];
  const tries: { readonly key: string; readonly for: readonly string[] }[] = [];
  for (let n = 0; n < Math.max(first.avoid.length, first.try.length); n++) {
    const [a, t] = [first.avoid[n], first.try[n]];
    if (t && fits({ try: [...tries, { key: t.key, for: t.for.slice(0, MAX_FOR) }] }))
      tries.push({ key: t.key, for: t.for.slice(0, MAX_FOR) });
    if (a && fits({ avoid: [...avoid, { key: a.key }] })) avoid.push({ key: a.key });
  }
  return out();
}
