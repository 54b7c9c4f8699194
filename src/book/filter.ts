/**
 * The prefilter: given literals, finds in one pass over a text which of them occur. Plain TypeScript; a faster
 * engine may replace it behind the same three lines of interface.
 *
 * Each literal is looked up by one 4-character window of it, hashed into a bitmap (one multiplication and one
 * bit test per character of text); only where the bit is set are the literals of that bucket compared.
 */

export interface Filter {
  /** Calls `found` with the number of every literal that occurs in the text (ASCII case ignored), at least once. */
  scan(text: string, found: (literal: number) => void): void;
}

const WINDOW = 4;
const HASH_BITS = 16;
const HASH_MULTIPLIER = 0x9e3779b1;

function foldCode(code: number): number {
  return code >= 65 && code <= 90 ? code | 32 : code;
}

/** Rough rarity of a character in output: letters of common words are cheap, digits and punctuation dearer. */
const CHAR_COST = Uint8Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code);
  if ('etaoinsrl '.includes(char)) return 1;
  if ('dcumfpgh'.includes(char)) return 2;
  return char >= '0' && char <= '9' ? 3 : 4;
});
const FOREIGN_COST = 6;

/** Offset of the window of `literal` that should be rarest in ordinary text. */
function bestWindow(literal: string): number {
  const costAt = (at: number) => CHAR_COST[literal.charCodeAt(at)] ?? FOREIGN_COST;
  let cost = 0;
  for (let i = 0; i < WINDOW; i++) cost += costAt(i);
  let best = 0;
  let bestCost = cost;
  for (let at = 1; at + WINDOW <= literal.length; at++) {
    cost += costAt(at + WINDOW - 1) - costAt(at - 1);
    if (cost > bestCost) {
      best = at;
      bestCost = cost;
    }
  }
  return best;
}

/** @param literals folded (ASCII lower case), each at least 4 UTF-16 units long. */
export function buildFilter(literals: readonly string[]): Filter {
  const bitmap = new Int32Array(1 << (HASH_BITS - 5));
  const head = new Int32Array(1 << HASH_BITS).fill(-1);
  const next = new Int32Array(literals.length).fill(-1);
  const offsets = new Int32Array(literals.length);
  literals.forEach((literal, index) => {
    const offset = bestWindow(literal);
    offsets[index] = offset;
    let key = 0;
    for (let i = 0; i < WINDOW; i++) key = (key >>> 8) | ((literal.charCodeAt(offset + i) & 0xff) << 24);
    const hash = Math.imul(key, HASH_MULTIPLIER) >>> (32 - HASH_BITS);
    bitmap[hash >>> 5] = (bitmap[hash >>> 5] as number) | (1 << (hash & 31));
    next[index] = head[hash] as number;
    head[hash] = index;
  });

  function occursAt(text: string, literal: number, start: number): boolean {
    const expected = literals[literal] as string;
    if (start < 0 || start + expected.length > text.length) return false;
    for (let i = 0; i < expected.length; i++) {
      if (foldCode(text.charCodeAt(start + i)) !== expected.charCodeAt(i)) return false;
    }
    return true;
  }

  return {
    scan(text, found) {
      let key = 0;
      for (let i = 0; i < text.length; i++) {
        const code = foldCode(text.charCodeAt(i));
        key = (key >>> 8) | ((code & 0xff) << 24);
        const hash = Math.imul(key, HASH_MULTIPLIER) >>> (32 - HASH_BITS);
        if (((bitmap[hash >>> 5] as number) & (1 << (hash & 31))) === 0 || i < WINDOW - 1) continue;
        for (let l = head[hash] as number; l !== -1; l = next[l] as number) {
          if (occursAt(text, l, i - (WINDOW - 1) - (offsets[l] as number))) found(l);
        }
      }
    },
  };
}
