/** What reports come to: one reporter one voice, release lines, shares that the survey outweighs, transitions. */
import { describe, expect, test } from 'vitest';
import { type FaultRecord, parseRecord } from '../record/index.ts';
import { casesFor, fieldCases, fieldFigures, fieldTransitions, fieldWeights } from './field.ts';
import { checkReport, type KeptReport, parseReport } from './report.ts';
import { surveyOf, weightsOf } from './shares.ts';
import type { EvidenceSummary } from './summary.ts';
import type { WorldTable } from './worlds.ts';

const thread = (cause: string, n: number) =>
  Array.from({ length: n }, (_, i) => ({
    url: `https://example.org/${cause}/${i}`,
    cause,
    basis: 'confirmed',
    note: '',
  }));
const parsed = parseRecord(
  JSON.stringify({
    id: 'web/broken',
    title: 'broken',
    signature: 'it is broken',
    regex: 'it is broken',
    domain: 'web',
    origin: 'authored',
    causes: ['left', 'right', 'middle'].map((key) => ({ key, title: key })),
    workarounds: [
      { key: 'turn-left', action: 'turn left', commands: ['left'], for: ['left'] },
      { key: 'turn-right', action: 'turn right', commands: ['right'], for: ['right'] },
      { key: 'turn', action: 'turn', commands: ['turn'], for: ['left', 'right'] },
    ],
    dead_ends: [{ key: 'shout', action: 'shout', commands: ['shout'] }],
    checks: [
      {
        key: 'look',
        question: 'where?',
        command: 'look',
        readings: [
          { key: 'there', regex: 'there', means: ['middle'] },
          { key: 'aside', regex: 'aside', means: ['left', 'right'] },
        ],
      },
    ],
    survey: {
      queries: ['broken'],
      date: '2026-11-01',
      limit: 30,
      cases: [...thread('left', 2), ...thread('right', 6)],
    },
  }),
);
const record = parsed.record as FaultRecord;
const measured = (versions: readonly string[]): EvidenceSummary => ({
  tier: 'proven',
  environments: [],
  date: '2026-11-01',
  trials: 1,
  repeats: 1,
  measured: versions.map((v) => ({ name: `web${v}`, suite: 'bookworm', versions: { web: v } })),
  table: null,
  leads_to: [],
  lost: [],
  outdated: [],
});
const summary = measured(['1.0', '2.0']);
const report = (over: Partial<KeptReport> = {}): KeptReport => ({
  id: 'x',
  at: '2026-11-30T20:00:00Z',
  reporter: 'install-a',
  kind: 'reported',
  record: 'web/broken',
  action: 'turn-left',
  outcome: 'fixed',
  environment: {},
  readings: {},
  moved_to: null,
  note: null,
  ...over,
});
const cases = (...reports: readonly Partial<KeptReport>[]) =>
  fieldCases(
    record,
    summary,
    reports.map((r) => report(r)),
  );

test('the record of these tests is sound', () =>
  expect(parsed.issues.filter((i) => i.severity === 'error')).toEqual([]));

describe('cases', () => {
  test('ten thousand reports of one reporter are one case, the last', () => {
    const all = Array.from({ length: 10_000 }, (_, i) => ({ note: `${i}`, outcome: 'fixed' as const }));
    const figures = fieldFigures(cases(...all, { outcome: 'persists' }), 'turn-left');
    expect(figures).toMatchObject({ fixed: 0, of: 1, reporters: 1 });
  });
  test('made-up versions make no new cases', () => {
    const all = Array.from({ length: 500 }, (_, i) => ({ environment: { web: `7.${i}` } }));
    expect(cases(...all)).toHaveLength(1);
  });
  test('by release line: 1.0.7 is of the line of 1.0, 7.1 of no measured one', () => {
    const figures = fieldFigures(
      cases(
        { environment: { web: '1.0.7' } },
        { environment: { web: '2.0' }, outcome: 'persists' },
        { environment: { web: '7.1' } },
        {},
      ),
      'turn-left',
    );
    expect(figures).toEqual({
      fixed: 3,
      of: 4,
      reporters: 1,
      observed: { fixed: 0, of: 0 },
      lines: [
        { line: 'other', fixed: 1, of: 1 },
        { line: 'unknown', fixed: 1, of: 1 },
        { line: 'web1.0', fixed: 1, of: 1 },
        { line: 'web2.0', fixed: 0, of: 1 },
      ],
    });
  });
  test('a reader whose line was measured hears of his own', () => {
    const all = cases({ environment: { web: '1.0' } }, { environment: { web: '2.0' } }, {});
    expect(casesFor(all, summary, { web: '2.0.1' }).map((c) => c.line)).toEqual(['web2.0']);
    expect(casesFor(all, summary, { web: '9' })).toHaveLength(3);
    expect(casesFor(all, summary, {})).toHaveLength(3);
  });
  test('what a hook saw is counted apart, and never above what somebody says', () => {
    const said = cases({ outcome: 'persists' }, { kind: 'observed', outcome: 'fixed' });
    expect(fieldFigures(said, 'turn-left')).toMatchObject({ fixed: 0, of: 1, observed: { of: 0 } });
    const seen = cases({ kind: 'observed', outcome: 'fixed' });
    expect(fieldFigures(seen, 'turn-left')).toMatchObject({ of: 0, observed: { fixed: 1, of: 1 } });
    expect(seen[0]?.cause).toBeNull();
  });
  test('reports on other records and on actions that the record has not are nothing', () => {
    expect(cases({ record: 'web/other' }, { action: 'restart' }, { action: 'zorkmid' })).toEqual([]);
  });
});

