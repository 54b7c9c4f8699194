/** The last step: whether a pattern really matches a line of which the filter thinks so. Linear, whoever wrote it. */
import type { PatternNode } from '../record/index.ts';
import { type Automaton, compileProgram, type Program, simulationOf } from './automaton.ts';
import { overBytes, type TextUnit } from './bytes.ts';
import { DfaBudget, LazyDfa } from './dfa.ts';
import { compileDirect, DIRECT_LIMITS, type Direct, DirectRun } from './direct.ts';
import { ByteSimulation } from './simulate.ts';

/** Limits of confirming; `docs/engine.md` lists them. */
export const CONFIRM_LIMITS = {
  /** Lines on which a pattern is simulated before an automaton is built for it. */
  simulatedFirst: 12,
  /** Longer lines are never simulated while an automaton will do. */
  maxSimulatedBytes: 2_000,
} as const;

/** Confirms patterns on a line of bytes; automata are made when a pattern is first needed. */
export class Confirmer {
  private readonly nodeOf: (pattern: number) => PatternNode;
  private readonly unit: TextUnit;
  private readonly budget = new DfaBudget();
  /** Patterns that need no automaton; null: this one does. */
  private readonly directs: (Direct | null | undefined)[];
  private readonly direct = new DirectRun();
  /** Steps that a pattern took directly beyond one for each byte. */
  private readonly excess: Uint32Array;
  private readonly programs: (Program | undefined)[];
  private readonly anchored: (LazyDfa | undefined)[];
  private readonly floating: (LazyDfa | undefined)[];
  /** How often a pattern was simulated, up to `simulatedFirst`. */
  private readonly simulated: Uint8Array;
  private readonly simulation = new ByteSimulation();
  /** Over text, for lines that are no UTF-8. */
  private readonly automata = new Map<number, Automaton>();
  private text: string | null = null;
  /** Bytes and characters are the same on this line, or it does not matter. */
  private bytewise = true;

  constructor(count: number, nodeOf: (pattern: number) => PatternNode, unit: TextUnit) {
    this.nodeOf = nodeOf;
    this.unit = unit;
    this.directs = new Array(count);
    this.excess = new Uint32Array(count);
    this.programs = new Array(count);
    this.anchored = new Array(count);
    this.floating = new Array(count);
    this.simulated = new Uint8Array(count);
  }

  /**
   * Says which line is asked about from now on. Where characters count, bytes that are no UTF-8 are read as
   * U+FFFD, as everywhere: such a line is asked as text.
   */
  onLine(bytes: Uint8Array, from: number, to: number): void {
    this.text = null;
    this.bytewise = true;
    if (this.unit === 'byte') return;
    for (let at = from; at < to; at++) {
      if ((bytes[at] as number) < 128) continue;
      this.bytewise = false;
      if (decoder.decode(bytes.subarray(at, to)).includes('\ufffd'))
        this.text = decoder.decode(bytes.subarray(from, to));
      return;
    }
  }

  /** Whether a match begins at `at`. */
  beginsAt(pattern: number, bytes: Uint8Array, at: number, lineFrom: number, lineTo: number): boolean {
    if (this.text !== null) return this.isOn(pattern, bytes, lineFrom, lineTo);
    return this.run(pattern, this.anchored, bytes, at, lineTo, lineFrom);
  }

  /** Whether the pattern matches anywhere on the line. */
  isOn(pattern: number, bytes: Uint8Array, from: number, to: number): boolean {
    if (this.text === null) return this.run(pattern, this.floating, bytes, from, to, from);
    let automaton = this.automata.get(pattern);
    if (!automaton) {
      automaton = simulationOf(compileProgram(this.nodeOf(pattern)));
      this.automata.set(pattern, automaton);
    }
    return automaton.test(this.text);
  }

  private run(
    pattern: number,
    automata: (LazyDfa | undefined)[],
    bytes: Uint8Array,
    from: number,
    to: number,
    lineFrom: number,
  ): boolean {
    const isAnchored = automata === this.anchored;
    if (this.bytewise) {
      const direct = this.directOf(pattern);
      if (direct) {
        const found = this.direct.test(direct, bytes, from, to, lineFrom, isAnchored);
        const excess = this.direct.taken - DIRECT_LIMITS.usualStepsPerByte * (to - from + 64);
        if (excess > 0 && (this.excess[pattern] as number) + excess > DIRECT_LIMITS.maxExcessSteps) {
          this.directs[pattern] = null;
        } else if (excess > 0) this.excess[pattern] = (this.excess[pattern] as number) + excess;
        if (found !== null) return found;
      }
    }
    const program = this.programOf(pattern);
    if (!this.isNew(pattern, to - from)) {
      let dfa = automata[pattern];
      if (!dfa) {
        dfa = new LazyDfa(program, isAnchored, this.budget);
        automata[pattern] = dfa;
      }
      if (!dfa.hopeless) return dfa.test(bytes, from, to, lineFrom);
    } else this.simulated[pattern] = (this.simulated[pattern] as number) + 1;
    return this.simulation.test(program, bytes, from, to, lineFrom, isAnchored);
  }

  /** Makes the first patterns ready before a line asks for them. */
  prepare(count: number): void {
    for (let pattern = 0; pattern < Math.min(count, this.directs.length); pattern++) this.directOf(pattern);
  }

  private directOf(pattern: number): Direct | null {
    let direct = this.directs[pattern];
    if (direct === undefined) {
      direct = compileDirect(this.nodeOf(pattern));
      this.directs[pattern] = direct;
    }
    return direct;
  }

  /** Building an automaton costs more than simulating the pattern a few times, and most patterns are met once. */
  private isNew(pattern: number, bytes: number): boolean {
    return (
      bytes <= CONFIRM_LIMITS.maxSimulatedBytes &&
      (this.simulated[pattern] as number) < CONFIRM_LIMITS.simulatedFirst
    );
  }

  private programOf(pattern: number): Program {
    let program = this.programs[pattern];
    if (!program) {
      program = compileProgram(overBytes(this.nodeOf(pattern), this.unit));
      this.programs[pattern] = program;
    }
    return program;
  }
}

/** Keeps a byte order mark: it is a character like others. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
