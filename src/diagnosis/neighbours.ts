/** Which records belong together: what follows from an error, and what it is taken for. */
import type { Book } from '../book/index.ts';
import type { FaultRecord } from '../record/index.ts';

/** Ids of other records of the same book, sorted by who says so: the author first, then what was measured. */
export interface Neighbours {
  /** What comes after it: by the author's account, and what came instead after an action in the lab. */
  readonly leads_to: readonly string[];
  /** What looks like it: by the author's account, and records that are found in each other's samples. */
  readonly confused_with: readonly string[];
}

/** The neighbours of one record. An id that the book does not know is left out: nobody could look it up. */
export function neighboursOf(book: Book, index: number): Neighbours {
  const { transition_graph: graph, id: own } = book.records[index] as FaultRecord;
  const evidence = book.evidence[index] ?? null;
  const known = (ids: readonly string[]) =>
    [...new Set(ids)].filter(
      (id) => id !== own && book.records.some((r) => r.id === id || r.aliases.includes(id)),
    );
  return {
    leads_to: known([...idsOf(graph.leads_to), ...(evidence?.leads_to ?? [])]),
    confused_with: known([...idsOf(graph.frequently_confused_with), ...(evidence?.confused_with ?? [])]),
  };
}

/** Records from elsewhere write a link as an id or as an object that holds one. */
function idsOf(links: readonly unknown[]): string[] {
  return links.flatMap((link) => {
    if (typeof link === 'string') return [link];
    const { id, error_id: errorId } = (link ?? {}) as { id?: unknown; error_id?: unknown };
    return [id, errorId].filter((v) => typeof v === 'string').slice(0, 1);
  });
}
