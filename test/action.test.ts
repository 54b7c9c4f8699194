/** action.yml: by GitHub's own schema, and its steps run as a runner runs them. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rolldown } from 'rolldown';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { ROOT } from './support/cli.ts';
import { toolsOrSkip } from './support/tools.ts';

const PARSER = '@actions/workflow-parser';
const PARSER_VERSION = '0.3.61';

interface Step {
  readonly id?: string;
  readonly shell: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly run: string;
}
interface Action {
  readonly inputs: Readonly<Record<string, { readonly default: string }>>;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
}
const TEXT = readFileSync(join(ROOT, 'action.yml'), 'utf8');
const action: Action = parse(TEXT);

const folder = mkdtempSync(join(tmpdir(), 'faultbook actión '));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const ERESOLVE = 'npm error code ERESOLVE\nnpm error ERESOLVE unable to resolve dependency tree\n';
const FAILING = `printf '%s\\n' 'npm error ERESOLVE unable to resolve dependency tree' >&2; echo done; exit 7`;

interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
  readonly workspace: string;
}

let count = 0;
/** Runs the action's steps as actions/runner does: files for outputs and summary, a fresh script and bash for each. */
function runAction(
  inputs: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>> = {},
  { at = ROOT, env = {} }: { readonly at?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Ran {
  const place = join(folder, `job ${count++}`);
  const workspace = join(place, 'work space');
  mkdirSync(workspace, { recursive: true });
  mkdirSync(join(place, 'temp'));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(workspace, name, '..'), { recursive: true });
    writeFileSync(join(workspace, name), text);
  }
  const known = new Set(Object.keys(action.inputs));
  for (const name of Object.keys(inputs)) expect(known, name).toContain(name);
  const steps: Record<string, Record<string, string>> = {};
  const evaluate = (text: string): string =>
    text.replace(/\$\{\{ *([\w.-]+) *\}\}/g, (_, path: string) => {
      const [context, name = '', , output = ''] = path.split('.');
      if (context === 'inputs') return inputs[name] ?? (action.inputs[name] as { default: string }).default;
      if (context === 'steps') return steps[name]?.[output] ?? '';
      throw new Error(`no context ${context}`);
    });
  let stdout = '';
  let stderr = '';
  let summary = '';
  let status: number | null = 0;
  for (const [i, step] of action.runs.steps.entries()) {
    expect(step.shell).toBe('bash');
    const [script, outputs, summaryFile] = ['script.sh', 'outputs', 'summary.md'].map((n) =>
      join(place, 'temp', `${i}-${n}`),
    ) as [string, string, string];
    writeFileSync(script, step.run);
    for (const file of [outputs, summaryFile]) writeFileSync(file, '');
    const done = spawnSync('bash', ['--noprofile', '--norc', '-e', '-o', 'pipefail', script], {
      cwd: workspace,
      encoding: 'utf8',
      env: {
        PATH: process.env.PATH ?? '',
        HOME: process.env.HOME ?? place,
        LANG: 'C.UTF-8',
        CI: 'true',
        GITHUB_ACTIONS: 'true',
        GITHUB_ACTION_PATH: at.replace(/\/$/, ''),
        GITHUB_WORKSPACE: workspace,
        GITHUB_OUTPUT: outputs,
        GITHUB_STEP_SUMMARY: summaryFile,
        RUNNER_TEMP: join(place, 'temp'),
        FAULTBOOK_ENVIRONMENT: 'any',
        ...env,
        ...Object.fromEntries(Object.entries(step.env ?? {}).map(([k, v]) => [k, evaluate(v)])),
      },
    });
    stdout += done.stdout;
    stderr += done.stderr;
    summary += readFileSync(summaryFile, 'utf8');
    if (step.id)
      steps[step.id] = Object.fromEntries(
        readFileSync(outputs, 'utf8')
          .trimEnd()
          .split('\n')
          .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
      );
    status = done.status;
    if (status !== 0) break;
  }
  const outputs = Object.fromEntries(
    Object.entries(action.outputs).map(([name, { value }]) => [name, evaluate(value)]),
  );
  return { status, stdout, stderr, outputs, summary, workspace };
}

