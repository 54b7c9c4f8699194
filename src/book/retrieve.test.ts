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
