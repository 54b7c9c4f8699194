/**
 * The real pattern on one line of bytes, one table look-up for each: a deterministic automaton whose states are made
 * when they are first needed (K. Thompson, "Regular Expression Search Algorithm", 1968; R. Cox, "Regular Expression
 * Matching Can Be Simple And Fast", 2007). Its memory is bounded: what outgrows it is forgotten and made again, and a
 * pattern that forgets all the time is simulated instead (`automaton.ts`), which is slower and as linear.
 */
import { ASSERT, CHAR, CLASS, JUMP, MATCH, type Program, SAVE, SPLIT } from './automaton.ts';

/** Limits of the lazy automata; `docs/engine.md` lists them. */
export const DFA_LIMITS = {
  /** Cells (4 bytes) of all transition tables together; beyond it all of them are forgotten. */
  maxCells: 1 << 23,
  /** States of one automaton; beyond it that one is forgotten. */
  maxStates: 4_000,
  /** An automaton that was forgotten this often without reading `bytesPerState` between is simulated from then on. */
  maxUselessBuilds: 4,
  bytesPerState: 10,
} as const;

const UNKNOWN = -1;
const DEAD = -2;
const FOUND = -3;

/** What stands before a place: the start of the line, a byte that is no word character, or one that is. */
type Before = 0 | 1 | 2;

/** Memory that several automata share. */
export class DfaBudget {
  private cells = 0;
  private readonly holders = new Set<{ forget(): void }>();
  /** Takes memory for a holder; where there is none left everybody, the holder included, forgets first. */
  take(cells: number, holder: { forget(): void }): void {
    this.cells += cells;
    this.holders.add(holder);
    if (this.cells <= DFA_LIMITS.maxCells) return;
    for (const h of this.holders) h.forget();
    this.holders.clear();
    this.holders.add(holder);
    this.cells = cells;
  }

  give(cells: number): void {
    this.cells -= cells;
  }
}

