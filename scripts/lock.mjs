#!/usr/bin/env node
/**
 * Writes package-lock.json after a change of dependencies, without download addresses: everybody installs from the
 * registry that their own npm is set to. (npm's own switch for that, omit-lockfile-registry-resolved, loses the
 * packages of other platforms, and `npm ci` then refuses the file.)
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const path = `${root}package-lock.json`;
rmSync(path, { force: true });
const { status } = spawnSync(
  'npm',
  ['install', '--package-lock-only', '--omit-lockfile-registry-resolved=false'],
  {
    cwd: root,
    stdio: 'inherit',
  },
);
if (status !== 0) process.exit(status ?? 1);
const lock = JSON.parse(readFileSync(path, 'utf8'));
for (const entry of Object.values(lock.packages)) delete entry.resolved;
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