describe('the one cause that a case names', () => {
  const causes = (over: Partial<KeptReport>) => cases(over)[0]?.cause;
  test.each([
    ['a fix for one cause', { action: 'turn-left' }, 'left'],
    ['a fix for two', { action: 'turn' }, null],
    ['no fix, no reading', { action: 'turn-left', outcome: 'persists' }, null],
    ['a reading that one cause has', { outcome: 'persists', readings: { look: 'there' } }, 'middle'],
    ['a reading that two have', { outcome: 'persists', readings: { look: 'aside' } }, null],
    ['two together leave one', { action: 'turn-right', readings: { look: 'aside' } }, 'right'],
    ['a reading that the fix contradicts', { action: 'turn-left', readings: { look: 'there' } }, null],
  ] as const)('%s', (_, over, cause) => expect(causes(over)).toBe(cause));
  test('where the lab measured, its cells say what the fix repairs, not the author', () => {
    const table: WorldTable = {
      actions: ['turn-left'],
      checks: [],
      observations: [
        { seen: 'fixed', undone: true, repairs: true },
        { seen: 'persists', undone: true, repairs: false },
      ],
      worlds: [
        { cause: 'left', env: 'web1.0', row: 'b' },
        { cause: 'right', env: 'web1.0', row: 'a' },
      ],
      healthy: [],
      absent: [],
    };
    const [named] = fieldCases(record, { ...summary, table }, [report()]);
    expect(named?.cause).toBe('right');
  });
});

describe('shares', () => {
  const counted = surveyOf(record)?.counted as number;
  const total = (weights: ReadonlyMap<string, number>) => [...weights.values()].reduce((a, b) => a + b, 0);
  const reporters = (n: number, over: Partial<KeptReport> = {}) =>
    cases(...Array.from({ length: n }, (_, i) => ({ reporter: `r${i}`, ...over })));
  test('a reporter weighs half a thread, however much he says', () => {
    expect(fieldWeights(record, reporters(1))).toEqual(new Map([['left', 0.5]]));
    const many = cases(
      { action: 'turn-left' },
      { action: 'turn-left', environment: { web: '1.0' } },
      { action: 'turn-left', environment: { web: '2.0' } },
      { action: 'turn-right' },
    );
    expect(fieldWeights(record, many)).toEqual(
      new Map([
        ['left', 0.375],
        ['right', 0.125],
      ]),
    );
  });
  test('all reporters together never weigh more than half the survey', () => {
    for (const n of [1, 4, 8, 9, 100, 5000])
      expect(total(fieldWeights(record, reporters(n)))).toBeLessThanOrEqual(counted / 2 + 1e-9);
    expect(total(fieldWeights(record, reporters(5000)))).toBeCloseTo(counted / 2);
  });
  test('one token with ten thousand reports against three honest reporters', () => {
    const honest = ['a', 'b', 'c'].map((reporter) => ({ reporter, action: 'turn-right' }));
    const flood = Array.from({ length: 10_000 }, (_, i) => ({
      reporter: 'token-x',
      note: `${i}`,
      environment: { web: `${i % 50}.${i % 7}` },
    }));
    const shareOf = (all: ReturnType<typeof cases>) => {
      const weights = weightsOf(record, fieldWeights(record, all));
      return (weights.get('left') as number) / total(weights);
    };
    const moved = shareOf(cases(...honest, ...flood)) - shareOf(cases(...honest));
    expect(moved).toBeGreaterThan(0);
    expect(moved).toBeLessThan(0.05);
  });
  test('without a survey reports make no share; without reports nothing changes', () => {
    const { survey: _, ...rest } = record;
    expect(fieldWeights({ ...rest, survey: null }, reporters(9)).size).toBe(0);
    expect(weightsOf(record, new Map())).toEqual(weightsOf(record));
    expect(surveyOf(record)?.counted).toBe(8);
  });
});

