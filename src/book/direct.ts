/**
 * The real pattern on one line, without an automaton: most patterns of messages are text with a few `\d+`, `\S+`, `.*`
 * and alternations, in which the next byte alone says how to go on. Such a pattern is a row of blocks with anything
 * between (`.*`), and each block is run byte by byte. What is not of this kind is declined when it is compiled; where gaps
 * of a class (`\S+:`) would make it slow on a line, the line is declined: the automata of `confirm.ts` are linear.
 */
import type { CharRanges, PatternNode } from '../record/index.ts';

/** Limits of direct matching; `docs/engine.md` lists them. */
export const DIRECT_LIMITS = {
  /** Instructions of one pattern, counted repeats unrolled. */
  maxOps: 2_048,
  /** Steps that a line may cost for each of its bytes. */
  maxStepsPerByte: 8,
  /** What a pattern may take beyond so many steps per byte, all lines together, before it gets an automaton. */
  usualStepsPerByte: 2,
  maxExcessSteps: 20_000,
} as const;

/** Bytes, and behind them the end of the line. */
const END = 256;
type ByteSet = Uint8Array;
const newSet = (): ByteSet => new Uint8Array(END + 1);

/** The tree in a form that can be run: repeats are copies, then an option or a loop. */
type Item =
  | { readonly t: 'text'; readonly bytes: readonly number[] }
  | { readonly t: 'set'; readonly set: ByteSet }
  | { readonly t: 'assert'; readonly at: 'start' | 'end' | 'word' | 'not-word' }
  | { readonly t: 'option'; readonly body: readonly Item[] }
  | { readonly t: 'loop'; readonly body: readonly Item[] }
  | { readonly t: 'alternate'; readonly options: readonly (readonly Item[])[] };

/** What one pattern may still take, and the sets that it has. */
interface Budget {
  ops: number;
  readonly sets: Map<string, ByteSet>;
}

/** Thrown inside `compileDirect` only: the next byte does not decide, or the pattern is too large. */
class Declined extends Error {}

/** With what a row of items can begin. */
interface First {
  readonly set: ByteSet;
  /** It can be empty: wherever it stands, or only where an assertion holds. */
  readonly empty: 'no' | 'always' | 'sometimes';
}

const NOTHING_FOLLOWS: First = { set: newSet(), empty: 'always' };

const [TEXT, SET, BRANCH, JUMP, START, ATEND, WORD, NOTWORD, ACCEPT] = [0, 1, 2, 3, 4, 5, 6, 7, 8];

/** A row of instructions (op, argument, length or target) that the next byte leads through. */
interface Block {
  readonly ops: Int32Array;
  readonly text: Uint8Array;
  readonly sets: readonly ByteSet[];
  /** Bytes that it can begin with; null where it can begin without one. */
  readonly first: ByteSet | null;
  /** Bytes that its second can be; null where that is not known. */
  readonly second: ByteSet | null;
  /** It begins with the first two bytes of its text. */
  readonly begins: boolean;
}

/** Blocks that follow one another, between two of which only bytes of a class may stand. */
interface Part {
  readonly blocks: readonly Block[];
  /** Before block i + 1. */
  readonly gaps: readonly ByteSet[];
}

/** A pattern that can be run directly. */
export interface Direct {
  /** Between two of them anything may stand. */
  readonly parts: readonly Part[];
  /** Anything may stand before the first. */
  readonly loose: boolean;
}

/** Makes a pattern ready; null where the next byte does not always say how to go on. */
export function compileDirect(node: PatternNode): Direct | null {
  try {
    const budget: Budget = { ops: DIRECT_LIMITS.maxOps, sets: new Map() };
    const items: Item[] = [];
    itemsOf(node, items, budget);
    return directOf(items, budget);
  } catch (error) {
    if (error instanceof Declined) return null;
    throw error;
  }
}

