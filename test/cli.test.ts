/** The command line from outside: exit codes, inputs of every kind, errors that say what to do. */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
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
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from 'vitest';
import { CLI, faultbook, ROOT } from './support/cli.ts';

// A space and a letter outside ASCII: paths are never pasted into a shell or a URL by hand.
const folder = mkdtempSync(join(tmpdir(), 'faultbook tést '));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
function write(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
}
const CONFLICT = 'npm error code ERESOLVE\nnpm error ERESOLVE unable to resolve dependency tree\n';
const EXAMPLES: [string, string[]][] = [
  [
    'nginx-error.log',
    [
      'nginx/ssl-handshake-failed-client-hello',
      'nginx/client-body-too-large',
      'nginx/upstream-connection-refused',
      'nginx/permission-denied-on-file',
    ],
  ],
  ['npm-ci-build.log', ['npm/eresolve']],
  ['postgres-startup.log', ['postgres/peer-authentication-failed']],
];

describe('the main job', () => {
  test.each(EXAMPLES)('examples/%s holds %j, and nothing else that is known', async (log, ids) => {
    const { status, stdout } = await faultbook(['--limit', '9', '--format', 'json', `examples/${log}`]);
    expect(status).toBe(0);
    const diagnosis = JSON.parse(stdout);
    expect(diagnosis.findings.map((f: { id: string }) => f.id)).toEqual(ids);
  });
  test('the first three lines say what, where and what first', async () => {
    const { stdout } = await faultbook(['examples/nginx-error.log']);
    const top = stdout.split('\n').slice(0, 8).join('\n');
    expect(top).toContain('nginx/ssl-handshake-failed-client-hello');
    expect(top).toMatch(/line \d+/);
  });
  test('the same on standard input, as text, and by the verb', async () => {
    const piped = await faultbook(['--format', 'json'], { input: CONFLICT });
    const given = await faultbook(['diagnose', '--format', 'json', '--text', CONFLICT]);
    expect([piped.status, given.status]).toEqual([0, 0]);
    expect(given.stdout).toBe(piped.stdout);
  });
});

describe('exit codes', () => {
  test('1 where nothing is known, with the answer on standard output', async () => {
    const { status, stdout, stderr } = await faultbook([], { input: 'all is well\n' });
    expect([status, stderr]).toEqual([1, '']);
    expect(stdout).toMatch(/^Unknown/);
  });
  test.each([
    [['no-such-file.log'], /no such file/],
    [['lst'], /no verb called "lst".*list/],
    [[ROOT], /is a folder/],
    [['--format', 'xml', 'x'], /is not one of: text, json/],
    [['--limit', '-1', 'README.md'], /ambiguous|whole number/],
    [['--text', 'x', 'README.md'], /not both/],
    [['--book', 'README.md', 'README.md'], /no faultbook pack/],
    [['--book', 'no/such', 'README.md'], /no such file or folder/],
    [['explain', 'nginx/no-such'], /no record/],
    [['explain'], /explain needs <id>/],
    [['--limit', 'many', 'README.md'], /no whole number/],
    [['--limit', '0', 'README.md'], /whole number from 1/],
    [['--format', 'json', 'README.md', 'AGENTS.md'], /use --format ndjson/],
    [['build', 'extra'], /takes no arguments/],
    [['build', '--out', '/proc/nope/x'], /cannot be written/],
    [['import', 'test/fixtures/seed', '--to', '/proc/nope'], /cannot be written/],
    [['frobnicate', '--now'], /Unknown option '--now'/],
    [['lint', 'no-such-folder'], /no such file or folder/],
    [['new', '../../evil'], /is no id/],
    [['diagnose'], /nothing to diagnose/],
  ] as [string[], RegExp][])('2 for %j', async (args, message) => {
    const { status, stdout, stderr } = await faultbook(args);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n\s+at /);
    expect([status, stdout]).toEqual([2, '']);
  });
});

