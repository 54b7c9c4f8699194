/**
 * Puts packages into a layer as dpkg would, without running anything of theirs: later packages over earlier ones,
 * links to folders followed inside the world only, `/bin`, `/sbin` and `/lib*` below `/usr`.
 */
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { DebFile } from './apt.ts';
import { pipePrograms, runClient } from './client.ts';
import { CannotProvision, type Owned } from './part.ts';

/** Nobody reads these in a lab, and they are a third of many packages. */
const LEFT_OUT = ['doc', 'man', 'info', 'locale', 'lintian', 'bug', 'doc-base', 'gtk-doc', 'help'];
/** How many packages are decompressed at the same time. */
const AT_ONCE = 2;

export interface Unpacked {
  readonly name: string;
  readonly version: string;
  readonly architecture: string;
  /** The control file. */
  readonly control: string;
  /** What would run after installing: read, never run. */
  readonly postinst: string;
  /** `md5sums`: of files that were left out, too. */
  readonly checksums: string;
  /** Absolute inside the world, folders included, as dpkg lists them. */
  readonly files: readonly string[];
  readonly owned: readonly Owned[];
}

interface Extracted extends Unpacked {
  readonly tree: string;
}

/** Unpacks archives, in their order, into `world`'s uppermost layer. */
export async function unpackAll(
  debs: readonly DebFile[],
  archives: string,
  staging: string,
  world: WorldFolders,
  signal: AbortSignal | undefined,
): Promise<Unpacked[]> {
  const unpacked: Unpacked[] = [];
  const underWay: Promise<Extracted>[] = [];
  const begin = (index: number) => {
    const deb = debs[index];
    if (!deb) return;
    const next = extract(deb, join(archives, deb.file), join(staging, `deb-${index}`), signal);
    next.catch(() => {});
    underWay[index] = next;
  };
  for (let i = 0; i < AT_ONCE; i++) begin(i);
  for (let i = 0; i < debs.length; i++) {
    const { tree, ...about } = await (underWay[i] as Promise<Extracted>);
    begin(i + AT_ONCE);
    world.merge(tree);
    await rm(tree, { recursive: true, force: true });
    unpacked.push(about);
  }
  return unpacked;
}

