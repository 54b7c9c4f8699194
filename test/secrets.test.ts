/** A hundred secrets in twenty forms (test/support/secrets.ts): none survives wherever anything is stored or sent. */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { keepMisses } from '../src/cli/misses.ts';
import { diagnose } from '../src/diagnosis/index.ts';
import { PayloadKeeper, respond } from '../src/hook/index.ts';
import { openHttp } from '../src/mcp/index.ts';
import { Redactor, redact } from '../src/redact/index.ts';
import { appendReports, exportLedger, type OpenedBook, openBook, readLedger } from '../src/store/index.ts';
import { CLI, faultbook, ROOT } from './support/cli.ts';
import { plantedSecrets } from './support/secrets.ts';

const PLANTED = plantedSecrets();
const ERESOLVE = 'npm error ERESOLVE unable to resolve dependency tree';
const AT = '2026-11-30T20:00:00Z';
/** Lines of ordinary logs that may lose more than addresses and names; 3 when this was written, of 57,000. */
const MAX_ORDINARY_LOST = 5;

const root = mkdtempSync(join(tmpdir(), 'faultbook-secrets-'));
let book: OpenedBook;
const before = process.env.FAULTBOOK_STATE;
beforeAll(async () => {
  book = await openBook({ pack: `${ROOT}dist/book.pack`, trusted: true });
});
afterAll(() => {
  if (before === undefined) delete process.env.FAULTBOOK_STATE;
  else process.env.FAULTBOOK_STATE = before;
  rmSync(root, { recursive: true, force: true });
});
let count = 0;
/** A state folder of its own, for this process too. */
function freshState(): string {
  const state = join(root, `state-${count++}`);
  mkdirSync(state);
  process.env.FAULTBOOK_STATE = state;
  return state;
}

/** Forms of which a secret is in a text, in plain or as JSON writes it. */
function survivors(text: string): string[] {
  return PLANTED.filter(({ secrets }) =>
    secrets.some((s) => text.includes(s) || text.includes(JSON.stringify(s).slice(1, -1))),
  ).map(({ form, text: planted }) => `${form}: ${planted}`);
}
/** Everything that lies in a folder. */
function stored(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n');
}

test('there are a hundred of twenty forms, all different, and each is in its text', () => {
  expect(PLANTED).toHaveLength(100);
  expect(new Set(PLANTED.map((p) => p.form)).size).toBe(20);
  expect(new Set(PLANTED.flatMap((p) => p.secrets)).size).toBeGreaterThanOrEqual(100);
  // What looks for survivors finds every one where nothing was taken out.
  expect(survivors(PLANTED.map((p) => p.text.replaceAll('\\n', '\n')).join('\n')).length).toBeGreaterThan(95);
});

const AROUND: Readonly<Record<string, (text: string) => string>> = {
  alone: (text) => text,
  'behind a time': (text) => `2026-11-30T20:00:00Z web-1 ${text}`,
  coloured: (text) => `\x1b[31m${text}\x1b[0m`,
  'as a message of JSON': (text) => JSON.stringify({ level: 'error', msg: text }),
  'with line ends of Windows': (text) => text.replaceAll('\n', '\r\n'),
  'behind a long line': (text) => `${'nothing is wrong here, '.repeat(4000)}${text}`,
};
describe.each(Object.entries(AROUND))('redaction, %s', (_, around) => {
  test.each(PLANTED.map((p, i) => [`${p.form} ${(i % 5) + 1}`, p] as const))(
    '%s: the secret goes, the error stays',
    (_, { text, secrets, readable }) => {
      const clean = redact(around(text));
      for (const secret of secrets) expect(clean).not.toContain(secret);
      for (const words of readable) expect(clean).toContain(words);
    },
  );
});

test('ordinary logs of many programs lose nothing but addresses and names', () => {
  const lost: string[] = [];
  let lines = 0;
  for (const file of readdirSync(join(ROOT, 'data/silence')).filter((f) => f.endsWith('.gz'))) {
    for (const line of gunzipSync(readFileSync(join(ROOT, 'data/silence', file)))
      .toString()
      .split('\n')) {
      const redactor = new Redactor();
      lines++;
      redactor.line(line);
      const kinds = Object.keys(redactor.counts()).filter((k) => !['address', 'email', 'home'].includes(k));
      if (kinds.length > 0) lost.push(`${file}: ${line}`);
    }
  }
  console.log(`${lost.length} of ${lines} ordinary lines lose what is no secret`);
  expect(lines).toBeGreaterThan(50_000);
  expect(lost.length, lost.join('\n')).toBeLessThanOrEqual(MAX_ORDINARY_LOST);
});

