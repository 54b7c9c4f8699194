import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseRecord } from '../record/index.ts';
import {
  compareClaims,
  type Evidence,
  type EvidenceCell,
  flagsOf,
  lostClaims,
  parseEvidence,
  printEvidence,
  summarise,
  tierOf,
  verdictOf,
} from './index.ts';

const { record } = parseRecord({
  id: 'demo/x',
  signature: 'boom',
  regex: 'boom-boom',
  domain: 'demo',
  origin: 'authored',
  causes: [
    { key: 'a', title: 'a' },
    { key: 'b', title: 'b' },
  ],
  workarounds: [{ key: 'mend', action: 'mend', commands: ['mend'], for: ['a'] }],
  dead_ends: [{ key: 'pray', action: 'pray', commands: ['pray'], except: ['b'] }],
  checks: [
    {
      key: 'look',
      question: 'q',
      command: 'look',
      readings: [
        { key: 'is-a', exit: 0, means: ['a'] },
        { key: 'is-b', exit: 1, means: ['b'] },
      ],
    },
  ],
});
if (!record) throw new Error('broken');

const cell = (cause: string, action: string, outcome: string, env = 'e1'): EvidenceCell => ({
  cause,
  action,
  env,
  digest: '0123456789ab',
  n: 2,
  outcomes: { [outcome]: 2 },
  transcript: '0123456789abcdef',
});
const reading = (cause: string, key: string, env = 'e1'): EvidenceCell => ({
  cause,
  check: 'look',
  env,
  digest: '0123456789ab',
  n: 2,
  readings: { [key]: 2 },
  transcript: '0123456789abcdef',
});
const good = [
  cell('healthy', 'nothing', 'harmless'),
  cell('a', 'nothing', 'persists'),
  cell('a', 'mend', 'fixed'),
  cell('a', 'pray', 'persists'),
  reading('a', 'is-a'),
  cell('b', 'nothing', 'persists'),
  cell('b', 'mend', 'persists'),
  cell('b', 'pray', 'fixed'),
  reading('b', 'is-b'),
];
const evidence = (cells: EvidenceCell[]): Evidence => ({
  schema: 'evidence.v1',
  record: 'demo/x',
  date: '2026-01-01',
  environments: { e1: { suite: 'bookworm', packages: {}, probed: {} } },
  cells,
});
const replaced = (...cells: EvidenceCell[]) =>
  evidence([
    ...good.filter(
      (g) => !cells.some((c) => c.cause === g.cause && c.action === g.action && c.check === g.check),
    ),
    ...cells,
  ]);
const lost = (e: Evidence) =>
  compareClaims(record, e).flatMap((c) => (c.holds ? [] : [`${c.claim} × ${c.cause}`]));

