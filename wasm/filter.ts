/**
 * The filter's inner loops, in AssemblyScript (https://www.assemblyscript.org): compiled by `scripts/kernel.mjs`,
 * embedded in `src/book/kernel-binary.ts`. `src/book/kernel-twin.ts` is the same in plain TypeScript; `docs/engine.md`
 * says how it works. All addresses are byte offsets into the one memory, whose layout `src/book/kernel.ts` decides.
 *
 * A pass looks for literals by q-grams: each literal has one window of q + s - 1 bytes, whose q-grams at all s
 * alignments are in a hashed table, so that only every s-th byte of the text has to be probed.
 */

/** Odd, and well mixed in its upper half: 2^64 divided by the golden ratio. */
const MULTIPLIER: u64 = 0x9e3779b97f4a7c15;
/** Of the second table: another odd one, so that what collides in the first does not here. */
const SECOND_MULTIPLIER: u64 = 0xd6e8feb86659fd93;
/** Probed at once, with one branch for all of them. */
const GROUP: usize = 8;
/** Probes between two visits to the second stage; bounds the list of hits. */
const BLOCK_GROUPS: usize = 256;
/** Occurrences of one literal that are reported for one line. */
const MAX_OCCURRENCES: u32 = 3;

/** Fields of a pass, in bytes from its address. `kernel.ts` writes the same. */
const P_TABLE: usize = 0;
const P_SHIFT: usize = 4;
const P_KIND: usize = 8;
const P_STRIDE: usize = 12;
const P_MASK: usize = 16;
const P_FOLD: usize = 24;
const P_SECOND: usize = 32;
const P_SECOND_SHIFT: usize = 36;
const P_BUCKETS: usize = 40;
const P_BUCKET_SHIFT: usize = 44;
const P_ENTRIES: usize = 48;
const P_CHECK_MASK: usize = 52;

/** A literal: where its bytes are, where its case masks are, its length, where it was seen last. */
const LITERAL_SIZE: usize = 16;
/** An entry of a bucket: literal, offset of the q-gram in it, four bytes of it, where they are seen from the q-gram. */
const ENTRY_SIZE: usize = 16;
/** What a hit becomes: its place, its bucket's first entry, and where these end. */
const HIT_SIZE: usize = 12;

let literals: usize = 0;
let list: usize = 0;
let hits: usize = 0;
let out: usize = 0;
let outEnd: usize = 0;
/** Number of the current line; never 0. With the count of occurrences below it, a literal's "seen last". */
let lineNumber: u32 = 0;
let literalCount: usize = 0;

export function configure(
  literalsAt: usize,
  count: usize,
  listAt: usize,
  hitsAt: usize,
  outAt: usize,
  outEndAt: usize,
): void {
  literals = literalsAt;
  literalCount = count;
  list = listAt;
  hits = hitsAt;
  out = outAt;
  outEnd = outEndAt;
  lineNumber = 0;
}

/**
 * Fills the tables and buckets of a pass, which are empty. Of each of the literals two numbers are read from `members`:
 * which one it is, and where its window begins. A bucket's entries lie together, in the order of the literals.
 */
