#!/usr/bin/env node
/**
 * All tests, in the order in which they fail fastest: format and lint, types, generated files, build, tests.
 * What the tests need of real software is unpacked into .cache/tools first; nothing is installed into the system.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);

/** The script behind a package's command, run with this Node: no shell, any path. */
function commandOf(name, bin = name) {
  const path = require.resolve(`${name}/package.json`);
  const { bin: bins } = require(path);
  return path.replace(/package\.json$/, typeof bins === 'string' ? bins : bins[bin]);
}

/** Where the test runner leaves its counts for the closing line. */
const REPORT = `${root}.cache/tests.json`;

const steps = [
  [
    'format and lint',
    commandOf('@biomejs/biome', 'biome'),
    ['ci', '--error-on-warnings', '--colors=off', '.'],
  ],
  ['types', commandOf('typescript', 'tsc'), ['-p', '.']],
  ['generated files', 'scripts/generate.mjs', ['--check']],
  ['build', 'scripts/build.mjs', []],
  ['README sessions', 'scripts/readme.mjs', ['--check']],
  ['demo', 'scripts/demo.mjs', ['--check']],
  ['pages made of evidence', 'scripts/pages.mjs', ['--check']],
  ['calibration', 'scripts/calibrate.mjs', ['--check']],
  [
    'tests',
    commandOf('vitest'),
    [
      'run',
      '--exclude',
      'test/budget.test.ts',
      '--reporter=default',
      '--reporter=json',
      `--outputFile=${REPORT}`,
      ...process.argv.slice(2),
    ],
  ],
  // Alone, so that nothing else is measured with it.
  ['budgets', commandOf('vitest'), ['run', 'test/budget.test.ts']],
];
for (const [name, script, args] of steps) {
  console.log(`\n== ${name}`);
  const { status } = spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' });
  if (status !== 0) {
    console.error(`\n${name}: failed`);
    process.exit(status || 1);
  }
}

const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(REPORT, 'utf8'));
console.log(`\n${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped`);
