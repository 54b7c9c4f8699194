/**
 * The pack: a compiled book on disk, version 1. One file of sections; a book opens without reading most of it.
 *
 *   faultbook-pack 1 LF      17 bytes, filled with NUL to 32
 *   count                    of sections
 *   sections                 for each: name (8 bytes, NUL-filled), offset, length, SHA-256
 *   SHA-256                  of everything above
 *   ...                      the sections, each at a multiple of 8
 *
 * Numbers are 32 bits, little-endian, whatever the machine. Of every list of the book (records, patterns, phrases,
 * evidence) there is a section of JSON texts one behind the other, and one of where each begins. The literal plan has the
 * rest, so that nothing is parsed or planned when a book is opened. The same book gives the same bytes.
 */
import type { Book } from './compile.ts';
import { planOf } from './engine.ts';
import { type LiteralPlan, PLAN_LIMITS, type PlannedPass, PROOFS } from './plan.ts';
import { sha256 } from './sha256.ts';

export const PACK_VERSION = 1;
/** How a pack begins. */
export const PACK_MAGIC = 'faultbook-pack';

/** Limits of packs; `docs/engine.md` lists them. */
export const PACK_LIMITS = {
  /** A larger file is refused before it is looked at. */
  maxBytes: 2 ** 30,
} as const;

const TITLE_BYTES = 32;
const NAME_BYTES = 8;
const DIGEST_BYTES = 32;
const SECTION_BYTES = NAME_BYTES + 8 + DIGEST_BYTES;
const ALIGNMENT = 8;
/** The lists of a book, by section. */
const LISTS = ['records', 'patterns', 'phrases', 'evidence'] as const;
const SECTIONS = [
  ...LISTS.flatMap((name) => [name, `${name.slice(0, 6)}@`]),
  'literals',
  'masks',
  'litfrom',
  'owners',
  'ownfrom',
  'proofs',
  'passes',
] as const;

const encoder = new TextEncoder();

/** The bytes of a book. */
export function encodePack(book: Book): Uint8Array {
  const plan = book.plan ?? planOf(book.patterns);
  const sections = new Map<string, Uint8Array>();
  for (const name of LISTS) {
    const texts = book[name].map((item) => encoder.encode(JSON.stringify(item)));
    const from = new Uint32Array(texts.length + 1);
    texts.forEach((text, i) => {
      from[i + 1] = (from[i] as number) + text.length;
    });
    const all = new Uint8Array(from[texts.length] as number);
    texts.forEach((text, i) => {
      all.set(text, from[i]);
    });
    sections.set(name, all);
    sections.set(`${name.slice(0, 6)}@`, numbersToBytes(from));
  }
  sections.set('literals', plan.literalBytes);
  sections.set('masks', plan.literalMasks);
  sections.set('litfrom', numbersToBytes(plan.literalFrom));
  sections.set('owners', numbersToBytes(plan.owners));
  sections.set('ownfrom', numbersToBytes(plan.ownersFrom));
  sections.set('proofs', plan.proofs);
  sections.set(
    'passes',
    numbersToBytes(
      plan.passes.flatMap(({ gram, stride, fold, literals, windows }) => [
        gram,
        stride,
        fold ? 1 : 0,
        literals.length,
        ...literals,
        ...windows,
      ]),
    ),
  );

  const headerBytes = TITLE_BYTES + 4 + SECTIONS.length * SECTION_BYTES + DIGEST_BYTES;
  let end = align(headerBytes);
  const places = SECTIONS.map((name) => {
    const bytes = sections.get(name) as Uint8Array;
    const place = { name, bytes, at: end };
    end = align(end + bytes.length);
    return place;
  });
  const pack = new Uint8Array(end);
  const view = new DataView(pack.buffer);
  pack.set(encoder.encode(`${PACK_MAGIC} ${PACK_VERSION}\n`));
  view.setUint32(TITLE_BYTES, SECTIONS.length, true);
  places.forEach(({ name, bytes, at }, i) => {
    const entry = TITLE_BYTES + 4 + i * SECTION_BYTES;
    pack.set(encoder.encode(name), entry);
    view.setUint32(entry + NAME_BYTES, at, true);
    view.setUint32(entry + NAME_BYTES + 4, bytes.length, true);
    pack.set(sha256(bytes), entry + NAME_BYTES + 8);
    pack.set(bytes, at);
  });
  pack.set(sha256(pack.subarray(0, headerBytes - DIGEST_BYTES)), headerBytes - DIGEST_BYTES);
  return pack;
}

function align(at: number): number {
  return Math.ceil(at / ALIGNMENT) * ALIGNMENT;
}

function numbersToBytes(numbers: ArrayLike<number>): Uint8Array {
  const bytes = new Uint8Array(numbers.length * 4);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < numbers.length; i++) view.setUint32(i * 4, numbers[i] as number, true);
  return bytes;
}

export type PackResult =
  | { readonly book: Book; readonly problem: null }
  | { readonly book: null; readonly problem: string };

