import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type FaultRecord, ISSUE_CODES, lintRecord, parseRecord, placeholdersOf } from './index.ts';

/** A record that owes nothing. */
const GOOD = {
  id: 'test/boom',
  domain: 'test',
  origin: 'authored',
  title: 'It went boom',
  title_zh: '它炸了',
  signature: 'zorkd: boom on host',
  signature_zh: '它炸了',
  regex: 'zorkd: boom on (?<host>\\S+)',
  groups: { host: 'host' },
  root_cause: 'Something is wrong.',
  root_cause_zh: '有什么东西不对。',
  causes: ['a', 'b', 'c'].map((key) => ({
    key,
    title: 'A',
    title_zh: '甲',
    explanation: 'Why',
    explanation_zh: '原因',
  })),
  workarounds: [
    {
      key: 'w',
      action: 'Do it',
      action_zh: '做这个',
      commands: ['do {{host}}'],
      for: ['a', 'b', 'c'],
      sources: ['https://example.org/w'],
    },
  ],
  dead_ends: [
    {
      key: 'd',
      action: 'Hope',
      action_zh: '碰运气',
      commands: ['hope'],
      why_fails: 'It does not',
      why_fails_zh: '没用',
      sources: ['https://example.org/d'],
    },
  ],
  checks: [
    {
      key: 'c',
      question: 'Which?',
      question_zh: '哪个？',
      command: 'look',
      readings: [{ key: 'r', exit: 0, means: ['a'] }],
    },
  ],
  official_doc_url: 'https://example.org',
  sources: ['https://example.org/s'],
};
const SAMPLES = [
  { name: 'match.a.debian12.log', text: 'zorkd: boom on x' },
  { name: 'near-miss.other.debian12.log', text: 'zorkd: fine' },
];
function record(changes: Record<string, unknown> = {}): FaultRecord {
  const { record: parsed, issues } = parseRecord({ ...GOOD, ...changes });
  if (!parsed) throw new Error(JSON.stringify(issues));
  return parsed;
}
const without = (entry: Record<string, unknown>, ...keys: string[]) =>
  Object.fromEntries(Object.entries(entry).filter(([k]) => !keys.includes(k)));

test('a record that owes nothing', () => {
  expect(lintRecord(record(), { for: 'book', samples: SAMPLES })).toEqual([]);
});

/** [changes, code, field] */
const OWED: [Record<string, unknown>, string, string][] = [
  [{ title: null }, 'text-missing', 'title'],
  [{ title_zh: 'no Chinese' }, 'chinese-missing', 'title_zh'],
  [{ signature_zh: null }, 'chinese-missing', 'signature_zh'],
  [{ root_cause: ' ' }, 'text-missing', 'root_cause'],
  [
    {
      causes: [
        without(GOOD.causes[0] as object as Record<string, unknown>, 'title_zh'),
        ...GOOD.causes.slice(1),
      ],
    },
    'chinese-missing',
    'causes[0].title_zh',
  ],
  [
    { causes: [], workarounds: [{ ...GOOD.workarounds[0], for: [] }], checks: [] },
    'causes-missing',
    'causes',
  ],
  [{ workarounds: [{ ...GOOD.workarounds[0], for: ['a', 'b'] }] }, 'cause-without-fix', 'causes[2]'],
  [{ workarounds: [{ ...GOOD.workarounds[0], for: [] }] }, 'for-missing', 'workarounds[0].for'],
  [
    { workarounds: [{ ...GOOD.workarounds[0], commands: [] }] },
    'commands-missing',
    'workarounds[0].commands',
  ],
  [
    { workarounds: [{ ...GOOD.workarounds[0], success_rate: 0.8 }] },
    'rate-typed',
    'workarounds[0].success_rate',
  ],
  [{ confidence: 0.9 }, 'rate-typed', 'confidence'],
  [{ evidence_count: 3 }, 'rate-typed', 'evidence_count'],
  [{ checks: [] }, 'check-missing', 'checks'],
  [{ dead_ends: [] }, 'dead-end-missing', 'dead_ends'],
  [
    { dead_ends: [{ ...GOOD.dead_ends[0], sources: ['a friend'] }] },
    'dead-end-unsourced',
    'dead_ends[0].sources',
  ],
  [{ dead_ends: [{ ...GOOD.dead_ends[0], fail_rate: 0.5 }] }, 'rate-typed', 'dead_ends[0].fail_rate'],
  [{ official_doc_url: null }, 'doc-missing', 'official_doc_url'],
  [{ sources: [] }, 'sources-missing', 'sources'],
  [{ regex: 'EBOOM: zorkd (?<host>\\S+)' }, 'code-missing', 'error_code'],
  [{ regex: 'bad (?<host>\\S+)|\\d+' }, 'pattern-without-literal', 'regex'],
  [{ regex: 'boom (?<host>\\S+)' }, 'literal-short', 'regex'],
  [{ regex: 'zorkd: boom on (?<host>\\S{1,900})' }, 'pattern-large', 'regex'],
  [{ wordings: [{ key: 'w', regex: '.*' }] }, 'pattern-without-literal', 'wordings[0].regex'],
  [
    { sequence: [{ regex: 'zorkd: boom on (?<host>\\S+)' }, { regex: 'x' }] },
    'pattern-without-literal',
    'sequence[1].regex',
  ],
  [
    { workarounds: [{ ...GOOD.workarounds[0], commands: ['do "{{host}}"'] }] },
    'placeholder-in-quotes',
    'workarounds[0].commands[0]',
  ],
  [
    { workarounds: [{ ...GOOD.workarounds[0], commands: ['do {{port}}'] }] },
    'placeholder-unknown',
    'workarounds[0].commands[0]',
  ],
  [{ groups: {} }, 'group-untyped', 'groups'],
  [
    { workarounds: [{ ...GOOD.workarounds[0], commands: ['do \x1b[1m'] }] },
    'value-refused',
    'workarounds[0].commands[0]',
  ],
];
test.each(OWED)('%j owes %s', (changes, code, field) => {
  const found = lintRecord(record(changes), { for: 'book', samples: SAMPLES });
  expect(found.map((i) => `${i.code} ${i.field}`)).toContain(`${code} ${field}`);
});

