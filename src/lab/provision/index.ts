/**
 * Puts real software at the disposal of the lab: fetched and unpacked into a cache of the user's, outside of any
 * sandbox, without installing anything and without running any package's code.
 */
import { join } from 'node:path';
import { type Need, parseNeed } from '../needs.ts';
import { REGISTRIES, type Registry, type Suite } from '../plan.ts';
import { isThere, keyOf, readRecord, writeWhole } from './cache.ts';
import { missingCrates, provideCrates } from './crates.ts';
import { missingDebian, provideDebian } from './debian.ts';
import { missingGo, provideGo } from './go.ts';
import { missingMaven, provideMaven } from './maven.ts';
import { missingNpm, provideNpm } from './npm.ts';
import {
  type Absent,
  CannotProvision,
  type Owned,
  type Part,
  PROVISION_CONTRACT,
  type ProvisionOptions,
  together,
} from './part.ts';
import { missingPypi, providePypi } from './python.ts';

export { cacheFolder } from './cache.ts';
export { type Absent, CannotProvision, type Owned, type ProvisionOptions } from './part.ts';

export interface Provisioned {
  /** Folders that stacked give the root of the world, uppermost first (overlay lower layers). Immutable, absolute. */
  readonly layers: readonly string[];
  /** Read-only folders of the host shown inside: {from: absolute host path, to: '/opt/npm/typescript@5.5.4'}. */
  readonly binds: readonly { readonly from: string; readonly to: string }[];
  /** Folders put in front of PATH inside, e.g. '/opt/npm/typescript@5.5.4/node_modules/.bin'. */
  readonly path: readonly string[];
  /** Further environment variables of the world (GOFLAGS, PYTHONPATH, …). */
  readonly env: Readonly<Record<string, string>>;
  /** need as written → version that was resolved, e.g. 'debian:nginx' → '1.22.1-9+deb12u1'. */
  readonly versions: Readonly<Record<string, string>>;
  /** Owners and modes that root inside has yet to set, because an ordinary user provisioned; empty for root. */
  readonly owned?: readonly Owned[];
}

interface Provider {
  readonly provide: (suite: Suite, needs: readonly Need[], options: ProvisionOptions) => Promise<Part>;
  readonly missing: (suite: Suite, needs: readonly Need[], options: ProvisionOptions) => Promise<Absent[]>;
}

const PROVIDERS: Readonly<Record<Registry, Provider>> = {
  debian: { provide: provideDebian, missing: missingDebian },
  npm: { provide: provideNpm, missing: missingNpm },
  pypi: { provide: providePypi, missing: missingPypi },
  crates: { provide: provideCrates, missing: missingCrates },
  go: { provide: provideGo, missing: missingGo },
  maven: { provide: provideMaven, missing: missingMaven },
};

/** What is not in the cache yet, with sizes as far as they are known, before anything is fetched. */
export async function missing(
  suite: Suite,
  needs: readonly string[],
  options: ProvisionOptions,
): Promise<Absent[]> {
  const wanted = read(needs);
  if ((await remembered(suite, wanted, options)) !== null) return [];
  const absent: Absent[] = [];
  for (const registry of REGISTRIES) {
    const own = wanted.filter((need) => need.registry === registry);
    if (own.length > 0 || registry === 'debian')
      absent.push(...(await PROVIDERS[registry].missing(suite, own, options)));
  }
  return absent;
}

/**
 * Makes or finds a world's software. A second call for the same needs starts no process and needs no network.
 * @throws {CannotProvision}
 */
export async function provision(
  suite: Suite,
  needs: readonly string[],
  options: ProvisionOptions,
): Promise<Provisioned> {
  const wanted = read(needs);
  let part = await remembered(suite, wanted, options);
  if (part === null) {
    if (options.offline) {
      const absent = await missing(suite, needs, options);
      if (absent.length > 0)
        throw new CannotProvision(
          `not in the cache, and nothing may be fetched: ${absent.map(({ what }) => what).join('; ')}; run once with the network`,
        );
    }
    const parts: Part[] = [];
    for (const registry of REGISTRIES) {
      const own = wanted.filter((need) => need.registry === registry);
      if (own.length > 0 || registry === 'debian')
        parts.push(await PROVIDERS[registry].provide(suite, own, options));
    }
    part = together(parts);
    await writeWhole(memoryOf(suite, wanted, options), JSON.stringify(part));
  }
  return {
    ...part,
    layers: part.layers.map((layer) => join(options.cache, layer)),
    binds: part.binds.map(({ from, to }) => ({ from: join(options.cache, from), to })),
  };
}

function read(needs: readonly string[]): Need[] {
  return [...new Set(needs)].map((text) => {
    const need = parseNeed(text);
    if ('error' in need)
      throw new CannotProvision(`${JSON.stringify(text)} cannot be provided: ${need.error}`);
    return need;
  });
}

/** Where the outcome for exactly these needs is kept. */
function memoryOf(suite: Suite, wanted: readonly Need[], { cache }: ProvisionOptions): string {
  const key = keyOf([PROVISION_CONTRACT, process.arch, process.getuid?.(), wanted.map(({ text }) => text)]);
  return join(cache, 'resolved', `${suite}-${key}.json`);
}

/** The earlier outcome, if all that it names is still there. */
async function remembered(
  suite: Suite,
  wanted: readonly Need[],
  options: ProvisionOptions,
): Promise<Part | null> {
  const part = await readRecord<Part>(memoryOf(suite, wanted, options));
  if (part === null) return null;
  const places = [...part.layers, ...part.binds.map(({ from }) => from)];
  const there = await Promise.all(places.map((place) => isThere(join(options.cache, place))));
  return there.every(Boolean) ? part : null;
}