async function extract(
  deb: DebFile,
  archive: string,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<Extracted> {
  const control = join(folder, 'control');
  const tree = join(folder, 'tree');
  await mkdir(tree, { recursive: true });
  const asRoot = process.getuid?.() === 0;
  const [about, listed] = await Promise.all([
    runClient('dpkg-deb', ['--control', archive, control], { signal }),
    pipePrograms(
      ['dpkg-deb', '--fsys-tarfile', archive],
      [
        'tar',
        '--extract',
        '--verbose',
        '--verbose',
        '--directory',
        tree,
        '--preserve-permissions',
        '--numeric-owner',
        asRoot ? '--same-owner' : '--no-same-owner',
        '--quoting-style=literal',
        ...LEFT_OUT.map((name) => `--exclude=./usr/share/${name}/*`),
        '--file',
        '-',
      ],
      signal,
    ),
  ]);
  for (const ran of [about, listed])
    if (ran.code !== 0) throw new CannotProvision(`${deb.file} cannot be unpacked: ${ran.err.trim()}`);
  const files: string[] = [];
  const owned: Owned[] = [];
  for (const line of listed.out.split('\n')) {
    const parts = /^(\S{10})\S* +(\d+)\/(\d+) +\S+ +\S+ +\S+ \.(\/.*?)(?: -> .*| link to .*)?$/.exec(line);
    if (!parts) continue;
    const [, mode = '', uid, gid, path = ''] = parts;
    const name = path.replace(/\/$/, '');
    files.push(name === '' ? '/.' : name);
    if (!mode.startsWith('l') && (Number(uid) !== 0 || Number(gid) !== 0))
      owned.push({ path: merged(name), uid: Number(uid), gid: Number(gid), mode: modeOf(mode) });
  }
  return {
    name: deb.name,
    version: deb.version,
    architecture: deb.architecture,
    control: readFileSync(join(control, 'control'), 'utf8'),
    postinst: textOf(join(control, 'postinst')),
    checksums: textOf(join(control, 'md5sums')),
    files,
    owned,
    tree,
  };
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** `drwxr-sr-x` as a number. */
function modeOf(letters: string): number {
  let mode = 0;
  for (let i = 1; i <= 9; i++) {
    const letter = letters[i] as string;
    if (/[rwxst]/.test(letter)) mode |= 1 << (9 - i);
    if (/[sStT]/.test(letter)) mode |= 1 << (12 - i / 3);
  }
  return mode;
}

/** Where a path of a package is when `/bin` and its like are links into `/usr`. */
function merged(path: string): string {
  return /^\/(?:s?bin|lib(?:32|64|x32)?)(?:\/|$)/.test(path) ? `/usr${path}` : path;
}

/** A layer that grows, over layers that stand. Paths are absolute inside the world. */
export class WorldFolders {
  /** Folders made already, since packages share most of them: as asked for → links followed. */
  private readonly made = new Map<string, string>();
  private readonly upper: string;
  private readonly lower: readonly string[];

  /** @param lower uppermost first */
  constructor(upper: string, lower: readonly string[]) {
    this.upper = upper;
    this.lower = lower;
  }

  /** Follows links, as the kernel would inside; what does not exist stands for itself. */
  resolve(path: string, depth = 0): string {
    if (depth > 40) throw new CannotProvision(`links go round at ${path}`);
    const parts = path.split('/').filter((part) => part !== '' && part !== '.');
    let at = '';
    for (const [i, part] of parts.entries()) {
      if (part === '..') {
        at = at.replace(/\/[^/]*$/, '');
        continue;
      }
      const found = this.find(`${at}/${part}`);
      if (found !== null && kindOf(found) === 'link') {
        const target = readlinkSync(found);
        const rest = parts.slice(i + 1).join('/');
        return this.resolve(`${target.startsWith('/') ? '' : at}/${target}/${rest}`, depth + 1);
      }
      at = `${at}/${part}`;
    }
    return at === '' ? '/' : at;
  }

  /** The entry of a path whose folders hold no links, on the host, in the uppermost layer that has it. */
  private find(path: string): string | null {
    for (const layer of [this.upper, ...this.lower]) {
      const at = join(layer, path);
      if (kindOf(at) !== null) return at;
    }
    return null;
  }

  has(path: string): boolean {
    return this.find(this.resolve(path)) !== null;
  }

  /** Whether there is an entry of that name itself, if only a link that leads nowhere. */
  hasEntry(path: string): boolean {
    return this.find(this.entryOf(path)) !== null;
  }

  /** What a file says, or the empty text. */
  read(path: string): string {
    const at = this.find(this.resolve(path));
    return at === null ? '' : textOf(at);
  }

  /** Names in a folder, over all layers. */
  list(path: string): string[] {
    const inside = this.resolve(path);
    const names = new Set<string>();
    for (const layer of [this.upper, ...this.lower]) {
      const at = join(layer, inside);
      if (kindOf(at) === 'folder') for (const name of readdirSync(at)) names.add(name);
    }
    return [...names].sort();
  }

  /** Makes a folder and those above it, as far as they lack. @returns where it is on the host */
  folder(path: string): string {
    const before = this.made.get(path);
    if (before !== undefined) return before;
    let at = '';
    for (const part of this.resolve(path).split('/').filter(Boolean)) {
      at = `${at}/${part}`;
      const here = join(this.upper, at);
      if (kindOf(here) === 'folder') continue;
      const below = this.find(at);
      mkdirSync(here);
      // Overlaid, the upper folder's owner and mode count: they are those of the one below.
      const alike = below === null ? null : statSync(below);
      chmodSync(here, alike ? alike.mode & 0o7777 : 0o755);
      if (alike && process.getuid?.() === 0) chownSync(here, alike.uid, alike.gid);
    }
    const made = join(this.upper, at);
    this.made.set(path, made);
    return made;
  }

  /** Where an entry of that name would be on the host; its folder is made. */
  place(path: string): string {
    return join(this.folder(dirname(path)), basename(path));
  }

  write(path: string, content: string | Buffer, mode = 0o644): void {
    const at = this.place(this.resolve(path));
    rmSync(at, { force: true });
    writeFileSync(at, content, { mode });
    chmodSync(at, mode);
  }

  /** Sets the mode of a file of the upper layer, or of any folder, and as root its owner too. */
  give(path: string, mode: number, owner?: { readonly uid: number; readonly gid: number }): void {
    const inside = this.resolve(path);
    const found = this.find(inside);
    if (found !== null && kindOf(found) === 'folder') this.folder(inside);
    const at = join(this.upper, inside);
    if (kindOf(at) === null) return;
    if (owner) chownSync(at, owner.uid, owner.gid);
    chmodSync(at, mode);
  }

  /** A link, unless something of that name is there. */
  link(path: string, target: string): void {
    if (!this.hasEntry(path)) symlinkSync(target, this.place(path));
  }

  /** A link, whatever link or file was there. */
  relink(path: string, target: string): void {
    const at = this.place(path);
    rmSync(at, { force: true });
    symlinkSync(target, at);
  }

  /** Moves a package's tree into the world. */
  merge(tree: string, path = '/'): void {
    for (const entry of readdirSync(join(tree, path), { withFileTypes: true })) {
      const from = join(tree, path, entry.name);
      const to = merged(join(path, entry.name));
      // A package of a merged system brings these links itself; they stand already.
      if (path === '/' && entry.isSymbolicLink() && to !== join(path, entry.name)) continue;
      if (entry.isDirectory() && this.hasEntry(to)) {
        this.folder(to);
        this.merge(tree, join(path, entry.name));
        continue;
      }
      const target = this.place(to);
      // As with dpkg, a folder that is there is not given up for a link.
      if (kindOf(target) !== 'folder') renameSync(from, target);
    }
  }

  private entryOf(path: string): string {
    return join(this.resolve(dirname(path)), basename(path));
  }
}

function kindOf(path: string): 'folder' | 'link' | 'file' | null {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (!found) return null;
  return found.isDirectory() ? 'folder' : found.isSymbolicLink() ? 'link' : 'file';
}
