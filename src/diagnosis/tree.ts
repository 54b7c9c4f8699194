/**
 * The troubleshooting tree: which check to read and which action to try, in which order, so that the expected cost is
 * least over all worlds that are still possible. Computed from measured cells alone; the same cells give the same tree.
 */
import { harmsIn, observationAt, type WorldRow, type WorldTable } from '../evidence/index.ts';

/** What a step costs a reader, in reads of one check; from the design, “Next step”. Undoing is work of the same kind as doing. */
export const STEP_COSTS = { check: 1, low: 4, high: 16, undo: 2, stop: 60 } as const;
/** So many sets of worlds are weighed exactly; what comes beyond is decided greedily. */
export const MAX_EXACT_STATES = 50_000;
/** Options that cost so much more than the best, as a fraction, are named as alternatives. */
const ALTERNATIVE_MARGIN = 0.1;

/** What the tree must know of an action beside its cells. */
export interface TreeAction {
  readonly key: string;
  readonly risk: 'low' | 'high';
  /** Somebody else has to do it: for the reader the tree ends there. */
  readonly others: boolean;
  /** The record calls it a dead end: taken only where nothing else repairs anything. */
  readonly deadEnd: boolean;
  /** Commands that it takes; among equals the fewer. */
  readonly edits: number;
}

export interface TreeOptions {
  /** Which worlds are possible at all; all, where nothing is known of the reader's. */
  readonly possible?: (world: WorldRow) => boolean;
  /** Cause → integer weight; 1 where absent. */
  readonly weights?: ReadonlyMap<string, number>;
  readonly maxStates?: number;
}

/** A cause, and the environments in which it is still possible. */
export interface PossibleCause {
  readonly cause: string;
  readonly environments: readonly string[];
}

export type TreeNode = CheckNode | ActionNode | StopNode;
interface NodeBase {
  /** What is still possible here. */
  readonly left: readonly PossibleCause[];
  /** Keys of other steps that would cost at most a tenth more. */
  readonly alternatives: readonly string[];
}
export interface CheckNode extends NodeBase {
  readonly kind: 'check';
  readonly key: string;
  /** Every reading that was seen; any other means that no single listed cause fits. */
  readonly branches: readonly { readonly seen: string; readonly node: TreeNode }[];
}
export interface ActionNode extends NodeBase {
  readonly kind: 'action';
  readonly key: string;
  /** Of what is possible here, what this removes. */
  readonly repairs: readonly PossibleCause[];
  /** What it ends besides, only because it restarts something on its way. */
  readonly besides: readonly PossibleCause[];
  /** Outcomes other than `fixed`, each after the action was taken back. */
  readonly branches: readonly { readonly seen: string; readonly node: TreeNode }[];
}
export interface StopNode extends NodeBase {
  readonly kind: 'stop';
  /** `others`: somebody else can repair it; `unfixable`: no action was seen to; `left_changed`: the last action cannot be taken back. */
  readonly why: 'others' | 'unfixable' | 'left_changed';
  /** Actions by others that repair something of what is left. */
  readonly others: readonly string[];
}

interface Merged {
  readonly members: readonly { readonly cause: string; readonly env: string }[];
  readonly weight: number;
  /** Least that this world costs in any tree. */
  readonly least: number;
}
interface Option {
  readonly kind: 'check' | 'action';
  readonly key: string;
  readonly column: number;
  readonly risk: 'low' | 'high';
  readonly edits: number;
}
type Part = readonly [seen: string, worlds: readonly number[]];
interface Choice {
  readonly value: number;
  /** Null: stop. */
  readonly option: Option | null;
  readonly near: readonly string[];
}

/** The tree over all worlds of the table (or of some environments); null where nothing is left to decide. */
export function troubleshootingTree(
  table: WorldTable,
  actions: readonly TreeAction[],
  options: TreeOptions = {},
): TreeNode | null {
  const planner = new Planner(table, actions, options);
  return planner.worlds.length === 0 ? null : planner.tree();
}

