/** The kernel: a literal plan laid out in one memory, and the loops over it, in WebAssembly or in TypeScript. */
import { KERNEL_BINARY } from './kernel-binary.ts';
import {
  BLOCK_GROUPS,
  ENTRY,
  GROUP,
  HIT,
  type KernelExports,
  LITERAL,
  MAX_OCCURRENCES,
  OUT_WORDS,
  PASS,
  TEXT_PADDING,
} from './kernel-layout.ts';
import { twinKernel } from './kernel-twin.ts';
import type { LiteralPlan, PlannedPass } from './plan.ts';

const PAGE = 65_536;
/** Room for so many occurrences at least; for every literal on one line in any case. */
const MIN_OUT_RECORDS = 8_192;

/** A laid out plan. Text is written at `textAt` and behind; views are made anew when memory grows. */
export interface Kernel {
  readonly kind: 'wasm' | 'twin';
  readonly passes: readonly number[];
  readonly textAt: number;
  bytes: Uint8Array;
  words: Uint32Array;
  /** Index into `words` of what a scan writes out. */
  readonly outAt: number;
  readonly run: KernelExports;
  /** Makes room for so many bytes of text. */
  reserve(textBytes: number): void;
}

interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}
/** What this file needs of WebAssembly; absent where the platform has none. */
interface WasmHost {
  readonly Memory: new (limits: { initial: number }) => WasmMemory;
  readonly Module: new (binary: Uint8Array) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: object };
}

let compiled: object | null = null;

/** Instantiates the compiled kernel over a memory of its own; null where that is not to be had. */
function wasmKernel(pages: number): { memory: WasmMemory; run: KernelExports } | null {
  const host = (globalThis as { WebAssembly?: WasmHost }).WebAssembly;
  if (!host) return null;
  try {
    compiled ??= new host.Module(Uint8Array.from(atob(KERNEL_BINARY), (c) => c.charCodeAt(0)));
    const memory = new host.Memory({ initial: pages });
    const { exports } = new host.Instance(compiled, { env: { memory } });
    return { memory, run: exports as KernelExports };
  } catch {
    // A policy forbids it, or the machine lacks an instruction: the twin answers the same.
    return null;
  }
}

function plainKernel(pages: number): { memory: WasmMemory; run: KernelExports } {
  let buffer = new ArrayBuffer(pages * PAGE);
  return {
    memory: {
      get buffer() {
        return buffer;
      },
      grow(more) {
        const grown = new ArrayBuffer(buffer.byteLength + more * PAGE);
        new Uint8Array(grown).set(new Uint8Array(buffer));
        buffer = grown;
        return 0;
      },
    },
    run: twinKernel(() => buffer),
  };
}

/** Largest tables of bytes, and of bits (log2 of places): beyond it they leave the cache of a core. */
const MAX_BYTES_LOG2 = 19;
const MAX_BITS_LOG2 = 23;

/**
 * The tables of a pass. The first has a byte for each place (fast to test) while that fits the cache and leaves most
 * places empty, else a bit; the second, asked only where the first says yes, has bits.
 */
function tablesOf(entries: number): { bits: boolean; log2: number; secondLog2: number } {
  const size = Math.ceil(Math.log2(Math.max(1, entries)));
  const secondLog2 = Math.max(15, Math.min(MAX_BITS_LOG2, size + 6));
  if (size + 2 <= MAX_BYTES_LOG2) {
    return {
      bits: false,
      log2: Math.max(15, Math.min(size + 5, size <= 15 ? 18 : MAX_BYTES_LOG2)),
      secondLog2,
    };
  }
  return { bits: true, log2: Math.min(MAX_BITS_LOG2, size + 4), secondLog2 };
}

interface PassLayout {
  readonly pass: PlannedPass;
  readonly bits: boolean;
  readonly log2: number;
  readonly tableAt: number;
  readonly secondLog2: number;
  readonly secondAt: number;
  readonly bucketLog2: number;
  readonly bucketsAt: number;
  readonly entriesAt: number;
}

