import fc from 'fast-check';
import { RE2JS } from 're2js';
import { describe, expect, test } from 'vitest';
import { toRegExp } from '../../test/support/naive.ts';
import { foldAscii, requiredLiterals, requiredPieces, requiredText } from './literals.ts';
import {
  PATTERN_LIMITS,
  type ParsedPattern,
  parsePattern,
  printPattern,
  topAlternatives,
} from './pattern.ts';

function parsed(source: string, ignoreCase = false): ParsedPattern {
  const { pattern, problem } = parsePattern(source, { ignoreCase });
  if (!pattern) throw new Error(`${source}: ${problem.message}`);
  return pattern;
}

describe('what is refused, and how it is said', () => {
  test.each([
    ['(?=x)boom', 'look-ahead'],
    ['(?<!x)boom', 'look-behind'],
    ['(boom)\\1', 'back-references'],
    ['(?i)boom', 'inline flags'],
    ['(?i:boom)', 'inline flags'],
    ['(?>boom)', 'atomic'],
    ['bo++m', 'possessive'],
    ['boom**', 'two quantifiers'],
    ['*boom', 'nothing before'],
    ['(boom', 'never closed'],
    ['boom)', ') without a ('],
    ['[boom', 'never closed'],
    ['[z-a]', 'wrong order'],
    ['boom{3,1}', 'wrong order'],
    ['boom{5000}', 'above 1000'],
    ['((a{100}){100}){100}', 'too many states'],
    ['\\p{L}oom', 'Unicode properties'],
    ['\\yboom', 'not an escape'],
    ['boom\\', 'ends in a backslash'],
    ['(?<a>x)(?<a>y)', 'two groups are called a'],
    ['^*boom', 'cannot be repeated'],
    ['('.repeat(200), 'nested too deeply'],
    ['x'.repeat(PATTERN_LIMITS.maxChars + 1), 'longer than'],
  ])('%s', (source, message) => {
    const { pattern, problem } = parsePattern(source);
    expect(pattern).toBeNull();
    expect(problem?.message).toContain(message);
    expect(problem?.remedy).not.toBe('');
  });

  test('never throws, whatever the source', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.stringMatching(/^[\\()[\]{}|?*+^$.a-c0-3<>:!=P,-]*$/)),
        (source) => {
          const { pattern, problem } = parsePattern(source);
          expect((pattern === null) !== (problem === null)).toBe(true);
        },
      ),
      { numRuns: 3000 },
    );
  });
});

/** Patterns that both our subset and JavaScript know, with the same meaning. */
const SAME_IN_JAVASCRIPT = [
  'boom',
  'a|b|cd',
  '(?:ab)+c',
  'x{2,3}y',
  'x{2}',
  'x{2,}z',
  'a*?b',
  '[a-c]x',
  '[^a-c]x',
  '[\\d.]+',
  '\\bboom\\b',
  '\\Boom',
  '^boom$',
  '(?<name>\\w+) is',
  'a.c',
  '\\x41\\x62',
  'tab\\there',
  '[\\]\\-]',
  '[-a]',
  '[a-]',
  'a\\|b',
  '\\S+@\\S+',
  '(a|b)*c',
  '(?:)',
  'x|',
  'é+',
  '[é-ü]',
  'ab?c',
  '\\$\\{x\\}',
];

describe('meaning', () => {
  const text = fc
    .array(
      fc.constantFrom(
        'boom',
        'a',
        'b',
        'c',
        'x',
        'y',
        ' ',
        '.',
        '-',
        ']',
        '1',
        '\t',
        'é',
        'ü',
        '@',
        'is',
        'A',
        '$' + '{x}',
        '|',
      ),
      { maxLength: 8 },
    )
    .map((parts) => parts.join(''));
  test.each(SAME_IN_JAVASCRIPT)('%s is the same to JavaScript, to RE2JS and after printing', (source) => {
    const pattern = parsed(source);
    const printed = printPattern(pattern.node);
    const re2 = RE2JS.compile(printed);
    fc.assert(
      fc.property(text, (input) => {
        const expected = new RegExp(source, 'u').exec(input);
        const found = re2.matcher(input);
        expect(found.find()).toBe(expected !== null);
        if (expected) expect([found.start(), found.group()]).toEqual([expected.index, expected[0]]);
        expect(toRegExp(printed).test(input)).toBe(expected !== null);
      }),
      { numRuns: 200 },
    );
  });

  test('case is ignored for ASCII letters only', () => {
    const re2 = RE2JS.compile(printPattern(parsed('[a-c]é-Boom', true).node));
    expect([re2.test('Bé-bOOM'), re2.test('BÉ-bOOM')]).toEqual([true, false]);
  });
});

describe('required literals', () => {
  test.each([
    ['boom', ['boom']],
    ['BOOM', ['boom']],
    ['one|two', ['one', 'two']],
    ['x(one|two)y', ['xoney', 'xtwoy']],
    ['a.*boom', ['boom']],
    ['(?:boom)?', null],
    ['(?:boom)+', ['boom']],
    ['[Ee]rror: \\d+', ['error: ']],
    ['err[0-9]x', Array.from({ length: 10 }, (_, i) => `err${i}x`)],
    ['.+', null],
    ['boom|.+', null],
    ['boom|boomer', ['boom']],
    ['ab{2}c', ['abbc']],
  ])('%s', (source, members) => {
    expect(requiredLiterals(parsed(source))?.members ?? null).toEqual(members);
  });

  test('one of them, and all pieces in order, occur in every text that matches', () => {
    const atom = fc.constantFrom(
      'boom',
      'x',
      '[ab]',
      '\\d',
      '.',
      '(?:foo|bar)',
      '(?:foo)?',
      'ba+',
      '(?:zip){2}',
      '\\b',
      '(?:q|)',
      '.*',
    );
    const source = fc.array(atom, { minLength: 1, maxLength: 6 }).map((a) => a.join(''));
    const text = fc
      .array(fc.constantFrom('boom', 'x', 'a', 'b', '1', 'foo', 'bar', 'baa', 'zip', 'q', ' ', 'BOOM'), {
        maxLength: 10,
      })
      .map((p) => p.join(''));
    fc.assert(
      fc.property(source, text, fc.boolean(), (pattern, input, ignoreCase) => {
        const tree = parsed(pattern, ignoreCase);
        fc.pre(toRegExp(printPattern(tree.node)).test(input));
        const folded = foldAscii(input);
        const literals = requiredLiterals(tree);
        if (literals) expect(literals.members.some((m) => folded.includes(m))).toBe(true);
        let at = 0;
        for (const piece of requiredPieces(tree.node)) {
          const found = folded.indexOf(piece, at);
          expect(found).toBeGreaterThanOrEqual(at);
          at = found + piece.length;
        }
      }),
      { numRuns: 3000 },
    );
  });

  test('the words by which rarity is judged: of an inner alternation the least', () => {
    expect(requiredText(parsed('say (?:a long one|short) \\d+ end').node)).toEqual([
      'say ',
      'short',
      ' ',
      ' end',
    ]);
  });
});

test('the outermost alternatives together are the pattern', () => {
  const parts = topAlternatives(parsed('(?:one|two (x|y)|W/)')).map(printPattern);
  expect(parts).toHaveLength(3);
  expect(topAlternatives(parsed('(?<g>one|two)'))).toHaveLength(1);
});