/** Cost of a tree over its worlds, by the formula: for tests and for comparing policies. */
export function treeValue(
  table: WorldTable,
  actions: readonly TreeAction[],
  options: TreeOptions = {},
): number {
  const planner = new Planner(table, actions, options);
  return planner.worth(planner.all()).value;
}

class Planner {
  readonly worlds: readonly Merged[];
  private readonly rows: readonly WorldRow[];
  private readonly table: WorldTable;
  private readonly actions: readonly (TreeAction & { readonly column: number })[];
  private readonly maxStates: number;
  private readonly memo = new Map<string, Choice>();
  private readonly bounds = new Map<string, number>();

  constructor(table: WorldTable, actions: readonly TreeAction[], options: TreeOptions) {
    this.table = table;
    this.maxStates = options.maxStates ?? MAX_EXACT_STATES;
    this.actions = actions.flatMap((a) => {
      const column = table.actions.indexOf(a.key);
      return column < 0 ? [] : [{ ...a, column }];
    });
    const chosen = table.worlds.flatMap((w, i) => (options.possible?.(w) === false ? [] : [i]));
    // A cause weighs the same whether one environment showed it or three.
    const shown = new Map<string, number>();
    for (const i of chosen) {
      const { cause } = table.worlds[i] as WorldRow;
      shown.set(cause, (shown.get(cause) ?? 0) + 1);
    }
    const whole = [...shown.values()].reduce(lcm, 1);
    const groups = new Map<string, number[]>();
    for (const i of chosen) {
      const { row } = table.worlds[i] as WorldRow;
      groups.set(row, [...(groups.get(row) ?? []), i]);
    }
    this.rows = [...groups.values()].map((g) => table.worlds[g[0] as number] as WorldRow);
    this.worlds = [...groups.values()].map((group) => {
      const members = group.map((i) => table.worlds[i] as WorldRow);
      const weight = members.reduce(
        (sum, { cause }) => sum + ((options.weights?.get(cause) ?? 1) * whole) / (shown.get(cause) as number),
        0,
      );
      return {
        members,
        weight,
        least: weight * this.leastCost(table.worlds[group[0] as number] as WorldRow),
      };
    });
  }

  private leastCost(row: WorldRow): number {
    let least: number = STEP_COSTS.stop;
    for (const a of this.actions)
      if (!a.others && observationAt(this.table, row, a.column).seen === 'fixed')
        least = Math.min(least, STEP_COSTS[a.risk]);
    return least;
  }

  all(): readonly number[] {
    return this.worlds.map((_, i) => i);
  }

  private seen(world: number, column: number) {
    return observationAt(this.table, this.rows[world], column);
  }

  private weight(set: readonly number[]): number {
    return set.reduce((sum, w) => sum + (this.worlds[w] as Merged).weight, 0);
  }

  /**
   * A lower bound of V: what each world needs at least, and, where no action ends all of them at once, the price of
   * telling them apart: either everybody reads a check, or the first action was in vain for whoever it leaves.
   */
  private least(set: readonly number[]): number {
    const name = String.fromCharCode(...set);
    const known = this.bounds.get(name);
    if (known !== undefined) return known;
    const weight = this.weight(set);
    const alone = set.reduce((sum, w) => sum + (this.worlds[w] as Merged).least, 0);
    let fixed = 0;
    for (const a of this.actions) {
      if (a.others) continue;
      fixed = Math.max(fixed, this.weight(set.filter((w) => this.seen(w, a.column).seen === 'fixed')));
    }
    const apart = Math.min(STEP_COSTS.check * weight, STEP_COSTS.low * (weight - fixed));
    const bound = Math.min(STEP_COSTS.stop * weight, alone + apart);
    this.bounds.set(name, bound);
    return bound;
  }