export function build(pass: usize, members: usize, count: usize): void {
  const stride: usize = load<u32>(pass + P_STRIDE);
  const kind = load<u32>(pass + P_KIND);
  const shift = <u64>load<u32>(pass + P_SHIFT);
  const secondShift = <u64>load<u32>(pass + P_SECOND_SHIFT);
  const bucketShift = <u64>load<u32>(pass + P_BUCKET_SHIFT);
  const mask = load<u64>(pass + P_MASK);
  const fold = load<u64>(pass + P_FOLD);
  const table: usize = load<u32>(pass + P_TABLE);
  const second: usize = load<u32>(pass + P_SECOND);
  const buckets: usize = load<u32>(pass + P_BUCKETS);
  const entries: usize = load<u32>(pass + P_ENTRIES);
  const checkMask = load<u32>(pass + P_CHECK_MASK);
  const bucketCount: usize = 1 << (64 - <usize>bucketShift);
  for (let m: usize = 0; m < count; m++) {
    const literal = literals + <usize>load<u32>(members + m * 8) * LITERAL_SIZE;
    const at = <usize>load<u32>(literal) + <usize>load<u32>(members + m * 8 + 4);
    for (let j: usize = 0; j < stride; j++) {
      const key = (load<u64>(at + j) | fold) & mask;
      const index = <usize>((key * MULTIPLIER) >> shift);
      if (kind === 0) store<u8>(table + index, 1);
      else setBit(table, index);
      setBit(second, <usize>((key * SECOND_MULTIPLIER) >> secondShift));
      const bucket = buckets + (<usize>((key * SECOND_MULTIPLIER) >> bucketShift) << 2);
      store<u32>(bucket, load<u32>(bucket) + 1);
    }
  }
  // Counts become ends, and filling from the last literal on moves each down to where its bucket begins.
  let sum: u32 = 0;
  for (let b: usize = 0; b < bucketCount; b++) {
    sum += load<u32>(buckets + b * 4);
    store<u32>(buckets + b * 4, sum);
  }
  store<u32>(buckets + bucketCount * 4, sum);
  for (let m: usize = count; m-- > 0; ) {
    const number = load<u32>(members + m * 8);
    const window = load<u32>(members + m * 8 + 4);
    const literal = literals + <usize>number * LITERAL_SIZE;
    const bytes: usize = load<u32>(literal);
    const length = load<u32>(literal + 8);
    // Four bytes as far from the window as can be, so that they say something else.
    const farEnd: u32 = length > 4 && length - window > window + <u32>stride ? length - 4 : 0;
    for (let j: u32 = 0; j < <u32>stride; j++) {
      const key = (load<u64>(bytes + window + j) | fold) & mask;
      const bucket = buckets + (<usize>((key * SECOND_MULTIPLIER) >> bucketShift) << 2);
      const slot = load<u32>(bucket) - 1;
      store<u32>(bucket, slot);
      const entry = entries + <usize>slot * ENTRY_SIZE;
      store<u32>(entry, number);
      store<u32>(entry + 4, window + j);
      store<u32>(entry + 8, (load<u32>(bytes + farEnd) | <u32>fold) & checkMask);
      store<i32>(entry + 12, <i32>farEnd - <i32>(window + j));
    }
  }
}

// @ts-ignore: a decorator of AssemblyScript
@inline
function setBit(table: usize, index: usize): void {
  const at = table + (index >> 3);
  store<u8>(at, load<u8>(at) | (<u8>1 << (<u8>index & 7)));
}

// @ts-ignore: a decorator of AssemblyScript
@inline
function probe(at: usize, table: usize, shift: u64, mask: u64, fold: u64, kind: i32): u32 {
  const hash = ((load<u64>(at) | fold) & mask) * MULTIPLIER;
  const index = <usize>(hash >> shift);
  return kind === 0 ? <u32>load<u8>(table + index) : (<u32>load<u8>(table + (index >> 3)) >> (<u32>index & 7)) & 1;
}

// @ts-ignore: a decorator of AssemblyScript
@inline
function note(n: usize, at: usize, hit: u32): usize {
  store<u32>(n, <u32>at);
  return n + (<usize>(hit !== 0) << 2);
}

/** Probes one block; writes the positions of hits to the list and returns where it ends. */
// @ts-ignore: a decorator of AssemblyScript
@inline
function probeBlock(pass: usize, from: usize, to: usize, stride: usize, kind: i32): usize {
  const table: usize = load<u32>(pass + P_TABLE);
  const shift = <u64>load<u32>(pass + P_SHIFT);
  const mask = load<u64>(pass + P_MASK);
  const fold = load<u64>(pass + P_FOLD);
  let n = list;
  for (let p = from; p < to; p += GROUP * stride) {
    const a = probe(p, table, shift, mask, fold, kind);
    const b = probe(p + stride, table, shift, mask, fold, kind);
    const c = probe(p + 2 * stride, table, shift, mask, fold, kind);
    const d = probe(p + 3 * stride, table, shift, mask, fold, kind);
    const e = probe(p + 4 * stride, table, shift, mask, fold, kind);
    const f = probe(p + 5 * stride, table, shift, mask, fold, kind);
    const g = probe(p + 6 * stride, table, shift, mask, fold, kind);
    const h = probe(p + 7 * stride, table, shift, mask, fold, kind);
    if (a | b | c | d | e | f | g | h) {
      n = note(n, p, a);
      n = note(n, p + stride, b);
      n = note(n, p + 2 * stride, c);
      n = note(n, p + 3 * stride, d);
      n = note(n, p + 4 * stride, e);
      n = note(n, p + 5 * stride, f);
      n = note(n, p + 6 * stride, g);
      n = note(n, p + 7 * stride, h);
    }
  }
  return n;
}

