import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Issue, parseRecords } from '../record/index.ts';
import { admitForeign, compileBook, matchText } from './index.ts';

/** Records in the shapes of others: a signature and a pattern that may or may not belong together. */
const word = fc.constantFrom(
  'grue',
  'troll',
  'lamp',
  'cave 12',
  "'x'",
  '/srv/zork',
  'frobnicator',
  '(II)',
  '7',
  'error:',
);
const signature = fc.array(word, { minLength: 1, maxLength: 7 }).map((w) => w.join(' '));
const pattern = fc.oneof(
  signature.map((s) => s.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')),
  fc
    .array(
      fc.constantFrom(
        'grue',
        '.*',
        'troll',
        '\\d+',
        '|',
        'frobnicator',
        '(?=x)',
        '[a-z]+',
        ' ',
        '(',
        ')',
        '\\1',
      ),
      { maxLength: 6 },
    )
    .map((p) => p.join('')),
);
const nested = fc
  .tuple(signature, pattern)
  .map(([s, regex]) => JSON.stringify({ id: 'zork/a/b', error: { signature: s, regex, domain: 'zork' } }));
const rule = fc
  .tuple(fc.constantFrom('value', 'regex'), fc.oneof(signature, pattern))
  .map(([kind, text]) =>
    JSON.stringify({ rules: [{ cre: { id: 'CRE-1' }, rule: { set: { match: [{ [kind]: text }] } } }] }),
  );

function admitted(text: string, examples: readonly { name: string; text: string }[] = []) {
  const { records, issues } = parseRecords(text);
  return { records, issues: [...issues, ...admitForeign(records, null, () => examples)] };
}
const codes = (issues: readonly Issue[]) => issues.map((i) => i.code);

test('every record that is taken finds its own signature, or an issue says that it does not', () => {
  const seen = { found: 0, missed: 0 };
  fc.assert(
    fc.property(fc.oneof(nested, rule), (text) => {
      const { records, issues } = admitted(text);
      for (const { record } of records) {
        const { book } = compileBook(records);
        const finds = matchText(book, record.signature).length > 0;
        const mended = issues.some((i) => i.code === 'pattern-misses-signature' && i.repaired);
        const said = issues.some((i) => /^pattern-(?:misses-signature|missing)$/.test(i.code) && !i.repaired);
        expect([text, finds]).toEqual([text, !said]);
        if (mended) expect(finds).toBe(true);
        seen[finds ? 'found' : 'missed']++;
      }
    }),
    { numRuns: 1500 },
  );
  expect(Math.min(seen.found, seen.missed)).toBeGreaterThan(20);
});

describe('what is said of a record from elsewhere', () => {
  const of = (s: string, regex: string) =>
    JSON.stringify({ id: 'zork/a', error: { signature: s, regex, domain: 'zork' }, sources: ['x'] });
  const message = 'the frobnicator of cave 12 collapsed';
  test.each<[string, string, string, string[]]>([
    ['its pattern fits', message, 'frobnicator of cave', []],
    ['its pattern misses it', message, 'lamp went out', ['pattern-misses-signature']],
    ['its pattern misses it, and it says too little', 'grue', 'lamp went out', ['pattern-misses-signature']],
    [
      'nothing of it can be looked for',
      'grue',
      'x|y',
      ['pattern-without-literal', 'pattern-without-literal', 'pattern-missing'],
    ],
  ])('%s', (_, s, regex, expected) => {
    const { issues } = admitted(of(s, regex));
    expect(codes(issues).filter((c) => c.startsWith('pattern-'))).toEqual(expected);
  });
  test('examples that it misses, or should have missed', () => {
    const found = { text: message };
    const other = { text: 'all is well' };
    const about = (match: { text: string }, nearMiss: { text: string }) =>
      codes(
        admitted(of(message, 'frobnicator of cave'), [
          { name: 'match.test.log', ...match },
          { name: 'near-miss.test-fp.log', ...nearMiss },
        ]).issues,
      );
    expect(about(found, other)).toEqual([]);
    expect(about(other, found)).toEqual(['sample-not-found', 'near-miss-found']);
  });
});