  /** The set, part by part, by what is seen; null where the lab does not know it of all. */
  private split(set: readonly number[], column: number): Part[] | null {
    const parts = new Map<string, number[]>();
    for (const w of set) {
      const { seen } = this.seen(w, column);
      if (seen === 'mixed' || seen === 'lab_failed') return null;
      const part = parts.get(seen);
      if (part) part.push(w);
      else parts.set(seen, [w]);
    }
    return [...parts];
  }

  /** What may be done about a set: every check that splits it, and the actions that repair a member, the risky ones only for want of others. */
  private optionsFor(set: readonly number[]): (Option & { readonly parts: readonly Part[] })[] {
    const checks = this.table.checks.flatMap((key, i) => {
      const column = this.table.actions.length + i;
      const parts = this.split(set, column);
      return parts && parts.length > 1
        ? [{ kind: 'check' as const, key, column, risk: 'low' as const, edits: 0, parts }]
        : [];
    });
    const able = this.actions.flatMap((a) => {
      if (a.others || !set.some((w) => this.seen(w, a.column).repairs)) return [];
      const parts = this.split(set, a.column);
      if (!parts) return [];
      return [{ ...a, kind: 'action' as const, risk: this.riskIn(set, a, parts), parts }];
    });
    const proper = able.some((a) => !a.deadEnd) ? able.filter((a) => !a.deadEnd) : able;
    const gentle = proper.some((a) => a.risk === 'low') ? proper.filter((a) => a.risk === 'low') : proper;
    return [...checks, ...gentle];
  }

  /** Where an action masks a member, or breaks a healthy world of an environment that is still possible, it is a risk whatever its author says. */
  private riskIn(set: readonly number[], action: TreeAction, parts: readonly Part[]): 'low' | 'high' {
    if (action.risk === 'high' || parts.some(([seen]) => seen === 'masked')) return 'high';
    const harmed = harmsIn(this.table, action.key);
    const there = set.some((w) => (this.worlds[w] as Merged).members.some((m) => harmed.includes(m.env)));
    return there ? 'high' : 'low';
  }

  private costOf(option: Option): number {
    return option.kind === 'check' ? STEP_COSTS.check : STEP_COSTS[option.risk];
  }

  /**
   * What remains to be paid for a part after the step that led to it, given what its worlds cost. A world that is
   * repaired only because the action restarts something on its way is charged one more action: the reader would go
   * away with the wrong cause.
   */
  private partCost(option: Option, [seen, part]: Part, value: (set: readonly number[]) => number): number {
    if (option.kind === 'check') return value(part);
    if (seen === 'fixed')
      return STEP_COSTS.low * this.weight(part.filter((w) => !this.seen(w, option.column).repairs));
    const undone = part.every((w) => this.seen(w, option.column).undone);
    // What cannot be taken back is no longer the world that the cells speak of.
    if (!undone) return STEP_COSTS.stop * this.weight(part);
    return STEP_COSTS.undo * this.weight(part) + value(part);
  }

  /** V(S) and the step that reaches it. */
  worth(set: readonly number[]): Choice {
    const name = String.fromCharCode(...set);
    const known = this.memo.get(name);
    if (known) return known;
    const exact = this.memo.size < this.maxStates;
    // A place is taken before the search goes deeper, so that the bound counts what is being weighed as well.
    const weight = this.weight(set);
    const stop: Choice = { value: STEP_COSTS.stop * weight, option: null, near: [] };
    this.memo.set(name, stop);
    const ranked = this.optionsFor(set)
      .map((option) => {
        const own = this.costOf(option) * weight;
        const bound =
          own + option.parts.reduce((s, p) => s + this.partCost(option, p, (part) => this.least(part)), 0);
        const guess =
          own + option.parts.reduce((s, p) => s + this.partCost(option, p, (part) => this.guess(part)), 0);
        return { option, own, bound, guess };
      })
      .sort((a, b) => a.guess - b.guess || byPreference(a.option, b.option));
    let best = stop;
    const near: { readonly key: string; readonly value: number }[] = [];
    for (const { option, own, bound } of ranked) {
      if (bound > best.value * (1 + ALTERNATIVE_MARGIN)) continue;
      let value = own;
      for (const part of option.parts) value += this.partCost(option, part, (p) => this.worth(p).value);
      near.push({ key: option.key, value });
      const better =
        value < best.value ||
        (value === best.value && best.option !== null && byPreference(option, best.option) < 0);
      if (better) best = { value, option, near: [] };
      // Beyond the bound the step that looks best is taken.
      if (!exact) break;
    }
    const alternatives = near
      .filter((o) => o.key !== best.option?.key && o.value <= best.value * (1 + ALTERNATIVE_MARGIN))
      .sort((a, b) => a.value - b.value || (a.key < b.key ? -1 : 1))
      .map((o) => o.key);
    const choice = { ...best, near: best.option ? alternatives : [] };
    this.memo.set(name, choice);
    return choice;
  }

