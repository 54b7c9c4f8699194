/**
 * Crates as vendored source, found by cargo wherever it works inside. Nothing is compiled here; a build script runs
 * inside the sandbox, or never.
 */
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Need } from '../needs.ts';
import type { Suite } from '../plan.ts';
import { isThere } from './cache.ts';
import { type Ran, runClient } from './client.ts';
import { type Absent, CannotProvision, type Part, type ProvisionOptions } from './part.ts';
import { missingSet, provideSet } from './set.ts';

const PASSED_ON = ['RUSTUP_HOME', 'RUSTUP_TOOLCHAIN'];

/** Makes or finds the crates, resolved together. @throws {CannotProvision} */
export async function provideCrates(
  _suite: Suite,
  needs: readonly Need[],
  options: ProvisionOptions,
): Promise<Part> {
  const { folder, place, versions } = await provideSet(
    { needs, identity: null },
    options,
    (content, shown, scratch) => vendor(needs, content, shown, scratch, options),
  );
  return {
    // Cargo looks for its settings in every folder above the current one; so this is found everywhere.
    layers: [join(folder, 'layer')],
    binds: [{ from: join(folder, 'vendor'), to: place }],
    path: [],
    env: {},
    versions,
  };
}

export function missingCrates(
  _suite: Suite,
  needs: readonly Need[],
  options: ProvisionOptions,
): Promise<Absent[]> {
  return missingSet({ needs, identity: null }, options);
}

async function vendor(
  needs: readonly Need[],
  content: string,
  shown: string,
  scratch: string,
  options: ProvisionOptions,
): Promise<Record<string, string>> {
  const plain = await vendorOnce(needs, new Map(), join(scratch, 'plain'), options);
  if (typeof plain === 'string')
    throw new CannotProvision(`cargo cannot give ${needs.map((n) => n.text).join(', ')}: ${plain}`);
  // A page may switch on any feature of what it names, and only what is vendored can be had then.
  const features = new Map(plain.crates.map(({ name, features }) => [name, features]));
  const full = await vendorOnce(needs, features, join(scratch, 'full'), options);
  if (typeof full === 'string')
    options.say(`crates: optional dependencies are missing, since all together do not resolve: ${full}`);
  const { folder, crates } = typeof full === 'string' ? plain : full;
  await cp(folder, join(content, 'vendor'), { recursive: true });
  const settings = join(content, 'layer', '.cargo');
  await mkdir(settings, { recursive: true });
  await writeFile(
    join(settings, 'config.toml'),
    `[source.crates-io]\nreplace-with = "lab"\n\n[source.lab]\ndirectory = "${shown}"\n\n[net]\noffline = true\n`,
  );
  return Object.fromEntries(
    needs.map((need) => [
      need.text,
      need.version ?? crates.find(({ name }) => name === need.name)?.version ?? '',
    ]),
  );
}

interface Crate {
  readonly name: string;
  readonly version: string;
  readonly features: readonly string[];
}

/** @returns what went wrong, where it did */
async function vendorOnce(
  needs: readonly Need[],
  features: ReadonlyMap<string, readonly string[]>,
  folder: string,
  options: ProvisionOptions,
): Promise<string | { readonly folder: string; readonly crates: readonly Crate[] }> {
  await mkdir(join(folder, 'src'), { recursive: true });
  await writeFile(join(folder, 'src', 'lib.rs'), '');
  const wanted = needs.map(({ name, version }) => {
    const on = (features.get(name) ?? []).map((feature) => JSON.stringify(feature)).join(', ');
    return `${name} = { version = "${version === null ? '*' : `=${version}`}", features = [${on}] }`;
  });
  await writeFile(
    join(folder, 'Cargo.toml'),
    `[package]\nname = "lab"\nversion = "0.0.0"\nedition = "2018"\n\n[dependencies]\n${wanted.join('\n')}\n`,
  );
  const home = join(folder, 'home');
  await mkdir(home);
  const ran = await cargo(
    ['vendor', '--quiet', '--respect-source-config', '--versioned-dirs', 'vendor'],
    folder,
    home,
    options,
  );
  if (ran.code !== 0) return complaint(ran);
  const place = join(folder, 'vendor');
  const crates: Crate[] = [];
  for (const name of await readdir(place)) {
    const manifest = await readFile(join(place, name, 'Cargo.toml'), 'utf8');
    const own = /^name = "([^"]+)"/m.exec(manifest)?.[1];
    const version = /^version = "([^"]+)"/m.exec(manifest)?.[1];
    if (own && version) crates.push({ name: own, version, features: featuresOf(manifest) });
  }
  return { folder: place, crates };
}

/** Keys of the table `[features]`; published manifests are written by cargo, one key a line. */
function featuresOf(manifest: string): string[] {
  const table = /^\[features\]\n((?:(?!\[).*\n?)*)/m.exec(manifest)?.[1] ?? '';
  return [...table.matchAll(/^"?([A-Za-z0-9_+.-]+)"? = \[/gm)].map(([, name]) => name as string);
}

async function cargo(
  args: readonly string[],
  cwd: string,
  home: string,
  { signal }: ProvisionOptions,
): Promise<Ran> {
  // A home of our own keeps the user's untouched; the user's settings say where crates come from.
  const own = process.env.CARGO_HOME ?? join(homedir(), '.cargo');
  const settings: string[] = [];
  for (const name of ['config.toml', 'config'])
    if (settings.length === 0 && (await isThere(join(own, name)))) settings.push('--config', join(own, name));
  return runClient('cargo', [...settings, ...args], {
    cwd,
    env: {
      CARGO_HOME: home,
      ...(process.env.SSL_CERT_FILE ? { CARGO_HTTP_CAINFO: process.env.SSL_CERT_FILE } : {}),
    },
    passOn: PASSED_ON,
    signal,
  });
}

/** The error with its causes, on one line. */
function complaint(ran: Ran): string {
  const said = ran.err.split('\n').map((line) => line.trim());
  const causes = said.filter((line) => line !== '' && line !== 'Caused by:' && !line.startsWith('warning:'));
  return (
    causes
      .slice(0, 4)
      .join(': ')
      .replace(/^error: /, '') || `status ${ran.code}`
  );
}
