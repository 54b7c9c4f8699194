/** Records in other people's formats: small ones of our own making, hostile ones, any. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseDocument, YAMLParseError } from 'yaml';
import { compileBook, matchText } from '../book/index.ts';
import { type Issue, parseRecord, parseRecords, RECORD_LIMITS } from './index.ts';

const NESTED = {
  schema_version: '1.0.0',
  id: 'zork/grue-ate-config/zork3-linux',
  url: 'https://example.org/zork/grue-ate-config/zork3-linux',
  error: {
    signature: 'zork: grue ate the config at cave 12',
    regex: '(?i)grue ate the config at cave \\d+\\Z',
    domain: 'zork',
    category: 'config_error',
    first_seen: '2024-01-02',
    last_confirmed: '2024-02-03',
  },
  environment: {
    runtime: { name: 'zork', version_range: '>=3.0' },
    os: 'linux',
    hardware: { lamp: 'brass' },
  },
  verdict: {
    resolvable: 'partial',
    fix_success_rate: 0.8,
    confidence: 0.9,
    last_updated: '2024-02-03',
    summary: 'The lamp was off.',
  },
  dead_ends: [
    {
      action: 'Read the config again',
      why_fails: 'It is eaten.',
      fail_rate: 0.95,
      common_misconception: 'Grues only bite.',
      sources: ['https://example.org/thread'],
      condition: '',
    },
  ],
  workarounds: [
    { action: 'Light the lamp', success_rate: 0.9, how: 'turn on lamp', tradeoff: 'Needs oil.', sources: [] },
  ],
  transition_graph: {
    leads_to: [{ error_id: 'zork/dark/zork3-linux', probability: 0.4 }],
    preceded_by: [],
    frequently_confused_with: [],
  },
  metadata: {
    generated_by: 'a script',
    generation_date: '2024-02-03',
    review_status: 'auto_generated',
    evidence_count: 3,
    page_views: 17,
  },
};

const RULE = `rules:
  - metadata: {kind: zork, id: 7Zz, gen: 2}
    cre:
      id: CRE-1977-0001
      severity: 1
      title: The troll blocks the bridge
      category: bridge-problem
      description: The troll stands on the bridge.
      cause: Nobody paid.
      impact: Nobody crosses.
      mitigation: Pay the troll.
      tags: [troll, bridge]
      references: ["https://example.org/troll"]
      applications:
        - name: zork
          version: 3.10
    rule:
      set:
        event: {source: cre.log.zork}
        match:
`;
const rule = (condition: string) => `${RULE}${condition.replace(/^/gm, '          ')}\n`;
const codes = (issues: readonly Issue[]) => issues.map((i) => `${i.severity} ${i.code} ${i.field}`);

describe('a nested ErrorCanon document', () => {
  const { records, issues, found } = parseRecords(JSON.stringify(NESTED), { file: 'grue.json' });
  const record = records[0]?.record;
  test('is read, marked as generated, its rates kept as claims', () => {
    expect(found).toBe(1);
    expect(record).toMatchObject({
      id: 'zork/grue-ate-config/zork3-linux',
      origin: 'generated',
      signature: NESTED.error.signature,
      regex: 'grue ate the config at cave \\d+\\z',
      ignore_case: true,
      category: 'config_error',
      root_cause: 'The lamp was off.',
      resolvable: 'partial',
      confidence: 0.9,
      fix_success_rate: 0.8,
      evidence_count: 3,
      os_specific: { os: 'linux', hardware: { lamp: 'brass' } },
      versions: [{ version: 'zork >=3.0' }],
      sources: [NESTED.url],
    });
    expect(record?.dead_ends[0]).toMatchObject({
      key: 'read-the-config-again',
      why_fails: 'It is eaten.\nOften believed: Grues only bite.',
      fail_rate: 0.95,
    });
    expect(record?.workarounds[0]).toMatchObject({
      how: 'turn on lamp\nTrade-off: Needs oil.',
      success_rate: 0.9,
    });
  });
  test('and what was done to it is said', () => {
    expect(codes(issues)).toEqual([
      'warning text-moved dead_ends[].common_misconception',
      'warning text-moved workarounds[].tradeoff',
      'warning pattern-translated regex',
      'warning resolvable-text resolvable',
      'warning rate-claimed confidence, fix_success_rate, dead_ends[].fail_rate, workarounds[].success_rate',
      'warning key-derived dead_ends[].key',
      'warning key-derived workarounds[].key',
    ]);
  });
  test('claims nothing by saying so', () => {
    const parts = {
      origin: 'authored',
      evidence: {},
      metadata: { review_status: 'community_verified', extra: 1 },
    };
    const read = parseRecord({ ...NESTED, ...parts });
    expect(read.record).toMatchObject({ origin: 'imported' });
    expect(codes(read.issues)).toContain('warning key-unknown metadata.extra');
  });
  test.each([
    ['error of another type', { error: 7 }, 'error signature-missing signature'],
    ['verdict of another type', { verdict: [] }, 'warning key-unknown verdict'],
    [
      'a pattern with look-ahead',
      { error: { ...NESTED.error, regex: '(?=grue)' } },
      'warning pattern-refused regex',
    ],
    ['an id that climbs', { id: 'zork/../../etc' }, 'error id-refused id'],
    ['endless text', { verdict: { summary: 'x'.repeat(30_000) } }, 'warning value-refused root_cause'],
  ])('%s', (_, changes, issue) => {
    expect(codes(parseRecord({ ...NESTED, ...changes }).issues)).toContain(issue);
  });
});

describe('a CRE rule', () => {
  test('of a text that the line holds is that text, case and spaces kept', () => {
    const { records, issues } = parseRecords(rule('- value: "Troll (II) says [no] "'), {
      file: 'troll.yaml',
    });
    const record = records[0]?.record;
    expect(record).toMatchObject({
      id: 'zork/cre-1977-0001',
      origin: 'imported',
      title: 'The troll blocks the bridge',
      signature: 'Troll (II) says [no]',
      regex: 'Troll \\(II\\) says \\[no\\] ',
      ignore_case: false,
      root_cause: 'The troll stands on the bridge.\n\nNobody paid.\n\nImpact: Nobody crosses.',
      versions: [{ version: 'zork 3.10' }],
      tags: ['troll', 'bridge'],
      sources: ['https://example.org/troll'],
      workarounds: [expect.objectContaining({ key: 'mitigation', action: 'Pay the troll.' })],
    });
    expect(codes(issues)).toEqual(['warning id-changed id']);
    const { book } = compileBook(records);
    expect(matchText(book, 'x Troll (II) says [no] y')).toHaveLength(1);
    expect(matchText(book, 'x troll (ii) says [no] y')).toEqual([]);
    expect(matchText(book, 'x Troll (III) says [no] y')).toEqual([]);
  });
  test.each([
    ['- "plain troll text"', 'plain troll text', 'plain troll text'],
    ['- {value: 4040404}', '4040404', '4040404'],
    ["- regex: 'troll (.+) asks \\d+ coins'", 'troll (.+) asks \\d+ coins', 'troll … asks 0 coins'],
    ["- regex: '(?i)troll'", '[Tt][Rr][Oo][Ll][Ll]', 'Troll'],
    ['- {value: troll toll, count: 1}', 'troll toll', 'troll toll'],
  ])('%s', (condition, regex, signature) => {
    const { records } = parseRecords(rule(condition));
    expect(records[0]?.record).toMatchObject({ regex });
    expect(records[0]?.record.signature.toLowerCase()).toBe(signature.toLowerCase());
  });
  /** What a record cannot say is refused with the reason. */
  test.each([
    ['- value: troll\n- value: bridge', /2 conditions.*any order/],
    ['- {value: troll, count: 3}', /logged 3 times/],
    ["- jq: '.kind == 1'", /jq/],
    ['- {field: msg, value: troll}', /one field/],
    ['- promql: {expr: up}', /metrics/],
    ['- set: {match: [troll]}', /rule of its own/],
    ['- {value: troll, extract: [{name: n, regex: x}]}', /extract/],
    ["- regex: 'troll\\pL'", /Unicode/],
    ["- regex: '(?U)troll'", /flag/],
    ['- value: "one\\ntwo"', /line break/],
    ['- value: abc', /4 characters/],
    ["- regex: '\\d+'", /4 characters/],
    ['- {}', /text/],
    ['- [troll]', /no text/],
    ['- {value: {a: b}}', /text/],
  ])('%s is refused', (condition, why) => {
    const { records, issues, found } = parseRecords(rule(condition));
    expect([records, found]).toEqual([[], 1]);
    expect(issues).toMatchObject([
      { severity: 'error', code: 'rule-refused', problem: expect.stringMatching(why) },
    ]);
    expect(issues[0]?.field).toMatch(/^rule\.set/);
  });
  test.each([
    ['negate: [closed]', /same moment/],
    ['correlations: [hostname]', /several places/],
    ['negate: []', null],
    ['window: 5s', null],
  ])('beside %s', (line, why) => {
    const { records, issues } = parseRecords(`${rule('- value: troll toll')}        ${line}\n`);
    if (why === null) expect(records).toHaveLength(1);
    else expect(issues).toMatchObject([{ code: 'rule-refused', problem: expect.stringMatching(why) }]);
  });
  test('of a sequence, of both kinds, of another source, or of nothing is refused', () => {
    const bodies: [string, RegExp][] = [
      [
        '{sequence: {window: 5s, event: {source: cre.log.zork}, order: [troll, toll]}}',
        /one after the other within 5s/,
      ],
      ['{set: {match: [troll]}, sequence: {order: [a, b]}}', /set and sequence/],
      ['{set: {event: {source: cre.config.zork}, match: [troll toll]}}', /no log/],
      ['{set: {match: []}}', /no match/],
      ['{}', /empty/],
    ];
    for (const [body, why] of bodies) {
      const { issues } = parseRecords(`rules: [{cre: {id: CRE-1}, rule: ${body}}]`);
      expect(issues).toMatchObject([{ code: 'rule-refused', problem: expect.stringMatching(why) }]);
    }
  });
  test('finds named conditions in its file', () => {
    const text = `${rule('- value: toll')}---\nrules: []\nterms:\n  toll:\n    regex: troll.toll\n`;
    expect(parseRecords(text).records[0]?.record.regex).toBe('troll.toll');
  });
  test('is one of several in a file, each named by its place', () => {
    const two = `${rule('- value: troll toll')}${rule('- value: grue bite').replace('rules:\n', '').replace('0001', '0002')}`;
    expect(parseRecords(two, { file: 'f.yaml' }).records.map((r) => [r.file, r.record.id])).toEqual([
      ['f.yaml[0]', 'zork/cre-1977-0001'],
      ['f.yaml[1]', 'zork/cre-1977-0002'],
    ]);
    expect(
      parseRecords(`${rule('- value: troll toll')}---\n${rule('- value: grue bite')}`).records,
    ).toHaveLength(2);
  });
  test('may be JSON', () => {
    const value = { rules: [{ cre: { id: 'CRE-1' }, rule: { set: { match: [{ value: 'troll toll' }] } } }] };
    expect(parseRecords(JSON.stringify(value)).records[0]?.record.id).toBe('cre/cre-1');
    expect(parseRecord(value).record?.id).toBe('cre/cre-1');
    expect(codes(parseRecord({ rules: [...value.rules, ...value.rules] }).issues)).toEqual([
      'error not-a-record rules',
    ]);
  });
  test('with an id that leads away, or none, is refused', () => {
    const given = rule('- value: troll toll');
    for (const [id, code] of [
      ['"../../../etc/cron.d/x"', 'id-refused'],
      ['""', 'id-missing'],
      ['[]', 'id-missing'],
    ]) {
      const { records, issues } = parseRecords(given.replace('CRE-1977-0001', id as string));
      expect(records).toEqual([]);
      expect(issues.map((i) => i.code)).toEqual([code]);
    }
    const climbing = given.replace('cre.log.zork', 'cre.log.../../../etc');
    for (const { record } of parseRecords(climbing).records)
      expect(record.id).toMatch(/^[a-z0-9-]+\/cre-1977-0001$/);
  });
});

