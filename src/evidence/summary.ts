/** What of the evidence goes into a book: small, and all that an answer shows. */
import type { FaultRecord } from '../record/index.ts';
import { CellTable, type Tier, tierOf } from './claims.ts';
import type { Evidence } from './schema.ts';

/** An action in the lab: the share of the reproduced causes that it fixes, never a rate over repeats. */
export interface LabFigures {
  /** Causes that it fixes in every environment in which they were reproduced and it was tried. */
  readonly fixed: number;
  /** Causes that were reproduced and on which it was tried. */
  readonly of: number;
  /** Where it was tried. */
  readonly environments: readonly string[];
  /** Verdict → causes; `differs` where environments disagree. */
  readonly outcomes: Readonly<Record<string, number>>;
}

export interface EvidenceSummary {
  readonly tier: Tier;
  /** Where the tier was reached; for `reproduced`, where anything was run. */
  readonly environments: readonly string[];
  /** Action key → figures; absent where it was not run. */
  readonly actions: Readonly<Record<string, LabFigures>>;
}

/** The summary of a record's evidence; null where nothing was run. */
export function summarise(record: FaultRecord, evidence: Evidence | null): EvidenceSummary | null {
  if (!evidence) return null;
  const table = new CellTable(evidence);
  const { tier, environments } = tierOf(record, evidence);
  const actions: Record<string, LabFigures> = {};
  for (const { key } of [...record.workarounds, ...record.dead_ends]) {
    const tried = new Set<string>();
    const outcomes: Record<string, number> = {};
    let of = 0;
    for (const { key: cause } of record.causes) {
      const verdicts = new Set<string>();
      for (const env of Object.keys(evidence.environments)) {
        const outcome = table.reproduced(env, cause) ? table.outcome(env, cause, key) : undefined;
        if (outcome === undefined) continue;
        tried.add(env);
        // Where restarting or waiting alone fixes, the action has no part in it.
        verdicts.add(outcome === 'fixed' && !table.fixes(env, cause, key) ? 'fixed_by_restart' : outcome);
      }
      if (verdicts.size === 0) continue;
      of++;
      const said = verdicts.size === 1 ? ([...verdicts][0] as string) : 'differs';
      outcomes[said] = (outcomes[said] ?? 0) + 1;
    }
    if (of > 0)
      actions[key] = {
        fixed: outcomes.fixed ?? 0,
        of,
        environments: Object.keys(evidence.environments).filter((e) => tried.has(e)),
        outcomes,
      };
  }
  return { tier, environments, actions };
}
