/**
 * A private apt: the machine's own client and its network settings, but lists, state and archives of ours, for one
 * suite. Needs no root, and touches nothing of the system.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Suite } from '../plan.ts';
import { isThere, readRecord, writeWhole } from './cache.ts';
import { type Ran, runClient, telling } from './client.ts';
import { CannotProvision, type ProvisionOptions } from './part.ts';
import { readSources, type SourceEntry, stanzaFor } from './sources.ts';

/** Lists older than this are brought up to date before something new is resolved; what stands already stays. */
const LISTS_FRESH_MS = 24 * 3_600_000;
/** When something cannot be had, lists older than this may be the reason. */
const LISTS_BEYOND_DOUBT_MS = 600_000;
/** At most one line of progress in so much time. */
const PROGRESS_EVERY_MS = 2_000;

/** One package as the archive has it. */
export interface DebFile {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** Name of the file in the folder of archives. */
  readonly file: string;
  readonly bytes: number;
  readonly sha256: string;
}

interface ListsRecord {
  /** Milliseconds since 1970. */
  readonly updated: number;
  readonly security: boolean;
}

/** The machine's own name for its processor, as Debian spells it. */
export function debianArchitecture(): string {
  const known: Partial<Record<NodeJS.Architecture, string>> = {
    x64: 'amd64',
    arm64: 'arm64',
    arm: 'armhf',
    ia32: 'i386',
    ppc64: 'ppc64el',
    riscv64: 'riscv64',
    s390x: 's390x',
  };
  const architecture = known[process.arch];
  if (!architecture) throw new CannotProvision(`Debian is not known here for the processor ${process.arch}`);
  return architecture;
}

export class PrivateApt {
  /** Everything about this suite. */
  readonly folder: string;
  readonly archives: string;
  readonly architecture = debianArchitecture();
  readonly suite: Suite;
  private readonly options: ProvisionOptions;
  private readonly state: string;
  private readonly config: string;

