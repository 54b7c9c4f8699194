import fc from 'fast-check';
import { RE2JS } from 're2js';
import { describe, expect, test } from 'vitest';
import { parsePattern, printPattern } from '../record/index.ts';
import { automatonOf } from './automaton.ts';

const atom = fc.constantFrom(
  'a',
  'b',
  'ab',
  '[ab]',
  '[^a]',
  '.',
  '\\w',
  '\\b',
  '\\B',
  '^',
  '$',
  '(?:)',
  'é',
  '😀',
  '\\d',
  'foo',
  '\\A',
  '\\z',
);
/** Patterns of every construct, nested. */
const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
  pattern: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    atom,
    fc.array(tie('pattern'), { minLength: 1, maxLength: 3 }).map((p) => p.join('')),
    fc.array(tie('pattern'), { minLength: 2, maxLength: 3 }).map((p) => `(?:${p.join('|')})`),
    fc
      .tuple(
        tie('pattern'),
        fc.constantFrom('*', '+', '?', '*?', '+?', '??', '{2}', '{1,3}', '{2,}', '{0,2}?'),
      )
      .map(([p, q]) => `(?:${p})${q}`),
    tie('pattern').map((p) => (p.includes('<n>') ? p : `(?<n>${p})`)),
  ),
}));
const text = fc
  .array(fc.constantFrom('a', 'b', 'ab', 'foo', ' ', '1', 'é', '😀', '_', '-'), { maxLength: 12 })
  .map((t) => t.join(''));

describe('against an independent engine', () => {
  test('the same match, at the same place, with the same groups', () => {
    fc.assert(
      fc.property(pattern, fc.array(text, { minLength: 1, maxLength: 4 }), (source, inputs) => {
        const { pattern: parsed } = parsePattern(source);
        fc.pre(parsed !== null);
        const printed = printPattern((parsed as NonNullable<typeof parsed>).node);
        const automaton = automatonOf(printed);
        const judge = RE2JS.compile(printed);
        for (const input of inputs) {
          const expected = judge.matcher(input);
          const found = automaton.find(input);
          const where = `${printed} on ${JSON.stringify(input)}`;
          expect(automaton.test(input), where).toBe(expected.find());
          if (!found) continue;
          expect([found.start, found.end], where).toEqual([expected.start(), expected.end()]);
          const groups = Object.fromEntries(
            Object.entries(expected.getNamedGroups()).filter(([, v]) => v !== null),
          );
          expect({ ...found.groups }, where).toEqual(groups);
        }
      }),
      { numRuns: 4000 },
    );
  });
});

test('time is linear in the text', () => {
  for (const source of ['(a+)+$', '(a|a)*b', '.*.*.*x', '(a*)*b', '(?:a?){20}a{20}$']) {
    const automaton = automatonOf(
      printPattern(
        (parsePattern(source).pattern as NonNullable<ReturnType<typeof parsePattern>['pattern']>).node,
      ),
    );
    const cost = (n: number) => {
      const start = process.cpuUsage();
      automaton.test(`${'a'.repeat(n)}!`);
      return process.cpuUsage(start).user;
    };
    cost(2_000);
    expect(cost(80_000)).toBeLessThan(40 * cost(10_000) + 300_000);
  }
});
