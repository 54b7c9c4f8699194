/**
 * For GitHub Actions: annotations (workflow commands, read by the runner from standard output) and the job summary
 * (Markdown, appended to $GITHUB_STEP_SUMMARY).
 */
import { code } from './markdown.ts';
import type { Lang } from './messages.ts';
import {
  asList,
  type DiagnosedInput,
  findingText,
  moreText,
  NO_FILE,
  noneText,
  sourceName,
} from './parts.ts';
import { fenceFor } from './safe.ts';

/** What GitHub keeps. More is thrown away there, silently or with the whole summary. */
export const GITHUB_LIMITS = {
  /**
   * Annotations of each kind (error, warning, notice) in a step (actions/toolkit, docs/problem-matchers.md; actions/runner,
   * `_maxCountPerIssueType` in ExecutionContext.cs). A job has 50 in all: steps do not know of each other.
   */
  annotationsPerKind: 10,
  /** UTF-16 units of a message: the runner cuts there (`_maxIssueMessageLength`), before the API's 64 KB. */
  messageChars: 4096,
  /** Characters of a title (REST API, "Check runs", annotations). */
  titleChars: 255,
  /** Bytes of a step's summary: a larger one is not shown at all (`AttachmentSizeLimit`, FileCommandManager.cs). */
  summaryBytes: 1024 * 1024,
} as const;

const WORDS = {
  en: {
    notAnnotated: (n: number, kind: string) =>
      `${n} more of kind ${kind} not annotated: GitHub keeps ${GITHUB_LIMITS.annotationsPerKind} of a kind in a step.`,
    cut: (n: number) =>
      `${n} more ${n === 1 ? 'entry is' : 'entries are'} not shown: GitHub shows no summary of more than 1 MiB.`,
    noFile: 'standard input',
    output: 'The line in the output:',
  },
  zh: {
    notAnnotated: (n: number, kind: string) =>
      `另有 ${n} 条 ${kind} 没有标注：GitHub 每一步每类最多保留 ${GITHUB_LIMITS.annotationsPerKind} 条。`,
    cut: (n: number) => `另有 ${n} 条没有列出：超过 1 MiB 的摘要 GitHub 不会显示。`,
    noFile: '标准输入',
    output: '输出中的这一行：',
  },
} as const;

/** A workflow command's message. */
function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

/** A property of a workflow command. */
function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

function cutTo(text: string, chars: number): string {
  if (text.length <= chars) return text;
  // Not between the halves of a character.
  return `${text.slice(0, chars - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

/**
 * Annotations: an error for each match, a warning for each possible one, within GitHub's limits; where an output holds
 * nothing known, the answer as plain lines of the step's log. Only commands begin with `::`.
 */
export function renderGithub(inputs: readonly DiagnosedInput[], options: { readonly lang: Lang }): string {
  const { lang } = options;
  const words = WORDS[lang];
  const kinds = { error: 0, warning: 0 };
  const out: string[] = [];
  for (const { source, diagnosis } of inputs) {
    const where = source === NO_FILE ? '' : `${sourceName(source)}: `;
    for (const finding of diagnosis.findings) {
      const kind = finding.verdict === 'match' ? 'error' : 'warning';
      kinds[kind]++;
      if (kinds[kind] > GITHUB_LIMITS.annotationsPerKind) continue;
      const { label, title, place, advice, excerpt } = findingText(diagnosis, finding, lang, 'plain');
      const message = [`${title}${place}`, `> ${excerpt}`, ...advice].join('\n');
      const properties = [
        ...(source === NO_FILE ? [] : [`file=${escapeProperty(sourceName(source))}`, `line=${finding.line}`]),
        `title=${escapeProperty(cutTo(label, GITHUB_LIMITS.titleChars))}`,
      ];
      out.push(
        `::${kind} ${properties.join(',')}::${escapeData(cutTo(message, GITHUB_LIMITS.messageChars))}`,
      );
    }
    if (diagnosis.findings.length === 0)
      out.push(...noneText(diagnosis, lang).map((line, i) => (i === 0 ? where + line : line)));
    const more = moreText(diagnosis, lang);
    if (more !== null) out.push(where + more);
  }
  for (const [kind, count] of Object.entries(kinds)) {
    const left = count - GITHUB_LIMITS.annotationsPerKind;
    if (left > 0) out.push(words.notAnnotated(left, kind));
  }
  return `${out.join('\n')}\n`;
}

/**
 * The job summary, GitHub Flavored Markdown of at most `maxBytes` bytes of UTF-8: a section for each finding, and for
 * each output that holds nothing known. What does not fit is left out in whole sections, and counted.
 */
export function renderSummary(
  inputs: readonly DiagnosedInput[],
  options: { readonly lang: Lang; readonly maxBytes?: number },
): string {
  const { lang, maxBytes = GITHUB_LIMITS.summaryBytes } = options;
  const sections = inputs.flatMap((input) => sectionsOf(input, lang));
  const bytes = (text: string): number => new TextEncoder().encode(text).length;
  const note = (left: number): string => `\n${WORDS[lang].cut(left)}\n`;
  let room = maxBytes - bytes(note(sections.length));
  let shown = 0;
  for (const section of sections) {
    room -= bytes(section);
    if (room < 0) break;
    shown++;
  }
  const left = sections.length - shown;
  const text = sections.slice(0, shown).join('') + (left > 0 ? note(left) : '');
  return bytes(text) <= maxBytes ? text : '';
}

function sectionsOf({ source, diagnosis }: DiagnosedInput, lang: Lang): string[] {
  const words = WORDS[lang];
  const name = source === NO_FILE ? words.noFile : code(source);
  const more = moreText(diagnosis, lang);
  const sections = diagnosis.findings.map((finding) => {
    const { label, title, place, advice, excerpt } = findingText(diagnosis, finding, lang, 'markdown');
    const fence = fenceFor(excerpt);
    return [
      `### ${label}`,
      '',
      `${name}${place}`,
      '',
      // A foreign title may hold an address, which GitHub would make a link.
      finding.trusted ? title : code(title),
      '',
      words.output,
      '',
      `${fence}text`,
      excerpt,
      fence,
      '',
      asList(advice),
      '',
      '',
    ].join('\n');
  });
  const rest = [
    ...(diagnosis.findings.length === 0 ? [name, '', ...noneText(diagnosis, lang)] : []),
    ...(more === null ? [] : [more]),
  ];
  return rest.length === 0 ? sections : [...sections, `${rest.join('\n')}\n\n`];
}
