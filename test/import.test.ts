/** `import` and `--book` on other people's formats, as a person would use them: real folders, real processes. */
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openBook } from '../src/index.ts';
import { faultbook, ROOT } from './support/cli.ts';

const folder = mkdtempSync(join(tmpdir(), 'faultbook-import-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, text: string): string {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

/** A nested document as deadends.dev has them, in our own words. */
function nested(id: string, signature: string, parts: Record<string, unknown> = {}): string {
  return JSON.stringify({
    schema_version: '1.0.0',
    id,
    url: `https://example.org/${id}`,
    error: { signature, regex: signature.replace(/[()\d]+/g, '.+'), domain: id.split('/')[0], category: 'x' },
    environment: { runtime: { name: 'zork', version_range: '>=3' }, os: 'linux' },
    verdict: {
      resolvable: 'true',
      fix_success_rate: 0.8,
      confidence: 0.9,
      last_updated: '2024-01-01',
      summary: 's',
    },
    dead_ends: [{ action: 'Wait', why_fails: 'Nothing changes.', fail_rate: 0.9 }],
    workarounds: [{ action: 'Light the lamp', success_rate: 0.9 }],
    transition_graph: { leads_to: [], preceded_by: [], frequently_confused_with: [] },
    metadata: { generated_by: 'x', generation_date: 'x', review_status: 'auto_generated', evidence_count: 1 },
    ...parts,
  });
}

function rule(id: string, body: string): string {
  return `rules:
  - metadata: {kind: zork, id: 7Zz}
    cre: {id: ${id}, title: The troll, mitigation: Pay the troll., tags: [troll]}
    rule:
      ${body}
`;
}

const GRUE = 'zorkd: the grue devoured frobnicator config (cave 12)';
const TROLL = 'zorkd[7]: trollbridge toll refused by grumbling gatekeeper';
/** A small repository of a stranger: two formats, things that are no records, things that cannot be taken. */
const tree = join(folder, 'stranger');
write('stranger/README.md', '# rules:\n');
write('stranger/package-info.json', '{"name": "stranger", "id": 7}');
write('stranger/deploy/role.yaml', 'rules:\n- apiGroups: [""]\n');
write('stranger/canons/zork/grue.json', nested('zork/grue/linux', GRUE));
write('stranger/canons/zork/twin.json', nested('zork/grue/linux', 'zorkd: another text of the copied grue'));
write('stranger/canons/zork/climbs.json', nested('../../outside', GRUE));
write(
  'stranger/rules/cre-1/troll.yaml',
  rule(
    'CRE-1977-0001',
    'set: {event: {source: cre.log.zork}, match: [trollbridge toll refused by grumbling gatekeeper]}',
  ),
);
write('stranger/rules/cre-1/test.log', `1977-01-01 ${TROLL}\n`);
write('stranger/rules/cre-1/test-fp.log', 'zorkd: nothing of the kind\n');
write('stranger/rules/cre-2/twice.yaml', rule('CRE-1977-0002', 'set: {window: 5s, match: [troll, toll]}'));
write('stranger/rules/cre-3/alias.yaml', rule('CRE-1977-0003', 'set: {match: [&a one, *a]}'));
symlinkSync('/etc/passwd', join(tree, 'canons/link.json'));

describe('a stranger’s repository', () => {
  const to = join(folder, 'taken');
  test('is taken as far as it means the same: three lines first, then why', async () => {
    const { status, stdout } = await faultbook(['import', tree, '--to', to]);
    const [counts, where, use] = stdout.split('\n');
    expect(counts).toBe('2 records taken, 2 repaired, 5 refused, 2 other files passed over.');
    expect(where).toBe(`They stand in ${to}, marked as imported: none of it was run here.`);
    expect(use).toBe(`Use them: faultbook --book ${to} FILE`);
    for (const said of [
      /twin\.json[\s\S]*is taken by .*grue\.json/,
      /leads out of the tree/,
      /within 5s/,
      /alias/,
      /symbolic link/,
    ]) {
      expect(stdout).toMatch(said);
    }
    expect(status).toBe(1);
    expect(readdirSync(to)).toEqual(['zork']);
    expect(readdirSync(join(to, 'zork')).sort()).toEqual(['cre-1977-0001', 'grue']);
  });
  test('is marked as what it is, and answers at once', async () => {
    const record = JSON.parse(readFileSync(join(to, 'zork/grue/linux/record.json'), 'utf8'));
    expect(record).toMatchObject({ origin: 'generated', confidence: 0.9, evidence_count: 1 });
    const troll = JSON.parse(readFileSync(join(to, 'zork/cre-1977-0001/record.json'), 'utf8'));
    expect(troll).toMatchObject({ origin: 'imported', ignore_case: false });
    for (const [line, id] of [
      [GRUE, 'zork/grue/linux'],
      [TROLL, 'zork/cre-1977-0001'],
    ]) {
      for (const book of [to, tree]) {
        const { stdout } = await faultbook(['--book', book, '--text', line as string, '--format', 'json']);
        expect(
          JSON.parse(stdout).findings.map((f: { id: string }) => f.id),
          book,
        ).toContain(id);
      }
    }
    const text = await faultbook(['--book', to, '--text', GRUE]);
    expect(text.stdout).toMatch(/nothing of it was run here/);
    // Every rate of it, and no other figure.
    expect(text.stdout.match(/.*\d ?%.*/g)?.map((l) => l.trim())).toEqual([
      'claimed 90 %, not measured',
      'claimed 90 %, not measured',
    ]);
  });
  test('taken again, nothing changes; what was changed by hand is never overwritten', async () => {
    const again = await faultbook(['import', tree, '--to', to]);
    expect(again.stdout).toMatch(/^0 records taken, .* 2 there already/);
    const path = join(to, 'zork/cre-1977-0001/record.json');
    const edited = readFileSync(path, 'utf8').replace('Pay the troll.', 'Never pay.');
    writeFileSync(path, edited);
    const third = await faultbook(['import', join(tree, 'rules/cre-1'), '--to', to]);
    expect([third.status, third.stdout]).toEqual([
      1,
      expect.stringContaining('nothing that is there is overwritten'),
    ]);
    expect(readFileSync(path, 'utf8')).toBe(edited);
  });
  test('an import that was cut off goes on', async () => {
    rmSync(join(to, 'zork/grue'), { recursive: true });
    const { status, stdout } = await faultbook(['import', join(tree, 'canons/zork/grue.json'), '--to', to]);
    expect([status, stdout.split(',')[0]]).toEqual([0, '1 record taken']);
  });
  test('--dry-run says the same and writes nothing', async () => {
    const none = join(folder, 'none');
    const { status, stdout } = await faultbook(['import', tree, '--to', none, '--dry-run']);
    expect([status, stdout.split('\n')[0]]).toEqual([
      1,
      '2 records would be taken, 2 repaired, 5 refused, 2 other files passed over.',
    ]);
    expect(lstatSync(none, { throwIfNoEntry: false })).toBeUndefined();
  });
  test('--format json holds every issue: file, field, reason, remedy', async () => {
    const { stdout } = await faultbook([
      'import',
      tree,
      '--dry-run',
      '--to',
      join(folder, 'none'),
      '--format',
      'json',
    ]);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({
      dry_run: true,
      taken: [{ id: 'zork/grue/linux' }, { id: 'zork/cre-1977-0001' }].map((t) => expect.objectContaining(t)),
      passed: [expect.stringMatching(/role\.yaml$/), expect.stringMatching(/package-info\.json$/)],
    });
    expect(report.refused).toHaveLength(5);
    for (const file of report.refused) {
      const why = report.issues.find(
        (i: { file: string; severity: string }) => i.file === file && i.severity === 'error',
      );
      expect([file, why?.problem, why?.remedy]).toEqual([file, expect.any(String), expect.any(String)]);
    }
  });
});

test('an example that a rule misses is said; it becomes no sample', async () => {
  const path = write(
    'missed/rule.yaml',
    rule('CRE-1977-0009', 'set: {match: [trollbridge toll refused by grumbling gatekeeper]}'),
  );
  write('missed/test.log', 'something else\n');
  write('missed/test-fp.log', `${TROLL}\n`);
  const to = join(folder, 'missed-to');
  const { status, stdout } = await faultbook(['import', path, '--to', to]);
  expect(status).toBe(0);
  expect(stdout).toMatch(/test\.log.*not found in the example/);
  expect(stdout).toMatch(/test-fp\.log.*found in the example that must not/);
  expect(readdirSync(join(to, 'cre/cre-1977-0009'))).toEqual(['record.json']);
});

describe('thousands of records', () => {
  const lines = Array.from({ length: 1_500 }, (_, i) => {
    const word = i.toString(26).replace(/\d/g, (d) => 'qrstuvwxyz'[Number(d)] as string);
    return nested(
      `zork/many-${i}/linux`,
      `zorkd: frobnicator ${word}${word} collapsed under grumbling ${word}gate`,
    );
  });
  const file = write('many.ndjson', `${lines.join('\n')}\n${nested('..', 'x')}\n`);
  test('of one file are taken, and summed up on a page', async () => {
    const to = join(folder, 'many');
    const { status, stdout } = await faultbook(['import', file, '--to', to]);
    expect(stdout.split('\n')[0]).toBe('1,500 records taken, 1,500 repaired, 1 refused.');
    expect(stdout.split('\n').length).toBeLessThan(50);
    expect(stdout).toMatch(/Refused\n +1 {2}.*\[id-refused\]/);
    expect(stdout).toMatch(/Repaired\n +1,500 {2}.*\[resolvable-text\]/);
    expect(status).toBe(1);
    expect(readdirSync(join(to, 'zork'))).toHaveLength(1_500);
  });
  test('and the library opens the file itself', async () => {
    const book = await openBook({ records: file });
    expect(book.records).toHaveLength(1_500);
    expect(book.issues.filter((i) => i.severity === 'error')).toMatchObject([{ code: 'id-refused' }]);
  });
});

describe('trees that want to write elsewhere', () => {
  const ids = [
    '../x',
    '../../../x',
    'x/../../y',
    '/etc/cron.d/x',
    '\\\\host\\share',
    'c:\\x\\y',
    './x/y',
    'x/..',
    '..',
    'x/y/../../../z',
    'x/\u0000/y',
    'x/y/samples',
    'x/node_modules',
    'x/y/record.json',
    '....//....//x',
    '%2e%2e/%2e%2e/x',
    '~/x',
    '$HOME/x',
    'x/y\n/../z',
    'con/nul',
  ];
  test('write below the folder that was named, or nothing', async () => {
    const outside = join(folder, 'outside');
    mkdirSync(outside);
    const to = join(outside, 'deep', 'to');
    const hostile = ids.map((id, i) =>
      write(`hostile/${i}.json`, nested(id, `zorkd: hostile ${i} grumbled badly here`)),
    );
    const before = new Set(readdirSync(folder, { recursive: true }).map(String));
    const { status } = await faultbook(['import', ...hostile, '--to', to], { cwd: outside });
    expect(status).toBe(1);
    const all = readdirSync(folder, { recursive: true }).map(String);
    const written = all.filter((p) => !before.has(p));
    for (const path of written) expect(path).toMatch(/^outside\/deep(?:\/to(?:\/[a-z0-9._-]+){0,4})?$/);
    const files = written.filter((p) => lstatSync(join(folder, p)).isFile());
    for (const path of files) expect(path).toMatch(/\/record\.json$/);
    expect(files.length).toBeLessThan(8);
  });
  test('a link in the target is not followed, the rest is taken', async () => {
    const to = join(folder, 'linked-to');
    const elsewhere = join(folder, 'elsewhere');
    mkdirSync(join(to, 'zork'), { recursive: true });
    mkdirSync(elsewhere);
    symlinkSync(elsewhere, join(to, 'zork/cre-1977-0001'));
    mkdirSync(join(to, 'zork/grue/linux'), { recursive: true });
    symlinkSync(join(elsewhere, 'planted'), join(to, 'zork/grue/linux/record.json'));
    const extra = write('extra.json', nested('zork/extra/linux', 'zorkd: extra extra grumbled over it'));
    const { status, stdout } = await faultbook(['import', tree, extra, '--to', to]);
    expect([status, stdout.split(',')[0]]).toEqual([1, '1 record taken']);
    expect(readdirSync(elsewhere)).toEqual([]);
  });
});

describe('what cannot be read at all is an input error', () => {
  test.each([
    ['nothing', [], ''],
    ['prose', ['prose.txt', 'hello\n'], 'holds no record'],
    ['no JSON', ['broken.json', '{"signature": '], 'no JSON'],
    ['other YAML', ['role.yaml', 'rules:\n- apiGroups: []\n'], 'holds no record'],
    ['hostile YAML', ['deep.yaml', `rules:\n- cre: ${'['.repeat(100_000)}`], 'nested too deeply'],
    [
      'deep JSON',
      ['deep.json', `${'{"signature":'.repeat(50_000)}1${'}'.repeat(50_000)}`],
      'nested more than',
    ],
    ['a string of 10 MB', ['big.json', `{"id":"x/y","signature":"${'x'.repeat(10_000_000)}"}`], 'bytes'],
  ])('%s', async (_, [name, text], why) => {
    const path = name === undefined ? join(folder, 'not-there') : write(`unreadable/${name}`, text as string);
    const { status, stdout, stderr } = await faultbook(['import', path, '--to', join(folder, 'never')]);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr).toContain(why);
    expect(stderr).toContain(name ?? 'not-there');
    const book = await faultbook(['--book', path, '--text', 'x']);
    expect([book.status, book.stderr.includes('internal error')]).toEqual([2, false]);
  });
  test('a device is neither a folder nor a file', async () => {
    const { status, stderr } = await faultbook(['import', '/dev/zero']);
    expect([status, stderr]).toEqual([2, expect.stringContaining('neither a folder nor a file')]);
  });
});

test('the help says what the exit codes mean', async () => {
  const { stdout } = await faultbook(['import', '--help']);
  expect(stdout).toMatch(/0 all taken.*1 something was refused.*2 nothing could be read/s);
  expect(readFileSync(join(ROOT, 'docs/records.md'), 'utf8')).toContain('## Taking records from elsewhere');
});
