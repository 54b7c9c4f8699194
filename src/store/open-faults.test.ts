import { spawn } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FAULT_LIMITS, type OpenFault, withRun } from '../preflight/index.ts';
import { changeFault, closeFault, openFault, projectOf, readOpenFaults } from './open-faults.ts';

const root = mkdtempSync(join(tmpdir(), 'faultbook-open-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const NOW = Date.UTC(2026, 10, 30, 12);

function fault(id: string, more: Partial<OpenFault> = {}): OpenFault {
  return {
    schema: 'open-fault.v1',
    id,
    title: 'What happened',
    trusted: true,
    tier: 'proven',
    command: 'npm install',
    below: '',
    openedMs: NOW,
    seenMs: NOW,
    times: 1,
    first: 'look',
    actions: [],
    runs: [],
    said: [],
    ...more,
  };
}
let count = 0;
const freshState = (): string => join(root, `state-${count++}`);
const filesIn = (state: string): string[] =>
  readdirSync(join(state, 'open'), { recursive: true, encoding: 'utf8' }).filter((f) => /\.[a-z]+$/.test(f));

test('a fault is opened, seen again, changed and closed, each project for itself', () => {
  const state = freshState();
  expect(readOpenFaults('/p', NOW, state)).toEqual([]);
  openFault('/p', fault('a/b'), state);
  const again = openFault('/p', fault('a/b', { command: null, seenMs: NOW + 5 }), state);
  expect(again).toMatchObject({ times: 2, openedMs: NOW, seenMs: NOW + 5, command: 'npm install' });
  changeFault('/p', 'a/b', (f) => withRun(f, { key: 'x', atMs: NOW, after: 'unknown' }), state);
  changeFault('/p', 'not/open', () => fault('not/open'), state);
  expect(readOpenFaults('/p', NOW, state)).toEqual([
    { ...again, runs: [{ key: 'x', atMs: NOW, after: 'unknown' }] },
  ]);
  expect(readOpenFaults('/q', NOW, state)).toEqual([]);
  expect(closeFault('/p', 'a/b', state)).toBe(true);
  expect(closeFault('/p', 'a/b', state)).toBe(false);
  expect(readOpenFaults('/p', NOW, state)).toEqual([]);
});

test('a day is enough, and so are twenty', () => {
  const state = freshState();
  openFault('/p', fault('old/one'), state);
  expect(readOpenFaults('/p', NOW + FAULT_LIMITS.maxAgeMs - 1, state)).toHaveLength(1);
  expect(readOpenFaults('/p', NOW + FAULT_LIMITS.maxAgeMs, state)).toEqual([]);
  expect(readOpenFaults('/p', NOW - 3_600_000, state), 'from the future').toEqual([]);
  for (let i = 0; i < FAULT_LIMITS.maxFaults + 5; i++)
    openFault('/p', fault(`new/n${i}`, { seenMs: NOW + FAULT_LIMITS.maxAgeMs + i }), state);
  expect(filesIn(state)).toHaveLength(FAULT_LIMITS.maxFaults);
  expect(readOpenFaults('/p', NOW + FAULT_LIMITS.maxAgeMs + 100, state)[0]?.id).toBe(
    `new/n${FAULT_LIMITS.maxFaults + 4}`,
  );
});

describe('what is no open fault is not read', () => {
  const state = freshState();
  openFault('/p', fault('a/b'), state);
  const [name] = filesIn(state) as [string];
  const file = join(state, 'open', name);
  const good = JSON.parse(readFileSync(file, 'utf8'));
  test.each<[string, unknown]>([
    ['', ''],
    ['half a file', JSON.stringify(good).slice(0, 80)],
    ['another schema', { ...good, schema: 'open-fault.v2' }],
    ['a text for a number', { ...good, times: '1' }],
    ['an action without commands', { ...good, actions: [{ kind: 'avoid', key: 'x' }] }],
    ['a title of a megabyte', { ...good, title: 'x'.repeat(1e6) }],
    ['actions without end', { ...good, said: Array.from({ length: 600 }, () => 'x') }],
    ['a prototype', '{"__proto__":{"schema":"open-fault.v1"}}'],
  ])('%s', (_, value) => {
    writeFileSync(file, typeof value === 'string' ? value : JSON.stringify(value));
    expect(readOpenFaults('/p', NOW, state)).toEqual([]);
  });
  test('a link, a folder', () => {
    const target = join(root, 'elsewhere.json');
    writeFileSync(target, JSON.stringify(good));
    rmSync(file);
    symlinkSync(target, file);
    expect(readOpenFaults('/p', NOW, state)).toEqual([]);
    rmSync(file);
    mkdirSync(file);
    expect(readOpenFaults('/p', NOW, state)).toEqual([]);
    rmSync(file, { recursive: true });
  });
});

test('a folder that cannot be written says so', () => {
  const state = join(root, 'file');
  writeFileSync(state, '');
  expect(() => openFault('/p', fault('a/b'), state)).toThrow(/cannot be written/);
  expect(readOpenFaults('/p', NOW, state)).toEqual([]);
  expect(closeFault('/p', 'a/b', state)).toBe(false);
});

test('projects: the repository’s root, by whatever name it is called', () => {
  const repository = join(root, 'repo');
  mkdirSync(join(repository, '.git'), { recursive: true });
  mkdirSync(join(repository, 'packages/app'), { recursive: true });
  symlinkSync(repository, join(root, 'link'));
  const place = projectOf(join(root, 'link/packages/app'));
  expect(place).toEqual({
    project: projectOf(repository).project,
    folder: join(projectOf(repository).project, 'packages/app'),
    below: 'packages/app',
  });
  mkdirSync(join(root, 'alone/sub'), { recursive: true });
  expect(projectOf(join(root, 'alone/sub')).below).toBe('');
  expect(projectOf(join(root, 'gone/x')).project).toBe(projectOf(join(root, 'gone/x')).folder);
});

describe('many processes', () => {
  const script = join(root, 'writer.mjs');
  beforeAll(async () => {
    const entry = join(root, 'entry.ts');
    const store = fileURLToPath(new URL('./open-faults.ts', import.meta.url));
    const preflight = fileURLToPath(new URL('../preflight/index.ts', import.meta.url));
    writeFileSync(
      entry,
      `import { openFault, changeFault, closeFault } from '${store}';
import { withRun } from '${preflight}';
const [state, name, rounds, only] = process.argv.slice(2);
const fault = JSON.parse(process.env.FAULT);
if (only) {
  const pause = new Int32Array(new SharedArrayBuffer(4));
  // With a breath in between: no agent runs commands faster than this.
  for (let i = 0; i < Number(rounds); i++, Atomics.wait(pause, 0, 0, 3))
    changeFault('/p', only, (f) => ({ ...f, times: f.times + 1, runs: [...f.runs, { key: name, atMs: i, after: 'unknown' }].slice(-50) }), state);
  process.exit(0);
}
for (let i = 0; i < Number(rounds); i++) {
  openFault('/p', { ...fault, id: 'shared/one' }, state);
  openFault('/p', { ...fault, id: 'own/' + name }, state);
  changeFault('/p', 'shared/one', (f) => withRun(f, { key: name, atMs: i, after: 'unknown' }), state);
  if (i % 10 === 9) closeFault('/p', 'shared/one', state);
}
openFault('/p', { ...fault, id: 'shared/one' }, state);`,
    );
    const bundle = await rolldown({ platform: 'node', input: entry, logLevel: 'silent' });
    await bundle.write({ file: script, format: 'esm' });
  });

  test('write the same faults while two are killed: every file is whole, and what was acknowledged is there', async () => {
    const state = freshState();
    const start = (name: string, rounds: number) => {
      const child = spawn(process.execPath, [script, state, name, String(rounds)], {
        env: { ...process.env, FAULT: JSON.stringify(fault('x/y')) },
        stdio: 'ignore',
      });
      return { child, done: new Promise<number | null>((resolve) => child.on('close', resolve)) };
    };
    const writers = ['a', 'b', 'c', 'd'].map((name) => start(name, 60));
    const victims = ['v', 'w'].map((name) => start(name, 1_000_000));
    const bad: string[] = [];
    const look = (): void => {
      for (const f of readOpenFaults('/p', NOW, state)) if (f.title !== 'What happened') bad.push(f.id);
    };
    const timer = setInterval(look, 20);
    expect(await Promise.all(writers.map((w) => w.done))).toEqual([0, 0, 0, 0]);
    for (const { child } of victims) child.kill('SIGKILL');
    await Promise.all(victims.map((v) => v.done));
    clearInterval(timer);
    expect(bad).toEqual([]);
    for (const file of filesIn(state).filter((f) => f.endsWith('.json')))
      expect(JSON.parse(readFileSync(join(state, 'open', file), 'utf8')).schema).toBe('open-fault.v1');
    const ids = readOpenFaults('/p', NOW, state).map((f) => f.id);
    for (const name of ['a', 'b', 'c', 'd']) expect(ids).toContain(`own/${name}`);
  });

  test('change the same fault at the same moment: every change is there, though one is killed while it holds the lock', async () => {
    const state = freshState();
    openFault('/p', fault('shared/one'), state);
    const [file] = filesIn(state) as [string];
    // A lock that a dead process left.
    writeFileSync(join(state, 'open', `${file}.lock`), '4194304 0123456789abcdef');
    const ROUNDS = 100;
    const statuses = await Promise.all(
      ['a', 'b', 'c', 'd'].map((name) => {
        const child = spawn(process.execPath, [script, state, name, String(ROUNDS), 'shared/one'], {
          env: { ...process.env, FAULT: '{}' },
          stdio: ['ignore', 'ignore', 'inherit'],
        });
        return new Promise<number | null>((done) => child.on('close', done));
      }),
    );
    expect(statuses).toEqual([0, 0, 0, 0]);
    expect(readOpenFaults('/p', NOW, state)[0]?.times).toBe(1 + 4 * ROUNDS);
    expect(filesIn(state)).toEqual([file]);
  });
});
