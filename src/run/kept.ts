/**
 * What is kept of an output for the diagnosis, in bounded memory however long the output is: its head, its tail, and
 * windows around the first lines that look like errors. Line numbers stay those of the whole output.
 */

/** Limits of what is kept; `docs/run.md` lists them. */
export const RUN_LIMITS = {
  /** Bytes kept from the start. */
  headBytes: 256 * 1024,
  /** Bytes kept from the end. */
  tailBytes: 1024 * 1024,
  /** Windows kept around the first lines between head and tail that look like errors. */
  windows: 16,
  /** Bytes of one window, from just before its line. */
  windowBytes: 16 * 1024,
  /** Bytes of a window that stand before its line. */
  windowBeforeBytes: 4 * 1024,
  /** A line longer than this is passed to what is kept in pieces, so that no line is held back for ever. */
  lineBytes: 64 * 1024,
  /** How long output of background processes is waited for once the command itself has ended, while nothing comes. */
  quietMs: 300,
  /** The same while something comes: after that, whoever still writes writes to nobody. */
  graceMs: 2000,
  /** A longer command line (quoted, bytes) does not fit into one variable of `script`'s environment. */
  terminalCommandBytes: 100 * 1024,
  /** Findings of an answer; `diagnose` shows the rest. */
  findings: 3,
} as const;

/**
 * Words with which failing programs begin to tell, in lower case, and the letter by which each is found: a seldom one.
 * Only places are chosen by it, nothing is concluded; a gigabyte may pass through it.
 */
const SIGNS: readonly (readonly [word: string, letter: number])[] = [
  ['error', 1],
  ['fail', 0],
  ['fatal', 0],
  ['exception', 1],
  ['panic', 0],
  ['traceback', 8],
  ['denied', 0],
];
/** What turns a letter of ASCII into its small form, and keeps all others apart from small letters. */
const SMALL = 0x20;

/** For each byte (any case) the signs that are found by it. */
const SIGNS_BY_BYTE: readonly (readonly { readonly word: Buffer; readonly letter: number }[] | undefined)[] =
  Array.from({ length: 256 }, (_, byte) => {
    const signs = SIGNS.filter(([word, letter]) => word.charCodeAt(letter) === (byte | SMALL));
    return signs.length === 0
      ? undefined
      : signs.map(([word, letter]) => ({ word: Buffer.from(word), letter }));
  });
const IS_MARK = Uint8Array.from(SIGNS_BY_BYTE, (signs) => (signs === undefined ? 0 : 1));

const LF = 10;

/** A run of the output that is kept without a gap. */
interface Piece {
  /** One-based line number of its first byte. */
  readonly line: number;
  readonly bytes: Buffer;
}

/** What was kept, ready to be read. */
export interface Kept {
  readonly pieces: readonly Piece[];
  readonly totalBytes: number;
  readonly keptBytes: number;
}

/** Takes the output in and keeps what `RUN_LIMITS` allow. */
export class Keeper {
  private readonly head: Buffer[] = [];
  private headBytes = 0;
  private readonly windows: (Piece & { readonly at: number })[] = [];
  /** The window that is still being filled, and how much it lacks. */
  private open: { line: number; at: number; parts: Buffer[]; bytes: number } | null = null;
  /** The last bytes, as a ring: made when the head is full, because most outputs are shorter. */
  private ring: Buffer | null = null;
  private ringAt = 0;
  private ringBytes = 0;
  /** Line breaks in everything taken in. */
  private breaks = 0;
  private total = 0;

  /** Copies what it keeps: the caller may use the bytes again. */
  take(bytes: Buffer): void {
    let rest = bytes;
    if (this.headBytes < RUN_LIMITS.headBytes) {
      const part = rest.subarray(0, RUN_LIMITS.headBytes - this.headBytes);
      this.head.push(Buffer.from(part));
      this.headBytes += part.length;
      this.breaks += breaksIn(part);
      this.total += part.length;
      rest = rest.subarray(part.length);
    }
    for (let at = 0; at < rest.length; at += RUN_LIMITS.lineBytes)
      this.takeAfterHead(rest.subarray(at, at + RUN_LIMITS.lineBytes));
  }

  kept(): Kept {
    if (this.open) this.closeWindow();
    const last = this.ring && this.unrolled();
    const tailAt = this.total - this.ringBytes;
    const all = [
      { line: 1, at: 0, bytes: Buffer.concat(this.head) },
      // What lies in the tail too would be read twice.
      ...this.windows.map((w) => ({ ...w, bytes: w.bytes.subarray(0, Math.max(0, tailAt - w.at)) })),
      ...(last ? [{ line: this.breaks + 1 - breaksIn(last), at: tailAt, bytes: last }] : []),
    ].filter(({ bytes }) => bytes.length > 0);
    // Where nothing was left out in between, a line goes on from one piece into the next.
    const pieces: (Piece & { end: number })[] = [];
    for (const { line, at, bytes } of all) {
      const before = pieces[pieces.length - 1];
      if (before?.end === at) {
        pieces.pop();
        pieces.push({
          line: before.line,
          bytes: Buffer.concat([before.bytes, bytes]),
          end: at + bytes.length,
        });
      } else pieces.push({ line, bytes, end: at + bytes.length });
    }
    return { pieces, totalBytes: this.total, keptBytes: pieces.reduce((sum, p) => sum + p.bytes.length, 0) };
  }

