/**
 * The real pattern on one line, in time linear in the line, whoever wrote the pattern: a simulation of Thompson's
 * automaton with captures (R. Cox, "Regular Expression Matching: the Virtual Machine Approach", 2009; the same
 * semantics as RE2: leftmost, earlier alternatives first). V8's own engine backtracks and can take forever.
 * Small on purpose: it runs behind the literal filter, and a cold start counts every kilobyte.
 */
import { type CharRanges, type PatternNode, parsePattern } from '../record/index.ts';

export interface Automaton {
  test(text: string): boolean;
  /** Named groups that took part in the leftmost match; null where there is none. */
  find(text: string): {
    readonly start: number;
    readonly end: number;
    readonly groups: Readonly<Record<string, string>>;
  } | null;
}

export const CHAR = 0;
export const CLASS = 1;
export const SPLIT = 2;
export const JUMP = 3;
export const ASSERT = 4;
export const SAVE = 5;
export const MATCH = 6;
const ASSERTIONS = ['start', 'end', 'word', 'not-word'] as const;

/** Instructions in parallel arrays; a code point, class, jump target or slot in `x`, the less preferred target of a split in `y`. */
export interface Program {
  readonly op: number[];
  readonly x: number[];
  readonly y: number[];
  readonly classes: CharClass[];
  /** Names of the groups; group n is saved in slots 2n + 2 and 2n + 3, the whole match in 0 and 1. */
  readonly names: string[];
}

/** Membership by table below 256 (ASCII, or any byte), by search for the rest. */
class CharClass {
  readonly table = new Uint8Array(256);
  private readonly ranges: CharRanges;
  constructor(ranges: CharRanges) {
    for (const [lo, hi] of ranges) if (lo < 256) this.table.fill(1, lo, hi + 1);
    this.ranges = ranges.filter(([, hi]) => hi > 255);
  }

  has(code: number): boolean {
    // -1, the end of the text, is in no class.
    if (code < 256) return this.table[code] === 1;
    for (const [lo, hi] of this.ranges) if (code >= lo && code <= hi) return true;
    return false;
  }
}

/** The program of a tree; over bytes where the tree is (`bytes.ts`). */
export function compileProgram(node: PatternNode): Program {
  const program: Program = { op: [], x: [], y: [], classes: [], names: [] };
  emit(node, program);
  push(program, MATCH);
  return program;
}

function push({ op, x, y }: Program, code: number, a = 0, b = 0): number {
  x.push(a);
  y.push(b);
  return op.push(code) - 1;
}

function emit(node: PatternNode, program: Program): void {
  const { op, x, y } = program;
  switch (node.kind) {
    case 'empty':
      return;
    case 'class': {
      const [only] = node.ranges;
      if (only && node.ranges.length === 1 && only[0] === only[1]) push(program, CHAR, only[0]);
      else push(program, CLASS, program.classes.push(new CharClass(node.ranges)) - 1);
      return;
    }
    case 'assert':
      push(program, ASSERT, ASSERTIONS.indexOf(node.at));
      return;
    case 'concat':
      for (const part of node.nodes) emit(part, program);
      return;
    case 'group': {
      if (node.name === null) {
        emit(node.node, program);
        return;
      }
      const slot = 2 * program.names.push(node.name);
      push(program, SAVE, slot);
      emit(node.node, program);
      push(program, SAVE, slot + 1);
      return;
    }
    case 'alternate': {
      const exits: number[] = [];
      node.nodes.forEach((option, i) => {
        if (i === node.nodes.length - 1) {
          emit(option, program);
          return;
        }
        const split = push(program, SPLIT);
        x[split] = op.length;
        emit(option, program);
        exits.push(push(program, JUMP));
        y[split] = op.length;
      });
      for (const exit of exits) x[exit] = op.length;
      return;
    }
    case 'repeat': {
      const names = program.names.length;
      // Copies of a repeated group share its name: the last one that took part counts, as in RE2.
      const copy = () => {
        program.names.length = names;
        emit(node.node, program);
      };
      const choose = (at: number, go: number, leave: number) => {
        x[at] = node.lazy ? leave : go;
        y[at] = node.lazy ? go : leave;
      };
      const unbounded = node.max === -1;
      for (let i = 0; i < node.min - (unbounded ? 1 : 0); i++) copy();
      const splits: number[] = [];
      if (unbounded) {
        // x* is (x+)?: a loop whose body can be empty then still leaves with what the body saved, as in RE2.
        if (node.min === 0) splits.push(push(program, SPLIT));
        const body = op.length;
        copy();
        const again = push(program, SPLIT);
        choose(again, body, op.length);
      } else {
        for (let i = node.min; i < node.max; i++) {
          splits.push(push(program, SPLIT));
          copy();
        }
      }
      for (const split of splits) choose(split, split + 1, op.length);
      if (program.names.length < names + namesIn(node.node)) program.names.length = names;
      return;
    }
  }
}

