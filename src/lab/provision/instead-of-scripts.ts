/**
 * What packages' scripts would have done when installed, as far as programs need it, done by writing plain files.
 * The scripts are read for the names of alternatives at most; none ever runs.
 */
import { writeTruststore } from './java-truststore.ts';
import type { Owned } from './part.ts';
import type { Unpacked, WorldFolders } from './unpack.ts';

/** Top-level folders that are links into `/usr`; the second only where a package brings such libraries. */
const MERGED = ['bin', 'sbin', 'lib'];
const MERGED_WHERE_USED = ['lib32', 'lib64', 'libx32'];

interface AccountRow {
  readonly uid: number;
  readonly home: string;
  readonly shell?: string;
  /** Folders of its own that no package ships. */
  readonly folders?: readonly string[];
  /** Groups beside its own. */
  readonly groups?: readonly string[];
  /** Packages any of which brings it. */
  readonly packages: readonly string[];
}

/** Accounts that scripts would add, each with a group of its own; numbers are ours and never change. */
const ACCOUNTS: Readonly<Record<string, AccountRow>> = {
  postgres: {
    uid: 101,
    home: '/var/lib/postgresql',
    shell: '/bin/bash',
    groups: ['ssl-cert'],
    packages: ['postgresql-common'],
  },
  redis: {
    uid: 102,
    home: '/var/lib/redis',
    folders: ['/var/log/redis', '/run/redis'],
    packages: ['redis-tools', 'redis-server'],
  },
  mysql: {
    uid: 103,
    home: '/var/lib/mysql',
    shell: '/bin/false',
    folders: ['/var/log/mysql', '/run/mysqld'],
    packages: ['mariadb-server', 'mariadb-server-10.5', 'mysql-server'],
  },
  sshd: { uid: 104, home: '/run/sshd', packages: ['openssh-server'] },
  messagebus: { uid: 105, home: '/nonexistent', packages: ['dbus', 'dbus-system-bus-common'] },
  haproxy: { uid: 106, home: '/var/lib/haproxy', folders: ['/run/haproxy'], packages: ['haproxy'] },
  memcache: { uid: 107, home: '/nonexistent', folders: ['/run/memcached'], packages: ['memcached'] },
  rabbitmq: {
    uid: 108,
    home: '/var/lib/rabbitmq',
    folders: ['/var/log/rabbitmq'],
    packages: ['rabbitmq-server'],
  },
  mosquitto: { uid: 109, home: '/var/lib/mosquitto', packages: ['mosquitto'] },
  bind: { uid: 110, home: '/var/cache/bind', packages: ['bind9'] },
  unbound: { uid: 111, home: '/var/lib/unbound', packages: ['unbound'] },
  dnsmasq: { uid: 112, home: '/var/lib/misc', packages: ['dnsmasq', 'dnsmasq-base'] },
  postfix: { uid: 113, home: '/var/spool/postfix', packages: ['postfix'] },
  dovecot: { uid: 114, home: '/usr/lib/dovecot', packages: ['dovecot-core'] },
  dovenull: { uid: 115, home: '/nonexistent', packages: ['dovecot-core'] },
  'Debian-exim': { uid: 116, home: '/var/spool/exim4', packages: ['exim4-base'] },
  vcache: { uid: 117, home: '/nonexistent', packages: ['varnish'] },
  _chrony: { uid: 118, home: '/var/lib/chrony', packages: ['chrony'] },
  tomcat: { uid: 119, home: '/var/lib/tomcat', packages: ['tomcat9', 'tomcat10', 'tomcat11'] },
  openldap: { uid: 120, home: '/var/lib/ldap', packages: ['slapd'] },
  etcd: { uid: 121, home: '/var/lib/etcd', packages: ['etcd-server', 'etcd'] },
  prometheus: { uid: 122, home: '/var/lib/prometheus', packages: ['prometheus'] },
  zookeeper: { uid: 123, home: '/var/lib/zookeeper', packages: ['zookeeper'] },
  valkey: {
    uid: 124,
    home: '/var/lib/valkey',
    folders: ['/var/log/valkey'],
    packages: ['valkey-tools', 'valkey-server'],
  },
  stunnel4: { uid: 125, home: '/var/run/stunnel4', packages: ['stunnel4'] },
  ftp: { uid: 126, home: '/srv/ftp', packages: ['vsftpd', 'proftpd-core'] },
  tcpdump: { uid: 127, home: '/nonexistent', packages: ['tcpdump'] },
  _rpc: { uid: 128, home: '/run/rpcbind', packages: ['rpcbind'] },
  statd: { uid: 129, home: '/var/lib/nfs', packages: ['nfs-common'] },
  squid: { uid: 130, home: '/var/spool/squid', packages: ['squid'] },
};

