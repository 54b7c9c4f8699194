/** `scan`: its report is that of reading the whole text line by line, however it is cut, packed, or shared out. */
import { spawn } from 'node:child_process';
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileBook, matchText } from '../src/book/index.ts';
import { BlockReader, filterOf } from '../src/scan/blocks.ts';
import { readMoment, scan, timeOf } from '../src/scan/index.ts';
import { Tally } from '../src/scan/tally.ts';
import { readRecords } from '../src/store/index.ts';
import { CLI, faultbook, ROOT } from './support/cli.ts';

const { records } = readRecords(join(ROOT, 'records'));
const { book } = compileBook(records);
const NOW = Date.UTC(2026, 10, 30, 12);
const example = readFileSync(join(ROOT, 'examples/nginx-error.log'), 'utf8');

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'faultbook-scan-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));
function write(name: string, data: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, data);
  return path;
}

/** What a report says of known errors. */
function known(report: { readonly matches: ReturnType<typeof matchText> }) {
  return report.matches.map((m) => [book.records[m.record]?.id, m.occurrences, m.excerpt, m.verdict]);
}
function naive(text: string) {
  return matchText(book, text).map((m) => [book.records[m.record]?.id, m.occurrences, m.excerpt, m.verdict]);
}
/** Reads a text in pieces of so many bytes. */
function tallied(text: string, pieceBytes: number, json = false) {
  const tally = new Tally(book, { nowMs: NOW });
  const source = tally.open('x');
  const reader = new BlockReader(filterOf(book, null), json, source);
  const bytes = Buffer.from(text, 'utf8');
  for (let at = 0; at < bytes.length; at += pieceBytes) reader.push(bytes.subarray(at, at + pieceBytes));
  source.finish(reader.end());
  return tally.report();
}

/** Lines with known errors in every dress, and lines without. */
const samples = records.flatMap((r) =>
  r.samples
    .filter((s) => s.name.startsWith('match.'))
    .slice(0, 2)
    .map((s) => s.text),
);
const texts = fc
  .array(
    fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...samples, ...samples.flatMap((s) => s.split('\n'))) },
      { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 80 }) },
      fc.constantFrom(
        'GET / 200',
        '\x1b[31merror\x1b[0m: nothing',
        'a\rb',
        '',
        'é'.repeat(50),
        '{"msg":"fine"}',
      ),
    ),
    { maxLength: 12 },
  )
  .map((lines) =>
    lines.join('\n').replace(/[\x01-\x07\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f\u0080-\u009f]/g, ''),
  );

describe('what is found is what the whole text gives', () => {
  test('in pieces of any size', () => {
    fc.assert(
      fc.property(texts, fc.integer({ min: 1, max: 200 }), (text, pieceBytes) => {
        expect(known(tallied(text, pieceBytes))).toEqual(naive(text));
      }),
      { numRuns: 60 },
    );
  });
  test('each sample, whole and byte by byte', () => {
    for (const text of samples) {
      const json = text.includes('{"');
      expect(known(tallied(text, 1 << 20, json))).toEqual(naive(text));
      if (text.length < 2000) expect(known(tallied(text, 1, json))).toEqual(naive(text));
    }
  });
  test('messages with escapes in JSON lines', () => {
    const line = `${JSON.stringify({ time: '2026-11-30T10:00:00Z', msg: `fatal: detected dubious ownership in repository at '/srv/x'\nTo add an exception` })}\n`;
    const path = write('json.log', line.repeat(3));
    return scan(book, [path], { nowMs: NOW }).then((report) => {
      expect(known(report)).toEqual(naive(line.repeat(3)));
      expect(known(report)[0]?.[0]).toBe('git/dubious-ownership');
    });
  });
});

test('numbers of lines, offsets, times', async () => {
  const path = write('nginx.log', example);
  const events: { line: number; offset: number; time: number | null; text: string }[] = [];
  const report = await scan(book, [path], {
    nowMs: NOW,
    onEvent: ({ event, place, text }) => event === 'match' && events.push({ ...place, text }),
  });
  const lines = example.split('\n');
  expect(report.lines).toBe(lines.length - 1);
  expect(report.bytes).toBe(Buffer.byteLength(example));
  expect(events.length).toBeGreaterThan(10);
  for (const { line, offset, time, text } of events) {
    expect(lines[line - 1]?.startsWith(text.slice(0, 60))).toBe(true);
    expect(Buffer.from(example).subarray(offset).toString().startsWith(text.slice(0, 60))).toBe(true);
    expect(time).toBe(timeOf(lines[line - 1] as string, NOW));
  }
  expect(report.from).toBe(timeOf(lines[0] as string, NOW));
});

