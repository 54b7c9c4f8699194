/** `faultbook misses`: asked for, redacted, grouped, bounded; safe with many writers and with killed ones. */
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { addMisses, MISSES_LIMITS, readMisses } from '../src/store/index.ts';
import { CLI, faultbook } from './support/cli.ts';

let state = '';
beforeEach(() => {
  state = mkdtempSync(join(tmpdir(), 'faultbook-misses-'));
});
afterEach(() => rmSync(state, { recursive: true, force: true }));
const run = (args: string[], input?: string) =>
  faultbook(args, { ...(input === undefined ? {} : { input }), env: { FAULTBOOK_STATE: state } });
const groups = async () =>
  JSON.parse((await run(['misses', '--format', 'json'])).stdout) as {
    shape: string;
    example: string;
    count: number;
  }[];

test('nothing is kept until it is asked for, and nothing after it is taken back', async () => {
  const unknown = 'zorkd: fatal: the grue 17 is not found\n';
  await run([], unknown);
  expect(existsSync(join(state, 'misses.ndjson'))).toBe(false);
  expect((await run(['misses'])).stdout).toContain('Nothing is kept');
  expect((await run(['misses', 'on'])).status).toBe(0);
  await run([], unknown);
  await run([], unknown.replace('17', '4711'));
  expect(await groups()).toMatchObject([{ shape: 'zorkd: fatal: the grue <n> is not found', count: 2 }]);
  expect((await run(['misses', '--lang', 'zh'])).stdout).toContain('诊断不了');
  await run(['misses', 'off']);
  await run([], unknown);
  expect((await groups())[0]?.count).toBe(2);
  await run(['misses', 'clear']);
  expect(await groups()).toEqual([]);
  expect((await run(['misses', 'maybe'])).status).toBe(2);
});

test('a known error is no miss; what is kept holds no secret and can be read by its owner alone', async () => {
  await run(['misses', 'on']);
  await run(['examples/nginx-error.log']);
  expect(await groups()).toEqual([]);
  const secret = `ghp_${'aB3'.repeat(12)}`;
  await run(
    ['misses', 'add', '-'],
    `zorkd: error: token ${secret} of ann@corp.example.com refused in /home/annabel/x\n`,
  );
  const file = join(state, 'misses.ndjson');
  const text = readFileSync(file, 'utf8');
  expect(text).toContain('refused');
  expect(text).not.toMatch(/ghp_|ann@|annabel/);
  expect(statSync(file).mode & 0o777).toBe(0o600);
});

test('a log cannot write to the terminal through it', async () => {
  await run(['misses', 'add', '-'], 'zorkd: error: \x1b]52;c;x\x07 failed \u202e::add-mask::x\n');
  const { stdout } = await run(['misses']);
  expect(stdout).not.toMatch(/[\x00-\x08\x0b-\x1f\u202e]/);
  expect(stdout).not.toMatch(/^\s*::/m);
});

test('many writers at once: every line is whole, none is lost', async () => {
  const one = (i: number) =>
    new Promise<void>((done) => {
      const child = spawn(process.execPath, [CLI, 'misses', 'add', '-'], {
        env: { PATH: process.env.PATH ?? '', HOME: state, FAULTBOOK_STATE: state },
        stdio: ['pipe', 'ignore', 'inherit'],
      });
      child.on('exit', () => done());
      child.stdin.end(`zorkd: fatal: writer ${'abcdefghijkl'[i]} has failed\n`);
    });
  await Promise.all(Array.from({ length: 12 }, (_, i) => one(i)));
  expect(readMisses(state)).toHaveLength(12);
});

test('a piece that a killed writer left is passed over, and swallows nothing', () => {
  const miss = (shape: string) => ({ shape, example: shape, date: '2026-11-23' });
  addMisses([miss('a')], state);
  appendFileSync(join(state, 'misses.ndjson'), '{"shape":"half');
  addMisses([miss('b')], state);
  appendFileSync(join(state, 'misses.ndjson'), '[]\nnull\n{"shape":7}\n');
  expect(readMisses(state).map((g) => g.shape)).toEqual(['a', 'b']);
});

test('it stays small: the oldest go', () => {
  const file = join(state, 'misses.ndjson');
  for (let i = 0; i < 2500; i++)
    addMisses(
      [
        { shape: `s${i}`, example: 'x'.repeat(5000), date: '2026-11-23' },
        { shape: 's', example: 'y'.repeat(300), date: '2026-11-23' },
      ],
      state,
    );
  expect(statSync(file).size).toBeLessThanOrEqual(MISSES_LIMITS.maxBytes);
  const shapes = readMisses(state).map((g) => g.shape);
  expect(shapes).toContain('s2499');
  expect(shapes).not.toContain('s0');
});
