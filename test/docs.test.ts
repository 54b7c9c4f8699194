/** The documents against the code: limits are named where they are documented, README's command works from nothing. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ROOT } from './support/cli.ts';

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8');
}

test('every table of limits has its line of documentation', () => {
  const docs = ['records', 'lab', 'answers', 'run'].map((page) => read(`docs/${page}.md`)).join('\n');
  const files = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' }).filter((f) =>
    f.endsWith('.ts'),
  );
  const limits = files.flatMap((f) =>
    [...read(`src/${f}`).matchAll(/^export const ((?:[A-Z]+_LIMITS|DEFAULT_[A-Z_]+|MAX_[A-Z_]+))\b/gm)].map(
      (m) => m[1] as string,
    ),
  );
  expect(limits.length).toBeGreaterThan(5);
  expect(limits.filter((name) => !docs.includes(name))).toEqual([]);
});

test('every link between the documents leads somewhere', () => {
  const documents = [
    'README.md',
    'ARCHITECTURE.md',
    'CONTRIBUTING.md',
    'AGENTS.md',
    'CHANGELOG.md',
    'docs/records.md',
    'docs/run.md',
    'examples/README.md',
  ];
  for (const document of documents) {
    for (const [, target] of read(document).matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)) {
      expect(existsSync(join(ROOT, document, '..', target as string)), `${document}: ${target}`).toBe(true);
    }
  }
});

test('the first command of README works in a clean clone, from a folder with a space and a foreign letter', () => {
  const command = /```sh\n(npm ci .*)\n```/.exec(read('README.md'))?.[1] as string;
  const folder = mkdtempSync(join(tmpdir(), 'faultbook tést '));
  try {
    const clone = spawnSync('git', ['clone', '--quiet', '--no-hardlinks', ROOT, 'çlone dir'], {
      cwd: folder,
      encoding: 'utf8',
    });
    expect(clone.status, clone.stderr).toBe(0);
    const env = { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? folder, LANG: 'C.UTF-8' };
    const run = spawnSync('sh', ['-c', command], { cwd: join(folder, 'çlone dir'), encoding: 'utf8', env });
    expect(run.status, `${run.stdout}\n${run.stderr}`).toBe(0);
    expect(run.stdout).toContain('Known: nginx/ssl-handshake-failed-client-hello');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