test('threads change nothing; nor does the order in which they finish', { timeout: 300_000 }, async () => {
  // Larger than one part, so that parts really are shared out.
  const path = write('large.log', example.repeat(120));
  const gz = write('packed.log.gz', gzipSync(example.repeat(5)));
  const paths = [gz, path, join(ROOT, 'examples/postgres-startup.log')];
  const run = async (workers: string) => {
    const { stdout, status, stderr } = await faultbook([
      'scan',
      '--workers',
      workers,
      '--format',
      'json',
      ...paths,
    ]);
    expect([status, stderr]).toEqual([0, '']);
    const { diagnosis, ...rest } = JSON.parse(stdout);
    return { ...rest, ids: diagnosis.findings.map((f: { id: string }) => f.id) };
  };
  const one = await run('1');
  expect(one.records.length).toBeGreaterThan(2);
  expect(one.records.find((r: { id: string }) => r.id.includes('client-hello')).lines).toBe(11 * 125);
  expect(await run('2')).toEqual(one);
  expect(await run('5')).toEqual(one);
});

test('a line that runs through several parts is read once', { timeout: 120_000 }, async () => {
  const path = write('through.log', `first\n${'x'.repeat(30 << 20)} ${example}last\n`);
  const run = async (workers: string) => {
    const { stdout, maxRssMb } = await faultbook(['scan', '--workers', workers, '--format', 'json', path], {
      measure: true,
    });
    expect(maxRssMb).toBeLessThan(300);
    const { diagnosis, ...rest } = JSON.parse(stdout);
    return { ...rest, ids: diagnosis.findings.map((f: { id: string }) => f.id) };
  };
  const one = await run('1');
  expect(one.records.length).toBeGreaterThan(0);
  expect(await run('2')).toEqual(one);
});

test('a line of 100 MB: the right answer in little memory', { timeout: 300_000 }, async () => {
  const filler = 'x'.repeat(1 << 20);
  async function* input(): AsyncGenerator<Buffer> {
    for (let i = 0; i < 50; i++) yield Buffer.from(filler);
    yield Buffer.from(" fatal: detected dubious ownership in repository at '/srv/site' ");
    for (let i = 0; i < 50; i++) yield Buffer.from(filler);
  }
  const { stdout, status, maxRssMb } = await faultbook(['scan', '--format', 'json'], {
    input: input(),
    measure: true,
  });
  expect(status).toBe(0);
  expect(JSON.parse(stdout).records.map((r: { id: string }) => r.id)).toEqual(['git/dubious-ownership']);
  expect(maxRssMb).toBeLessThan(300);
});

describe('what cannot be read', () => {
  test('is said, and the rest still counts', async () => {
    const good = write('good.log', example);
    const cut = write('cut.log.gz', gzipSync(example).subarray(0, 4000));
    const { stdout, stderr, status } = await faultbook(['scan', good, cut, join(folder, 'none.log'), folder]);
    expect(status).toBe(2);
    for (const why of ['damaged or cut off', 'there is no such file', 'is a folder'])
      expect(stderr).toContain(why);
    expect(stdout).toContain('nginx/ssl-handshake-failed-client-hello');
  });
  test('binary, NULs, broken UTF-8, nothing', async () => {
    const path = write(
      'odd.bin',
      Buffer.concat([Buffer.from([0, 255, 254, 10, 0xc3, 0x28, 13, 10]), Buffer.from(example)]),
    );
    const { status } = await faultbook(['scan', path]);
    expect(status).toBe(0);
    const empty = await faultbook(['scan', write('empty.log', '')]);
    expect([empty.status, empty.stderr]).toEqual([1, '']);
    const utf16 = write('utf16.log', Buffer.from(`\ufeff${example}`, 'utf16le'));
    expect((await faultbook(['scan', utf16])).stdout).toContain('nginx/ssl-handshake-failed-client-hello');
  });
  test.each([
    [['--since', 'soon'], 'is no time'],
    [['--show', 'x'], 'unknown:1'],
    [['--follow'], 'needs files'],
  ])('%j', async (args, why) => {
    const { status, stderr } = await faultbook(['scan', ...args], { input: 'x' });
    expect([status, stderr]).toEqual([2, expect.stringContaining(why)]);
  });
});

