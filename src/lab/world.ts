/** The healthy world of one environment, up to where services would start: layers, accounts, state after setup. */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { blocksFor } from './cells.ts';
import { foreignSuiteOf, parseNeed } from './needs.ts';
import {
  type BlockOf,
  DEFAULT_ACCOUNT,
  HEALTHY,
  LAB_CONTRACT,
  type Plan,
  type Suite,
  WORK_FOLDER,
} from './plan.ts';
import { missing, type Provisioned, type ProvisionOptions, provision } from './provision/index.ts';
import {
  type Identity,
  type Isolation,
  Sandbox,
  type SandboxSpec,
  type Step,
  type StepResult,
} from './sandbox.ts';

const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
/** For steps of the lab's own: what a page or a package calls `patch` or `find` is not theirs. */
export const LAB_STEP: Readonly<Record<string, string>> = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' };
const DEFAULT_LOOPBACK = '127.0.0.1 localhost lab\n::1 localhost ip6-localhost\n';
/** What `pam-auth-update` would have made: no passwords in here, and nobody to type them. */
const PAM: Readonly<Record<string, string>> = {
  'common-auth': 'auth required pam_permit.so\n',
  'common-account': 'account required pam_permit.so\n',
  'common-password': 'password required pam_permit.so\n',
  'common-session': 'session required pam_permit.so\n',
  'common-session-noninteractive': 'session required pam_permit.so\n',
};

export interface Person extends Identity {
  readonly name: string;
  readonly home: string;
}

/** A step of the world's own making failed: the page or its needs are wrong. */
export class WorldError extends Error {
  override readonly name = 'WorldError';
}

