/** Budgets of design.md, in CPU time (walls vary threefold on shared machines). `npm run bench` prints the figures. */
import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { ROOT } from './support/cli.ts';

const MAX_COLD_EXTRA_MS = 60;
const RUNS = 7;

function cpuMs(args: readonly string[]): number {
  const { output } = spawnSync(process.execPath, ['-r', `${ROOT}bench/usage-at-exit.cjs`, ...args], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit', 'pipe'],
  });
  return JSON.parse(String(output[3])).cpu_ms;
}

test(`a cold diagnosis costs at most ${MAX_COLD_EXTRA_MS} ms of CPU over bare node`, () => {
  const extra = Array.from(
    { length: RUNS },
    () => cpuMs(['dist/faultbook.cjs', 'examples/nginx-error.log']) - cpuMs(['-e', '0']),
  );
  extra.sort((a, b) => a - b);
  console.log(`cold diagnosis: ${extra.map((e) => e.toFixed(0)).join(', ')} ms over bare node`);
  expect(extra[Math.floor(RUNS / 2)]).toBeLessThan(MAX_COLD_EXTRA_MS);
});