// One function each, exported so that none is taken into another: the engine then optimises only the one that is used.
export function probeBytes1(pass: usize, from: usize, to: usize): usize {
  return probeBlock(pass, from, to, 1, 0);
}
export function probeBytes2(pass: usize, from: usize, to: usize): usize {
  return probeBlock(pass, from, to, 2, 0);
}
export function probeBytes3(pass: usize, from: usize, to: usize): usize {
  return probeBlock(pass, from, to, 3, 0);
}
export function probeBytes4(pass: usize, from: usize, to: usize): usize {
  return probeBlock(pass, from, to, 4, 0);
}
export function probeBytes5(pass: usize, from: usize, to: usize): usize {
  return probeBlock(pass, from, to, 5, 0);
}
export function probeBytes6(pass: usize, from: usize, to: usize): usize {
  return probeBlock(pass, from, to, 6, 0);
}
export function probeBytes7(pass: usize, from: usize, to: usize): usize {
  return probeBlock(pass, from, to, 7, 0);
}
export function probeBytes8(pass: usize, from: usize, to: usize): usize {
  return probeBlock(pass, from, to, 8, 0);
}
export function probeBits1(pass: usize, from: usize, to: usize): usize {
  return probeBlock(pass, from, to, 1, 1);
}
export function probeBits2(pass: usize, from: usize, to: usize): usize {
  return probeBlock(pass, from, to, 2, 1);
}
export function probeBits3(pass: usize, from: usize, to: usize): usize {
  return probeBlock(pass, from, to, 3, 1);
}
export function probeBits4(pass: usize, from: usize, to: usize): usize {
  return probeBlock(pass, from, to, 4, 1);
}
export function probeBits5(pass: usize, from: usize, to: usize): usize {
  return probeBlock(pass, from, to, 5, 1);
}
export function probeBits6(pass: usize, from: usize, to: usize): usize {
  return probeBlock(pass, from, to, 6, 1);
}
export function probeBits7(pass: usize, from: usize, to: usize): usize {
  return probeBlock(pass, from, to, 7, 1);
}
export function probeBits8(pass: usize, from: usize, to: usize): usize {
  return probeBlock(pass, from, to, 8, 1);
}

function probeBytes(pass: usize, from: usize, to: usize): usize {
  switch (load<u32>(pass + P_STRIDE)) {
    case 1: return probeBytes1(pass, from, to);
    case 2: return probeBytes2(pass, from, to);
    case 3: return probeBytes3(pass, from, to);
    case 4: return probeBytes4(pass, from, to);
    case 5: return probeBytes5(pass, from, to);
    case 6: return probeBytes6(pass, from, to);
    case 7: return probeBytes7(pass, from, to);
    default: return probeBytes8(pass, from, to);
  }
}

function probeBits(pass: usize, from: usize, to: usize): usize {
  switch (load<u32>(pass + P_STRIDE)) {
    case 1: return probeBits1(pass, from, to);
    case 2: return probeBits2(pass, from, to);
    case 3: return probeBits3(pass, from, to);
    case 4: return probeBits4(pass, from, to);
    case 5: return probeBits5(pass, from, to);
    case 6: return probeBits6(pass, from, to);
    case 7: return probeBits7(pass, from, to);
    default: return probeBits8(pass, from, to);
  }
}

/**
 * Of the places in the list keeps those whose q-gram is in the second table too, and whose bucket is not empty.
 * Without a branch, so that the memory that several of them wait for is fetched at once. Hits are written behind the
 * list; returns where they end.
 */