  private takeAfterHead(bytes: Buffer): void {
    const firstLine = this.breaks + 1;
    this.breaks += breaksIn(bytes);
    this.lookForErrors(bytes, firstLine);
    this.roll(bytes);
    this.total += bytes.length;
  }

  private lookForErrors(bytes: Buffer, firstLine: number): void {
    let from = 0;
    if (this.open) from = this.fillWindow(bytes, 0);
    while (this.windows.length < RUN_LIMITS.windows && from < bytes.length) {
      const sign = firstSign(bytes, from);
      if (sign === -1) return;
      const start = Math.max(from, lineStart(bytes, sign - RUN_LIMITS.windowBeforeBytes));
      const line = firstLine + breaksIn(bytes.subarray(0, start));
      this.open = { line, at: this.total + start, parts: [], bytes: 0 };
      from = this.fillWindow(bytes, start);
    }
  }

  /** @returns where in the bytes the window ends. */
  private fillWindow(bytes: Buffer, from: number): number {
    const open = this.open as NonNullable<typeof this.open>;
    const part = bytes.subarray(from, from + RUN_LIMITS.windowBytes - open.bytes);
    open.parts.push(Buffer.from(part));
    open.bytes += part.length;
    if (open.bytes >= RUN_LIMITS.windowBytes) this.closeWindow();
    return from + part.length;
  }

  private closeWindow(): void {
    const open = this.open as NonNullable<typeof this.open>;
    this.windows.push({ line: open.line, at: open.at, bytes: Buffer.concat(open.parts) });
    this.open = null;
  }

  private roll(bytes: Buffer): void {
    const size = RUN_LIMITS.tailBytes;
    this.ring ??= Buffer.allocUnsafe(size);
    const over = Math.max(0, this.ringBytes + bytes.length - size);
    this.ringBytes -= over;
    const fits = bytes.copy(this.ring, this.ringAt);
    if (fits < bytes.length) bytes.copy(this.ring, 0, fits);
    this.ringAt = (this.ringAt + bytes.length) % size;
    this.ringBytes += bytes.length;
  }

  private oldest(): number {
    return (this.ringAt - this.ringBytes + RUN_LIMITS.tailBytes) % RUN_LIMITS.tailBytes;
  }

  private unrolled(): Buffer {
    const ring = this.ring as Buffer;
    const from = this.oldest();
    const first = ring.subarray(from, Math.min(from + this.ringBytes, ring.length));
    return Buffer.concat([first, ring.subarray(0, this.ringBytes - first.length)]);
  }
}

/** Puts the chunks of one stream together to whole lines, so that lines of two streams do not mix. */
export class LineJoiner {
  private pending: Buffer[] = [];
  private pendingBytes = 0;
  private readonly keeper: Keeper;
  constructor(keeper: Keeper) {
    this.keeper = keeper;
  }

  take(chunk: Buffer): void {
    const end = chunk.lastIndexOf(LF) + 1;
    if (end > 0) {
      this.flush();
      this.keeper.take(end === chunk.length ? chunk : chunk.subarray(0, end));
    }
    if (end === chunk.length) return;
    const rest = chunk.subarray(end);
    this.pending.push(Buffer.from(rest));
    this.pendingBytes += rest.length;
    if (this.pendingBytes >= RUN_LIMITS.lineBytes) this.flush();
  }

  /** @param ended the stream is over: an unfinished line is ended, so that another stream's does not continue it. */
  flush(ended = false): void {
    if (this.pendingBytes === 0) return;
    if (ended) this.pending.push(Buffer.from('\n'));
    this.keeper.take(Buffer.concat(this.pending));
    this.pending = [];
    this.pendingBytes = 0;
  }
}

function breaksIn(bytes: Buffer): number {
  let count = 0;
  for (let i = 0; i < bytes.length; i++) if (bytes[i] === LF) count++;
  return count;
}

function lineStart(bytes: Buffer, at: number): number {
  return at <= 0 ? 0 : bytes.lastIndexOf(LF, at) + 1;
}

/** Place of the first sign at or after `from`, -1 where there is none. */
function firstSign(bytes: Buffer, from: number): number {
  for (let i = from; i < bytes.length; i++) {
    if (IS_MARK[bytes[i] as number] === 0) continue;
    for (const { word, letter } of SIGNS_BY_BYTE[bytes[i] as number] as NonNullable<
      (typeof SIGNS_BY_BYTE)[number]
    >) {
      const start = i - letter;
      if (start < from) continue;
      let n = 0;
      while (n < word.length && ((bytes[start + n] as number) | SMALL) === word[n]) n++;
      if (n === word.length) return start;
    }
  }
  return -1;
}
