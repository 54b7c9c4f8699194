/** Orders against brute force over all permutations; policies walked in tables. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Observation, WorldTable } from '../evidence/index.ts';
import { bestOrder, orderPolicy, predict, randomOrder } from './drill.ts';

const OBSERVATIONS: readonly Observation[] = [
  { seen: 'fixed', undone: true, repairs: true },
  { seen: 'persists', undone: true, repairs: false },
  { seen: 'persists', undone: false, repairs: false },
];
const tables = fc.integer({ min: 1, max: 5 }).chain((actions) =>
  fc.record({
    keys: fc.constant(Array.from({ length: actions }, (_, i) => `act-${i}`)),
    rows: fc.array(
      fc.array(fc.constantFrom('a', 'b', 'b', 'c'), { minLength: actions, maxLength: actions }),
      {
        minLength: 1,
        maxLength: 6,
      },
    ),
    risky: fc.uniqueArray(fc.integer({ min: 0, max: actions - 1 }), { maxLength: 2 }),
  }),
);
function tableOf(keys: readonly string[], rows: readonly (readonly string[])[]): WorldTable {
  return {
    actions: keys,
    checks: [],
    observations: OBSERVATIONS,
    worlds: rows.map((row, i) => ({ cause: `c${i}`, env: 'e', row: row.join('') })),
    healthy: [],
    absent: [],
  };
}
function permutations(keys: readonly string[]): string[][] {
  return keys.length === 0
    ? [[]]
    : keys.flatMap((k) => permutations(keys.filter((o) => o !== k)).map((rest) => [k, ...rest]));
}
async function totals(table: WorldTable, order: readonly string[]) {
  const walks = await Promise.all(table.worlds.map((w) => predict(table, w, 'x', orderPolicy(order))));
  return {
    repaired: walks.filter((w) => w.end === 'repaired').length,
    vain: walks.reduce((sum, w) => sum + w.vain, 0),
  };
}

describe('orders', () => {
  test('the best one repairs most, then does least in vain, of all permutations', async () => {
    await fc.assert(
      fc.asyncProperty(tables, async ({ keys, rows, risky }) => {
        const table = tableOf(keys, rows);
        const dangerous = new Set(risky.map((i) => keys[i] as string));
        const order = bestOrder(table, keys, dangerous);
        expect([...order].sort()).toEqual([...keys].sort());
        const got = await totals(table, order);
        for (const other of permutations(keys)) {
          const gentle = keys.length - dangerous.size;
          if (other.slice(0, gentle).some((k) => dangerous.has(k))) continue;
          const theirs = await totals(table, other);
          expect(theirs.repaired).toBeLessThanOrEqual(got.repaired);
          if (theirs.repaired === got.repaired) expect(theirs.vain).toBeGreaterThanOrEqual(got.vain);
        }
        expect(order.slice(0, keys.length - dangerous.size).filter((k) => dangerous.has(k))).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  test('the random one is the mean over all permutations', async () => {
    await fc.assert(
      fc.asyncProperty(tables, async ({ keys, rows }) => {
        const table = tableOf(keys, rows);
        const all = permutations(keys);
        for (const world of table.worlds) {
          let [vain, repaired] = [0, 0];
          for (const order of all) {
            const walk = await predict(table, world, 'x', orderPolicy(order));
            vain += walk.vain / all.length;
            repaired += (walk.end === 'repaired' ? 1 : 0) / all.length;
          }
          const said = randomOrder(table, world, keys);
          expect(said.vain).toBeCloseTo(vain, 9);
          expect(said.repaired).toBeCloseTo(repaired, 9);
        }
      }),
      { numRuns: 60 },
    );
  });
});
