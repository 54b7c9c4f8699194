/** Roots of Debian suites: a base layer for each suite, and a layer for each set of further packages over it. */
import { chmod, mkdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Need } from '../needs.ts';
import type { Suite } from '../plan.ts';
import { type DebFile, megabytes, PrivateApt } from './apt.ts';
import { keyOf, readRecord, settle, underLock, writeWhole } from './cache.ts';
import { prepareRoot, standInForScripts } from './instead-of-scripts.ts';
import {
  type Absent,
  CannotProvision,
  type Owned,
  type Part,
  PROVISION_CONTRACT,
  type ProvisionOptions,
} from './part.ts';
import { unpackAll, WorldFolders } from './unpack.ts';

/** What a person at a shell expects, and what the lab itself runs inside. */
const BASE = [
  'base-files',
  'base-passwd',
  'bash',
  'bsdutils',
  'ca-certificates',
  'coreutils',
  'curl',
  'dash',
  'debianutils',
  'diffutils',
  'dpkg',
  'findutils',
  'grep',
  'gzip',
  'hostname',
  'init-system-helpers',
  'iproute2',
  'libc-bin',
  'login',
  'mawk',
  'mount',
  'ncurses-base',
  'ncurses-bin',
  'netbase',
  'passwd',
  'patch',
  // Node and most programs from other registries are built on it.
  'libstdc++6',
  'perl-base',
  'procps',
  'psmisc',
  'sed',
  'sudo',
  'sysvinit-utils',
  'tar',
  'util-linux',
];
/** Says that the layout is merged already; without it a tool that merges it comes, with the whole of Perl. */
const BASE_MERGED: Readonly<Record<Suite, readonly string[]>> = {
  bullseye: [],
  bookworm: ['usr-is-merged'],
  trixie: ['usr-is-merged'],
};

/** Beside a layer's root: what is in it. */
interface LayerRecord {
  readonly packages: readonly { readonly name: string; readonly version: string }[];
  readonly owned: readonly Owned[];
}

interface Layer extends LayerRecord {
  /** Root of the layer, absolute. */
  readonly root: string;
}

/** A layer as asked for. */
interface Wanted {
  readonly folder: string;
  /** Arguments of apt. */
  readonly words: readonly string[];
  readonly needs: readonly Need[];
  readonly under: Layer | null;
}

/** Makes or finds the layers. @throws {CannotProvision} */
export async function provideDebian(
  suite: Suite,
  needs: readonly Need[],
  options: ProvisionOptions,
): Promise<Part> {
  const apt = new PrivateApt(suite, options);
  const provide = async (wanted: Wanted): Promise<Layer> =>
    (await standing(wanted)) ??
    (await underLock(
      `debian-${suite}`,
      options,
      async (staging) => (await standing(wanted)) ?? (await make(apt, wanted, staging, options)),
    ));
  const base = await provide(wantedBase(apt));
  const layers = needs.length === 0 ? [base] : [await provide(wantedOver(apt, base, needs)), base];
  return {
    layers: layers.map(({ root }) => relative(options.cache, root)),
    binds: [],
    path: [],
    env: {},
    versions: Object.fromEntries(needs.map((need) => [need.text, versionOf(need, layers) ?? ''])),
    owned: layers.toReversed().flatMap(({ owned }) => owned),
  };
}

/** What would have to be fetched, as far as the lists in the cache tell. */
export async function missingDebian(
  suite: Suite,
  needs: readonly Need[],
  options: ProvisionOptions,
): Promise<Absent[]> {
  const apt = new PrivateApt(suite, options);
  const base = await standing(wantedBase(apt));
  const over = base && needs.length > 0 ? await standing(wantedOver(apt, base, needs)) : null;
  if (base && (needs.length === 0 || over)) return [];
  const names = [...(base ? [] : ['the base system']), ...needs.map((need) => wordOf(need))];
  const what = `debian ${suite}: ${names.join(', ')}`;
  if (!(await apt.hasLists()))
    return [
      { what: `debian ${suite}: package lists`, bytes: null },
      { what, bytes: null },
    ];
  const words = [...(base ? [] : baseWords(suite)), ...needs.map(wordOf)];
  const left = await apt.unfetched(await apt.resolve(words, base ? statusOf(base) : null));
  return left.length === 0 ? [] : [{ what, bytes: left.reduce((sum, deb) => sum + deb.bytes, 0) }];
}

