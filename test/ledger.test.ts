/** The ledger of outcome reports: many writers, killed ones, torn lines; redacted, deduplicated, handed on and taken in. */
import { spawn } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { OutcomeReport } from '../src/evidence/index.ts';
import { appendReports, exportLedger, importLedger, LEDGER_LIMITS, readLedger } from '../src/store/index.ts';
import { faultbook, ROOT } from './support/cli.ts';

const WRITERS = 8;
const KILLED = 2;
/** The full run is 10,000: FAULTBOOK_LEDGER_REPORTS=10000 npx vitest run test/ledger.test.ts */
const REPORTS = Number(process.env.FAULTBOOK_LEDGER_REPORTS ?? 250);
const AT = '2026-11-30T20:00:00Z';

let state = '';
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'faultbook-ledger-'));
});
afterEach(() => rmSync(state, { recursive: true, force: true }));
const file = () => join(state, 'reports.ndjson');
const report = (over: Partial<OutcomeReport> = {}): OutcomeReport => ({
  record: 'node/eaddrinuse',
  action: 'restart',
  outcome: 'persists',
  kind: 'reported',
  environment: {},
  readings: {},
  moved_to: null,
  note: null,
  ...over,
});
const append = (over: Partial<OutcomeReport> = {}, at = AT) =>
  appendReports([report(over)], at, null, state)[0];
const run = (args: string[], input?: string) =>
  faultbook(args, { ...(input === undefined ? {} : { input }), env: { FAULTBOOK_STATE: state } });

