/**
 * The global plan of literals: for every pattern the any-of set that is rarest in ordinary text, for every literal the
 * window that is, and for all of them together how many passes are made and how far apart they probe.
 * One short literal would force everybody to a small step, so short ones go into a pass of their own where that is
 * cheaper. `docs/engine.md` explains the arithmetic.
 */
import { literalChoices, type PatternNode } from '../record/index.ts';

/** Bounds of the plan; `docs/engine.md` lists them. */
export const PLAN_LIMITS = {
  /** Patterns without a literal of so many bytes are run on every line. */
  minLiteralBytes: 2,
  /** Longest q-gram: what one load takes in. */
  maxGram: 8,
  /** Largest step between two probes. */
  maxStride: 8,
  /** A longer set is not taken instead of a rarer one if it is expected more often, per byte of text. */
  maxRate: 1e-5,
  /** Literals that a cost is estimated on. */
  maxEstimated: 300,
} as const;

/** One thing to look for. */
export interface PlannedLiteral {
  /** ASCII lower case where `masks` has 32; exact elsewhere. */
  readonly bytes: Uint8Array;
  readonly masks: Uint8Array;
}

/** What a literal's presence says of a pattern: all, that a match begins here, or that one may be on the line. */
export type Proof = 'whole' | 'prefix' | 'inner';

/** Literals that are looked for in one go. */
export interface PlannedPass {
  /** Bytes of a q-gram. */
  readonly gram: number;
  /** Every so many bytes the text is probed. */
  readonly stride: number;
  readonly fold: boolean;
  readonly literals: Int32Array;
  /** Per literal: where its window begins. */
  readonly windows: Int32Array;
}

export interface LiteralPlan {
  /** Literal l is the bytes from `literalFrom[l]` to `literalFrom[l + 1]`, with the case masks at the same places. */
  readonly literalFrom: Uint32Array;
  readonly literalBytes: Uint8Array;
  readonly literalMasks: Uint8Array;
  readonly passes: readonly PlannedPass[];
  /** Per literal, its owners: positions in `owners` from `ownersFrom[l]` to `ownersFrom[l + 1]`. */
  readonly ownersFrom: Int32Array;
  readonly owners: Int32Array;
  readonly proofs: Uint8Array;
  /** Patterns that no literal can find. */
  readonly unfiltered: readonly number[];
}

export const PROOFS: readonly Proof[] = ['whole', 'prefix', 'inner'];

/** How often two, three, four, and eight folded bytes follow one another in ordinary text. */
export interface GramCounts {
  readonly two: Uint32Array;
  readonly three: Uint32Array;
  readonly counts: Uint32Array;
  /** Of eight bytes; as far as they can be counted in two. */
  readonly long: Uint16Array;
  readonly total: number;
}

const COUNT_BITS = 18;
const LONG_BITS = 21;
const LONG_GRAM = 8;
const MOST_COUNTED = 0xffff;

/** Four bytes, folded. */
function fourAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24) |
    0x20202020
  );
}

function countIndex(four: number): number {
  return Math.imul(four, 0x9e3779b1) >>> (32 - COUNT_BITS);
}

function twoIndex(four: number): number {
  return four & 0xffff;
}

function threeIndex(four: number): number {
  return Math.imul(four & 0xffffff, 0x9e3779b1) >>> (32 - COUNT_BITS);
}

function longIndex(first: number, second: number): number {
  const mixed = Math.imul(first, 0x9e3779b1);
  return Math.imul((mixed ^ (mixed >>> 15)) + second, 0x85ebca77) >>> (32 - LONG_BITS);
}

/** Counts the grams of a sample of the text that will be read, or of text like it. */
export function countGrams(sample: Uint8Array): GramCounts {
  const two = new Uint32Array(1 << 16);
  const three = new Uint32Array(1 << COUNT_BITS);
  const counts = new Uint32Array(1 << COUNT_BITS);
  const long = new Uint16Array(1 << LONG_BITS);
  // Rolled along: the four bytes that begin at each of the last places.
  const fours = new Int32Array(4);
  for (let i = 0; i + 3 < sample.length; i++) {
    const four = fourAt(sample, i);
    const index = countIndex(four);
    counts[index] = (counts[index] as number) + 1;
    two[twoIndex(four)] = (two[twoIndex(four)] as number) + 1;
    const shorter = threeIndex(four);
    three[shorter] = (three[shorter] as number) + 1;
    const before = fours[i & 3] as number;
    fours[i & 3] = four;
    if (i < 4) continue;
    const at = longIndex(before, four);
    const count = long[at] as number;
    if (count < MOST_COUNTED) long[at] = count + 1;
  }
  return { two, three, counts, long, total: Math.max(1, sample.length) };
}

