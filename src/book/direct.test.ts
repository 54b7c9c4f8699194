/** Direct matching against the simulation of the same pattern, on texts made to nearly match. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parsePattern } from '../record/index.ts';
import { compileProgram } from './automaton.ts';
import { overBytes } from './bytes.ts';
import { compileDirect, DirectRun } from './direct.ts';
import { ByteSimulation } from './simulate.ts';

/** FUZZ=20 runs twenty times as many. */
const RUNS = 4_000 * Number(process.env.FUZZ ?? 1);

const atom = fc.constantFrom(
  'a',
  'b',
  'ab',
  'x',
  ': ',
  '1',
  '\\d',
  '\\w',
  '\\S',
  '\\s',
  '.',
  '[^x]',
  '[ab]',
  '[^\\d]',
  '(?:ab|ac)',
  '(?:a|b1|x)',
  '(?:ab|a)',
  '(?:error|err)',
  '\\b',
  '$',
  '^',
  '\\B',
  '(?:a|)',
);
const piece = fc
  .tuple(atom, fc.constantFrom('', '', '', '', '+', '*', '?', '{2}', '{1,3}', '{0,2}', '{2,}'))
  .map(([a, q]) => (/^(\\b|\\B|\$|\^)$/.test(a) || a === 'ab' || a === ': ' ? a : a + q));
const flat = fc.array(piece, { minLength: 1, maxLength: 6 }).map((list) => list.join(''));
const source = fc.oneof(
  { weight: 4, arbitrary: flat },
  {
    weight: 2,
    arbitrary: fc
      .tuple(flat, fc.constantFrom('.*', '.+', '\\S+', '\\d*', '[^x]*'), flat)
      .map((p) => p.join('')),
  },
  {
    weight: 1,
    arbitrary: fc
      .tuple(flat, flat, fc.constantFrom('', '?', '*', '+'), flat)
      .map(([a, b, q, c]) => `${a}(?:${b}|x)${q}${c}`),
  },
);
const text = fc
  .array(fc.constantFrom('a', 'b', 'ab', 'x', ': ', '1', '12', ' ', 'ac', 'error', 'b1', '_'), {
    maxLength: 14,
  })
  .map((list) => list.join(''));

test('says what the simulation says, wherever the search begins', () => {
  const run = new DirectRun();
  const simulation = new ByteSimulation();
  let direct = 0;
  let all = 0;
  fc.assert(
    fc.property(
      source,
      fc.array(text, { minLength: 1, maxLength: 6 }),
      fc.nat(20),
      (pattern, texts, skip) => {
        const node = parsePattern(pattern, { ignoreCase: false }).pattern?.node;
        if (!node) return;
        all++;
        const compiled = compileDirect(node);
        if (!compiled) return;
        direct++;
        const program = compileProgram(overBytes(node, 'byte'));
        for (const line of texts) {
          const bytes = new TextEncoder().encode(line);
          const from = Math.min(skip, bytes.length);
          for (const anchored of [false, true]) {
            const said = run.test(compiled, bytes, from, bytes.length, 0, anchored);
            if (said === null) continue;
            const wanted = simulation.test(program, bytes, from, bytes.length, 0, anchored);
            expect([line, from, anchored, said]).toEqual([line, from, anchored, wanted]);
          }
        }
      },
    ),
    { numRuns: RUNS },
  );
  // It would say nothing wrong if it said nothing.
  expect(direct).toBeGreaterThan(all / 3);
});

test('patterns of messages are direct', () => {
  for (const pattern of [
    'connect ECONNREFUSED \\S+:\\d+',
    'nginx: \\[emerg\\] bind\\(\\) to \\S+ failed \\(\\d+: Address already in use\\)',
    '(?:error|fatal|warning): cannot open .*\\bE\\d{4}\\b',
    'ERR_\\w+(?:\\[\\d+\\])?: lost connection$',
    '^npm (?:ERR!|error) code E[A-Z]+$',
    'a \\S+ b \\S+:\\d+ c .* d',
  ]) {
    const node = parsePattern(pattern, { ignoreCase: false }).pattern?.node;
    expect([pattern, node && compileDirect(node) !== null]).toEqual([pattern, true]);
  }
});

test('a line that would take long is declined, not dwelt on', () => {
  const node = parsePattern('a\\S+b\\S+c\\S+d', { ignoreCase: false }).pattern?.node;
  const direct = node && compileDirect(node);
  if (!direct) throw new Error('not direct');
  const bytes = new TextEncoder().encode('abc'.repeat(20_000));
  expect(new DirectRun().test(direct, bytes, 0, bytes.length, 0, false)).toBeNull();
});
