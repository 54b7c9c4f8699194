/** What is said about command lines while faults are open: what is caught, and what is said in vain. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Book, decodePack } from '../src/book/index.ts';
import { checksOf, diagnose } from '../src/diagnosis/index.ts';
import { type OpenFault, openFaultsOf, preflight } from '../src/preflight/index.ts';
import { ROOT } from './support/cli.ts';

const MIN_CAUGHT = 0.9;
const MAX_FALSE = 0.02;
const NOW_MS = Date.UTC(2026, 10, 30, 12);
const WHERE = { project: '/srv/site', folder: '/srv/site', home: '/home/dev' };

/** One output each, as the programs print it; what failed, where the command is known. */
const FAILURES: readonly (readonly [command: string, output: string])[] = [
  [
    'npm install',
    'npm error code ERESOLVE\nnpm error ERESOLVE unable to resolve dependency tree\nnpm error\nnpm error While resolving: web@1.0.0\nnpm error Found: @acme/core@2.0.0',
  ],
  ['npm start', 'Error: listen EADDRINUSE: address already in use :::3000\n    at Server.setupListenHandle'],
  ['./deploy.sh', 'bash: ./deploy.sh: /bin/bash^M: bad interpreter: No such file or directory'],
  ['git log', "fatal: detected dubious ownership in repository at '/srv/site'"],
  [
    'psql -U app shop',
    'psql: error: connection to server on socket "/var/run/postgresql/.s.PGSQL.5432" failed: FATAL:  Peer authentication failed for user "app"',
  ],
  ['npx tsc', "src/main.ts(1,22): error TS2307: Cannot find module 'padder'."],
];

function openFaults(): readonly OpenFault[] {
  const book = decodePack(readFileSync(`${ROOT}dist/book.pack`), { trusted: true }).book as Book;
  return FAILURES.flatMap(([command, output]) =>
    openFaultsOf(diagnose(book, output), (finding) => ({
      command,
      below: '',
      nowMs: NOW_MS,
      checks: checksOf(finding, book.records),
    })),
  );
}

function rowsOf(name: string): readonly (readonly [string, string, ...string[]])[] {
  return readFileSync(`${ROOT}test/fixtures/${name}`, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split('\t') as [string, string, ...string[]]);
}

test('of 200 command lines, 60 of them known dead ends, at least 90 % are caught and at most 2 % warned of in vain', () => {
  const faults = openFaults();
  const rows = rowsOf('preflight-commands.txt');
  expect(faults.map((f) => f.id)).toHaveLength(FAILURES.length);
  const missed: string[] = [];
  const wrong: string[] = [];
  let dead = 0;
  for (const [expected, line] of rows) {
    const warning = preflight(line, faults, WHERE);
    const said = warning ? `${warning.fault.id}#${warning.action.key}` : '-';
    if (expected !== '-') dead++;
    if (said === expected) continue;
    if (expected === '-') wrong.push(`${said}  ${line}`);
    else missed.push(`${expected} is ${said}  ${line}`);
  }
  console.log(
    `caught ${dead - missed.length} of ${dead}, warned in vain of ${wrong.length} of ${rows.length - dead}\n${[...missed, '', ...wrong].join('\n')}`,
  );
  expect([rows.length, dead]).toEqual([200, 60]);
  expect(missed.length / dead).toBeLessThanOrEqual(1 - MIN_CAUGHT);
  expect(wrong.length / (rows.length - dead)).toBeLessThanOrEqual(MAX_FALSE);
});

test('of 50 lines that the first table was not tuned with, nothing is warned of in vain', () => {
  const faults = openFaults();
  const said = rowsOf('preflight-held-out.txt').map(
    ([expected, line]) => [expected, preflight(line, faults, WHERE) !== null] as const,
  );
  expect(said.filter(([expected, warned]) => expected === '-' && warned)).toEqual([]);
  const dead = said.filter(([expected]) => expected === '*');
  console.log(`caught ${dead.filter(([, warned]) => warned).length} of ${dead.length}`);
  expect(dead).toHaveLength(30);
});

interface Section {
  readonly id: string;
  readonly faults: readonly OpenFault[];
  readonly rows: readonly (readonly [expected: string, line: string])[];
}

/** The sections of a file: each with its fault open, the last one with all of them. */
function sectionsOf(name: string): readonly Section[] {
  const book = decodePack(readFileSync(`${ROOT}dist/book.pack`), { trusted: true }).book as Book;
  const sections: { id: string; faults: readonly OpenFault[]; rows: [string, string][] }[] = [];
  for (const [head, ...rest] of rowsOf(name)) {
    if (!head.startsWith('@ ')) {
      sections[sections.length - 1]?.rows.push([head, (rest[0] as string).replaceAll('⏎', '\n')]);
      continue;
    }
    const id = head.slice(2);
    const [command = '', output = ''] = rest as readonly string[];
    const faults =
      id === '*'
        ? sections.flatMap((s) => s.faults)
        : openFaultsOf(diagnose(book, output.replaceAll('⏎', '\n')), (finding) => ({
            command,
            below: '',
            nowMs: NOW_MS,
            checks: checksOf(finding, book.records),
          }));
    if (id !== '*') expect(faults.map((f) => f.id)).toContain(id);
    sections.push({ id, faults, rows: [] });
  }
  return sections;
}

test.each([
  'preflight-variations.txt',
  'preflight-variations-2.txt',
  'preflight-variations-3.txt',
  'preflight-unseen.txt',
])('%s: at least 90 % of the dead ends are caught, at most 2 % of the rest are warned of', (name) => {
  const missed: string[] = [];
  const wrong: string[] = [];
  let dead = 0;
  let rest = 0;
  for (const { id, faults, rows } of sectionsOf(name))
    for (const [expected, line] of rows) {
      const warning = preflight(line, faults, WHERE);
      if (expected === '-') rest++;
      else dead++;
      if (expected === '-' && warning) wrong.push(`${warning.fault.id}#${warning.action.key}  ${line}`);
      // Which of two dead ends it is called does not matter much; that something is said does.
      if (expected !== '-' && !warning) missed.push(`${id}#${expected}  ${line}`);
    }
  const figures = `${name}: caught ${dead - missed.length} of ${dead}, warned in vain of ${wrong.length} of ${rest}`;
  console.log(process.env.QUIET ? figures : [figures, ...missed, '', ...wrong].join('\n'));
  expect(missed.length / dead).toBeLessThanOrEqual(1 - MIN_CAUGHT);
  expect(wrong.length / rest).toBeLessThanOrEqual(MAX_FALSE);
});
