/** `possible` by rare words: the threshold was measured, and a search library does no better on the same questions. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import MiniSearch from 'minisearch';
import { expect, test } from 'vitest';
import { backgroundOf, compileBook, matchText, RETRIEVAL, retrieve, unitsOf } from '../src/book/index.ts';
import { diagnose } from '../src/diagnosis/index.ts';
import { readRecords } from '../src/store/index.ts';
import { ROOT } from './support/cli.ts';

test('the threshold is the one that was measured', () => {
  const { chosen } = JSON.parse(readFileSync(join(ROOT, 'data/calibration.json'), 'utf8')) as {
    chosen: number;
  };
  expect(RETRIEVAL.minScore).toBe(chosen);
});

const { records } = readRecords(join(ROOT, 'records'));
const background = backgroundOf(gunzipSync(readFileSync(join(ROOT, 'data/background.txt.gz'))).toString());
const { book } = compileBook(records, { background });

/** Messages of our samples with every fourth word gone, so that patterns find few of them. */
const questions = records.flatMap(({ record, samples }) =>
  samples
    .filter((s) => s.name.startsWith('match.'))
    .flatMap(({ text }) => {
      const found = matchText(book, text).find((m) => book.records[m.record]?.id === record.id);
      const words = found?.excerpt.split(/\s+/) ?? [];
      return words.length < 4 ? [] : [{ id: record.id, line: words.filter((_, i) => i % 4 !== 2).join(' ') }];
    }),
);

test('never a wrong record first, and right at least as often as a search library with the same silence', () => {
  const index = new MiniSearch<{ id: string; signature: string; wordings: string }>({
    fields: ['signature', 'wordings'],
    searchOptions: { fuzzy: 0.1, prefix: true },
  });
  index.addAll(
    records.map(({ record: r }) => ({
      id: r.id,
      signature: r.signature,
      wordings: r.wordings.map((w) => w.regex).join(' '),
    })),
  );
  const ordinary = background.lines.filter((_, i) => i % 20 === 0);
  // A library's score has no threshold of its own: it gets the one that keeps it silent on a part of the ordinary lines.
  const theirs = Math.max(0, ...ordinary.map((line) => index.search(line)[0]?.score ?? 0));
  const ours = { right: 0, wrong: 0 };
  const other = { right: 0 };
  // Records that say they may be taken for each other differ in what varies only; either is right.
  const twins = new Map(records.map(({ record: r }) => [r.id, r.transition_graph.frequently_confused_with]));
  for (const { id, line } of questions) {
    const [first] = retrieve(book, unitsOf(line).units);
    const named = first && book.records[first.record]?.id;
    if (named) ours[named === id || twins.get(id)?.includes(named) ? 'right' : 'wrong']++;
    const [hit] = index.search(line);
    if (hit && hit.score > theirs && hit.id === id) other.right++;
  }
  console.log(
    `${questions.length} questions: ours ${ours.right} right; minisearch, as silent, ${other.right}`,
  );
  expect(ours.wrong).toBe(0);
  expect(ours.right).toBeGreaterThan(0);
  expect(ours.right).toBeGreaterThanOrEqual(other.right);
});

test('what only words speak for is possible, never a match, and says so', () => {
  const answers = questions
    .map(({ line }) => diagnose(book, line))
    .filter((d) => d.findings[0]?.basis === 'words');
  expect(answers.length).toBeGreaterThan(0);
  for (const { verdict, findings } of answers) {
    expect(verdict).toBe('possible');
    for (const f of findings) expect([f.verdict, f.groups]).toEqual(['possible', {}]);
  }
});