function isWordByte(byte: number): boolean {
  return (
    (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || byte === 95 || (byte >= 97 && byte <= 122)
  );
}

/** Bytes that no instruction tells apart are one class: tables stay small. */
function byteClasses(program: Program): { classOf: Uint8Array; representatives: number[] } {
  const border = new Uint8Array(257);
  const cut = (lo: number, hi: number) => {
    border[lo] = 1;
    border[hi + 1] = 1;
  };
  let words = false;
  program.op.forEach((op, pc) => {
    const x = program.x[pc] as number;
    if (op === CHAR) cut(x, x);
    else if (op === CLASS) {
      const { table } = program.classes[x] as Program['classes'][number];
      for (let c = 1; c < 256; c++) if (table[c] !== table[c - 1]) border[c] = 1;
    } else if (op === ASSERT && x >= 2) words = true;
  });
  if (words) for (let c = 1; c < 256; c++) if (isWordByte(c) !== isWordByte(c - 1)) border[c] = 1;
  const classOf = new Uint8Array(256);
  const representatives = [0];
  for (let c = 1; c < 256; c++) {
    if (border[c] === 1) representatives.push(c);
    classOf[c] = representatives.length - 1;
  }
  return { classOf, representatives };
}

/** A lazy automaton over bytes for one program. */
export class LazyDfa {
  private readonly program: Program;
  /** Whether a match must begin where the search does. */
  private readonly anchored: boolean;
  private readonly budget: DfaBudget;
  private readonly classOf: Uint8Array;
  private readonly representatives: readonly number[];
  /** Cells of one state: its byte classes, then the end of the line. */
  private readonly width: number;
  private readonly asserts: boolean;
  private transitions = new Int32Array(0);
  private sets: Int32Array[] = [];
  private befores: Before[] = [];
  private known = new Map<string, number>();
  private starts: Int32Array = new Int32Array(3).fill(UNKNOWN);
  private taken = 0;
  private bytesSinceBuild = 0;
  private uselessBuilds = 0;
  /** It forgets all the time: the caller simulates the pattern instead. */
  hopeless = false;
  private readonly mark: Int32Array;
  private round = 0;

  constructor(program: Program, anchored: boolean, budget: DfaBudget) {
    this.program = program;
    this.anchored = anchored;
    this.budget = budget;
    const { classOf, representatives } = byteClasses(program);
    this.classOf = classOf;
    this.representatives = representatives;
    this.width = representatives.length + 1;
    this.asserts = program.op.includes(ASSERT);
    this.mark = new Int32Array(program.op.length);
  }

  /**
   * Whether the pattern matches between `from` and `to`, the end of the line; anchored: at `from`.
   * @param lineStart what stands before `from` is read down to here
   */
  test(bytes: Uint8Array, from: number, to: number, lineStart: number): boolean {
    const { classOf } = this;
    const before: Before =
      !this.asserts || from === lineStart ? 0 : isWordByte(bytes[from - 1] as number) ? 2 : 1;
    let state = this.starts[before] as number;
    if (state < 0) {
      state = state === UNKNOWN ? this.start(before) : state;
      if (state < 0) return state === FOUND;
    }
    let { transitions } = this;
    for (let at = from; at < to; at++) {
      const cell = state + (classOf[bytes[at] as number] as number);
      let next = transitions[cell] as number;
      if (next < 0) {
        if (next === UNKNOWN) {
          next = this.step(state, classOf[bytes[at] as number] as number);
          transitions = this.transitions;
        }
        if (next < 0) {
          this.bytesSinceBuild += at - from;
          return next === FOUND;
        }
      }
      state = next;
    }
    let last = transitions[state + this.width - 1] as number;
    if (last === UNKNOWN) last = this.step(state, this.width - 1);
    this.bytesSinceBuild += to - from;
    return last === FOUND;
  }

  /** Forgets all states; one that had hardly been used means that forgetting does not help. */
  forget(): void {
    if (this.sets.length > 0) {
      if (this.bytesSinceBuild < this.sets.length * DFA_LIMITS.bytesPerState) this.uselessBuilds++;
      if (this.uselessBuilds >= DFA_LIMITS.maxUselessBuilds) this.hopeless = true;
      this.bytesSinceBuild = 0;
    }
    this.transitions = new Int32Array(0);
    this.sets = [];
    this.befores = [];
    this.known.clear();
    this.starts.fill(UNKNOWN);
    this.taken = 0;
  }

  private start(before: Before): number {
    this.round++;
    const set: number[] = [];
    const found = this.close(0, set, null);
    const state = found ? FOUND : this.stateOf(set, before);
    this.starts[before] = state;
    return state;
  }

  /** The state after reading one byte class (or the end) in a state; notes the transition. */
  private step(state: number, byteClass: number): number {
    const { op, x, classes } = this.program;
    const index = state / this.width;
    const before = this.befores[index] as Before;
    const atEnd = byteClass === this.width - 1;
    const byte = atEnd ? -1 : (this.representatives[byteClass] as number);
    let set: readonly number[] | Int32Array = this.sets[index] as Int32Array;
    let found = false;
    if (this.asserts) {
      this.round++;
      const open: number[] = [];
      const context = { before, after: !atEnd && isWordByte(byte), end: atEnd };
      for (const pc of set) found = this.close(pc, open, context) || found;
      set = open;
    }
    let next = found ? FOUND : DEAD;
    if (!found && !atEnd) {
      this.round++;
      const reached: number[] = [];
      for (const pc of set) {
        const target = x[pc] as number;
        const steps =
          op[pc] === CHAR
            ? target === byte
            : op[pc] === CLASS && (classes[target] as Program['classes'][number]).table[byte] === 1;
        if (steps) found = this.close(pc + 1, reached, null) || found;
      }
      if (!this.anchored) found = this.close(0, reached, null) || found;
      if (found) next = FOUND;
      else if (reached.length > 0) {
        const after: Before = this.asserts ? (isWordByte(byte) ? 2 : 1) : 0;
        const generation = this.sets;
        next = this.stateOf(reached, after);
        // Everything was forgotten to make room: the state that was left is no longer there.
        if (generation !== this.sets) return next;
      }
    }
    this.transitions[state + byteClass] = next;
    return next;
  }

  /**
   * Adds what is reachable from an instruction without reading. Positions asserted are kept for when the byte behind
   * them is known, or followed where they hold in the context.
   * @returns whether a match is among it
   */
  private close(
    pc: number,
    set: number[],
    context: { readonly before: Before; readonly after: boolean; readonly end: boolean } | null,
  ): boolean {
    const { op, x, y } = this.program;
    const open = [pc];
    let found = false;
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (this.mark[at] === this.round) continue;
      this.mark[at] = this.round;
      switch (op[at]) {
        case MATCH:
          found = true;
          break;
        case JUMP:
          open.push(x[at] as number);
          break;
        case SPLIT:
          open.push(x[at] as number, y[at] as number);
          break;
        case SAVE:
          open.push(at + 1);
          break;
        case ASSERT: {
          if (!context) set.push(at);
          else {
            const assertion = x[at] as number;
            const holds =
              assertion === 0
                ? context.before === 0
                : assertion === 1
                  ? context.end
                  : ((context.before === 2) !== context.after) === (assertion === 2);
            if (holds) open.push(at + 1);
          }
          break;
        }
        default:
          set.push(at);
      }
    }
    return found;
  }

  private stateOf(pcs: number[], before: Before): number {
    const set = Int32Array.from(pcs).sort();
    const key = `${before}:${set.join()}`;
    const known = this.known.get(key);
    if (known !== undefined) return known;
    if (this.sets.length >= DFA_LIMITS.maxStates) {
      this.budget.give(this.taken);
      this.forget();
    }
    this.budget.take(this.width, this);
    this.taken += this.width;
    const state = this.sets.length * this.width;
    if (state + this.width > this.transitions.length) {
      const grown = new Int32Array(Math.max(this.width * 8, this.transitions.length * 2));
      grown.set(this.transitions);
      this.transitions = grown;
    }
    this.transitions.fill(UNKNOWN, state, state + this.width);
    this.sets.push(set);
    this.befores.push(before);
    this.known.set(key, state);
    return state;
  }
}