/** Lays a plan out. */
export function buildKernel(plan: LiteralPlan, options: { readonly wasm?: boolean } = {}): Kernel {
  let end = 64;
  const take = (bytes: number): number => {
    const at = end;
    end = (end + bytes + 63) & ~63;
    return at;
  };
  const passes = plan.passes.map(() => take(PASS.size));
  const layouts = plan.passes.map((pass): PassLayout => {
    const entries = pass.literals.length * pass.stride;
    const { bits, log2, secondLog2 } = tablesOf(entries);
    const bucketLog2 = Math.max(4, Math.ceil(Math.log2(entries + 1)));
    return {
      pass,
      bits,
      log2,
      bucketLog2,
      tableAt: take(bits ? 2 ** (log2 - 3) : 2 ** log2),
      secondLog2,
      secondAt: take(2 ** (secondLog2 - 3)),
      bucketsAt: take(4 * (2 ** bucketLog2 + 1)),
      entriesAt: take(entries * ENTRY.size),
    };
  });
  const literals = plan.literalFrom.length - 1;
  const headersAt = take(literals * LITERAL.size);
  // Eight bytes are read at once, from the last one as well.
  const bytesAt = take(plan.literalBytes.length + 8);
  const masksAt = take(plan.literalMasks.length + 8);
  const listAt = take((BLOCK_GROUPS * GROUP + GROUP + 1) * 4);
  const hitsAt = take((BLOCK_GROUPS * GROUP + GROUP + 1) * HIT.size);
  const records = Math.max(MIN_OUT_RECORDS, literals * MAX_OCCURRENCES);
  const outAt = take(records * OUT_WORDS * 4);
  const textAt = end;
  let longest = 0;
  for (let l = 0; l < literals; l++) {
    longest = Math.max(longest, (plan.literalFrom[l + 1] as number) - (plan.literalFrom[l] as number));
  }
  const padding = TEXT_PADDING + longest;

  const pages = Math.ceil((textAt + padding) / PAGE);
  const wasm = options.wasm === false ? null : wasmKernel(pages);
  const { memory, run } = wasm ?? plainKernel(pages);
  const kernel: Kernel = {
    kind: wasm ? 'wasm' : 'twin',
    passes,
    textAt,
    bytes: new Uint8Array(memory.buffer),
    words: new Uint32Array(memory.buffer),
    outAt: outAt >>> 2,
    run,
    reserve(textBytes) {
      const missing = textAt + textBytes + padding - memory.buffer.byteLength;
      if (missing <= 0) return;
      // By a quarter at least: the twin copies everything when it grows.
      memory.grow(Math.ceil(Math.max(missing, memory.buffer.byteLength / 4) / PAGE));
      this.bytes = new Uint8Array(memory.buffer);
      this.words = new Uint32Array(memory.buffer);
    },
  };
  const { bytes, words } = kernel;
  bytes.set(plan.literalBytes, bytesAt);
  bytes.set(plan.literalMasks, masksAt);
  for (let l = 0; l < literals; l++) {
    const from = plan.literalFrom[l] as number;
    const at = (headersAt + l * LITERAL.size) >>> 2;
    words[at] = bytesAt + from;
    words[at + 1] = masksAt + from;
    words[at + 2] = (plan.literalFrom[l + 1] as number) - from;
  }
  run.configure(headersAt, literals, listAt, hitsAt, outAt, outAt + records * OUT_WORDS * 4);
  layouts.forEach((layout, i) => {
    const { pass, bits, log2, tableAt, secondLog2, secondAt, bucketLog2, bucketsAt, entriesAt } = layout;
    const at = (passes[i] as number) >>> 2;
    const low = 2 ** (8 * Math.min(4, pass.gram)) - 1;
    const high = pass.gram > 4 ? 2 ** (8 * (pass.gram - 4)) - 1 : 0;
    const fold = pass.fold ? 0x20202020 : 0;
    let shortest = 4;
    // What a scan writes out stands here later.
    pass.literals.forEach((literal, l) => {
      words[kernel.outAt + 2 * l] = literal;
      words[kernel.outAt + 2 * l + 1] = pass.windows[l] as number;
      const length = (plan.literalFrom[literal + 1] as number) - (plan.literalFrom[literal] as number);
      if (length < shortest) shortest = length;
    });
    words.set([tableAt, 64 - log2, bits ? 1 : 0, pass.stride, low, high, fold, fold], at);
    words.set(
      [secondAt, 64 - secondLog2, bucketsAt, 64 - bucketLog2, entriesAt, 2 ** (8 * shortest) - 1],
      at + (PASS.second >>> 2),
    );
    run.build(passes[i] as number, outAt, pass.literals.length);
  });
  return kernel;
}
