/**
 * Every record against the real software of this machine: the error is provoked afresh, and its output must be
 * recognised; other real errors beside it must not be.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { provision } from '../scripts/provision.mjs';
import { matchText } from '../src/book/index.ts';
import { openBook } from '../src/store/index.ts';
import { ROOT } from './support/cli.ts';

/** Exit status by which a script says that it cannot do its work on this machine. */
const SKIPPED = 77;
const folder = join(ROOT, 'test/live');
const scripts = readdirSync(folder).filter((f) => f.endsWith('.sh'));
const records = readdirSync(join(ROOT, 'records')).flatMap((domain) =>
  readdirSync(join(ROOT, 'records', domain)).map((slug) => ({
    id: `${domain}/${slug}`,
    script: `${domain}-${slug}.sh`,
  })),
);

test('every record has its live script or its lab page, and every script its record', () => {
  const all = new Set(records.map((r) => r.script));
  expect(scripts.filter((s) => !all.has(s))).toEqual([]);
  const bare = records.filter(
    (r) => !scripts.includes(r.script) && !existsSync(join(ROOT, 'records', r.id, 'lab.md')),
  );
  expect(bare.map((r) => r.id)).toEqual([]);
});

describe.each(records.filter((r) => scripts.includes(r.script)))('$id', ({ id, script }) => {
  test('is recognised in what the software prints now', { timeout: 300_000 }, async (context) => {
    const path = join(folder, script);
    const needs =
      /^# needs:(.*)$/m.exec(readFileSync(path, 'utf8'))?.[1]?.trim().split(/\s+/).filter(Boolean) ?? [];
    const tools = await provision(needs);
    const skip = (reason: string) => {
      console.log(`skipped: live ${id}: ${reason}`);
      context.skip(reason);
    };
    if (tools.missing.length > 0) return skip(tools.missing.map((m) => `${m.need}: ${m.reason}`).join('; '));
    const out = mkdtempSync(join(tmpdir(), 'faultbook-live-'));
    try {
      const run = spawnSync('bash', [path], {
        cwd: out,
        encoding: 'utf8',
        timeout: 240_000,
        env: { PATH: process.env.PATH ?? '', HOME: out, LANG: 'C.UTF-8', OUT: out, TOOLS: tools.root },
      });
      if (run.status === SKIPPED) return skip(run.stdout.trim());
      expect(run.status, `${run.stdout}\n${run.stderr}`).toBe(0);
      const logs = readdirSync(out).filter((f) => /^(?:match|near-miss)\..*\.log$/.test(f));
      expect(logs.filter((f) => f.startsWith('match.')).length).toBeGreaterThan(0);
      const book = await openBook({ records: join(ROOT, 'records') });
      for (const log of logs) {
        const text = readFileSync(join(out, log), 'utf8');
        const ids = matchText(book, text).map((m) => book.records[m.record]?.id);
        if (log.startsWith('match.')) expect(ids, `${log}:\n${text}`).toEqual([id]);
        else expect(ids, `${log}:\n${text}`).not.toContain(id);
      }
    } finally {
      rmSync(out, { recursive: true, force: true });
    }
  });
});