function directOf(items: readonly Item[], budget: Budget): Direct {
  const parts: Part[] = [];
  let blocks: Block[] = [];
  let gaps: ByteSet[] = [];
  let run: Item[] = [];
  let loose = false;
  const endBlock = (follow: First) => {
    blocks.push(blockOf(run, follow, budget));
    run = [];
  };
  items.forEach((item, i) => {
    const gap = item.t === 'loop' ? gapOf(item.body) : null;
    if (!gap) {
      run.push(item);
      return;
    }
    const any = isAny(gap);
    const rest = firstOf(items, NOTHING_FOLLOWS, i + 1);
    // What may be empty from here on is: a match that ends early is one.
    if (rest.empty === 'always') return;
    if (!any && rest.empty === 'no' && !overlap(gap, rest.set)) {
      run.push(item);
      return;
    }
    if (any && parts.length === 0 && blocks.length === 0 && run.length === 0) {
      loose = true;
      return;
    }
    if (any) {
      // Whatever may stand at the end of the block may as well stand in the gap.
      endBlock(NOTHING_FOLLOWS);
      parts.push({ blocks, gaps });
      blocks = [];
      gaps = [];
    } else {
      endBlock({ set: union(gap, rest.set), empty: rest.empty });
      gaps.push(gap);
    }
  });
  endBlock(NOTHING_FOLLOWS);
  parts.push({ blocks, gaps });
  return { parts, loose };
}

/** The class of a loop over one. */
function gapOf(body: readonly Item[]): ByteSet | null {
  const [only] = body;
  if (body.length !== 1) return null;
  if (only?.t === 'set') return only.set;
  return only?.t === 'text' && only.bytes.length === 1 ? single(only.bytes[0] as number) : null;
}

/** All bytes but the line break: on a line that is all. */
function isAny(set: ByteSet): boolean {
  for (let b = 0; b < END; b++) if (set[b] === 0 && b !== 10) return false;
  return true;
}

function overlap(a: ByteSet, b: ByteSet): boolean {
  for (let i = 0; i <= END; i++) if (a[i] === 1 && b[i] === 1) return true;
  return false;
}

function union(a: ByteSet, b: ByteSet): ByteSet {
  const out = a.slice();
  for (let i = 0; i <= END; i++) if (b[i] === 1) out[i] = 1;
  return out;
}

function setOf(ranges: CharRanges): ByteSet {
  const set = newSet();
  for (const [lo, hi] of ranges) set.fill(1, Math.min(lo, 128), Math.min(hi, 127) + 1);
  const last = ranges[ranges.length - 1];
  if (last && last[1] >= 128) {
    // Characters beyond ASCII that are named are bytes in a row.
    if (last[1] !== 0x10ffff) throw new Declined();
    set.fill(1, 128, END);
  }
  return set;
}

function itemsOf(node: PatternNode, into: Item[], budget: Budget): void {
  switch (node.kind) {
    case 'empty':
      return;
    case 'assert':
      into.push({ t: 'assert', at: node.at });
      return;
    case 'class': {
      spend(budget);
      const { ranges } = node;
      const byte = byteOf(ranges);
      if (byte !== -1) {
        into.push({ t: 'text', bytes: [byte] });
        return;
      }
      const key = ranges.join();
      let set = budget.sets.get(key);
      if (!set) {
        set = setOf(ranges);
        budget.sets.set(key, set);
      }
      into.push({ t: 'set', set });
      return;
    }
    case 'group':
      itemsOf(node.node, into, budget);
      return;
    case 'concat': {
      // Text in a row is one item: patterns of messages are mostly that.
      let text: number[] = [];
      for (const n of node.nodes) {
        const byte = n.kind === 'class' ? byteOf(n.ranges) : -1;
        if (byte !== -1) {
          text.push(byte);
          continue;
        }
        if (text.length > 0) into.push({ t: 'text', bytes: text });
        text = [];
        itemsOf(n, into, budget);
      }
      if (text.length > 0) into.push({ t: 'text', bytes: text });
      spend(budget, node.nodes.length);
      return;
    }
    case 'alternate': {
      const options = node.nodes.map((n) => {
        const list: Item[] = [];
        itemsOf(n, list, budget);
        return list;
      });
      into.push(...alternative(options));
      return;
    }
    case 'repeat': {
      const { min, max } = node;
      for (let i = 0; i < min; i++) itemsOf(node.node, into, budget);
      if (max === min) return;
      const body: Item[] = [];
      itemsOf(node.node, body, budget);
      if (max === -1) {
        into.push({ t: 'loop', body });
        return;
      }
      let nested: Item[] = [];
      spend(budget, sizeOf(body) * (max - min));
      for (let i = min; i < max; i++) {
        nested = [{ t: 'option', body: [...body, ...nested] }];
      }
      into.push(...nested);
    }
  }
}

/** The byte that a class consists of; -1 where it is another class. */
function byteOf(ranges: CharRanges): number {
  if (ranges.length !== 1) return -1;
  const [lo, hi] = ranges[0] as readonly [number, number];
  return lo === hi && lo < 128 ? lo : -1;
}