  constructor(suite: Suite, options: ProvisionOptions) {
    this.suite = suite;
    this.options = options;
    this.folder = join(options.cache, 'debian', `${suite}-${this.architecture}`);
    this.archives = join(this.folder, 'archives');
    this.state = join(this.folder, 'apt');
    this.config = join(this.state, 'apt.conf');
    if (/["\\\n]/.test(options.cache))
      throw new CannotProvision(
        `apt cannot work in ${options.cache}: set FAULTBOOK_CACHE to a plainer folder name`,
      );
  }

  /** Whether anything can be resolved without the network. */
  async hasLists(): Promise<boolean> {
    return isThere(join(this.state, 'lists.json'));
  }

  /** Sees to it that lists are there, and new enough. @throws {CannotProvision} */
  async refresh(): Promise<void> {
    await this.update(LISTS_FRESH_MS);
  }

  /** Whether newer lists than those that failed could be had. */
  async refreshAfterFailure(): Promise<boolean> {
    return this.update(LISTS_BEYOND_DOUBT_MS);
  }

  /** Fetches lists older than that; where it fails and older ones are there, says so and keeps those. */
  private async update(olderThanMs: number): Promise<boolean> {
    if (this.options.offline) return false;
    const had = await readRecord<ListsRecord>(join(this.state, 'lists.json'));
    if (had && Date.now() - had.updated < olderThanMs) return false;
    this.options.say(`debian ${this.suite}: fetching the package lists`);
    try {
      await this.fetchLists();
      return true;
    } catch (error) {
      if (!(error instanceof CannotProvision) || !had) throw error;
      this.options.say(`${error.message}; going on with the lists of an earlier run`);
      return false;
    }
  }

  private async fetchLists(): Promise<void> {
    const { main, security } = await readSources();
    if (main.length === 0)
      throw new CannotProvision(
        'apt on this machine has no entry for Debian’s archive; add one to /etc/apt/sources.list.d (it may say "Enabled: no"), with its key in Signed-By',
      );
    let why = '';
    for (const entry of main) {
      for (const second of [security[0], undefined]) {
        if (second === undefined && security.length > 0)
          this.options.say(`debian ${this.suite}: going on without security updates: ${why}`);
        await this.configure(entry, second);
        const ran = await this.apt('apt-get', ['-o', 'APT::Update::Error-Mode=any', 'update']);
        if (ran.code === 0 && (await this.isDebian())) {
          const record: ListsRecord = { updated: Date.now(), security: second !== undefined };
          await writeWhole(join(this.state, 'lists.json'), JSON.stringify(record));
          return;
        }
        why = ran.code === 0 ? `${entry.uris} is not Debian’s archive` : complaint(ran);
        if (ran.code === 0 || second === undefined) break;
      }
    }
    throw new CannotProvision(
      `the lists of Debian ${this.suite} cannot be fetched: ${why}; see that "apt-get update" works on this machine`,
    );
  }

  private async isDebian(): Promise<boolean> {
    const lists = join(this.state, 'lists');
    const release = (await readdir(lists)).find((f) => f.endsWith(`_dists_${this.suite}_InRelease`));
    return release !== undefined && /^Origin: Debian$/m.test(await readFile(join(lists, release), 'utf8'));
  }

  private async configure(main: SourceEntry, security: SourceEntry | undefined): Promise<void> {
    for (const folder of ['lists/partial', 'cache', 'sources.d', 'empty'])
      await mkdir(join(this.state, folder), { recursive: true });
    await mkdir(join(this.archives, 'partial'), { recursive: true });
    const stanzas = [stanzaFor(main, this.suite, this.architecture)];
    if (security) stanzas.push(stanzaFor(security, `${this.suite}-security`, this.architecture));
    await writeWhole(join(this.state, 'sources.d', 'debian.sources'), stanzas.join('\n'));
    await writeWhole(join(this.state, 'status'), '');
    // Read after the machine's own settings: those about the network count, hooks of its own do not.
    const settings = {
      'Dir::State': this.state,
      'Dir::State::lists': join(this.state, 'lists'),
      'Dir::State::status': join(this.state, 'status'),
      'Dir::State::extended_states': join(this.state, 'extended_states'),
      'Dir::Cache': join(this.state, 'cache'),
      'Dir::Cache::archives': this.archives,
      'Dir::Cache::pkgcache': '',
      'Dir::Cache::srcpkgcache': 'packages.bin',
      'Dir::Etc::sourcelist': '/dev/null',
      'Dir::Etc::sourceparts': join(this.state, 'sources.d'),
      'Dir::Etc::preferences': '/dev/null',
      'Dir::Etc::preferencesparts': join(this.state, 'empty'),
      'Dir::Log': join(this.state, 'cache'),
      'Acquire::Languages': 'none',
      'Acquire::ForceHash': 'SHA256',
      'Acquire::Retries': '3',
      'APT::Architecture': this.architecture,
      'APT::Architectures::': this.architecture,
      'APT::Install-Recommends': 'false',
      'APT::Install-Suggests': 'false',
      'APT::Get::Remove': 'false',
      'APT::Sandbox::User': 'root',
      'Binary::apt-get::APT::Keep-Downloaded-Packages': 'true',
      'APT::Keep-Downloaded-Packages': 'true',
    };
    const cleared = ['APT::Update', 'DPkg', 'APT::Architectures', 'Dir::Cache', 'Dir::Etc::preferencesparts'];
    await writeWhole(
      this.config,
      [
        ...cleared.map((name) => `#clear ${name};`),
        ...Object.entries(settings).map(([name, value]) => `${name} "${value}";`),
        '',
      ].join('\n'),
    );
  }

  /**
   * The packages that make `words` (`name`, `name=version`) work, beside those of a dpkg status file.
   * @throws {CannotProvision} naming what apt says
   */
  async resolve(words: readonly string[], status: string | null): Promise<DebFile[]> {
    // Without archives of its own, apt prints all of them, whatever was fetched before.
    const empty = join(this.state, 'empty/');
    const ran = await this.apt('apt-get', [
      '-o',
      `Dir::Cache::archives=${empty}`,
      ...this.statusOption(status),
      'install',
      '--print-uris',
      '--yes',
      '--no-install-recommends',
      '--',
      ...words,
    ]);
    if (ran.code !== 0) throw new CannotProvision(await this.unresolvable(words, ran));
    const files: DebFile[] = [];
    for (const line of ran.out.split('\n')) {
      const parts = /^'\S+' (([^\s_]+)_([^\s_]+)_([^\s_]+)\.deb) (\d+) SHA256:([0-9a-f]{64})$/.exec(line);
      if (!parts) continue;
      const [, file = '', name = '', version = '', architecture = '', bytes, sha256 = ''] = parts;
      files.push({
        name,
        version: decodeURIComponent(version),
        architecture,
        file,
        bytes: Number(bytes),
        sha256,
      });
    }
    return files;
  }

  private async unresolvable(words: readonly string[], ran: Ran): Promise<string> {
    const unmet = ran.out.match(/^ .+ : .+$/gm)?.map((l) => l.trim().replace(/\s+/g, ' ')) ?? [];
    const names = words.map((word) => word.replace(/=.*/, ''));
    const policy = (await this.apt('apt-cache', ['policy', '--', ...names])).out;
    const there = names.flatMap((name) => {
      const at = policy.indexOf(`\n${name}:`) + 1;
      const candidate = /^ {2}Candidate: (\S+)$/m.exec(
        policy.startsWith(`${name}:`) ? policy : policy.slice(at),
      );
      return candidate && words.some((word) => word.startsWith(`${name}=`))
        ? [`${name} ${candidate[1]}`]
        : [];
    });
    return [
      `Debian ${this.suite} cannot give ${words.join(', ')}: ${complaint(ran)}`,
      ...(unmet.length > 0 ? [unmet.join('; ')] : []),
      ...(there.length > 0 ? [`it has ${there.join(', ')}`] : []),
    ].join('; ');
  }

  /** Those that are not in the folder of archives, whole as far as their size tells. */
  async unfetched(files: readonly DebFile[]): Promise<DebFile[]> {
    const left: DebFile[] = [];
    for (const deb of files) {
      const found = await stat(join(this.archives, deb.file)).catch(() => null);
      if (found?.size !== deb.bytes) left.push(deb);
    }
    return left;
  }

  /** Fetches what `resolve` named; apt goes on where an interrupted run ended, and checks every hash. */
  async download(words: readonly string[], files: readonly DebFile[], status: string | null): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const left = await this.unfetched(files);
      if (left.length > 0) await this.fetch(words, left, status);
      const wrong: string[] = [];
      for (const deb of files) {
        const path = join(this.archives, deb.file);
        if ((await sha256Of(path)) === deb.sha256) continue;
        wrong.push(deb.file);
        await rm(path, { force: true });
      }
      if (wrong.length === 0) return;
      if (attempt === 2 || this.options.offline)
        throw new CannotProvision(`what was fetched is not what the archive promised: ${wrong.join(', ')}`);
      this.options.say(`debian ${this.suite}: fetching again what was damaged: ${wrong.join(', ')}`);
    }
  }

