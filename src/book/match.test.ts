import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { naiveMatch } from '../../test/support/naive.ts';
import { recordSchema } from '../record/index.ts';
import {
  type Book,
  backgroundOf,
  compileBook,
  MatchSession,
  matchText,
  type RecordMatch,
  unitsOf,
} from './index.ts';

let counter = 0;
/** A record with the given parts and nothing else. */
function record(parts: Record<string, unknown>) {
  counter++;
  return {
    record: recordSchema.parse({
      id: `test/r${counter}`,
      domain: 'test',
      signature: 's',
      origin: 'authored',
      ...parts,
    }),
  };
}
function bookOf(...parts: Record<string, unknown>[]): Book {
  return compileBook(parts.map(record)).book;
}
/** Output in which some of the words below are ordinary: patterns made of them alone are careless. */
const background = backgroundOf(Array.from({ length: 3_000 }, (_, i) => `boom ${i} fail x bang`).join('\n'));
function plain(matches: readonly RecordMatch[]) {
  return matches.map((m) => ({ ...m, groups: { ...m.groups } }));
}
function matchInChunks(book: Book, text: string, size: number) {
  const session = new MatchSession(book);
  for (let i = 0; i < text.length; i += size) session.push(text.slice(i, i + size));
  return session.end().matches;
}

/** One table of cases over both matchers: [what, record, text, line found or null]. */
const CASES: [string, Record<string, unknown>, string, number | null][] = [
  [
    'a sequence across a progress bar',
    { sequence: [{ regex: 'first boom' }, { regex: 'then bang', within_lines: 2 }] },
    'first boom\n 0%\r 1%\r 2%\r 3%\nthen bang',
    1,
  ],
  [
    'a sequence across JSON lines',
    { sequence: [{ regex: 'first boom' }, { regex: 'then bang', within_lines: 2 }] },
    '{"msg":"first boom"}\n{"msg":"x"}\n{"msg":"then bang"}',
    1,
  ],
  [
    'doubly encoded quotes',
    { regex: 'Error: boom at x' },
    'said \u00e2\u0080\u009cfoo!\u00e2\u0080\u009d Error: boom at x',
    1,
  ],
  ['a literal', { regex: 'error 42: boom' }, 'a\nsay error 42: boom now\n', 2],
  ['case kept', { regex: 'error 42: boom' }, 'ERROR 42: BOOM', null],
  ['case ignored', { regex: 'error 42: boom', ignore_case: true }, 'ERROR 42: BOOM', 1],
  ['alternatives', { regex: 'boom one|bang two' }, 'x\nbang two', 2],
  ['colours inside', { regex: 'error: boom here' }, '\x1b[31merror\x1b[0m: bo\x1b[1mom here', 1],
  ['OSC 8 link', { regex: 'see file.c:3 boom' }, 'see \x1b]8;;file:///x\x1b\\file.c:3\x1b]8;;\x1b\\ boom', 1],
  ['OSC ended by BEL', { regex: 'title boom' }, '\x1b]0;window\x07title boom', 1],
  ['CRLF and end anchor', { regex: 'boom at end$' }, 'boom at end\r\nx', 1],
  ['progress bar before', { regex: '^boom at start' }, ' 10%\r 20%\rboom at start\n', 1],
  ['lone CR as line end', { regex: '^boom at start' }, 'one\rboom at start\rtwo', 1],
  ['NUL block before', { regex: '^boom at start' }, `${'\0'.repeat(100)}boom at start`, 1],
  ['overstrike', { regex: 'boom bold' }, 'b\bbo\boo\bom\bm bold', 1],
  ['ISO time before an anchor', { regex: '^boom at start' }, '2026-11-23T08:00:00.123Z boom at start', 1],
  ['npm prefix before an anchor', { regex: '^code EBOOM' }, 'npm ERR! code EBOOM', 1],
  ['npm 10 prefix', { regex: '^code EBOOM' }, 'npm error code EBOOM', 1],
  ['compose prefix', { regex: '^boom at start' }, 'web-1  | boom at start', 1],
  ['syslog prefix', { regex: '^boom at start' }, 'Nov 23 08:00:00 host app[12]: boom at start', 1],
  [
    'compose, time and level',
    { regex: '^boom at start' },
    'db-1 | 2026-11-23 08:00:00.1 UTC [12] boom at start',
    1,
  ],
  ['CI runner', { regex: '^boom at start' }, '2026-11-23T08:00:00.1234567Z ##[error]boom at start', 1],
  ['JSON message', { regex: '^boom "quoted" thing$' }, '{"level":50,"msg":"boom \\"quoted\\" thing"}', 1],
  ['JSON stack line', { regex: '^Boom: at two$' }, '{"err":{"stack":"x\\nBoom: at two\\n at y"}}', 1],
  ['JSON in JSON', { regex: '^boom inner$' }, '{"log":"{\\"message\\":\\"boom inner\\"}\\n"}', 1],
  ['JSON behind a prefix', { regex: '^boom inner$' }, 'web-1 | {"message":"boom inner"}', 1],
  ['broken JSON', { regex: 'boom inner' }, '{"message":"boom inner"', 1],
  ['unicode', { regex: '错误：致命的' }, 'git: 错误：致命的\n', 1],
  [
    'sequence',
    { sequence: [{ regex: 'first boom' }, { regex: 'then bang', within_lines: 2 }] },
    'first boom\nx\nthen bang',
    1,
  ],
  [
    'sequence too far',
    { sequence: [{ regex: 'first boom' }, { regex: 'then bang', within_lines: 1 }] },
    'first boom\nx\nthen bang',
    null,
  ],
  [
    'sequence on one line',
    { sequence: [{ regex: 'first boom' }, { regex: 'then bang', within_lines: 2 }] },
    'first boom then bang',
    null,
  ],
  [
    'not_if after',
    { regex: 'boom', not_if: [{ regex: 'harmless', within_lines: 2 }] },
    'boom\nx\nharmless',
    null,
  ],
  [
    'not_if before',
    { regex: 'boom', not_if: [{ regex: 'harmless', within_lines: 2 }] },
    'harmless\nx\nboom',
    null,
  ],
  [
    'not_if too far',
    { regex: 'boom', not_if: [{ regex: 'harmless', within_lines: 2 }] },
    'harmless\nx\nx\nboom',
    4,
  ],
  [
    'not_if on the line',
    { regex: 'boom', not_if: [{ regex: 'harmless', within_lines: 1 }] },
    'harmless boom',
    null,
  ],
];

