/** The scanner against a naive matcher: every pattern on every line, by engines that share no code with it. */
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { describe, expect, test } from 'vitest';
import { toRegExp } from '../../test/support/naive.ts';
import { foldAscii, parsePattern, printPattern } from '../record/index.ts';
import { compileLinePatterns, type LinePattern, type LinePatternOptions, LineScanner } from './lines.ts';

/** FUZZ=20 runs twenty times as many. */
const RUNS = 300 * Number(process.env.FUZZ ?? 1);

interface Line {
  readonly offset: number;
  readonly number: number;
  readonly text: string;
  readonly patterns: readonly number[];
  readonly extras: readonly number[];
}

const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const utf8 = (bytes: Uint8Array): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);

function scan(
  patterns: readonly LinePattern[],
  bytes: Uint8Array,
  options: LinePatternOptions & { readonly chunk?: number } = {},
): Line[] {
  const lines: Line[] = [];
  const scanner = new LineScanner(
    compileLinePatterns(patterns, options),
    (line) => {
      lines.push({
        offset: line.offset,
        number: line.number,
        text: latin1(line.bytes),
        patterns: [...line.patterns],
        extras: [...line.extras],
      });
    },
    { countLines: true },
  );
  const step = options.chunk ?? bytes.length + 1;
  for (let at = 0; at < bytes.length; at += step) scanner.push(bytes.subarray(at, at + step));
  scanner.end();
  return lines;
}

/** Lines end at LF; a last one without it counts. */
function linesOf(bytes: Uint8Array): { offset: number; bytes: Uint8Array }[] {
  const out: { offset: number; bytes: Uint8Array }[] = [];
  for (let at = 0; at < bytes.length; ) {
    const newline = bytes.indexOf(10, at);
    const end = newline === -1 ? bytes.length : newline;
    out.push({ offset: at, bytes: bytes.subarray(at, end) });
    at = end + 1;
  }
  return out;
}

function naive(
  patterns: readonly LinePattern[],
  bytes: Uint8Array,
  options: LinePatternOptions = {},
): Line[] {
  const regexes = patterns.map(({ source, ignoreCase }) => {
    const { pattern } = parsePattern(source, { ignoreCase: ignoreCase ?? false });
    return pattern ? toRegExp(printPattern(pattern.node)) : /[^\s\S]/;
  });
  return linesOf(bytes).flatMap((line, i) => {
    const text = options.unit === 'byte' ? latin1(line.bytes) : utf8(line.bytes);
    const matching = regexes.flatMap((r, p) => (r.test(text) ? [p] : []));
    const extras = (options.extras ?? []).flatMap((e, x) =>
      foldAscii(latin1(line.bytes)).includes(latin1(new TextEncoder().encode(foldAscii(e)))) ? [x] : [],
    );
    if (matching.length + extras.length === 0) return [];
    return [{ offset: line.offset, number: i + 1, text: latin1(line.bytes), patterns: matching, extras }];
  });
}

const words = [
  'error',
  'connect',
  'ECONNREFUSED',
  'timeout',
  'of',
  'x',
  'aaaaaaaa',
  'abababab',
  'é',
  '错误：致命',
  '😀',
  '12',
  '.',
];
const literal = fc
  .array(fc.constantFrom(...words, ' ', ' '), { minLength: 1, maxLength: 4 })
  .map((w) => w.join(''));
const quoted = literal.map((l) => l.replace(/[.]/g, '\\.'));
const variable = fc.constantFrom(
  '\\d+',
  '.*',
  '\\S+',
  '[a-e]',
  '[^ ]+',
  '(?:up|down|)',
  '.',
  'o?',
  '\\b',
  '\\B',
  '(?:a|b)*',
  '[EX]',
  '\\w{2,3}',
  '[^é]',
  'é+',
  '[à-ü]',
);
const part = fc.oneof({ weight: 3, arbitrary: quoted }, { weight: 2, arbitrary: variable });
const source = fc
  .tuple(
    fc.constantFrom('', '', '', '^'),
    fc.array(part, { minLength: 1, maxLength: 4 }),
    fc.constantFrom('', '', '$'),
  )
  .map(([start, parts, end]) => start + parts.join('') + end);
const alternatives = fc.oneof(
  { weight: 4, arbitrary: source },
  { weight: 1, arbitrary: fc.tuple(source, source).map((s) => s.join('|')) },
);
const pattern: fc.Arbitrary<LinePattern> = fc.record({ source: alternatives, ignoreCase: fc.boolean() });
const piece = fc.oneof(
  { weight: 6, arbitrary: literal },
  { weight: 2, arbitrary: fc.constantFrom('ERROR', 'Error', 'up', 'down', 'a', 'b', 'ab', '7', '_', '-') },
);
const encoded = (arbitrary: fc.Arbitrary<string>) => arbitrary.map((s) => new TextEncoder().encode(s));
const bytesOfLine = fc.oneof(
  { weight: 8, arbitrary: encoded(piece) },
  // Cut-off and impossible UTF-8.
  {
    weight: 1,
    arbitrary: fc
      .constantFrom([0xc3], [0xe9, 0x94], [0x80], [0xff], [0x0d], [0x00], [0xf0, 0x9f, 0x98])
      .map((b) => Uint8Array.from(b)),
  },
);
const text = fc
  .array(
    fc.oneof({ weight: 7, arbitrary: bytesOfLine }, { weight: 2, arbitrary: fc.constant(Uint8Array.of(10)) }),
    { maxLength: 60 },
  )
  .map((parts) => Uint8Array.from(parts.flatMap((p) => [...p])));