  /** A quick estimate of V: nothing is cheaper than what each world needs at least, and telling worlds apart costs something too. */
  private guess(set: readonly number[]): number {
    return this.least(set) + this.weight(set) * Math.log2(set.length);
  }

  tree(set: readonly number[] = this.all()): TreeNode {
    const { option, near } = this.worth(set);
    const left = this.causesOf(set);
    if (!option) return this.stop(set, left);
    const parts = (this.split(set, option.column) as Part[]).toSorted(
      ([a, x], [b, y]) => this.weight(y) - this.weight(x) || (a < b ? -1 : 1),
    );
    if (option.kind === 'check') {
      const branches = parts.map(([seen, part]) => ({ seen, node: this.tree(part) }));
      return { kind: 'check', key: option.key, left, alternatives: near, branches };
    }
    const branches = parts.flatMap(([seen, part]) => {
      if (seen === 'fixed') return [];
      const undone = part.every((w) => this.seen(w, option.column).undone);
      const node = undone ? this.tree(part) : this.stop(part, this.causesOf(part), 'left_changed');
      return [{ seen, node }];
    });
    const repairs = this.causesOf(set.filter((w) => this.seen(w, option.column).repairs));
    const besides = this.causesOf(
      set.filter((w) => {
        const o = this.seen(w, option.column);
        return o.seen === 'fixed' && !o.repairs;
      }),
    );
    return { kind: 'action', key: option.key, left, alternatives: near, repairs, besides, branches };
  }

  private stop(set: readonly number[], left: readonly PossibleCause[], forced?: 'left_changed'): StopNode {
    const others = this.actions
      .filter((a) => a.others && set.some((w) => this.seen(w, a.column).repairs))
      .map((a) => a.key);
    const why = forced ?? (others.length > 0 ? 'others' : 'unfixable');
    return { kind: 'stop', left, alternatives: [], why, others };
  }

  private causesOf(set: readonly number[]): PossibleCause[] {
    const found = new Map<string, string[]>();
    for (const w of set) {
      for (const { cause, env } of (this.worlds[w] as Merged).members)
        found.set(cause, [...(found.get(cause) ?? []), env]);
    }
    const order = [...new Set(this.table.worlds.map((w) => w.cause))];
    return order.flatMap((cause) => {
      const environments = found.get(cause);
      return environments ? [{ cause, environments }] : [];
    });
  }
}

/** Among equal values: less risk, less cost, fewer commands, the key. */
function byPreference(a: Option, b: Option): number {
  const cost = (o: Option) => (o.kind === 'check' ? STEP_COSTS.check : STEP_COSTS[o.risk]);
  const risk = (o: Option) => (o.risk === 'high' ? 1 : 0);
  return risk(a) - risk(b) || cost(a) - cost(b) || a.edits - b.edits || (a.key < b.key ? -1 : 1);
}

function lcm(a: number, b: number): number {
  const gcd = (x: number, y: number): number => (y === 0 ? x : gcd(y, x % y));
  return (a / gcd(a, b)) * b;
}