/** What a gram that the sample does not hold is taken for: rarer than any that it does. */
const UNSEEN = 0.2;

/** Without a sample: letters of common words are taken for frequent. Per byte of text. */
function guessed(bytes: Uint8Array, at: number): number {
  let share = 1;
  for (let i = 0; i < 4; i++) share *= LETTER[bytes[at + i] as number] as number;
  return share;
}
const LETTER = Float64Array.from({ length: 256 }, (_, byte) => {
  const char = String.fromCharCode(byte).toLowerCase();
  if ('etaoinsrl '.includes(char)) return 0.16;
  if ('dcumfpgh'.includes(char)) return 0.1;
  if (char >= '0' && char <= '9') return 0.12;
  return 0.05;
});

/** Shares of the text, per byte, at which the four-grams of a literal stand. */
function fourShares(bytes: Uint8Array, grams: GramCounts | null): Float64Array {
  const shares = new Float64Array(Math.max(0, bytes.length - 3));
  for (let i = 0; i < shares.length; i++) {
    shares[i] = grams
      ? ((grams.counts[countIndex(fourAt(bytes, i))] as number) + UNSEEN) / grams.total
      : guessed(bytes, i);
  }
  return shares;
}

/** Shares of short grams where nothing was counted. */
const SHORT_SHARE = [1, 0.05, 0.01, 0.002];

/** Per place: the share of the q-gram there, as counted, or that of its rarest four bytes, which bounds it. */
function gramShares(bytes: Uint8Array, gram: number, grams: GramCounts | null): Float64Array {
  const shares = new Float64Array(Math.max(0, bytes.length - gram + 1));
  if (gram === LONG_GRAM && grams) {
    for (let i = 0; i < shares.length; i++) {
      const count = grams.long[longIndex(fourAt(bytes, i), fourAt(bytes, i + 4))] as number;
      shares[i] = (count + UNSEEN) / grams.total;
    }
    return shares;
  }
  if (gram < 4) {
    if (!grams || gram < 2) return shares.fill(SHORT_SHARE[gram] as number);
    for (let i = 0; i < shares.length; i++) {
      // Behind the end of the literal stands nothing that counts.
      const four =
        (bytes[i] as number) | ((bytes[i + 1] as number) << 8) | ((bytes[i + 2] ?? 0) << 16) | 0x202020;
      const count = (gram === 2 ? grams.two[twoIndex(four)] : grams.three[threeIndex(four)]) as number;
      shares[i] = (count + UNSEEN) / grams.total;
    }
    return shares;
  }
  const fours = fourShares(bytes, grams);
  for (let i = 0; i < shares.length; i++) {
    let least = fours[i] as number;
    for (let j = i + gram - 4; j > i; j--) if ((fours[j] as number) < least) least = fours[j] as number;
    shares[i] = least;
  }
  return shares;
}

/** The least mean of `stride` neighbours: expected hits per byte of text of the best window. */
function bestWindowShare(shares: Float64Array, stride: number): number {
  let sum = 0;
  for (let i = 0; i < stride; i++) sum += shares[i] as number;
  let best = sum;
  for (let i = stride; i < shares.length; i++) {
    sum += (shares[i] as number) - (shares[i - stride] as number);
    if (sum < best) best = sum;
  }
  return Math.max(0, best) / stride;
}

/** How often a literal makes the filter stop, per byte of text, if its own length alone decided how it is probed. */
function costOf(bytes: Uint8Array, grams: GramCounts | null): number {
  const { length } = bytes;
  const gram = Math.max(
    Math.min(4, length),
    Math.min(PLAN_LIMITS.maxGram, length - PLAN_LIMITS.maxStride + 1),
  );
  const stride = Math.min(PLAN_LIMITS.maxStride, length - gram + 1);
  return bestWindowShare(gramShares(bytes, gram, grams), stride);
}

/** How often a literal is expected, per byte of text: as its rarest gram at most. */
function rateOf(bytes: Uint8Array, grams: GramCounts | null): number {
  const gram = bytes.length >= LONG_GRAM && grams ? LONG_GRAM : Math.min(4, bytes.length);
  const shares = gramShares(bytes, gram, grams);
  let least = 1;
  for (const share of shares) if (share < least) least = share;
  return least;
}

