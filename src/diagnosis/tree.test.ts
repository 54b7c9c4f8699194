/** The tree against brute force: the formula of the design written down naively, on random small worlds. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { harmsIn, type Observation, observationAt, type WorldTable } from '../evidence/index.ts';
import { STEP_COSTS, type TreeAction, type TreeNode, treeValue, troubleshootingTree } from './tree.ts';

/** As they stand in a row: a, b, c … */
const OBSERVATIONS: readonly Observation[] = [
  { seen: 'fixed', undone: true, repairs: true },
  { seen: 'fixed', undone: false, repairs: true },
  { seen: 'fixed', undone: true, repairs: false },
  { seen: 'persists', undone: true, repairs: false },
  { seen: 'persists', undone: false, repairs: false },
  { seen: 'moved:x/y', undone: true, repairs: false },
  { seen: 'masked', undone: true, repairs: false },
  { seen: 'rejected', undone: true, repairs: false },
  { seen: 'mixed', undone: true, repairs: false },
  { seen: 'yes', undone: true, repairs: false },
  { seen: 'no', undone: true, repairs: false },
  { seen: 'breaks_healthy', undone: true, repairs: false },
];
const outcome = fc.constantFrom('a', 'a', 'b', 'c', 'd', 'd', 'd', 'e', 'f', 'g', 'h', 'i');
const reading = fc.constantFrom('j', 'j', 'k', 'k', 'i');
const instance = fc
  .record({
    actions: fc.integer({ min: 1, max: 4 }),
    checks: fc.integer({ min: 0, max: 2 }),
    worlds: fc.integer({ min: 1, max: 5 }),
  })
  .chain(({ actions, checks, worlds }) =>
    fc.record({
      table: fc.record({
        actions: fc.constant(Array.from({ length: actions }, (_, i) => `act-${i}`)),
        checks: fc.constant(Array.from({ length: checks }, (_, i) => `check-${i}`)),
        observations: fc.constant(OBSERVATIONS),
        worlds: fc.array(
          fc.record({
            cause: fc.constantFrom('p', 'q', 'r', 's'),
            env: fc.constantFrom('old', 'new'),
            row: fc
              .tuple(...Array(actions).fill(outcome), ...Array(checks).fill(reading))
              .map((signs) => signs.join('')),
          }),
          { minLength: worlds, maxLength: worlds },
        ),
        healthy: fc.constantFrom([], [{ env: 'old', row: 'l' }], [{ env: 'old', row: 'dl' }]),
        absent: fc.constant([]),
      }),
      actions: fc.tuple(
        ...Array.from({ length: actions }, (_, i) =>
          fc.record({
            key: fc.constant(`act-${i}`),
            risk: fc.constantFrom<'low' | 'high'>('low', 'low', 'high'),
            others: fc.constantFrom(false, false, false, true),
            deadEnd: fc.constantFrom(false, false, true),
            edits: fc.integer({ min: 0, max: 2 }),
          }),
        ),
      ),
      weights: fc.dictionary(fc.constantFrom('p', 'q', 'r', 's'), fc.integer({ min: 1, max: 5 })),
    }),
  )
  // One world for each cause and environment.
  .map(({ table, actions, weights }) => ({
    table: {
      ...table,
      worlds: table.worlds.filter(
        (w, i) => table.worlds.findIndex((o) => o.cause === w.cause && o.env === w.env) === i,
      ),
    } satisfies WorldTable as WorldTable,
    actions: actions as TreeAction[],
    weights: new Map(Object.entries(weights)),
  }));

/** V(S) as it is written in the design: no merging, no memory, no bounds. */
function naive(table: WorldTable, actions: readonly TreeAction[], weights: ReadonlyMap<string, number>) {
  const shown = (cause: string) => table.worlds.filter((w) => w.cause === cause).length;
  // Weights are whole when each is multiplied by 2: a cause is seen in one environment or in both.
  const many = table.worlds.some((w) => shown(w.cause) === 2);
  const weight = (set: number[]) =>
    set.reduce((sum, w) => {
      const { cause } = table.worlds[w] as WorldTable['worlds'][number];
      return sum + ((weights.get(cause) ?? 1) * (many ? 2 : 1)) / shown(cause);
    }, 0);
  const split = (set: number[], column: number) => {
    const parts = new Map<string, number[]>();
    for (const w of set) {
      const { seen } = observationAt(table, table.worlds[w], column);
      parts.set(seen, [...(parts.get(seen) ?? []), w]);
    }
    return parts;
  };
  const value = (set: number[]): number => {
    let best = STEP_COSTS.stop * weight(set);
    for (let c = 0; c < table.checks.length; c++) {
      const parts = split(set, table.actions.length + c);
      if (parts.size < 2 || parts.has('mixed')) continue;
      best = Math.min(
        best,
        STEP_COSTS.check * weight(set) + [...parts.values()].reduce((s, part) => s + value(part), 0),
      );
    }
    const able = actions
      .map((a) => ({ a, column: table.actions.indexOf(a.key) }))
      .filter(
        ({ a, column }) =>
          !a.others && set.some((w) => observationAt(table, table.worlds[w], column).repairs),
      )
      .filter(({ column }) => !split(set, column).has('mixed'))
      .map(({ a, column }) => {
        const harmed = set.some((w) =>
          harmsIn(table, a.key).includes((table.worlds[w] as { env: string }).env),
        );
        return { a, column, high: a.risk === 'high' || harmed || split(set, column).has('masked') };
      });
    const proper = able.filter((o) => !o.a.deadEnd).length > 0 ? able.filter((o) => !o.a.deadEnd) : able;
    const gentle = proper.filter((o) => !o.high).length > 0 ? proper.filter((o) => !o.high) : proper;
    for (const { column, high } of gentle) {
      let cost = (high ? STEP_COSTS.high : STEP_COSTS.low) * weight(set);
      for (const [seen, part] of split(set, column)) {
        if (seen === 'fixed')
          cost +=
            STEP_COSTS.low *
            weight(part.filter((w) => !observationAt(table, table.worlds[w], column).repairs));
        else if (part.every((w) => observationAt(table, table.worlds[w], column).undone))
          cost += STEP_COSTS.undo * weight(part) + value(part);
        else cost += STEP_COSTS.stop * weight(part);
      }
      best = Math.min(best, cost);
    }
    return best;
  };
  return value(table.worlds.map((_, i) => i));
}

