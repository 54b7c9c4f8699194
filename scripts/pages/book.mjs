/** The whole book as pages made of evidence see it: each record as `explain --format json` gives it, and its samples. */
import { fileURLToPath } from 'node:url';
import { importSource } from '../source.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

export async function readBook() {
  const { compileBook, matchText, neighboursOf, possibleWorlds, readRecords, renderExplain } =
    await importSource(`
  export { compileBook, matchText } from './src/book/index.ts';
  export { neighboursOf, possibleWorlds } from './src/diagnosis/index.ts';
  export { renderExplain } from './src/render/index.ts';
  export { readRecords } from './src/store/index.ts';
`);
  const { records } = readRecords(`${root}records`);
  const { book } = compileBook(records);
  const entries = records.map(({ record, summary, samples }) => ({
    samples,
    ...JSON.parse(
      renderExplain(record, {
        lang: 'en',
        format: 'json',
        color: false,
        columns: 80,
        evidence: summary ?? null,
        possible: summary ? possibleWorlds(summary, null) : null,
        neighbours: neighboursOf(book, book.records.indexOf(record)),
        standing: null,
      }),
    ),
  }));
  const found = (text) => matchText(book, text).map((m) => book.records[m.record].id);
  return { records: entries.toSorted((a, b) => (a.id < b.id ? -1 : 1)), found };
}

export const row = (cells) => `| ${cells.join(' | ')} |`;
export const table = (head, rows) => [row(head), row(head.map(() => '---')), ...rows.map(row)].join('\n');
/** Text in a cell of a table. */
export const cell = (text) => text.replaceAll('\n', ' ').replaceAll('|', '\\|');