const encoder = new TextEncoder();

function literalOf(member: string, folded: boolean): PlannedLiteral {
  const bytes = encoder.encode(member);
  const masks = new Uint8Array(bytes.length);
  if (folded)
    for (let i = 0; i < bytes.length; i++)
      if ((bytes[i] as number) >= 97 && (bytes[i] as number) <= 122) masks[i] = 32;
  return { bytes, masks };
}

/** What a pattern is looked for by: one of the members is in every match. */
export interface Choice {
  readonly members: readonly string[];
  readonly proof: Proof;
  readonly folded: boolean;
}

/** An any-of set and what it would cost. */
interface Option {
  readonly choice: Choice;
  readonly cost: number;
  /** How often its members are expected, per byte of text. */
  readonly rate: number;
  /** Bytes of its shortest member. */
  readonly least: number;
}

function optionsOf(node: PatternNode, grams: GramCounts | null): Option[] {
  const { choices, folded } = literalChoices(node);
  const options: Option[] = [];
  for (const choice of choices) {
    // A member with a line break occurs in no line; one with U+FFFD stands for bytes that are no text.
    const members = choice.members.filter((m) => !m.includes('\n'));
    if (members.some((m) => m.includes('\ufffd'))) continue;
    let cost = 0;
    let rate = 0;
    let least = PLAN_LIMITS.maxGram + PLAN_LIMITS.maxStride;
    for (const member of members) {
      const { bytes } = literalOf(member, folded);
      cost += bytes.length < PLAN_LIMITS.minLiteralBytes ? 1 : costOf(bytes, grams);
      rate += rateOf(bytes, grams);
      least = Math.min(least, bytes.length);
    }
    const proof = choice.whole ? 'whole' : choice.prefix ? 'prefix' : 'inner';
    if (cost < 1) options.push({ choice: { members, folded, proof }, cost, rate, least });
  }
  const costs = ({ cost, rate, choice }: Option) => cost * HIT_COST + rate * CONFIRM_COST[choice.proof];
  return options.sort((a, b) => costs(a) - costs(b) || b.least - a.least);
}

/**
 * What each pattern is looked for by; null where no set will do. The rarest set is not always the best one: if it is
 * short, it makes the probing of all others denser.
 */
export function chooseLiterals(nodes: readonly PatternNode[], grams: GramCounts | null): (Choice | null)[] {
  const options = nodes.map((node) => optionsOf(node, grams));
  let best: { cost: number; choices: (Choice | null)[] } | null = null;
  for (const wanted of [0, 8, 11, 13, 14, 15]) {
    // What is expected to be tried, nanoseconds per byte.
    let confirming = 0;
    const choices = options.map((list) => {
      const long = (o: Option) => o.least >= wanted && o.rate <= PLAN_LIMITS.maxRate;
      const option = list.find(long) ?? list[0];
      if (option) confirming += option.rate * CONFIRM_COST[option.choice.proof];
      return option?.choice ?? null;
    });
    const literals = choices.flatMap(
      (c) => c?.members.map((member) => () => literalOf(member, c.folded)) ?? [],
    );
    const lengths = choices.flatMap((c) => c?.members.map(utf8Length) ?? []);
    const cost = choosePasses(literals, lengths, grams).cost + confirming;
    if (!best || cost < best.cost * 0.98) best = { cost, choices };
  }
  return best?.choices ?? [];
}

function utf8Length(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= 0x80) length += code >= 0x800 && (code < 0xd800 || code > 0xdfff) ? 2 : 1;
  }
  return length;
}

/**
 * What a pass costs, in nanoseconds, as measured on one machine; only the proportions matter. A probe, by how many
 * q-grams the tables hold (what outgrows a cache is slower), and the share of probes that collide there.
 */
function probeCost(entries: number): { readonly probe: number; readonly collisions: number } {
  if (entries <= 2 ** 15) return { probe: 1, collisions: entries / 2 ** 18 };
  if (entries <= 2 ** 17) return { probe: 1.2, collisions: entries / 2 ** 19 };
  return { probe: 1.6, collisions: Math.max(0.05, entries / 2 ** 23) };
}
/** A collision ends at the second table; a q-gram that is there is looked up. */
const COLLISION_COST = 4;
const HIT_COST = 15;
/** What follows when a literal is there: the line is noted, and the pattern tried at its place, or on the whole line. */
const CONFIRM_COST: Readonly<Record<Proof, number>> = { whole: 50, prefix: 150, inner: 400 };

