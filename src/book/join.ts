/** Several books as one. Their ids never shadow each other: who comes second to an id gets a name of its own. */
import type { Book, Standing } from './compile.ts';

/** A book and what its records are to be called where their ids are taken. */
export interface NamedBook {
  /** Short name, of `a-z 0-9 . -`: what stands before the colon of a taken id. */
  readonly name: string;
  readonly book: Book;
}

/** A record that had to be renamed. */
export interface Renamed {
  readonly from: string;
  readonly to: string;
}

/**
 * Joins books in their order. A record whose id, or an alias of which, an earlier one bears is called `name:id` and loses that
 * alias; nothing is hidden, nothing is overwritten.
 */
export function joinBooks(parts: readonly NamedBook[]): {
  readonly book: Book;
  readonly renamed: readonly Renamed[];
} {
  const taken = new Set<string>();
  const renamed: Renamed[] = [];
  const records: Book['records'][number][] = [];
  const patterns: Book['patterns'][number][] = [];
  const phrases: Book['phrases'][number][] = [];
  const evidence: Book['evidence'][number][] = [];
  const standing: (Standing | null)[] = [];
  for (const { name, book } of parts) {
    const offset = records.length;
    const mine: string[] = [];
    for (const [i, record] of book.records.entries()) {
      const id = freeId(record.id, name, taken);
      if (id !== record.id) renamed.push({ from: record.id, to: id });
      const aliases = record.aliases.filter((alias) => !taken.has(alias));
      mine.push(id, ...aliases);
      records.push(
        id === record.id && aliases.length === record.aliases.length ? record : { ...record, id, aliases },
      );
      evidence.push(book.evidence[i] ?? null);
      standing.push(book.standing?.[i] ?? null);
    }
    for (const id of mine) taken.add(id);
    for (const p of book.patterns) patterns.push({ ...p, record: p.record + offset });
    for (const p of book.phrases) phrases.push({ ...p, record: p.record + offset });
  }
  return { book: { records, patterns, phrases, evidence, standing }, renamed };
}

function freeId(id: string, name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(id)) return id;
  for (let n = 1; ; n++) {
    const other = `${n === 1 ? name : `${name}-${n}`}:${id}`;
    if (!taken.has(other)) return other;
  }
}
