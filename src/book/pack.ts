/**
 * The pack: a compiled book on disk. Version 0 is private to this release: one line of header, one of JSON;
 * readers refuse every other version, because a pack is cheap to build again and costly to misread.
 */
import type { Book } from './compile.ts';

export const PACK_VERSION = 0;
/** How a pack begins. */
export const PACK_MAGIC = 'faultbook-pack';

/** Deterministic text of a book. */
export function encodePack(book: Book): string {
  const body = JSON.stringify(book);
  return `${PACK_MAGIC} ${PACK_VERSION} ${checksumOf(body)}\n${body}\n`;
}

export type PackResult =
  | { readonly book: Book; readonly problem: null }
  | { readonly book: null; readonly problem: string };

/**
 * Reads a pack; never throws. A truncated, altered or foreign file gives a problem, never a wrong book.
 * @param options.trusted the pack that this very package was built with: its checksum is not computed again at
 * every start.
 */
export function decodePack(text: string, options: { readonly trusted?: boolean } = {}): PackResult {
  const end = text.indexOf('\n');
  const [magic, version, expected] = text.slice(0, Math.min(end, 200)).split(' ');
  if (end === -1 || magic !== PACK_MAGIC) return refuse('this is no faultbook pack');
  if (version !== String(PACK_VERSION)) {
    return refuse(
      `the pack has version ${JSON.stringify(version)}, this program reads version ${PACK_VERSION}`,
    );
  }
  const body = text.slice(end + 1, -1);
  if (!text.endsWith('\n') || (!options.trusted && checksumOf(body) !== expected)) {
    return refuse('the pack is damaged: its checksum does not fit');
  }
  try {
    return { book: JSON.parse(body) as Book, problem: null };
  } catch {
    return refuse('the pack is damaged: it is cut off or altered');
  }
}

/**
 * 2 × 32 bits of a multiplicative hash over the UTF-16 units. It tells damage, not forgery: whoever can write the
 * pack can write its checksum. (Loading a cryptographic one would cost a cold start several milliseconds.)
 */
function checksumOf(text: string): string {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x9e3779b1);
    b = Math.imul(b ^ code, 0x5f356495);
    a ^= a >>> 15;
    b ^= b >>> 13;
  }
  const hex = (n: number) => (n >>> 0).toString(16).padStart(8, '0');
  return hex(a) + hex(b);
}

function refuse(problem: string): PackResult {
  return { book: null, problem: `${problem}; build it again with: faultbook build` };
}
