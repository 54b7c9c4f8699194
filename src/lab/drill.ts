/**
 * Drills: every fault that the lab can make, repaired by following the advice, for real. Each step is a real check or
 * action in a real world; what is to be shown is that steps compose as the cells, taken one by one, say they do.
 */
import { chmodSync, mkdirSync } from 'node:fs';
import type { Book } from '../book/index.ts';
import type { TreeAction, TreeNode } from '../diagnosis/index.ts';
import { observationAt, type WorldRow, type WorldTable } from '../evidence/index.ts';
import type { Plan } from './plan.ts';
import { CannotProve } from './prove.ts';
import { findIsolation, sweepCgroups } from './sandbox.ts';
import { Slots } from './slots.ts';
import { type Fault, Trial, verdictOf } from './trial.ts';
import { fetchSoftware, obstacle, openWorld, type World } from './world.ts';

/** Actions up to which the best fixed order is found among all orders; beyond, each next one is the best single one. */
const MAX_EXACT_ORDER = 16;

/** One step of a walk and what was seen of it. */
export interface WalkStep {
  readonly kind: 'check' | 'action';
  readonly key: string;
  readonly seen: string;
}
export interface Walk {
  readonly env: string;
  readonly cause: string;
  readonly policy: string;
  readonly path: readonly WalkStep[];
  /** `stop`: the policy had no further step; `stuck`: the last action could not be taken back. */
  readonly end: 'repaired' | 'stop' | 'stuck';
  /** Actions that did not repair it. */
  readonly vain: number;
  readonly checks: number;
}

/** A world that steps are taken in: a table of cells, or a real one. */
interface Stage {
  check(key: string): Promise<string>;
  act(key: string): Promise<{ readonly seen: string; readonly undone: boolean }>;
}

/** Says the next step, given all before it; null: stop. Policies that take no checks see outcomes only. */
export type Policy = (path: readonly WalkStep[]) => { kind: 'check' | 'action'; key: string } | null;

/** The troubleshooting tree as a policy. */
export function treePolicy(tree: TreeNode): Policy {
  return (path) => {
    let node: TreeNode | undefined = tree;
    for (const { seen } of path) {
      if (!node || node.kind === 'stop') return null;
      node = node.branches.find((b) => b.seen === seen)?.node;
    }
    return !node || node.kind === 'stop' ? null : { kind: node.kind, key: node.key };
  };
}

/** Actions one after the other, whatever is seen. */
export function orderPolicy(keys: readonly string[]): Policy {
  return (path) => {
    const key = keys[path.length];
    return key === undefined ? null : { kind: 'action', key };
  };
}

async function walk(stage: Stage, policy: Policy): Promise<Pick<Walk, 'path' | 'end' | 'vain' | 'checks'>> {
  const path: WalkStep[] = [];
  let [vain, checks] = [0, 0];
  for (;;) {
    const step = policy(path);
    if (!step) return { path, end: 'stop', vain, checks };
    if (step.kind === 'check') {
      path.push({ ...step, seen: await stage.check(step.key) });
      checks++;
      continue;
    }
    const { seen, undone } = await stage.act(step.key);
    path.push({ ...step, seen });
    if (seen === 'fixed') return { path, end: 'repaired', vain, checks };
    vain++;
    if (!undone) return { path, end: 'stuck', vain, checks };
  }
}

/** What the cells say that a policy does in a world. */
export async function predict(
  table: WorldTable,
  world: WorldRow,
  name: string,
  policy: Policy,
): Promise<Walk> {
  const at = (keys: readonly string[], key: string, from: number) =>
    observationAt(table, world, from + keys.indexOf(key));
  const walked = await walk(
    {
      check: async (key) => at(table.checks, key, table.actions.length).seen,
      act: async (key) => at(table.actions, key, 0),
    },
    policy,
  );
  return { env: world.env, cause: world.cause, policy: name, ...walked };
}

export interface DrillOptions {
  readonly plan: Plan;
  readonly book: Book;
  readonly table: WorldTable;
  readonly cache: string;
  readonly jobs: number;
  readonly offline?: boolean;
  readonly say: (line: string) => void;
  readonly onWalk?: (done: number, total: number) => void;
  readonly signal?: AbortSignal;
  /** Name → the policy for an environment. */
  readonly policies: Readonly<Record<string, (env: string) => Policy>>;
}

/** Walks every policy in every world of the table, for real. @throws {CannotProve} */
export async function drill(options: DrillOptions): Promise<Walk[]> {
  const { plan, table, cache, say, signal } = options;
  const isolation = findIsolation();
  const hindered = obstacle(plan, isolation);
  if (hindered !== null) throw new CannotProve(`${plan.record} cannot be drilled here: ${hindered}`);
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  chmodSync(cache, 0o700);
  sweepCgroups();
  const worlds = new Map<string, World>();
  for (const env of new Set(table.worlds.map((w) => w.env))) {
    const provisioned = await fetchSoftware(plan.environments[env] as Plan['environments'][string], {
      cache,
      say,
      ...(options.offline === undefined ? {} : { offline: options.offline }),
      ...(signal === undefined ? {} : { signal }),
    });
    worlds.set(env, await openWorld(plan, env, provisioned, isolation, cache));
  }
  const names = Object.keys(options.policies);
  const slots = new Slots(options.jobs);
  const total = table.worlds.length * names.length;
  let done = 0;
  const walks = await Promise.all(
    table.worlds.flatMap((row) =>
      names.map((name) =>
        slots.take(plan.alone.includes(row.cause), async () => {
          signal?.throwIfAborted();
          const policy = (options.policies[name] as (env: string) => Policy)(row.env);
          const walked = await walkForReal(options, worlds.get(row.env) as World, row, policy);
          options.onWalk?.(++done, total);
          return { env: row.env, cause: row.cause, policy: name, ...walked };
        }),
      ),
    ),
  );
  return walks;
}