describe('transitions', () => {
  const at = (minutes: number) =>
    new Date(Date.UTC(2026, 10, 30, 12, minutes)).toISOString().replace('.000', '');
  const edges = (...reports: readonly Partial<KeptReport>[]) =>
    fieldTransitions(reports.map((r) => report(r))).map((t) => `${t.from} ${t.to} ${t.reporters}`);
  test('said, or followed by the same reporter’s next report within the hour', () => {
    expect(edges({ outcome: 'moved', moved_to: 'web/next' })).toEqual(['web/broken web/next 1']);
    expect(edges({ outcome: 'moved', at: at(0) }, { record: 'web/next', at: at(59) })).toEqual([
      'web/broken web/next 1',
    ]);
  });
  test.each([
    [
      'too late',
      [
        { outcome: 'moved', at: at(0) },
        { record: 'web/next', at: at(61) },
      ],
    ],
    [
      'not moved',
      [
        { outcome: 'persists', at: at(0) },
        { record: 'web/next', at: at(1) },
      ],
    ],
    [
      'somebody else',
      [
        { outcome: 'moved', at: at(0) },
        { record: 'web/next', at: at(1), reporter: 'b' },
      ],
    ],
    ['the same record', [{ outcome: 'moved', at: at(0) }, { at: at(1) }]],
    [
      'backwards in time',
      [
        { outcome: 'moved', at: at(9) },
        { record: 'web/next', at: at(1) },
      ],
    ],
  ] as const)('none: %s', (_, reports) => expect(edges(...reports)).toEqual([]));
  test('a reporter counts once', () => {
    const moved = { outcome: 'moved', moved_to: 'web/next' } as const;
    expect(edges(moved, moved, { ...moved, reporter: 'b' })).toEqual(['web/broken web/next 2']);
  });
});

describe('a report is read strictly', () => {
  const read = (over: object) =>
    checkReport([record], { record: 'web/broken', action: 'turn-left', outcome: 'fixed', ...over });
  test.each([
    [{ record: 'web/brokn' }, 'record', ['web/broken']],
    [{ action: 'turn-lef' }, 'action', ['turn-left']],
    [{ outcome: 'fixd' }, 'outcome', ['fixed']],
    [{ readings: { lok: 'there' } }, 'readings', ['look']],
    [{ readings: { look: 'their' } }, 'readings', ['there']],
    [{ outcome: 'moved', moved_to: 'web/brokenn' }, 'moved_to', ['web/broken']],
    [{ outcome: 'fixed', moved_to: 'web/broken' }, 'moved_to', ['moved']],
  ])('%j', (over, field, near) => {
    const { report: value, problems } = read(over);
    expect(value).toBeNull();
    expect(problems).toMatchObject([{ field, near }]);
    expect(problems[0]?.problem).toMatch(/\S/);
  });
  test('all that is wrong is said at once; what is far from everything gets the list', () => {
    expect(
      read({ action: 'zzzz', outcome: 'qqqq' })
        .problems.map((p) => p.field)
        .sort(),
    ).toEqual(['action', 'outcome']);
    expect(read({ outcome: 'qqqq' }).problems[0]?.problem).toContain(
      'fixed, persists, moved, masked, rejected',
    );
  });
  test('placebos are actions; a reporter in the body is nobody', () => {
    expect(read({ action: 'restart' }).report?.action).toBe('restart');
    expect(read({ reporter: 'install-0000000000000000' }).report).not.toHaveProperty('reporter');
  });
  test('versions that are none are left out', () => {
    const { report: value } = read({
      environment: { web: '1.0', 'a b': '1', x: '$(id)', y: 'v'.repeat(99) },
    });
    expect(value?.environment).toEqual({ web: '1.0' });
  });
  test('what is kept is read again as it was; what has not its form is none', () => {
    const { report: value } = read({ readings: { look: 'there' }, note: 'n', environment: { web: '1' } });
    expect(parseReport(JSON.parse(JSON.stringify(value)))).toEqual(value);
    for (const wrong of [
      null,
      7,
      [],
      {},
      { ...value, record: '../../x' },
      { ...value, action: 'A B' },
      { ...value, outcome: 'won' },
      { ...value, kind: 'dreamt' },
    ])
      expect(parseReport(wrong)).toBeNull();
    expect(parseReport(JSON.parse('{"__proto__":{"record":"web/broken"}}'))).toBeNull();
  });
});