describe('samples', () => {
  test.each([
    [[], 'sample-missing'],
    [[SAMPLES[0]], 'near-miss-missing'],
    [[...SAMPLES, { name: 'match.nobody.debian12.log', text: '' }], 'sample-name'],
    [[...SAMPLES, { name: 'match.a.log', text: '' }], 'sample-name'],
  ])('%#', (samples, code) => {
    const found = lintRecord(record(), { for: 'book', samples: samples as typeof SAMPLES });
    expect(found.map((i) => i.code)).toContain(code);
  });
});

test('for local use a pattern, a sample and an action are enough', () => {
  const least = record({
    ...Object.fromEntries(Object.keys(GOOD).map((k) => [k, undefined])),
    id: GOOD.id,
    domain: 'test',
    origin: 'authored',
    signature: 's',
    regex: 'zorkd: boom',
    workarounds: [{ key: 'w', action: 'x' }],
  });
  expect(lintRecord(least, { for: 'local', samples: SAMPLES })).toEqual([]);
  expect(lintRecord({ ...least, regex: null, workarounds: [] }, { for: 'local' }).map((i) => i.code)).toEqual(
    ['pattern-missing', 'action-missing', 'sample-missing'],
  );
});

test.each([
  ['a {{x}} b', [['x', false]]],
  [
    "a '{{x}}' {{y}}",
    [
      ['x', true],
      ['y', false],
    ],
  ],
  ['a "b {{x}}"', [['x', true]]],
  ["a \\' {{x}}", [['x', false]]],
  ['a `b {{x}}`', [['x', true]]],
  ["a 'it\\' {{x}}", [['x', false]]],
  ['a {{Bad}} {x}', []],
])('placeholders of %s', (command, expected) => {
  expect(placeholdersOf(command).map((p) => [p.name, p.quoted])).toEqual(expected);
});

test('every code of the catalogue is used somewhere; the compiler sees to the other way round', () => {
  const folders = ['.', '../book', '../evidence', '../store', '../lab', '../cli'].map(
    (f) => new URL(`${f}/`, import.meta.url),
  );
  const sources = folders.flatMap((folder) =>
    readdirSync(folder)
      .filter((f) => f.endsWith('.ts') && !f.endsWith('.test.ts') && f !== 'codes.ts')
      .map((f) => readFileSync(new URL(f, folder), 'utf8')),
  );
  const unused = Object.keys(ISSUE_CODES).filter((code) => !sources.some((s) => s.includes(`'${code}'`)));
  expect(unused).toEqual([]);
});