describe('one table over the fast and the naive matcher', () => {
  test.each(CASES)('%s', (_, parts, text, line) => {
    const book = bookOf(parts);
    const fast = matchText(book, text);
    expect(fast[0]?.line ?? null).toBe(line);
    expect(plain(naiveMatch(book, text))).toEqual(plain(fast));
    expect(plain(matchInChunks(book, text, 1))).toEqual(plain(fast));
  });
});

test('named groups come from the match, absent ones are left out', () => {
  const book = bookOf({ regex: 'boom on (?<host>[a-z.]+)(?: port (?<port>\\d+))?' });
  expect({ ...matchText(book, 'boom on db.local')[0]?.groups }).toEqual({ host: 'db.local' });
  expect({ ...matchText(book, 'boom on db.local port 5432')[0]?.groups }).toEqual({
    host: 'db.local',
    port: '5432',
  });
});

const word = fc.constantFrom('boom', 'bang', 'crash', 'fail', 'boomerang', 'zap!', '错误信息', 'BOOM');
const gap = fc.constantFrom(' ', '.*', '\\d+', '[a-z]*', '\\s', '(?: x)?', '(?<g>\\w+)', '');
/** Patterns of a few words with gaps, sometimes anchored or with alternatives. */
const pattern = fc
  .tuple(
    fc.constantFrom('', '^'),
    fc.array(fc.tuple(word, gap), { minLength: 1, maxLength: 3 }),
    fc.constantFrom('', '$', '|crash now'),
  )
  .map(([start, parts, end]) => {
    let named = false;
    const body = parts.map(([w, g]) => {
      const once = g.includes('<g>') && named ? '\\w+' : g;
      if (g.includes('<g>')) named = true;
      return w.replace(/[!]/g, '\\$&') + once;
    });
    return `${start}${body.join('')}${end}`;
  });
const line = fc
  .array(
    fc.oneof(
      word,
      fc.constantFrom(' ', '7', 'x', '\t', '\r', '\x1b[1m', 'npm ERR! ', '{"msg":"boom"}', '\0', '\u2028'),
    ),
    { maxLength: 8 },
  )
  .map((parts) => parts.join(''));
