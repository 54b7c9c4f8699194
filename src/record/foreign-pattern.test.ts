/** Translated patterns against the engines that they were written for: Go's syntax through re2js, Python's own. */
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { RE2JS } from 're2js';
import { describe, expect, test } from 'vitest';
import { type PatternDialect, parsePattern, printPattern, translatePattern } from './index.ts';
import { specimenOf } from './specimen.ts';

/** [dialect, source, ours, whole pattern ignores case] */
const WRITTEN: [PatternDialect, string, string, boolean][] = [
  ['python', '(?i)Boom', 'Boom', true],
  ['python', '(?im)^Boom$', '^Boom$', true],
  ['python', 'a(?i:b)c', 'a(?:[Bb])c', false],
  ['python', '(?P<n>x)', '(?<n>x)', false],
  ['python', 'a\\-b\\"c', 'a\\-b\\"c', false],
  ['python', 'end\\Z', 'end\\z', false],
  ['python', 'x{,3}y{,}z{a', 'x{0,3}y{0,}z{a', false],
  ['python', '[[:alpha:]]', '[\\[:alpha:]]', false],
  ['python', '[\\b]\\u00e9\\011\\0', '[\\x08]\\x{e9}\\x{9}\\x{0}', false],
  ['python', 'a(?#why)b', 'ab', false],
  ['python', '(?x) a b # why\n c', 'abc', false],
  ['re2', '(?i)Boom 7', '[Bb][Oo][Oo][Mm] 7', false],
  ['re2', 'a(?i)b(?-i)c', 'a[Bb]c', false],
  ['re2', '\\Qa.b\\E.[[:alpha:]]', 'a\\.b.[[:alpha:]]', false],
  ['re2', 'x{,3}', 'x{,3}', false],
  ['re2', '\\07\\123', '\\x{7}\\x{53}', false],
  ['ours', '[[:alpha:]]{,3}', '[[:alpha:]]{,3}', false],
];
test.each(WRITTEN)('%s %s', (dialect, source, ours, ignoreCase) => {
  const found = translatePattern(source, dialect, { spellCase: dialect === 're2' });
  expect(found).toMatchObject({ source: ours, ignoreCase, problem: null });
});

/** What has no equal is refused, never approximated. */
const REFUSED: [PatternDialect, string, RegExp][] = [
  ['python', '(?=x)boom', /look-ahead/],
  ['python', '(?<!x)boom', /look-ahead|look-behind/],
  ['python', '(x)\\1', /back-references/],
  ['python', '(?P<q>x)(?P=q)', /back-references/],
  ['python', '(a)?(?(1)b|c)', /conditions/],
  ['python', 'x*+', /possessive/],
  ['python', '(?>x)', /atomic/],
  ['python', 'x(?i)y', /flags/],
  ['python', '\\N{BULLET}', /\\N/],
  ['python', 'one\\ntwo', /line break/],
  ['python', '\\ybe', /\\y/],
  ['python', '(?L)x', /flag/],
  ['re2', '\\pL', /Unicode/],
  ['re2', '(?U)a+', /flag/],
  ['re2', 'x\\Z', /\\Z/],
  ['re2', 'x\\1', /back-references/],
  ['ours', '(?i)x', /inline flags/],
];
test.each(REFUSED)('%s %s is refused', (dialect, source, why) => {
  const { source: written, problem } = translatePattern(source, dialect);
  expect(written).toBeNull();
  expect(problem?.message).toMatch(why);
  expect(problem?.remedy).not.toBe('');
});

/** What we would run, run by an engine that is not ours. */
function ourMatcher(
  source: string,
  dialect: PatternDialect,
  spellCase: boolean,
): ((text: string) => boolean) | null {
  const found = translatePattern(source, dialect, { spellCase });
  if (found.source === null) return null;
  const { pattern } = parsePattern(found.source, { ignoreCase: found.ignoreCase });
  if (!pattern) throw new Error(`${source} became ${found.source}, which is refused`);
  const compiled = RE2JS.compile(printPattern(pattern.node));
  return (text) => compiled.matcher(text).find();
}

const atom = fc.constantFrom(
  ...['a', 'b', 'B', '0', '_', ' ', '-', ']', '.', '\\.', '\\d', '\\w', '\\s', '\\S', '\\b', '^', '$', '\\A'],
  ...[
    '[ab]',
    '[^a]',
    '[a-c0]',
    '[]a]',
    '[^]a]',
    '[\\w.-]',
    '[\\]b]',
    '[[]',
    '\\x41',
    '\\t',
    '{',
    '{,2}',
    '\\/',
  ],
  ...['\\101', '\\0', '[\\x30-\\x39]', 'é', '(?:ab|B)', '(b)', '(?i:a)', '(?i:b[ac])', '(?s:.)'],
);
const shared = fc
  .array(fc.tuple(atom, fc.constantFrom('', '', '', '*', '+', '?', '{2}', '{1,2}', '*?', '|')), {
    maxLength: 6,
  })
  .map((parts) => parts.map(([a, q]) => a + q).join(''));