function spend(budget: Budget, ops = 1): void {
  budget.ops -= ops;
  if (budget.ops < 0) throw new Declined();
}

/** Bytes and sets of a row, options and loops taken in. */
function sizeOf(items: readonly Item[]): number {
  let size = 0;
  for (const item of items) {
    if (item.t === 'text') size += item.bytes.length;
    else if (item.t === 'alternate') for (const option of item.options) size += sizeOf(option);
    else size += 'body' in item ? sizeOf(item.body) : 1;
  }
  return size;
}

/** Alternatives; what several begin with is taken out in front, so that the next byte can tell them apart. */
function alternative(options: readonly (readonly Item[])[]): Item[] {
  const rest = options.filter((o) => o.length > 0);
  if (rest.length < options.length)
    return rest.length === 0 ? [] : [{ t: 'option', body: alternative(rest) }];
  const [only] = rest;
  if (rest.length === 1) return [...(only as readonly Item[])];
  const groups: Item[][][] = [];
  for (const option of rest.map(splitStart)) {
    const group = groups.find(([known]) => sameStart(known as Item[], option));
    if (group) group.push(option);
    else groups.push([option]);
  }
  if (groups.length === rest.length) return [{ t: 'alternate', options: rest }];
  const factored = groups.map((group) => {
    const [first] = group as [Item[]];
    if (group.length === 1) return first;
    return [first[0] as Item, ...alternative(group.map((option) => option.slice(1)))];
  });
  return factored.length === 1 ? (factored[0] as Item[]) : [{ t: 'alternate', options: factored }];
}

/** The first byte of a text stands alone. */
function splitStart(items: readonly Item[]): Item[] {
  const [first, ...others] = items;
  if (first?.t !== 'text' || first.bytes.length === 1) return [...items];
  return [
    { t: 'text', bytes: first.bytes.slice(0, 1) },
    { t: 'text', bytes: first.bytes.slice(1) },
    ...others,
  ];
}

function sameStart(a: readonly Item[], b: readonly Item[]): boolean {
  const [x, y] = [a[0], b[0]];
  // Of texts the first bytes were split off.
  if (x?.t === 'text') return y?.t === 'text' && x.bytes[0] === y.bytes[0];
  return x?.t === 'set' && y?.t === 'set' && x.set === y.set;
}

/** Sets of one byte each, made when they are first asked for; like all sets here they are never changed. */
const singles: (ByteSet | undefined)[] = [];
function single(byte: number): ByteSet {
  let set = singles[byte];
  if (!set) {
    set = newSet();
    set[byte] = 1;
    singles[byte] = set;
  }
  return set;
}

/** With what a row of items (from one of them on), and behind it what follows, can begin. */
function firstOf(items: readonly Item[], follow: First, from = 0): First {
  let set = null as ByteSet | null;
  let guarded = false;
  const add = (more: ByteSet) => {
    set = set ? union(set, more) : more;
  };
  for (let i = from; i < items.length; i++) {
    const item = items[i] as Item;
    switch (item.t) {
      case 'text':
        add(single(item.bytes[0] as number));
        return { set: set as ByteSet, empty: 'no' };
      case 'set':
        add(item.set);
        return { set: set as ByteSet, empty: 'no' };
      case 'assert':
        if (item.at === 'end') {
          add(single(END));
          return { set: set as ByteSet, empty: 'no' };
        }
        guarded = true;
        break;
      case 'option':
      case 'loop':
        add(firstOf(item.body, NOTHING_FOLLOWS).set);
        break;
      case 'alternate': {
        let empty = false;
        for (const option of item.options) {
          const first = firstOf(option, NOTHING_FOLLOWS);
          add(first.set);
          if (first.empty !== 'no') empty = true;
        }
        if (!empty) return { set: set as ByteSet, empty: 'no' };
        guarded = true;
        break;
      }
    }
  }
  add(follow.set);
  return {
    set: set as ByteSet,
    empty: follow.empty === 'always' && guarded ? 'sometimes' : follow.empty,
  };
}