// @ts-ignore: a decorator of AssemblyScript
@inline
function keepSecond(listEnd: usize, pass: usize, mask: u64, fold: u64): usize {
  const table: usize = load<u32>(pass + P_SECOND);
  const shift = <u64>load<u32>(pass + P_SECOND_SHIFT);
  const buckets: usize = load<u32>(pass + P_BUCKETS);
  const bucketShift = <u64>load<u32>(pass + P_BUCKET_SHIFT);
  let kept = list;
  for (let l = list; l < listEnd; l += 4) {
    const at: usize = load<u32>(l);
    const index = <usize>((((load<u64>(at) | fold) & mask) * SECOND_MULTIPLIER) >> shift);
    store<u32>(kept, <u32>at);
    kept += ((<usize>load<u8>(table + (index >> 3)) >> (index & 7)) & 1) << 2;
  }
  let n = hits;
  for (let l = list; l < kept; l += 4) {
    const at: usize = load<u32>(l);
    const bucket = buckets + (<usize>((((load<u64>(at) | fold) & mask) * SECOND_MULTIPLIER) >> bucketShift) << 2);
    const first = load<u32>(bucket);
    const end = load<u32>(bucket, 4);
    store<u32>(n, <u32>at);
    store<u32>(n, first, 4);
    store<u32>(n, end, 8);
    n += <usize>(end !== first) * HIT_SIZE;
  }
  return n;
}

/** Whether the literal stands at a place: eight bytes at a time, letters of either case where the masks say so. */
// @ts-ignore: a decorator of AssemblyScript
@inline
function standsAt(at: usize, literal: usize): bool {
  const bytes: usize = load<u32>(literal);
  const masks: usize = load<u32>(literal + 4);
  const length: usize = load<u32>(literal + 8);
  if (length < 8) {
    for (let i: usize = 0; i < length; i++) {
      if ((load<u8>(at + i) | load<u8>(masks + i)) !== load<u8>(bytes + i)) return false;
    }
    return true;
  }
  const last = length - 8;
  if ((load<u64>(at + last) | load<u64>(masks + last)) !== load<u64>(bytes + last)) return false;
  for (let i: usize = 0; i < last; i += 8) {
    if ((load<u64>(at + i) | load<u64>(masks + i)) !== load<u64>(bytes + i)) return false;
  }
  return true;
}

/** Start of the line that holds `at`, not before `from`. */
export function lineStart(at: usize, from: usize): usize {
  const newline = i8x16.splat(10);
  let p = at;
  while (p - from >= 16) {
    const found = i8x16.bitmask(i8x16.eq(v128.load(p - 16), newline));
    if (found !== 0) return p - 16 + (32 - clz(found));
    p -= 16;
  }
  while (p > from && load<u8>(p - 1) !== 10) p--;
  return p;
}

/** Where the line that holds `at` ends: at its newline, or at `to`. */
export function lineEnd(at: usize, to: usize): usize {
  const newline = i8x16.splat(10);
  let p = at;
  while (p < to) {
    const found = i8x16.bitmask(i8x16.eq(v128.load(p), newline));
    if (found !== 0) {
      const end = p + ctz(found);
      return end < to ? end : to;
    }
    p += 16;
  }
  return to;
}

/**
 * Whether a range is text that a terminal shows as it stands: no control character but TAB and LF. (A byte C2 may begin
 * one, and is taken for one.)
 */
export function isPlain(from: usize, to: usize): bool {
  let odd = i8x16.splat(0);
  let p = from;
  for (; p + 16 <= to; p += 16) odd = v128.or(odd, oddBytes(v128.load(p)));
  if (v128.any_true(odd)) return false;
  for (; p < to; p++) {
    const byte = load<u8>(p);
    if ((byte < 32 && byte !== 9 && byte !== 10) || byte === 0x7f || byte === 0xc2) return false;
  }
  return true;
}

// @ts-ignore: a decorator of AssemblyScript
@inline
function oddBytes(bytes: v128): v128 {
  const low = i8x16.lt_u(bytes, i8x16.splat(32));
  const kept = v128.or(i8x16.eq(bytes, i8x16.splat(9)), i8x16.eq(bytes, i8x16.splat(10)));
  const high = v128.or(i8x16.eq(bytes, i8x16.splat(0x7f)), i8x16.eq(bytes, i8x16.splat(<i8>0xc2)));
  return v128.or(v128.andnot(low, kept), high);
}

