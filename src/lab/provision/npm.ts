/** npm packages, each with its dependencies in a folder of its own. Install scripts never run. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import type { Need } from '../needs.ts';
import type { Suite } from '../plan.ts';
import { isThere, openForReading, readRecord, settle, underLock, writeWhole } from './cache.ts';
import { type Ran, runClient, telling } from './client.ts';
import { type Absent, CannotProvision, type Part, type ProvisionOptions, together } from './part.ts';

/** The machine's settings that count: which registry, and how its certificate is checked. */
const PASSED_ON = ['npm_config_registry', 'NPM_CONFIG_REGISTRY', 'npm_config_cafile', 'NODE_EXTRA_CA_CERTS'];

/** Makes or finds the packages. @throws {CannotProvision} */
export async function provideNpm(
  _suite: Suite,
  needs: readonly Need[],
  options: ProvisionOptions,
): Promise<Part> {
  const parts: Part[] = [];
  for (const need of needs) parts.push(await providePackage(need, options));
  return together(parts);
}

async function providePackage(need: Need, options: ProvisionOptions): Promise<Part> {
  let version = await versionInCache(need, options);
  if (version === null) {
    version = await underLock('npm', options, async (staging) => {
      const there = await versionInCache(need, options);
      if (there !== null) return there;
      const found =
        need.name === 'node'
          ? await fetchNode(need.version, staging, options)
          : await installPackage(need.name, wordOf(need), staging, options);
      const place = folderOf(options.cache, need.name, found.version);
      await openForReading(found.folder);
      if (!(await isThere(place))) await settle(found.folder, place);
      if (need.version === null)
        await writeWhole(choiceOf(options.cache, need.name), JSON.stringify(found.version));
      // Kept while it may serve a run that goes on where this one was killed.
      await rm(downloadsOf(options), { recursive: true, force: true });
      return found.version;
    });
  }
  const from = folderOf(options.cache, need.name, version);
  const to = `/opt/npm/${basename(from)}`;
  return {
    layers: [],
    binds: [{ from: relative(options.cache, from), to }],
    path: [`${to}/node_modules/${need.name === 'node' ? `${platformPackage()}/bin` : '.bin'}`],
    env: {},
    versions: { [need.text]: version },
  };
}

export async function missingNpm(
  _suite: Suite,
  needs: readonly Need[],
  options: ProvisionOptions,
): Promise<Absent[]> {
  const absent: Absent[] = [];
  for (const need of needs)
    if ((await versionInCache(need, options)) === null)
      absent.push({ what: `npm: ${wordOf(need)} with what it depends on`, bytes: null });
  return absent;
}

/** The version that stands for a need; what was chosen once for a need without one stays chosen. */
async function versionInCache(need: Need, { cache }: ProvisionOptions): Promise<string | null> {
  const version = need.version ?? (await readRecord<string>(choiceOf(cache, need.name)));
  return version !== null && (await isThere(folderOf(cache, need.name, version))) ? version : null;
}

function wordOf(need: Need): string {
  return need.version === null ? need.name : `${need.name}@${need.version}`;
}

function folderOf(cache: string, name: string, version: string): string {
  return join(cache, 'npm', 'packages', `${name.replace('/', '+')}@${version}`);
}

function choiceOf(cache: string, name: string): string {
  return join(cache, 'npm', 'chosen', `${name.replace('/', '+')}.json`);
}

function downloadsOf({ cache }: ProvisionOptions): string {
  return join(cache, 'npm', 'downloads');
}

/** The binary of node for this machine: the package `node` itself would fetch it by an install script. */
function platformPackage(): string {
  return `node-linux-${process.arch}`;
}

/**
 * Installs one package into a fresh folder of staging, with its dependencies and without scripts.
 * @param spec what npm is to install: `name@version`, or a tarball
 */
export async function installPackage(
  name: string,
  spec: string,
  staging: string,
  options: ProvisionOptions,
): Promise<{ readonly folder: string; readonly version: string }> {
  const folder = join(staging, `package-${spec.replace(/[^A-Za-z0-9.]/g, '-')}`);
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), '{"private":true}\n');
  options.say(`npm: fetching ${spec}`);
  const ran = await npm(
    [
      'install',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--no-progress',
      '--save-exact',
      '--prefix',
      folder,
      '--',
      spec,
    ],
    options,
  );
  if (ran.code !== 0) throw new CannotProvision(`npm cannot give ${spec}: ${complaint(ran)}`);
  const manifest = await readFile(join(folder, 'node_modules', name, 'package.json'), 'utf8');
  await tellOfScripts(folder, spec, options);
  // Some releases of node call themselves v20.19.0 there.
  return { folder, version: (JSON.parse(manifest) as { version: string }).version.replace(/^v/, '') };
}

/** Says which packages would have run a script: what that would have fetched or built is not there. */
async function tellOfScripts(folder: string, spec: string, { say }: ProvisionOptions): Promise<void> {
  const lock = await readRecord<{ packages?: Record<string, { hasInstallScript?: boolean }> }>(
    join(folder, 'node_modules', '.package-lock.json'),
  );
  const scripted = Object.entries(lock?.packages ?? {})
    .filter(([, about]) => about.hasInstallScript)
    .map(([path]) => path.replace(/.*node_modules\//, ''));
  if (scripted.length > 0)
    say(
      `npm: ${spec}: install scripts were not run, so what they fetch or build is missing: ${scripted.join(', ')}`,
    );
}

/** Node of a version, or the newest that calls itself long-term supported. */
async function fetchNode(
  version: string | null,
  staging: string,
  options: ProvisionOptions,
): Promise<{ readonly folder: string; readonly version: string }> {
  const name = platformPackage();
  if (version !== null) return await installPackage(name, `${name}@${version}`, staging, options);
  const ran = await npm(['view', '--json', '--', name, 'versions'], options);
  if (ran.code !== 0) throw new CannotProvision(`npm cannot list the versions of node: ${complaint(ran)}`);
  const newest = new Map<number, string>();
  for (const one of [JSON.parse(ran.out) as string | string[]].flat()) {
    const major = Number(/^(\d+)\.\d+\.\d+$/.exec(one)?.[1]);
    if (major % 2 === 0) newest.set(major, one);
  }
  for (const [, candidate] of [...newest].sort(([a], [b]) => b - a)) {
    const found = await installPackage(name, `${name}@${candidate}`, staging, options);
    const header = await readFile(
      join(found.folder, 'node_modules', name, 'include/node/node_version.h'),
      'utf8',
    );
    if (/^#define NODE_VERSION_IS_LTS 1$/m.test(header)) return found;
  }
  throw new CannotProvision('no version of node calls itself long-term supported; name one: npm:node@X.Y.Z');
}

function npm(args: readonly string[], options: ProvisionOptions): Promise<Ran> {
  return runClient('npm', args, {
    env: {
      npm_config_userconfig: '/dev/null',
      npm_config_cache: downloadsOf(options),
      npm_config_update_notifier: 'false',
      npm_config_ignore_scripts: 'true',
      // A dependency that is a repository would be built when it is fetched.
      npm_config_git: '/bin/false',
    },
    passOn: PASSED_ON,
    signal: options.signal,
  });
}

function complaint(ran: Ran): string {
  return telling(ran.err, /^npm (?:error|ERR!) (?!code|A complete|errno|syscall)/) ?? `status ${ran.code}`;
}
