/**
 * The worlds of a record: each (cause, environment) in which the error was seen, with what every action did there and
 * what every check read. Small enough to lie in the book; the troubleshooting tree is computed from nothing else.
 */
import type { FaultRecord } from '../record/index.ts';
import { CellTable, verdictOf } from './claims.ts';
import type { Evidence, EvidenceCell } from './schema.ts';

/** What an action did in a world, or what a check read there. Two equal strings cannot be told apart by a reader. */
export interface Observation {
  /** An outcome, or the key of a reading; `mixed` where repeats disagreed. */
  readonly seen: string;
  /** Of an outcome: whether the next step finds the world as it was. */
  readonly undone: boolean;
  /** The action repairs the world, and no restart or waiting alone would have (or the record says that it is for this cause). */
  readonly repairs: boolean;
}

/** As it lies in the book: every cell is one character, the place of its observation in `observations`. */
export interface WorldTable {
  readonly actions: readonly string[];
  readonly checks: readonly string[];
  /** Distinct observations, at most `ALPHABET.length`. */
  readonly observations: readonly Observation[];
  readonly worlds: readonly WorldRow[];
  /** The same of the healthy world: what the actions did there. */
  readonly healthy: readonly { readonly env: string; readonly row: string }[];
  /** Causes that do not show the error in an environment: a fact about it. */
  readonly absent: readonly { readonly cause: string; readonly env: string }[];
}
export interface WorldRow {
  readonly cause: string;
  readonly env: string;
  /** A character for each action, then for each check. */
  readonly row: string;
  /** Key of the wording in which the error came; absent for the record's own pattern. */
  readonly wording?: string;
}

/** Nothing but waiting, or restarting: what they repair no action may take credit for. */
export const PLACEBOS = ['nothing', 'restart'] as const;

const ALPHABET = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-*/=?!.:;<>()[]{}@#$%&~^_|';
/** No cell: the page has nothing to do there, and neither has a reader. */
const NOT_APPLICABLE: Observation = { seen: 'not_applicable', undone: true, repairs: false };

/** The worlds that the evidence holds; null where there is none, or where a world has too many kinds of outcome to write down. */
export function worldsOf(record: FaultRecord, evidence: Evidence): WorldTable | null {
  const cells = new CellTable(evidence);
  const environments = Object.keys(evidence.environments);
  const present = new Set(evidence.cells.map((c) => c.action));
  const actions = [
    ...PLACEBOS.filter((p) => present.has(p)),
    ...[...record.workarounds, ...record.dead_ends].map((a) => a.key),
  ];
  const checks = record.checks.map((c) => c.key);
  const places = new Map<string, number>();
  const observations: Observation[] = [];
  const sign = (observation: Observation): string => {
    const name = JSON.stringify(observation);
    let place = places.get(name);
    if (place === undefined) {
      place = observations.push(observation) - 1;
      places.set(name, place);
    }
    return ALPHABET[place] ?? '';
  };
  const claimed = new Map([
    ...record.workarounds.map((w) => [w.key, new Set(w.for)] as const),
    ...record.dead_ends.map((d) => [d.key, new Set(d.except)] as const),
  ]);
  const worlds = environments.flatMap((env) =>
    record.causes.flatMap(({ key: cause }) => {
      if (!cells.reproduced(env, cause)) return [];
      const row = [
        ...actions.map((key) => {
          const cell = cells.action(env, cause, key);
          if (!cell) return NOT_APPLICABLE;
          const own = cells.fixes(env, cause, key) || claimed.get(key)?.has(cause) === true;
          return outcomeOf(cell, own);
        }),
        ...checks.map((key) => {
          const cell = cells.check(env, cause, key);
          return cell ? { seen: verdictOf(cell), undone: true, repairs: false } : NOT_APPLICABLE;
        }),
      ];
      const wording = cells.action(env, cause, 'nothing')?.wording;
      return [{ cause, env, row: row.map(sign).join(''), ...(wording === undefined ? {} : { wording }) }];
    }),
  );
  const healthy = environments.flatMap((env) => {
    const row = actions.map((key) => {
      const seen = cells.outcome(env, 'healthy', key);
      return seen === undefined ? NOT_APPLICABLE : { seen, undone: true, repairs: false };
    });
    return row.every((o) => o === NOT_APPLICABLE) ? [] : [{ env, row: row.map(sign).join('') }];
  });
  const absent = environments.flatMap((env) =>
    record.causes.flatMap(({ key: cause }) =>
      cells.outcome(env, cause, 'nothing') === 'no_fault' ? [{ cause, env }] : [],
    ),
  );
  if (worlds.length === 0 || observations.length > ALPHABET.length) return null;
  return { actions, checks, observations, worlds, healthy, absent };
}

/** What one sees of an outcome: that it is fixed, or which failure there is now. A command that was refused changed nothing. */
function outcomeOf(cell: EvidenceCell, own: boolean): Observation {
  const outcome = verdictOf(cell);
  const moved = outcome === 'moved' && cell.moved && cell.moved.length > 0 ? `:${cell.moved.join('+')}` : '';
  return {
    seen: outcome + moved,
    undone: outcome === 'rejected' || cell.undo === 'back',
    repairs: outcome === 'fixed' && own,
  };
}

/** What was seen of an action or a check in a world, or in the healthy one. `column`: its place among the actions, then the checks. */
export function observationAt(
  table: WorldTable,
  world: { readonly row: string } | undefined,
  column: number,
): Observation {
  const sign = world?.row[column] ?? '';
  const place = sign === '' ? -1 : ALPHABET.indexOf(sign);
  return table.observations[place] ?? NOT_APPLICABLE;
}

/** Environments in which an action breaks what was healthy. */
export function harmsIn(table: WorldTable, action: string): string[] {
  const column = table.actions.indexOf(action);
  if (column < 0) return [];
  return table.healthy.flatMap((world) =>
    observationAt(table, world, column).seen === 'breaks_healthy' ? [world.env] : [],
  );
}
