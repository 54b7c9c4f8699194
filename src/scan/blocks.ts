/**
 * From bytes to the few lines that are worth a closer look. What is read is cut into blocks of whole lines; the filter
 * names the lines of a block on which the text of some pattern, or a word of failure, stands. Everything exact happens
 * behind it, to those lines only (`tally.ts`).
 */
import { type Book, compileLinePatterns, type LinePatterns, LineScanner } from '../book/index.ts';

/** Limits of reading logs; `docs/scan.md` lists them. */
export const SCAN_FILE_LIMITS = {
  /** Read at a time: it stays in a core's cache, beside the tables of the filter. */
  blockBytes: 1 << 18,
  /** A line that is longer is not kept: it is looked at piece by piece. */
  longLineBytes: 1 << 20,
  /** What a worker takes at a time of a plain file. */
  rangeBytes: 8 << 20,
  /** Smaller inputs are not worth a thread. */
  threadBytes: 32 << 20,
  /** Threads, at most. */
  maxWorkers: 16,
} as const;

/** Words that a line has which reports a failure; `readsLikeFailure` decides. */
const FAILURE_WORDS = [
  'error',
  'err!',
  'exception',
  'fatal',
  'panic',
  'fail',
  'traceback',
  'segfault',
  'segmentation fault',
  'core dumped',
  'uncaught',
  'unhandled',
  'cannot',
  "can't",
  'could not',
  "couldn't",
  'unable to',
  'refused',
  'denied',
  'aborted',
  'no such',
  'not found',
  'timed out',
  'timeout',
  'exceeded',
  'too many',
  '错误',
  '失败',
  '无法',
  '拒绝',
] as const;
/** In JSON a message may be written with escapes, which hide the text of a pattern. */
const JSON_ESCAPES = ['\\"', '\\n', '\\t', '\\u', '\\\\', '\\/'] as const;
/** ESC, backspace and NUL hide text too: a block with one of them is looked at line by line. */
const HIDING = [0x1b, 0x08, 0x00] as const;

/** The filter of a book, as plain data: a worker gets a copy. */
export interface Filter {
  readonly plain: LinePatterns;
  /** For files that hold JSON lines. */
  readonly json: LinePatterns;
  /** Extras from this position on are texts of patterns or escapes; below it words of failure. */
  readonly words: number;
}

/** @param sample some of the input: what is frequent in it is not looked for. */
export function filterOf(book: Book, sample: Uint8Array | null): Filter {
  const literals = [...new Set(book.patterns.flatMap((p) => p.literals))].sort();
  const options = sample ? { sample } : {};
  const compile = (more: readonly string[]) =>
    compileLinePatterns([], { ...options, extras: [...FAILURE_WORDS, ...literals, ...more] });
  return { plain: compile([]), json: compile(JSON_ESCAPES), words: FAILURE_WORDS.length };
}

