/**
 * The engine of a book: many patterns, units of text, which of them match. Units are looked through together by the
 * kernel for required literals; where some occur, the pieces that must all occur are checked, then the pattern itself.
 * `naive.ts` in the tests says what it must answer.
 */
import { foldAscii, type PatternNode, parsePattern } from '../record/index.ts';
import { type Automaton, automatonOf } from './automaton.ts';
import { Confirmer } from './confirm.ts';
import { buildKernel, type Kernel } from './kernel.ts';
import { OUT_WORDS } from './kernel-layout.ts';
import { visitLines } from './occurrences.ts';
import { type GramCounts, type LiteralPlan, planLiterals } from './plan.ts';
import type { Unit } from './text.ts';

/** What an engine needs of a pattern. */
export interface EnginePattern {
  /** Plain RE2 source. */
  readonly source: string;
  /** Folded literals, one of which occurs in every match. */
  readonly literals: readonly string[];
  /** Folded literals, all of which occur, in this order, in every match. */
  readonly pieces: readonly string[];
  /** Whether it asserts the start of the text and so is tried on every view. */
  readonly anchored: boolean;
}

export interface Engine {
  /**
   * Calls `hit` for every pattern that matches a unit, units in order and patterns ascending, with the first view it
   * matches. Patterns in `except` are passed over.
   */
  match(
    units: readonly Unit[],
    hit: (unit: Unit, pattern: number, view: string) => void,
    except?: ReadonlySet<number>,
  ): void;
  /**
   * Where the lines of a text begin that hold a required literal of any pattern, ascending: no other line, nor a part
   * of one, can match. Null where control characters hide what the text says.
   */
  candidates(text: string): readonly number[] | null;
  /** Whether one pattern matches one view. */
  test(pattern: number, view: string): boolean;
  /** Leftmost match of one pattern in a view: its named groups. */
  groups(pattern: number, view: string): Readonly<Record<string, string>>;
}

/**
 * The plan of a book's patterns: each is looked for by its literals, whatever case they are in.
 * @param grams of ordinary output, where there is some
 */
export function planOf(patterns: readonly EnginePattern[], grams: GramCounts | null = null): LiteralPlan {
  return planLiterals(
    patterns.map(({ literals }) => ({ members: literals, folded: true, proof: 'inner' })),
    [],
    grams,
  );
}

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
/** UTF-8 takes at most so many bytes for a UTF-16 unit. */
const BYTES_PER_UNIT = 3;

/**
 * Builds an engine; patterns are compiled when they are first needed.
 * @param plan as `planOf` makes it, where it was kept
 */
export function buildEngine(
  patterns: readonly EnginePattern[],
  plan?: LiteralPlan,
  options: { readonly wasm?: boolean } = {},
): Engine {
  let built: { kernel: Kernel; plan: LiteralPlan } | null = null;
  const automata = new Map<number, Automaton>();
  const automaton = (pattern: number): Automaton => {
    let known = automata.get(pattern);
    if (!known) {
      known = automatonOf((patterns[pattern] as EnginePattern).source);
      automata.set(pattern, known);
    }
    return known;
  };
  const confirmer = new Confirmer(
    patterns.length,
    (pattern) => parsePattern((patterns[pattern] as EnginePattern).source).pattern?.node as PatternNode,
    'character',
  );
  const seenOn = new Uint32Array(patterns.length);
  let line = 0;

  /** The first view of a unit that a pattern matches. The unit's text stands in the kernel as bytes. */
  function viewOf(
    pattern: number,
    unit: Unit,
    bytes: Uint8Array,
    from: number,
    to: number,
  ): string | undefined {
    if (confirmer.isOn(pattern, bytes, from, to)) return unit.text;
    if (!(patterns[pattern] as EnginePattern).anchored) return undefined;
    return unit.views.find((view, i) => i > 0 && automaton(pattern).test(view));
  }

  function ready(): { kernel: Kernel; plan: LiteralPlan } {
    if (!built) {
      const planned = plan ?? planOf(patterns);
      built = { kernel: buildKernel(planned, options), plan: planned };
    }
    return built;
  }

  /** Puts a text into the kernel; how many bytes it has. */
  function write(kernel: Kernel, text: string): number {
    kernel.reserve(text.length * BYTES_PER_UNIT);
    return encoder.encodeInto(text, kernel.bytes.subarray(kernel.textAt)).written;
  }

  return {
    candidates(text) {
      const { kernel } = ready();
      const from = kernel.textAt;
      const written = write(kernel, text);
      if (!kernel.run.isPlain(from, from + written)) return null;
      const ascii = written === text.length;
      const starts: number[] = [];
      let [at, chars] = [from, 0];
      visitLines(kernel, from, from + written, (streams, lineFrom) => {
        for (const s of streams) while (s.at < s.end && s.words[s.at] === lineFrom) s.at += OUT_WORDS;
        // Beyond ASCII a place in bytes is not one in the text.
        chars += ascii ? lineFrom - at : decoder.decode(kernel.bytes.subarray(at, lineFrom)).length;
        at = lineFrom;
        starts.push(chars);
      });
      return starts;
    },
    match(units, hit, except) {
      if (units.length === 0 || patterns.length === 0) return;
      const { kernel, plan } = ready();
      const { owners, ownersFrom } = plan;
      let text = '';
      for (const unit of units) text += `${unit.text}\n`;
      const from = kernel.textAt;
      const written = write(kernel, text);
      let index = 0;
      let counted = from;
      visitLines(kernel, from, from + written, (streams, lineFrom) => {
        line++;
        let lineTo = lineFrom;
        const candidates: number[] = [];
        for (const s of streams) {
          for (; s.at < s.end && s.words[s.at] === lineFrom; s.at += OUT_WORDS) {
            lineTo = s.words[s.at + 1] as number;
            const literal = s.words[s.at + 3] as number;
            const last = ownersFrom[literal + 1] as number;
            for (let o = ownersFrom[literal] as number; o < last; o++) {
              const pattern = owners[o] as number;
              if (seenOn[pattern] === line) continue;
              seenOn[pattern] = line;
              if (!except?.has(pattern)) candidates.push(pattern);
            }
          }
        }
        if (candidates.length === 0) return;
        index += kernel.run.countLines(counted, lineFrom);
        counted = lineFrom;
        const unit = units[index] as Unit;
        if (candidates.length > 1) candidates.sort((a, b) => a - b);
        const folded = foldAscii(unit.text);
        for (const pattern of candidates) {
          // On careless books most candidates fall here, far cheaper than by running the pattern.
          if (!occurInOrder((patterns[pattern] as EnginePattern).pieces, folded)) continue;
          const view = viewOf(pattern, unit, kernel.bytes, lineFrom, lineTo);
          if (view !== undefined) hit(unit, pattern, view);
        }
      });
    },
    test: (pattern, view) => automaton(pattern).test(view),
    groups: (pattern, view) => automaton(pattern).find(view)?.groups ?? {},
  };
}

function occurInOrder(pieces: readonly string[], text: string): boolean {
  let at = 0;
  for (const piece of pieces) {
    at = text.indexOf(piece, at);
    if (at === -1) return false;
    at += piece.length;
  }
  return true;
}