describe('bytes of any kind', () => {
  const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(CONFLICT, 'utf16le')]);
  test.each([
    ['gzip', gzipSync(CONFLICT)],
    ['UTF-16 with a byte order mark', utf16],
    ['UTF-8 with a byte order mark', Buffer.from(`\ufeff${CONFLICT}`)],
    [
      'broken UTF-8 around it',
      Buffer.concat([
        Buffer.from([0xc3, 0x28, 0xff, 0x0a]),
        Buffer.from(CONFLICT),
        Buffer.from([0xe2, 0x82]),
      ]),
    ],
    ['CRLF', Buffer.from(CONFLICT.replaceAll('\n', '\r\n'))],
    ['lone CR', Buffer.from(CONFLICT.replaceAll('\n', '\r'))],
    ['NULs before it', Buffer.concat([Buffer.alloc(4096), Buffer.from(CONFLICT)])],
    [
      'binary around it',
      Buffer.concat([readFileSync(process.execPath).subarray(0, 300_000), Buffer.from(`\n${CONFLICT}`)]),
    ],
    [
      '10,000 lines of noise before and after',
      Buffer.from(`${'noise here\n'.repeat(10_000)}${CONFLICT}${'more noise\n'.repeat(10_000)}`),
    ],
  ])('%s, as a file and on standard input', async (_, bytes) => {
    const file = write('input.bin', bytes);
    const results = [
      await faultbook([file, '--format', 'json']),
      await faultbook(['--format', 'json'], { input: bytes }),
    ];
    for (const { status, stdout } of results) {
      expect(status).toBe(0);
      expect(JSON.parse(stdout).findings[0].id).toBe('npm/eresolve');
    }
  });
  test('a damaged gzip file is an error, not half an answer', async () => {
    const file = write('cut.log.gz', gzipSync(CONFLICT.repeat(1000)).subarray(0, 60));
    const { status, stdout, stderr } = await faultbook([file]);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/damaged or cut off/);
  });
  test('nothing at all', async () => {
    expect((await faultbook([], { input: '' })).status).toBe(1);
  });
});

describe('size', () => {
  async function* bytes(total: number, end: string): AsyncGenerator<Buffer> {
    const chunk = Buffer.alloc(1 << 20, 'boom {"x":1} ');
    for (let sent = 0; sent < total; sent += chunk.length) yield chunk;
    yield Buffer.from(end);
  }
  test('100 MB on one line: the right answer, in bounded memory', async () => {
    const input = bytes(100 << 20, ' npm error ERESOLVE unable to resolve dependency tree');
    const { status, stdout, maxRssMb } = await faultbook(['--format', 'json'], { input, measure: true });
    expect(status).toBe(0);
    expect(JSON.parse(stdout).findings[0]).toMatchObject({ id: 'npm/eresolve', line: 1 });
    expect(maxRssMb).toBeLessThan(300);
  });
});

test('options may stand before the verb', async () => {
  const { status, stdout } = await faultbook(['--lang', 'zh', '--format=json', 'list', 'ERESOLVE']);
  expect([status, JSON.parse(stdout).length]).toEqual([0, 1]);
});

