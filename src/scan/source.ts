/** Where bytes come from: a file or a part of one, plain or packed, or standard input. */
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { Readable } from 'node:stream';
import * as zlib from 'node:zlib';
import { type BlockReader, looksLikeJson, SCAN_FILE_LIMITS } from './blocks.ts';

/** A source that cannot be read, or not to its end; what was read until then counts. */
export class SourceError extends Error {}

/** What a source turned out to be. */
export interface SourceKind {
  readonly path: string;
  readonly packed: 'gzip' | 'zstd' | null;
  readonly encoding: 'utf-8' | 'utf-16le' | 'utf-16be';
  /** It begins like JSON lines. */
  readonly json: boolean;
  /** Bytes on disk; null where nobody knows (pipes, devices). */
  readonly size: number | null;
  /** Whether parts of it can be read one beside the other. */
  readonly divisible: boolean;
}

/** A part of a source: the lines that begin in [from, to). */
export interface Part {
  readonly kind: SourceKind;
  readonly from: number;
  readonly to: number;
}

const HEAD_BYTES = 1 << 16;

/**
 * Opens a file to see what it is.
 * @throws {SourceError} where it cannot be opened.
 */
export function kindOf(path: string): SourceKind {
  if (path === '-')
    return { path, packed: null, encoding: 'utf-8', json: false, size: null, divisible: false };
  return reading(path, (file) => {
    const stat = fstatSync(file);
    if (stat.isDirectory()) throw new SourceError(`${path} is a folder; name the files in it`);
    if (!stat.isFile())
      return { path, packed: null, encoding: 'utf-8', json: false, size: null, divisible: false };
    const head = Buffer.alloc(HEAD_BYTES);
    const bytes = head.subarray(0, readSync(file, head, 0, HEAD_BYTES, 0));
    const packed = packedAs(bytes);
    const encoding = packed === null ? encodingOf(bytes) : 'utf-8';
    return {
      path,
      packed,
      encoding,
      // What is packed may be anything: the filter that also knows escapes.
      json: packed !== null || looksLikeJson(bytes),
      size: stat.size,
      divisible: packed === null && encoding === 'utf-8',
    };
  });
}

/** Some of a file, from all over it. */
export function sampleOf(path: string, size: number): Uint8Array {
  return reading(path, (file) => {
    const parts: Buffer[] = [];
    for (let i = 0; i < 16; i++) {
      const part = Buffer.alloc(HEAD_BYTES);
      const at = Math.floor((Math.max(0, size - HEAD_BYTES) / 15) * i);
      parts.push(part.subarray(0, readSync(file, part, 0, HEAD_BYTES, at)));
      if (size <= HEAD_BYTES) break;
    }
    return Buffer.concat(parts);
  });
}

/** Reads a part into a reader; `onBlock` is awaited after each block. @throws {SourceError} */
export async function readPart(
  { kind, from, to }: Part,
  reader: BlockReader,
  onBlock: (bytes: number) => Promise<boolean> | boolean,
): Promise<void> {
  const { path } = kind;
  if (kind.divisible) {
    const file = open(path);
    try {
      let at = nextLine(file, from, to);
      // No line begins in this part: a long one runs through it, and is read where it begins.
      if (at >= to) return;
      const end = nextLine(file, to, kind.size ?? to);
      while (at < end) {
        const room = reader.room();
        const read = readSync(file, room, 0, Math.min(room.length, end - at), at);
        if (read === 0) break;
        at += read;
        reader.wrote(read);
        if (!(await onBlock(read))) return;
      }
    } catch (error) {
      throw asSourceError(path, error);
    } finally {
      closeSync(file);
    }
    return;
  }
  try {
    for await (const chunk of chunksOf(kind)) {
      reader.push(chunk);
      if (!(await onBlock(chunk.length))) return;
    }
  } catch (error) {
    throw asSourceError(path, error);
  }
}