  private async fetch(
    words: readonly string[],
    left: readonly DebFile[],
    status: string | null,
  ): Promise<void> {
    const { say } = this.options;
    const bytes = left.reduce((sum, deb) => sum + deb.bytes, 0);
    say(`debian ${this.suite}: ${left.length} packages, ${megabytes(bytes)} to fetch`);
    let begun = 0;
    let said = Date.now();
    const ran = await this.apt(
      'apt-get',
      [
        ...this.statusOption(status),
        'install',
        '--download-only',
        '--yes',
        '--no-install-recommends',
        '--',
        ...words,
      ],
      (line) => {
        if (!line.startsWith('Get:')) return;
        begun++;
        if (Date.now() - said < PROGRESS_EVERY_MS) return;
        said = Date.now();
        say(`debian ${this.suite}: package ${begun} of ${left.length}`);
      },
    );
    if (ran.code !== 0)
      throw new CannotProvision(
        `packages of Debian ${this.suite} cannot be fetched: ${complaint(ran)}; see that "apt-get update" works on this machine, then try again`,
      );
  }

  private statusOption(status: string | null): string[] {
    return status === null ? [] : ['-o', `Dir::State::status=${status}`];
  }

  private apt(program: string, args: readonly string[], onLine?: (line: string) => void): Promise<Ran> {
    return runClient(program, ['-q', '-c', this.config, ...args], {
      env: { DEBIAN_FRONTEND: 'noninteractive' },
      signal: this.options.signal,
      ...(onLine ? { onLine } : {}),
    });
  }
}

function complaint(ran: Ran): string {
  return telling(ran.err, /^[EW]: (?=.)/) ?? (ran.err.trim().split('\n')[0] || `status ${ran.code}`);
}

async function sha256Of(path: string): Promise<string | null> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk);
  } catch {
    return null;
  }
  return hash.digest('hex');
}

/** A size for people. */
export function megabytes(bytes: number): string {
  return bytes < 950_000 ? `${Math.ceil(bytes / 1000)} kB` : `${Math.round(bytes / 1_000_000)} MB`;
}