/** Groups without an account. */
const GROUPS: Readonly<Record<string, { readonly gid: number; readonly packages: readonly string[] }>> = {
  'ssl-cert': { gid: 150, packages: ['ssl-cert', 'postgresql-common'] },
  _ssh: { gid: 151, packages: ['openssh-client'] },
  crontab: { gid: 152, packages: ['cron', 'cron-daemon-common'] },
  postdrop: { gid: 153, packages: ['postfix'] },
  docker: { gid: 154, packages: ['docker.io'] },
};
/** From here on accounts get numbers that packages declare without choosing them (sysusers.d). */
const FIRST_DECLARED_UID = 200;

/** Links that scripts make, where what they lead to is there. */
const LINKS: readonly (readonly [path: string, target: string])[] = [
  ['/bin/sh', 'dash'],
  ['/usr/bin/w', 'w.procps'],
  ['/usr/bin/vim', 'vim.basic'],
  ['/usr/bin/vi', 'vim.basic'],
  ['/usr/bin/vi', 'vim.tiny'],
  ['/etc/nginx/sites-enabled/default', '/etc/nginx/sites-available/default'],
  ['/etc/apache2/sites-enabled/000-default.conf', '../sites-available/000-default.conf'],
];
/** Templates that scripts copy into `/etc`. */
const COPIES: readonly (readonly [from: string, to: string])[] = [
  ['/usr/share/openssh/sshd_config', '/etc/ssh/sshd_config'],
  ['/usr/share/base-files/nsswitch.conf', '/etc/nsswitch.conf'],
  ['/usr/share/libc-bin/nsswitch.conf', '/etc/nsswitch.conf'],
  ['/usr/share/nginx/html/index.html', '/var/www/html/index.nginx-debian.html'],
  ['/usr/share/apache2/default-site/index.html', '/var/www/html/index.html'],
  ['/usr/share/base-files/profile', '/etc/profile'],
  ['/usr/share/base-files/dot.bashrc', '/root/.bashrc'],
  ['/usr/share/base-files/dot.profile', '/root/.profile'],
];
/** Files of root's that scripts close. */
const CLOSED: readonly (readonly [path: string, mode: number])[] = [['/etc/sudoers', 0o440]];
/** What Apache's package switches on. */
const APACHE_MODULES =
  'mpm_event authz_host authn_core authz_core authz_user auth_basic access_compat authn_file alias dir autoindex env mime negotiation setenvif filter deflate status reqtimeout'.split(
    ' ',
  );
const APACHE_SETTINGS = 'charset localized-error-pages other-vhosts-access-log security serve-cgi-bin'.split(
  ' ',
);
const SHELLS = [
  '/bin/sh',
  '/usr/bin/sh',
  '/bin/bash',
  '/usr/bin/bash',
  '/bin/rbash',
  '/usr/bin/rbash',
  '/bin/dash',
  '/usr/bin/dash',
];
/** The system's own pieces of systemd describe a boot, which a world has none of. */
const OF_A_BOOT =
  /^(?:systemd.*|tmp|var|home|legacy|debian|x11|provision|journal-nocow|static-nodes-.*|basic)\.conf$/;

/** A world in the making, and what of it root must hand over. */
interface Making {
  readonly world: WorldFolders;
  readonly packages: readonly Unpacked[];
  readonly owned: Owned[];
}

/** Links of the merged layout and of `/var`, which must stand before the first package is unpacked. */
export function prepareRoot(world: WorldFolders): void {
  for (const name of MERGED) world.link(`/${name}`, `usr/${name}`);
  world.link('/var/run', '../run');
  world.link('/var/lock', '../run/lock');
}