async function* chunksOf(kind: SourceKind): AsyncGenerator<Uint8Array> {
  const raw = kind.path === '-' ? process.stdin : Readable.from(fileChunks(kind.path));
  let source: AsyncIterable<Buffer> = raw as AsyncIterable<Buffer>;
  let packed = kind.packed;
  let encoding = kind.encoding;
  if (kind.path === '-') {
    const [head, whole] = await peeked(source);
    packed = packedAs(head);
    encoding = packed === null ? encodingOf(head) : 'utf-8';
    source = whole;
  }
  if (packed !== null) {
    const unpack = unpackerOf(packed, kind.path);
    const input = Readable.from(source);
    input.on('error', (error) => unpack.destroy(error));
    input.pipe(unpack);
    source = unpack as unknown as AsyncIterable<Buffer>;
  }
  if (encoding === 'utf-8') {
    yield* source;
    return;
  }
  const decoder = new TextDecoder(encoding);
  for await (const chunk of source) yield Buffer.from(decoder.decode(chunk, { stream: true }), 'utf8');
  // Half a character at the very end.
  const tail = decoder.decode();
  if (tail !== '') yield Buffer.from(tail, 'utf8');
}

function unpackerOf(
  packed: 'gzip' | 'zstd',
  path: string,
): NodeJS.ReadWriteStream & { destroy(e?: Error): unknown } {
  if (packed === 'gzip') return zlib.createGunzip({ chunkSize: SCAN_FILE_LIMITS.blockBytes });
  const create = (
    zlib as { createZstdDecompress?: () => NodeJS.ReadWriteStream & { destroy(e?: Error): unknown } }
  ).createZstdDecompress;
  if (!create)
    throw new SourceError(
      `${path} is packed with zstd, which this Node cannot read; unpack it, or use Node 24`,
    );
  return create();
}

/** The first bytes, and an iterable that still has them. */
async function peeked(source: AsyncIterable<Buffer>): Promise<[Buffer, AsyncIterable<Buffer>]> {
  const iterator = source[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < 4) {
    const next = await iterator.next();
    if (next.done) break;
    head = Buffer.concat([head, next.value]);
  }
  async function* whole(): AsyncGenerator<Buffer> {
    yield head;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
  }
  return [head, whole()];
}

function* fileChunks(path: string): Generator<Buffer> {
  const file = open(path);
  try {
    for (;;) {
      const chunk = Buffer.allocUnsafe(SCAN_FILE_LIMITS.blockBytes);
      const read = readSync(file, chunk);
      if (read === 0) return;
      yield chunk.subarray(0, read);
    }
  } finally {
    closeSync(file);
  }
}

/** Where the first line that begins at `at` or behind it begins. */
function nextLine(file: number, at: number, size: number): number {
  if (at === 0) return 0;
  let probe = Buffer.alloc(1 << 12);
  // The byte before tells whether a line begins here.
  for (let from = at - 1; from < size; ) {
    const read = readSync(file, probe, 0, probe.length, from);
    const newline = probe.subarray(0, read).indexOf(10);
    if (newline !== -1) return Math.min(size, from + newline + 1);
    if (read === 0) break;
    from += read;
    // A long line: on in larger steps.
    if (probe.length < HEAD_BYTES) probe = Buffer.alloc(HEAD_BYTES);
  }
  return size;
}

function packedAs(head: Uint8Array): SourceKind['packed'] {
  if (head[0] === 0x1f && head[1] === 0x8b && head[2] === 8) return 'gzip';
  return head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd ? 'zstd' : null;
}

function encodingOf(head: Uint8Array): SourceKind['encoding'] {
  if (head[0] === 0xff && head[1] === 0xfe) return 'utf-16le';
  return head[0] === 0xfe && head[1] === 0xff ? 'utf-16be' : 'utf-8';
}

function open(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    throw asSourceError(path, error);
  }
}

function reading<T>(path: string, work: (file: number) => T): T {
  const file = open(path);
  try {
    return work(file);
  } finally {
    closeSync(file);
  }
}

function asSourceError(path: string, error: unknown): Error {
  if (error instanceof SourceError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  // Only what the system says about the file is about the file; anything else is a fault of ours.
  if (code === undefined) return error as Error;
  const reasons: Readonly<Record<string, string>> = {
    ENOENT: 'there is no such file',
    EACCES: 'permission denied',
  };
  const reason = reasons[code] ?? (/^Z_|^ZSTD/.test(code) ? 'it is damaged or cut off' : message);
  return new SourceError(`${path === '-' ? 'standard input' : path}: ${reason}`);
}