function blockOf(items: readonly Item[], follow: First, budget: Budget): Block {
  const ops: number[] = [];
  const text: number[] = [];
  const sets: ByteSet[] = [];
  const emit = (op: number, argument = 0, target = 0): number => {
    spend(budget);
    return ops.push(op, argument, target) / 3 - 1;
  };
  const branch = (set: ByteSet): number => emit(BRANCH, sets.push(set) - 1);
  const here = (): number => ops.length / 3;
  const lead = (at: number): void => {
    ops[at * 3 + 2] = here();
  };
  /** The set by which an option or a loop is entered; it must say so alone. */
  const entry = (body: readonly Item[], rest: First): ByteSet => {
    const { set, empty } = firstOf(body, NOTHING_FOLLOWS);
    if (empty !== 'no' || rest.empty !== 'no' || set[END] === 1 || overlap(set, rest.set))
      throw new Declined();
    return set;
  };
  const compile = (list: readonly Item[], behind: First): void => {
    list.forEach((item, i) => {
      switch (item.t) {
        case 'text':
          emit(TEXT, text.length, item.bytes.length);
          text.push(...item.bytes);
          return;
        case 'set':
          emit(SET, sets.push(item.set) - 1);
          return;
        case 'assert':
          emit({ start: START, end: ATEND, word: WORD, 'not-word': NOTWORD }[item.at] as number);
          return;
        case 'option':
        case 'loop': {
          const rest = firstOf(list, behind, i + 1);
          // A match that ends here is one, and ends first.
          if (rest.empty === 'always') return;
          const set = entry(item.body, rest);
          const at = branch(set);
          const loops = item.t === 'loop';
          compile(item.body, loops ? { set: union(set, rest.set), empty: 'no' } : rest);
          if (loops) emit(JUMP, 0, at);
          lead(at);
          return;
        }
        case 'alternate': {
          const rest = firstOf(list, behind, i + 1);
          const firsts = item.options.map((option) => firstOf(option, NOTHING_FOLLOWS));
          let taken = newSet();
          for (const { set, empty } of firsts) {
            if (empty !== 'no' || set[END] === 1 || overlap(set, taken)) throw new Declined();
            taken = union(taken, set);
          }
          const ends: number[] = [];
          item.options.forEach((option, o) => {
            const last = o === item.options.length - 1;
            const at = last ? -1 : branch((firsts[o] as First).set);
            compile(option, rest);
            if (last) return;
            ends.push(emit(JUMP));
            lead(at);
          });
          for (const end of ends) lead(end);
        }
      }
    });
  };
  compile(items, follow);
  emit(ACCEPT);
  const first = firstOf(items, NOTHING_FOLLOWS);
  return {
    ops: Int32Array.from(ops),
    text: Uint8Array.from(text),
    sets,
    first: first.empty === 'no' && first.set[END] === 0 ? first.set : null,
    second: secondOf(items),
    begins: items[0]?.t === 'text' && items[0].bytes.length > 1,
  };
}

/** The bytes that can be the second of a row, where its first two items say so. */
function secondOf([first, next]: readonly Item[]): ByteSet | null {
  if (first?.t === 'text' && first.bytes.length > 1) return single(first.bytes[1] as number);
  if (first?.t !== 'text' && first?.t !== 'set') return null;
  if (next?.t === 'text') return single(next.bytes[0] as number);
  return next?.t === 'set' ? next.set : null;
}

/** A line on which matching took more steps than it may. */
const TOO_LONG = -2;
const NO = -1;

/** Runs direct patterns on lines of bytes. */
export class DirectRun {
  private bytes: Uint8Array = new Uint8Array(0);
  private lineFrom = 0;
  private lineTo = 0;
  private steps = 0;
  private allowed = 0;

  /**
   * Whether a pattern matches between `from` and `to`, the end of the line.
   * @param anchored a match must begin at `from`
   * @param lineFrom where the line begins: an assertion looks at what stands before `from`
   * @returns null where it would take too long: ask an automaton
   */
  test(
    direct: Direct,
    bytes: Uint8Array,
    from: number,
    to: number,
    lineFrom: number,
    anchored: boolean,
  ): boolean | null {
    if (anchored && direct.loose) return null;
    this.bytes = bytes;
    this.lineFrom = lineFrom;
    this.lineTo = to;
    this.allowed = (to - from + 64) * DIRECT_LIMITS.maxStepsPerByte;
    this.steps = this.allowed;
    let at = from;
    const last = direct.parts.length - 1;
    for (let p = 0; p <= last; p++) {
      const part = direct.parts[p] as Part;
      at = anchored && p === 0 ? this.partAt(part, 0, at, p === last) : this.find(part, at, p === last);
      if (at < 0) return at === NO ? false : null;
    }
    return true;
  }