export interface World {
  readonly env: string;
  /** Everything but the state of the moment. */
  readonly spec: Omit<SandboxSpec, 'saveTo'>;
  readonly people: ReadonlyMap<string, Person>;
  readonly variables: Readonly<Record<string, string>>;
  readonly path: string;
  /** Package → version; probe → what it said. */
  readonly packages: Readonly<Record<string, string>>;
  readonly probed: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

/** Software of a world: of its own suite, and below `/opt/debian/<suite>` what the page needs of another one. */
export interface Software extends Provisioned {
  readonly stacks: SandboxSpec['stacks'];
}

/** Fetches what an environment needs, or finds it. @throws {CannotProvision} */
export async function fetchSoftware(
  { suite, needs }: Plan['environments'][string],
  options: ProvisionOptions,
): Promise<Software> {
  const { own, foreign } = bySuite(needs);
  const provisioned = await provision(suite, own, options);
  const stacks: { layers: readonly string[]; to: string }[] = [];
  const versions: Record<string, string> = { ...provisioned.versions };
  for (const [other, packages] of foreign) {
    const there = await provision(other, packages, options);
    stacks.push({ layers: there.layers, to: `/opt/debian/${other}` });
    for (const [need, version] of Object.entries(there.versions)) versions[`${need}@${other}`] = version;
  }
  return { ...provisioned, versions, stacks };
}

/** What is still to be fetched for an environment. */
export async function missingSoftware(
  { suite, needs }: Plan['environments'][string],
  options: ProvisionOptions,
): Promise<{ readonly what: string; readonly bytes: number | null }[]> {
  const { own, foreign } = bySuite(needs);
  const absent = [...(await missing(suite, own, options))];
  for (const [other, packages] of foreign) absent.push(...(await missing(other, packages, options)));
  return absent;
}

function bySuite(needs: readonly string[]): { own: string[]; foreign: Map<Suite, string[]> } {
  const own: string[] = [];
  const foreign = new Map<Suite, string[]>();
  for (const text of needs) {
    const need = parseNeed(text);
    const other = 'error' in need ? null : foreignSuiteOf(need);
    if (other === null || 'error' in need) own.push(text);
    else foreign.set(other, [...(foreign.get(other) ?? []), `debian:${need.name}`]);
  }
  return { own, foreign };
}

/** A step as this world's account takes it. */
export function stepOf(
  world: World,
  block: { readonly as: string | null; readonly in: string | null },
  script: string,
  variables: Readonly<Record<string, string | null>> = {},
): Step & { readonly account: string } {
  const person = personOf(world, block.as ?? DEFAULT_ACCOUNT);
  const env: Record<string, string> = {
    PATH: world.path,
    HOME: person.home,
    USER: person.name,
    LOGNAME: person.name,
    SHELL: '/bin/bash',
    LANG: 'C.UTF-8',
    ...world.variables,
  };
  for (const [name, value] of Object.entries(variables)) {
    if (value === null) delete env[name];
    else env[name] = value;
  }
  const cwd = block.in ?? (person.name === DEFAULT_ACCOUNT ? WORK_FOLDER : person.home);
  return { who: person, cwd, env, script, timeoutMs: world.timeoutMs, account: person.name };
}

export function personOf(world: Pick<World, 'people'>, name: string): Person {
  const person = world.people.get(name);
  if (!person) throw new WorldError(`there is no account ${name} in this world`);
  return person;
}

/** Why this machine's way of isolation cannot run a plan; null: it can. */
export function obstacle(plan: Plan, isolation: Isolation): string | null {
  if (isolation.mode === 'none') return isolation.why;
  if (isolation.mode !== 'single') return null;
  const sections = [
    plan.base,
    ...Object.values(plan.causes),
    ...Object.values(plan.actions).map((a) => a.section),
    ...Object.values(plan.checks).map((c) => c.section),
  ];
  const accounts = new Set(sections.flatMap((s) => s.blocks.map((b) => ('as' in b ? b.as : null))));
  accounts.add(plan.person.as);
  accounts.delete(null);
  accounts.delete(DEFAULT_ACCOUNT);
  return accounts.size === 0
    ? null
    : `the page needs the accounts ${[...accounts].join(', ')}; ${isolation.why}`;
}

/**
 * Makes or finds the state after `file` and `setup` blocks of the base.
 * @throws {WorldError} where a setup block fails.
 */
export async function openWorld(
  plan: Plan,
  env: string,
  provisioned: Software,
  isolation: Isolation,
  cache: string,
): Promise<World> {
  const layers = [synthLayer(plan, provisioned, cache), ...provisioned.layers];
  const people = accountsOf(
    plan,
    join(layers[0] as string, 'etc/passwd'),
    join(layers[0] as string, 'etc/group'),
    isolation,
  );
  const base = blocksFor(plan.base, HEALTHY, env) ?? [];
  const world: Omit<World, 'probed'> = {
    env,
    spec: {
      cache,
      layers,
      binds: provisioned.binds,
      stacks: provisioned.stacks,
      writable: plan.writable,
      memory: plan.restrictions.memory,
      disk: plan.restrictions.disk,
      processes: plan.restrictions.processes,
      isolation,
    },
    people,
    variables: provisioned.env,
    path: [...provisioned.path, PATH].join(':'),
    packages: provisioned.versions,
    timeoutMs: plan.timeoutSeconds * 1000,
  };
  const making = base.filter((b): b is BlockOf<'file' | 'setup' | 'probe'> =>
    ['file', 'setup', 'probe'].includes(b.verb),
  );
  const key = createHash('sha256')
    .update(
      JSON.stringify([
        LAB_CONTRACT,
        layers,
        provisioned.binds,
        provisioned.stacks,
        provisioned.env,
        plan.users,
        plan.writable,
        isolation.mode,
        making.map(({ line, for: _for, on, ...rest }) => rest),
      ]),
    )
    .digest('hex')
    .slice(0, 24);
  const folder = join(cache, 'states', key);
  if (!existsSync(join(folder, 'probed.json'))) {
    await makeState({ ...world, probed: {} }, making, folder, provisioned.owned);
  }
  const probed = JSON.parse(readFileSync(join(folder, 'probed.json'), 'utf8')) as Record<string, string>;
  return { ...world, probed, spec: { ...world.spec, layers: [join(folder, 'state'), ...layers] } };
}

async function makeState(
  world: World,
  blocks: readonly BlockOf<'file' | 'setup' | 'probe'>[],
  folder: string,
  owned: Provisioned['owned'],
): Promise<void> {
  const stage = `${folder}.${randomBytes(6).toString('hex')}`;
  mkdirSync(join(stage, 'state'), { recursive: true, mode: 0o755 });
  try {
    // Setup may write everywhere: it stands for what installing and configuring would have done.
    const sandbox = await Sandbox.open({
      ...world.spec,
      writable: ['/etc', '/usr'],
      saveTo: join(stage, 'state'),
    });
    const probed: Record<string, string> = {};
    try {
      await begin(sandbox, world, owned);
      for (const block of blocks) {
        if (block.verb === 'file') {
          const owner = personOf(world, block.as ?? DEFAULT_ACCOUNT);
          await sandbox.put(block.path, owner, block.mode, block.body);
          continue;
        }
        const result = await sandbox.run(stepOf(world, block, block.body));
        if (result.exit !== 0) throw new WorldError(`line ${block.line}: ${block.verb} ${failure(result)}`);
        if (block.verb === 'probe')
          probed[block.name] = result.output.trim().split('\n')[0]?.slice(0, 200) ?? '';
      }
      await sandbox.save();
    } finally {
      await sandbox.close();
    }
    writeFileSync(join(stage, 'probed.json'), JSON.stringify(probed));
    try {
      renameSync(stage, folder);
    } catch (error) {
      if (!existsSync(join(folder, 'probed.json'))) throw error;
    }
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
}

/** Homes, the work folder, the loader's cache, owners that an ordinary user could not set. */
async function begin(sandbox: Sandbox, world: World, owned: Provisioned['owned'] = []): Promise<void> {
  if (world.spec.isolation.mode === 'single') {
    const made = await sandbox.run(
      stepOf(world, { as: null, in: '/' }, `mkdir -p ${WORK_FOLDER} /home/user`, LAB_STEP),
    );
    if (made.exit !== 0) throw new WorldError(`the work folder cannot be made: ${failure(made)}`);
    return;
  }
  const lines = [`install -d -o user -g user ${WORK_FOLDER}`, 'install -d -m 1777 /tmp', 'ldconfig'];
  for (const { uid, home } of world.people.values()) {
    if (uid >= 1000) lines.push(`install -d -m 755 -o ${uid} -g ${uid} ${home}`);
  }
  for (const { path, uid, gid, mode } of owned)
    lines.push(`chown ${uid}:${gid} '${path}'`, `chmod ${mode.toString(8)} '${path}'`);
  const made = await sandbox.run(stepOf(world, { as: 'root', in: '/' }, lines.join('\n'), LAB_STEP));
  if (made.exit !== 0) throw new WorldError(`the world cannot be begun: ${failure(made)}`);
}

/** How a step failed, for people: its status and its last lines. */
export function failure(result: StepResult): string {
  const tail = result.output.trim().split('\n').slice(-8).join('\n');
  const how = result.timedOut ? 'took too long and was killed' : `ended with status ${result.exit}`;
  return tail === '' ? how : `${how}:\n${tail}`;
}

/** Accounts, names and what else the machine itself would know: a small layer of its own, named by its content. */
function synthLayer(plan: Plan, provisioned: Provisioned, cache: string): string {
  const find = (path: string): string => {
    const layer = provisioned.layers.find((l) => existsSync(join(l, path)));
    return layer === undefined ? '' : readFileSync(join(layer, path), 'utf8');
  };
  const passwd = find('etc/passwd').trimEnd().split('\n');
  const groups = find('etc/group').trimEnd().split('\n');
  for (const { name, uid, home } of plan.users) {
    passwd.push(`${name}:x:${uid}:${uid}:${name}:${home}:/bin/bash`);
    groups.push(`${name}:x:${uid}:`);
  }
  const member = (group: string, name: string) => {
    const i = groups.findIndex((g) => g.startsWith(`${group}:`));
    if (i < 0) throw new WorldError(`there is no group ${group} for the account ${name}`);
    groups[i] = `${groups[i]}${groups[i]?.endsWith(':') ? '' : ','}${name}`;
  };
  for (const { name, groups: wanted } of plan.users) {
    for (const group of new Set([
      ...wanted,
      ...(name === DEFAULT_ACCOUNT && groups.some((g) => g.startsWith('sudo:')) ? ['sudo'] : []),
    ]))
      member(group, name);
  }
  const hosts = Object.entries(plan.names).map(([name, address]) => `${address} ${name}\n`);
  const files: Record<string, [mode: number, text: string]> = {
    'etc/passwd': [0o644, `${passwd.join('\n')}\n`],
    'etc/group': [0o644, `${groups.join('\n')}\n`],
    'etc/shadow': [0o640, passwd.map((p) => `${p.split(':')[0]}:*:19000:0:99999:7:::\n`).join('')],
    'etc/hosts': [0o644, DEFAULT_LOOPBACK + hosts.join('')],
    'etc/hostname': [0o644, 'lab\n'],
    'etc/resolv.conf': [0o644, ''],
    // sudo may not reach the audit log here, and would say so in every output.
    'etc/sudoers.d/lab': [0o440, 'Defaults !log_allowed\n%sudo ALL=(ALL:ALL) NOPASSWD: ALL\n'],
  };
  for (const [name, text] of Object.entries(PAM))
    if (find(`etc/pam.d/${name}`) === '') files[`etc/pam.d/${name}`] = [0o644, text];
  const key = createHash('sha256').update(JSON.stringify(files)).digest('hex').slice(0, 24);
  const folder = join(cache, 'accounts', key);
  if (existsSync(folder)) return folder;
  const stage = `${folder}.${randomBytes(6).toString('hex')}`;
  for (const [path, [mode, text]] of Object.entries(files)) {
    mkdirSync(join(stage, path, '..'), { recursive: true, mode: 0o755 });
    writeFileSync(join(stage, path), text, { mode });
  }
  try {
    renameSync(stage, folder);
  } catch (error) {
    rmSync(stage, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

function accountsOf(
  plan: Plan,
  passwdFile: string,
  groupFile: string,
  isolation: Isolation,
): Map<string, Person> {
  const people = new Map<string, Person>();
  if (isolation.mode === 'single') {
    people.set(DEFAULT_ACCOUNT, {
      name: DEFAULT_ACCOUNT,
      uid: 1000,
      gid: 1000,
      groups: [],
      home: '/home/user',
    });
    return people;
  }
  const memberOf = new Map<string, number[]>();
  for (const line of readFileSync(groupFile, 'utf8').trimEnd().split('\n')) {
    const [, , gid, members] = line.split(':');
    for (const name of (members ?? '').split(',').filter(Boolean))
      memberOf.set(name, [...(memberOf.get(name) ?? []), Number(gid)]);
  }
  for (const line of readFileSync(passwdFile, 'utf8').trimEnd().split('\n')) {
    const [name, , uid, gid, , home] = line.split(':');
    if (name === undefined || uid === undefined) continue;
    people.set(name, {
      name,
      uid: Number(uid),
      gid: Number(gid),
      groups: [Number(gid), ...(memberOf.get(name) ?? [])],
      home: home || '/',
    });
  }
  for (const { name } of plan.users)
    if (!people.has(name)) throw new WorldError(`the account ${name} is missing`);
  return people;
}
