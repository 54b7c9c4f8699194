import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { recordSchema } from '../record/index.ts';
import { backgroundOf, compileBook, LineKeeper, RETRIEVAL, retrieve, scoreOf, unitsOf } from './index.ts';

const record = (id: string, signature: string) =>
  recordSchema.parse({ id, domain: 'test', signature, regex: 'never seen anywhere', origin: 'authored' });
const RECORDS = [
  record('test/quota', 'zorkd: quota exceeded for tenant acme: refusing the frobnication'),
  record('test/handshake', 'zorkd: handshake with the mothership failed: unknown cipher gleep'),
  record('test/lock', 'gnusto: cannot lock the spell book: another wizard holds it'),
  record('test/plain', 'cannot open the file'),
];
const background = backgroundOf(
  Array.from(
    { length: 4000 },
    (_, i) => `cannot open the file for tenant ${i}: the book is another one`,
  ).join('\n'),
);
const { book } = compileBook(
  RECORDS.map((r) => ({ record: r })),
  { background },
);
const found = (text: string) => retrieve(book, unitsOf(text).units).map((f) => book.records[f.record]?.id);

describe('retrieval by rare words', () => {
  test.each([
    ['the message itself', 'zorkd: quota exceeded for tenant acme: refusing the frobnication', 'test/quota'],
    ['other values', 'zorkd: quota exceeded for tenant globex-17: refusing the frobnication', 'test/quota'],
    ['words missing', 'zorkd: quota exceeded: refusing frobnication', 'test/quota'],
    [
      'behind prefixes',
      '2026-11-23 08:00:00 ERROR [main] gnusto: cannot lock spell book: a wizard holds it',
      'test/lock',
    ],
    [
      'the second half in another language',
      'zorkd: quota exceeded for tenant acme: refusing 请检查配置后再试一次',
      'test/quota',
    ],
    [
      'behind a code of a protocol',
      'ERROR: 507 zorkd: quota exceeded for tenant acme: refusing the frobnication',
      'test/quota',
    ],
    ['in another order', 'unknown cipher gleep: zorkd handshake with mothership failed', 'test/handshake'],
  ])('%s', (_, text, id) => expect(found(text)[0]).toBe(id));
  test.each([
    [
      'a sentence about it',
      'The manual says on page 12 that zorkd may answer with quota exceeded, see also the chapter on frobnication limits',
    ],
    ['common words alone', 'cannot open the file'],
    ['one rare word', 'zorkd: ready'],
    ['nothing of it', 'all 41 tests passed'],
    [
      'a row of a table of error codes',
      'EQUOTA: 98 zorkd quota exceeded for tenant: refusing the frobnication',
    ],
    [
      'a probe in a trace of system calls',
      'zorkd("quota", tenant) = -1 EQUOTA (zorkd quota exceeded for tenant acme: refusing the frobnication)',
    ],
    ['a declaration', 'public static final zorkd quota exceeded for tenant refusing the frobnication();'],
    ['a passed test', '✓ zorkd: quota exceeded for tenant acme: refusing the frobnication'],
  ])('silent: %s', (_, text) => expect(found(text)).toEqual([]));
  test('what it finds is what comparing every line with every message finds', () => {
    const word = fc.constantFrom(
      ...'zorkd quota exceeded for tenant acme refusing the frobnication handshake with mothership failed unknown cipher gleep gnusto cannot lock spell book another wizard holds it 17 /srv/x open'.split(
        ' ',
      ),
    );
    const text = fc
      .array(
        fc.array(word, { maxLength: 14 }).map((w) => w.join(' ')),
        { maxLength: 6 },
      )
      .map((lines) => lines.join('\n'));
    fc.assert(
      fc.property(text, (t) => {
        const { units } = unitsOf(t);
        const best = new Map<number, number>();
        for (const phrase of book.phrases)
          for (const unit of units) {
            const score = scoreOf(phrase, unit.views.at(-1) ?? '');
            if (score >= RETRIEVAL.minScore)
              best.set(phrase.record, Math.max(score, best.get(phrase.record) ?? 0));
          }
        const top = Math.max(0, ...best.values());
        const naive = [...best]
          .filter(([, score]) => score >= top * RETRIEVAL.keepShare)
          .sort((a, b) => b[1] - a[1] || a[0] - b[0])
          .map(([r]) => r);
        expect(retrieve(book, units).map((f) => f.record)).toEqual(naive);
      }),
      { numRuns: 500 },
    );
  });
  test('the order of records does not matter', () => {
    const { book: other } = compileBook(
      RECORDS.toReversed().map((r) => ({ record: r })),
      { background },
    );
    expect(other.phrases).toEqual(book.phrases);
  });
});

