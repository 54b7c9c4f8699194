/**
 * The kernel in plain TypeScript: the same answers as `wasm/filter.ts`, about a third of its speed. It serves where
 * WebAssembly is not to be had, and tests the other one. Its hash is its own: JavaScript has no cheap 64-bit product.
 */
import {
  BLOCK_GROUPS,
  ENTRY,
  GROUP,
  type KernelExports,
  LITERAL,
  MAX_OCCURRENCES,
  OUT_WORDS,
  PASS,
} from './kernel-layout.ts';

const FIRST_MULTIPLIER = 0x9e3779b1;
const SECOND_MULTIPLIER = 0x85ebca77;
const BUCKET_MULTIPLIER = 0xc2b2ae3d;

/** A kernel over plain memory. `memory` is asked again at every call, because it may grow. */
export function twinKernel(memory: () => ArrayBuffer): KernelExports {
  let bytes = new Uint8Array(memory());
  let words = new Uint32Array(memory());
  let literals = 0;
  let literalCount = 0;
  let list = 0;
  let out = 0;
  let outEnd = 0;
  let line = 0;

  const refresh = () => {
    if (bytes.buffer === memory()) return;
    bytes = new Uint8Array(memory());
    words = new Uint32Array(memory());
  };
  const word = (at: number): number => words[at >>> 2] as number;
  const read = (at: number): number =>
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24);
  const hashAt = (
    at: number,
    maskLow: number,
    maskHigh: number,
    foldLow: number,
    foldHigh: number,
  ): number => {
    let hash = Math.imul((read(at) | foldLow) & maskLow, FIRST_MULTIPLIER);
    if (maskHigh !== 0) hash = Math.imul(hash ^ ((read(at + 4) | foldHigh) & maskHigh), SECOND_MULTIPLIER);
    return hash ^ (hash >>> 15);
  };
  const bucketOf = (hash: number, shift: number): number => Math.imul(hash, BUCKET_MULTIPLIER) >>> shift;
  const hasBit = (table: number, kind: number, index: number): boolean =>
    kind === 0
      ? bytes[table + index] !== 0
      : (((bytes[table + (index >>> 3)] as number) >>> (index & 7)) & 1) !== 0;

  function standsAt(at: number, literal: number): boolean {
    const text = word(literal + LITERAL.bytes);
    const masks = word(literal + LITERAL.masks);
    const length = word(literal + LITERAL.length);
    for (let i = 0; i < length; i++) {
      if (((bytes[at + i] as number) | (bytes[masks + i] as number)) !== bytes[text + i]) return false;
    }
    return true;
  }

  function lineEnd(at: number, to: number): number {
    refresh();
    let end = at;
    while (end < to && bytes[end] !== 10) end++;
    return end;
  }

  return {
    configure(literalsAt, count, listAt, _hitsAt, outAt, outEndAt) {
      refresh();
      literals = literalsAt;
      literalCount = count;
      list = listAt;
      out = outAt;
      outEnd = outEndAt;
      line = 0;
    },

    build(pass, members, count) {
      refresh();
      const stride = word(pass + PASS.stride);
      const maskLow = word(pass + PASS.mask);
      const maskHigh = word(pass + PASS.mask + 4);
      const foldLow = word(pass + PASS.fold);
      const foldHigh = word(pass + PASS.fold + 4);
      const shift = word(pass + PASS.shift) - 32;
      const bucketShift = word(pass + PASS.bucketShift) - 32;
      const checkMask = word(pass + PASS.checkMask);
      const table = word(pass + PASS.table);
      const bits = word(pass + PASS.kind) !== 0;
      const buckets = word(pass + PASS.buckets) >>> 2;
      const bucketCount = 2 ** (32 - bucketShift);
      const hashOf = (m: number, j: number) => {
        const literal = literals + word(members + m * 8) * LITERAL.size;
        const at = word(literal + LITERAL.bytes) + word(members + m * 8 + 4) + j;
        return hashAt(at, maskLow, maskHigh, foldLow, foldHigh);
      };
      for (let m = 0; m < count; m++) {
        for (let j = 0; j < stride; j++) {
          const hash = hashOf(m, j);
          const index = hash >>> shift;
          if (bits)
            bytes[table + (index >>> 3)] = (bytes[table + (index >>> 3)] as number) | (1 << (index & 7));
          else bytes[table + index] = 1;
          const bucket = buckets + bucketOf(hash, bucketShift);
          words[bucket] = (words[bucket] as number) + 1;
        }
      }
      // Counts become ends, and filling from the last literal on moves each down to where its bucket begins.
      let sum = 0;
      for (let b = 0; b < bucketCount; b++) {
        sum += words[buckets + b] as number;
        words[buckets + b] = sum;
      }
      words[buckets + bucketCount] = sum;
      for (let m = count - 1; m >= 0; m--) {
        const number = word(members + m * 8);
        const window = word(members + m * 8 + 4);
        const literal = literals + number * LITERAL.size;
        const length = word(literal + LITERAL.length);
        const far = length > 4 && length - window > window + stride ? length - 4 : 0;
        for (let j = 0; j < stride; j++) {
          const bucket = buckets + bucketOf(hashOf(m, j), bucketShift);
          const slot = (words[bucket] as number) - 1;
          words[bucket] = slot;
          const entry = (word(pass + PASS.entries) + slot * ENTRY.size) >>> 2;
          words[entry] = number;
          words[entry + 1] = window + j;
          words[entry + 2] = (read(word(literal + LITERAL.bytes) + far) | foldLow) & checkMask;
          words[entry + 3] = far - (window + j);
        }
      }
    },

    scan(pass, from, to) {
      refresh();
      if (line > 0x20000000) {
        for (let i = 0; i < literalCount; i++) words[(literals + i * LITERAL.size + LITERAL.seen) >>> 2] = 0;
        line = 0;
      }
      const stride = word(pass + PASS.stride);
      const maskLow = word(pass + PASS.mask);
      const maskHigh = word(pass + PASS.mask + 4);
      const foldLow = word(pass + PASS.fold);
      const foldHigh = word(pass + PASS.fold + 4);
      const shift = word(pass + PASS.shift) - 32;
      const table = word(pass + PASS.table);
      const kind = word(pass + PASS.kind);
      const buckets = word(pass + PASS.buckets);
      const bucketShift = word(pass + PASS.bucketShift) - 32;
      const entries = word(pass + PASS.entries);
      const checkMask = word(pass + PASS.checkMask) | 0;
      const firstHit = list >>> 2;
      let written = out >>> 2;
      let start = from;
      let end = from;
      const block = BLOCK_GROUPS * GROUP * stride;
      for (let p = from; p < to; p += block) {
        let hits = firstHit;
        const stop = Math.min(to, p + block);
        for (let at = p; at < stop; at += stride) {
          if (hasBit(table, kind, hashAt(at, maskLow, maskHigh, foldLow, foldHigh) >>> shift))
            words[hits++] = at;
        }
        for (let h = firstHit; h < hits; h++) {
          const at = words[h] as number;
          const hash = hashAt(at, maskLow, maskHigh, foldLow, foldHigh);
          const bucket = buckets + bucketOf(hash, bucketShift) * 4;
          const last = entries + word(bucket + 4) * ENTRY.size;
          for (let e = entries + word(bucket) * ENTRY.size; e < last; e += ENTRY.size) {
            const seenAs = (read(at + (word(e + ENTRY.checkAt) | 0)) | foldLow) & checkMask;
            if (seenAs !== (word(e + ENTRY.check) | 0)) continue;
            const number = word(e + ENTRY.literal);
            const literal = literals + number * LITERAL.size;
            const place = at - word(e + ENTRY.offset);
            if (place < from || place + word(literal + LITERAL.length) > to || !standsAt(place, literal))
              continue;
            if (place >= end) {
              start = place;
              while (start > from && bytes[start - 1] !== 10) start--;
              end = lineEnd(place, to);
              line++;
            }
            const seen = word(literal + LITERAL.seen);
            const count = seen >>> 2 === line ? (seen & 3) + 1 : 1;
            if (count > MAX_OCCURRENCES) continue;
            words[(literal + LITERAL.seen) >>> 2] = ((line << 2) | count) >>> 0;
            if (written * 4 + OUT_WORDS * 4 > outEnd) return -1;
            words[written] = start;
            words[written + 1] = end;
            words[written + 2] = place;
            words[written + 3] = number;
            written += OUT_WORDS;
          }
        }
      }
      return (written - (out >>> 2)) / OUT_WORDS;
    },

    lineEnd,

    isPlain(from, to) {
      refresh();
      for (let at = from; at < to; at++) {
        const byte = bytes[at] as number;
        if ((byte < 32 && byte !== 9 && byte !== 10) || byte === 0x7f || byte === 0xc2) return false;
      }
      return true;
    },

    countLines(from, to) {
      refresh();
      let count = 0;
      for (let at = from; at < to; at++) if (bytes[at] === 10) count++;
      return count;
    },
  };
}
