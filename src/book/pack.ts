/**
 * The pack: a compiled book on disk. Version 0 is private to this release: one line of header, one of JSON;
 * readers refuse every other version, because a pack is cheap to build again and costly to misread.
 */
import type { Book } from './compile.ts';

export const PACK_VERSION = 0;
const MAGIC = 'faultbook-pack';

/** Deterministic text of a book. @param digest of the body, e.g. its SHA-256 in hex. */
export function encodePack(book: Book, digest: (body: string) => string): string {
  const body = JSON.stringify(book);
  return `${MAGIC} ${PACK_VERSION} ${digest(body)}\n${body}\n`;
}

export type PackResult =
  | { readonly book: Book; readonly problem: null }
  | { readonly book: null; readonly problem: string };

/** Reads a pack; never throws. A truncated, altered or foreign file gives a problem, never a wrong book. */
export function decodePack(text: string, digest: (body: string) => string): PackResult {
  const end = text.indexOf('\n');
  const [magic, version, expected] = text.slice(0, Math.min(end, 200)).split(' ');
  if (end === -1 || magic !== MAGIC) return refuse('this is no faultbook pack');
  if (version !== String(PACK_VERSION)) {
    return refuse(
      `the pack has version ${JSON.stringify(version)}, this program reads version ${PACK_VERSION}`,
    );
  }
  const body = text.slice(end + 1, -1);
  if (!text.endsWith('\n') || digest(body) !== expected)
    return refuse('the pack is damaged: its checksum does not fit');
  return { book: JSON.parse(body) as Book, problem: null };
}

function refuse(problem: string): PackResult {
  return { book: null, problem: `${problem}; build it again with: faultbook build` };
}