  /** Steps that the last test took, in bytes read. */
  get taken(): number {
    return this.allowed - this.steps;
  }

  /** Where the match that ends first ends, of those that begin at `from` or behind. */
  private find(part: Part, from: number, last: boolean): number {
    const { bytes, lineTo } = this;
    const { first, second, text } = part.blocks[0] as Block;
    const begin = (part.blocks[0] as Block).begins ? (text[0] as number) : -1;
    const then = text[1];
    let best = NO;
    // Behind a match that begins earlier one may end earlier, but only inside it.
    let limit = lineTo;
    for (let at = from; ; at++) {
      if (first !== null) {
        const stop = Math.min(limit + 1, second === null ? lineTo : lineTo - 1);
        if (begin !== -1) while (at < stop && (bytes[at] !== begin || bytes[at + 1] !== then)) at++;
        else if (second === null) while (at < stop && first[bytes[at] as number] === 0) at++;
        else
          while (at < stop && (first[bytes[at] as number] === 0 || second[bytes[at + 1] as number] === 0))
            at++;
        if (at >= stop) break;
      } else if (at > limit) break;
      const end = this.partAt(part, 0, at, last);
      if (end === TOO_LONG) return end;
      if (end === NO || (best !== NO && end >= best)) continue;
      if (last) return end;
      best = end;
      limit = end;
    }
    this.steps -= (best === NO ? lineTo : best) - from;
    return best;
  }

  /** Where a part that begins at `at`, at its block `index`, ends first. */
  private partAt(part: Part, index: number, at: number, last: boolean): number {
    const end = this.block(part.blocks[index] as Block, at);
    if (end < 0 || index === part.blocks.length - 1) return end;
    const gap = part.gaps[index] as ByteSet;
    const next = part.blocks[index + 1] as Block;
    const { bytes, lineTo } = this;
    let best = NO;
    for (let q = end; q <= lineTo; q++) {
      this.steps--;
      if (next.first === null || (q < lineTo && next.first[bytes[q] as number] === 1)) {
        const behind = this.partAt(part, index + 1, q, last);
        if (behind === TOO_LONG || (behind !== NO && last)) return behind;
        if (behind !== NO && (best === NO || behind < best)) best = behind;
      }
      if (q === lineTo || gap[bytes[q] as number] === 0) break;
    }
    return this.steps < 0 ? TOO_LONG : best;
  }

  /** Runs a block; where it ends, `NO` or `TOO_LONG`. */
  private block({ ops, text, sets }: Block, from: number): number {
    const { bytes, lineFrom, lineTo } = this;
    let at = from;
    for (let pc = 0; ; pc += 3) {
      const argument = ops[pc + 1] as number;
      switch (ops[pc]) {
        case TEXT: {
          const length = ops[pc + 2] as number;
          if (at + length > lineTo) return this.ended(from, at);
          for (let i = 0; i < length; i++) {
            if (bytes[at + i] !== text[argument + i]) return this.ended(from, at + i);
          }
          at += length;
          break;
        }
        case SET:
          if (at === lineTo || (sets[argument] as ByteSet)[bytes[at] as number] === 0)
            return this.ended(from, at);
          at++;
          break;
        case BRANCH:
          if (at === lineTo || (sets[argument] as ByteSet)[bytes[at] as number] === 0)
            pc = (ops[pc + 2] as number) * 3 - 3;
          break;
        case JUMP:
          pc = (ops[pc + 2] as number) * 3 - 3;
          break;
        case START:
          if (at !== lineFrom) return NO;
          break;
        case ATEND:
          if (at !== lineTo) return NO;
          break;
        case WORD:
        case NOTWORD: {
          const border =
            (at > lineFrom && IS_WORD[bytes[at - 1] as number] === 1) !==
            (at < lineTo && IS_WORD[bytes[at] as number] === 1);
          if (border !== (ops[pc] === WORD)) return NO;
          break;
        }
        default:
          this.steps -= at - from;
          return at;
      }
    }
  }

  private ended(from: number, at: number): number {
    this.steps -= at - from;
    return this.steps < 0 ? TOO_LONG : NO;
  }
}

const IS_WORD = Uint8Array.from({ length: END }, (_, b) =>
  (b >= 48 && b <= 57) || (b >= 65 && b <= 90) || b === 95 || (b >= 97 && b <= 122) ? 1 : 0,
);
