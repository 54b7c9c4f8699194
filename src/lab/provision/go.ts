/** Go modules as a proxy in a folder, from which go inside takes them as it would from the network. */
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Need } from '../needs.ts';
import type { Suite } from '../plan.ts';
import { runClient } from './client.ts';
import { type Absent, CannotProvision, type Part, type ProvisionOptions } from './part.ts';
import { missingSet, provideSet } from './set.ts';

const PASSED_ON = ['GOPROXY', 'GOSUMDB'];

/** Makes or finds the modules, resolved together. @throws {CannotProvision} */
export async function provideGo(
  _suite: Suite,
  needs: readonly Need[],
  options: ProvisionOptions,
): Promise<Part> {
  const { folder, place, versions } = await provideSet(
    { needs, identity: null },
    options,
    (content, _shown, scratch) => download(needs, content, scratch, options),
  );
  return {
    layers: [],
    binds: [{ from: folder, to: place }],
    path: [],
    env: { GOPROXY: `file://${place}`, GOSUMDB: 'off', GOFLAGS: '-mod=mod', GOTOOLCHAIN: 'local' },
    versions,
  };
}

export function missingGo(
  _suite: Suite,
  needs: readonly Need[],
  options: ProvisionOptions,
): Promise<Absent[]> {
  return missingSet({ needs, identity: null }, options);
}

async function download(
  needs: readonly Need[],
  content: string,
  scratch: string,
  { signal }: ProvisionOptions,
): Promise<Record<string, string>> {
  const cache = join(scratch, 'cache');
  const module = join(scratch, 'module');
  await mkdir(module);
  await writeFile(join(module, 'go.mod'), 'module lab\n');
  const env = {
    GOMODCACHE: cache,
    GOPATH: join(scratch, 'path'),
    GOCACHE: join(scratch, 'build'),
    GOFLAGS: '-mod=mod -modcacherw',
    GOTOOLCHAIN: 'local',
    // Archives only: no checkout of anybody's repository.
    GOVCS: '*:off',
    GOPRIVATE: '',
    GONOPROXY: 'none',
  };
  const go = async (args: readonly string[], proxy?: string) => {
    const own: Record<string, string> = proxy === undefined ? env : { ...env, GOPROXY: proxy };
    const ran = await runClient('go', args, { cwd: module, env: own, passOn: PASSED_ON, signal });
    if (ran.code !== 0) {
      const why = ran.err.trim().split('\n').at(-1)?.trim() || `status ${ran.code}`;
      throw new CannotProvision(`go cannot give ${needs.map((n) => n.text).join(', ')}: ${why}`);
    }
    return ran.out;
  };
  const proxies = (await go(['env', 'GOPROXY'])).trim().split(/[,|]/);
  const proxy = proxies.filter((one) => !['', 'direct', 'off'].includes(one)).join(',');
  if (proxy === '') throw new CannotProvision('go on this machine has no module proxy; set GOPROXY');
  await go(['get', '--', ...needs.map(wordOf)], proxy);
  await go(['mod', 'download', 'all'], proxy);
  await cp(join(cache, 'cache', 'download'), content, { recursive: true });
  await rm(join(content, 'sumdb'), { recursive: true, force: true });
  await listWhatIsThere(content);
  const required = await readFile(join(module, 'go.mod'), 'utf8');
  return Object.fromEntries(
    needs.map((need) => {
      const escaped = need.name.replace(/[.+]/g, '\\$&');
      return [need.text, new RegExp(`\\s${escaped} (v\\S+)`).exec(required)?.[1] ?? ''];
    }),
  );
}

/** Lists of versions name those alone whose archive is there: go inside would choose another one otherwise. */
async function listWhatIsThere(folder: string): Promise<void> {
  for (const name of await readdir(folder, { recursive: true })) {
    if (!name.endsWith('/@v/list')) continue;
    const versions = (await readdir(dirname(join(folder, name))))
      .filter((file) => file.endsWith('.zip'))
      .map((file) => `${basename(file, '.zip')}\n`);
    await writeFile(join(folder, name), versions.join(''));
  }
}

function wordOf({ name, version }: Need): string {
  if (version === null) return `${name}@latest`;
  return `${name}@${/^\d/.test(version) ? 'v' : ''}${version}`;
}
