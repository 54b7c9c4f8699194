/** Guided troubleshooting: every measured world is walked by what is seen in it; handles are read strictly. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { decodePack } from '../book/index.ts';
import { observationAt, type WorldRow, weightsOf } from '../evidence/index.ts';
import { type DoneStep, guideStep, MAX_GUIDE_STEPS, parseSteps, printSteps, UNSEEN } from './guide.ts';
import { possibleWorlds } from './possible.ts';

const pack = readFileSync(fileURLToPath(new URL('../../dist/book.pack', import.meta.url)));
const book = decodePack(pack, { trusted: true }).book as NonNullable<ReturnType<typeof decodePack>['book']>;
const measured = book.records.flatMap((record, i) => {
  const summary = book.evidence[i];
  return summary?.table ? [{ id: record.id, record, summary, table: summary.table }] : [];
});

test('there is something to walk', () => expect(measured.length).toBeGreaterThan(3));

test.each(measured)(
  '$id: every world ends, repaired or handed on, and no step comes twice',
  { timeout: 120_000 },
  ({ record, summary, table }) => {
    const possible = possibleWorlds(summary, null, {});
    const weights = weightsOf(record);
    const step = (done: readonly DoneStep[]) => {
      // As an agent sends it: out of a handle.
      const guide = guideStep(record, summary, possible, weights, parseSteps(printSteps(done)) ?? []);
      expect(guide.step, JSON.stringify(guide)).not.toBeNull();
      return guide.step as NonNullable<typeof guide.step>;
    };
    const seenIn = (world: WorldRow, key: string) => {
      const action = table.actions.indexOf(key);
      const column = action >= 0 ? action : table.actions.length + table.checks.indexOf(key);
      return observationAt(table, world, column).seen.split(':')[0] as string;
    };
    let repaired = 0;
    // The biggest record has many worlds of many environments: one of each cause is enough.
    const worlds = table.worlds
      .filter((w, i) => table.worlds.findIndex((o) => o.cause === w.cause) === i)
      .slice(0, 6);
    for (const world of worlds) {
      const done: DoneStep[] = [];
      for (;;) {
        const next = step(done);
        if (next.kind === 'done') repaired++;
        if (next.key === null) {
          expect(['done', 'stop']).toContain(next.kind);
          break;
        }
        expect(next.left).toContain(world.cause);
        expect(done.map((d) => d.key)).not.toContain(next.key);
        const seen = seenIn(world, next.key);
        expect(next.expects).toContain(seen);
        done.push({ key: next.key, seen });
        expect(done.length).toBeLessThan(MAX_GUIDE_STEPS);
      }
    }
    expect(repaired).toBeGreaterThan(0);
  },
);

describe('what is seen that was never seen in the lab', () => {
  test.each(measured)('$id', { timeout: 60_000 }, ({ record, summary }) => {
    const possible = possibleWorlds(summary, null, {});
    const first = guideStep(record, summary, possible, weightsOf(record), []).step;
    if (first?.kind !== 'check') return;
    const done = [{ key: first.key as string, seen: UNSEEN }];
    expect(guideStep(record, summary, possible, weightsOf(record), done).step?.kind).toBe('exhausted');
  });
});

test('a record that nothing was run of: checks, then actions, by the author’s account', () => {
  const record = book.records.find((r, i) => book.evidence[i] == null && r.checks.length > 0);
  if (!record) return;
  const done: DoneStep[] = [];
  for (let n = 0; n < MAX_GUIDE_STEPS; n++) {
    const { step } = guideStep(record, null, null, weightsOf(record), done);
    expect(step?.measured).toBe(false);
    if (!step || step.key === null) break;
    expect(done.map((d) => d.key)).not.toContain(step.key);
    done.push({ key: step.key, seen: step.kind === 'check' ? (step.expects[0] as string) : 'persists' });
  }
  expect(done.length).toBeGreaterThan(1);
  expect(done.length).toBeLessThan(MAX_GUIDE_STEPS);
});

describe('handles', () => {
  test.each([
    ['', []],
    ['a=b', [{ key: 'a', seen: 'b' }]],
    [
      ' a=b , c=d ',
      [
        { key: 'a', seen: 'b' },
        { key: 'c', seen: 'd' },
      ],
    ],
    ['a', null],
    ['a=', null],
    ['=b', null],
    ['a=b=c', null],
    ['a=b,', null],
    [Array.from({ length: MAX_GUIDE_STEPS + 1 }, (_, i) => `a${i}=b`).join(','), null],
  ])('%j', (handle, steps) => expect(parseSteps(handle)).toEqual(steps));
  test('an unknown step or reading is named, with the nearest that is right', () => {
    const { record, summary } = measured[0] as (typeof measured)[number];
    const key = record.checks[0]?.key as string;
    const ask = (done: readonly DoneStep[]) =>
      guideStep(record, summary, possibleWorlds(summary, null, {}), weightsOf(record), done);
    expect(ask([{ key: `${key}x`, seen: 'y' }])).toMatchObject({
      step: null,
      problem: expect.stringContaining(key),
    });
    expect(ask([{ key, seen: 'zzzzzz' }])).toMatchObject({
      step: null,
      problem: expect.stringContaining('reading'),
    });
    const action = record.workarounds[0]?.key as string;
    expect(ask([{ key: action, seen: 'fixd' }])).toMatchObject({
      problem: expect.stringContaining('nearest: fixed'),
    });
    expect(ask([{ key: action, seen: 'fixed' }]).step?.kind).toBe('done');
  });
});