/** Newlines in a range. */
export function countLines(from: usize, to: usize): u32 {
  const newline = i8x16.splat(10);
  let count: u32 = 0;
  let p = from;
  while (p + 16 <= to) {
    // Up to 255 equalities fit into a byte; each counts as minus one.
    let rounds: i32 = <i32>((to - p) >> 4);
    if (rounds > 255) rounds = 255;
    let sum = i8x16.splat(0);
    for (let i = 0; i < rounds; i++) {
      sum = i8x16.sub(sum, i8x16.eq(v128.load(p), newline));
      p += 16;
    }
    const wide = i32x4.extadd_pairwise_i16x8_u(i16x8.extadd_pairwise_i8x16_u(sum));
    count += i32x4.extract_lane(wide, 0) + i32x4.extract_lane(wide, 1) + i32x4.extract_lane(wide, 2) + i32x4.extract_lane(wide, 3);
  }
  while (p < to) {
    if (load<u8>(p) === 10) count++;
    p++;
  }
  return count;
}

/** Before the line number would no longer fit beside the count. */
function forgetLines(): void {
  for (let i: usize = 0; i < literalCount; i++) store<u32>(literals + i * LITERAL_SIZE + 12, 0);
  lineNumber = 0;
}

/**
 * Looks for the literals of one pass in a range of whole lines. Per occurrence (of one literal on one line, the first few)
 * four numbers are written out: start and end of the line, place and number of the literal; ordered by line.
 * Bytes behind `to` are read (up to `TEXT_PADDING` and a literal) and never believed.
 * @returns how many, or -1 where they did not fit (a single line's always do).
 */
export function scan(pass: usize, from: usize, to: usize): i32 {
  const stride: usize = load<u32>(pass + P_STRIDE);
  const bits = load<u32>(pass + P_KIND) !== 0;
  const mask = load<u64>(pass + P_MASK);
  const fold = load<u64>(pass + P_FOLD);
  const entries: usize = load<u32>(pass + P_ENTRIES);
  const checkMask = load<u32>(pass + P_CHECK_MASK);
  const block = BLOCK_GROUPS * GROUP * stride;
  if (lineNumber > 0x20000000) forgetLines();
  let written = out;
  let start: usize = from;
  let end: usize = from;
  for (let p = from; p < to; p += block) {
    const stop = p + block < to ? p + block : to;
    const hitsEnd = keepSecond(bits ? probeBits(pass, p, stop) : probeBytes(pass, p, stop), pass, mask, fold);
    for (let h = hits; h < hitsEnd; h += HIT_SIZE) {
      const at: usize = load<u32>(h);
      const last = entries + <usize>load<u32>(h, 8) * ENTRY_SIZE;
      for (let e = entries + <usize>load<u32>(h, 4) * ENTRY_SIZE; e < last; e += ENTRY_SIZE) {
        if (((load<u32>(at + load<i32>(e, 12)) | <u32>fold) & checkMask) !== load<u32>(e, 8)) continue;
        const literal = literals + <usize>load<u32>(e) * LITERAL_SIZE;
        const place = at - load<u32>(e, 4);
        if (<isize>place < <isize>from || place + load<u32>(literal + 8) > to || !standsAt(place, literal)) continue;
        if (place >= end) {
          start = lineStart(place, from);
          end = lineEnd(place, to);
          lineNumber++;
        }
        const seen = load<u32>(literal + 12);
        const count = seen >> 2 === lineNumber ? (seen & 3) + 1 : 1;
        if (count > MAX_OCCURRENCES) continue;
        store<u32>(literal + 12, (lineNumber << 2) | count);
        if (written + 16 > outEnd) return -1;
        store<u32>(written, <u32>start);
        store<u32>(written + 4, <u32>end);
        store<u32>(written + 8, <u32>place);
        store<u32>(written + 12, load<u32>(e));
        written += 16;
      }
    }
  }
  return <i32>((written - out) >> 4);
}