describe('several records in one text', () => {
  const flat = (n: number) => ({ id: `zork/n${n}`, signature: `zork number ${n} failed badly` });
  test('a list', () => {
    const { records, found, issues } = parseRecords(JSON.stringify([flat(1), NESTED, 7, flat(2)]), {
      file: 'l',
    });
    expect(records.map((r) => r.file)).toEqual(['l[0]', 'l[1]', 'l[3]']);
    expect([found, issues.filter((i) => i.severity === 'error').map((i) => i.file)]).toEqual([4, ['l[2]']]);
  });
  test('NDJSON', () => {
    const text = `${JSON.stringify(flat(1))}\n\n${JSON.stringify(NESTED)}\n{"id": broken}\n`;
    const { records, issues } = parseRecords(text, { file: 'l' });
    expect(records.map((r) => r.file)).toEqual(['l:1', 'l:3']);
    expect(issues.filter((i) => i.severity === 'error')).toMatchObject([
      { file: 'l:4', code: 'json-invalid' },
    ]);
  });
  test('more than a file may hold are cut, and counted', () => {
    const many = Array.from(
      { length: RECORD_LIMITS.maxRecordsOfFile + 5 },
      (_, i) => `{"id":"z/${i}","signature":""}`,
    );
    const { found, issues } = parseRecords(many.join('\n'));
    expect(found).toBe(many.length);
    expect(issues.at(-1)).toMatchObject({
      code: 'records-too-many',
      problem: expect.stringContaining('5 records'),
    });
  });
  test.each([
    ['an empty text', ''],
    ['prose', 'no rules: here\n'],
    ['JSON of something else', '{"name": "zork", "id": 7}'],
    ['a list of something else', '[{"signature": "x"}]'],
    ['lines of something else', '{"level":"info"}\n{"level":"warn"}\n'],
    ['YAML of something else', 'rules:\n- apiGroups: [""]\n  resources: [pods]\n'],
  ])('%s holds none, and says so', (_, text) => {
    const { records, found, issues } = parseRecords(text);
    expect([records, found, issues.map((i) => i.code)]).toEqual([[], 0, ['not-a-record']]);
  });
});

