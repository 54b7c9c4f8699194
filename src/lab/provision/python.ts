/**
 * Python packages, as wheels only: a source distribution would run its own code to be built. Chosen for the suite's
 * interpreter, which comes with `debian:python3`.
 */
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Need } from '../needs.ts';
import type { Suite } from '../plan.ts';
import { isThere } from './cache.ts';
import { runClient, telling } from './client.ts';
import { type Absent, CannotProvision, type Part, type ProvisionOptions } from './part.ts';
import { missingSet, type NeedSet, provideSet } from './set.ts';

/** What each suite's `python3` is, and the C library that wheels may ask for. */
const INTERPRETERS: Readonly<Record<Suite, { readonly version: string; readonly glibcMinor: number }>> = {
  bullseye: { version: '3.9', glibcMinor: 31 },
  bookworm: { version: '3.11', glibcMinor: 36 },
  trixie: { version: '3.13', glibcMinor: 41 },
};
const OLDEST_GLIBC_MINOR = 5;
const PASSED_ON = ['PIP_INDEX_URL', 'PIP_EXTRA_INDEX_URL', 'PIP_CERT', 'REQUESTS_CA_BUNDLE'];

/**
 * Runs pip in a process that can start no other one, so that nothing can be built whatever a package asks for; and
 * with the suite's interpreter in conditions like `python_version < "3.10"`, which pip would answer by its own.
 */
const PIP = `
import sys
version = sys.argv.pop(1)
try:
    from pip._vendor.packaging import markers
    from pip._internal.cli.main import main
except ImportError:
    sys.exit("ERROR: python3 has no pip; install python3-pip")
own = markers.default_environment
def environment():
    return {**own(), "python_version": version, "python_full_version": version + ".0", "implementation_version": version + ".0"}
markers.default_environment = environment
def refuse(event, arguments):
    if event in ("subprocess.Popen", "os.fork", "os.forkpty", "os.exec", "os.posix_spawn", "os.spawn", "os.system"):
        raise PermissionError("nothing is built here")
sys.addaudithook(refuse)
sys.exit(main(sys.argv[1:]))
`;

/** Makes or finds the packages, resolved together. @throws {CannotProvision} */
export async function providePypi(
  suite: Suite,
  needs: readonly Need[],
  options: ProvisionOptions,
): Promise<Part> {
  const { folder, place, versions } = await provideSet(setOf(suite, needs), options, (content) =>
    installNeeds(suite, needs, content, options),
  );
  const hasPrograms = await isThere(join(options.cache, folder, 'bin'));
  return {
    layers: [],
    binds: [{ from: folder, to: place }],
    path: hasPrograms ? [`${place}/bin`] : [],
    env: { PYTHONPATH: place },
    versions,
  };
}

export function missingPypi(
  suite: Suite,
  needs: readonly Need[],
  options: ProvisionOptions,
): Promise<Absent[]> {
  return missingSet(setOf(suite, needs), options);
}

function setOf(suite: Suite, needs: readonly Need[]): NeedSet {
  return { needs, identity: INTERPRETERS[suite] };
}

async function installNeeds(
  suite: Suite,
  needs: readonly Need[],
  folder: string,
  options: ProvisionOptions,
): Promise<Record<string, string>> {
  const words = needs.map((need) => (need.version === null ? need.name : `${need.name}==${need.version}`));
  await installWheels(suite, words, folder, options);
  const found = await installedVersions(folder);
  return Object.fromEntries(needs.map((need) => [need.text, found.get(normal(need.name)) ?? '']));
}

/**
 * Has pip put packages and what they depend on into a folder.
 * @param words what pip is to install: `name==version`, or a file
 */
export async function installWheels(
  suite: Suite,
  words: readonly string[],
  folder: string,
  { signal }: ProvisionOptions,
): Promise<void> {
  const { version } = INTERPRETERS[suite];
  const ran = await runClient(
    'python3',
    [
      '-c',
      PIP,
      version,
      'install',
      '--quiet',
      '--no-input',
      '--disable-pip-version-check',
      '--no-cache-dir',
      '--no-compile',
      '--no-warn-script-location',
      '--root-user-action=ignore',
      '--only-binary',
      ':all:',
      '--implementation',
      'cp',
      '--python-version',
      version,
      ...platforms(suite).flatMap((platform) => ['--platform', platform]),
      '--target',
      folder,
      '--',
      ...words,
    ],
    { passOn: PASSED_ON, signal },
  );
  if (ran.code !== 0) {
    const why = telling(ran.err, /^ERROR: /) ?? (ran.err.trim().split('\n').at(-1) || `status ${ran.code}`);
    throw new CannotProvision(
      `pip cannot give ${words.join(', ')} for Python ${version}: ${why}; only wheels are taken, since a source distribution runs its own code to be built`,
    );
  }
  await mendPrograms(join(folder, 'bin'));
}

function platforms(suite: Suite): string[] {
  const machine = { x64: 'x86_64', arm64: 'aarch64' }[process.arch as string] ?? process.arch;
  const names: string[] = [];
  for (let minor = INTERPRETERS[suite].glibcMinor; minor >= OLDEST_GLIBC_MINOR; minor--)
    names.push(`manylinux_2_${minor}_${machine}`);
  return [
    ...names,
    `manylinux2014_${machine}`,
    `manylinux2010_${machine}`,
    `manylinux1_${machine}`,
    `linux_${machine}`,
  ];
}

/** Programs name the interpreter that ran pip; inside there is another one. */
async function mendPrograms(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    const bytes = await readFile(path);
    const end = bytes.indexOf('\n');
    if (!bytes.subarray(0, 2).equals(Buffer.from('#!')) || !/python/.test(bytes.toString('latin1', 0, end)))
      continue;
    const { mode } = await stat(path);
    await writeFile(path, Buffer.concat([Buffer.from('#!/usr/bin/python3'), bytes.subarray(end)]));
    await chmod(path, mode & 0o777);
  }
}

async function installedVersions(folder: string): Promise<Map<string, string>> {
  const versions = new Map<string, string>();
  for (const name of await readdir(folder)) {
    if (!name.endsWith('.dist-info')) continue;
    const metadata = await readFile(join(folder, name, 'METADATA'), 'utf8');
    const own = /^Name: *(\S+)/m.exec(metadata)?.[1];
    const version = /^Version: *(\S+)/m.exec(metadata)?.[1];
    if (own && version) versions.set(normal(own), version);
  }
  return versions;
}

/** Names that differ in case or in the kind of dash are the same package. */
function normal(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}