async function walkForReal(
  { plan, book }: DrillOptions,
  world: World,
  { cause, env }: WorldRow,
  policy: Policy,
): Promise<Pick<Walk, 'path' | 'end' | 'vain' | 'checks'>> {
  const trial = await Trial.open(plan, world, book, cause, {});
  try {
    const fault: Fault = await trial.showFault();
    return await walk(
      {
        check: async (key) => {
          const cell = { kind: 'check' as const, key, cause, env };
          const { readings } = await trial.read([cell], fault);
          return readings[key] ?? 'not_applicable';
        },
        act: async (key) => {
          const { outcome, moved, undo } = await trial.act(
            { kind: 'action', key, cause, env },
            fault,
            0,
            true,
          );
          const ids = outcome === 'moved' && moved.length > 0 ? `:${[...moved].sort().join('+')}` : '';
          const seen = outcome + ids;
          return { seen, undone: outcome === 'rejected' || outcome === 'not_applicable' || undo === 'back' };
        },
      },
      policy,
    );
  } catch (error) {
    const { outcome, why } = verdictOf(error);
    throw new CannotProve(`${plan.record}, ${env}/${cause}: ${outcome}: ${why}`);
  } finally {
    await trial.close();
  }
}

/** Actions that can stand in an order: the reader's own, no dead ends, each of use somewhere. */
export function orderable(table: WorldTable, actions: readonly TreeAction[]): string[] {
  return actions
    .filter((a) => !a.others && !a.deadEnd)
    .map((a) => a.key)
    .filter((key) => {
      const column = table.actions.indexOf(key);
      return column >= 0 && table.worlds.some((w) => observationAt(table, w, column).repairs);
    });
}

/**
 * The order of these actions that repairs most worlds, and of such orders the one with the fewest actions in vain, all
 * worlds weighing the same: what somebody would do best who reads no check. Like the tree it takes a risk only after
 * everything gentle. Exact up to 16 actions.
 */
export function bestOrder(
  table: WorldTable,
  keys: readonly string[],
  risky: ReadonlySet<string> = new Set(),
): string[] {
  const gentle = keys.reduce((mask, key, i) => (risky.has(key) ? mask : mask | (1 << i)), 0);
  const allowed = (taken: number, i: number) =>
    !(taken & (1 << i)) && ((gentle & (1 << i)) !== 0 || (taken & gentle) === gentle);
  const columns = keys.map((key) => table.actions.indexOf(key));
  const cells = table.worlds.map((w) => columns.map((c) => observationAt(table, w, c)));
  /** Worlds that are still open after a set of actions, in whatever order they were taken. */
  const open = (taken: number) =>
    cells.filter((row) => row.every((o, i) => !(taken & (1 << i)) || (o.seen !== 'fixed' && o.undone)));
  const step = (taken: number, i: number) => {
    const rows = open(taken);
    const repaired = rows.filter((row) => row[i]?.seen === 'fixed').length;
    return { repaired, vain: rows.length - repaired };
  };
  if (keys.length > MAX_EXACT_ORDER) {
    const order: number[] = [];
    let taken = 0;
    while (order.length < keys.length) {
      const left = keys.map((_, i) => i).filter((i) => allowed(taken, i));
      const best = left.reduce((a, b) => (step(taken, b).repaired > step(taken, a).repaired ? b : a));
      order.push(best);
      taken |= 1 << best;
    }
    return order.map((i) => keys[i] as string);
  }
  const all = (1 << keys.length) - 1;
  const best: ({ repaired: number; vain: number; next: number } | undefined)[] = [];
  best[all] = { repaired: 0, vain: 0, next: -1 };
  for (let taken = all - 1; taken >= 0; taken--) {
    for (let i = 0; i < keys.length; i++) {
      if (!allowed(taken, i)) continue;
      const now = step(taken, i);
      const rest = best[taken | (1 << i)];
      if (!rest) continue;
      const repaired = now.repaired + rest.repaired;
      const vain = now.vain + rest.vain;
      const known = best[taken];
      if (!known || repaired > known.repaired || (repaired === known.repaired && vain < known.vain))
        best[taken] = { repaired, vain, next: i };
    }
  }
  const order: string[] = [];
  for (let taken = 0; taken !== all; ) {
    const { next } = best[taken] as { next: number };
    order.push(keys[next] as string);
    taken |= 1 << next;
  }
  return order;
}

/**
 * What trying these actions in random order costs in a world, on average over all orders: actions in vain before the
 * end, and how often it is repaired. With f that repair, s after which nothing can be undone and p that do nothing,
 * each of the p comes before the first of the f + s with probability 1 / (f + s + 1).
 */
export function randomOrder(
  table: WorldTable,
  world: WorldRow,
  keys: readonly string[],
): { readonly vain: number; readonly repaired: number } {
  let [fixing, stuck, idle] = [0, 0, 0];
  for (const key of keys) {
    const o = observationAt(table, world, table.actions.indexOf(key));
    if (o.seen === 'fixed') fixing++;
    else if (o.undone) idle++;
    else stuck++;
  }
  const ends = fixing + stuck;
  if (ends === 0) return { vain: idle, repaired: 0 };
  return { vain: idle / (ends + 1) + stuck / ends, repaired: fixing / ends };
}
