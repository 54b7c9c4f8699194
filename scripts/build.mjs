#!/usr/bin/env node
/**
 * Builds the package into dist/: bundled JavaScript (run-time dependencies inside), type declarations, the
 * built-in pack. Generated files that are committed (schemas, notices) are made by scripts/generate.mjs.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);

/** Runs a command of ours with the same Node; stops the build where it fails. */
function run(script, args) {
  const { status } = spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

rmSync(`${root}dist`, { recursive: true, force: true });
const shared = {
  cwd: root,
  // Pure modules have no side effects: what a door does not use (the schema, most of all) is not loaded.
  treeshake: { moduleSideEffects: false },
};
const node = await rolldown({
  ...shared,
  platform: 'node',
  input: { faultbook: 'src/cli/main.ts', index: 'src/index.ts' },
});
await node.write({ dir: 'dist', format: 'esm', chunkFileNames: '[name]-[hash].js', minify: 'dce-only' });
// The browser's entry stands alone in one file.
const pure = await rolldown({ ...shared, platform: 'browser', input: { pure: 'src/pure.ts' } });
await pure.write({ dir: 'dist', format: 'esm', minify: false });
chmodSync(`${root}dist/faultbook.js`, 0o755);

const tsc = require.resolve('typescript/package.json').replace(/package\.json$/, 'bin/tsc');
run(tsc, ['-p', 'tsconfig.build.json']);
run('dist/faultbook.js', ['build', '--records', 'records', '--out', 'dist/book.pack']);
