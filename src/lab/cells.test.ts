import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Evidence, EvidenceCell } from '../evidence/index.ts';
import { parseRecord } from '../record/index.ts';
import {
  blocksFor,
  type CellKey,
  callerOf,
  cellsOf,
  digestOf,
  fillValues,
  olderDigestOf,
  valueNamesOf,
  valuesFor,
} from './cells.ts';
import { compilePage } from './page.ts';
import { HEALTHY, type Plan } from './plan.ts';
import { staleCells } from './prove.ts';

const RECORD = {
  id: 'web/boom',
  domain: 'web',
  origin: 'authored',
  title: 'It booms',
  signature: 'boom 7',
  regex: 'boom (?<n>\\d+)',
  groups: { n: 'number' },
  causes: [
    { key: 'a', title: 'A' },
    { key: 'b', title: 'B' },
  ],
  workarounds: [
    { key: 'mend', action: 'Mend it', commands: ['mend <site-file> {{n}}'] },
    { key: 'wait', action: 'Wait', commands: ['sleep 1'] },
  ],
  dead_ends: [{ key: 'kick', action: 'Kick it', commands: ['kick'] }],
  checks: [{ key: 'look', question: 'What?', command: 'cat <log>', readings: [{ key: 'no', exit: 1 }] }],
};
const PAGE = `---
needs: [debian:nginx, debian:curl]
environments: {new: {suite: trixie}, old: {suite: bullseye, values: {log: /old}}}
values: {site-file: /etc/site, log: /new, n: 1}
---
A page.
\`\`\`service web 80
web
\`\`\`
\`\`\`attempt
curl localhost
\`\`\`
### On: old
\`\`\`run
only old
\`\`\`
## Cause: a — the first
\`\`\`run
break a
\`\`\`
## Cause: b
### On: new
\`\`\`run
break b
\`\`\`
## Action: mend
### For: a
\`\`\`values
site-file=/a
\`\`\`
\`\`\`env
FOR=a
\`\`\`
### For: others
## Action: kick
\`\`\`applied
kicked
\`\`\`
## Check: look
\`\`\`values
log=/b
\`\`\`
`;
function planOf(page: string, record: Record<string, unknown> = RECORD): Plan {
  const parsed = parseRecord(record).record;
  if (!parsed) throw new Error('no record');
  const { plan, issues } = compilePage(page, parsed, 'lab.md');
  expect(issues).toEqual([]);
  return plan as Plan;
}
const PLAN = planOf(PAGE);
const nameOf = ({ env, cause, kind, key }: CellKey) => `${env}/${cause}/${kind === 'check' ? '?' : ''}${key}`;
const digests = (plan: Plan) => new Map(cellsOf(plan).map((c) => [nameOf(c), digestOf(plan, c)]));

/** Names of the cells that a change makes stale. */
function stale(from: string, to: string): string[] {
  expect(PAGE).toContain(from);
  const [before, after] = [digests(PLAN), digests(planOf(PAGE.replace(from, to)))];
  expect([...after.keys()]).toEqual([...before.keys()]);
  return [...before].filter(([name, digest]) => after.get(name) !== digest).map(([name]) => name);
}
const ALL = cellsOf(PLAN).map(nameOf);

test('cells: for each environment and cause the placebos, actions and checks; the healthy world last', () => {
  expect(ALL.filter((n) => n.startsWith('new/'))).toEqual([
    ...['a', 'b'].flatMap((c) => [
      ...['nothing', 'restart', 'mend', 'wait', 'kick'].map((a) => `new/${c}/${a}`),
      `new/${c}/?look`,
    ]),
    ...['nothing', 'mend', 'wait', 'kick'].map((a) => `new/healthy/${a}`),
  ]);
  expect(ALL.length).toBe(32);
  expect(new Set(ALL).size).toBe(32);
});

test('without services there is nothing to restart', () => {
  const page = PAGE.replace('```service web 80\nweb\n```\n', '');
  expect(cellsOf(planOf(page)).some((c) => c.key === 'restart')).toBe(false);
  const oldOnly = page.replace('### On: old\n', '### On: old\n```service web 80\nweb\n```\n');
  expect(new Set(cellsOf(planOf(oldOnly)).flatMap((c) => (c.key === 'restart' ? [c.env] : [])))).toEqual(
    new Set(['old']),
  );
});