const text = fc.string({ unit: fc.constantFrom(...'abBcA0_ -].{,2}é/[:lph'), maxLength: 8 });

describe('a translated pattern matches what the original matches', () => {
  const re2 = fc.tuple(
    fc.constantFrom('', '', '(?i)', '(?is)', '(?m)'),
    fc.array(
      fc.oneof(
        shared,
        fc.constantFrom('\\Qa.\\E', '[[:alpha:]]', '(?i)', '(?-i)', '(?P<n>a)', '\\x{62}', '\\z'),
      ),
      {
        maxLength: 3,
      },
    ),
  );
  test('of RE2 as Go reads it', () => {
    let compared = 0;
    fc.assert(
      fc.property(
        re2,
        fc.array(text, { minLength: 4, maxLength: 4 }),
        fc.boolean(),
        ([flags, parts], texts, spell) => {
          const source = flags + parts.join('');
          let original: RE2JS;
          try {
            original = RE2JS.compile(source);
          } catch {
            return;
          }
          const ours = ourMatcher(source, 're2', spell);
          if (!ours) return;
          for (const t of texts) {
            compared++;
            expect([source, t, ours(t)]).toEqual([source, t, original.matcher(t).find()]);
          }
        },
      ),
      { numRuns: 3000 },
    );
    expect(compared).toBeGreaterThan(4000);
  });

  const python = spawnSync('python3', ['-c', 'import re']).status === 0;
  if (!python)
    console.log('skipped: Python’s own re as the judge of translated patterns; there is no python3');
  test.skipIf(!python)('of Python', () => {
    const patterns = fc.sample(
      fc.tuple(
        fc.constantFrom('', '', '(?i)', '(?ix)'),
        fc.oneof(
          shared,
          shared.map((s) => `${s}(?P<n>b)\\Z`),
        ),
      ),
      { numRuns: 3000, seed: 7 },
    );
    const texts = fc.sample(text, { numRuns: 12, seed: 7 });
    const sources = patterns.map(([flags, source]) => flags + source);
    const judge = `
import json, re, sys, warnings
warnings.simplefilter('ignore')
sources, texts = json.load(sys.stdin)
def find(source):
    try: pattern = re.compile(source, re.ASCII)
    except Exception: return None
    return [bool(pattern.search(t)) for t in texts]
print(json.dumps([find(s) for s in sources]))`;
    const { stdout } = spawnSync('python3', ['-c', judge], { input: JSON.stringify([sources, texts]) });
    const judged: (boolean[] | null)[] = JSON.parse(String(stdout));
    let compared = 0;
    sources.forEach((source, i) => {
      const ours = judged[i] ? ourMatcher(source, 'python', false) : null;
      if (!ours) return;
      compared++;
      expect([source, texts.map(ours)]).toEqual([source, judged[i]]);
    });
    expect(compared).toBeGreaterThan(1000);
  });

  test('and any text is translated or refused, never thrown over', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.constantFrom<PatternDialect>('python', 're2', 'ours'),
        (source, dialect) => {
          const found = translatePattern(source, dialect);
          if (found.source !== null) {
            expect(parsePattern(found.source, { ignoreCase: found.ignoreCase }).problem).toBeNull();
            // Read again as ours, it stays as it is.
            if (!found.ignoreCase)
              expect(translatePattern(found.source, 'ours')).toMatchObject({ changed: false });
          } else expect(found.problem.message).not.toBe('');
        },
      ),
      { numRuns: 2000 },
    );
  });
});

describe('a specimen', () => {
  test.each([
    ['Discarding (.+) of this node', 'Discarding … of this node'],
    ['.*boom: \\d+ left.*', 'boom: 0 left'],
    ['a\\s+b(?: c)?(?:x|y){2}', 'a bxx'],
    ['loki.storage', 'loki.storage'],
    ['(?:one|two) [a-f]{3}', 'one aaa'],
    ['.*', ''],
  ])('of %s', (source, expected) => {
    const { pattern } = parsePattern(source);
    expect(specimenOf((pattern as NonNullable<typeof pattern>).node)).toBe(expected);
  });
});
