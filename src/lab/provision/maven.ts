/**
 * Maven artifacts with what they depend on, as a repository in a folder that stands for every other one inside. Only
 * Maven's own dependency plugin runs here.
 */
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Need } from '../needs.ts';
import type { Suite } from '../plan.ts';
import { type Ran, runClient } from './client.ts';
import { type Absent, CannotProvision, type Part, type ProvisionOptions } from './part.ts';
import { missingSet, provideSet } from './set.ts';

const PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.6.1';
const PASSED_ON = ['JAVA_HOME', 'M2_HOME', 'MAVEN_HOME'];

/** Makes or finds the artifacts, resolved together. @throws {CannotProvision} */
export async function provideMaven(
  _suite: Suite,
  needs: readonly Need[],
  options: ProvisionOptions,
): Promise<Part> {
  const { folder, place, versions } = await provideSet(
    { needs, identity: PLUGIN },
    options,
    (content, shown, scratch) => download(needs, content, shown, scratch, options),
  );
  return {
    // Settings of the system, which every version of Debian's Maven reads.
    layers: [join(folder, 'layer')],
    binds: [{ from: join(folder, 'repository'), to: place }],
    path: [],
    env: {},
    versions,
  };
}

export function missingMaven(
  _suite: Suite,
  needs: readonly Need[],
  options: ProvisionOptions,
): Promise<Absent[]> {
  return missingSet({ needs, identity: PLUGIN }, options);
}

async function download(
  needs: readonly Need[],
  content: string,
  shown: string,
  scratch: string,
  { signal }: ProvisionOptions,
): Promise<Record<string, string>> {
  const repository = join(content, 'repository');
  await writeProjects(needs, scratch);
  const goals = [`${PLUGIN}:resolve`, `${PLUGIN}:resolve-plugins`];
  const ran = await runClient('mvn', ['-B', '-q', `-Dmaven.repo.local=${repository}`, ...goals], {
    cwd: scratch,
    passOn: PASSED_ON,
    signal,
  });
  if (ran.code !== 0)
    throw new CannotProvision(`mvn cannot give ${needs.map((n) => n.text).join(', ')}: ${complaint(ran)}`);
  await asRemote(repository);
  await mkdir(join(content, 'layer', 'etc', 'maven'), { recursive: true });
  await writeFile(
    join(content, 'layer', 'etc', 'maven', 'settings.xml'),
    `<settings><mirrors><mirror><id>lab</id><mirrorOf>*</mirrorOf><url>file://${shown}</url></mirror></mirrors></settings>\n`,
  );
  const versions: Record<string, string> = {};
  for (const need of needs) {
    const { group, artifact } = partsOf(need);
    const metadata = join(repository, ...group.split('.'), artifact, 'maven-metadata.xml');
    versions[need.text] =
      need.version ?? /<release>([^<]+)<\/release>/.exec(await readFile(metadata, 'utf8'))?.[1] ?? '';
  }
  return versions;
}

/** A project for each need and one with all, since a project may use some of them only, and other versions fit then. */
async function writeProjects(needs: readonly Need[], folder: string): Promise<void> {
  const plugins = needs.filter(isPlugin);
  const libraries = needs.filter((need) => !isPlugin(need));
  const projects = [...libraries.map((need) => [need]), libraries];
  const write = async (name: string, content: string) => {
    await mkdir(join(folder, name), { recursive: true });
    await writeFile(
      join(folder, name, 'pom.xml'),
      `<project><modelVersion>4.0.0</modelVersion><groupId>lab</groupId><artifactId>lab${name.replace('.', '')}</artifactId><version>1</version><packaging>pom</packaging>${content}</project>\n`,
    );
  };
  for (const [i, own] of projects.entries())
    await write(
      String(i),
      `<dependencies>${own.map((need) => element('dependency', need)).join('')}</dependencies>`,
    );
  const modules = projects.map((_, i) => `<module>${i}</module>`).join('');
  const wanted = plugins.map((need) => element('plugin', need)).join('');
  await write('.', `<modules>${modules}</modules><build><plugins>${wanted}</plugins></build>`);
}

function element(kind: string, need: Need): string {
  const { group, artifact } = partsOf(need);
  return `<${kind}><groupId>${group}</groupId><artifactId>${artifact}</artifactId><version>${need.version ?? 'RELEASE'}</version></${kind}>`;
}

function isPlugin(need: Need): boolean {
  return /^maven-.*-plugin$|-maven-plugin$/.test(partsOf(need).artifact);
}

function partsOf({ name }: Need): { readonly group: string; readonly artifact: string } {
  const [group = '', artifact = ''] = name.split(':');
  return { group, artifact };
}

/** Turns Maven's local store into what a remote one looks like. */
async function asRemote(repository: string): Promise<void> {
  for (const name of await readdir(repository, { recursive: true })) {
    const metadata = /^(.*\/maven-metadata)-[^/]*?(\.xml(?:\.sha1)?)$/.exec(name);
    if (metadata) await rename(join(repository, name), join(repository, `${metadata[1]}${metadata[2]}`));
    else if (/(?:^|\/)(?:_remote\.repositories|resolver-status\.properties|[^/]*\.lastUpdated)$/.test(name))
      await rm(join(repository, name));
  }
}

function complaint(ran: Ran): string {
  const lines = `${ran.out}\n${ran.err}`.split('\n').map((line) => line.replace(/\x1b\[[\d;]*m/g, ''));
  const line = lines.find((l) => /^\[ERROR\] .*(?:Could not|was not found|Failure|cannot)/.test(l));
  return (line ?? lines.find((l) => l.startsWith('[ERROR] ')) ?? `status ${ran.code}`)
    .replace(/^\[ERROR\] /, '')
    .slice(0, 400);
}