class Damaged extends Error {}

/**
 * Reads a pack; never throws. A truncated, altered or foreign file gives a problem, never a wrong book.
 * @param options.trusted the pack that this very package was built with: its digests are not computed again at every
 * start, and its items are decoded when they are first asked for. Places are checked all the same.
 * @param options.sha256 a faster one than ours
 */
export function decodePack(
  bytes: Uint8Array,
  options: { readonly trusted?: boolean; readonly sha256?: (bytes: Uint8Array) => Uint8Array } = {},
): PackResult {
  // Node's buffers are such arrays too, whose `slice` copies nothing.
  const pack = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const newline = pack.subarray(0, TITLE_BYTES).indexOf(10);
  const title = String.fromCharCode(...pack.subarray(0, Math.max(0, newline)));
  const [magic, version] = title.split(' ');
  if (magic !== PACK_MAGIC) return refuse('this is no faultbook pack');
  if (version !== String(PACK_VERSION)) {
    return refuse(
      `the pack has version ${JSON.stringify(version)}, this program reads version ${PACK_VERSION}`,
    );
  }
  if (pack.length > PACK_LIMITS.maxBytes)
    return refuse(`the pack is larger than ${PACK_LIMITS.maxBytes} bytes`);
  try {
    const sections = readSections(pack, options.trusted ? null : (options.sha256 ?? sha256));
    const list = <T>(name: (typeof LISTS)[number]): readonly T[] =>
      readList<T>(sections, name, options.trusted ?? false);
    const book: Book = {
      records: list('records'),
      patterns: list('patterns'),
      phrases: list('phrases'),
      evidence: list('evidence'),
      plan: readPlan(sections),
    };
    if (book.evidence.length !== book.records.length) throw new Damaged();
    // Digests tell damage, not truth: what was not built here must not name records that are not there.
    const here = (record: unknown) =>
      Number.isInteger(record) && (record as number) >= 0 && (record as number) < book.records.length;
    if (!options.trusted && ![...book.patterns, ...book.phrases].every((item) => here(item?.record)))
      throw new Damaged();
    return { book, problem: null };
  } catch (error) {
    if (error instanceof Damaged || error instanceof SyntaxError) {
      return refuse('the pack is damaged: it is cut off or altered');
    }
    throw error;
  }
}

function refuse(problem: string): PackResult {
  return { book: null, problem: `${problem}; build it again with: faultbook build` };
}

/** The sections by name; with a hash, only if every digest fits. */
function readSections(
  pack: Uint8Array,
  hash: ((bytes: Uint8Array) => Uint8Array) | null,
): ReadonlyMap<string, Uint8Array> {
  const view = new DataView(pack.buffer, pack.byteOffset, pack.byteLength);
  const headerBytes = TITLE_BYTES + 4 + SECTIONS.length * SECTION_BYTES + DIGEST_BYTES;
  if (pack.length < headerBytes || view.getUint32(TITLE_BYTES, true) !== SECTIONS.length) throw new Damaged();
  const digestAt = headerBytes - DIGEST_BYTES;
  const fits = (bytes: Uint8Array, at: number) => {
    if (!hash) return;
    const digest = hash(bytes);
    for (let i = 0; i < DIGEST_BYTES; i++) if (digest[i] !== pack[at + i]) throw new Damaged();
  };
  fits(pack.subarray(0, digestAt), digestAt);
  const sections = new Map<string, Uint8Array>();
  let end = align(headerBytes);
  SECTIONS.forEach((name, i) => {
    const entry = TITLE_BYTES + 4 + i * SECTION_BYTES;
    for (let c = 0; c < NAME_BYTES; c++) {
      if (pack[entry + c] !== (c < name.length ? name.charCodeAt(c) : 0)) throw new Damaged();
    }
    const at = view.getUint32(entry + NAME_BYTES, true);
    const length = view.getUint32(entry + NAME_BYTES + 4, true);
    // One behind the other, and nothing but NUL between: every byte of the file is accounted for.
    if (at !== end || at + length > pack.length) throw new Damaged();
    end = align(at + length);
    if (end > pack.length) throw new Damaged();
    for (let b = at + length; b < end; b++) if (pack[b] !== 0) throw new Damaged();
    const bytes = pack.subarray(at, at + length);
    fits(bytes, entry + NAME_BYTES + 8);
    sections.set(name, bytes);
  });
  if (end !== pack.length) throw new Damaged();
  for (let b = `${PACK_MAGIC} ${PACK_VERSION}\n`.length; b < TITLE_BYTES; b++)
    if (pack[b] !== 0) throw new Damaged();
  for (let b = headerBytes; b < align(headerBytes); b++) if (pack[b] !== 0) throw new Damaged();
  return sections;
}

const LITTLE_ENDIAN = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

