/**
 * Goes on reading logs that grow. A file is known by its path: where another file has taken it (rotation), the old one is
 * read to its end first; where it has become shorter (truncation), it is read from its start again.
 */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import type { Book } from '../book/index.ts';
import { BlockReader, type Filter, filterOf } from './blocks.ts';
import { kindOf, SourceError } from './source.ts';
import { type ScanReport, type SourceTally, Tally, type TallyOptions } from './tally.ts';

/** Limits of following; `docs/scan.md` lists them. */
export const FOLLOW_LIMITS = {
  /** How often files are looked at. */
  everyMs: 250,
} as const;

export interface FollowOptions extends TallyOptions {
  readonly signal: AbortSignal;
  /** All that was there at the start has been read. */
  readonly onCaughtUp?: (report: ScanReport) => void;
}

/** Follows files until the signal; what they hold already is read first. */
export async function follow(
  book: Book,
  paths: readonly string[],
  options: FollowOptions,
): Promise<ScanReport> {
  const tally = new Tally(book, options);
  const filter = filterOf(book, null);
  const files = paths.map((path) => new Followed(path, tally, filter));
  for (const file of files) file.look();
  options.onCaughtUp?.(tally.report());
  while (!options.signal.aborted) {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(done, FOLLOW_LIMITS.everyMs);
      options.signal.addEventListener('abort', done, { once: true });
      function done(): void {
        clearTimeout(timer);
        options.signal.removeEventListener('abort', done);
        resolve();
      }
    });
    for (const file of files) file.look();
  }
  for (const file of files) file.close();
  return tally.report();
}

class Followed {
  private readonly path: string;
  private readonly tally: Tally;
  private readonly filter: Filter;
  private open: {
    readonly file: number;
    readonly inode: number;
    readonly device: number;
    readonly reader: BlockReader;
    readonly source: SourceTally;
    at: number;
  } | null = null;

  constructor(path: string, tally: Tally, filter: Filter) {
    this.path = path;
    this.tally = tally;
    this.filter = filter;
  }

  /** Reads what is new. */
  look(): void {
    if (this.open) {
      this.read();
      const now = statSync(this.path, { throwIfNoEntry: false });
      const { inode, device, at } = this.open;
      // Gone for a moment, between two steps of a rotation: the old one may still grow.
      if (!now) return;
      if (now.ino === inode && now.dev === device && now.size >= at) return;
      this.close();
    }
    if (!statSync(this.path, { throwIfNoEntry: false })) return;
    const kind = kindOf(this.path);
    if (!kind.divisible && kind.size !== 0)
      throw new SourceError(`${this.path} cannot be followed: it is packed, or no plain file`);
    const file = openSync(this.path, 'r');
    const { ino, dev } = fstatSync(file);
    const source = this.tally.open(this.path);
    // A file that is empty yet may become anything.
    const reader = new BlockReader(this.filter, kind.json || kind.size === 0, source);
    this.open = { file, inode: ino, device: dev, reader, source, at: 0 };
    this.read();
  }

  close(): void {
    if (!this.open) return;
    const { file, source, reader } = this.open;
    closeSync(file);
    source.finish(reader.end());
    this.open = null;
  }

  private read(): void {
    const { open } = this;
    if (!open) return;
    for (;;) {
      const room = open.reader.room();
      const bytes = readSync(open.file, room, 0, room.length, open.at);
      if (bytes === 0) return;
      open.at += bytes;
      open.reader.wrote(bytes);
    }
  }
}
