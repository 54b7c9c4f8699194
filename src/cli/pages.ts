/** `explain`, `list`, `export`: reading the book. */
import { neighboursOf, possibleWorlds } from '../diagnosis/index.ts';
import { fieldCases, fieldTransitions, seedFigures, type Tier } from '../evidence/index.ts';
import type { FaultRecord } from '../record/index.ts';
import { findRecord, toSeed } from '../record/index.ts';
import { renderExplain, renderList } from '../render/index.ts';
import { environmentOf, InputError, type OpenedBook, readLedger } from '../store/index.ts';
import { bookOf } from './diagnose.ts';
import { showPage } from './pager.ts';
import { type ColorChoice, colorOf, columnsOf, EXIT, langOf, linksOf, print } from './terminal.ts';

interface PageFlags {
  readonly format?: 'text' | 'markdown' | 'json' | 'ids';
  readonly 'no-pager'?: true;
  readonly lang?: string;
  readonly color?: ColorChoice;
  readonly book?: readonly string[];
  readonly environment?: string;
}

export async function runExplain(id: string, flags: PageFlags): Promise<number> {
  const book = await bookOf(flags.book);
  const record = recordOf(book, id);
  const index = book.records.indexOf(record);
  const evidence = book.evidence[index] ?? null;
  const reports = readLedger();
  showPage(
    renderExplain(record, {
      lang: langOf(flags.lang),
      format: flags.format === 'ids' ? 'text' : (flags.format ?? 'text'),
      color: colorOf(flags.color),
      links: linksOf(flags.color),
      columns: columnsOf(),
      evidence,
      neighbours: neighboursOf(book, index),
      standing: book.standing?.[index] ?? null,
      field: {
        cases: fieldCases(record, evidence, reports),
        transitions: fieldTransitions(reports).filter((t) => t.from === record.id),
      },
      possible: evidence && possibleWorlds(evidence, null, environmentOf(book, flags.environment)),
    }),
    flags['no-pager'] !== true,
  );
  return EXIT.ok;
}

export async function runList(words: readonly string[], flags: PageFlags): Promise<number> {
  const book = await bookOf(flags.book);
  const { records } = book;
  const wanted = words.flatMap((w) => w.toLowerCase().split(/\s+/)).filter((w) => w !== '');
  const entries = records
    .map((r) => ({ record: r, rank: rankOf(r, wanted) }))
    .filter(({ rank }) => rank !== null)
    .sort((a, b) => (a.rank ?? 0) - (b.rank ?? 0))
    .map(({ record }) => record)
    .map((r) => ({
      id: r.id,
      title: r.title ?? r.signature,
      title_zh: r.title_zh ?? r.signature_zh,
      tier: tierIn(book, r.id),
      origin: r.origin,
    }));
  if (flags.format === 'json') print(JSON.stringify(entries, null, 2));
  else if (flags.format === 'ids') print(entries.map((e) => e.id).join('\n'));
  else
    print(
      renderList(entries, { lang: langOf(flags.lang), color: colorOf(flags.color), columns: columnsOf() }),
    );
  return entries.length > 0 ? EXIT.ok : EXIT.noMatch;
}

export async function runExport(
  id: string,
  flags: { readonly format?: 'record' | 'seed'; readonly book?: readonly string[] },
): Promise<number> {
  const book = await bookOf(flags.book);
  const record = recordOf(book, id);
  const index = book.records.indexOf(record);
  const figures = seedFigures(record, book.evidence[index] ?? null);
  const seed = () => {
    const { leads_to, confused_with } = neighboursOf(book, index);
    return toSeed(record, figures && { ...figures, leads_to, confused_with });
  };
  print(JSON.stringify(flags.format === 'seed' ? seed() : record, null, 2));
  return EXIT.ok;
}

/** What the lab made of a record. */
function tierIn(book: OpenedBook, id: string): Tier {
  return book.evidence[book.records.findIndex((r) => r.id === id)]?.tier ?? 'claimed';
}

/** How well a record fits the words: 0 where its id or title has all of them, 1 elsewhere; null where one is missing. */
function rankOf(record: FaultRecord, words: readonly string[]): number | null {
  const head = [record.id, record.title, record.title_zh].join('\n').toLowerCase();
  if (words.every((w) => head.includes(w))) return 0;
  const text = searchText(record);
  return words.every((w) => text.includes(w)) ? 1 : null;
}

/** Everything a person may remember of a record, in both languages, folded. */
function searchText(record: FaultRecord): string {
  return [
    record.id,
    record.title,
    record.title_zh,
    record.signature,
    record.signature_zh,
    record.error_code,
    ...record.tags,
    ...record.causes.flatMap((c) => [c.title, c.title_zh]),
  ]
    .join('\n')
    .toLowerCase();
}

/** @throws {InputError} naming the nearest ids. */
function recordOf({ records }: OpenedBook, id: string): FaultRecord {
  const found = findRecord(records, id);
  if (found.record === null) throw new InputError(found.problem);
  return found.record;
}
