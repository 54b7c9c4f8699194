/** What is known of a reader, and which worlds that leaves. */
import { expect, test } from 'vitest';
import type { EvidenceSummary } from '../evidence/index.ts';
import { sameRelease } from '../evidence/index.ts';
import { possibleWorlds } from './possible.ts';

test.each([
  ['1.22.1', '1.22.0', true],
  ['1.22.1', '1.24.0', false],
  ['3.0.22', '3.5.9', false],
  ['3.0.22', '3', true],
  ['15.20', '15.3', true],
  ['15.20', '16.1', false],
  ['v24.21.0', '24.1.0', true],
  ['1.1.1w', '1.1.0', true],
  ['', '1.0', false],
])('%s and %s: one release line is %s', (a, b, same) => {
  expect(sameRelease(a, b)).toBe(same);
});

const summary = {
  measured: [
    { name: 'debian11', suite: 'bullseye', versions: { nginx: '1.18.0', openssl: '1.1.1w' } },
    { name: 'debian12', suite: 'bookworm', versions: { nginx: '1.22.1', openssl: '3.0.22' } },
  ],
  table: {
    actions: [],
    checks: [],
    observations: [],
    worlds: [
      { cause: 'a', env: 'debian11', row: '', wording: 'old' },
      { cause: 'a', env: 'debian12', row: '' },
      { cause: 'b', env: 'debian12', row: '' },
    ],
    healthy: [],
    absent: [],
  },
} as unknown as EvidenceSummary;

test.each([
  ['nothing is known', null, {}, 'unknown', ['debian11', 'debian12']],
  ['a name', null, { environment: 'debian12' }, 'yours', ['debian12']],
  ['a release line', null, { nginx: '1.22.9' }, 'yours', ['debian12']],
  ['a suite', null, { suite: 'bullseye' }, 'yours', ['debian11']],
  ['a version that was not measured', null, { nginx: '1.28.0' }, 'other', ['debian11', 'debian12']],
  [
    'programs that contradict each other',
    null,
    { nginx: '1.22.1', openssl: '1.1.1k' },
    'other',
    ['debian11', 'debian12'],
  ],
  ['a program of another trade', null, { git: '2.47' }, 'unknown', ['debian11', 'debian12']],
  ['the wording tells', 'old', {}, 'unknown', ['debian11']],
  ['the wording of the record’s own pattern', '', {}, 'unknown', ['debian12']],
  ['a wording that the lab never saw', 'third', {}, 'unknown', ['debian11', 'debian12']],
  ['the error comes from another machine than this', 'old', { suite: 'bookworm' }, 'other', ['debian11']],
] as const)('%s', (_, wording, environment, known, environments) => {
  const possible = possibleWorlds(summary, wording, environment);
  expect([possible.known, possible.environments]).toEqual([known, environments]);
});