test(
  `${WRITERS} processes write ${REPORTS} reports each while ${KILLED} are killed: every acknowledged report is there once`,
  async () => {
    const acknowledged: string[] = [];
    const endings = Array.from({ length: WRITERS }, (_, i) => {
      const child = spawn(
        process.execPath,
        [`${ROOT}test/support/ledger-writer.mjs`, state, String(i), String(REPORTS)],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      let said = '';
      child.stdout.on('data', (chunk) => {
        said += chunk;
        // Two die in the middle of their work, at no particular place in a write.
        if (i < KILLED && said.split('\n').length > REPORTS / (3 + i)) child.kill('SIGKILL');
      });
      return new Promise<NodeJS.Signals | null>((done) =>
        child.on('close', (_, signal) => {
          acknowledged.push(...said.split('\n').filter((id) => id.length === 32));
          done(signal);
        }),
      );
    });
    const signals = await Promise.all(endings);
    expect(signals.filter((s) => s === 'SIGKILL')).toHaveLength(KILLED);

    const kept = readLedger(null, state);
    const ids = new Set(kept.map((r) => r.id));
    expect(ids.size).toBe(kept.length);
    expect(acknowledged.length).toBeGreaterThanOrEqual((WRITERS - KILLED) * REPORTS);
    expect(acknowledged.filter((id) => !ids.has(id))).toEqual([]);
    // Once in the file, too: nothing was written twice. And a killed writer has at most one report that nobody heard of.
    const lines = readFileSync(file(), 'utf8')
      .split('\n')
      .filter((l) => l !== '');
    const times = new Map<string, number>();
    for (const line of lines) {
      const id = /"id":"([0-9a-f]{32})"/.exec(line)?.[1] ?? line;
      times.set(id, (times.get(id) ?? 0) + 1);
    }
    expect([...ids].filter((id) => times.get(id) !== 1)).toEqual([]);
    expect(kept.length - acknowledged.length).toBeLessThanOrEqual(KILLED);
    // All of one installation, though eight of them gave it its name at once.
    expect(new Set(kept.map((r) => r.reporter)).size).toBe(1);
    console.log(
      `${acknowledged.length} acknowledged, ${kept.length} kept, ${lines.length} lines, ${statSync(file()).size} bytes`,
    );
  },
  Math.max(60_000, REPORTS * 100),
);

describe('half a line is never read', () => {
  test('cut anywhere, the ledger gives its whole lines and takes new ones', () => {
    append({ note: 'first' });
    const one = statSync(file()).size;
    append({ note: 'second' });
    const whole = readFileSync(file());
    for (let bytes = one; bytes < whole.length; bytes += 7) {
      truncateSync(file(), bytes);
      expect(readLedger(null, state).map((r) => r.note)).toEqual(['first']);
      append({ note: 'third' });
      expect(readLedger(null, state).map((r) => r.note)).toEqual(['first', 'third']);
      writeFileSync(file(), whole);
    }
  });
  test('a line that was changed is none', () => {
    append({ outcome: 'persists' });
    writeFileSync(file(), readFileSync(file(), 'utf8').replace('persists', 'fixed'));
    expect(readLedger(null, state)).toEqual([]);
  });
  test('rubbish between lines is passed over', () => {
    append({ note: 'a' });
    appendFileSync(file(), '[]\nnull\n{"record":"node/eaddrinuse"}\n\x00\xff\n{{{{\n');
    appendFileSync(file(), `${'x'.repeat(LEDGER_LIMITS.maxLineBytes * 2)}\n`);
    append({ note: 'b' });
    expect(readLedger(null, state).map((r) => r.note)).toEqual(['a', 'b']);
    expect(readLedger('node/eaddrinuse', state)).toHaveLength(2);
  });
});

describe('what is kept', () => {
  test('the same report twice is one, where it stands last', () => {
    append({ outcome: 'fixed' }, '2026-11-30T20:00:00Z');
    append({ outcome: 'persists' }, '2026-11-30T20:01:00Z');
    append({ outcome: 'fixed' }, '2026-11-30T20:02:00Z');
    expect(readLedger(null, state).map((r) => [r.outcome, r.at.slice(14, 16)])).toEqual([
      ['persists', '01'],
      ['fixed', '02'],
    ]);
  });
  test('only its owner can read it, and no secret is in it', () => {
    const secret = `ghp_${'aB3'.repeat(12)}`;
    append({
      note: `token ${secret} of ann@corp.example.com in /home/annabel/x`,
      environment: { web: secret },
    });
    const text = readFileSync(file(), 'utf8');
    expect(text).not.toMatch(/ghp_|ann@|annabel/);
    expect(readLedger(null, state)[0]?.note).toContain('token');
    expect(statSync(file()).mode & 0o777).toBe(0o600);
    expect(statSync(state).mode & 0o777).toBe(0o700);
  });
  test.each([
    ['long, and longer when redacted', 'password=hunter2hunter2 '.repeat(40)],
    ['of characters in two halves', '🦊'.repeat(400)],
    ['with line ends and controls', 'a\nb\r\n\x00\x1b[31m\u202e'],
  ])('a note %s is read back', (_, note) => {
    const kept = append({ note });
    expect(readLedger(null, state)).toEqual([kept]);
  });
  test('by record: what a record’s name merely stands in does not count', () => {
    append();
    append({ record: 'npm/eresolve', note: '"record":"node/eaddrinuse"' });
    expect(readLedger('node/eaddrinuse', state)).toHaveLength(1);
    expect(readLedger('npm/eresolve', state)).toHaveLength(1);
    expect(readLedger('git/dubious-ownership', state)).toEqual([]);
  });
  test('a token is another reporter, whatever is said', () => {
    append();
    appendReports([report()], AT, { token: 'a-long-token-of-the-server' }, state);
    expect(readLedger(null, state).map((r) => r.reporter.split('-')[0])).toEqual(['install', 'token']);
    expect(readFileSync(file(), 'utf8')).not.toContain('a-long-token');
  });
  test('a ledger that is full takes nothing more, and says so', () => {
    append();
    truncateSync(file(), LEDGER_LIMITS.maxBytes);
    expect(() => append({ note: 'late' })).toThrow(/was not kept.*reports/);
  });
  test('it is not written through a link, nor where nothing can be written', () => {
    const other = join(state, 'other');
    writeFileSync(other, '');
    symlinkSync(other, file());
    expect(() => append()).toThrow(/was not kept/);
    expect(readFileSync(other, 'utf8')).toBe('');
    expect(() => appendReports([report()], AT, null, '/proc/no/such')).toThrow(/cannot be written/);
    expect(readLedger(null, '/proc/no/such')).toEqual([]);
  });
});

describe('handing it on', () => {
  test('an imported ledger is one reporter, and taken in once', () => {
    appendReports([report()], AT, { token: 'first-token-of-the-server' }, state);
    appendReports([report({ outcome: 'fixed' })], AT, { token: 'other-token-of-the-server' }, state);
    append({ note: 'mine' });
    const text = exportLedger(false, state);
    expect(text).not.toMatch(/token-|install-|mine|reporter/);
    expect(exportLedger(true, state)).toContain('mine');
    const there = mkdtempSync(join(tmpdir(), 'faultbook-ledger-there-'));
    try {
      const all = () => true;
      expect(importLedger(text, all, there)).toEqual({ taken: 2, known: 0, refused: 0 });
      expect(importLedger(text, all, there)).toEqual({ taken: 0, known: 2, refused: 0 });
      const kept = readLedger(null, there);
      expect(new Set(kept.map((r) => r.reporter)).size).toBe(1);
      expect(kept[0]?.reporter).toMatch(/^ledger-/);
      expect(() => importLedger(text, all, state)).toThrow(/exported here/);
    } finally {
      rmSync(there, { recursive: true, force: true });
    }
  });
  test('a hostile ledger: who reports is not its to say, secrets go, what is unknown is refused', () => {
    const line = JSON.stringify({
      at: AT,
      reporter: 'install-0123456789abcdef',
      ...report({ note: `npm_${'a1'.repeat(18)}` }),
    });
    const text = [
      '{"schema":"faultbook-ledger.v1","ledger":"0123456789abcdef"}',
      line,
      line,
      JSON.stringify({ at: 'soon', ...report() }),
      JSON.stringify({ at: AT, ...report({ action: 'zorkmid' }) }),
      JSON.stringify({ at: AT, ...report(), record: '../../etc' }),
      '{"__proto__":1}',
      '[[[[',
    ].join('\n');
    const accept = (r: OutcomeReport) => r.action !== 'zorkmid';
    expect(importLedger(text, accept, state)).toEqual({ taken: 1, known: 1, refused: 5 });
    const [kept] = readLedger(null, state);
    expect(kept?.reporter).toMatch(/^ledger-/);
    expect(readFileSync(file(), 'utf8')).not.toMatch(/npm_a1|install-0123/);
  });
  test.each(['', 'null', '{}', '{"schema":"faultbook-ledger.v1","ledger":"../../x"}', 'known: no\n'])(
    'no ledger: %j',
    (text) => expect(() => importLedger(text, () => true, state)).toThrow(/no exported ledger/),
  );
});

describe('the command line', () => {
  test('keeps a report, shows it beside what the lab says, and mixes them nowhere', async () => {
    const before = JSON.parse((await run(['examples/npm-ci-build.log', '--format', 'json'])).stdout);
    const [finding] = before.findings;
    const action = finding.try[0].key;
    const done = await run(['report-outcome', finding.id, action, 'fixed']);
    expect([done.status, done.stderr]).toEqual([0, '']);
    const after = JSON.parse((await run(['examples/npm-ci-build.log', '--format', 'json'])).stdout);
    expect(after.findings[0].try[0].field).toMatchObject({ fixed: 1, of: 1, reporters: 1 });
    expect(after.findings[0].field).toMatchObject({ cases: 1, reporters: 1 });
    const without = (value: unknown) =>
      JSON.parse(JSON.stringify(value), (key, v) => (key === 'field' ? undefined : v));
    expect(without(after.findings[0].try)).toEqual(without(before.findings[0].try));
    expect(without(after.findings[0].avoid)).toEqual(without(before.findings[0].avoid));
    expect(after.findings[0].survey).toEqual(before.findings[0].survey);
    for (const args of [['examples/npm-ci-build.log'], ['explain', finding.id], ['reports']])
      expect((await run(args)).stdout.replace(/\s+/g, ' ')).toContain(
        'Field: 1 of 1 report, 1 reporter, unverified.',
      );
    expect((await run(['reports', '--lang', 'zh'])).stdout).toContain('未经核实');
    expect((await run(['reports', 'clear'])).status).toBe(0);
    expect((await run(['reports'])).status).toBe(1);
  });
  test.each([
    [['npm/eresolv', 'force', 'fixed'], /no record.*nearest: npm\/eresolve/],
    [['npm/eresolve', 'forse', 'fixed'], /no action of npm\/eresolve "forse"; nearest/],
    [['npm/eresolve', 'force', 'fxied'], /no outcome "fxied"; nearest: fixed/],
    [['npm/eresolve', 'force', 'great'], /there are: fixed, persists, moved, masked, rejected/],
    [['npm/eresolve', 'force'], /needs <id> <action> <outcome>/],
    [['npm/eresolve', 'force', 'fixed', '--reading', 'x'], /CHECK=READING/],
    [['npm/eresolve', 'force', 'fixed', '--reading', '__proto__=x'], /no check/],
    [['npm/eresolve', 'force', 'fixed', '--moved-to', 'npm/eresolve'], /only where the outcome is “moved”/],
  ])('refuses %j', async (args, message) => {
    const { status, stderr } = await run(['report-outcome', ...args]);
    expect([status, stderr]).toEqual([2, expect.stringMatching(message)]);
    expect(existsSync(file())).toBe(false);
  });
  test('exports and imports', async () => {
    await run([
      'report-outcome',
      'npm/eresolve',
      'restart',
      'persists',
      '--note',
      'with ghp_aB3aB3aB3aB3aB3aB3aB3aB3',
    ]);
    const { stdout } = await run(['reports', 'export', '--notes']);
    expect(stdout.split('\n')).toHaveLength(3);
    expect(stdout).not.toContain('ghp_aB3');
    const there = mkdtempSync(join(tmpdir(), 'faultbook-ledger-there-'));
    try {
      const env = { FAULTBOOK_STATE: there };
      const more = `${stdout}${JSON.stringify({ at: AT, ...report({ record: 'no/such' }) })}\n`;
      const taken = await faultbook(['reports', 'import'], { input: more, env });
      expect([taken.status, taken.stdout]).toEqual([
        1,
        expect.stringMatching(/Taken: 1; there already: 0; refused: 1/),
      ]);
      expect((await faultbook(['reports', 'import', '-'], { input: 'no', env })).status).toBe(2);
    } finally {
      rmSync(there, { recursive: true, force: true });
    }
    expect((await run(['reports', 'zorkmid'])).status).toBe(2);
  });
});