describe('claims against cells', () => {
  test('all hold: proven, and where', () => {
    expect(lost(evidence(good))).toEqual([]);
    expect(tierOf(record, evidence(good))).toEqual({ tier: 'proven', environments: ['e1'], missing: [] });
  });
  test.each([
    ['a workaround that does not fix', replaced(cell('a', 'mend', 'persists')), ['action:mend × a']],
    ['a workaround that only masks', replaced(cell('a', 'mend', 'masked')), ['action:mend × a']],
    ['a dead end that fixes', replaced(cell('a', 'pray', 'fixed')), ['action:pray × a']],
    ['an exception that is none', replaced(cell('b', 'pray', 'persists')), ['action:pray × b']],
    ['a check that reads another cause', replaced(reading('a', 'is-b')), ['check:look × a']],
  ])('%s is lost', (_, e, claims) => {
    expect(lost(e)).toEqual(claims);
    expect(tierOf(record, e).tier).toBe('reproduced');
  });
  test('an action that one version lacks is no false claim; a dead end that helps anywhere is', () => {
    const both = (...cells: EvidenceCell[]): Evidence => {
      const e = replaced(...cells);
      const elsewhere = good.map((c) => ({ ...c, env: 'e2' }));
      return {
        ...e,
        environments: { ...e.environments, e2: { suite: 'trixie', packages: {}, probed: {} } },
        cells: [...e.cells, ...elsewhere],
      };
    };
    const keys = (e: Evidence) => lostClaims(record, e).map((c) => `${c.env} ${c.claim}`);
    expect(keys(both(cell('a', 'mend', 'rejected')))).toEqual([]);
    expect(keys(both(cell('a', 'pray', 'fixed')))).toEqual(['e1 action:pray']);
    expect(keys(replaced(cell('a', 'mend', 'rejected')))).toEqual(['e1 action:mend']);
  });
  test('flags: a lost claim, changed commands, older versions', () => {
    const flags = (e: Evidence) => flagsOf(summarise(record, e));
    expect(flags(evidence(good))).toEqual([]);
    expect(flags(replaced(cell('a', 'pray', 'fixed')))).toEqual(['contradicted']);
    const older = evidence(good);
    expect(
      flags({
        ...older,
        environments: { e1: { suite: 'bookworm', packages: {}, probed: {}, newer: { git: '3' } } },
      }),
    ).toEqual(['outdated']);
    const summary = summarise(record, older);
    expect(flagsOf(summary && { ...summary, stale: 3 })).toEqual(['stale']);
    expect(flagsOf(null)).toEqual([]);
  });
  test('where a restart alone fixes, a dead end that restarts gets no credit', () => {
    expect(lost(replaced(cell('a', 'pray', 'fixed'), cell('a', 'restart', 'fixed')))).toEqual([]);
  });
  test('a cause that was not seen, repeats that disagree, a missing control bar the tier', () => {
    const mixed: EvidenceCell = {
      ...cell('b', 'mend', 'persists'),
      outcomes: { persists: 3, fixed: 2 },
      n: 5,
    };
    expect(verdictOf(mixed)).toBe('mixed');
    for (const e of [
      replaced(cell('b', 'nothing', 'no_fault')),
      replaced(mixed),
      replaced(cell('healthy', 'nothing', 'breaks_healthy')),
    ]) {
      const { tier, missing } = tierOf(record, e);
      expect(tier).toBe('reproduced');
      expect(missing.length).toBeGreaterThan(0);
    }
  });
  describe('a dead end that was rejected', () => {
    const rejected = (cause: string, first_error: string): EvidenceCell => ({
      ...cell(cause, 'pray', 'rejected'),
      first_error,
    });
    const typo = 'it cannot be applied: it ended with status 127:';
    const without = (e: Evidence) => ({
      claims: compareClaims(plain, e).filter((c) => c.claim === 'action:pray'),
      tier: tierOf(plain, e),
    });
    const plain = { ...record, dead_ends: record.dead_ends.map((d) => ({ ...d, except: [] })) };
    const refused = { ...plain, dead_ends: plain.dead_ends.map((d) => ({ ...d, refused: true })) };
    const mended = cell('b', 'mend', 'fixed');

    test('everywhere was never tried: no claim is confirmed, and the record is not proven', () => {
      const healthy = cell('healthy', 'pray', 'harmless');
      const { claims, tier } = without(replaced(rejected('a', typo), rejected('b', typo), healthy, mended));
      expect(claims).toEqual([]);
      expect(tier).toMatchObject({
        tier: 'reproduced',
        missing: [expect.stringContaining('action:pray was never really done')],
      });
    });
    test('for one cause only: the other one is its evidence', () => {
      const { claims, tier } = without(replaced(rejected('a', typo), cell('b', 'pray', 'persists'), mended));
      expect(claims.map((c) => [c.cause, c.holds])).toEqual([['b', true]]);
      expect(tier.tier).toBe('proven');
    });
    test('that fixes what the record says it fixes is a lost claim', () => {
      expect(lost(replaced(rejected('b', typo)))).toEqual(['action:pray × b']);
    });
    test('and is said to be refused: that was seen, where the commands failed', () => {
      const e = replaced(rejected('a', typo), rejected('b', typo), mended);
      const claims = compareClaims(refused, e).filter((c) => c.claim === 'action:pray');
      expect(claims.map((c) => [c.cause, c.claimed, c.holds])).toEqual([
        ['a', 'is refused', true],
        ['b', 'is refused', true],
      ]);
      expect(tierOf(refused, e).tier).toBe('proven');
      const noEffect = 'line 7: it was done, but did not take effect (applied ended with status 1)';
      const odd = replaced(rejected('a', noEffect), rejected('b', typo), mended);
      expect(tierOf(refused, odd).tier).toBe('reproduced');
    });
  });
  test('nothing run, or nothing reproduced: claimed', () => {
    expect(tierOf(record, null).tier).toBe('claimed');
    expect(tierOf(record, evidence([cell('a', 'nothing', 'no_fault')])).tier).toBe('claimed');
  });
});

describe('evidence.json', () => {
  test('is read as it was written, one line a cell', () => {
    const text = printEvidence(evidence(good));
    expect(parseEvidence(text, 'evidence.json')).toEqual({ evidence: evidence(good), issues: [] });
    expect(text.split('\n').filter((l) => l.includes('"digest"'))).toHaveLength(good.length);
  });
  test.each([
    ['no JSON', '{'],
    ['an outcome without trials', printEvidence(replaced({ ...cell('a', 'mend', 'fixed'), n: 0 }))],
    ['a cell twice', printEvidence(evidence([...good, cell('a', 'mend', 'persists')]))],
    [
      'a cell of nothing',
      JSON.stringify(evidence([{ ...reading('a', 'is-a'), check: undefined } as EvidenceCell])),
    ],
    ['another schema', printEvidence({ ...evidence(good), schema: 'evidence.v9' as 'evidence.v1' })],
  ])('%s is refused with its place', (_, text) => {
    const { evidence: read, issues } = parseEvidence(text, 'evidence.json');
    expect(read).toBeNull();
    expect(issues).toEqual([expect.objectContaining({ code: 'evidence-invalid', severity: 'error' })]);
  });
  test('never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        parseEvidence(text, 'x');
      }),
    );
  });
});
