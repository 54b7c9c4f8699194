/** Locations, fingerprints and limits of SARIF; its schema and a real reader: test/reports.test.ts. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileBook } from '../book/index.ts';
import { type Diagnosis, diagnose } from '../diagnosis/index.ts';
import { parseRecord } from '../record/index.ts';
import { type DiagnosedInput, renderSarif, SARIF_LIMITS } from './index.ts';

const { record } = parseRecord({
  id: 'test/refused',
  domain: 'test',
  origin: 'authored',
  title: 'The upstream refused us',
  signature: 'upstream refused us',
  regex: 'upstream (?<host>\\S+) refused us|upstream refused us',
  groups: { host: 'host' },
  causes: [{ key: 'asleep', title: 'It sleeps' }],
  workarounds: [
    { key: 'wake', action: 'Wake it', commands: ['wake {{host}}'], for: ['asleep'] },
    { key: 'wait', action: 'Wait', commands: ['sleep 9'], for: ['asleep'] },
  ],
});
if (!record) throw new Error('no record');
const { book } = compileBook([{ record }]);
const known = diagnose(book, 'upstream refused us\n');

// biome-ignore lint/suspicious/noExplicitAny: read as any program would that knows the format
function runOf(inputs: readonly DiagnosedInput[]): any {
  return JSON.parse(renderSarif(inputs, { lang: 'en', version: '1.2.3' })).runs[0];
}

test.each([
  ['build.log', 'build.log', '%SRCROOT%'],
  ['./C:/x.log', 'C%3A/x.log', '%SRCROOT%'],
  ['logs/a b#c?d%.log', 'logs/a%20b%23c%3Fd%25.log', '%SRCROOT%'],
  ['logs/日志.log', 'logs/%E6%97%A5%E5%BF%97.log', '%SRCROOT%'],
  ['/var/log/a b.log', 'file:///var/log/a%20b.log', undefined],
  ['C:/Users/Jo Doe/x.log', 'file:///C:/Users/Jo%20Doe/x.log', undefined],
  ['//server/share/x.log', 'file://server/share/x.log', undefined],
  ['-', 'stdin', undefined],
])('%s is %s', (source, uri, uriBaseId) => {
  const run = runOf([{ source, diagnosis: known }]);
  const { artifactLocation } = run.results[0].locations[0].physicalLocation;
  expect(artifactLocation).toEqual({ uri, index: 0, ...(uriBaseId ? { uriBaseId } : {}) });
  if (!uriBaseId && source !== '-') expect(new URL(uri).href).toBe(uri);
});

test('any path is a URI reference that leads back to it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }), (name) => {
      if (/[/]|^\.{1,2}$|^-$/.test(name)) return;
      const { uri } = runOf([{ source: `./${name}`, diagnosis: known }]).artifacts[0].location;
      expect(uri).toMatch(/^(?:[A-Za-z0-9._~!'()*-]|%[0-9A-F]{2})+$/);
      expect(decodeURIComponent(uri)).toBe(name.replace(/\p{Surrogate}/gu, '\ufffd'));
    }),
  );
});

test('the same error has the same fingerprint in another run; another error has another', () => {
  const printOf = (line: string): unknown =>
    runOf([{ source: 'a.log', diagnosis: diagnose(book, line) }]).results[0].partialFingerprints;
  const first = printOf(
    'Nov 23 18:00:01 ci-7 app[311]: upstream refused us (try 1, id 7f3a9c21e0, 0x7ffe01)\n',
  );
  expect(
    printOf('Dec  1 07:12:59 ci-12 app[9]: upstream refused us (try 3, id b81c44d0aa, 0x55aa10)\n'),
  ).toEqual(first);
  expect(printOf('Nov 23 18:00:01 ci-7 app[311]: upstream refused us (disk is full)\n')).not.toEqual(first);
  expect(first).toEqual({
    'faultbook/error/v1': expect.stringMatching(/^[0-9a-f]{16}$/),
    primaryLocationLineHash: expect.stringMatching(/^[0-9a-f]{16}:1$/),
  });
});

test('a rule’s help has only the advice that all its findings share', () => {
  const at = (host: string) => ({ source: host, diagnosis: diagnose(book, `upstream ${host} refused us\n`) });
  const run = runOf([at('db1'), at('db2')]);
  expect(run.tool.driver.rules).toHaveLength(1);
  expect(run.tool.driver.rules[0].help.text).not.toMatch(/db[12]/);
  expect(run.tool.driver.rules[0].help.text).toContain('sleep 9');
  expect(
    run.results.map((r: { message: { text: string } }) => /wake db\d/.exec(r.message.text)?.[0]),
  ).toEqual(['wake db1', 'wake db2']);
});

test('nothing known: no result, and a notification that says so of each output', () => {
  const nothing = diagnose(book, 'all is well\n');
  const run = runOf([
    { source: 'a.log', diagnosis: nothing },
    { source: 'b.log', diagnosis: known },
    { source: '-', diagnosis: nothing },
  ]);
  expect(run.results).toHaveLength(1);
  const [{ executionSuccessful, toolExecutionNotifications: notes }] = run.invocations;
  expect(executionSuccessful).toBe(true);
  expect(notes).toMatchObject([
    {
      descriptor: { id: 'no-known-error' },
      level: 'note',
      locations: [{ physicalLocation: { artifactLocation: { uri: 'a.log', index: 0 } } }],
    },
    { locations: [{ physicalLocation: { artifactLocation: { uri: 'stdin', index: 2 } } }] },
  ]);
});

test('at most as many results as are shown, matches before what is only possible, the rest counted', () => {
  const possible: Diagnosis = {
    ...known,
    findings: known.findings.map((f) => ({ ...f, verdict: 'possible' as const })),
  };
  const inputs = Array.from({ length: SARIF_LIMITS.results + 20 }, (_, i) => ({
    source: `logs/${i}.log`,
    diagnosis: i < 30 ? possible : known,
  }));
  const run = runOf(inputs);
  expect(run.results).toHaveLength(SARIF_LIMITS.results);
  const levels = run.results.map((r: { level: string }) => r.level);
  expect(levels.filter((l: string) => l === 'error')).toHaveLength(SARIF_LIMITS.results - 10);
  expect(run.invocations[0].toolExecutionNotifications).toMatchObject([
    { descriptor: { id: 'results-left-out' }, message: { text: expect.stringMatching(/^20 more/) } },
  ]);
});
