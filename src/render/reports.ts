/** The outcome reports that were made here, by record and action. */
import { type FieldFigures, type Lang, messagesOf } from './messages.ts';
import { visible } from './safe.ts';
import { wrap } from './width.ts';

export interface ReportRow {
  readonly record: string;
  readonly action: string;
  readonly figures: FieldFigures & {
    readonly lines: readonly { readonly line: string; readonly fixed: number; readonly of: number }[];
  };
}

/** @returns text that ends with a newline. */
export function renderReports(
  rows: readonly ReportRow[],
  { lang, columns }: { readonly lang: Lang; readonly columns: number },
): string {
  const m = messagesOf(lang);
  if (rows.length === 0) return `${m.noReports}\n`;
  const out: string[] = [];
  for (const record of new Set(rows.map((r) => r.record))) {
    out.push(visible(record));
    for (const { action, figures } of rows.filter((r) => r.record === record)) {
      out.push(`  [${visible(action)}]`);
      out.push(...wrap(m.field(figures), Math.max(20, columns - 4)).map((l) => `    ${l}`));
      if (figures.lines.length > 1)
        out.push(...figures.lines.map((l) => `      ${visible(m.fieldLine(l.line, l.fixed, l.of))}`));
    }
  }
  return `${out.join('\n')}\n`;
}