test('only what was logged since then', async () => {
  const path = write('since.log', example);
  const count = async (...args: string[]) => {
    const { stdout } = await faultbook(['scan', '--format', 'json', ...args, path]);
    return JSON.parse(stdout).records.find((r: { id: string }) => r.id.includes('client-hello'))?.lines ?? 0;
  };
  const times = example
    .split('\n')
    .filter((l) => l.includes('alert number 40'))
    .map((l) => l.slice(0, 19).replaceAll('/', '-'));
  const middle = times[5] as string;
  expect(await count('--since', middle)).toBe(times.filter((t) => t >= middle).length);
  expect(await count('--until', middle)).toBe(times.filter((t) => t <= middle).length);
});

test.each([
  ['2026/11/30 02:47:11 [error] x', '2026-11-30 02:47:11'],
  ['2026-11-30T02:47:11.250Z x', Date.UTC(2026, 10, 30, 2, 47, 11, 250)],
  ['[2026-11-30 02:47:11,5 +0100] x', Date.UTC(2026, 10, 30, 1, 47, 11, 500)],
  ['1.2.3.4 - - [30/Nov/2026:02:47:11 +0000] "GET /"', Date.UTC(2026, 10, 30, 2, 47, 11)],
  ['Nov 29 02:47:11 host x[1]: y', '2026-11-29 02:47:11'],
  ['Dec 24 02:47:11 host x[1]: y', '2025-12-24 02:47:11'],
  ['[Mon Nov 30 02:47:11.5 2026] [ssl:warn] x', '2026-11-30 02:47:11'],
  ['{"level":"error","ts":1796006831.25,"msg":"x"}', 1796006831250],
  ['no time at all 12:34', null],
  ['2026-13-45 99:99:99', null],
])('the time of %j', (line, time) => {
  const read = timeOf(line, NOW);
  if (typeof time === 'string')
    expect(Math.floor((read ?? 0) / 1000)).toBe(new Date(time.replace(' ', 'T')).getTime() / 1000);
  else expect(read).toBe(time);
});
test('moments', () => {
  expect(readMoment('10m', NOW)).toBe(NOW - 600_000);
  expect(readMoment('2026-11-30', NOW)).toBe(new Date(2026, 10, 30).getTime());
  expect(readMoment('2026-11-30 02:47', NOW)).toBe(new Date(2026, 10, 30, 2, 47).getTime());
  expect(readMoment('yesterday', NOW)).toBeNull();
});

test('a log that grows, is rotated and truncated is followed; Ctrl-C sums up', {
  timeout: 120_000,
}, async () => {
  const line = (n: number) =>
    `2026/11/30 02:47:1${n} [error] fatal: detected dubious ownership in repository at '/srv/${n}'\n`;
  const path = write('grow.log', `started\n${line(1)}`);
  const child = spawn(process.execPath, [CLI, 'scan', '--follow', '--format', 'ndjson', path], {
    env: { ...process.env, LANG: 'C.UTF-8', FAULTBOOK_ENVIRONMENT: 'any' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString();
  });
  const events = () => out.split('\n').filter((l) => l.includes('"type":"match"')).length;
  const until = async (n: number) => {
    while (events() < n) await new Promise((resolve) => setTimeout(resolve, 50));
  };
  await until(1);
  // Half a line is no line yet.
  appendFileSync(path, line(2).slice(0, 60));
  appendFileSync(path, line(2).slice(60));
  await until(2);
  renameSync(path, `${path}.1`);
  appendFileSync(`${path}.1`, line(3));
  writeFileSync(path, line(4));
  await until(4);
  truncateSync(path);
  await new Promise((resolve) => setTimeout(resolve, 700));
  appendFileSync(path, line(5));
  await until(5);
  child.kill('SIGINT');
  await new Promise((resolve) => child.once('close', resolve));
  const summary = JSON.parse(out.trim().split('\n').at(-1) as string);
  expect([summary.type, summary.records[0].lines]).toEqual(['summary', 5]);
});

test('in each format; nothing hostile gets through', async () => {
  const path = write(
    'hostile.log',
    `::add-mask::x\n\x1b]52;c;eA==\x07 error: \x1b[31m::set-env name=a::b failed \u202e\n${example}`,
  );
  for (const format of ['text', 'json', 'ndjson', 'markdown', 'sarif', 'junit', 'github']) {
    const { status, stdout } = await faultbook(['scan', '--format', format, path]);
    expect([format, status]).toEqual([format, 0]);
    expect(stdout).toContain('client-hello');
    expect(stdout, format).not.toMatch(/[\x1b\x07\u202e]/);
    if (format !== 'github') expect(stdout, format).not.toMatch(/^\s*::/m);
  }
});
