/** The pack: comes back as it was; cut off, altered or crafted it is refused, never misread. */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { recordSchema } from '../record/index.ts';
import { type Book, compileBook, decodePack, encodePack, matchText } from './index.ts';
import { sha256 } from './sha256.ts';

/** FUZZ=20 runs twenty times as many. */
const RUNS = 2_000 * Number(process.env.FUZZ ?? 1);

const record = (id: string, parts: Record<string, unknown>) => ({
  record: recordSchema.parse({ id, domain: 'test', signature: 's', origin: 'authored', ...parts }),
});
const { book } = compileBook([
  record('test/a', { regex: 'first boom (?<x>\\d+)' }),
  record('test/b', { regex: 'second boom|错误：致命的', ignore_case: true }),
  record('test/c', { sequence: [{ regex: 'third boom' }, { regex: 'then bang', within_lines: 2 }] }),
]);
const pack = encodePack(book);
const TEXT = 'first boom 7\nSECOND BOOM\n错误：致命的\nthird boom\nx\nthen bang\n';
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest();

test('SHA-256 is SHA-256', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      expect(Buffer.from(sha256(bytes))).toEqual(digest(bytes));
    }),
    { numRuns: 400 },
  );
});

test.each([
  ['read whole', {}],
  ['read lazily', { trusted: true }],
  ['with another SHA-256', { sha256: digest }],
])('comes back as it was, and the same bytes each time: %s', (_, options) => {
  // At an odd place of a larger buffer, as Node's files may be.
  const odd = new Uint8Array(pack.length + 3).subarray(3);
  odd.set(pack);
  const decoded = decodePack(odd, options).book as Book;
  expect(decodePack(Buffer.from(odd), options).problem).toBeNull();
  const { plan, ...lists } = decoded;
  expect(plain(lists)).toEqual(plain(book));
  expect(decoded.records.map((r) => r.id)).toEqual(book.records.map((r) => r.id));
  expect(plan?.literalFrom.length).toBeGreaterThan(4);
  expect(matchText(decoded, TEXT)).toEqual(matchText(book, TEXT));
  expect(matchText(decoded, TEXT)).toHaveLength(3);
  expect(encodePack(book)).toEqual(pack);
  expect(encodePack(decoded)).toEqual(pack);
});

test('of another version, or no pack at all', () => {
  const other = pack.slice();
  other['faultbook-pack '.length] = '2'.charCodeAt(0);
  expect(decodePack(other).problem).toContain('version "2"');
  expect(decodePack(new TextEncoder().encode('{}')).problem).toContain('no faultbook pack');
  expect(decodePack(new Uint8Array(0)).problem).toContain('no faultbook pack');
});

test('cut off anywhere, or with anything behind it', () => {
  for (let at = 0; at < pack.length; at += 1 + (at >> 6))
    expect(decodePack(pack.subarray(0, at)).book).toBeNull();
  expect(decodePack(pack.subarray(0, pack.length - 1)).book).toBeNull();
  expect(decodePack(Uint8Array.of(...pack, 0, 0, 0, 0, 0, 0, 0, 0)).book).toBeNull();
});

test('with any bytes altered', () => {
  const change = fc.tuple(fc.nat(pack.length - 1), fc.integer({ min: 1, max: 255 }));
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
      const bad = pack.slice();
      for (const [at, by] of changes) bad[at] = (bad[at] as number) ^ by;
      fc.pre(!Buffer.from(bad).equals(Buffer.from(pack)));
      expect(decodePack(bad, { sha256: digest }).book).toBeNull();
    }),
    { numRuns: RUNS },
  );
});

/** Sections as the header lists them, and the header made to fit again after a change. */
function crafted(change: (name: string, bytes: DataView) => void): Uint8Array {
  const bad = pack.slice();
  const view = new DataView(bad.buffer);
  const count = view.getUint32(32, true);
  for (let i = 0; i < count; i++) {
    const entry = 36 + i * 48;
    const name = Buffer.from(bad.subarray(entry, entry + 8))
      .toString()
      .replace(/\0+$/, '');
    const [at, length] = [view.getUint32(entry + 8, true), view.getUint32(entry + 12, true)];
    change(name, new DataView(bad.buffer, at, length));
    bad.set(digest(bad.subarray(at, at + length)), entry + 16);
  }
  const end = 36 + count * 48;
  bad.set(digest(bad.subarray(0, end)), end);
  return bad;
}

test('crafted numbers that its digests fit: refused, or every place they name exists', () => {
  const numbers = [
    'record@',
    'records@',
    'patter@',
    'litfrom',
    'owners',
    'ownfrom',
    'passes',
    'proofs',
    'masks',
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...numbers),
      fc.nat(400),
      fc.oneof(fc.nat(20), fc.integer({ min: 0, max: 0xffffffff })),
      fc.boolean(),
      (section, index, value, trusted) => {
        const bad = crafted((name, bytes) => {
          if (name !== section || bytes.byteLength < 4) return;
          bytes.setUint32((index * 4) % (bytes.byteLength - 3), value, true);
        });
        const { book: read } = decodePack(bad, { trusted, sha256: digest });
        if (!read) return;
        // What was accepted can be run, and finds nothing that the text does not hold.
        let found: readonly { readonly record: number }[] = [];
        try {
          found = matchText(read, TEXT);
        } catch (error) {
          expect(trusted).toBe(true);
          expect((error as Error).message).toContain('damaged');
        }
        for (const { record } of found) expect(record).toBeLessThan(book.records.length);
      },
    ),
    { numRuns: RUNS / 2 },
  );
});

test('patterns of records that are not there', () => {
  const elsewhere = { ...book, patterns: book.patterns.map((p) => ({ ...p, record: 99 })) };
  expect(decodePack(encodePack(elsewhere)).problem).toContain('damaged');
});
