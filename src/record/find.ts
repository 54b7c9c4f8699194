/** The record that an id names: by id, by an alias, by its slug alone; else the ids that were nearly meant. */
import { nearest } from './distance.ts';
import type { FaultRecord } from './schema.ts';

/** Nearest ids named where one is not found. */
const MAX_SUGGESTIONS = 3;
/** Of an id that is no id, so much is looked at and quoted. */
const MAX_ID_CHARS = 200;

/** `record`: null where none is found; then `problem` says so in a sentence that names `near`. */
export type Found =
  | { readonly record: FaultRecord; readonly index: number }
  | {
      readonly record: null;
      readonly problem: string;
      /** The ids nearest to what was typed, at most three; empty: nothing comes close. */
      readonly near: readonly string[];
    };

export function findRecord(records: readonly FaultRecord[], typed: string): Found {
  const id = typed.slice(0, MAX_ID_CHARS);
  const at = (index: number): Found | null =>
    index < 0 ? null : { record: records[index] as FaultRecord, index };
  const slugOf = (r: FaultRecord) => r.id.split('/').slice(1).join('/');
  const slug = id.split('/').pop() ?? id;
  const bySlug = records.flatMap((r, i) => (slugOf(r) === slug ? [i] : []));
  const found =
    at(records.findIndex((r) => r.id === id)) ??
    at(records.findIndex((r) => r.aliases.includes(id))) ??
    at(bySlug.length === 1 ? (bySlug[0] as number) : -1);
  if (found) return found;
  const near = nearestIds(records, id, slug);
  const hint = near.length > 0 ? `nearest: ${near.join(', ')}` : 'all of them: faultbook list';
  return { record: null, near, problem: `there is no record ${JSON.stringify(id)} in this book; ${hint}` };
}

/** What was mistyped, then ids that share words with it. */
function nearestIds(records: readonly FaultRecord[], id: string, slug: string): readonly string[] {
  const ids = records.map((r) => r.id);
  const words = id.split(/[/-]/).filter((p) => p.length > 2);
  const shared = (other: string): number => {
    const parts = new Set(other.split(/[/-]/));
    return words.filter((w) => parts.has(w)).length;
  };
  const typed = [
    ...nearest(id, ids),
    ...ids.filter((other) => nearest(slug, [other.split('/').slice(1).join('/')]).length > 0),
  ];
  const alike = ids.filter((other) => shared(other) > 0).sort((a, b) => shared(b) - shared(a));
  return [...new Set([...typed, ...alike])].slice(0, MAX_SUGGESTIONS);
}
