/**
 * What is known of programs, so that two ways to say one thing are one: which options take a value, which are two names of
 * one, which say nothing about what is done, whose operands have no order. A program without an entry is read plainly.
 */

export interface Program {
  /** Letters of short options that take a value: `-U app`, `-Uapp`. */
  readonly shortValues?: string;
  /** Long options, without dashes, that take a value as the next word too. */
  readonly longValues?: readonly string[];
  /** Other names of options: short → long, older → newer. */
  readonly same?: Readonly<Record<string, string>>;
  /** Options that say nothing about what is done; `*`: all. */
  readonly noise?: readonly string[] | '*';
  /** Operands before which the order counts; those behind it are a set. Absent: the order counts for all. */
  readonly ordered?: number;
  /** Other names of the first operand. */
  readonly subcommands?: Readonly<Record<string, string>>;
  /** Subcommands whose operands are a set and of which more may follow: `npm install a b`. */
  readonly open?: readonly string[];
  /** Words that begin with one dash are whole options: `find -name`. */
  readonly wholeWords?: true;
  /** Words that begin with a dash are kept in their order too: what they mean depends on where they stand. */
  readonly plain?: true;
  /** Operands may be left out, or said, that are the usual ones: `git push` for `git push origin main`. Of these subcommands. */
  readonly usual?: readonly string[];
  /** Whether what it does needs rights that only root has, so that `sudo` before it says nothing more. */
  readonly administers?: true;
  /** What follows the first operand is for another program: the arguments of a script. */
  readonly script?: true;
  /** An option with which it does nothing, beside the usual ones. */
  readonly inert?: string;
  /** Who runs it decides what it does: with `sudo` it is another thing. */
  readonly identity?: true;
}

const NPM: Program = {
  longValues: ['prefix', 'workspace', 'location', 'registry', 'cache', 'loglevel', 'userconfig'],
  shortValues: 'wC',
  same: {
    '-f': '--force',
    '-g': '--global',
    '-D': '--save-dev',
    '-S': '--save',
    '-w': '--workspace',
    '-C': '--prefix',
    '-d': '--loglevel-info',
    '-P': '--save-prod',
    '--save-prod': '--save',
    '-L': '--location',
  },
  noise: [
    '--save',
    '--no-audit',
    '--no-fund',
    '--silent',
    '-s',
    '--quiet',
    '-q',
    '--verbose',
    '--loglevel-info',
    '--progress',
    '--no-progress',
    '--loglevel',
    '--prefer-offline',
    '-y',
    '--yes',
  ],
  subcommands: {
    i: 'install',
    in: 'install',
    ins: 'install',
    isntall: 'install',
    add: 'install',
    up: 'update',
    upgrade: 'update',
    udpate: 'update',
    r: 'uninstall',
    rm: 'uninstall',
    un: 'uninstall',
    remove: 'uninstall',
    c: 'config',
    t: 'test',
  },
  open: ['install', 'uninstall', 'ci'],
};
const APT: Program = {
  administers: true,
  shortValues: 'to',
  same: { '-y': '--yes', '--assume-yes': '--yes' },
  noise: ['--yes', '-q', '-qq', '--quiet', '--no-install-recommends'],
  open: ['install', 'remove', 'purge'],
};
const PIP: Program = {
  shortValues: 'ric',
  longValues: ['requirement', 'index-url', 'constraint', 'target'],
  same: {
    '-U': '--upgrade',
    '-r': '--requirement',
    '-I': '--ignore-installed',
    '-i': '--index-url',
  },
  noise: ['-q', '--quiet', '-v', '--verbose', '--disable-pip-version-check', '-y', '--yes'],
  open: ['install', 'uninstall'],
};
const SHELL: Program = { shortValues: 'oO', script: true, inert: '-n' };

