/**
 * The engine: many patterns, one unit of text, which of them match. Prefilter by required literals, then the
 * real pattern on the few that are left. A faster engine replaces this file and `filter.ts`; callers see
 * `Engine` only, and `naive.ts` in the tests says what every engine must answer.
 */
import { foldAscii } from '../record/index.ts';
import { automatonOf } from './automaton.ts';
import { buildFilter } from './filter.ts';
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
   * Calls `hit` for every pattern that matches the unit, in ascending order, with the first view it matches.
   * Patterns in `except` are passed over.
   */
  match(unit: Unit, hit: (pattern: number, view: string) => void, except?: ReadonlySet<number>): void;
  /** Whether one pattern matches one view. */
  test(pattern: number, view: string): boolean;
  /** Leftmost match of one pattern in a view: its named groups. */
  groups(pattern: number, view: string): Readonly<Record<string, string>>;
}

/** Builds an engine; patterns are compiled when they are first needed. */
export function buildEngine(patterns: readonly EnginePattern[]): Engine {
  // Many patterns share a literal: each is looked for once.
  const owners = new Map<string, number[]>();
  patterns.forEach((pattern, index) => {
    for (const literal of pattern.literals) {
      const known = owners.get(literal);
      if (known) known.push(index);
      else owners.set(literal, [index]);
    }
  });
  const owned = [...owners.values()];
  const filter = buildFilter([...owners.keys()]);
  const automata = patterns.map((p) => automatonOf(p.source));
  const seenIn = new Float64Array(patterns.length);
  let unitNumber = 0;
  return {
    match(unit, hit, except) {
      unitNumber++;
      const candidates: number[] = [];
      filter.scan(unit.text, (literal) => {
        for (const pattern of owned[literal] as number[]) {
          if (seenIn[pattern] === unitNumber) continue;
          seenIn[pattern] = unitNumber;
          if (!except?.has(pattern)) candidates.push(pattern);
        }
      });
      if (candidates.length === 0) return;
      candidates.sort((a, b) => a - b);
      const folded = foldAscii(unit.text);
      for (const index of candidates) {
        const { pieces, anchored } = patterns[index] as EnginePattern;
        // On careless books most candidates fall here, far cheaper than by running the pattern.
        if (!occurInOrder(pieces, folded)) continue;
        const engine = automata[index] as (typeof automata)[number];
        const views = anchored ? unit.views : [unit.text];
        const view = views.find((v) => engine.test(v));
        if (view !== undefined) hit(index, view);
      }
    },
    test: (pattern, view) => automata[pattern]?.test(view) ?? false,
    groups: (pattern, view) => automata[pattern]?.find(view)?.groups ?? {},
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
