/**
 * The public conformance suite against our HTTP door, in both revisions of the protocol. Its fixtures are added in this test
 * server only. What we do not offer fails there, and stands below with its reason; nothing else may fail, and nothing that
 * stands below may pass unnoticed.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createServer, type HttpDoor, openHttp } from '../src/mcp/index.ts';
import { openBook } from '../src/store/index.ts';
import { ROOT } from './support/cli.ts';
import { addFixtures } from './support/conformance-fixtures.ts';
import { toolsOrSkip } from './support/tools.ts';

const SUITE = '@modelcontextprotocol/conformance';
const SUITE_VERSION = '0.2.0-alpha.12';
/** The suite wants Node 22. */
const NODE = `node-${process.platform}-${process.arch}`;
const NODE_VERSION = '22.23.3';

const ASKS =
  'asks the client for something (a model, a form) in the midst of a call: over HTTP that needs a session, and we keep none';
const WATCHES =
  'a record does not change while a book is open, and over HTTP no session is kept to tell of it';

/** Scenario → why it fails here. */
const NOT_OFFERED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '2025-11-25': {
    'tools-call-sampling': ASKS,
    'tools-call-elicitation': ASKS,
    'elicitation-sep1034-defaults': ASKS,
    'elicitation-sep1330-enums': ASKS,
    'resources-subscribe': WATCHES,
    'resources-unsubscribe': WATCHES,
  },
  '2026-07-28': {},
};

const folder = mkdtempSync(join(tmpdir(), 'faultbook-conformance-'));
let door: HttpDoor;
beforeAll(async () => {
  const book = await openBook({ pack: `${ROOT}dist/book.pack` });
  const context = { book, environment: 'any', folder, home: null, version: '0' };
  door = await openHttp(context, { port: 0, tokens: [] }, (c, caller) =>
    addFixtures(createServer(c, caller)),
  );
});
afterAll(async () => {
  await door.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Scenario {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
}

/** The scenarios that a revision requires, and how they went. */
async function run(root: string, revision: string): Promise<readonly Scenario[]> {
  const suite = join(root, 'npm', `${SUITE}-${SUITE_VERSION}`, 'node_modules', SUITE, 'dist', 'index.js');
  const node = join(root, 'npm', `${NODE}-${NODE_VERSION}`, 'node_modules', NODE, 'bin', 'node');
  const url = `http://localhost:${door.port}/mcp`;
  const child = spawn(node, [suite, 'server', '--url', url, '--requirements', revision], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', HOME: folder },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let out = '';
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    out += chunk;
  });
  await new Promise((done) => child.on('close', done));
  const [, summary = ''] = out.split('=== SUMMARY ===');
  const [scored = '', others = ''] = summary.split(/^Not scored/m);
  const unscored = new Set([...others.matchAll(/^\s+[✓✗] (\S+)/gm)].map((m) => m[1]));
  return [...scored.matchAll(/^[✓✗] (\S+): (\d+) passed, (\d+) failed/gm)]
    .map((m) => ({ name: m[1] as string, passed: Number(m[2]), failed: Number(m[3]) }))
    .filter((s) => !unscored.has(s.name));
}

test.for([['2025-11-25', 30] as const, ['2026-07-28', 37] as const])(
  '%s: all that it requires of what we offer',
  { timeout: 240_000 },
  async ([revision, count], context) => {
    const needs = [`npm:${SUITE}@${SUITE_VERSION}`, `npm:${NODE}@${NODE_VERSION}`];
    const root = await toolsOrSkip(context, 'conformance', needs);
    const scenarios = await run(root, revision);
    expect(scenarios).toHaveLength(count);
    const failed = scenarios.filter((s) => s.failed > 0).map((s) => s.name);
    expect(failed.sort()).toEqual(Object.keys(NOT_OFFERED[revision] ?? {}).sort());
    const checks = scenarios.reduce((sum, s) => sum + s.passed, 0);
    console.log(
      `${revision}: ${scenarios.length - failed.length} of ${scenarios.length} scenarios, ${checks} checks passed`,
    );
  },
);