describe('hostile YAML', () => {
  const hostile: [string, string, RegExp][] = [
    ['aliases that multiply', `a: &a [x,x]\nb: &b [*a,*a]\n${RULE}          - *b\n`, /alias/],
    ['a tag', rule('- !!js/function "x"'), /tag/i],
    ['a known tag', rule('- !!binary aGVsbG8='), /tag/i],
    ['a key that stands twice', rule('- {value: one two, value: three}'), /"value" stands twice/],
    ['lists without end', `${RULE}          ${'- '.repeat(100_000)}x`, /nested too deeply/],
    ['brackets without end', `${RULE}          ${'['.repeat(100_000)}`, /nested too deeply/],
    [
      'indentation without end',
      `${RULE}${Array.from({ length: 900 }, (_, i) => `${' '.repeat(10 + i)}- a:`).join('\n')}`,
      /nested too deeply/,
    ],
    [
      'keys on one line, many of them',
      rule(`- {value: troll toll, ${Array.from({ length: 60 }, (_, i) => `k${i}: 1`).join(', ')}, k1: 2}`),
      /"k1" stands twice/,
    ],
    ['questions without end', `${RULE}          ${'? '.repeat(100_000)}`, /nested too deeply/],
    ['an open quote', rule('- "never closed'), /quote/i],
    ['a tab for indentation', `${RULE}\t\t- x: y\n`, /tab/i],
    [
      'thousands of documents',
      `${rule('- value: troll toll')}${'---\nrules: [x]\n'.repeat(1_100)}`,
      /documents/,
    ],
  ];
  test.each(hostile)('%s', (_, text, why) => {
    const { records, issues, found } = parseRecords(text, { file: 'h.yaml' });
    expect([records, found]).toEqual([[], 1]);
    expect(issues).toMatchObject([
      { file: 'h.yaml', code: 'yaml-invalid', problem: expect.stringMatching(why) },
    ]);
    expect(issues[0]?.problem).toMatch(/^line \d+: /);
  });
  test('of a flood of errors one is made: collecting them all takes half a minute for a megabyte', () => {
    // The parser's errors set their name when they are made: counted there, whatever the machine has to do besides.
    let made = 0;
    const own = Object.getOwnPropertyDescriptor(YAMLParseError.prototype, 'name');
    const count = () => void made++;
    Object.defineProperty(YAMLParseError.prototype, 'name', { configurable: true, set: count });
    try {
      for (const flood of [',', '{}', '"a"\n', '! ', '\\x', '- }\n']) {
        const text = `${RULE}          [${flood.repeat(Math.floor(100_000 / flood.length))}`;
        expect(parseRecords(text).issues.map((i) => i.code)).toEqual(['yaml-invalid']);
      }
      expect(made).toBeLessThanOrEqual(6);
      made = 0;
      parseDocument('[,,,');
      expect(made).toBeGreaterThan(2);
    } finally {
      if (own) Object.defineProperty(YAMLParseError.prototype, 'name', own);
      else delete (YAMLParseError.prototype as { name?: unknown }).name;
    }
  });
  test('the line of the fault is named', () => {
    expect(parseRecords(rule('- &a one\n- *a')).issues[0]?.problem).toMatch(/^line 22: /);
  });
  test('a megabyte and more is refused unread', () => {
    const text = rule(`- value: ${'x'.repeat(RECORD_LIMITS.maxFileBytes)}`);
    expect(parseRecords(text).issues.map((i) => i.code)).toEqual(['file-too-large']);
  });
  test('prototype keys, merge keys and NUL do nothing but be unknown', () => {
    const text = rule('- value: troll toll').replace(
      '      severity: 1',
      '      __proto__: {polluted: 1}\n      <<: {title: merged}\n      "nu\\0l": 1\n      constructor: {x: 1}',
    );
    const { records, issues } = parseRecords(text);
    expect(records[0]?.record.title).toBe('The troll blocks the bridge');
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
    expect(issues.filter((i) => i.code === 'key-unknown')).toHaveLength(4);
  });
});