interface Shape {
  readonly gram: number;
  readonly stride: number;
}

/** Lengths of q-grams, and 0, which none has. */
const GRAMS = Array.from({ length: PLAN_LIMITS.maxGram + 1 }, (_, gram) => gram);

/** What the estimates know of a literal: its length, and by q the shares of its q-grams. */
interface Estimated {
  readonly length: number;
  readonly byGram: readonly Float64Array[];
}

/** Estimated nanoseconds per byte of one pass over literals of at least `gram + stride - 1` bytes. */
function passCost(sample: readonly Estimated[], count: number, { gram, stride }: Shape): number {
  let hits = 0;
  const scale = count / Math.max(1, sample.length);
  for (const { byGram } of sample) {
    hits += bestWindowShare(byGram[gram] as Float64Array, stride);
  }
  const { probe, collisions } = probeCost(count * stride);
  return (probe + collisions * COLLISION_COST) / stride + hits * scale * HIT_COST;
}

function bestShape(
  sample: readonly Estimated[],
  count: number,
  length: number,
): { shape: Shape; cost: number } {
  let best: { shape: Shape; cost: number } | null = null;
  for (let gram = Math.min(length, 2); gram <= Math.min(PLAN_LIMITS.maxGram, length); gram++) {
    if (gram < 4 && length > 6) continue;
    const shape = { gram, stride: Math.min(PLAN_LIMITS.maxStride, length - gram + 1) };
    const cost = passCost(sample, count, shape);
    if (!best || cost < best.cost) best = { shape, cost };
  }
  return best as { shape: Shape; cost: number };
}

/** Splits the literals into one or two passes, whichever is estimated to be cheapest. */
function choosePasses(
  literals: readonly (() => PlannedLiteral)[],
  lengths: readonly number[],
  grams: GramCounts | null,
): { cost: number; passes: { from: number; shape: Shape }[] } {
  if (literals.length === 0) return { cost: 0, passes: [] };
  const step = Math.max(1, Math.floor(literals.length / PLAN_LIMITS.maxEstimated));
  const sample = literals
    .filter((_, i) => i % step === 0)
    .map((literal): Estimated => {
      const { bytes } = literal();
      return { length: bytes.length, byGram: GRAMS.map((gram) => gramShares(bytes, gram, grams)) };
    });
  const shortest = lengths.reduce((a, b) => Math.min(a, b));
  const longest = PLAN_LIMITS.maxGram + PLAN_LIMITS.maxStride - 1;
  const part = (least: number, below: number) => {
    const inside = (n: number) => n >= least && n < below;
    return bestShape(
      sample.filter((s) => inside(s.length)),
      lengths.filter(inside).length,
      least,
    );
  };
  const all = part(shortest, Number.POSITIVE_INFINITY);
  let best = { cost: all.cost, passes: [{ from: shortest, shape: all.shape }] };
  for (let border = shortest + 1; border <= longest; border++) {
    if (!lengths.some((n) => n >= border) || !lengths.some((n) => n === border - 1)) continue;
    const long = part(border, Number.POSITIVE_INFINITY);
    if (long.cost >= best.cost) continue;
    const short = part(shortest, border);
    if (long.cost + short.cost < best.cost) {
      best = {
        cost: long.cost + short.cost,
        passes: [
          { from: shortest, shape: short.shape },
          { from: border, shape: long.shape },
        ],
      };
    }
  }
  return best;
}

/** Where the window of a literal begins: rarest first; one that others use already only where it is rarer. */
function chooseWindow(
  { bytes }: PlannedLiteral,
  { gram, stride }: Shape,
  grams: GramCounts | null,
  used: Uint16Array,
): number {
  const last = bytes.length - (gram + stride - 1);
  const shares = gramShares(bytes, gram, grams);
  let best = 0;
  let lowest = Number.POSITIVE_INFINITY;
  for (let at = 0; at <= last; at++) {
    const others = used[countIndex(fourAt(bytes, at))] as number;
    let cost = 0;
    for (let j = 0; j < stride; j++) cost += shares[at + j] as number;
    cost = cost * (1 + others) + others * 1e-7;
    if (cost < lowest) {
      lowest = cost;
      best = at;
    }
  }
  const index = countIndex(fourAt(bytes, best));
  if ((used[index] as number) < 0xffff) used[index] = (used[index] as number) + 1;
  return best;
}

