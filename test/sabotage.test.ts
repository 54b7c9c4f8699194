/**
 * Sabotage, each kind caught by the outcome it deserves: pages that lie, and software that is only made to look
 * mended. One small world (a file that its reader may not read), proven for real.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileBook } from '../src/book/index.ts';
import { cellName, compareClaims, type Evidence, tierOf, verdictOf } from '../src/evidence/index.ts';
import { compilePage, findIsolation, nameOf, type ProveReport, prove, staleCells } from '../src/lab/index.ts';
import { parseRecord } from '../src/record/index.ts';
import { labCache } from './support/lab.ts';

const { record } = parseRecord({
  id: 'demo/config-denied',
  title: 'The program may not read its configuration',
  signature: 'cat: /srv/app/config: Permission denied',
  regex: 'cat: (?<file>/[^ :]+): Permission denied',
  groups: { file: 'path' },
  domain: 'demo',
  origin: 'authored',
  causes: [
    { key: 'no-read', title: 'nobody may read it' },
    { key: 'closed-folder', title: 'its folder is closed' },
    { key: 'harmless', title: 'something that does no harm' },
    { key: 'another', title: 'another failure' },
  ],
  workarounds: [
    { key: 'open-file', action: 'a', commands: ['chmod 644 {{file}}'], for: ['no-read'] },
    { key: 'open-folder', action: 'a', commands: ['chmod 755 $(dirname {{file}})'], for: ['closed-folder'] },
    { key: 'does-nothing', action: 'a', commands: ['true'], for: ['no-read'] },
    { key: 'cannot-be-done', action: 'a', commands: ['chmod 644 {{file}}.missing'], for: ['no-read'] },
  ],
  dead_ends: [
    { key: 'fails-silently', action: 'a', commands: ['chmod 644 {{file}}.missing 2>/dev/null || true'] },
    { key: 'silences', action: 'a', commands: ['touch /home/user/.quiet'] },
    { key: 'opens-everything', action: 'a', commands: ['chmod -R 777 /srv'] },
    { key: 'removes-it', action: 'a', commands: ['rm -f {{file}}'] },
    { key: 'dead-end-that-helps', action: 'a', commands: ['chmod 644 {{file}}'] },
    { key: 'call-it-otherwise', action: 'a', commands: ['cat {{file}} || true'] },
  ],
  checks: [
    {
      key: 'mode',
      question: 'q',
      command: 'stat -c %a {{file}}',
      readings: [
        { key: 'closed', regex: '^0$', means: ['no-read'] },
        { key: 'open', regex: '^644$', means: [] },
      ],
    },
    {
      key: 'missing-program',
      question: 'q',
      command: 'no-such-program',
      readings: [{ key: 'yes', exit: 0, means: [] }],
    },
    {
      key: 'changes',
      question: 'q',
      command: 'chmod 755 $(dirname {{file}}); chmod 644 {{file}}',
      readings: [{ key: 'yes', exit: 0, means: [] }],
    },
  ],
});
if (!record) throw new Error('the record of this test is broken');

const page = (noRead = 'chmod 000 /srv/app/config', prose = '') =>
  `---
users: [owner]
---
${prose}
\`\`\`setup as=root
install -d -o owner /srv/app
echo secret=1 >/srv/app/config
echo mine >/srv/app/other
chown owner /srv/app/config /srv/app/other
chmod 640 /srv/app/other
\`\`\`
\`\`\`attempt
if [ -e ~/.quiet ]; then cat /srv/app/config 2>/dev/null; else cat /srv/app/config; fi
\`\`\`
\`\`\`healthy
grep -q secret=1 "$OUT"
\`\`\`
\`\`\`guard others
test "$(stat -c %a /srv/app/other)" = 640
\`\`\`
## Cause: no-read — mode 000
\`\`\`run as=root
${noRead}
\`\`\`
## Cause: closed-folder
\`\`\`run as=root
chmod 700 /srv/app
\`\`\`
## Cause: harmless
\`\`\`run as=root
chmod 644 /srv/app/config
\`\`\`
## Cause: another
\`\`\`run as=root
rm /srv/app/config
\`\`\`
## Action: open-file
\`\`\`applied
test "$(stat -c %a /srv/app/config)" = 644
\`\`\`
\`\`\`undo
chmod 000 /srv/app/config
\`\`\`
## Action: fails-silently
\`\`\`applied
test "$(stat -c %a /srv/app/config)" = 644
\`\`\`
## Action: silences
\`\`\`applied
test -e /home/user/.quiet
\`\`\`
## Action: opens-everything
\`\`\`applied
test "$(stat -c %a /srv/app)" = 777
\`\`\`
## Action: removes-it
\`\`\`applied
test ! -e /srv/app/config
\`\`\`
## Action: dead-end-that-helps
\`\`\`applied
test "$(stat -c %a /srv/app/config)" = 644
\`\`\`
## Action: call-it-otherwise
\`\`\`attempt commands as=user
\`\`\`
`.replace('---\nusers: [owner]\n---', '---\nusers: [owner]\nperson: {as: root, in: /}\n---');

const compile = (text: string) => {
  const { plan, issues } = compilePage(text, record, 'lab.md');
  if (!plan) throw new Error(issues.map((i) => `${i.field}: ${i.problem}`).join('\n'));
  return plan;
};
const isolation = findIsolation();
const hindrance = isolation.mode === 'root' || isolation.mode === 'mapped' ? null : isolation.why;
if (hindrance !== null) console.log(`skipped: sabotage: ${hindrance}`);

describe.skipIf(hindrance !== null)('a proof', () => {
  const { book } = compileBook([{ record, file: 'record.json' }]);
  let report: ProveReport;
  let evidence: Evidence;
  const run = (text: string, more: Partial<Parameters<typeof prove>[0]> = {}) =>
    prove({
      plan: compile(text),
      book,
      cache: labCache(),
      previous: null,
      wanted: () => true,
      jobs: 6,
      today: '2026-01-01',
      say: () => {},
      ...more,
    });
  const outcome = (cause: string, action: string) => {
    const cell = evidence.cells.find((c) => c.cause === cause && (c.action === action || c.check === action));
    return cell && verdictOf(cell);
  };

  beforeAll(async () => {
    // What an earlier run of this test left when it was killed.
    rmSync(join(labCache(), 'journals', 'demo+config-denied.ndjson'), { force: true });
    report = await run(page());
    evidence = report.evidence;
  }, 300_000);

  test('of nothing and of what does nothing: the error again', () => {
    expect(outcome('no-read', 'nothing')).toBe('persists');
    expect(outcome('no-read', 'does-nothing')).toBe('persists');
    expect(outcome('healthy', 'nothing')).toBe('harmless');
  });
  test('of the right action: fixed, and the fault comes back when it is undone', () => {
    expect(outcome('no-read', 'open-file')).toBe('fixed');
    expect(evidence.cells.find((c) => c.cause === 'no-read' && c.action === 'open-file')?.undo).toBe('back');
    expect(outcome('closed-folder', 'open-file')).toBe('persists');
    expect(outcome('closed-folder', 'open-folder')).toBe('fixed');
  });
  test('what cannot be done, and what only pretends to be done, is rejected', () => {
    expect(outcome('no-read', 'cannot-be-done')).toBe('rejected');
    expect(outcome('no-read', 'fails-silently')).toBe('rejected');
  });
  test('what silences the message, or opens what must stay closed, only masks', () => {
    expect(outcome('no-read', 'silences')).toBe('masked');
    expect(outcome('no-read', 'opens-everything')).toBe('masked');
  });
  test('another failure instead is moved, with its line', () => {
    expect(outcome('no-read', 'removes-it')).toBe('moved');
    expect(
      evidence.cells.find((c) => c.cause === 'no-read' && c.action === 'removes-it')?.first_error,
    ).toContain('No such file');
  });
  test('what breaks a healthy world is said to', () => {
    expect(outcome('healthy', 'removes-it')).toBe('breaks_healthy');
    expect(outcome('healthy', 'opens-everything')).toBe('breaks_healthy');
    expect(outcome('healthy', 'open-file')).toBe('harmless');
  });
  test('a cause that does no harm, or another one, is no fault', () => {
    expect(outcome('harmless', 'nothing')).toBe('no_fault');
    expect(outcome('another', 'nothing')).toBe('no_fault');
    expect(evidence.cells.filter((c) => c.cause === 'harmless')).toHaveLength(1);
  });
  test('an action that judges itself by its exit status does not count', () => {
    expect(outcome('no-read', 'call-it-otherwise')).toBe('persists');
  });
  test('checks read; what is not there is unavailable; a check that changes the world is the lab’s failure', () => {
    expect(outcome('no-read', 'mode')).not.toBe('open');
    expect(outcome('no-read', 'missing-program')).not.toBe('yes');
    expect(outcome('no-read', 'changes')).toBe('lab_failed');
  });
  test('claims that were lost are named, and bar the tier', () => {
    const lost = compareClaims(record, evidence).filter((c) => !c.holds);
    expect(new Set(lost.map((c) => c.claim))).toEqual(
      new Set([
        'action:does-nothing',
        'action:cannot-be-done',
        'action:dead-end-that-helps',
        ...lost.map((c) => c.claim).filter((c) => c.startsWith('check:')),
      ]),
    );
    expect(tierOf(record, evidence).tier).toBe('reproduced');
  });
  test('prose makes nothing stale, a cause’s block exactly its cells', () => {
    // Where the lab failed nothing was found out: such a cell is always to be run.
    const failed = new Set(
      evidence.cells.filter((c) => verdictOf(c) === 'lab_failed').map((c) => cellName(c)),
    );
    const stale = (text: string) =>
      staleCells(compile(text), evidence)
        .filter((c) => !failed.has(nameOf(c)))
        .map((c) => c.cause);
    expect(failed.size).toBeGreaterThan(0);
    expect(stale(page(undefined, 'Other words.'))).toEqual([]);
    const ofCause = evidence.cells.filter((c) => c.cause === 'no-read' && !failed.has(cellName(c)));
    expect(stale(page('chmod 0000 /srv/app/config'))).toEqual(ofCause.map(() => 'no-read'));
  });
  test('a second proof writes the same evidence; a forged line is found out', {
    timeout: 120_000,
  }, async () => {
    const only = (c: Parameters<typeof nameOf>[0]) =>
      c.cause === 'no-read' && ['does-nothing', 'open-file'].includes(c.key);
    const again = await run(page(), { previous: evidence, wanted: only, today: '2026-02-02' });
    expect(again.changed).toEqual([]);
    expect(again.evidence).toEqual(evidence);
    const forged: Evidence = {
      ...evidence,
      cells: evidence.cells.map((c) =>
        c.action === 'does-nothing' && c.cause === 'no-read' ? { ...c, outcomes: { fixed: 2 } } : c,
      ),
    };
    const audit = await run(page(), { previous: forged, wanted: only });
    expect(audit.changed).toEqual([
      { cell: 'debian12/no-read/does-nothing', before: 'fixed', now: 'persists' },
    ]);
  });
  test('a run that was stopped goes on where it was', { timeout: 120_000 }, async () => {
    const cache = labCache();
    const stop = new AbortController();
    let seen = 0;
    await expect(
      run(page('chmod 00 /srv/app/config'), {
        cache,
        signal: stop.signal,
        onProgress: () => {
          if (++seen === 30) stop.abort(new Error('stopped'));
        },
      }),
    ).rejects.toThrow('stopped');
    const rest = await run(page('chmod 00 /srv/app/config'), { cache });
    expect(rest.trials).toBeLessThan(report.trials);
    expect(rest.evidence.cells.map((c) => [c.cause, c.action, c.outcomes])).toEqual(
      evidence.cells.map((c) => [c.cause, c.action, c.outcomes]),
    );
  });
});

describe('pages that are refused before anything runs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'faultbook-pages-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  test.each([
    [
      'an action that judges itself',
      page().replace('## Action: silences\n', '## Action: silences\n```healthy\ntrue\n```\n'),
      'healthy',
    ],
    ['a mistyped verb', page().replace('```undo', '```undoo'), 'undo'],
    [
      'a dead end without `applied`',
      page().replace('```applied\ntest -e /home/user/.quiet\n```', ''),
      'applied',
    ],
    [
      'a cause that the record does not have',
      page().replace('Cause: harmless', 'Cause: harmles'),
      'harmless',
    ],
  ])('%s', (_, text, word) => {
    const { plan, issues } = compilePage(text, record, 'lab.md');
    expect(plan).toBeNull();
    expect(issues.map((i) => `${i.field} ${i.problem} ${i.why} ${i.remedy}`).join('\n')).toContain(word);
    for (const issue of issues) expect(issue.field).toMatch(/^line \d+$/);
  });
});