test('blocks: those for all, those for this place; null where bodies differ and none fits', () => {
  const verbs = (section: Plan['base'] | undefined, cause: string, env: string) =>
    blocksFor(section as Plan['base'], cause, env)?.map((b) => b.verb) ?? null;
  expect(verbs(PLAN.base, HEALTHY, 'new')).toEqual(['service', 'attempt']);
  expect(verbs(PLAN.base, HEALTHY, 'old')).toEqual(['service', 'attempt', 'run']);
  expect(verbs(PLAN.causes.b, 'b', 'new')).toEqual(['run']);
  expect(verbs(PLAN.causes.b, 'b', 'old')).toBeNull();
  expect(verbs(PLAN.actions.mend?.section, 'a', 'old')).toEqual(['values', 'env']);
  expect(verbs(PLAN.actions.mend?.section, HEALTHY, 'old')).toEqual([]);
  expect(verbs(PLAN.actions.wait?.section, 'a', 'old')).toEqual([]);
});

test('values: environment, base, cause, action; later wins', () => {
  const of = (env: string, cause: string, kind: CellKey['kind'], key: string, plan = PLAN) =>
    valuesFor(plan, { env, cause, kind, key });
  expect(of('new', 'b', 'action', 'mend')).toEqual({ 'site-file': '/etc/site', log: '/new', n: '1' });
  expect(of('old', 'a', 'action', 'mend')).toMatchObject({ 'site-file': '/a', log: '/old' });
  expect(of('old', 'a', 'check', 'look')).toMatchObject({ log: '/b' });
  const inCause = planOf(PAGE.replace('break a\n```', 'break a\n```\n```values\nlog=/c\nsite-file=/c\n```'));
  expect(of('old', 'a', 'action', 'mend', inCause)).toMatchObject({ 'site-file': '/a', log: '/c' });
});

test.each([
  ['cat <file> <two words>', ['file', 'two words']],
  ['cat </dev/null <file >out', []],
  ['cat <in 2>&1 <<EOF', []],
  ['a <B> <1> <a  b> < c> <d >', []],
  ["sed 's#x#<right-path>#' <a_b>", ['right-path', 'a_b']],
])('placeholders of %s', (command, names) => expect(valueNamesOf(command)).toEqual(names));

test('values are put in as they are, once', () => {
  expect(fillValues('x <a> <b> <constructor>', { a: '<b> $& $1', b: "'2'" })).toEqual({
    command: "x <b> $& $1 '2' <constructor>",
    missing: ['constructor'],
  });
});