describe('properties', () => {
  const json = fc.jsonValue({ maxDepth: 4 });
  const mangledNested = fc
    .array(fc.tuple(fc.constantFrom(...Object.keys(NESTED), 'origin', 'rules', 'causes'), json), {
      maxLength: 4,
    })
    .map((changes) => JSON.stringify({ ...NESTED, ...Object.fromEntries(changes) }));
  const mangledRule = fc
    .tuple(
      fc.nat(RULE.length),
      fc.nat(40),
      fc.string({ unit: fc.constantFrom(...'- :{}[]"\'\n&*!?|>#a0~<%@`\t') }),
    )
    .map(([at, gone, put]) => {
      const whole = rule('- value: troll toll');
      return whole.slice(0, at) + put + whole.slice(at + gone);
    });
  const anything = fc.oneof(
    mangledNested,
    mangledRule,
    fc.string().map((s) => `rules:\n- cre: ${s}`),
    fc.string(),
    json.map((v) => JSON.stringify(v)),
  );
  test('no text makes the reader throw; what is taken compiles, and is read again as it was written', () => {
    let taken = 0;
    fc.assert(
      fc.property(anything, (text) => {
        const { records, issues, found } = parseRecords(text, { file: 'f' });
        expect(records.length).toBeLessThanOrEqual(found);
        if (records.length < found || found === 0)
          expect(issues.some((i) => i.severity === 'error')).toBe(true);
        for (const i of issues)
          for (const said of [i.file, i.problem, i.why, i.remedy]) expect(said).not.toBe('');
        for (const { record } of records) {
          taken++;
          const written = JSON.stringify(record);
          const again = parseRecords(written);
          expect(JSON.stringify(again.records[0]?.record)).toBe(written);
          expect(
            compileBook(records).issues.filter((i) => i.code === 'pattern-refused' && i.field === 'regex'),
          ).toEqual([]);
        }
      }),
      { numRuns: 1500 },
    );
    expect(taken).toBeGreaterThan(200);
  });
});
