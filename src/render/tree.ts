/** The troubleshooting tree as lines: `[check]?`, what it read, and the step that follows, deeper by two columns each. */
import type { PossibleCause, TreeNode } from '../diagnosis/index.ts';
import type { FaultRecord } from '../record/index.ts';
import { inLang, type Lang, type Messages, messagesOf } from './messages.ts';
import { safeLines } from './safe.ts';

/** So many causes are named; of more, how many there are. */
const MAX_NAMED = 3;
/** Beyond this depth lines are not set in further: there must be room for words. */
const MAX_INDENT = 24;

export function treeLines(record: FaultRecord, tree: TreeNode, lang: Lang, columns: number): string[] {
  const m = messagesOf(lang);
  const environments = [...new Set(environmentsOf(tree))];
  const lines: string[] = [];
  const put = (text: string, depth: number): void => {
    const indent = ' '.repeat(Math.min(2 * depth, MAX_INDENT));
    const width = Math.max(30, columns - indent.length - 2);
    lines.push(...safeLines(text, width, { first: indent, rest: `${indent}  `, maxColumns: 1000 }));
  };
  const named = (causes: readonly PossibleCause[]): string =>
    causes.length > MAX_NAMED
      ? m.anyOf(causes.length)
      : causes
          .map(({ cause, environments: where }) =>
            where.length === environments.length ? cause : `${cause} (${where.join(', ')})`,
          )
          .join(' / ');
  const step = (node: TreeNode): string => {
    if (node.kind === 'check') return `[${node.key}]?`;
    if (node.kind === 'action')
      return `[${node.key}] ${m.repairs(node.repairs.length, node.left.length, node.besides.length)}`;
    if (node.why === 'left_changed') return m.leftChanged;
    return node.others.length > 0 ? m.thenOthers(node.others.join('] [')) : m.thenNothing;
  };
  const visit = (node: TreeNode, lead: string, depth: number): void => {
    put(`${lead}${step(node)}`, depth);
    if (node.kind === 'stop') return;
    for (const { seen, node: next } of node.branches) {
      const what = node.kind === 'check' ? readingTitle(record, node.key, seen, lang, m) : outcomeOf(seen, m);
      visit(next, `${what} (${named(next.left)}) → `, depth + 1);
    }
  };
  visit(tree, '', 0);
  return lines;
}

function environmentsOf(tree: TreeNode): string[] {
  return tree.left.flatMap((c) => [...c.environments]);
}

/** What a reading looks like to the reader. */
export function readingTitle(
  record: FaultRecord,
  check: string,
  seen: string,
  lang: Lang,
  m: Messages,
): string {
  const reading = record.checks.find((c) => c.key === check)?.readings.find((r) => r.key === seen);
  if (!reading) return seen === 'unavailable' ? m.seenUnavailable : m.seenUnclear;
  return (
    inLang(lang, reading.title, reading.title_zh) ||
    (reading.regex === undefined ? m.exit(String(reading.exit)) : `${m.prints} /${reading.regex}/`)
  );
}

function outcomeOf(seen: string, m: Messages): string {
  const [outcome = '', ids] = seen.split(':');
  return `${m.outcomes[outcome] ?? outcome}${ids === undefined ? '' : ` (${ids})`}`;
}