function numbersOf(bytes: Uint8Array): Uint32Array {
  if (bytes.length % 4 !== 0) throw new Damaged();
  // A copy: the bytes may stand at any place of a larger buffer.
  const numbers = new Uint32Array(bytes.slice().buffer);
  if (LITTLE_ENDIAN) return numbers;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return numbers.map((_, i) => view.getUint32(i * 4, true));
}

/** Places that begin at 0, never fall and end at the end. */
function placesOf(bytes: Uint8Array, end: number): Uint32Array {
  const places = numbersOf(bytes);
  if (places.length === 0 || places[0] !== 0 || places[places.length - 1] !== end) throw new Damaged();
  for (let i = 1; i < places.length; i++) {
    if ((places[i] as number) < (places[i - 1] as number)) throw new Damaged();
  }
  return places;
}

function readList<T>(
  sections: ReadonlyMap<string, Uint8Array>,
  name: (typeof LISTS)[number],
  lazy: boolean,
): readonly T[] {
  const bytes = sections.get(name) as Uint8Array;
  const from = placesOf(sections.get(`${name.slice(0, 6)}@`) as Uint8Array, bytes.length);
  const decoder = new TextDecoder('utf-8', { fatal: !lazy, ignoreBOM: true });
  const decode = (i: number): T => {
    try {
      return JSON.parse(decoder.decode(bytes.subarray(from[i], from[i + 1]))) as T;
    } catch {
      throw new Damaged(`item ${i} of ${name} cannot be read: the pack is damaged`);
    }
  };
  if (!lazy) return Array.from({ length: from.length - 1 }, (_, i) => decode(i));
  return lazyList(from.length - 1, decode);
}

/** An array whose items are made when they are first asked for. */
function lazyList<T>(length: number, make: (index: number) => T): readonly T[] {
  const items = new Array<T | undefined>(length).fill(undefined);
  const made = new Uint8Array(length);
  const ensure = (key: string | symbol): void => {
    if (typeof key === 'symbol') return;
    const index = Number(key);
    if (!(index >= 0 && index < length) || made[index] === 1) return;
    items[index] = make(index);
    made[index] = 1;
  };
  return new Proxy(items, {
    get(target, key) {
      ensure(key);
      return Reflect.get(target, key);
    },
    getOwnPropertyDescriptor(target, key) {
      ensure(key);
      return Reflect.getOwnPropertyDescriptor(target, key);
    },
  }) as readonly T[];
}

/** The literal plan; the kernel reads and writes by these numbers, so every one of them is checked. */
function readPlan(sections: ReadonlyMap<string, Uint8Array>): LiteralPlan {
  const section = (name: (typeof SECTIONS)[number]) => sections.get(name) as Uint8Array;
  const literalBytes = section('literals').slice();
  const literalMasks = section('masks').slice();
  const literalFrom = placesOf(section('litfrom'), literalBytes.length);
  const owners = numbersOf(section('owners'));
  const ownersFrom = placesOf(section('ownfrom'), owners.length);
  const proofs = section('proofs').slice();
  const literals = literalFrom.length - 1;
  const patterns = section('patter@').length / 4 - 1;
  const sound =
    literalMasks.length === literalBytes.length &&
    ownersFrom.length === literalFrom.length &&
    proofs.length === owners.length &&
    literalMasks.every((mask) => mask === 0 || mask === 32) &&
    proofs.every((proof) => proof < PROOFS.length) &&
    owners.every((owner) => owner < patterns);
  if (!sound) throw new Damaged();
  const numbers = numbersOf(section('passes'));
  const passes: PlannedPass[] = [];
  const passOf = new Int32Array(literals).fill(-1);
  for (let at = 0; at < numbers.length; ) {
    if (at + 4 > numbers.length) throw new Damaged();
    const [gram, stride, fold, count] = [...numbers.subarray(at, at + 4)] as [number, number, number, number];
    const next = at + 4 + 2 * count;
    const shaped =
      gram >= 1 && gram <= PLAN_LIMITS.maxGram && stride >= 1 && stride <= PLAN_LIMITS.maxStride && fold <= 1;
    if (!shaped || next > numbers.length) throw new Damaged();
    const inPass = Int32Array.from(numbers.subarray(at + 4, at + 4 + count));
    const windows = Int32Array.from(numbers.subarray(at + 4 + count, next));
    inPass.forEach((literal, l) => {
      if (literal < 0 || literal >= literals || passOf[literal] !== -1) throw new Damaged();
      passOf[literal] = passes.length;
      const length = (literalFrom[literal + 1] as number) - (literalFrom[literal] as number);
      const window = windows[l] as number;
      if (window < 0 || window + gram + stride - 1 > length) throw new Damaged();
    });
    passes.push({ gram, stride, fold: fold === 1, literals: inPass, windows });
    at = next;
  }
  if (passOf.includes(-1)) throw new Damaged();
  return {
    literalFrom,
    literalBytes,
    literalMasks,
    passes,
    ownersFrom: Int32Array.from(ownersFrom),
    owners: Int32Array.from(owners),
    proofs,
    unfiltered: [],
  };
}