function namesIn(node: PatternNode): number {
  switch (node.kind) {
    case 'group':
      return (node.name === null ? 0 : 1) + namesIn(node.node);
    case 'repeat':
      return namesIn(node.node);
    case 'concat':
    case 'alternate':
      return node.nodes.reduce((sum, n) => sum + namesIn(n), 0);
    default:
      return 0;
  }
}

export function isWord(code: number): boolean {
  return (
    (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || code === 95 || (code >= 97 && code <= 122)
  );
}

function holds(assertion: number, text: string, at: number): boolean {
  const before = at > 0 ? text.charCodeAt(at - 1) : -1;
  return holdsBetween(assertion, before, at < text.length ? text.charCodeAt(at) : -1);
}

/** Whether a position is what an assertion says, given the characters (or bytes) around it; -1 is the end of the text. */
export function holdsBetween(assertion: number, before: number, after: number): boolean {
  if (assertion === 0) return before === -1;
  if (assertion === 1) return after === -1;
  return (isWord(before) !== isWord(after)) === (assertion === 2);
}

/** A set of instructions in order of preference, cleared in constant time. */
class ThreadList {
  readonly dense: Int32Array;
  private readonly sparse: Int32Array;
  readonly slots: Int32Array;
  size = 0;
  constructor(states: number, slots: number) {
    this.dense = new Int32Array(states);
    this.sparse = new Int32Array(states);
    this.slots = new Int32Array(states * slots);
  }

  /** Adds an instruction; false where it is there already. */
  add(pc: number): boolean {
    const at = this.sparse[pc] as number;
    if (at < this.size && this.dense[at] === pc) return false;
    this.sparse[pc] = this.size;
    this.dense[this.size++] = pc;
    return true;
  }
}

class Simulation implements Automaton {
  private readonly program: Program;
  private readonly slots: number;
  private current: ThreadList;
  private next: ThreadList;
  /** Whether a match may begin with this ASCII character; null where a match can be empty or begins with an assertion. */
  private readonly first: Uint8Array | null;
  private readonly scratch: Int32Array;
  constructor(program: Program) {
    this.program = program;
    this.slots = 2 * program.names.length + 2;
    const states = program.op.length;
    this.current = new ThreadList(states, this.slots);
    this.next = new ThreadList(states, this.slots);
    this.scratch = new Int32Array(this.slots);
    this.first = firstCharacters(program);
  }

  test(text: string): boolean {
    return this.run(text, 0) !== null;
  }

  find(text: string): ReturnType<Automaton['find']> {
    const slots = this.run(text, this.slots);
    if (!slots) return null;
    const groups: Record<string, string> = Object.create(null);
    this.program.names.forEach((name, i) => {
      const start = slots[2 * i + 2] as number;
      const end = slots[2 * i + 3] as number;
      if (start >= 0 && end >= 0) groups[name] = text.slice(start, end);
    });
    return { start: slots[0] as number, end: slots[1] as number, groups };
  }

  /** @param width how many slots to keep; 0: only whether there is a match. @returns the slots of the match. */
  private run(text: string, width: number): Int32Array | null {
    const { op, x, classes } = this.program;
    const { first, scratch } = this;
    let matched: Int32Array | null = null;
    this.current.size = 0;
    for (let at = 0; ; ) {
      if (!matched) {
        if (first && this.current.size === 0) {
          while (at < text.length) {
            const code = text.charCodeAt(at);
            if (code > 127 || first[code] === 1) break;
            at++;
          }
        }
        scratch.fill(-1);
        if (width > 0) scratch[0] = at;
        this.follow(this.current, 0, text, at, width);
      }
      if (this.current.size === 0) break;
      const code = at < text.length ? (text.codePointAt(at) as number) : -1;
      const after = at + (code > 0xffff ? 2 : 1);
      this.next.size = 0;
      const { dense, slots } = this.current;
      for (let i = 0; i < this.current.size; i++) {
        const pc = dense[i] as number;
        if (op[pc] === MATCH) {
          if (width === 0) return scratch;
          matched = slots.slice(pc * this.slots, pc * this.slots + this.slots);
          matched[1] = at;
          // Threads behind this one are less preferred.
          break;
        }
        const target = x[pc] as number;
        const steps =
          op[pc] === CHAR ? target === code : op[pc] === CLASS && (classes[target] as CharClass).has(code);
        if (!steps) continue;
        if (width > 0) for (let s = 0; s < width; s++) scratch[s] = slots[pc * this.slots + s] as number;
        this.follow(this.next, pc + 1, text, after, width);
      }
      [this.current, this.next] = [this.next, this.current];
      if (code === -1) break;
      at = after;
    }
    return matched;
  }

  /** Adds what is reachable without reading a character; a thread's slots are those in `scratch`. */
  private follow(list: ThreadList, pc: number, text: string, at: number, width: number): void {
    if (!list.add(pc)) return;
    const { op, x, y } = this.program;
    const target = x[pc] as number;
    switch (op[pc]) {
      case JUMP:
        this.follow(list, target, text, at, width);
        return;
      case SPLIT:
        this.follow(list, target, text, at, width);
        this.follow(list, y[pc] as number, text, at, width);
        return;
      case ASSERT:
        if (holds(target, text, at)) this.follow(list, pc + 1, text, at, width);
        return;
      case SAVE: {
        const before = this.scratch[target] as number;
        if (target < width) this.scratch[target] = at;
        this.follow(list, pc + 1, text, at, width);
        this.scratch[target] = before;
        return;
      }
      default:
        for (let s = 0; s < width; s++) list.slots[pc * this.slots + s] = this.scratch[s] as number;
    }
  }
}

function firstCharacters({ op, x, y, classes }: Program): Uint8Array | null {
  const first = new Uint8Array(128);
  const seen = new Set<number>();
  const open = [0];
  for (let pc = open.pop(); pc !== undefined; pc = open.pop()) {
    if (seen.has(pc)) continue;
    seen.add(pc);
    if (op[pc] === MATCH || op[pc] === ASSERT) return null;
    const target = x[pc] as number;
    if (op[pc] === CHAR) {
      if (target < 128) first[target] = 1;
    } else if (op[pc] === CLASS) {
      const { table } = classes[target] as CharClass;
      for (let c = 0; c < 128; c++) if (table[c] === 1) first[c] = 1;
    } else if (op[pc] === SAVE) open.push(pc + 1);
    else if (op[pc] === JUMP) open.push(target);
    else open.push(target, y[pc] as number);
  }
  return first;
}

/** Simulates a program over text. */
export function simulationOf(program: Program): Automaton {
  return new Simulation(program);
}

/** @param source as printed by `printPattern`: plain RE2, no flags. Compiled at first use. */
export function automatonOf(source: string): Automaton {
  let compiled: Automaton | null = null;
  const automaton = (): Automaton => {
    if (!compiled) {
      const { pattern, problem } = parsePattern(source);
      if (!pattern) throw new Error(`not a printed pattern: ${problem.message}: ${source.slice(0, 80)}`);
      compiled = new Simulation(compileProgram(pattern.node));
    }
    return compiled;
  };
  return { test: (text) => automaton().test(text), find: (text) => automaton().find(text) };
}
