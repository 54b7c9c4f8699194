/** The worked examples of docs/lab.md: taken from the page, and proven for real. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { compileBook } from '../src/book/index.ts';
import { compareClaims, verdictOf } from '../src/evidence/index.ts';
import { compilePage, findIsolation, prove } from '../src/lab/index.ts';
import { parseRecord } from '../src/record/index.ts';
import { ROOT } from './support/cli.ts';
import { labCache } from './support/lab.ts';

const docs = readFileSync(join(ROOT, 'docs/lab.md'), 'utf8');
const examples = [...docs.matchAll(/\n```json\n([\s\S]*?)\n```\n\n````md\n([\s\S]*?)\n````\n/g)].map((m) => ({
  json: JSON.parse(m[1] as string) as { id: string },
  page: `${m[2]}\n`,
}));
const { mode, why } = findIsolation();
const hindrance = mode === 'root' || mode === 'mapped' ? null : why;
if (hindrance !== null) console.log(`skipped: examples of docs/lab.md: ${hindrance}`);

test('there are three', () => expect(examples).toHaveLength(3));

describe.skipIf(hindrance !== null).each(examples)('$json.id', ({ json, page }) => {
  test('comes out as its record says', { timeout: 300_000 }, async () => {
    const { record } = parseRecord(json);
    if (!record) throw new Error('no record');
    const { plan, issues } = compilePage(page, record, 'docs/lab.md');
    expect(issues).toEqual([]);
    if (!plan) throw new Error('no plan');
    const { book } = compileBook([{ record, file: 'record.json' }]);
    const { evidence } = await prove({
      plan,
      book,
      cache: labCache(),
      previous: null,
      wanted: () => true,
      jobs: 4,
      today: '2026-01-01',
      say: (line) => line && console.log(line),
    });
    const claims = compareClaims(record, evidence);
    expect(claims.filter((c) => !c.holds)).toEqual([]);
    expect(claims.length).toBeGreaterThan(0);
    const odd = evidence.cells.filter((c) => ['lab_failed', 'mixed', 'no_fault'].includes(verdictOf(c)));
    expect(odd).toEqual([]);
    for (const env of Object.keys(plan.environments))
      expect(
        evidence.cells.find((c) => c.env === env && c.cause === 'healthy' && c.action === 'nothing')
          ?.outcomes,
      ).toEqual({
        harmless: 2,
      });
  });
});

describe.skipIf(hindrance !== null)('a proof that was cut off', () => {
  test('goes on where it was, and has the samples of what it showed before', {
    timeout: 300_000,
  }, async () => {
    const [{ json, page } = { json: {}, page: '' }] = examples;
    // A journal of its own: the same record is proven above.
    const { record } = parseRecord({ ...json, id: 'example/cut-off' });
    if (!record) throw new Error('no record');
    const { plan } = compilePage(page, record, 'docs/lab.md');
    if (!plan) throw new Error('no plan');
    const { book } = compileBook([{ record, file: 'record.json' }]);
    const run = (signal?: AbortSignal, onProgress?: (cell: string) => void) =>
      prove({
        plan,
        book,
        cache: labCache(),
        previous: null,
        wanted: () => true,
        jobs: 4,
        today: '2026-01-01',
        say: () => {},
        ...(signal ? { signal } : {}),
        ...(onProgress ? { onProgress: (p: { cell: string }) => onProgress(p.cell) } : {}),
      });
    const stop = new AbortController();
    const open = new Set(['nothing', 'open-file', 'open-folder', 'chmod-777', '?file-mode']);
    const cut = run(stop.signal, (cell) => {
      const [, cause, key = ''] = cell.split('/');
      if (cause === 'file-closed') open.delete(key);
      if (open.size === 0) stop.abort(new Error('cut off'));
    });
    await expect(cut).rejects.toThrow('cut off');
    const { samples, evidence } = await run();
    expect(evidence.cells).toHaveLength(14);
    expect([...samples.keys()].sort()).toEqual([
      'file-closed.debian12',
      'folder-closed.debian12',
      'healthy.debian12',
    ]);
    expect(samples.get('file-closed.debian12')).toContain('/srv/app/config: Permission denied');
  });
});

describe.skipIf(hindrance !== null)('a page that brings programs of its own', () => {
  test('does not bring them to the steps of the lab', { timeout: 120_000 }, async () => {
    const { record } = parseRecord({
      id: 'example/own-programs',
      domain: 'example',
      origin: 'authored',
      signature: 'the switch is off',
      regex: 'the switch is (?<position>off)',
      causes: [{ key: 'switched-off', title: 'it is off' }],
      workarounds: [
        { key: 'switch-on', action: 'on', commands: ['echo on >/srv/switch'], for: ['switched-off'] },
      ],
    });
    if (!record) throw new Error('no record');
    const shadows = ['patch', 'cat', 'find', 'head', 'node', 'perl', 'sleep', 'bash'];
    const page = [
      '```setup as=root',
      'mkdir -p /usr/local/bin',
      `for name in ${shadows.join(' ')}; do`,
      `  printf '#!/bin/sh\\necho shadowed; exit 9\\n' >/usr/local/bin/$name; chmod 755 /usr/local/bin/$name`,
      'done',
      '```',
      '```file /srv/switch',
      'on',
      '```',
      '```attempt',
      'read -r position </srv/switch; echo "the switch is $position"; test "$position" = on',
      '```',
      '## Cause: switched-off',
      '```edit /srv/switch',
      '@@ -1,1 +1,1 @@',
      '-on',
      '+off',
      '```',
      '',
    ].join('\n');
    const { plan, issues } = compilePage(page, record, 'lab.md');
    expect(issues).toEqual([]);
    if (!plan) throw new Error('no plan');
    const { evidence } = await prove({
      plan,
      book: compileBook([{ record, file: 'record.json' }]).book,
      cache: labCache(),
      previous: null,
      wanted: () => true,
      jobs: 4,
      today: '2026-01-01',
      say: () => {},
    });
    expect(evidence.cells.map((c) => [c.cause, c.action, verdictOf(c)])).toEqual([
      ['switched-off', 'nothing', 'persists'],
      ['switched-off', 'switch-on', 'fixed'],
      ['healthy', 'nothing', 'harmless'],
      ['healthy', 'switch-on', 'harmless'],
    ]);
  });
});