test('open faults, and what a hook says: commands and output full of secrets', async () => {
  const state = freshState();
  const said: string[] = [];
  for (const [i, { text }] of PLANTED.entries()) {
    const project = join(root, `p${i}`);
    mkdirSync(join(project, '.git'), { recursive: true });
    const keeper = new PayloadKeeper();
    keeper.push(
      Buffer.from(
        JSON.stringify({
          hook_event_name: 'PostToolUseFailure',
          tool_name: 'Bash',
          cwd: project,
          tool_input: { command: `npm install; echo ${text}` },
          error: `Exit code 1\n${ERESOLVE} ${text}`,
        }),
      ),
    );
    const answer = await respond('claude-code', keeper, { nowMs: Date.now(), home: null, state, book });
    said.push(JSON.stringify(answer));
  }
  const all = stored(join(state, 'open'));
  expect(all.match(/"id":"npm\/eresolve"/g)).toHaveLength(100);
  expect(survivors(all)).toEqual([]);
  expect(survivors(said.join('\n'))).toEqual([]);
});

test('misses', () => {
  const state = freshState();
  for (const { text } of PLANTED)
    keepMisses(diagnose(book, `zorkd: fatal: cannot go on: error: ${text.replaceAll('\n', ' error: ')}\n`));
  const all = stored(state);
  expect(all.split('\n').length).toBeGreaterThan(100);
  expect(survivors(all)).toEqual([]);
});

test('the ledger, and what is exported of it', () => {
  const state = freshState();
  for (const { text } of PLANTED)
    appendReports(
      [
        {
          record: 'npm/eresolve',
          action: 'restart',
          outcome: 'persists',
          kind: 'reported',
          environment: { npm: text.slice(0, 60) },
          readings: {},
          moved_to: null,
          note: text.slice(0, 500),
        },
      ],
      AT,
      null,
      state,
    );
  expect(readLedger(null, state).length).toBeGreaterThan(80);
  expect(survivors(stored(state))).toEqual([]);
  expect(survivors(exportLedger(true, state))).toEqual([]);
});

test('MCP and HTTP: what is answered and what is kept', { timeout: 120_000 }, async () => {
  const state = freshState();
  const token = 'a-token-of-this-test-0123456789';
  const env = {
    PATH: process.env.PATH ?? '',
    HOME: state,
    FAULTBOOK_STATE: state,
    FAULTBOOK_ENVIRONMENT: 'any',
  };
  const door = await openHttp(
    { book, environment: 'any', folder: state, home: null, version: '0' },
    { port: 0, tokens: [token] },
  );
  const carriers = [
    new StdioClientTransport({ command: process.execPath, args: [CLI, 'mcp'], env, cwd: state }),
    new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${door.port}/mcp`), {
      requestInit: { headers: { Authorization: `Bearer ${token}` } },
    }),
  ];
  const said: string[] = [];
  for (const carrier of carriers) {
    const client = new Client({ name: 'test', version: '1' });
    await client.connect(carrier);
    for (const { text } of PLANTED) {
      const report = {
        record: 'npm/eresolve',
        action: 'restart',
        outcome: 'persists',
        note: text.slice(0, 500),
      };
      for (const [name, args] of [
        ['diagnose', { text: `${ERESOLVE} ${text}\n${text}` }],
        ['report_outcome', report],
      ] as const)
        said.push(JSON.stringify(await client.callTool({ name, arguments: args })));
    }
    await client.close();
  }
  await door.close();
  expect(readLedger(null, state).length).toBeGreaterThan(150);
  expect(survivors(stored(state))).toEqual([]);
  expect(survivors(said.join('\n'))).toEqual([]);
});

test('reports that are uploaded, the job summary, and the document of `run`', {
  timeout: 120_000,
}, async () => {
  const state = freshState();
  const files = PLANTED.map(({ text }, i) => {
    const file = join(root, `log-${i}.log`);
    writeFileSync(file, i % 2 === 0 ? `${ERESOLVE} ${text}\n` : `zorkd: fatal: error: ${text}\n`);
    return file;
  });
  const summary = join(root, 'summary.md');
  const env = { FAULTBOOK_STATE: state, GITHUB_STEP_SUMMARY: summary };
  for (const format of ['sarif', 'junit', 'github']) {
    const { stdout } = await faultbook(['--format', format, ...files], { env });
    expect(stdout.length).toBeGreaterThan(5000);
    expect(survivors(stdout), format).toEqual([]);
  }
  expect(survivors(readFileSync(summary, 'utf8'))).toEqual([]);
  const document = join(root, 'run.json');
  const all = join(root, 'all.log');
  writeFileSync(all, PLANTED.map(({ text }) => `${ERESOLVE} ${text}\nerror: ${text}\n`).join(''));
  const child = spawn(
    process.execPath,
    [
      CLI,
      'run',
      '--on-fail',
      `json:${document}`,
      '--',
      'sh',
      '-c',
      `cat '${all}'; exit 3`,
      ...PLANTED.flatMap((p) => (p.form.startsWith('environment') ? p.text.split(' ') : [p.text])),
    ],
    { env: { PATH: process.env.PATH ?? '', HOME: state, ...env }, cwd: root, stdio: 'ignore' },
  );
  expect(await new Promise((done) => child.on('close', done))).toBe(3);
  expect(readFileSync(document, 'utf8')).toContain('npm/eresolve');
  expect(survivors(readFileSync(document, 'utf8'))).toEqual([]);
  expect(survivors(stored(state))).toEqual([]);
});