test('is valid by the schema that GitHub’s own language service uses', async (context) => {
  const root = await toolsOrSkip(context, 'action.yml', [`npm:${PARSER}@${PARSER_VERSION}`]);
  const entry = join(
    root,
    'npm',
    `${PARSER}-${PARSER_VERSION}`,
    'node_modules',
    PARSER,
    'dist/actions/index.js',
  );
  // The package imports JSON as bundlers do, so it is bundled.
  const script = join(folder, 'check-action.mjs');
  const bundle = await rolldown({ input: entry, platform: 'node' });
  await bundle.write({ file: join(folder, 'parser.mjs'), format: 'esm' });
  writeFileSync(
    script,
    `import { parseAction } from './parser.mjs';
    let content = '';
    for await (const chunk of process.stdin) content += chunk;
    const trace = { error() {}, info() {}, verbose() {} };
    const { context } = parseAction({ name: 'action.yml', content }, trace);
    console.log(JSON.stringify(context.errors.getErrors().map((e) => e.message)));`,
  );
  const errorsOf = (text: string): string[] => {
    const { stdout, stderr, status } = spawnSync(process.execPath, [script], {
      input: text,
      encoding: 'utf8',
    });
    expect(status, stderr).toBe(0);
    return JSON.parse(stdout);
  };
  expect(errorsOf(TEXT)).toEqual([]);
  expect(errorsOf(TEXT.replace('using: composite', 'using: composted'))).not.toEqual([]);
  expect(errorsOf(TEXT.replace('inputs.format', 'inputs.'))).not.toEqual([]);
  expect(errorsOf(TEXT.replaceAll('      shell: bash\n', ''))).not.toEqual([]);
});

test('no input is pasted into a script; no other action and no download is used', () => {
  for (const step of action.runs.steps) {
    expect(step.run).not.toContain('${{');
    expect(step).not.toHaveProperty('uses');
    expect(step.run).not.toMatch(/curl|wget|npx/);
  }
});

