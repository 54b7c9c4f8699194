/**
 * The opponents: fetched and compiled into `.cache/bench`, never needed by `npm test`. Vectorscan and RE2 come from
 * Debian, ripgrep from npm, all unpacked and none installed; g++ has to be there.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { provision } from '../../scripts/provision.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));

/** Compiles a harness with its library linked in, unless a newer one is there. */
function build(name, library, root, out) {
  const source = join(here, `${name}.cc`);
  const binary = join(out, name);
  if (existsSync(binary) && statSync(binary).mtimeMs > statSync(source).mtimeMs) return binary;
  const folder = readdirSync(join(root, 'usr/lib')).find((f) =>
    existsSync(join(root, 'usr/lib', f, library)),
  );
  if (!folder) return null;
  const args = ['-O3', '-march=native', '-std=c++17', `-I${join(root, 'usr/include')}`, source, '-o', binary];
  const { status, stderr } = spawnSync('g++', [...args, join(root, 'usr/lib', folder, library), '-lpthread']);
  if (status !== 0) console.error(`${name}: ${stderr?.toString().slice(0, 500) ?? 'no g++'}`);
  return status === 0 ? binary : null;
}

/** @returns the path of each opponent that could be had, and what is missing */
export async function opponents(cache) {
  const out = join(cache, 'bin');
  mkdirSync(out, { recursive: true });
  const { root, missing } = await provision(
    ['debian:libvectorscan-dev', 'debian:libre2-dev', 'npm:@vscode/ripgrep@1.18.0'],
    { say: (line) => console.error(line) },
  );
  const platform = join(root, 'npm/@vscode/ripgrep-1.18.0/node_modules/@vscode');
  const ripgrep = existsSync(platform)
    ? readdirSync(platform)
        .map((f) => join(platform, f, 'bin/rg'))
        .find((f) => existsSync(f))
    : undefined;
  return {
    vectorscan: build('vectorscan', 'libhs.a', root, out),
    re2set: build('re2set', 'libre2.a', root, out),
    ripgrep: ripgrep ?? null,
    missing,
  };
}
