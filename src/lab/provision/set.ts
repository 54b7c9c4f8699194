/** Needs that are resolved together, so that they fit each other: one folder for each set of them. */
import { mkdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { Need } from '../needs.ts';
import { keyOf, openForReading, readRecord, settle, underLock, writeWhole } from './cache.ts';
import { type Absent, PROVISION_CONTRACT, type ProvisionOptions } from './part.ts';

/** Longest name of a folder that is made of the names of what is in it. */
const MAX_NAME = 80;

/** Which folder: registry, needs, and whatever else makes its content what it is. */
export interface NeedSet {
  readonly needs: readonly Need[];
  /** Anything that JSON can say. */
  readonly identity: unknown;
}

export interface ProvidedSet {
  /** Relative to the cache folder. */
  readonly folder: string;
  /** Where it is shown inside. */
  readonly place: string;
  /** Need as written → version. */
  readonly versions: Readonly<Record<string, string>>;
}

interface SetRecord {
  readonly versions: Readonly<Record<string, string>>;
}

/**
 * Makes or finds the folder of a set.
 * @param fill puts the content into an empty folder that will be shown at `place`, and tells the versions
 */
export async function provideSet(
  set: NeedSet,
  options: ProvisionOptions,
  fill: (folder: string, place: string, scratch: string) => Promise<Readonly<Record<string, string>>>,
): Promise<ProvidedSet> {
  const folder = folderOf(set, options);
  const place = `/opt/${registryOf(set)}/${nameOf(set)}`;
  const versions =
    (await versionsIn(folder)) ??
    (await underLock(registryOf(set), options, async (staging) => {
      const there = await versionsIn(folder);
      if (there) return there;
      options.say(`${registryOf(set)}: fetching ${nameOf(set)}`);
      const content = join(staging, 'set', 'content');
      const scratch = join(staging, 'scratch');
      await mkdir(content, { recursive: true });
      await mkdir(scratch);
      const record: SetRecord = { versions: await fill(content, place, scratch) };
      await openForReading(content);
      await writeWhole(join(staging, 'set', 'record.json'), JSON.stringify(record));
      await settle(join(staging, 'set'), folder);
      return record.versions;
    }));
  return { folder: relative(options.cache, join(folder, 'content')), place, versions };
}

export async function missingSet(set: NeedSet, options: ProvisionOptions): Promise<Absent[]> {
  if ((await versionsIn(folderOf(set, options))) !== null) return [];
  return [{ what: `${registryOf(set)}: ${nameOf(set)} with what it depends on`, bytes: null }];
}

async function versionsIn(folder: string): Promise<Readonly<Record<string, string>> | null> {
  return (await readRecord<SetRecord>(join(folder, 'record.json')))?.versions ?? null;
}

function registryOf({ needs }: NeedSet): string {
  return (needs[0] as Need).registry;
}

/** `name@version`, several joined by `+`; in characters that suit a path of the world and of the host. */
function nameOf({ needs }: NeedSet): string {
  const names = needs.map(({ name, version }) => (version === null ? name : `${name}@${version}`));
  const name = names
    .sort()
    .join('+')
    .replace(/[^A-Za-z0-9@.+_-]/g, '_');
  return name.length <= MAX_NAME ? name : `${name.slice(0, MAX_NAME - 17)}-${keyOf(names)}`;
}

function folderOf(set: NeedSet, { cache }: ProvisionOptions): string {
  const words = set.needs.map(({ text }) => text).sort();
  const key = keyOf([PROVISION_CONTRACT, process.arch, process.getuid?.(), words, set.identity]);
  return join(cache, registryOf(set), `${nameOf(set)}-${key}`);
}
