/** Shares and intervals against values computed elsewhere (SciPy 1.17, `scipy.stats.beta.ppf`). */
import { expect, test } from 'vitest';
import { recordSchema } from '../record/index.ts';
import { betaQuantile, intervalOf, surveyOf, weightsOf } from './shares.ts';

test.each([
  [0.05, 1 / 3, 2, 5.273646082322514e-5],
  [0.95, 1 / 3, 2, 0.5773713662969973],
  [0.05, 7.5, 3.5, 0.44187323351536595],
  [0.95, 7.5, 3.5, 0.8826706233197897],
  [0.05, 40, 0.2, 0.9743135130594631],
  [0.5, 200, 300, 0.39986656271411614],
  [0.95, 0.0667, 31, 0.012405333010587532],
])('the %f quantile of Beta(%f, %f)', (p, a, b, expected) => {
  expect(betaQuantile(p, a, b)).toBeCloseTo(expected, 8);
});

const thread = (cause: string | string[], basis = 'confirmed') => ({
  url: 'https://example.com/thread',
  cause,
  basis,
  note: 'seen',
});
function surveyed(...cases: unknown[]) {
  return recordSchema.parse({
    id: 'test/x',
    domain: 'test',
    signature: 's',
    causes: [
      { key: 'a', title: 'A' },
      { key: 'b', title: 'B' },
    ],
    survey: { queries: ['s'], date: '2026-01-01', limit: 20, cases },
  });
}

test('confirmed counts one, inferred half, several keys share, open is found but not counted', () => {
  const record = surveyed(
    thread('a'),
    thread('a', 'inferred'),
    thread(['a', 'b']),
    thread('other'),
    thread('open'),
  );
  const survey = surveyOf(record);
  expect(survey).toMatchObject({ counted: 3.5, settled: 4, found: 5 });
  // share_i = (n_i + 1/k) / (N + 2); other = (n_other + 1) / (N + 2)
  expect(survey?.causes).toEqual([
    { key: 'a', cases: 2, threads: 3, share: (2 + 0.5) / 5.5 },
    { key: 'b', cases: 0.5, threads: 1, share: (0.5 + 0.5) / 5.5 },
  ]);
  expect(survey?.other).toEqual({ key: 'other', cases: 1, threads: 1, share: 2 / 5.5 });
  const total = [...(survey?.causes ?? []), survey?.other].reduce((sum, c) => sum + (c?.share ?? 0), 0);
  expect(total).toBeCloseTo(1, 12);
  expect([...weightsOf(record)]).toEqual([
    ['a', 5],
    ['b', 2],
  ]);
});

test('an interval belongs to a set of causes', () => {
  const survey = surveyOf(surveyed(...Array.from({ length: 20 }, (_, i) => thread(i < 14 ? 'a' : 'b'))));
  if (!survey) throw new Error('no survey');
  const [low, high] = intervalOf(survey, new Set(['a']));
  expect([low, high]).toEqual([betaQuantile(0.05, 14.5, 7.5), betaQuantile(0.95, 14.5, 7.5)]);
  expect(low).toBeLessThan(14.5 / 22);
  expect(high).toBeGreaterThan(14.5 / 22);
});

test('without a survey, or with none settled, there is no share, and causes weigh the same', () => {
  const open = surveyed(thread('open'));
  expect(surveyOf(open)).toBeNull();
  expect([...weightsOf(open).values()]).toEqual([1, 1]);
  expect(surveyOf({ ...open, survey: null })).toBeNull();
});

test('a cause that the record does not have is other', () => {
  expect(surveyOf(surveyed(thread('gone'), thread('a')))?.other.cases).toBe(1);
});
