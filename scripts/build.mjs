#!/usr/bin/env node
/**
 * Builds the package into dist/: bundled JavaScript (run-time dependencies inside), type declarations, the
 * built-in pack. Generated files that are committed (schemas, notices) are made by scripts/generate.mjs.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';
import { kernelModule } from './kernel.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const require = createRequire(import.meta.url);

/** Runs a command of ours with the same Node; stops the build where it fails. */
function run(script, args) {
  const { status } = spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

// The kernel is compiled at every build; the committed module is only written where its source has changed.
const kernelFile = `${root}src/book/kernel-binary.ts`;
const kernel = await kernelModule();
if (readFileSync(kernelFile, 'utf8') !== kernel) writeFileSync(kernelFile, kernel);

rmSync(`${root}dist`, { recursive: true, force: true });
const shared = {
  cwd: root,
  // Pure modules have no side effects: what a door does not use (the schema, most of all) is not loaded.
  treeshake: { moduleSideEffects: false },
};
// What every start needs, what a command under `run` needs: each without what only some answers need (the schemas take longer
// to load than most answers take).
const codeSplitting = {
  groups: [
    { name: 'start', test: /src\/(?:store\/error|record\/(?:distance|names))\.ts$/ },
    { name: 'schema', test: /node_modules\/zod\/|src\/(?:record|evidence|diagnosis)\/schema\.ts$/ },
    { name: 'state', test: /src\/store\/(?:write|trust|misses|open-faults|environment)\.ts$/ },
  ],
};
// The command line is CommonJS, which starts faster than ES modules do.
const cli = await rolldown({
  ...shared,
  platform: 'node',
  resolve: { alias: { '@modelcontextprotocol/server/_shims': `${root}scripts/mcp-shims.mjs` } },
  input: { faultbook: 'src/cli/main.ts' },
});
await cli.write({
  dir: 'dist',
  format: 'cjs',
  minify: true,
  entryFileNames: '[name].cjs',
  chunkFileNames: 'cli-[name]-[hash].cjs',
  codeSplitting,
});
// The hook of agents runs before and after each of their commands: it loads nothing of the command line.
const hook = await rolldown({ ...shared, platform: 'node', input: { hook: 'src/hook/main.ts' } });
await hook.write({
  dir: 'dist',
  format: 'cjs',
  minify: true,
  entryFileNames: '[name].cjs',
  chunkFileNames: 'hook-[name]-[hash].cjs',
  codeSplitting,
});
// A thread of a scan.
const worker = await rolldown({
  ...shared,
  platform: 'node',
  input: { 'scan-worker': 'src/scan/worker.ts' },
});
await worker.write({ dir: 'dist', format: 'cjs', minify: true, entryFileNames: '[name].cjs' });
const library = await rolldown({ ...shared, platform: 'node', input: { index: 'src/index.ts' } });
await library.write({ dir: 'dist', format: 'esm', chunkFileNames: 'lib-[name]-[hash].js' });
// The browser's entry stands alone in one file.
const pure = await rolldown({ ...shared, platform: 'browser', input: { pure: 'src/pure.ts' } });
await pure.write({ dir: 'dist', format: 'esm' });
chmodSync(`${root}dist/faultbook.cjs`, 0o755);
// What the lab runs inside its sandboxes is no JavaScript: it lies beside the bundle that reads it.
cpSync(`${root}src/lab/inside`, `${root}dist/inside`, { recursive: true });

const tsc = require.resolve('typescript/package.json').replace(/package\.json$/, 'bin/tsc');
run(tsc, ['-p', 'tsconfig.build.json']);
run('dist/faultbook.cjs', ['build', '--records', 'records', '--out', 'dist/book.pack']);