/** Where the tree leads in one world, and whether it ends in a repair. */
function walk(table: WorldTable, node: TreeNode, world: number): { path: string[]; repaired: boolean } {
  if (node.kind === 'stop') return { path: ['stop'], repaired: false };
  const column =
    node.kind === 'check'
      ? table.actions.length + table.checks.indexOf(node.key)
      : table.actions.indexOf(node.key);
  const { seen } = observationAt(table, table.worlds[world], column);
  if (node.kind === 'action' && seen === 'fixed') return { path: [node.key], repaired: true };
  const next = node.branches.find((b) => b.seen === seen);
  if (!next) throw new Error(`the tree has no branch for ${seen} of ${node.key}`);
  const rest = walk(table, next.node, world);
  return { path: [node.key, ...rest.path], repaired: rest.repaired };
}

describe('the tree', () => {
  test('costs what brute force says', () => {
    fc.assert(
      fc.property(instance, ({ table, actions, weights }) => {
        expect(treeValue(table, actions, { weights })).toBe(naive(table, actions, weights));
      }),
      { numRuns: 3000 },
    );
  });

  test('leads every world to an end; the order in which things are listed changes nothing', () => {
    fc.assert(
      fc.property(instance, ({ table, actions, weights }) => {
        const tree = troubleshootingTree(table, actions, { weights }) as TreeNode;
        const turned = { ...table, worlds: [...table.worlds].reverse() };
        const other = troubleshootingTree(turned, [...actions].reverse(), { weights }) as TreeNode;
        for (const [i, world] of table.worlds.entries()) {
          const place = turned.worlds.indexOf(world);
          expect(walk(turned, other, place)).toEqual(walk(table, tree, i));
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('repairs whatever can be repaired, where actions are gentle and can be taken back', () => {
    fc.assert(
      fc.property(instance, ({ table, actions }) => {
        const kind = {
          ...table,
          observations: OBSERVATIONS.map((o) => ({ ...o, undone: true, repairs: o.seen === 'fixed' })),
          worlds: table.worlds.map((w) => ({ ...w, row: w.row.replaceAll(/[ig]/g, 'd') })),
          healthy: [],
        };
        const gentle = actions.map((a) => ({ ...a, risk: 'low' as const }));
        const tree = troubleshootingTree(kind, gentle) as TreeNode;
        for (const i of kind.worlds.keys()) {
          const own = actions.filter((a) => !a.others);
          const fixable = own.some(
            (a) => observationAt(kind, kind.worlds[i], table.actions.indexOf(a.key)).seen === 'fixed',
          );
          expect(walk(kind, tree, i).repaired).toBe(fixable);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test('beyond the bound it still ends, and costs no less than the best', () => {
    fc.assert(
      fc.property(instance, ({ table, actions, weights }) => {
        const quick = treeValue(table, actions, { weights, maxStates: 1 });
        expect(quick).toBeGreaterThanOrEqual(naive(table, actions, weights));
        expect(quick).toBeLessThanOrEqual(STEP_COSTS.stop * treeWeight(table, weights));
      }),
      { numRuns: 500 },
    );
  });
});

function treeWeight(table: WorldTable, weights: ReadonlyMap<string, number>): number {
  const causes = [...new Set(table.worlds.map((w) => w.cause))];
  const many = causes.some((c) => table.worlds.filter((w) => w.cause === c).length === 2);
  return causes.reduce((sum, c) => sum + (weights.get(c) ?? 1) * (many ? 2 : 1), 0);
}

test('the seed’s error in small: one check, then the action for its reading', () => {
  const table: WorldTable = {
    actions: ['name', 'ciphers', 'certificate'],
    checks: ['without-name'],
    observations: OBSERVATIONS,
    worlds: [
      { cause: 'no-sni', env: 'd12', row: 'addk' },
      { cause: 'own-ciphers', env: 'd12', row: 'dadj' },
      { cause: 'upstream', env: 'd12', row: 'ddaj' },
    ],
    healthy: [],
    absent: [],
  };
  const act = (key: string, others = false): TreeAction => ({
    key,
    risk: 'low',
    others,
    deadEnd: false,
    edits: 1,
  });
  const tree = troubleshootingTree(table, [act('name'), act('ciphers'), act('certificate', true)]);
  expect(tree).toMatchObject({
    kind: 'check',
    key: 'without-name',
    branches: [
      {
        seen: 'yes',
        node: {
          kind: 'action',
          key: 'ciphers',
          branches: [{ seen: 'persists', node: { kind: 'stop', why: 'others', others: ['certificate'] } }],
        },
      },
      { seen: 'no', node: { kind: 'action', key: 'name', branches: [] } },
    ],
  });
});
