/** SHA-256 (FIPS 180-4), for places without a library of it: packs are read in browsers, and at once. */

const ROUNDS = 64;
/** The first 32 bits of the fractional part of a root of each of the first primes. */
function fractions(count: number, root: number): Uint32Array {
  const out = new Uint32Array(count);
  for (let n = 2, i = 0; i < count; n++) {
    let prime = true;
    for (let d = 2; d * d <= n; d++) if (n % d === 0) prime = false;
    if (prime) out[i++] = (n ** (1 / root) % 1) * 2 ** 32;
  }
  return out;
}
const CONSTANTS = fractions(ROUNDS, 3);
const START = fractions(8, 2);

/** The digest, 32 bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  const blocks = (bytes.length + 9 + 63) >>> 6;
  const padded = new Uint8Array(128);
  const whole = bytes.length & ~63;
  padded.set(bytes.subarray(whole));
  padded[bytes.length - whole] = 0x80;
  const end = (blocks << 6) - whole;
  const tail = new DataView(padded.buffer);
  tail.setUint32(end - 8, Math.floor(bytes.length / 2 ** 29));
  tail.setUint32(end - 4, (bytes.length << 3) >>> 0);

  const state = START.slice();
  const w = new Uint32Array(ROUNDS);
  for (let at = 0; at < whole; at += 64) compress(state, bytes, at, w);
  for (let at = 0; at < end; at += 64) compress(state, padded, at, w);
  const digest = new Uint8Array(32);
  const view = new DataView(digest.buffer);
  state.forEach((word, i) => {
    view.setUint32(i * 4, word);
  });
  return digest;
}

function rotate(x: number, by: number): number {
  return (x >>> by) | (x << (32 - by));
}

function compress(state: Uint32Array, bytes: Uint8Array, at: number, w: Uint32Array): void {
  for (let i = 0; i < 16; i++) {
    const b = at + i * 4;
    w[i] =
      ((bytes[b] as number) << 24) |
      ((bytes[b + 1] as number) << 16) |
      ((bytes[b + 2] as number) << 8) |
      (bytes[b + 3] as number);
  }
  for (let i = 16; i < ROUNDS; i++) {
    const x = w[i - 15] as number;
    const y = w[i - 2] as number;
    const s0 = rotate(x, 7) ^ rotate(x, 18) ^ (x >>> 3);
    const s1 = rotate(y, 17) ^ rotate(y, 19) ^ (y >>> 10);
    w[i] = ((w[i - 16] as number) + s0 + (w[i - 7] as number) + s1) | 0;
  }
  let [a, b, c, d, e, f, g, h] = state as unknown as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  for (let i = 0; i < ROUNDS; i++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + (CONSTANTS[i] as number) + (w[i] as number)) | 0;
    const t2 = ((rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  [a, b, c, d, e, f, g, h].forEach((value, i) => {
    state[i] = (state[i] as number) + value;
  });
}