describe.each([
  ['WebAssembly', true],
  ['the twin', false],
])('%s', (_, wasm) => {
  test.each(['byte', 'character'] as const)(
    'answers as the naive matcher does: a text is made of %ss',
    (unit) => {
      fc.assert(
        fc.property(
          fc.array(pattern, { minLength: 1, maxLength: 12 }),
          text,
          fc.constantFrom([], ['error', 'FATAL']),
          fc.constantFrom(1, 3, 7, 64, 1_000_000),
          fc.boolean(),
          (patterns, bytes, extras, chunk, sampled) => {
            // Named characters beyond ASCII are bytes or characters: what the judge reads is not the same text then.
            const judged =
              unit === 'byte' ? patterns.filter((p) => !/[^\x00-\x7f]/.test(p.source)) : patterns;
            const options = { wasm, unit, extras, chunk, ...(sampled ? { sample: bytes } : {}) };
            expect(scan(judged, bytes, options)).toEqual(naive(judged, bytes, options));
          },
        ),
        { numRuns: RUNS },
      );
    },
  );

  test('RE2JS says the same of every construct', () => {
    fc.assert(
      fc.property(pattern, fc.array(piece, { maxLength: 8 }), ({ source, ignoreCase }, pieces) => {
        const line = pieces.join('');
        const { pattern: parsed } = parsePattern(source, { ignoreCase: ignoreCase === true });
        fc.pre(parsed !== null);
        const judge = RE2JS.compile(printPattern((parsed as NonNullable<typeof parsed>).node));
        const found = scan([{ source, ignoreCase }], new TextEncoder().encode(line), { wasm });
        // A text without a byte has no line.
        if (line !== '') expect(found.length > 0, `${source} on ${line}`).toBe(judge.matcher(line).find());
      }),
      { numRuns: RUNS },
    );
  });

  test('the order of patterns does not matter', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(pattern, { minLength: 2, maxLength: 10, selector: (p) => JSON.stringify(p) }),
        text,
        (patterns, bytes) => {
          const there = scan(patterns, bytes, { wasm });
          const back = scan([...patterns].reverse(), bytes, { wasm }).map((line) => ({
            ...line,
            patterns: line.patterns.map((p) => patterns.length - 1 - p).sort((a, b) => a - b),
          }));
          expect(back).toEqual(there);
        },
      ),
      { numRuns: RUNS / 3 },
    );
  });

  test('finds a literal wherever a chunk ends in it, at every alignment', () => {
    const patterns = [
      { source: 'upstream timed out \\(110: 错误' },
      { source: 'no such file or directory' },
      { source: 'EBOOM' },
    ];
    for (let shift = 0; shift < 40; shift++) {
      const bytes = new TextEncoder().encode(
        `${'.'.repeat(shift)}upstream timed out (110: 错误\n${'-'.repeat(shift % 7)}no such file or directory EBOOM`,
      );
      const expected = naive(patterns, bytes);
      expect(expected).toHaveLength(2);
      for (let chunk = 1; chunk < bytes.length; chunk += 1 + (chunk >> 3)) {
        expect(scan(patterns, bytes, { wasm, chunk })).toEqual(expected);
      }
    }
  });

  test('many patterns, many lines: the tables fill, and nothing is lost', () => {
    const patterns = Array.from({ length: 3_000 }, (_, i) => ({
      source: `code ${(i * 7919) % 10_007}: ${words[i % words.length]} (?:failed|refused) \\d+`,
    }));
    let log = '';
    for (let i = 0; i < 4_000; i++) {
      const p = (i * 31) % 3_500;
      log += `2026-11-30 line ${i} code ${(p * 7919) % 10_007}: ${words[p % words.length]} ${i % 2 ? 'failed' : 'refused'} ${i}\n`;
    }
    const bytes = new TextEncoder().encode(log);
    const found = scan(patterns, bytes, { wasm });
    const byHand = log.split('\n').flatMap((line) => {
      const m = /code (\d+): (.*) (?:failed|refused) \d/.exec(line);
      const index = m ? patterns.findIndex((p) => p.source.startsWith(`code ${m[1]}: ${m[2]} (`)) : -1;
      return index === -1 ? [] : [index];
    });
    expect(found.map((l) => l.patterns)).toEqual(byHand.map((p) => [p]));
  });
});

test('a line of many megabytes is one line', () => {
  const line = Buffer.alloc(5_000_000, 'a');
  line.write('needle in it', 4_999_000);
  const bytes = Buffer.concat([Buffer.from('x\n'), line, Buffer.from('\nneedle in it\n')]);
  const found = scan([{ source: '^a+needle in it' }, { source: 'needle in it' }], bytes);
  expect(found.map((l) => [l.offset, l.number, l.text.length, l.patterns])).toEqual([
    [2, 2, 5_000_000, [0, 1]],
    [5_000_003, 3, 12, [1]],
  ]);
});
