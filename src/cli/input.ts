/** Bytes → text, streamed: any file, any encoding mistake, any size, bounded memory. */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { InputError } from '../store/index.ts';

/** Bytes per read. */
const CHUNK_BYTES = 64 * 1024;

/**
 * Gives a file's (or stdin's: `-`) text to `push`, chunk by chunk. Gzip is recognised by its magic bytes,
 * UTF-16 by its byte order mark (PowerShell writes it); bytes that are no UTF-8 become U+FFFD.
 * @throws {InputError} where it cannot be read.
 */
export async function readText(path: string, push: (text: string) => void): Promise<void> {
  const name = path === '-' ? 'standard input' : path;
  try {
    if (path !== '-' && statSync(path).isDirectory()) {
      throw new InputError(`${path} is a folder; name a file in it, or use --book for a folder of records`);
    }
    await decode(path === '-' ? process.stdin : fileChunks(path), push);
  } catch (error) {
    if (error instanceof InputError) throw error;
    const { code, message } = error as NodeJS.ErrnoException;
    // Only what the system says about the file is about the file; anything else is a fault of ours.
    if (code === undefined) throw error;
    const reason =
      code === 'ENOENT'
        ? 'there is no such file'
        : code === 'EACCES'
          ? 'permission denied'
          : code?.startsWith('Z_')
            ? 'it begins like gzip but is damaged or cut off'
            : message;
    throw new InputError(`${name}: ${reason}`);
  }
}

/** A file's bytes. Read synchronously: a stream would load half of Node's stream modules at every start. */
async function* fileChunks(path: string): AsyncGenerator<Buffer> {
  const file = openSync(path, 'r');
  try {
    for (;;) {
      // A new buffer each time: the decoder may keep the tail of the last one.
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const length = readSync(file, chunk);
      if (length === 0) return;
      yield chunk.subarray(0, length);
    }
  } finally {
    closeSync(file);
  }
}

async function decode(source: AsyncIterable<Buffer | string>, push: (text: string) => void): Promise<void> {
  const iterator = source[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  while (head.length < 3) {
    const next = await iterator.next();
    if (next.done) break;
    head = Buffer.concat([head, toBuffer(next.value)]);
  }
  const rest: AsyncIterable<Buffer | string> = {
    async *[Symbol.asyncIterator]() {
      yield head;
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
    },
  };
  const isGzip = head[0] === 0x1f && head[1] === 0x8b && head[2] === 8;
  await (isGzip ? decodePlain(gunzip(rest), push) : decodePlain(rest, push));
}

async function* gunzip(source: AsyncIterable<Buffer | string>): AsyncGenerator<Buffer> {
  // Loaded only for gzip: most inputs are not, and a cold start counts every module.
  const [{ Readable }, { createGunzip }] = await Promise.all([import('node:stream'), import('node:zlib')]);
  const unzip = createGunzip();
  const input = Readable.from(source);
  input.on('error', (error) => unzip.destroy(error));
  input.pipe(unzip);
  yield* unzip;
}

async function decodePlain(
  source: AsyncIterable<Buffer | string>,
  push: (text: string) => void,
): Promise<void> {
  let decoder: InstanceType<typeof TextDecoder> | null = null;
  for await (const chunk of source) {
    const bytes = toBuffer(chunk);
    if (bytes.length === 0) continue;
    decoder ??= new TextDecoder(encodingOf(bytes), { fatal: false });
    const text = decoder.decode(bytes, { stream: true });
    if (text !== '') push(text);
  }
  const tail = decoder?.decode() ?? '';
  if (tail !== '') push(tail);
}

function encodingOf(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be';
  return 'utf-8';
}

function toBuffer(chunk: Buffer | string): Buffer {
  return typeof chunk === 'string' ? Buffer.from(chunk, 'utf8') : chunk;
}

/** Whether something is piped or redirected into standard input (a terminal, or nothing at all, is not). */
export function stdinHasInput(): boolean {
  if (process.stdin.isTTY) return false;
  try {
    const stat = fstatSync(0);
    return stat.isFIFO() || stat.isFile() || stat.isSocket();
  } catch {
    return false;
  }
}