describe('a digest changes with', () => {
  test('nothing that is not run: prose, titles, lines, order of keys, another word for the same', () => {
    for (const [from, to] of [
      ['A page.', 'Another page.\n\n```text\nx\n```\nwith more lines.\n'],
      ['— the first', '— the last'],
      ['```env\nFOR=a\n```', '~~~~env\nFOR=a\n~~~~~'],
      ['needs: [debian:nginx, debian:curl]', 'needs: [debian:curl, debian:nginx]'],
      ['{site-file: /etc/site, log: /new, n: 1}', '{n: 1, unused: x, log: /new, site-file: /etc/site}'],
      ['### For: a\n', '### For: a; On: new, old\n'],
      ['---\nA page', 'timeout: 7\n---\nA page'],
    ] as const)
      expect(stale(from, to)).toEqual([]);
  });
  test('the healthy world: all cells, or all of its environment', () => {
    for (const [from, to] of [
      ['curl localhost', 'curl -s localhost'],
      ['service web 80', 'service web 81'],
      ['debian:curl', 'debian:wget'],
      ['---\nA page', 'users: [x]\n---\nA page'],
      ['---\nA page', 'names: [x]\n---\nA page'],
      ['---\nA page', 'person: {as: root}\n---\nA page'],
      ['---\nA page', 'writable: [/etc]\n---\nA page'],
      ['---\nA page', 'restrictions: {disk: 99}\n---\nA page'],
    ] as const)
      expect(stale(from, to)).toEqual(ALL);
    expect(stale('only old', 'other old')).toEqual(ALL.filter((n) => n.startsWith('old/')));
    expect(stale('trixie', 'bookworm')).toEqual(ALL.filter((n) => n.startsWith('new/')));
  });
  test('a cause: its column', () => {
    expect(stale('break a', 'break A')).toEqual(ALL.filter((n) => n.includes('/a/')));
    expect(stale('break b', 'break B')).toEqual(ALL.filter((n) => n.startsWith('new/b/')));
  });
  test('an action or check: its row', () => {
    expect(stale('kicked', 'kicked hard')).toEqual(ALL.filter((n) => n.endsWith('/kick')));
    expect(stale('FOR=a', 'FOR=b')).toEqual(['new/a/mend', 'old/a/mend']);
    expect(stale('log=/b', 'log=/c')).toEqual(ALL.filter((n) => n.endsWith('/?look')));
  });
  test('a value: the cells whose command uses it', () => {
    expect(stale('site-file: /etc/site', 'site-file: /etc/s')).toEqual(
      ALL.filter((n) => n.endsWith('/mend') && !n.includes('/a/')),
    );
    expect(stale('n: 1', 'n: 2')).toEqual(ALL.filter((n) => n.endsWith('/mend')));
  });
  test('the record: signature all, commands and readings their row, texts nothing', () => {
    const changed = (changes: Record<string, unknown>) => {
      const [before, after] = [digests(PLAN), digests(planOf(PAGE, { ...RECORD, ...changes }))];
      return ALL.filter((n) => before.get(n) !== after.get(n));
    };
    expect(changed({ regex: 'boom (?<n>\\d)' })).toEqual(ALL);
    expect(changed({ not_if: [{ regex: 'no boom' }] })).toEqual(ALL);
    expect(changed({ wordings: [{ key: 'de', regex: 'bumm' }] })).toEqual(ALL);
    const [mend, wait] = RECORD.workarounds;
    expect(changed({ workarounds: [mend, { ...wait, commands: ['sleep 2'] }] })).toEqual(
      ALL.filter((n) => n.endsWith('/wait')),
    );
    expect(changed({ checks: [{ ...RECORD.checks[0], readings: [{ key: 'no', exit: 2 }] }] })).toEqual(
      ALL.filter((n) => n.endsWith('/?look')),
    );
    expect(
      changed({
        title: 'x',
        title_zh: '字',
        tags: ['x'],
        workarounds: [{ ...mend, action: 'x', how: 'y' }, wait],
        checks: [{ ...RECORD.checks[0], question: 'x' }],
      }),
    ).toEqual([]);
  });
  test('what is run only: cells differ where their blocks or commands do', () => {
    const of = (name: string) => digests(PLAN).get(name);
    expect(of('new/a/nothing')).not.toBe(of('new/a/restart'));
    expect(of('new/a/nothing')).not.toBe(of('new/b/nothing'));
    expect(of('new/a/nothing')).not.toBe(of('old/a/nothing'));
    expect(of('new/a/wait')).not.toBe(of('new/a/nothing'));
    expect([...digests(PLAN).values()].every((d) => /^[0-9a-f]{12}$/.test(d))).toBe(true);
  });
  test('exactly the sections that meet in it (property)', () => {
    const places: [string, (name: string) => boolean][] = [
      ['curl localhost', () => true],
      ['only old', (n) => n.startsWith('old/')],
      ['break a', (n) => n.includes('/a/')],
      ['break b', (n) => n.startsWith('new/b/')],
      ['FOR=a', (n) => n.endsWith('/a/mend')],
      ['kicked', (n) => n.endsWith('/kick')],
      ['A page.', () => false],
    ];
    const word = fc.stringMatching(/^[a-z0-9 ]{1,12}$/);
    fc.assert(
      fc.property(fc.subarray(places), word, (chosen, text) => {
        const page = chosen.reduce((p, [from]) => p.replace(from, `${from}${text}x`), PAGE);
        const [before, after] = [digests(PLAN), digests(planOf(page))];
        const differ = ALL.filter((n) => before.get(n) !== after.get(n));
        expect(differ).toEqual(ALL.filter((n) => chosen.some(([, fits]) => fits(n))));
      }),
      { numRuns: 100 },
    );
  });
});

