/**
 * What the formats for CI are made of: one output with its name, and the words of the short answer. They say what
 * `renderMarkdown` says, finding by finding; nothing is decided here.
 */
import type { Diagnosis, DiagnosisFinding } from '../diagnosis/index.ts';
import { type AnswerLine, answerLines, type Markup, standing } from './markdown.ts';
import { type Lang, messagesOf } from './messages.ts';
import { visible } from './safe.ts';

/** One output and what it holds. */
export interface DiagnosedInput {
  /**
   * `-`: no file (standard input). Else its path with `/` between the parts: relative to the folder of the run where
   * it lies below it, or absolute (`/var/log/x`, `C:/logs/x`, `//server/share/x`).
   */
  readonly source: string;
  readonly diagnosis: Diagnosis;
}

/** Source of an output that is no file. */
export const NO_FILE = '-';
/** Room for the advice of one finding. Its readers are people: twice as much as an agent is given. */
export const MAX_REPORT_TOKENS = 600;
/** Longest path shown, in columns: systems allow 4,096 bytes, nobody reads them. */
const MAX_SOURCE_COLUMNS = 500;

/** A file's path as it is safe to print. */
export function sourceName(source: string): string {
  return visible(source, MAX_SOURCE_COLUMNS);
}

/** A finding in words: never empty, without control characters, one line each. */
export interface FindingText {
  /** `Known: npm/eresolve` */
  readonly label: string;
  /** What happened. Our words; of a foreign record its title, reduced to plain words. */
  readonly title: string;
  /** What stands behind the title: `␣(tested in the lab)`, the space only where the language has one. */
  readonly standing: string;
  /** The same with the line: `␣(line 12, and on 3 more; tested in the lab)` */
  readonly place: string;
  /** What to check, what not to do, what to try; a line that begins with `- ` belongs to the last one that does not. */
  readonly advice: readonly string[];
  /** The line of the log: shown as program output and never as ours. */
  readonly excerpt: string;
}

export function findingText(
  diagnosis: Diagnosis,
  finding: DiagnosisFinding,
  lang: Lang,
  markup: Markup,
): FindingText {
  const m = messagesOf(lang);
  const gap = lang === 'zh' ? '' : ' ';
  const [, title, ...advice] = answerLines(
    { ...diagnosis, findings: [finding] },
    lang,
    markup,
    MAX_REPORT_TOKENS,
  );
  const state = standing(finding, lang);
  return {
    label: `${finding.verdict === 'match' ? m.match : m.possible}${gap}${finding.id}`,
    title: (title as AnswerLine).line,
    standing: gap + m.aside(state),
    place: gap + m.aside(`${m.atLine(finding.line, finding.occurrences - 1)}; ${state}`),
    advice: advice.map((a) => a.line),
    excerpt: visible(finding.excerpt.trim()),
  };
}

/** Advice as a Markdown list. */
export function asList(advice: readonly string[]): string {
  return advice.map((line) => (line.startsWith('- ') ? `  ${line}` : `- ${line}`)).join('\n');
}

/** The answer where nothing is known: that, and where the failure may be. */
export function noneText(diagnosis: Diagnosis, lang: Lang): readonly string[] {
  return answerLines(diagnosis, lang, 'plain', MAX_REPORT_TOKENS).map((l) => l.line);
}

/** How many findings a limit left out; null: none. */
export function moreText({ findings, more }: Diagnosis, lang: Lang): string | null {
  return more > 0 ? messagesOf(lang).more(more, findings.length + more) : null;
}