/** Whether a file that begins so holds JSON lines. */
export function looksLikeJson(head: Uint8Array): boolean {
  return /(?:^|\n|[|\s])\{"/.test(decoder.decode(head.subarray(0, 1 << 16)));
}

const decoder = new TextDecoder();

/** A line to look at. */
export interface Candidate {
  /** One-based number, and byte offset of its start, in what was read. */
  readonly line: number;
  readonly offset: number;
  readonly text: string;
  /** Only a word of failure stands on it: no pattern can match. */
  readonly onlyWords: boolean;
}

export interface Sink {
  candidate(candidate: Candidate): void;
  /** A piece of a line that is too long to keep. */
  piece(
    text: string,
    place: { readonly line: number; readonly offset: number; readonly last: boolean },
  ): void;
}

/** What was read, besides candidates. `firstLine` and `lastLine` are cut where they are long. */
export interface ReadSummary {
  readonly bytes: number;
  readonly lines: number;
  readonly firstLine: string;
  readonly lastLine: string;
}

const EDGE_BYTES = 512;

/** Reads one stream of bytes: write into `room()` and say `wrote`, or `push`; then `end`. */
export class BlockReader {
  private readonly sink: Sink;
  private readonly words: number;
  private readonly scanner: LineScanner;
  private buffer = new Uint8Array(SCAN_FILE_LIMITS.blockBytes + (1 << 16));
  private held = 0;
  /** Of the first byte held, and lines before it. */
  private offset = 0;
  private lines = 0;
  /** Of the block that the scanner has. */
  private blockOffset = 0;
  private blockLines = 0;
  private scannedBytes = 0;
  private scannedLines = 0;
  /** Of a line that is looked at piece by piece; null: there is none. */
  private long: { readonly offset: number; readonly decoder: InstanceType<typeof TextDecoder> } | null = null;
  private firstLine: string | null = null;
  private lastLine = '';

  constructor(filter: Filter, json: boolean, sink: Sink) {
    this.sink = sink;
    this.words = filter.words;
    this.scanner = new LineScanner(
      json ? filter.json : filter.plain,
      ({ number, offset, bytes, extras }) => {
        sink.candidate({
          line: this.blockLines + number - this.scannedLines,
          offset: this.blockOffset + offset - this.scannedBytes,
          text: decoder.decode(bytes),
          onlyWords: extras.every((e) => e < this.words),
        });
      },
      { countLines: true },
    );
  }

  /** Where the next bytes may be written: at least half a block. */
  room(): Uint8Array {
    if (this.buffer.length - this.held < SCAN_FILE_LIMITS.blockBytes / 2) {
      const larger = new Uint8Array(this.buffer.length * 2);
      larger.set(this.buffer.subarray(0, this.held));
      this.buffer = larger;
    }
    return this.buffer.subarray(this.held, this.held + SCAN_FILE_LIMITS.blockBytes);
  }

  wrote(bytes: number): void {
    const before = this.held;
    this.held += bytes;
    const newline = lastNewline(this.buffer, before, this.held);
    if (newline === -1) {
      if (this.held >= SCAN_FILE_LIMITS.longLineBytes) this.longPiece(this.held, false);
      return;
    }
    let from = 0;
    if (this.long) {
      from = this.buffer.indexOf(10) + 1;
      this.longPiece(from, true);
      // `longPiece` has moved what follows to the beginning.
      const whole = lastNewline(this.buffer, 0, this.held) + 1;
      if (whole > 0) this.block(whole);
      return;
    }
    this.block(newline + 1);
  }

  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      const room = this.room();
      const part = chunk.subarray(at, at + room.length);
      room.set(part);
      this.wrote(part.length);
      at += part.length;
    }
  }

  /** Ends the stream. */
  end(): ReadSummary {
    const bytes = this.offset + this.held;
    if (this.long) this.longPiece(this.held, true);
    else if (this.held > 0) this.block(this.held);
    return { bytes, lines: this.lines, firstLine: this.firstLine ?? '', lastLine: this.lastLine };
  }

  /** Looks at the whole lines up to `end` and drops them. */
  private block(end: number): void {
    const bytes = this.buffer.subarray(0, end);
    this.edges(bytes);
    if (HIDING.some((byte) => bytes.includes(byte))) this.everyLine(bytes);
    else {
      const { scanner } = this;
      this.blockOffset = this.offset;
      this.blockLines = this.lines;
      this.scannedLines = scanner.linesSeen;
      scanner.push(bytes);
      // What does not end in a newline is the end of the stream, and the scanner must be told.
      const seen = bytes[end - 1] === 10 ? scanner.linesSeen : scanner.end().lines;
      this.lines += seen - this.scannedLines;
      this.scannedBytes += end;
    }
    this.drop(end);
  }

  private everyLine(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const newline = bytes.indexOf(10, at);
      const to = newline === -1 ? bytes.length : newline;
      this.lines++;
      this.sink.candidate({
        line: this.lines,
        offset: this.offset + at,
        text: decoder.decode(bytes.subarray(at, to)),
        onlyWords: false,
      });
      at = to + 1;
    }
  }

  /** A piece of a line that is longer than anybody keeps; `last`: it ends here. */
  private longPiece(end: number, last: boolean): void {
    this.long ??= { offset: this.offset, decoder: new TextDecoder() };
    const bytes = this.buffer.subarray(0, last && this.buffer[end - 1] === 10 ? end - 1 : end);
    if (this.lines === 0 && this.firstLine === null) this.edges(bytes);
    const text = this.long.decoder.decode(bytes, { stream: !last });
    this.sink.piece(text, { line: this.lines + 1, offset: this.long.offset, last });
    if (last) {
      this.lines++;
      this.long = null;
    }
    this.drop(end);
  }

  private drop(bytes: number): void {
    this.buffer.copyWithin(0, bytes, this.held);
    this.held -= bytes;
    this.offset += bytes;
  }

  private edges(bytes: Uint8Array): void {
    this.firstLine ??= edge(bytes, 0);
    const end = bytes[bytes.length - 1] === 10 ? bytes.length - 1 : bytes.length;
    this.lastLine = edge(bytes, bytes.subarray(0, end).lastIndexOf(10) + 1);
  }
}

function edge(bytes: Uint8Array, from: number): string {
  const newline = bytes.indexOf(10, from);
  const to = newline === -1 ? bytes.length : newline;
  return decoder.decode(bytes.subarray(from, Math.min(to, from + EDGE_BYTES)));
}

function lastNewline(bytes: Uint8Array, from: number, to: number): number {
  const at = bytes.subarray(from, to).lastIndexOf(10);
  return at === -1 ? -1 : from + at;
}
