#!/usr/bin/env node
/**
 * Writes package-lock.json after a change of dependencies, without download addresses: everybody installs from the
 * registry that their own npm is set to. (npm's own switch for that, omit-lockfile-registry-resolved, loses the
 * packages of other platforms, and so do an existing node_modules and a registry mirror that lacks them; `npm ci`
 * then refuses the file. So what is missing is added from what the packages themselves declare.)
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'faultbook-lock-'));
try {
  copyFileSync(join(root, 'package.json'), join(folder, 'package.json'));
  const args = ['install', '--package-lock-only', '--omit-lockfile-registry-resolved=false'];
  const { status } = spawnSync('npm', args, { cwd: folder, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
  const lock = JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8'));
  for (const entry of Object.values(lock.packages)) delete entry.resolved;
  addOtherPlatforms(lock.packages);
  writeFileSync(join(root, 'package-lock.json'), `${JSON.stringify(lock, null, 2)}\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Binaries of other platforms, by the names that such packages have: `…-linux-arm64-musl`, `…-win32-x64-msvc`. */
function addOtherPlatforms(packages) {
  for (const { optionalDependencies = {}, dev } of Object.values(packages)) {
    for (const [name, version] of Object.entries(optionalDependencies)) {
      const path = `node_modules/${name}`;
      if (packages[path]) continue;
      const part = (names) => names.find((n) => name.split(/[-/]/).includes(n));
      const os = part([
        'android',
        'darwin',
        'freebsd',
        'linux',
        'openharmony',
        'win32',
        'sunos',
        'aix',
        'netbsd',
        'openbsd',
      ]);
      const cpu = part([
        'arm64',
        'x64',
        'arm',
        'ia32',
        'ppc64',
        's390x',
        'riscv64',
        'loong64',
        'mips64el',
        'wasm32',
      ]);
      const musl = name.endsWith('musl');
      packages[path] = {
        // A range's least version: `npm ci` wants one that fits, and fetches none for another platform.
        version: version.replace(/^[^\d]+/, ''),
        ...(dev ? { dev } : {}),
        optional: true,
        ...(os ? { os: [os] } : {}),
        cpu: [cpu ?? (name.includes('arm') ? 'arm' : 'none')],
        ...(os === 'linux' ? { libc: [musl ? 'musl' : 'glibc'] } : {}),
      };
    }
  }
}