describe('what is known to be something else', () => {
  const quota = {
    record: record('test/quota', 'zorkd: tenant quota of frobnications exceeded, refusing'),
    samples: [
      {
        name: 'match.a.log',
        text: 'zorkd: tenant quota of frobnications exceeded, refusing\nask the tenant for frobnications',
      },
      { name: 'near-miss.disk.log', text: 'zorkd: tenant disk of frobnications exceeded, refusing' },
    ],
  };
  const disk = {
    record: record('test/other', 'zorkd: tenant memory of frobnications exceeded, refusing'),
    samples: [{ name: 'match.b.log', text: 'zorkd: tenant memory of frobnications exceeded, refusing' }],
  };
  const { book: told } = compileBook([quota, disk], { background });
  const { book: untold } = compileBook([{ record: quota.record }, { record: disk.record }], { background });
  const first = (of: typeof told, text: string) => {
    const [found] = retrieve(of, unitsOf(text).units);
    return found ? of.records[found.record]?.id : undefined;
  };
  test.each([
    ['a near miss', 'zorkd: tenant disk of frobnications exceeded, refusing', undefined],
    ['a near miss, in other words', 'zorkd: disk of frobnications exceeded, refusing', undefined],
    ['the message, of which a word is gone', 'zorkd: tenant quota of frobnications exceeded', 'test/quota'],
    [
      'the other message, of which a word is gone',
      'zorkd: memory of frobnications exceeded, refusing',
      'test/other',
    ],
  ])('%s', (_, text, id) => expect(first(told, text)).toBe(id));
  test('without its samples a record would answer them', () => {
    expect(first(untold, 'zorkd: tenant disk of frobnications exceeded, refusing')).toBeDefined();
  });
  test('a message whose every telling word is in a near miss is never named by words', () => {
    const sample = {
      name: 'near-miss.a.log',
      text: 'zorkd: gnusto exceeded the gleep, and frobnications were refused',
    };
    const both = record('test/both', 'zorkd gnusto gleep frobnications');
    const { book: of } = compileBook([{ record: both, samples: [sample] }], { background });
    expect(first(of, 'zorkd gnusto gleep frobnications')).toBeUndefined();
  });
  test('the order of records and samples does not matter', () => {
    const turned = compileBook(
      [disk, { ...quota, samples: quota.samples.toReversed() }].map((r) => ({ ...r })),
      { background },
    );
    expect(turned.book.phrases).toEqual(told.phrases);
  });
});

test('a shown control character is a word', () => {
  const crlf = record('test/crlf', 'zorkd^M: bad interpreter');
  const { book: of } = compileBook([{ record: crlf }], { background });
  expect(of.phrases[0]?.steady.map(([w]) => w)).toContain('^m');
});

test('of twins the one whose values the line holds comes first', () => {
  const twins = ['coroutine', 'generator'].map((what) => ({
    record: record(`test/${what}`, `ZorkError: '${what}' object has no gnusto attribute`),
  }));
  const { book: of } = compileBook(twins, { background });
  for (const what of ['coroutine', 'generator'])
    expect(
      retrieve(of, unitsOf(`ZorkError: '${what}' object has gnusto attribute`).units).map(
        (f) => of.records[f.record]?.id,
      )[0],
    ).toBe(`test/${what}`);
});

test('of a long text the first and the last lines are kept, in order', () => {
  const keeper = new LineKeeper();
  const total = RETRIEVAL.firstLines + 2 * RETRIEVAL.lastLines + 7;
  for (const unit of unitsOf(Array.from({ length: total }, (_, i) => `line ${i + 1}`).join('\n')).units)
    keeper.unit(unit);
  const lines = keeper.units().map((u) => u.line);
  expect(lines).toHaveLength(RETRIEVAL.firstLines + RETRIEVAL.lastLines);
  expect(lines).toEqual([...lines].sort((a, b) => a - b));
  expect([lines[0], lines.at(-1)]).toEqual([1, total]);
});