const text = fc.array(line, { maxLength: 12 }).map((lines) => lines.join('\n'));
const step = fc.record({
  regex: word.map((w) => w.replace('!', '\\!')),
  within_lines: fc.integer({ min: 1, max: 4 }),
});
const anyRecord = fc.oneof(
  fc.record({ regex: pattern, ignore_case: fc.boolean() }),
  fc.record({ regex: pattern, not_if: fc.array(step, { minLength: 1, maxLength: 2 }) }),
  fc.record({ sequence: fc.array(step, { minLength: 2, maxLength: 3 }) }),
  fc.record({
    sequence: fc.array(step, { minLength: 2, maxLength: 3 }),
    wordings: fc.array(fc.record({ key: fc.constant('w'), regex: pattern }), { maxLength: 1 }),
    not_if: fc.array(step, { maxLength: 2 }),
  }),
);

describe('on random books and texts', () => {
  test('the fast matcher gives exactly the naive answer, whole and in chunks', () => {
    fc.assert(
      fc.property(
        fc.array(anyRecord, { minLength: 1, maxLength: 5 }),
        text,
        fc.integer({ min: 1, max: 9 }),
        (records, input, size) => {
          const book = bookOf(...records);
          const fast = plain(matchText(book, input));
          expect(fast).toEqual(plain(naiveMatch(book, input)));
          expect(plain(matchInChunks(book, input, size))).toEqual(fast);
        },
      ),
      { numRuns: 600 },
    );
  });

  test('the same where some patterns are careless', () => {
    const careless = fc.record({
      regex: pattern,
      signature: fc.array(word, { minLength: 1, maxLength: 4 }).map((w) => w.join(' ')),
      origin: fc.constantFrom('authored', 'imported'),
    });
    fc.assert(
      fc.property(fc.array(careless, { minLength: 1, maxLength: 4 }), text, (records, input) => {
        const { book } = compileBook(records.map(record), { background });
        expect(plain(matchText(book, input))).toEqual(plain(naiveMatch(book, input)));
      }),
      { numRuns: 400 },
    );
  });

  test('the order of records does not matter', () => {
    fc.assert(
      fc.property(fc.array(anyRecord, { minLength: 2, maxLength: 5 }), text, (records, input) => {
        const sources = records.map(record);
        const a = compileBook(sources).book;
        const b = compileBook([...sources].reverse()).book;
        expect(b).toEqual(a);
        expect(plain(matchText(b, input))).toEqual(plain(matchText(a, input)));
      }),
    );
  });
});

test('a line longer than a piece is matched across piece borders that a match fits into', () => {
  const book = bookOf({ regex: 'needle \\d+ found' });
  for (const at of [0, 60_000, 61_439, 61_440, 65_530, 65_536, 120_000, 199_980]) {
    const text = `${'x'.repeat(at)}needle 12 found${'y'.repeat(200_000 - at)}`;
    expect(matchText(book, text)[0]?.line, `at ${at}`).toBe(1);
    expect(plain(matchInChunks(book, text, 7_001))).toEqual(plain(matchText(book, text)));
  }
});

test('of two equally good hits in one place the earlier pattern is named, though it completes later', () => {
  const book = bookOf({
    sequence: [{ regex: 'boom' }, { regex: 'BOOM' }],
    wordings: [{ key: 'w', regex: 'boom(?<g>\\w+)' }],
  });
  const text = 'boomboom\nBOOM';
  expect(plain(matchText(book, text))).toEqual(plain(naiveMatch(book, text)));
});

test('a text matched many times counts the lines, not the hits', () => {
  const book = bookOf({ regex: 'boom bang' });
  const [match] = matchText(book, 'boom bang\nboom bang boom bang\nx\rboom bang\rboom bang\n');
  expect(match?.occurrences).toBe(3);
});

describe('what a line says behind its log prefixes', () => {
  test.each([
    ['2015-10-18 18:04:11,034 ERROR [RMCommunicator] refused', 'refused'],
    ['2026-11-23 08:00:00 UTC [17] FATAL:  refused', 'refused'],
    ['Jun 14 15:16:01 combo sshd(pam_unix)[19939]: refused', 'refused'],
    ['[Sun Dec 04 20:47:16 2005] [error] refused', 'refused'],
    ['#12 2.465 npm ERR! refused', 'refused'],
    ['CEST is a zone', 'CEST is a zone'],
  ])('%s', (line, bare) => {
    expect(unitsOf(line).units[0]?.views.at(-1)).toBe(bare);
  });
});