/** Does it all for the packages of one layer. @returns what has another owner than root */
export function standInForScripts(world: WorldFolders, packages: readonly Unpacked[]): Owned[] {
  const making: Making = { world, packages, owned: packages.flatMap((p) => p.owned) };
  writeDpkgState(making);
  for (const name of MERGED_WHERE_USED) linkTo(world, `/${name}`, `usr/${name}`);
  for (const [from, to] of COPIES) copy(world, from, to);
  writeAlternatives(making);
  for (const [path, target] of LINKS) linkTo(world, path, target);
  switchOnApache(world);
  configurePhp(world);
  linkJava(world);
  writeCertificates(world);
  writeJavaCertificates(world);
  for (const [path, mode] of CLOSED) world.give(path, mode);
  writeShells(world);
  writeAccounts(making);
  makeDeclaredFolders(making);
  return handOver(making);
}

/** `dpkg -s`, `-l`, `-L`, `-S` and `-V` work inside. */
function writeDpkgState({ world, packages }: Making): void {
  const stanzas = new Map<string, string>();
  const named = (control: string) =>
    `${/^Package: (.*)$/m.exec(control)?.[1]}:${/^Architecture: (.*)$/m.exec(control)?.[1]}`;
  for (const stanza of world.read('/var/lib/dpkg/status').split('\n\n'))
    if (stanza.trim() !== '') stanzas.set(named(stanza), stanza.trim());
  for (const { control, files, checksums, name, architecture } of packages) {
    const text = control.trim().replace(/^(Package: .*)$/m, '$1\nStatus: install ok installed');
    stanzas.set(named(control), text);
    const info = /^Multi-Arch: same$/m.test(control) ? `${name}:${architecture}` : name;
    world.write(`/var/lib/dpkg/info/${info}.list`, files.map((f) => `${f}\n`).join(''));
    const unpacked = new Set(files);
    const sums = checksums.split('\n').filter((line) => unpacked.has(`/${line.slice(34)}`));
    world.write(`/var/lib/dpkg/info/${info}.md5sums`, sums.map((line) => `${line}\n`).join(''));
  }
  world.write('/var/lib/dpkg/status', `${[...stanzas.values()].join('\n\n')}\n`);
  world.write('/var/lib/dpkg/info/format', '1\n');
  world.folder('/var/lib/dpkg/updates');
}

function copy(world: WorldFolders, from: string, to: string): void {
  if (world.has(from) && !world.hasEntry(to)) world.write(to, world.read(from));
}

/** A link, where what it leads to is there. */
function linkTo(world: WorldFolders, path: string, target: string): void {
  const led = target.startsWith('/') ? target : `${path.replace(/[^/]*$/, '')}${target}`;
  if (world.has(led)) world.link(path, target);
}

interface Choice {
  readonly link: string;
  readonly name: string;
  readonly path: string;
  readonly priority: number;
  readonly slaves: readonly { readonly link: string; readonly name: string; readonly path: string }[];
}

/** What `update-alternatives --install` would have made: the best choice of each name, and the list of all. */
function writeAlternatives({ world, packages }: Making): void {
  const choices = packages
    .flatMap(({ postinst }) => alternativesIn(postinst))
    .filter(({ name, path }) => name !== 'editor' && world.has(path));
  for (const name of new Set(choices.map((choice) => choice.name))) {
    const own = choices.filter((choice) => choice.name === name);
    const best = own.reduce((a, b) => (b.priority > a.priority ? b : a));
    const record = `/var/lib/dpkg/alternatives/${name}`;
    // Status, link, an empty line, then each choice and its priority; the empty line after the last ends it.
    const [, , , ...before] = world.read(record).trimEnd().split('\n');
    const known = new Map<string, number>();
    for (let i = 0; i + 1 < before.length; i += 2) known.set(before[i] as string, Number(before[i + 1]));
    const isBest = best.priority > Math.max(Number.NEGATIVE_INFINITY, ...known.values());
    for (const { path, priority } of own) known.set(path, priority);
    const list = [...known].map(([path, priority]) => `${path}\n${priority}\n`).join('');
    world.write(record, `auto\n${best.link}\n\n${list}\n`);
    if (!isBest) continue;
    for (const { link, name, path } of [best, ...best.slaves]) {
      if (!world.has(path)) continue;
      world.link(link, `/etc/alternatives/${name}`);
      world.relink(`/etc/alternatives/${name}`, path);
    }
  }
}