function baseWords(suite: Suite): string[] {
  return [...BASE, ...BASE_MERGED[suite]];
}

function wantedBase(apt: PrivateApt): Wanted {
  const words = baseWords(apt.suite);
  return { folder: layerFolder(apt, 'base', words), words, needs: [], under: null };
}

function wantedOver(apt: PrivateApt, base: Layer, needs: readonly Need[]): Wanted {
  const words = [...new Set(needs.map(wordOf))].sort();
  const name = needs.map((need) => need.name).join('+');
  return { folder: layerFolder(apt, name.slice(0, 60), [words, base.packages]), words, needs, under: base };
}

/** Files belong to who provisioned, so each account has layers of its own. */
function layerFolder(apt: PrivateApt, name: string, identity: unknown): string {
  const key = keyOf([PROVISION_CONTRACT, process.getuid?.(), identity]);
  return join(apt.folder, 'layers', `${name}-${key}`);
}

function wordOf(need: Need): string {
  return need.version === null ? need.name : `${need.name}=${need.version}`;
}

function statusOf(layer: Layer): string {
  return join(layer.root, 'var/lib/dpkg/status');
}

function versionOf(need: Need, layers: readonly LayerRecord[]): string | null {
  for (const { packages } of layers) {
    const found = packages.find(({ name }) => name === need.name);
    if (found) return found.version;
  }
  return null;
}

async function standing({ folder }: Wanted): Promise<Layer | null> {
  const record = await readRecord<LayerRecord>(join(folder, 'record.json'));
  return record && { ...record, root: join(folder, 'root') };
}

async function make(
  apt: PrivateApt,
  wanted: Wanted,
  staging: string,
  { say, signal }: ProvisionOptions,
): Promise<Layer> {
  const debs = await fetchAll(apt, wanted);
  const name = wanted.under === null ? 'the base system' : wanted.words.join(', ');
  const bytes = debs.reduce((sum, deb) => sum + deb.bytes, 0);
  say(`debian ${apt.suite}: unpacking ${name} (${debs.length} packages, ${megabytes(bytes)})`);
  const root = join(staging, 'layer', 'root');
  await mkdir(root, { recursive: true });
  await chmod(root, 0o755);
  const world = new WorldFolders(root, wanted.under ? [wanted.under.root] : []);
  prepareRoot(world);
  const unpacked = await unpackAll(debs, apt.archives, staging, world, signal);
  const record: LayerRecord = {
    owned: standInForScripts(world, unpacked),
    packages: debs.map(({ name, version }) => ({ name, version })),
  };
  await writeWhole(join(staging, 'layer', 'record.json'), JSON.stringify(record));
  await settle(join(staging, 'layer'), wanted.folder);
  return { ...record, root: join(wanted.folder, 'root') };
}

/** Resolves and fetches; where the archive has moved on since the lists were fetched, once more with new ones. */
async function fetchAll(apt: PrivateApt, wanted: Wanted): Promise<DebFile[]> {
  const status = wanted.under && statusOf(wanted.under);
  const attempt = async () => {
    const debs = await apt.resolve(wanted.words, status);
    for (const need of wanted.needs) {
      if (versionOf(need, [{ packages: debs, owned: [] }, ...(wanted.under ? [wanted.under] : [])]) === null)
        throw new CannotProvision(
          `${need.text} is no package of Debian ${apt.suite} itself; name one that provides it`,
        );
    }
    await apt.download(wanted.words, debs, status);
    return debs;
  };
  await apt.refresh();
  try {
    return await attempt();
  } catch (error) {
    if (!(error instanceof CannotProvision) || !(await apt.refreshAfterFailure())) throw error;
    return await attempt();
  }
}
