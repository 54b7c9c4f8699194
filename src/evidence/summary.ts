/** What of the evidence goes into a book: small, and all that an answer shows. */
import type { FaultRecord, SeedFigures } from '../record/index.ts';
import { lostClaims, type Tier, tierOf } from './claims.ts';
import type { Evidence } from './schema.ts';
import { surveyOf } from './shares.ts';
import { observationAt, type WorldRow, type WorldTable, worldsOf } from './worlds.ts';

/** A world that was measured, and the versions that its programs named. */
export interface MeasuredEnvironment {
  readonly name: string;
  /** Debian's suite of its root. */
  readonly suite: string;
  /** Program → version, as `1.22.1`. */
  readonly versions: Readonly<Record<string, string>>;
}

/** The first step of a tree, and what follows each of its branches: what a book keeps, so that no answer has to compute it. */
export interface FirstStep {
  readonly kind: 'check' | 'action' | 'stop';
  readonly key: string | null;
  /** Causes still possible. */
  readonly left: readonly string[];
  /** Causes that the action removes. */
  readonly repairs: readonly string[];
  /** Steps that cost at most a tenth more. */
  readonly alternatives: readonly string[];
  /** Of a stop: actions by somebody else that repair something of what is left. */
  readonly others: readonly string[];
  readonly branches: readonly {
    readonly seen: string;
    readonly left: readonly string[];
    /** What to do then, and what after it where that does not help. */
    readonly after: readonly { readonly kind: 'check' | 'action' | 'stop'; readonly key: string | null }[];
  }[];
}

/** What takes something off a tier. */
export type Flag = 'contradicted' | 'stale' | 'outdated';

/** A claim of the record that a cell refutes. */
export interface LostClaim {
  readonly claim: string;
  readonly env: string;
  readonly cause: string;
  readonly measured: string;
}

export interface EvidenceSummary {
  readonly tier: Tier;
  /** Where the tier was reached; for `reproduced`, where anything was run. */
  readonly environments: readonly string[];
  /** Day of the last change of an outcome. */
  readonly date: string;
  /** Trials that the cells were made of, and the least for one cell. */
  readonly trials: number;
  readonly repeats: number;
  readonly measured: readonly MeasuredEnvironment[];
  /** Null where nothing was reproduced. */
  readonly table: WorldTable | null;
  /** Records whose message came instead, after an action. */
  readonly leads_to: readonly string[];
  /** Claims that a cell refutes. */
  readonly lost: readonly LostClaim[];
  /** Environments whose cells were run on several versions: some are older than the rest. */
  readonly outdated: readonly string[];
  /** Cells whose commands or page changed after they were run; filled when a book is built. */
  readonly stale?: number;
  /** Records found in the samples of this one, near-misses included, or it in theirs; filled when a book is built. */
  readonly confused_with?: readonly string[];
  /** Selection of worlds → first step; filled when a book is built, computed on demand where it is absent. */
  readonly steps?: Readonly<Record<string, FirstStep>>;
}

/** The summary of a record's evidence; null where nothing was run. */
export function summarise(record: FaultRecord, evidence: Evidence | null): EvidenceSummary | null {
  if (!evidence) return null;
  const { tier, environments } = tierOf(record, evidence);
  const counts = evidence.cells.map((c) => c.n);
  return {
    tier,
    environments,
    date: evidence.date,
    trials: counts.reduce((a, b) => a + b, 0),
    repeats: counts.length === 0 ? 0 : Math.min(...counts),
    measured: Object.entries(evidence.environments).map(([name, { suite, probed, packages }]) => ({
      name,
      suite,
      versions: versionsOf(Object.keys(probed).length > 0 ? probed : packages),
    })),
    table: worldsOf(record, evidence),
    leads_to: [...new Set(evidence.cells.flatMap((c) => c.moved ?? []))]
      .filter((id) => id !== record.id)
      .sort(),
    lost: lostClaims(record, evidence).map(({ claim, env, cause, measured }) => ({
      claim,
      env,
      cause,
      measured,
    })),
    outdated: Object.entries(evidence.environments).flatMap(([name, { newer }]) => (newer ? [name] : [])),
  };
}

/** What takes something off the tier of a record; empty where nothing does. */
export function flagsOf(summary: EvidenceSummary | null): Flag[] {
  if (!summary) return [];
  return [
    ...(summary.lost.length > 0 ? (['contradicted'] as const) : []),
    ...((summary.stale ?? 0) > 0 ? (['stale'] as const) : []),
    ...(summary.outdated.length > 0 ? (['outdated'] as const) : []),
  ];
}