/** Calls of `update-alternatives --install LINK NAME PATH PRIORITY [--slave LINK NAME PATH]…` that can be read off. */
function alternativesIn(postinst: string): Choice[] {
  const choices: Choice[] = [];
  const isPlain = (link = '', name = '', path = '') =>
    [link, path].every((p) => /^\/[\w./+-]+$/.test(p)) && /^[\w.+-]+$/.test(name);
  const script = withVariables(postinst.replace(/\\\n/g, ' '));
  for (const line of script.split(/[\n;]|&&|\|\|/)) {
    const at = line.indexOf('update-alternatives');
    if (at < 0) continue;
    const words = line.slice(at).replace(/["']/g, '').trim().split(/\s+/);
    const from = words.indexOf('--install');
    if (from < 0) continue;
    const [link = '', name = '', path = '', priority] = words.slice(from + 1);
    if (!isPlain(link, name, path) || !/^-?\d+$/.test(priority ?? '')) continue;
    const slaves = words.flatMap((word, i) => {
      const [link = '', name = '', path = ''] = words.slice(i + 1);
      return word === '--slave' && isPlain(link, name, path) ? [{ link, name, path }] : [];
    });
    choices.push({ link, name, path, priority: Number(priority), slaves });
  }
  return choices;
}

/** A script with the variables filled in that it sets to plain words; the others stay, and what has them is passed over. */
function withVariables(script: string): string {
  const values = new Map<string, string>();
  for (const [, name = '', value = ''] of script.matchAll(/^\s*(\w+)=["']?([\w./+-]+)["']?\s*$/gm))
    if (!values.has(name)) values.set(name, value);
  return script.replace(/\$\{?(\w+)\}?/g, (all, name: string) => values.get(name) ?? all);
}

function switchOnApache(world: WorldFolders): void {
  for (const module of APACHE_MODULES)
    for (const suffix of ['load', 'conf'])
      linkTo(world, `/etc/apache2/mods-enabled/${module}.${suffix}`, `../mods-available/${module}.${suffix}`);
  for (const name of APACHE_SETTINGS)
    linkTo(world, `/etc/apache2/conf-enabled/${name}.conf`, `../conf-available/${name}.conf`);
}

/** Settings of each way to run PHP, and every module that was unpacked switched on in each. */
function configurePhp(world: WorldFolders): void {
  for (const version of world.list('/usr/lib/php').filter((name) => /^\d+\.\d+$/.test(name))) {
    const modules = world.list('/usr/share').flatMap((name) => {
      if (!name.startsWith(`php${version}-`)) return [];
      return world
        .list(`/usr/share/${name}`)
        .flatMap((m) => world.list(`/usr/share/${name}/${m}`).map((f) => `/usr/share/${name}/${m}/${f}`))
        .filter((path) => path.endsWith('.ini'));
    });
    for (const path of modules) copy(world, path, `/etc/php/${version}/mods-available/${lastOf(path)}`);
    const template = `/usr/lib/php/${version}/php.ini-production`;
    for (const [how, program] of [
      ['cli', `/usr/bin/php${version}`],
      ['fpm', `/usr/sbin/php-fpm${version}`],
      ['apache2', `/usr/lib/apache2/modules/libphp${version}.so`],
      ['cgi', `/usr/lib/cgi-bin/php${version}`],
    ] as const) {
      if (!world.has(program)) continue;
      const own = how === 'cli' ? `${template}.cli` : template;
      copy(world, world.has(own) ? own : template, `/etc/php/${version}/${how}/php.ini`);
      for (const path of modules) {
        const priority = /^; *priority=(\d+)/m.exec(world.read(path))?.[1] ?? '20';
        linkTo(
          world,
          `/etc/php/${version}/${how}/conf.d/${priority}-${lastOf(path)}`,
          `/etc/php/${version}/mods-available/${lastOf(path)}`,
        );
      }
    }
    linkTo(world, '/usr/bin/php', `php${version}`);
  }
}

/** The newest Java's programs. */
function linkJava(world: WorldFolders): void {
  const homes = world
    .list('/usr/lib/jvm')
    .filter((name) => /^java-\d+-openjdk-/.test(name))
    .sort((a, b) => Number(b.split('-')[1]) - Number(a.split('-')[1]));
  for (const home of homes)
    for (const program of world.list(`/usr/lib/jvm/${home}/bin`))
      linkTo(world, `/usr/bin/${program}`, `/usr/lib/jvm/${home}/bin/${program}`);
}

/** The bundle of authorities, and the list from which `update-ca-certificates` would make it again. */
function writeCertificates(world: WorldFolders): void {
  const folder = '/usr/share/ca-certificates/mozilla';
  const names = world.list(folder).filter((name) => name.endsWith('.crt'));
  if (names.length === 0 || world.has('/etc/ca-certificates.conf')) return;
  world.write('/etc/ca-certificates.conf', names.map((name) => `mozilla/${name}\n`).join(''));
  world.write(
    '/etc/ssl/certs/ca-certificates.crt',
    names.map((name) => `${world.read(`${folder}/${name}`).trim()}\n`).join(''),
  );
  world.folder('/usr/local/share/ca-certificates');
}

/** The same authorities for Java. */
function writeJavaCertificates(world: WorldFolders): void {
  const store = '/etc/ssl/certs/java/cacerts';
  if (world.list('/usr/lib/jvm').length === 0 || world.has(store)) return;
  const folder = '/usr/share/ca-certificates';
  const names = lines(world.read('/etc/ca-certificates.conf'));
  world.write(
    store,
    writeTruststore(
      names.map((name) => [`debian:${lastOf(name).toLowerCase()}`, world.read(`${folder}/${name}`)]),
    ),
  );
}

function writeShells(world: WorldFolders): void {
  if (world.has('/etc/shells')) return;
  world.write(
    '/etc/shells',
    SHELLS.filter((path) => world.has(path))
      .map((p) => `${p}\n`)
      .join(''),
  );
}

function writeAccounts(making: Making): void {
  const { world, packages, owned } = making;
  const brought = new Set(packages.map((p) => p.name));
  const passwd = lines(world.read('/etc/passwd') || world.read('/usr/share/base-passwd/passwd.master'));
  const group = lines(world.read('/etc/group') || world.read('/usr/share/base-passwd/group.master'));
  const hasGroup = (name: string) => group.some((line) => line.startsWith(`${name}:`));
  const hasUser = (name: string) => passwd.some((line) => line.startsWith(`${name}:`));
  const addGroup = (name: string, gid: number) => {
    if (!hasGroup(name)) group.push(`${name}:x:${gid}:`);
  };
  const addMember = (name: string, to: string) => {
    const i = group.findIndex((line) => line.startsWith(`${to}:`));
    const line = group[i];
    if (line !== undefined && !(line.split(':')[3] ?? '').split(',').includes(name))
      group[i] = `${line}${line.endsWith(':') ? '' : ','}${name}`;
  };
  const addUser = (name: string, uid: number, gid: number, home: string, shell: string) => {
    if (!hasUser(name)) passwd.push(`${name}:x:${uid}:${gid}::${home}:${shell}`);
  };

  for (const [name, row] of Object.entries(GROUPS))
    if (row.packages.some((p) => brought.has(p))) addGroup(name, row.gid);
  for (const [name, row] of Object.entries(ACCOUNTS)) {
    if (!row.packages.some((p) => brought.has(p)) || hasUser(name)) continue;
    addGroup(name, row.uid);
    addUser(name, row.uid, row.uid, row.home, row.shell ?? '/usr/sbin/nologin');
    for (const more of row.groups ?? []) addMember(name, more);
    const mine = { uid: row.uid, gid: row.uid };
    // A home below /run stays root's: the program itself is root where it works there.
    if (/^\/(?:var\/lib|run)\//.test(row.home)) world.folder(row.home);
    for (const path of row.folders ?? []) world.folder(path);
    const likely = ['lib', 'log', 'cache'].map((f) => `/var/${f}/${name}`);
    for (const path of new Set([row.home, ...(row.folders ?? []), ...likely]))
      if ((path !== row.home || path.startsWith('/var/')) && world.has(path))
        owned.push({ path, ...mine, mode: 0o755 });
    for (const file of world.list(`/etc/${name}`))
      if (/\.conf$/.test(file)) owned.push({ path: `/etc/${name}/${file}`, ...mine, mode: 0o640 });
  }
  for (const { type, name, id, home, shell } of declaredUsers(making)) {
    if (type === 'm') {
      addMember(name, id);
      continue;
    }
    if (type === 'g' ? hasGroup(name) : hasUser(name)) continue;
    const taken = new Set([...passwd, ...group].map((line) => Number(line.split(':')[2])));
    let free = FIRST_DECLARED_UID;
    while (taken.has(free)) free++;
    const [uid = free, gid = uid] = id.split(':').map((part) => (/^\d+$/.test(part) ? Number(part) : free));
    addGroup(name, gid);
    if (type === 'u') addUser(name, uid, gid, home, shell);
  }
  for (const [file, own] of [
    ['/etc/passwd', passwd],
    ['/etc/group', group],
  ] as const) {
    const text = own.map((line) => `${line}\n`).join('');
    if (text !== world.read(file)) world.write(file, text);
  }
}

function declaredUsers(making: Making) {
  return declarations(making, '/usr/lib/sysusers.d/').flatMap((line) => {
    const words = [...line.matchAll(/"[^"]*"|\S+/g)].map(([word]) => word.replaceAll('"', ''));
    const [type = '', name = '', id = '-', , home = '-', shell = '-'] = words;
    if (!/^[ugm]!?$/.test(type) || !/^[a-zA-Z_][\w.-]*$/.test(name)) return [];
    return [
      {
        type: type[0] as string,
        name,
        id,
        home: home === '-' ? '/' : home,
        shell: shell === '-' ? '/usr/sbin/nologin' : shell,
      },
    ];
  });
}

/** Lines of the settings that this layer's packages have in a folder. */
function declarations({ world, packages }: Making, folder: string): string[] {
  return packages
    .flatMap(({ files }) => files)
    .filter((file) => file.startsWith(folder) && file.endsWith('.conf') && !OF_A_BOOT.test(lastOf(file)))
    .flatMap((file) => lines(world.read(file)));
}

/** Folders that would be made at boot (tmpfiles.d): `d PATH MODE USER GROUP`. */
function makeDeclaredFolders(making: Making): void {
  const { world, owned } = making;
  for (const line of declarations(making, '/usr/lib/tmpfiles.d/')) {
    const [type = '', path = '', mode = '-', user = '-', group = '-'] = line.split(/\s+/);
    if (!/^[dD][!=+-]*$/.test(type) || !/^\/(?:run|var|tmp)\/[\w./-]+$/.test(path)) continue;
    const uid = numberOf(world, '/etc/passwd', user);
    const gid = numberOf(world, '/etc/group', group);
    if (uid === null || gid === null || path.split('/').includes('..')) continue;
    world.folder(path);
    owned.push({
      path: world.resolve(path),
      uid,
      gid,
      mode: mode === '-' ? 0o755 : Number.parseInt(mode, 8),
    });
  }
}

function numberOf(world: WorldFolders, file: string, name: string): number | null {
  if (name === '-') return 0;
  if (/^\d+$/.test(name)) return Number(name);
  const line = lines(world.read(file)).find((l) => l.startsWith(`${name}:`));
  return line === undefined ? null : Number(line.split(':')[2]);
}

/** As root, gives files their owners; else the sandbox must. @returns what is left to do */
function handOver({ world, owned }: Making): Owned[] {
  const asRoot = process.getuid?.() === 0;
  const left: Owned[] = [];
  for (const { path, uid, gid, mode } of owned) {
    if (!world.has(path)) continue;
    if (asRoot) world.give(path, mode, { uid, gid });
    else if (uid === 0 && gid === 0) world.give(path, mode);
    else left.push({ path: world.resolve(path), uid, gid, mode });
  }
  return left;
}

function lines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

function lastOf(path: string): string {
  return path.replace(/.*\//, '');
}
