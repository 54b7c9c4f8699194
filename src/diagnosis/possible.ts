/** Which worlds are still possible for a reader: by the environment, where it is known, and by the wording of the error. */
import {
  type Environment,
  type EvidenceSummary,
  type Fitting,
  fittingEnvironments,
  type WorldRow,
} from '../evidence/index.ts';

export interface Possible {
  /** Name of the selection: the same worlds, the same name. */
  readonly key: string;
  readonly includes: (world: WorldRow) => boolean;
  /** Measured environments that the reader's may be; all of them where it is not known. */
  readonly environments: readonly string[];
  readonly known: Fitting['known'];
}

/** The worlds that fit what is known. */
export function possibleWorlds(
  summary: EvidenceSummary,
  wording: string | null,
  environment: Environment = {},
): Possible {
  const all = summary.measured.map((m) => m.name);
  const everywhere = summary.table?.worlds ?? [];
  const speaks = (w: WorldRow) => wording === null || (w.wording ?? '') === wording;
  let { names, known } = fittingEnvironments(summary.measured, environment);
  if (
    known === 'yours' &&
    everywhere.some(speaks) &&
    !everywhere.some((w) => names.includes(w.env) && speaks(w))
  )
    // The error itself comes from another version than the one that was named.
    [names, known] = [all, 'other'];
  const worlds = everywhere.filter((w) => names.includes(w.env));
  // A wording that the lab did not see says nothing about worlds.
  const narrower = worlds.some(speaks) && !worlds.every(speaks);
  return {
    key: selectionKey(names.length === all.length ? null : names, narrower ? wording : null),
    includes: (w) => names.includes(w.env) && (!narrower || speaks(w)),
    environments: names.filter((name) => worlds.some((w) => w.env === name && (!narrower || speaks(w)))),
    known,
  };
}

/** Every selection that one wording and one environment, or none of each, can make. */
export function commonSelections(summary: EvidenceSummary): Possible[] {
  const wordings = new Set((summary.table?.worlds ?? []).map((w) => w.wording ?? ''));
  const environments: Environment[] = [{}, ...summary.measured.map((m) => ({ environment: m.name }))];
  const selections = environments.flatMap((e) =>
    [null, ...wordings].map((wording) => possibleWorlds(summary, wording, e)),
  );
  return [...new Map(selections.map((s) => [s.key, s])).values()];
}

function selectionKey(names: readonly string[] | null, wording: string | null): string {
  return `${names === null ? '*' : names.join(',')}|${wording ?? '*'}`;
}