/** What programs say of themselves, without the rest of the sentence: `OpenSSL 3.0.22 25 Aug 2026 (…)` is 3.0.22. */
function versionsOf(said: Readonly<Record<string, string>>): Record<string, string> {
  const versions: Record<string, string> = {};
  for (const [program, text] of Object.entries(said)) {
    const version = /\d+(?:\.\d+)+[a-z]?/.exec(text)?.[0] ?? /\d+/.exec(text)?.[0];
    if (version !== undefined) versions[program.replace(/^[a-z]+:/, '').replace(/@.*$/, '')] = version;
  }
  return versions;
}

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
  /** Causes that it fixes in some of these environments only, and in which. */
  readonly partly: readonly { readonly cause: string; readonly environments: readonly string[] }[];
  /** Environments in which it breaks what was healthy. */
  readonly breaks: readonly string[];
}

/** The figures that the seed's shape has a place for; null where nothing was run. */
export function seedFigures(record: FaultRecord, summary: EvidenceSummary | null): SeedFigures | null {
  const table = summary?.table;
  if (!summary || !table) return null;
  const survey = surveyOf(record);
  const cells = [...table.worlds, ...table.healthy].reduce((sum, { row }) => sum + row.length, 0);
  const versions = summary.measured.map(({ name, versions: programs }) => {
    const here = table.worlds.filter((w) => w.env === name);
    const wordings = [...new Set(here.flatMap((w) => w.wording ?? []))].sort();
    return {
      version: Object.entries(programs)
        .map(([program, version]) => `${program} ${version}`)
        .join(', '),
      status: here.length > 0 ? 'active' : 'absent',
      behavior_change: wordings.length > 0 ? `worded as ${wordings.join(', ')}` : null,
    };
  });
  if (!survey) return { tier: summary.tier, cells, versions, shares: null };
  const shares: Record<string, number> = {};
  for (const { key } of [...record.workarounds, ...record.dead_ends]) {
    const column = table.actions.indexOf(key);
    let share = 0;
    for (const cause of survey.causes) {
      const worlds = table.worlds.filter((w) => w.cause === cause.key);
      const fixed = worlds.length > 0 && worlds.every((w) => observationAt(table, w, column).repairs);
      if (fixed) share += cause.share;
    }
    shares[key] = share;
  }
  return { tier: summary.tier, cells, versions, shares };
}

/** What an action did in the worlds that are possible; null where it was not tried in any. */
export function figuresOf(
  table: WorldTable,
  action: string,
  possible: (world: WorldRow) => boolean = () => true,
): LabFigures | null {
  const column = table.actions.indexOf(action);
  if (column < 0) return null;
  const seen = new Map<string, { env: string; outcome: string }[]>();
  for (const world of table.worlds) {
    if (!possible(world)) continue;
    const { seen: outcome, repairs } = observationAt(table, world, column);
    if (outcome === 'not_applicable') continue;
    // Where restarting or waiting alone fixes, the action has no part in it.
    const said = outcome === 'fixed' && !repairs ? 'fixed_by_restart' : (outcome.split(':')[0] as string);
    seen.set(world.cause, [...(seen.get(world.cause) ?? []), { env: world.env, outcome: said }]);
  }
  if (seen.size === 0) return null;
  const outcomes: Record<string, number> = {};
  const partly: { cause: string; environments: string[] }[] = [];
  for (const [cause, results] of seen) {
    const distinct = new Set(results.map((r) => r.outcome));
    const said = distinct.size === 1 ? ([...distinct][0] as string) : 'differs';
    outcomes[said] = (outcomes[said] ?? 0) + 1;
    const where = results.filter((r) => r.outcome === 'fixed').map((r) => r.env);
    if (where.length > 0 && said === 'differs') partly.push({ cause, environments: where });
  }
  const tried = new Set([...seen.values()].flat().map((r) => r.env));
  const environments = [...new Set(table.worlds.map((w) => w.env))].filter((e) => tried.has(e));
  const breaks = table.healthy.flatMap((world) =>
    observationAt(table, world, column).seen === 'breaks_healthy' && tried.has(world.env) ? [world.env] : [],
  );
  return { fixed: outcomes.fixed ?? 0, of: seen.size, environments, outcomes, partly, breaks };
}
