/** What could not be diagnosed, grouped. */
import type { Lang } from './messages.ts';
import { visible } from './safe.ts';
import { wrap } from './width.ts';

export interface MissEntry {
  /** Outputs in which a line of this shape stood. */
  readonly count: number;
  readonly first: string;
  readonly date: string;
  /** Redacted, but from a log: hostile text. */
  readonly example: string;
}

/** Groups that are shown, and the longest line of one. */
const SHOWN = 20;
const MAX_COLUMNS = 300;

/** @returns text that ends with a newline. */
export function renderMisses(
  groups: readonly MissEntry[],
  { lang, columns, kept }: { readonly lang: Lang; readonly columns: number; readonly kept: boolean },
): string {
  const zh = lang === 'zh';
  if (groups.length === 0) {
    if (kept) return zh ? '还没有诊断不了的报错。\n' : 'Nothing was missed yet.\n';
    return zh
      ? '没有保留任何内容。要保留：faultbook misses on（只存本机）\n'
      : 'Nothing is kept. To keep what cannot be diagnosed, on this machine only: faultbook misses on\n';
  }
  const lines = [
    zh
      ? `诊断不了的报错，共 ${groups.length} 类：`
      : `Could not be diagnosed here: ${groups.length} kind${groups.length === 1 ? '' : 's'} of lines`,
  ];
  for (const { count, first, date, example } of groups.slice(0, SHOWN)) {
    lines.push(`  ${count} ×  ${first === date ? date : `${first} – ${date}`}`);
    lines.push(...wrap(visible(example, MAX_COLUMNS), Math.max(20, columns - 6)).map((l) => `      ${l}`));
  }
  const more = groups.length - SHOWN;
  if (more > 0) lines.push(zh ? `  还有 ${more} 类（--format json）` : `  ${more} more (--format json)`);
  lines.push(
    zh
      ? '写成记录：faultbook new <domain/slug> --from <文件>'
      : 'Write a record of one: faultbook new <domain/slug> --from <file>',
  );
  return `${lines.join('\n')}\n`;
}