/**
 * Plans how patterns are looked for, given what each is looked for by (null: nothing will do), and extra literals, whose
 * owners count on from the patterns. Deterministic: the same input gives the same plan.
 */
export function planLiterals(
  choices: readonly (Choice | null)[],
  extra: readonly PlannedLiteral[],
  grams: GramCounts | null,
): LiteralPlan {
  const numbers = new Map<string, number>();
  const literals: PlannedLiteral[] = [];
  const owning: { owner: number; proof: number }[][] = [];
  const unfiltered: number[] = [];
  const own = (literal: () => PlannedLiteral, key: string, owner: number, proof: number) => {
    let number = numbers.get(key);
    if (number === undefined) {
      number = literals.push(literal()) - 1;
      numbers.set(key, number);
      owning.push([]);
    }
    (owning[number] as { owner: number; proof: number }[]).push({ owner, proof });
  };
  choices.forEach((choice, owner) => {
    if (!choice) {
      unfiltered.push(owner);
      return;
    }
    const { members, folded, proof } = choice;
    for (const member of members) {
      const literal = () => literalOf(member, folded);
      own(literal, (folded ? 'f' : 'x') + member, owner, PROOFS.indexOf(proof));
    }
  });
  const decoder = new TextDecoder();
  extra.forEach((literal, i) => {
    own(() => literal, `f${decoder.decode(literal.bytes)}`, choices.length + i, 0);
  });
  const ownersFrom = new Int32Array(literals.length + 1);
  owning.forEach((list, i) => {
    ownersFrom[i + 1] = (ownersFrom[i] as number) + list.length;
  });
  const flat = owning.flat();
  const used = new Uint16Array(1 << COUNT_BITS);
  const { passes: chosen } = choosePasses(
    literals.map((literal) => () => literal),
    literals.map(({ bytes }) => bytes.length),
    grams,
  );
  const passes = chosen.map(({ from, shape }, i): PlannedPass => {
    const below = chosen[i + 1]?.from ?? Number.POSITIVE_INFINITY;
    const members = [...literals.keys()].filter((l) => {
      const { length } = (literals[l] as PlannedLiteral).bytes;
      return length >= from && length < below;
    });
    return {
      ...shape,
      fold: members.some((l) => (literals[l] as PlannedLiteral).masks.some((m) => m !== 0)),
      literals: Int32Array.from(members),
      windows: Int32Array.from(members, (l) =>
        chooseWindow(literals[l] as PlannedLiteral, shape, grams, used),
      ),
    };
  });
  const literalFrom = new Uint32Array(literals.length + 1);
  literals.forEach(({ bytes }, l) => {
    literalFrom[l + 1] = (literalFrom[l] as number) + bytes.length;
  });
  const literalBytes = new Uint8Array(literalFrom[literals.length] as number);
  const literalMasks = new Uint8Array(literalBytes.length);
  literals.forEach(({ bytes, masks }, l) => {
    literalBytes.set(bytes, literalFrom[l]);
    literalMasks.set(masks, literalFrom[l]);
  });
  return {
    literalFrom,
    literalBytes,
    literalMasks,
    passes,
    ownersFrom,
    owners: Int32Array.from(flat, (o) => o.owner),
    proofs: Uint8Array.from(flat, (o) => o.proof),
    unfiltered,
  };
}

/**
 * A byte that stands on every line that a pattern matches, -1 where none is certain: of a pattern that no literal finds, it
 * says at least on which lines it need not be tried. Of several the one that is no letter.
 */
export function requiredByte(node: PatternNode): number {
  const { choices, folded } = literalChoices(node);
  let best = -1;
  for (const { members } of choices) {
    const [only] = members;
    const byte = only?.charCodeAt(0) ?? 128;
    if (members.length !== 1 || byte >= 128 || byte === 10) continue;
    const isLetter = (byte | 32) >= 97 && (byte | 32) <= 122;
    if (folded && isLetter) continue;
    if (best === -1 || !isLetter) best = byte;
  }
  return best;
}

/** A literal to be looked for besides the patterns, ASCII case ignored. */
export function extraLiteral(text: string): PlannedLiteral {
  return literalOf(
    text.replace(/[A-Z]+/g, (s) => s.toLowerCase()),
    true,
  );
}