describe('log', () => {
  test('annotations on standard output, a summary, outputs; the step succeeds', () => {
    const ran = runAction(
      { log: 'logs/build 1.log\n\nother.log\n' },
      { 'logs/build 1.log': ERESOLVE, 'other.log': 'fine\n' },
    );
    expect([ran.status, ran.stderr]).toEqual([0, '']);
    expect(ran.stdout).toMatch(/^::error file=logs\/build 1\.log,line=\d,title=Known%3A npm\/eresolve::/);
    expect(ran.stdout).toContain('other.log: faultbook: none.');
    expect(ran.summary).toMatch(/^### Known: npm\/eresolve\n/);
    expect(ran.outputs).toEqual({ match: 'true', report: '' });
  });
  test('fail-on-match fails the step; nothing known does not', () => {
    const failed = runAction({ log: 'a.log', 'fail-on-match': 'true' }, { 'a.log': ERESOLVE });
    expect([failed.status, failed.outputs.match]).toEqual([1, 'true']);
    const none = runAction({ log: 'a.log', 'fail-on-match': 'true' }, { 'a.log': 'fine\n' });
    expect([none.status, none.outputs.match]).toEqual([0, 'false']);
  });
  test('sarif and junit go to a file, whose path is an output', () => {
    const sarif = runAction(
      { log: 'a.log', format: 'sarif', report: 'out/dir/x.sarif' },
      { 'a.log': ERESOLVE },
    );
    expect([sarif.status, sarif.stdout, sarif.summary]).toEqual([0, '', '']);
    expect(sarif.outputs).toEqual({ match: 'true', report: 'out/dir/x.sarif' });
    const log = JSON.parse(readFileSync(join(sarif.workspace, 'out/dir/x.sarif'), 'utf8'));
    expect(log.runs[0].results[0].locations[0].physicalLocation.artifactLocation.uri).toBe('a.log');
    const junit = runAction({ log: 'a.log', format: 'junit' }, { 'a.log': ERESOLVE });
    expect(readFileSync(join(junit.workspace, 'faultbook.xml'), 'utf8')).toContain(
      '<failure type="npm/eresolve"',
    );
  });
  test('in Chinese, and without a summary', () => {
    const ran = runAction({ log: 'a.log', lang: 'zh', summary: 'false' }, { 'a.log': ERESOLVE });
    expect(ran.stdout).toContain('title=已知错误：npm/eresolve::');
    expect(ran.summary).toBe('');
  });
  test.each([
    [{}, 'Name the files'],
    [{ log: 'a.log', run: 'true' }, 'either the input log or the input run'],
    [{ log: 'a.log', format: 'xml' }, 'The input format is'],
  ])('%j: status 2, and why', (inputs, why) => {
    const { status, stdout } = runAction(inputs, { 'a.log': ERESOLVE });
    expect([status, stdout]).toEqual([2, expect.stringContaining(`::error title=Faultbook::`)]);
    expect(stdout).toContain(why);
  });
  test('a file that is not there: status 2, said by Faultbook', () => {
    const ran = runAction({ log: 'missing.log' });
    expect([ran.status, ran.outputs.match]).toEqual([2, 'false']);
    expect(ran.stderr).toContain('missing.log: there is no such file');
  });
  test('a path is only ever a path', () => {
    const path = '$(touch pwned); `touch pwned` --format text';
    const ran = runAction({ log: `${path}\n--help` }, { [path]: ERESOLVE, '--help': 'fine\n' });
    expect(ran.status, ran.stderr).toBe(0);
    expect(existsSync(join(ran.workspace, 'pwned'))).toBe(false);
    expect(ran.stdout).toContain('--help: faultbook: none.');
  });
});

describe('run', () => {
  test('what fails is diagnosed; its output is shown, and its exit code is the step’s', () => {
    const ran = runAction({ run: FAILING });
    expect(ran.status).toBe(7);
    expect(ran.stdout).toMatch(
      /^npm error ERESOLVE unable to resolve dependency tree\ndone\n::error title=Known%3A npm\/eresolve::/,
    );
    expect(ran.summary).toContain('ERESOLVE unable to resolve dependency tree');
    expect(ran.outputs).toEqual({ match: 'true', report: '' });
  });
  test('what succeeds is left alone, whatever it printed', () => {
    const ran = runAction({ run: FAILING.replace('exit 7', 'exit 0') });
    expect(ran.status).toBe(0);
    expect(ran.stdout).not.toContain('::error');
    expect([ran.summary, ran.outputs.match]).toEqual(['', 'false']);
  });
  test('several lines stop at the first that fails, as in a step', () => {
    const ran = runAction({ run: 'echo one\nfalse | cat\necho two' });
    expect(ran.stdout).toContain('one\n');
    expect(ran.stdout).not.toContain('two');
    expect([ran.status, ran.outputs.match]).toEqual([1, 'false']);
  });
  test('a report of it', () => {
    const ran = runAction({ run: FAILING, format: 'junit', report: 'j.xml' });
    expect([ran.status, ran.outputs.report]).toEqual([7, 'j.xml']);
    expect(readFileSync(join(ran.workspace, 'j.xml'), 'utf8')).toContain('<testsuite name="standard input"');
  });
});

test('builds itself where it came without dist, even where the job is set to production', {
  timeout: 600_000,
}, () => {
  const at = join(folder, 'cloned actión');
  const clone = spawnSync('git', ['clone', '--quiet', '--no-hardlinks', ROOT, at], { encoding: 'utf8' });
  expect(clone.status, clone.stderr).toBe(0);
  cpSync(join(ROOT, 'action.yml'), join(at, 'action.yml'));
  const authorities = Object.fromEntries(
    ['NODE_EXTRA_CA_CERTS', 'SSL_CERT_FILE', 'SSL_CERT_DIR'].flatMap((n) =>
      process.env[n] ? [[n, process.env[n]]] : [],
    ),
  ) as Record<string, string>;
  const options = { at, env: { NODE_ENV: 'production', ...authorities } };
  const first = runAction({ log: 'a.log' }, { 'a.log': ERESOLVE }, options);
  expect(first.status, first.stdout + first.stderr).toBe(0);
  expect(first.stdout).toMatch(/^::group::Building Faultbook\n[\s\S]*\n::endgroup::\n::error file=a\.log,/);
  const second = runAction({ log: 'a.log' }, { 'a.log': ERESOLVE }, options);
  expect(second.stdout).toMatch(/^::error file=a\.log,/);
});
