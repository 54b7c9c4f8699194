/** The last step: whether a pattern really matches a line of which the filter thinks so. Linear, whoever wrote it. */
import type { PatternNode } from '../record/index.ts';
import { type Automaton, compileProgram, type Program, simulationOf } from './automaton.ts';
import { overBytes, type TextUnit } from './bytes.ts';
import { DfaBudget, LazyDfa } from './dfa.ts';

/** Confirms patterns on a line of bytes; automata are made when a pattern is first needed. */
export class Confirmer {
  private readonly nodeOf: (pattern: number) => PatternNode;
  private readonly unit: TextUnit;
  private readonly budget = new DfaBudget();
  private readonly programs: (Program | undefined)[];
  private readonly anchored: (LazyDfa | undefined)[];
  private readonly floating: (LazyDfa | undefined)[];
  /** Over bytes, for patterns whose automaton gave up. */
  private readonly simulations = new Map<number, Automaton>();
  /** Over text, for lines that are no UTF-8. */
  private readonly automata = new Map<number, Automaton>();
  private text: string | null = null;

  constructor(count: number, nodeOf: (pattern: number) => PatternNode, unit: TextUnit) {
    this.nodeOf = nodeOf;
    this.unit = unit;
    this.programs = new Array(count);
    this.anchored = new Array(count);
    this.floating = new Array(count);
  }

  /**
   * Says which line is asked about from now on. Where characters count, bytes that are no UTF-8 are read as
   * U+FFFD, as everywhere: such a line is asked as text.
   */
  onLine(bytes: Uint8Array, from: number, to: number): void {
    this.text = null;
    if (this.unit === 'byte') return;
    for (let at = from; at < to; at++) {
      if ((bytes[at] as number) < 128) continue;
      if (decoder.decode(bytes.subarray(at, to)).includes('\ufffd'))
        this.text = decoder.decode(bytes.subarray(from, to));
      return;
    }
  }

  /** Whether a match begins at `at`. A `hopeless` automaton says no: the whole line is asked later. */
  beginsAt(pattern: number, bytes: Uint8Array, at: number, lineFrom: number, lineTo: number): boolean {
    if (this.text !== null) return this.isOn(pattern, bytes, lineFrom, lineTo);
    let dfa = this.anchored[pattern];
    if (!dfa) {
      dfa = new LazyDfa(this.programOf(pattern), true, this.budget);
      this.anchored[pattern] = dfa;
    }
    return !dfa.hopeless && dfa.test(bytes, at, lineTo, lineFrom);
  }

  /** Whether `beginsAt` says nothing about the pattern any more. */
  gaveUp(pattern: number): boolean {
    return this.anchored[pattern]?.hopeless ?? false;
  }

  isOn(pattern: number, bytes: Uint8Array, from: number, to: number): boolean {
    if (this.text !== null) {
      let automaton = this.automata.get(pattern);
      if (!automaton) {
        automaton = simulationOf(compileProgram(this.nodeOf(pattern)));
        this.automata.set(pattern, automaton);
      }
      return automaton.test(this.text);
    }
    let dfa = this.floating[pattern];
    if (!dfa) {
      dfa = new LazyDfa(this.programOf(pattern), false, this.budget);
      this.floating[pattern] = dfa;
    }
    if (!dfa.hopeless) return dfa.test(bytes, from, to, from);
    let simulation = this.simulations.get(pattern);
    if (!simulation) {
      simulation = simulationOf(this.programOf(pattern));
      this.simulations.set(pattern, simulation);
    }
    return simulation.test(latin1(bytes, from, to));
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

/** Bytes as characters of the same numbers. */
function latin1(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let at = from; at < to; at += 4096) {
    text += String.fromCharCode(...bytes.subarray(at, Math.min(to, at + 4096)));
  }
  return text;
}