export const PROGRAMS: Readonly<Record<string, Program>> = {
  npm: NPM,
  pnpm: NPM,
  yarn: {
    ...NPM,
    subcommands: {},
    open: ['add', 'remove'],
    longValues: ['cwd', 'registry', 'cache-folder'],
    same: { '-D': '--dev', '-f': '--force' },
  },
  'apt-get': APT,
  pip: PIP,
  rm: { administers: true, noise: '*', ordered: 0 },
  rmdir: { administers: true, noise: '*', ordered: 0 },
  mkdir: { administers: true, noise: ['-p', '--parents', '-v'], ordered: 0, shortValues: 'm' },
  touch: { administers: true, ordered: 0 },
  chmod: {
    administers: true,
    same: { '--recursive': '-R' },
    noise: ['-v', '-c', '-f', '--verbose'],
    ordered: 1,
  },
  chown: { administers: true, same: { '--recursive': '-R' }, noise: ['-v', '-c', '-f', '-h'], ordered: 1 },
  chgrp: { administers: true, same: { '--recursive': '-R' }, noise: ['-v', '-c', '-f', '-h'], ordered: 1 },
  kill: { administers: true, ordered: 0, shortValues: 's', wholeWords: true },
  killall: { administers: true, noise: ['-v', '-q', '-w'], ordered: 0, shortValues: 'us', wholeWords: true },
  pkill: {
    administers: true,
    same: { '--full': '-f', '--exact': '-x' },
    shortValues: 'ugtPs',
    wholeWords: true,
  },
  systemctl: {
    administers: true,
    ordered: 1,
    noise: ['--no-pager', '--now', '-q', '--quiet'],
    subcommands: { 'try-restart': 'restart', 'reload-or-restart': 'restart' },
  },
  lsof: { administers: true, shortValues: 'ipcudag', noise: ['-n', '-P'] },
  fuser: { administers: true, shortValues: 'n', same: { '--kill': '-k' }, noise: ['-v', '-s'] },
  sed: {
    administers: true,
    shortValues: 'el',
    same: { '-r': '-E', '--regexp-extended': '-E', '--expression': '-e', '--in-place': '-i' },
    noise: ['-s', '-u'],
    ordered: 1,
  },
  git: {
    shortValues: 'Ccm',
    longValues: ['git-dir', 'work-tree', 'message'],
    same: { '-f': '--force', '-u': '--set-upstream', '-r': '--rebase' },
    noise: ['-q', '--quiet', '--no-pager', '-v', '--verbose', '--prune', '--progress'],
    usual: ['push', 'pull', 'fetch', 'reset'],
    identity: true,
    open: ['add', 'rm'],
  },
  psql: {
    shortValues: 'UdhpcfvPT',
    longValues: ['username', 'dbname', 'host', 'port', 'command', 'file', 'set'],
    same: { '--username': '-U', '--dbname': '-d', '--host': '-h', '--port': '-p', '--command': '-c' },
    noise: ['-A', '-t', '-X', '-q', '-w', '-W'],
    identity: true,
  },
  createuser: { shortValues: 'Uhpg', noise: ['-e'], identity: true },
  createdb: { shortValues: 'UhpO', identity: true },
  mysql: {
    shortValues: 'uhPDSe',
    longValues: ['user', 'host', 'port', 'database', 'socket', 'execute'],
    same: { '--user': '-u', '--host': '-h', '--database': '-D', '--execute': '-e' },
    identity: true,
  },
  sqlite3: {},
  'redis-cli': { shortValues: 'hpanus', noise: '*' },
  usermod: {
    administers: true,
    shortValues: 'Gugsdc',
    longValues: ['groups', 'gid', 'shell'],
    same: { '--append': '-a', '--groups': '-G' },
    ordered: 0,
  },
  gpasswd: { administers: true, shortValues: 'ad', longValues: ['add'], same: { '--add': '-a' } },
  adduser: { administers: true },
  cp: { administers: true, noise: ['-v', '-f', '-a', '-p', '-r', '-R'] },
  mv: { administers: true, noise: ['-v', '-f'] },
  ln: { administers: true, noise: ['-v'] },
  install: { administers: true, shortValues: 'mog', noise: ['-m', '-o', '-g', '-D', '-v'] },
  tee: { administers: true },
  perl: { shortValues: 'e' },
  'update-ca-certificates': { administers: true, same: { '-f': '--fresh' }, noise: ['-v', '--verbose'] },
  ldconfig: { administers: true },
  apache2: { administers: true, shortValues: 'k' },
  mount: { administers: true },
  umount: { administers: true },
  docker: { shortValues: 'fH', longValues: ['host'], same: { '--host': '-H' }, open: [] },
  curl: { shortValues: 'XHdouAbceFT', noise: ['-s', '-S', '-v', '-i', '--silent'] },
  grep: { shortValues: 'efABCm' },
  tail: { noise: '*' },
  head: { noise: '*' },
  make: { shortValues: 'Cfj', noise: ['-j', '-s', '-k'], inert: '-n' },
  nginx: { administers: true, shortValues: 'scgp' },
  openssl: { wholeWords: true },
  find: { plain: true },
  java: { wholeWords: true },
  go: { wholeWords: true, open: ['get', 'install'] },
  terraform: { wholeWords: true },
  tar: { shortValues: 'fCTX' },
  gcc: { wholeWords: true },
  bash: SHELL,
  sh: SHELL,
  dash: SHELL,
  zsh: SHELL,
  python: { shortValues: 'mcWX', script: true },
  node: {
    shortValues: 'epr',
    longValues: ['eval', 'print', 'require'],
    same: { '--eval': '-e', '--print': '-p', '--require': '-r' },
    script: true,
  },
  id: { identity: true },
  whoami: { identity: true },
  crontab: { identity: true },
  ssh: { identity: true, shortValues: 'ipolLRDFJ' },
  gpg: { identity: true },
};

