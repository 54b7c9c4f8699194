/** Issues for the author of a record: what is wrong, why it matters, what to do; grouped by file. */
import type { Issue } from '../record/index.ts';
import { safeLines, visible } from './safe.ts';
import { styleOf } from './style.ts';

/** Issues of one file that are spelt out; of a hopeless file the rest is counted. */
const MAX_PER_FILE = 40;

export function renderIssues(
  issues: readonly Issue[],
  options: { readonly color: boolean; readonly columns: number },
): string {
  if (issues.length === 0) return '';
  const style = styleOf(options.color);
  const width = Math.max(40, options.columns);
  const byFile = new Map<string, Issue[]>();
  for (const issue of issues) byFile.set(issue.file, [...(byFile.get(issue.file) ?? []), issue]);
  const lines: string[] = [];
  for (const [file, list] of byFile) {
    lines.push(style.bold(visible(file)));
    for (const i of list.slice(0, MAX_PER_FILE)) {
      const severity =
        i.severity === 'error' ? style.bad('error') : style.note(i.repaired ? 'mended' : 'warning');
      const field = i.field === '' ? '' : ` ${visible(i.field)}:`;
      lines.push(`  ${severity}${field} ${visible(i.problem, 400)} ${style.dim(`[${i.code}]`)}`);
      const advice = i.repaired ? i.why : `${i.why}; ${i.remedy}`;
      lines.push(...safeLines(advice, width - 4, { maxColumns: 1000 }).map((l) => `    ${style.dim(l)}`));
    }
    if (list.length > MAX_PER_FILE) lines.push(`  ${list.length - MAX_PER_FILE} more in this file`);
  }
  const count = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`;
  const errors = issues.filter((i) => i.severity === 'error').length;
  lines.push(`${count(errors, 'error')}, ${count(issues.length - errors, 'warning')}.`);
  return `${lines.join('\n')}\n`;
}
