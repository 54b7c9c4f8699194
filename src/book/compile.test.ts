import { describe, expect, test } from 'vitest';
import { recordSchema } from '../record/index.ts';
import { admitRecord, backgroundOf, compileBook, matchText } from './index.ts';

function record(parts: Record<string, unknown>, file?: string) {
  const value = recordSchema.parse({
    id: 'test/a',
    domain: 'test',
    signature: 's',
    origin: 'authored',
    ...parts,
  });
  return file === undefined ? { record: value } : { record: value, file };
}
/** Ordinary output: thousands of lines in which "timeout" and "connection" are nothing special. */
const background = backgroundOf(
  Array.from({ length: 20_000 }, (_, i) =>
    i % 10 === 0
      ? `connection ${i} timeout set to ${i % 60}`
      : i % 7 === 0
        ? `GET /page/6.4/${i} 200`
        : `worker ${i} did its job`,
  ).join('\n'),
);

describe('what has to be left out is reported, the rest stands', () => {
  test('of two records with one id the first by file name stays', () => {
    const { book, issues } = compileBook([
      record({ regex: 'second boom' }, 'b.json'),
      record({ regex: 'first boom' }, 'a.json'),
    ]);
    expect(book.patterns.map((p) => p.source)).toEqual(['first boom']);
    expect(issues).toMatchObject([{ code: 'id-duplicate', file: 'b.json', field: 'id' }]);
  });
  test('a pattern outside the subset', () => {
    const { book, issues } = compileBook([
      record({ regex: '(?=x)boom', wordings: [{ key: 'w', regex: 'other boom' }] }),
    ]);
    expect(book.patterns).toHaveLength(1);
    expect(issues).toMatchObject([{ code: 'pattern-refused', field: 'regex' }]);
  });
  test('an alternative without literal text, while its neighbours stay', () => {
    const { book, issues } = compileBook([record({ regex: 'weak ETag boom|W/|.*' })]);
    expect(book.patterns).toHaveLength(1);
    expect(issues.map((i) => i.code)).toEqual(['pattern-without-literal', 'pattern-without-literal']);
  });
  test('a record whose exclusion cannot be compiled is silent, not louder', () => {
    for (const regex of ['(?=x)harmless', 'ok']) {
      const { book, issues } = compileBook([
        record({ regex: 'boom now', not_if: [{ regex, within_lines: 1 }] }),
      ]);
      expect(matchText(book, 'boom now')).toEqual([]);
      expect(issues.map((i) => i.severity)).toContain('error');
    }
  });
  test('a withdrawn record matches nothing; an alias hides no record', () => {
    const { book, issues } = compileBook([
      record({ regex: 'first boom', withdrawn: 'it was two errors' }),
      record({ id: 'test/b', regex: 'second boom', aliases: ['test/a'] }),
    ]);
    expect(book.records.map((r) => r.id)).toEqual(['test/b']);
    expect(issues).toMatchObject([{ code: 'alias-taken' }]);
  });
});

describe('careless patterns', () => {
  test('one that ordinary output matches gives nothing by itself', () => {
    const { book, issues } = compileBook(
      [record({ regex: 'timeout|connection', signature: 'upstream timeout while zorking the frobnicator' })],
      { background },
    );
    expect(issues).toMatchObject([{ code: 'pattern-too-common' }]);
    expect(matchText(book, 'connection 7 timeout set to 9')).toEqual([]);
  });
  test('vouched for by the words of its signature it is possible, never a match', () => {
    const { book } = compileBook(
      [record({ regex: 'timeout', signature: 'upstream timeout while zorking the frobnicator' })],
      { background },
    );
    expect(matchText(book, '[x] upstream timeout while zorking the frobnicator!')).toMatchObject([
      { verdict: 'possible' },
    ]);
  });
  test('an unescaped dot that hits harmless paths', () => {
    const { book } = compileBook(
      [record({ regex: '/6.4/|frobnicator boom', signature: 'kernel 6.4 frobnicator boom' })],
      { background },
    );
    expect(matchText(book, 'GET /page/6.4/3 200')).toEqual([]);
    expect(matchText(book, 'frobnicator boom')).toMatchObject([{ verdict: 'match' }]);
  });
});

describe('a record from elsewhere', () => {
  const parts = {
    origin: 'imported',
    regex: 'zork failed completely',
    signature: "Cannot zork 'thing' at /path/to/file: frobnicator 12 missing",
  };
  const line = "x: Cannot zork 'other' at /srv/b/c: frobnicator 4711 missing";
  test('whose pattern misses its own message is found by the message', () => {
    const { book } = compileBook([record({ ...parts, ignore_case: true })], { background });
    expect(matchText(book, line)).toMatchObject([{ verdict: 'match' }]);
  });
  test('whose pattern heeds case was written exactly: nothing is guessed beside it', () => {
    const { book } = compileBook([record(parts)], { background });
    expect(matchText(book, line)).toEqual([]);
    expect(matchText(book, 'zork failed completely')).toHaveLength(1);
  });
});

describe('hostile patterns', () => {
  test.each([
    '(a+)+$',
    '(a|a)*b',
    '.*.*.*x',
    '(a+)+$|boom boom',
    '(boom+)+$',
    '(boom|boom)*bang',
    '.*.*.*boom',
    'boom(.*)*(.*)*bang$',
    '(?:boom.*){20}bang',
  ])('%s takes no longer than linear time', (regex) => {
    const { book } = compileBook([record({ regex })]);
    const time = (n: number) => {
      const text = `${'a'.repeat(n)}${'boom'.repeat(n / 4)}!`;
      const start = process.cpuUsage();
      matchText(book, text);
      const { user, system } = process.cpuUsage(start);
      return user + system;
    };
    time(2_000);
    // Eight times the text may cost far more than eight times on a noisy machine, but never 64 times plus.
    expect(time(160_000)).toBeLessThan(40 * time(20_000) + 400_000);
  });
});

test('admission: own samples found, near-misses not', () => {
  const source = record({ regex: 'boom at \\d+', signature: 'boom happened' });
  const issues = admitRecord(
    source,
    [
      { name: 'match.a.here.log', text: 'boom at 7' },
      { name: 'match.b.here.log', text: 'bang at 7' },
      { name: 'near-miss.c.here.log', text: 'boom at 9' },
    ],
    null,
  );
  expect(issues.map((i) => [i.code, i.field])).toEqual([
    ['pattern-misses-signature', 'signature'],
    ['sample-not-found', 'samples/match.b.here.log'],
    ['near-miss-found', 'samples/near-miss.c.here.log'],
  ]);
});
