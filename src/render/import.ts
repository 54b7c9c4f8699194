/** What an import did: three lines first, then what was refused, repaired and left to be desired, in groups. */
import { ISSUE_CODES, type Issue } from '../record/index.ts';
import { renderIssues } from './issues.ts';
import { visible } from './safe.ts';
import { styleOf } from './style.ts';
import { wrap } from './width.ts';

export interface ImportReport {
  readonly to: string;
  /** Nothing was written. */
  readonly dryRun: boolean;
  readonly taken: readonly { readonly id: string; readonly file: string; readonly repaired: boolean }[];
  /** Records that stood there before, the same to the byte. */
  readonly kept: readonly { readonly id: string; readonly file: string }[];
  /** Records and files that could not be taken; why is in `issues`. */
  readonly refused: readonly string[];
  /** Files of a folder that hold no record. */
  readonly passed: readonly string[];
  readonly issues: readonly Issue[];
}

/** As many issues as this are shown one by one; more are counted in groups. */
const MAX_SHOWN_SINGLY = 20;

export function renderImport(
  report: ImportReport,
  options: { readonly color: boolean; readonly columns: number },
): string {
  const { issues } = report;
  const lines = summary(report, styleOf(options.color));
  if (issues.length === 0) return `${lines.join('\n')}\n`;
  if (issues.length <= MAX_SHOWN_SINGLY) return `${lines.join('\n')}\n\n${renderIssues(issues, options)}`;
  const refused = new Set(report.refused);
  const isRefusal = (i: Issue) => i.severity === 'error' && refused.has(i.file);
  const sections: [string, (i: Issue) => boolean][] = [
    ['Refused', isRefusal],
    ['Repaired', (i) => !isRefusal(i) && i.repaired === true],
    ['Taken as it is, and worth knowing', (i) => !isRefusal(i) && i.repaired !== true],
  ];
  for (const [title, belongs] of sections) {
    const groups = groupsOf(issues.filter(belongs));
    if (groups.length === 0) continue;
    lines.push('', styleOf(options.color).bold(title));
    for (const group of groups) lines.push(...shownGroup(group, options));
  }
  lines.push('', 'Each of them in full: the same command with --dry-run --format json');
  return `${lines.join('\n')}\n`;
}

function summary(
  { taken, kept, refused, passed, to, dryRun }: ImportReport,
  style: ReturnType<typeof styleOf>,
): string[] {
  const repaired = taken.filter((t) => t.repaired).length;
  const counts = [
    style.bold(
      `${number(taken.length)} record${taken.length === 1 ? '' : 's'} ${dryRun ? 'would be taken' : 'taken'}`,
    ),
    `${number(repaired)} repaired`,
    refused.length > 0 ? style.bad(`${number(refused.length)} refused`) : '0 refused',
    ...(kept.length > 0 ? [`${number(kept.length)} there already`] : []),
    ...(passed.length > 0
      ? [`${number(passed.length)} other file${passed.length === 1 ? '' : 's'} passed over`]
      : []),
  ];
  const folder = visible(to, 400);
  const word = /^[\w@%+:,./-]+$/.test(folder) ? folder : `'${folder.replaceAll("'", "'\\''")}'`;
  const where = dryRun
    ? `Nothing was written; they would stand in ${folder}, marked as imported.`
    : `They stand in ${folder}, marked as imported: none of it was run here.`;
  if (taken.length + kept.length === 0) return [`${counts.join(', ')}.`];
  const next = dryRun
    ? 'To take them: the same command without --dry-run'
    : `Use them: ${style.command(`faultbook --book ${word} FILE`)}`;
  return [`${counts.join(', ')}.`, where, next];
}

interface Group {
  readonly first: Issue;
  /** Records (or files) that it holds for. */
  readonly files: ReadonlySet<string>;
}

/** Issues of one kind, most frequent first: of one rule, for one reason. */
function groupsOf(issues: readonly Issue[]): Group[] {
  const groups = new Map<string, { first: Issue; files: Set<string> }>();
  for (const issue of issues) {
    const key = `${issue.code}\0${issue.why}`;
    const group = groups.get(key);
    if (group) group.files.add(issue.file);
    else groups.set(key, { first: issue, files: new Set([issue.file]) });
  }
  return [...groups.values()].sort((a, b) => b.files.size - a.files.size);
}

function shownGroup(
  { first, files }: Group,
  options: { readonly color: boolean; readonly columns: number },
): string[] {
  const style = styleOf(options.color);
  const indent = ' '.repeat(COUNT_COLUMNS + 2);
  const width = Math.max(40, options.columns) - indent.length;
  const field = first.field === '' ? '' : `${first.field}: `;
  const example = visible(`${files.size === 1 ? '' : 'e.g. '}${field}${first.problem}`, 400);
  return [
    `${number(files.size).padStart(COUNT_COLUMNS)}  ${ISSUE_CODES[first.code]} ${style.dim(`[${first.code}]`)}`,
    ...wrap(visible(first.why, 400), width).map((l) => `${indent}${l}`),
    ...wrap(example, width).map((l) => `${indent}${style.dim(l)}`),
    // Whole, so that it can be copied.
    `${indent}${style.dim(visible(first.file, 400))}`,
  ];
}

/** Room for 20,000. */
const COUNT_COLUMNS = 7;

function number(n: number): string {
  return String(n).replace(/\B(?=(?:\d{3})+$)/g, ',');
}