describe('language and colour', () => {
  test('the locale chooses the language, the flag overrides it', async () => {
    const zh = await faultbook([], { input: CONFLICT, env: { LANG: 'zh_CN.UTF-8' } });
    expect(zh.stdout).toMatch(/\p{Script=Han}/u);
    const en = await faultbook(['--lang', 'en'], { input: CONFLICT, env: { LANG: 'zh_CN.UTF-8' } });
    expect(en.stdout).not.toMatch(/\p{Script=Han}/u);
    const all = await faultbook([], { input: CONFLICT, env: { LANG: 'zh_CN.UTF-8', LC_ALL: 'C' } });
    expect(all.stdout).toBe(en.stdout);
  });
  test('agents read English, whatever the locale', async () => {
    const { stdout } = await faultbook(['--format', 'markdown'], {
      input: CONFLICT,
      env: { LANG: 'zh_CN.UTF-8' },
    });
    expect(stdout).not.toMatch(/\p{Script=Han}/u);
  });
  test('colours only where they are wanted', async () => {
    const off = await faultbook([], { input: CONFLICT });
    const on = await faultbook(['--color', 'always'], { input: CONFLICT });
    expect(off.stdout).not.toContain('\x1b');
    expect(on.stdout).toContain('\x1b[');
    expect(on.stdout.replace(/\x1b\[[\d;]*m/g, '')).toBe(off.stdout);
  });
});

test('a reader that stops early is no error', () => {
  const { status, stderr } = spawnSync(
    'sh',
    ['-c', '"$1" "$2" explain npm/eresolve | head -1', 'sh', process.execPath, CLI],
    { encoding: 'utf8' },
  );
  expect([status, stderr]).toEqual([0, '']);
});

describe('environment', () => {
  const LOG = 'examples/nginx-error.log';
  test('a version leaves only what was measured on it', async () => {
    const { stdout } = await faultbook(['--environment', 'nginx=1.22.0', LOG]);
    expect(stdout).toContain('For your environment: only what was measured on debian12.');
    expect(stdout).toContain('Measured on nginx 1.22.1;');
  });
  test('one that was not measured is said to be so', async () => {
    const { stdout } = await faultbook(['--environment', 'nginx=1.99', LOG]);
    expect(stdout).toContain('Not measured on your version');
  });
  test.each(['debian99', 'zorkd=1.0'])('%s: status 2, and what there is', async (what) => {
    const { status, stderr } = await faultbook(['--environment', what, LOG]);
    expect([status, stderr]).toEqual([
      2,
      expect.stringMatching(/--environment: no record .*there are: .*nginx|debian12/),
    ]);
  });
  test('without the flag this machine’s own files say it', async () => {
    const release = readFileSync('/etc/os-release', 'utf8');
    const suite = /^VERSION_CODENAME=(\w+)$/m.exec(release)?.[1];
    const name = { bullseye: 'debian11', bookworm: 'debian12', trixie: 'debian13' }[suite ?? ''];
    if (!release.includes('\nID=debian\n') || name === undefined) {
      console.log('skipped: own environment: this is no Debian that was measured');
      return;
    }
    const { stdout } = await faultbook(['examples/postgres-startup.log'], {
      env: { FAULTBOOK_ENVIRONMENT: '' },
    });
    expect(stdout).toContain(`only what was measured on ${name}.`);
  });
  test('explain plans for it', async () => {
    const id = 'nginx/ssl-handshake-failed-client-hello';
    const { stdout } = await faultbook(['explain', id, '--environment', 'debian11', '--format', 'json']);
    const { tree } = JSON.parse(stdout).evidence;
    expect(new Set(tree.left.flatMap((c: { environments: string[] }) => c.environments))).toEqual(
      new Set(['debian11']),
    );
  });
});

describe('drill', () => {
  test.each([
    [['drill', 'no/such'], /there is no record "no\/such"/],
    [['drill', 'git/dubious-ownership', '--predicted', '--stated', 'zork'], /has no cells of zork/],
    [['drill', '--stated', 'x'], /--stated is the order of one record/],
  ])('%j: status 2, and why', async (args, why) => {
    const { status, stderr } = await faultbook(args);
    expect([status, stderr]).toEqual([2, expect.stringMatching(why)]);
  });
});

describe('help', () => {
  test('fits a screen and leads with diagnose', async () => {
    const { status, stdout } = await faultbook(['--help']);
    expect(status).toBe(0);
    expect(stdout.split('\n').length).toBeLessThanOrEqual(32);
    expect(stdout.indexOf('diagnose')).toBeLessThan(stdout.indexOf('explain'));
  });
  test('every verb explains itself', async () => {
    for (const verb of ['diagnose', 'explain', 'list', 'new', 'lint', 'build', 'import', 'export']) {
      const { status, stdout } = await faultbook([verb, '--help']);
      expect([verb, status]).toEqual([verb, 0]);
      expect(stdout).toContain('Usage: faultbook');
    }
  });
});

describe('the book', () => {
  test('list finds records by words of either language', async () => {
    expect((await faultbook(['list'])).stdout.trim().split('\n').length).toBeGreaterThanOrEqual(7);
    expect((await faultbook(['list', 'EADDRINUSE'])).stdout).toContain('node/eaddrinuse');
    expect((await faultbook(['list', '端口'])).stdout).toContain('node/eaddrinuse');
    expect((await faultbook(['list', 'no-such-word'])).status).toBe(1);
  });
  test('a record has a page in both languages and three formats', async () => {
    // Every record's page is rendered in test/advice.test.ts; here is the door: the first of the book, and the last.
    const { stdout } = await faultbook(['list', '--format', 'json']);
    const listed: { id: string }[] = JSON.parse(stdout);
    for (const { id } of [listed.at(0), listed.at(-1)] as { id: string }[]) {
      for (const lang of ['en', 'zh']) {
        for (const format of ['text', 'markdown', 'json']) {
          const page = await faultbook(['explain', id, '--lang', lang, '--format', format]);
          expect([id, lang, format, page.status, page.stderr]).toEqual([id, lang, format, 0, '']);
          expect(page.stdout).toContain(id);
        }
      }
    }
  });
  test('a slug alone is enough where it is unique; else the nearest ids are named', async () => {
    expect((await faultbook(['explain', 'dubious-ownership'])).stdout).toContain('git/dubious-ownership');
    expect((await faultbook(['explain', 'git/dubious'])).stderr).toContain('git/dubious-ownership');
  });
});

describe('the seed', () => {
  const seed = `${ROOT}test/fixtures/seed/000_03681bdbeef4e2ee.txt`;
  test('imports unchanged, each fault reported, and is usable at once', async () => {
    const to = join(folder, 'imported');
    const { status, stdout } = await faultbook(['import', seed, '--to', to]);
    expect(status).toBe(0);
    for (const field of [
      'dead_ends[0].action',
      'dead_ends[1].action',
      'dead_ends[2].action',
      'workarounds[0].how',
      'workarounds_zh',
      'resolvable',
      'sources',
    ]) {
      expect(stdout, field).toContain(field);
    }
    const line =
      'SSL_do_handshake() failed (SSL: error:14094410:SSL routines:ssl3_read_bytes:sslv3 alert handshake failure) while SSL handshaking to upstream';
    const answer = await faultbook(['--book', to, '--text', line, '--format', 'json']);
    expect(JSON.parse(answer.stdout).findings[0]).toMatchObject({
      id: 'nginx/ssl-handshake-failed-client-hello',
      origin: 'generated',
    });
    const again = await faultbook(['import', seed, '--to', to]);
    expect(again.stdout).toMatch(/^0 records taken.* 1 there already/);
  });
  test('export gives every one of its keys back', async () => {
    const { stdout } = await faultbook([
      'export',
      'nginx/ssl-handshake-failed-client-hello',
      '--format',
      'seed',
      '--book',
      seed,
    ]);
    const keys = (node: unknown): unknown =>
      Array.isArray(node)
        ? node.length > 0
          ? [keys(node[0])]
          : []
        : node && typeof node === 'object'
          ? Object.entries(node).map(([k, v]) => [k, keys(v)])
          : 0;
    const original = JSON.parse(readFileSync(seed, 'utf8'));
    // English under the name of Chinese was dropped at import; the key stays.
    expect(keys(JSON.parse(stdout))).toEqual(keys({ ...original, workarounds_zh: [] }));
  });
});

describe('authoring', () => {
  test('new starts a record from output; what is there is never overwritten', async () => {
    const records = join(folder, 'mine');
    const log = write('zork.log', 'starting\nzork: error Z4711: cannot frobnicate the device /dev/zork0\n');
    const made = await faultbook(['new', 'zork/z4711', '--from', log, '--records', records]);
    expect([made.status, made.stderr]).toEqual([0, '']);
    // The pattern keeps the code, names and types what varies, and says what else it would find.
    const draft = JSON.parse(readFileSync(join(records, 'zork/z4711/record.json'), 'utf8'));
    expect([draft.regex, draft.groups]).toEqual([
      'zork: error Z4711: cannot frobnicate the device (?<path>/\\S+)',
      { path: 'path' },
    ]);
    expect(made.stdout).toMatch(/It finds 0 of \d+ ordinary lines, and samples of 0 of 0 other records/);
    const near = await faultbook(['new', 'git/x', '--from', '-', '--records', records], {
      input: "fatal: detected dubious ownership in repo '/srv/x'\n",
    });
    expect(near.stdout).toMatch(/Nearest in the book: git\/dubious-ownership \(0\.\d\d\)/);
    expect(readFileSync(join(records, 'zork/z4711/samples/match.unknown-cause.here.log'), 'utf8')).toBe(
      readFileSync(log, 'utf8'),
    );
    const again = await faultbook(['new', 'zork/z4711', '--from', log, '--records', records]);
    expect([again.status, again.stderr]).toEqual([2, expect.stringContaining('exists already')]);
    const lint = await faultbook(['lint', records]);
    expect(lint.status).toBe(1);
    expect(lint.stdout).toMatch(/workaround|action/);
  });
  test('import writes through no link', async () => {
    const to = join(folder, 'linked');
    const outside = join(folder, 'outside');
    mkdirSync(to);
    mkdirSync(outside);
    symlinkSync(outside, join(to, 'nginx'));
    const { status, stdout } = await faultbook(['import', 'test/fixtures/seed', '--to', to]);
    expect([status, stdout]).toEqual([1, expect.stringContaining('symbolic link')]);
    expect(readdirSync(outside)).toEqual([]);
  });
  test('build writes the same bytes each time; the pack answers like the records', async () => {
    const out = [join(folder, 'a.pack'), join(folder, 'b.pack')];
    const records = join(folder, 'few');
    for (const domain of ['git', 'npm'])
      cpSync(join(ROOT, 'records', domain), join(records, domain), { recursive: true });
    for (const o of out)
      expect((await faultbook(['build', '--records', records, '--out', o])).status).toBe(0);
    expect(readFileSync(out[0] as string)).toEqual(readFileSync(out[1] as string));
    const byPack = await faultbook(['--book', out[0] as string, 'examples/npm-ci-build.log']);
    const byTree = await faultbook(['--book', records, 'examples/npm-ci-build.log']);
    expect(byPack.stdout.replace(out[0] as string, records)).toBe(byTree.stdout);
    expect(readdirSync(folder).filter((f) => f.endsWith('.tmp'))).toEqual([]);
  });
  test('a crafted pack answers with nothing but records that hold', async () => {
    const good = join(folder, 'good.pack');
    await faultbook(['build', '--out', good]);
    const { decodePack, encodePack } = await import('../src/book/index.ts');
    const { book } = decodePack(readFileSync(good));
    if (!book) throw new Error('no book');
    const [first] = book.records;
    const none = { patterns: [], phrases: [], evidence: [], plan: undefined };
    for (const evil of [
      { ...book, ...none, records: [] },
      { ...book, ...none, records: [7], evidence: [null] },
      {
        ...book,
        ...none,
        records: [{ ...first, id: 'x/\x1b]52;c;y\x07\n::add-mask::npm' }],
        evidence: [null],
      },
    ]) {
      const path = write('evil.pack', '');
      writeFileSync(path, encodePack(evil as never));
      const { status, stdout } = await faultbook(['--book', path], { input: CONFLICT });
      expect(status).toBe(1);
      expect(stdout).not.toMatch(/\x1b|^\s*::/m);
    }
  });
  test('one bad record is reported and left out; the rest answers', async () => {
    const tree = join(folder, 'mixed');
    cpSync(join(ROOT, 'records/npm'), join(tree, 'npm'), { recursive: true });
    const bad: Record<string, string> = {
      'wrong-type.json': '{"id": 7, "signature": []}',
      'not-json.json': '{"id": ',
      'array.json': '[1, 2]',
      'null.json': 'null',
      'hostile.json': JSON.stringify({
        id: 'x/hostile',
        domain: 'x',
        signature: 'boom boom boom',
        regex: '(?=a)(a+)+$',
      }),
      'huge.json': JSON.stringify({ id: 'x/huge', domain: 'x', signature: 'x'.repeat(10_000_000) }),
      'deep.json': `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
      'proto.json': '{"id":"x/proto","domain":"x","signature":"proto boom here","__proto__":{"polluted":1}}',
    };
    for (const [name, text] of Object.entries(bad)) write(join('mixed', name), text);
    symlinkSync('/etc/passwd', join(tree, 'link.json'));
    const { status, stdout, stderr } = await faultbook(['--book', tree, '--format', 'json'], {
      input: CONFLICT,
    });
    expect(status).toBe(0);
    expect(JSON.parse(stdout).findings[0].id).toBe('npm/eresolve');
    expect(stderr).toMatch(/records left out/);
    const lint = await faultbook(['lint', tree, '--format', 'json']);
    const files = new Set(
      JSON.parse(lint.stdout).issues.map((i: { file: string }) => i.file.split('/').pop()),
    );
    for (const name of [...Object.keys(bad), 'link.json'].filter((n) => n !== 'proto.json'))
      expect(files, name).toContain(name);
  });
});
