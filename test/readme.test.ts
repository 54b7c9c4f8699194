/**
 * README's commands, in its order, in one folder, by a shell, as a reader types them. A command that is not run here
 * stands in `ELSEWHERE` with the place where it is.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CLI, ROOT } from './support/cli.ts';
import { labCache } from './support/lab.ts';

/** Commands that this file does not run, and who does. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'npm ci && npm run build && node dist/faultbook.cjs examples/nginx-error.log':
    'test/docs.test.ts, in a clean clone',
  'npm ci && npm test': 'this is it',
  'faultbook prove git/dubious-ownership': 'npm run prove:all; it takes minutes',
  'faultbook drill git/dubious-ownership': 'test/advice.test.ts',
};
/** 0 a match or all is well, 1 nothing known or issues: what a reader's shell goes on after. */
const FINE = [0, 1];

/** Lines of README's shell blocks, without what stands behind `#`. */
const commands = [...readFileSync(join(ROOT, 'README.md'), 'utf8').matchAll(/```sh\n([\s\S]*?)```/g)]
  .flatMap(([, block]) => (block as string).split('\n'))
  .map((line) => line.replace(/\s+# .*$/, '').trim())
  .filter((line) => line !== '' && !line.startsWith('#'));
const here = commands.filter((c) => !Object.hasOwn(ELSEWHERE, c));

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'faultbook-readme-'));
  const put = (name: string, text: string) => writeFileSync(join(folder, name), text);
  mkdirSync(join(folder, 'bin'));
  put('bin/faultbook', `#!/bin/sh\nexec "${process.execPath}" "${CLI}" "$@"\n`);
  put(
    'bin/some-command',
    '#!/bin/sh\necho "fatal: detected dubious ownership in repository at \'/srv/site\'" >&2\nexit 128\n',
  );
  for (const name of ['faultbook', 'some-command']) chmodSync(join(folder, 'bin', name), 0o755);
  put('Makefile', 'all:\n\t@echo "no such thing" >&2; exit 1\n');
  put('package.json', '{"name":"shop","version":"1.0.0","scripts":{"test":"node -e 0"}}\n');
  put(
    'paste.log',
    "(error) MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk.\n",
  );
  copyFileSync(join(folder, 'paste.log'), join(folder, 'redis.log'));
  for (const [name, log] of [
    ['build.log', 'npm-ci-build.log'],
    ['error.log', 'nginx-error.log'],
  ] as const)
    copyFileSync(join(ROOT, 'examples', log), join(folder, name));
  mkdirSync(join(folder, 'foreign-records'));
  copyFileSync(
    join(ROOT, 'test/fixtures/seed/000_03681bdbeef4e2ee.txt'),
    join(folder, 'foreign-records/seed.json'),
  );
  // A copy: a proof writes.
  cpSync(join(ROOT, 'records/git'), join(folder, 'records/git'), { recursive: true });
  spawnSync('git', ['init', '--quiet'], { cwd: folder });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('what is run elsewhere still stands in README', () => {
  expect(Object.keys(ELSEWHERE).filter((c) => !commands.includes(c))).toEqual([]);
  expect(here.length).toBeGreaterThan(8);
});

test.each(here)('%s', { timeout: 300_000 }, (command) => {
  const { status, stdout, stderr } = spawnSync('bash', ['-o', 'pipefail', '-c', command], {
    cwd: folder,
    encoding: 'utf8',
    env: {
      ...process.env,
      PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
      HOME: folder,
      LANG: 'C.UTF-8',
      FAULTBOOK_CACHE: labCache(),
      FAULTBOOK_STATE: join(folder, 'state'),
    },
  });
  // A pipe, or a run, whose command is meant to fail ends with that command's code.
  const failsFirst = /^(?:make|some-command|faultbook run) /.test(command);
  expect(failsFirst || FINE.includes(status ?? -1), `exit ${status}\n${stdout}\n${stderr}`).toBe(true);
  // What a failing command prints on stderr stays there.
  expect((command.startsWith('faultbook run') ? stderr : stdout).trim(), stderr).not.toBe('');
  expect(stderr).not.toMatch(/internal error|Error:/);
});
