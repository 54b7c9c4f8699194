/** What is kept against the whole output: every kept byte is where it says it is, whatever the chunks. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Keeper, LineJoiner, RUN_LIMITS } from './kept.ts';
import { readKept } from './reading.ts';

const { headBytes, tailBytes, windows, windowBytes } = RUN_LIMITS;

function keep(whole: Buffer, chunkBytes: number) {
  const keeper = new Keeper();
  for (let at = 0; at < whole.length; at += chunkBytes) keeper.take(whole.subarray(at, at + chunkBytes));
  return keeper.kept();
}

/** Numbered lines; those of `errors` look like errors. */
function output(lines: number, errors: readonly number[] = []): Buffer {
  const marked = new Set(errors);
  return Buffer.from(
    Array.from({ length: lines }, (_, i) => `line ${i + 1}${marked.has(i + 1) ? ' ERROR here' : ''}\n`).join(
      '',
    ),
  );
}

test('an output below the limits is kept whole, byte for byte', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 5000 }), fc.integer({ min: 1, max: 700 }), (bytes, chunk) => {
      const whole = Buffer.from(bytes);
      const { pieces, totalBytes, keptBytes } = keep(whole, chunk);
      expect(Buffer.concat(pieces.map((p) => p.bytes)).equals(whole)).toBe(true);
      expect([totalBytes, keptBytes]).toEqual([whole.length, whole.length]);
    }),
  );
});

describe('a long output', () => {
  const LINES = 400_000;
  const errors = [30_000, 30_001, 90_000, 200_000, 399_999];
  const whole = output(LINES, errors);

  test.each([1000, 4096, 65_536, 1_000_000])(
    'in chunks of %i bytes: each line read has its own number',
    (chunk) => {
      const kept = keep(whole, chunk);
      expect(kept.totalBytes).toBe(whole.length);
      expect(kept.keptBytes).toBeLessThanOrEqual(headBytes + tailBytes + windows * windowBytes);
      const { text, lineOf } = readKept(kept, false);
      const seen = new Set<number>();
      let exact = 0;
      text.split('\n').forEach((line, i) => {
        const number = /^line (\d+)(?: ERROR here)?$/.exec(line)?.[1];
        if (number === undefined) return;
        // The first and last line of a piece may be cut: then only the place is to be trusted.
        const own = String(lineOf(i + 1));
        if (own === number) exact++;
        else expect(own.endsWith(number) || own.startsWith(number), `${own} ${number}`).toBe(true);
        seen.add(lineOf(i + 1));
      });
      expect(exact).toBeGreaterThan(50_000);
      for (const line of [1, 2, ...errors, LINES]) expect(seen.has(line), `line ${line}`).toBe(true);
      expect(seen.has(60_000)).toBe(false);
    },
  );

  test('of many errors the first windows are kept, and no more', () => {
    const many = output(
      LINES,
      Array.from({ length: LINES / 10 }, (_, i) => i * 10),
    );
    const { pieces, keptBytes } = keep(many, 65_536);
    expect(pieces.length).toBeGreaterThan(1);
    expect(keptBytes).toBe(headBytes + tailBytes + windows * windowBytes);
  });
});

test('where nothing is left out between head and tail, no line is torn', () => {
  const whole = output(60_000);
  expect(whole.length).toBeGreaterThan(headBytes);
  const { pieces } = keep(whole, 65_536);
  expect(pieces.map((p) => p.bytes.equals(whole))).toEqual([true]);
});

test('lines of two streams do not mix, and an unfinished one is ended', () => {
  const keeper = new Keeper();
  const [out, err] = [new LineJoiner(keeper), new LineJoiner(keeper)];
  out.take(Buffer.from('one '));
  err.take(Buffer.from('E1\nE'));
  out.take(Buffer.from('line\ntwo'));
  err.take(Buffer.from('2\n'));
  out.flush(true);
  err.flush(true);
  expect(readKept(keeper.kept(), false).text).toBe('E1\none line\nE2\ntwo\n');
});

test('a line without an end is not held back for ever', () => {
  const keeper = new Keeper();
  const joiner = new LineJoiner(keeper);
  for (let i = 0; i < 100; i++) joiner.take(Buffer.alloc(10_000, 'x'));
  expect(keeper.kept().totalBytes).toBeGreaterThan(900_000);
});