/** Other names of programs. */
export const SAME_PROGRAM: Readonly<Record<string, string>> = {
  apt: 'apt-get',
  aptitude: 'apt-get',
  pip3: 'pip',
  python3: 'python',
  nodejs: 'node',
  unlink: 'rm',
  rimraf: 'rm',
  egrep: 'grep',
  'docker-compose': 'docker',
  mariadb: 'mysql',
  apache2ctl: 'apache2',
  apachectl: 'apache2',
  httpd: 'apache2',
};

/** Other programs by which a command may do what a program does; of `(write)`, all by which a text gets into a file. */
const REACHED_BY: Readonly<Record<string, readonly string[]>> = {
  systemctl: ['service', 'init.d'],
  '(write)': ['echo', 'printf', 'tee', 'sed', 'cat', 'touch', 'npm config', '>'],
  touch: ['>'],
  kill: ['fuser', 'kill-port'],
  killall: ['pkill'],
  rm: ['find', 'mv'],
  mv: ['rm', 'cp'],
  usermod: ['gpasswd', 'adduser'],
  cp: ['install'],
  psql: ['createuser'],
};

/** Every name under which a command may call a program: a line of any of them is a step of it. */
export function otherNames(program: string): readonly string[] {
  const names = Object.keys(SAME_PROGRAM).filter((name) => SAME_PROGRAM[name] === program);
  const path = program.slice(program.lastIndexOf('/') + 1);
  return [path, ...names, ...(Object.hasOwn(REACHED_BY, program) ? (REACHED_BY[program] as string[]) : [])];
}

/** Options with which a program only says what it would do, or how it is used. */
export const INERT_OPTIONS: ReadonlySet<string> = new Set([
  '--dry-run',
  '--help',
  '--version',
  '--just-print',
  '--check',
  '--simulate',
]);

/** Commands in a list that change nothing by themselves. */
export const FILLERS: ReadonlySet<string> = new Set([
  'sleep',
  'true',
  ':',
  'pwd',
  'clear',
  'set',
  'date',
  'wait',
  '[',
  '[[',
  'test',
]);

/** Programs at the end of a pipe that only show less of an output. */
export const FILTERS: ReadonlySet<string> = new Set([
  'tail',
  'head',
  'cat',
  'less',
  'more',
  'grep',
  'sed',
  'awk',
  'wc',
  'cut',
  'sort',
  'uniq',
  'tee',
  'jq',
  'tr',
  'column',
]);

/** Programs that print what others wrote: what they show is no failure of theirs. */
export const READERS: ReadonlySet<string> = new Set([
  ...FILTERS,
  'rg',
  'ag',
  'find',
  'ls',
  'echo',
  'printf',
  'diff',
  'journalctl',
  'dmesg',
  'curl',
  'wget',
  'gh',
  'strings',
  'xxd',
  'zcat',
  'bat',
  'history',
]);