describe('stale', () => {
  const line = (cell: CellKey, plan: Plan, more: Partial<EvidenceCell> = {}): EvidenceCell => ({
    cause: cell.cause,
    ...(cell.kind === 'check' ? { check: cell.key } : { action: cell.key }),
    env: cell.env,
    digest: digestOf(plan, cell),
    n: 2,
    ...(cell.kind === 'check' ? { readings: { no: 2 } } : { outcomes: { persists: 2 } }),
    transcript: '0123456789abcdef',
    ...more,
  });
  const evidence = (change: (cell: CellKey) => Partial<EvidenceCell> | null): Evidence => ({
    schema: 'evidence.v1',
    record: 'web/boom',
    date: '2026-01-01',
    environments: {},
    cells: cellsOf(PLAN).flatMap((cell) => {
      const more = change(cell);
      return more && !(cell.cause === 'b' && cell.env === 'old') ? [line(cell, PLAN, more)] : [];
    }),
  });
  const names = (plan: Plan, e: Evidence) => staleCells(plan, e).map(nameOf);
  const slower = planOf(PAGE.replace('---\nA page', 'timeout: 77\n---\nA page'));

  test('another limit makes what met it stale, and nothing else', () => {
    const met = evidence((c) => (nameOf(c) === 'new/a/kick' ? { timed_out: 30 } : {}));
    expect(names(PLAN, met)).toEqual([]);
    expect(names(slower, met)).toEqual(['new/a/kick']);
  });
  test('a line of the time when the limit was part of what was run counts, as long as the limit is the same', () => {
    const older = evidence((c) => ({ digest: olderDigestOf(slower, c) }));
    expect(names(slower, older)).toEqual([]);
    expect(names(PLAN, older)).toHaveLength(older.cells.length);
  });
  test('that a cause is not there counts while its page is the same; then all of it is to be run at once', () => {
    const absent = evidence((c) =>
      c.env === 'new' && c.cause === 'a' ? (c.key === 'nothing' ? { outcomes: { no_fault: 2 } } : null) : {},
    );
    expect(names(PLAN, absent)).toEqual([]);
    const changed = planOf(PAGE.replace('break a', 'break a harder'));
    const row = (env: string) => ALL.filter((n) => n.startsWith(`${env}/a/`));
    expect(names(changed, absent)).toEqual([...row('new'), ...row('old')]);
  });
  test('where the lab failed nothing was found out', () => {
    const failed = evidence((c) =>
      c.env === 'new' && c.cause === 'a'
        ? c.key === 'nothing'
          ? { outcomes: { lab_failed: 2 } }
          : null
        : {},
    );
    expect(names(PLAN, failed)).toEqual(ALL.filter((n) => n.startsWith('new/a/')));
  });
});

describe('another call of the program', () => {
  const at = (as: string | null, folder: string | null) => ({ as, in: folder });
  const person = (text: string) => planOf(PAGE.replace('---\nA page', `${text}\n---\nA page`));

  test.each([
    [
      'where the attempt is made, though the person has a folder',
      'person: {as: user, in: /srv}',
      at(null, null),
      at(null, '/work/sub'),
      at('user', '/work/sub'),
    ],
    [
      'where the attempt is made by default',
      'person: {in: /srv}',
      at(null, null),
      at(null, null),
      at(null, null),
    ],
    ['where it says', 'person: {in: /srv}', at(null, '/etc'), at(null, '/work/sub'), at(null, '/etc')],
    [
      'where the person is, if that is somebody else',
      'person: {as: root, in: /srv}',
      at(null, null),
      at(null, '/work/sub'),
      at('root', '/srv'),
    ],
    [
      'at the home of an account of its own',
      'person: {as: root, in: /srv}',
      at('www', null),
      at(null, '/work/sub'),
      at('www', null),
    ],
    [
      'where that account makes the attempt',
      'person: {as: root, in: /srv}',
      at('www', null),
      at('www', '/var/www'),
      at('www', '/var/www'),
    ],
  ])('%s', (_, front, called, attempt, expected) => {
    expect(callerOf(person(front), called, attempt)).toEqual(expected);
  });
});
