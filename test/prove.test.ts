/** `faultbook prove` as a person meets it: plans, matrices, transcripts, audits, errors that teach, interruption. */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findIsolation } from '../src/lab/index.ts';
import { planSchema } from '../src/lab/plan.ts';
import { CLI, faultbook, ROOT } from './support/cli.ts';
import { labCache } from './support/lab.ts';

const [, json = '', page = ''] =
  /\n```json\n([\s\S]*?)\n```\n\n````md\n([\s\S]*?)\n````\n/.exec(
    readFileSync(join(ROOT, 'docs/lab.md'), 'utf8'),
  ) ?? [];
const ID = 'example/config-denied';
const { mode, why } = findIsolation();
const hindrance = mode === 'root' || mode === 'mapped' ? null : why;
if (hindrance !== null) console.log(`skipped: prove: ${hindrance}`);

describe('prove', () => {
  const root = mkdtempSync(join(tmpdir(), 'faultbook-prove-'));
  const folder = join(root, ID);
  const evidence = join(folder, 'evidence.json');
  const prove = (args: string[], env: Record<string, string> = {}) =>
    faultbook(['prove', ...args, '--records', root], { env: { FAULTBOOK_CACHE: labCache(), ...env } });
  const write = (name: string, text: string) => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, name), text);
  };
  beforeAll(() => {
    write('record.json', json);
    write('lab.md', page);
  });
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  test('--plan shows what would be run, and runs nothing', async () => {
    const { status, stdout } = await prove([ID, '--plan']);
    expect(status).toBe(0);
    expect(planSchema.safeParse(JSON.parse(stdout)).success).toBe(true);
    expect(existsSync(evidence)).toBe(false);
  });
  test.each([
    ['a record that is not there', ['example/nothing'], 'there is no record'],
    ['a cause that is not there', [ID, '--cause', 'typo'], 'file-closed'],
    ['an environment that is not there', [ID, '--environment', 'debian1'], 'debian12'],
    ['a transcript that is not there', [ID, '--show', '../../etc/passwd'], 'no transcript'],
  ])('%s: status 2 and what there is', async (_, args, word) => {
    const { status, stderr } = await prove(args);
    expect(status).toBe(2);
    expect(stderr).toContain(word);
  });
  test('a broken page is refused with line, reason and remedy; nothing is written', async () => {
    write('lab.md', page.replace('```attempt as=app', '```atempt as=app'));
    const { status, stderr } = await prove([ID]);
    write('lab.md', page);
    expect(status).toBe(2);
    expect(stderr).toMatch(/line \d+: .*atempt/);
    expect(stderr).toContain('attempt');
    expect(existsSync(evidence)).toBe(false);
  });

  test('a record that is refused is not said to be missing: field, reason, remedy', async () => {
    write('record.json', json.replace('"regex": "^-r..-"', '"regex": "^-r[..-"'));
    const { status, stderr } = await prove([ID]);
    write('record.json', json);
    expect(status).toBe(2);
    expect(stderr).toContain('checks[0].readings[0].regex: a [ is never closed');
    expect(stderr).toContain('faultbook lint');
    expect(stderr).not.toContain('internal error');
  });

  describe.skipIf(hindrance !== null)('for real', () => {
    test('writes the matrix, the evidence and the samples, and says the tier', {
      timeout: 120_000,
    }, async () => {
      const { status, stdout, stderr } = await prove([ID]);
      expect(status, stderr).toBe(0);
      expect(stdout).toContain('Tier: proven on debian12');
      expect(stdout).toMatch(/file-closed +\. F \. m/);
      for (const line of stdout.split('\n').filter((l) => !l.startsWith('Wrote')))
        expect(line.length).toBeLessThanOrEqual(80);
      expect(existsSync(join(folder, 'samples/match.file-closed.debian12.log'))).toBe(true);
      expect(
        readFileSync(evidence, 'utf8')
          .split('\n')
          .filter((l) => l.includes('"digest"')).length,
      ).toBe(14);
    });
    test('again: the same bytes; only what was changed is run', { timeout: 120_000 }, async () => {
      const before = readFileSync(evidence, 'utf8');
      expect((await prove([ID])).status).toBe(0);
      expect(readFileSync(evidence, 'utf8')).toBe(before);
      expect((await prove([ID, '--changed'])).stdout).toContain('up to date');
      write('lab.md', page.replace('chmod g-rx /srv/app', 'chmod 700 /srv/app'));
      const { stdout } = await prove([ID, '--changed', '--format', 'json']);
      const [report] = JSON.parse(stdout) as { cells: { cause: string }[] }[];
      expect(new Set(report?.cells.map((c) => c.cause))).toEqual(new Set(['folder-closed']));
      write('lab.md', page);
      writeFileSync(evidence, before);
    });
    test('a reading is a pattern like any other: what lint admits is read', {
      timeout: 120_000,
    }, async () => {
      const before = readFileSync(evidence, 'utf8');
      // RE2 takes \\- and [[:alpha:]]; the engine of the platform takes neither.
      write('record.json', json.replace('"regex": "^-r..-"', '"regex": "^\\\\-[[:alpha:]]..-"'));
      const { status, stdout, stderr } = await prove([ID, '--cause', 'file-closed', '--format', 'json']);
      write('record.json', json);
      writeFileSync(evidence, before);
      expect(status, stderr).toBe(0);
      const [report] = JSON.parse(stdout) as { cells: { check?: string; readings?: object }[] }[];
      expect(report?.cells.find((c) => c.check === 'file-mode')?.readings).toEqual({ no: 2 });
    });
    test('shows the transcript of a cell', async () => {
      const { status, stdout } = await prove([ID, '--show', 'debian12/file-closed/open-file']);
      expect(status).toBe(0);
      expect(stdout).toContain('$ chmod g+r /srv/app/config');
      expect(stdout).toContain('Permission denied');
    });
    test('an audit finds what somebody forged, and writes nothing', { timeout: 120_000 }, async () => {
      const before = readFileSync(evidence, 'utf8');
      expect((await prove([ID, '--audit', '4', '--seed', '7'])).status).toBe(0);
      const forged = before.replaceAll('{"persists":2}', '{"fixed":2}');
      writeFileSync(evidence, forged);
      const { status, stdout } = await prove([ID, '--audit', '16']);
      expect(status).toBe(1);
      expect(stdout).toContain('the evidence says fixed, now persists');
      expect(readFileSync(evidence, 'utf8')).toBe(forged);
      writeFileSync(evidence, before);
    });
    test('cells that stay from other versions are said, by the audit and in the evidence, until all is run again', {
      timeout: 120_000,
    }, async () => {
      const plain = readFileSync(evidence, 'utf8');
      write(
        'lab.md',
        page.replace(
          '```guard strangers',
          '```probe bash\nbash --version | head -1\n```\n```guard strangers',
        ),
      );
      expect((await prove([ID])).status).toBe(0);
      const now = readFileSync(evidence, 'utf8');
      const versions = (text: string) =>
        (JSON.parse(text) as { environments: { debian12: { probed: { bash: string }; newer?: object } } })
          .environments.debian12;
      const { bash } = versions(now).probed;
      writeFileSync(evidence, now.replace(bash, 'GNU bash, version 1.14'));
      const { stdout } = await prove([ID, '--audit', '1', '--seed', '1']);
      expect(stdout).toContain(`debian12 has other versions now: bash ${bash}`);
      await prove([ID, '--cause', 'file-closed']);
      expect(versions(readFileSync(evidence, 'utf8'))).toMatchObject({
        probed: { bash: 'GNU bash, version 1.14' },
        newer: { bash },
      });
      expect((await prove([ID])).status).toBe(0);
      expect(readFileSync(evidence, 'utf8')).toBe(now);
      write('lab.md', page);
      writeFileSync(evidence, plain);
    });
    test('a book that is built knows which cells are stale', { timeout: 120_000 }, async () => {
      const pack = join(root, 'book.pack');
      const staleIn = async () => {
        expect((await faultbook(['build', '--records', root, '--out', pack])).status).toBe(0);
        return /"stale":(\d+)/.exec(readFileSync(pack, 'utf8'))?.[1];
      };
      const lint = () => faultbook(['lint', folder, '--for', 'book', '--format', 'json']);
      expect(await staleIn()).toBe('0');
      expect((await lint()).stdout).not.toContain('evidence-stale');
      write('lab.md', page.replace('chmod g-rx /srv/app', 'chmod 700 /srv/app'));
      expect(Number(await staleIn())).toBeGreaterThan(0);
      expect((await lint()).stdout).toContain('evidence-stale');
      expect((await lint()).stdout).toContain('debian12/folder-closed/nothing');
      write('lab.md', `---\nenvironments: {debian12: {}, debian13: {suite: trixie}}\n${page.slice(4)}`);
      expect((await lint()).stdout).toContain('nothing was run on debian13');
      write('lab.md', page);
      rmSync(pack);
    });
    test('what somebody typed into the evidence is refused, and proven anew when asked', {
      timeout: 120_000,
    }, async () => {
      const before = readFileSync(evidence, 'utf8');
      writeFileSync(evidence, before.replace('"n":2', '"n":"many"'));
      const { status, stderr } = await prove([ID, '--changed']);
      expect(stderr).toContain('evidence-invalid');
      expect(status).toBe(0);
      expect(readFileSync(evidence, 'utf8')).toBe(before);
    });
    test('stops on SIGINT with status 130, writes nothing, goes on later', { timeout: 120_000 }, async () => {
      const other = mkdtempSync(join(tmpdir(), 'faultbook-prove-int-'));
      cpSync(root, other, { recursive: true });
      rmSync(join(other, ID, 'evidence.json'), { force: true });
      try {
        const child = spawn(process.execPath, [CLI, 'prove', ID, '--records', other, '--jobs', '1'], {
          env: { PATH: process.env.PATH ?? '', HOME: other, FAULTBOOK_CACHE: labCache() },
          stdio: ['ignore', 'ignore', 'pipe'],
        });
        const ended = new Promise((done) => child.on('exit', done));
        // Its first finished cell: then it is in the middle.
        const journal = join(labCache(), 'journals', 'example+config-denied.ndjson');
        for (let i = 0; i < 400 && !existsSync(journal); i++)
          await new Promise((done) => setTimeout(done, 25));
        child.kill('SIGINT');
        const status = await ended;
        expect(status).toBe(130);
        expect(existsSync(join(other, ID, 'evidence.json'))).toBe(false);
        expect(
          (await faultbook(['prove', ID, '--records', other], { env: { FAULTBOOK_CACHE: labCache() } }))
            .status,
        ).toBe(0);
      } finally {
        rmSync(other, { recursive: true, force: true });
      }
    });
  });
});
