/**
 * Many patterns over bytes of any length: in order, the lines that at least one of them matches. This is the face that
 * logs are scanned through; `match.ts` stands on it too.
 *
 * A line ends at LF (which is not part of it; a CR is). Per line the answer is that of trying every pattern on it.
 */
import { foldAscii, type PatternNode, parsePattern, topAlternatives } from '../record/index.ts';
import type { TextUnit } from './bytes.ts';
import { Confirmer } from './confirm.ts';
import { buildKernel, type Kernel } from './kernel.ts';
import { OUT_WORDS } from './kernel-layout.ts';
import { type Occurrences, visitLines } from './occurrences.ts';
import {
  chooseLiterals,
  countGrams,
  extraLiteral,
  type LiteralPlan,
  PROOFS,
  planLiterals,
  requiredByte,
} from './plan.ts';

/** Limits of scanning; `docs/engine.md` lists them. */
export const SCAN_LIMITS = {
  /** Text that is looked at in one go: it stays in a core's cache, beside the tables of the filter. */
  chunkBytes: 1 << 18,
  /** Longer lines are read as pieces of this many bytes: a match must fit into one piece. */
  maxLineBytes: 1 << 27,
  /** How much two pieces of one line share. */
  pieceOverlapBytes: 1 << 16,
} as const;

/** A pattern to look for: RE2 syntax as `parsePattern` reads it. */
export interface LinePattern {
  readonly source: string;
  readonly ignoreCase?: boolean | undefined;
}

export interface LinePatternOptions {
  /** Texts that mark a line besides the patterns (words of errors), ASCII case ignored, at least two bytes each. */
  readonly extras?: readonly string[];
  /** Some of the text that will be read, or text like it: what is frequent in it is not looked for. */
  readonly sample?: Uint8Array;
  /** What `.` and negated classes take in beyond ASCII. Default `character`. */
  readonly unit?: TextUnit;
  /** `false`: the TypeScript twin even where WebAssembly is to be had. */
  readonly wasm?: boolean;
}

/** Patterns made ready for `LineScanner`. Compiling is costly, scanning with it is not. */
export interface LinePatterns {
  /** How many patterns were given; their positions are what a line names. */
  readonly count: number;
  /** Patterns that could not be read, by position; they match nothing. */
  readonly refused: ReadonlyMap<number, string>;
  /** @internal A pattern's alternatives: each is looked for by its own text, and only it is tried there. */
  readonly branches: readonly PatternNode[];
  /** @internal Per branch: its pattern. */
  readonly patternOf: Int32Array;
  /** @internal Its owners are branches, and behind them extras. */
  readonly plan: LiteralPlan;
  /** @internal */
  readonly unit: TextUnit;
  /** @internal */
  readonly wasm: boolean;
}

/** Parses patterns and plans how they are looked for. */
export function compileLinePatterns(
  patterns: readonly LinePattern[],
  options: LinePatternOptions = {},
): LinePatterns {
  const refused = new Map<number, string>();
  const branches: PatternNode[] = [];
  const patternOf: number[] = [];
  patterns.forEach(({ source, ignoreCase }, i) => {
    const { pattern, problem } = parsePattern(source, { ignoreCase: ignoreCase ?? false });
    if (problem) refused.set(i, problem.message);
    if (!pattern) return;
    for (const branch of topAlternatives(pattern)) {
      branches.push(branch);
      patternOf.push(i);
    }
  });
  const extras = (options.extras ?? []).map((text) => extraLiteral(foldAscii(text)));
  const grams = options.sample ? countGrams(options.sample) : null;
  return {
    count: patterns.length,
    refused,
    branches,
    patternOf: Int32Array.from(patternOf),
    plan: planLiterals(chooseLiterals(branches, grams), extras, grams),
    unit: options.unit ?? 'character',
    wasm: options.wasm ?? true,
  };
}

/** A line that at least one pattern, or an extra, is on. Valid during the call that hands it over. */
export interface MatchedLine {
  /** Byte offset of its start in all that was read. */
  readonly offset: number;
  /** Its bytes without the LF. */
  readonly bytes: Uint8Array;
  /** Positions of the patterns that match it, ascending. */
  readonly patterns: readonly number[];
  /** Positions of the extras that occur in it, ascending. */
  readonly extras: readonly number[];
  /** One-based number of the line; 0 unless lines are counted. */
  readonly number: number;
}

/** Places of a line at which a match may begin that are tried one by one. */
const MAX_ATTEMPTS = 2;

const WHOLE = PROOFS.indexOf('whole');
const PREFIX = PROOFS.indexOf('prefix');

/**
 * Scans one stream. `push` chunks of any size, then `end`; or fill `room()` and say `wrote(n)`, which saves a copy.
 * Matched lines are handed over in order.
 */
export class LineScanner {
  private readonly patterns: LinePatterns;
  private readonly onLine: (line: MatchedLine) => void;
  private readonly counting: boolean;
  private readonly kernel: Kernel;
  private readonly confirmer: Confirmer;
  /** Bytes of text in the kernel's memory, and offset of its first in the stream. */
  private held = 0;
  private offset = 0;
  /** Newlines before the kernel's text. */
  private lines = 0;
  private counted = 0;
  private countedLines = 0;
  private stamp = 0;
  /** The line that the confirmer was told of last. */
  private askedAt = 0;
  /** Per branch, then per extra: the line on which it was decided last. */
  private readonly decided: Uint32Array;
  /** Per pattern: the line on which it was found last. */
  private readonly foundOn: Uint32Array;
  private readonly attempts: Uint8Array;
  private readonly attemptsAt: Uint32Array;
  /** Per branch that no literal finds: a byte that it needs, and where that stands next. */
  private readonly needs: Int16Array;
  private readonly needAt: Float64Array;
  private lineFrom = 0;
  private lineTo = 0;
  private found: number[] = [];
  private foundExtras: number[] = [];
  private readonly line: MatchedLine & {
    patterns: number[];
    extras: number[];
    offset: number;
    number: number;
  };

  constructor(
    patterns: LinePatterns,
    onLine: (line: MatchedLine) => void,
    options: { readonly countLines?: boolean } = {},
  ) {
    this.patterns = patterns;
    this.onLine = onLine;
    this.counting = options.countLines ?? false;
    this.kernel = buildKernel(patterns.plan, { wasm: patterns.wasm });
    const { branches } = patterns;
    this.confirmer = new Confirmer(branches.length, (b) => branches[b] as PatternNode, patterns.unit);
    const owners = Math.max(branches.length, patterns.plan.owners.reduce((a, b) => Math.max(a, b), -1) + 1);
    this.foundOn = new Uint32Array(patterns.count);
    const { unfiltered } = patterns.plan;
    this.needs = Int16Array.from(unfiltered, (b) => requiredByte(branches[b] as PatternNode));
    this.needAt = new Float64Array(unfiltered.length);
    this.decided = new Uint32Array(owners);
    this.attempts = new Uint8Array(owners);
    this.attemptsAt = new Uint32Array(owners);
    const scanner = this;
    this.line = {
      offset: 0,
      patterns: [],
      extras: [],
      number: 0,
      get bytes() {
        return scanner.kernel.bytes.subarray(scanner.lineFrom, scanner.lineTo);
      },
    };
  }

  /** `wasm`, or `twin` where there is no WebAssembly. */
  get kind(): 'wasm' | 'twin' {
    return this.kernel.kind;
  }

  /** Lines that ended in what was read, where lines are counted. */
  get linesSeen(): number {
    return this.lines;
  }

  /**
   * Makes so many patterns ready before a line asks for them: for who is going to read much, and wants the first of it to
   * be read as fast as the rest. It takes some 10 to 60 microseconds a pattern.
   */
  prepare(patterns: number): void {
    this.confirmer.prepare(patterns);
  }

  /** Where the next bytes may be written. */
  room(bytes: number = SCAN_LIMITS.chunkBytes): Uint8Array {
    this.kernel.reserve(this.held + bytes);
    const from = this.kernel.textAt + this.held;
    return this.kernel.bytes.subarray(from, from + bytes);
  }

  /** So many bytes were written to `room()`. */
  wrote(bytes: number): void {
    const before = this.held;
    this.held += bytes;
    const { textAt } = this.kernel;
    const text = this.kernel.bytes;
    let whole = textAt + this.held;
    while (whole > textAt + before && text[whole - 1] !== 10) whole--;
    if (whole === textAt + before) {
      if (this.held >= SCAN_LIMITS.maxLineBytes) this.piece();
      return;
    }
    this.process(textAt, whole);
    this.keep(whole);
  }

  push(chunk: Uint8Array): void {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + SCAN_LIMITS.chunkBytes);
      this.room(part.length).set(part);
      this.wrote(part.length);
      at += part.length;
    }
  }

  /**
   * Ends the stream; the scanner may then read another one.
   * @returns how many bytes it had, and lines where they were counted (else 0)
   */
  end(): { readonly bytes: number; readonly lines: number } {
    const { textAt } = this.kernel;
    const bytes = this.offset + this.held;
    let open = 0;
    if (this.held > 0) {
      open = 1;
      this.process(textAt, textAt + this.held);
      this.keep(textAt + this.held);
    }
    const lines = this.counting ? this.lines + open : 0;
    this.offset = 0;
    this.lines = 0;
    return { bytes, lines };
  }

  /** Moves what is left behind `from` to the beginning. */
  private keep(from: number): void {
    const { kernel } = this;
    const end = kernel.textAt + this.held;
    if (this.counting) this.lines += this.newlinesUpTo(from);
    this.counted = 0;
    this.countedLines = 0;
    kernel.bytes.copyWithin(kernel.textAt, from, end);
    this.offset += from - kernel.textAt;
    this.held = end - from;
  }

  /** A line without end: what is there is looked at, and its last part kept for a match across the border. */
  private piece(): void {
    const { textAt } = this.kernel;
    this.process(textAt, textAt + this.held);
    this.keep(textAt + this.held - SCAN_LIMITS.pieceOverlapBytes);
  }

  private newlinesUpTo(at: number): number {
    const from = this.kernel.textAt + this.counted;
    this.countedLines += this.kernel.run.countLines(from, at);
    this.counted = at - this.kernel.textAt;
    return this.countedLines;
  }

  /** Looks at whole lines. */
  private process(from: number, to: number): void {
    if (this.patterns.plan.unfiltered.length > 0) this.everyLine(from, to);
    else {
      visitLines(this.kernel, from, to, (streams, lineFrom) => {
        this.begin();
        for (const s of streams) this.take(s, lineFrom);
        this.finish();
      });
    }
  }

  /** Some patterns have to be tried on every line, between those that hold literals as on them. */
  private everyLine(from: number, to: number): void {
    const { kernel } = this;
    const text = kernel.bytes.subarray(0, to);
    this.needAt.fill(-1);
    let at = from;
    const alone = (border: number) => {
      while (at < border) {
        const next = this.nextNeeded(text, at);
        if (next >= border) {
          at = border;
          return;
        }
        if (next > at) at = Math.max(at, text.lastIndexOf(10, next) + 1);
        this.begin();
        this.everywhere(text, at, kernel.run.lineEnd(at, to));
        this.finish();
        at = this.lineTo + 1;
      }
    };
    visitLines(kernel, from, to, (streams, lineFrom) => {
      alone(lineFrom);
      this.begin();
      this.everywhere(text, lineFrom, kernel.run.lineEnd(lineFrom, to));
      for (const s of streams) this.take(s, lineFrom);
      this.finish();
      at = this.lineTo + 1;
    });
    alone(to);
  }

  /** Where the next byte stands that one of those patterns needs; `at` where one needs none. */
  private nextNeeded(text: Uint8Array, at: number): number {
    let next = text.length;
    for (let i = 0; i < this.needs.length; i++) next = Math.min(next, this.needFrom(text, i, at));
    return next;
  }

  private needFrom(text: Uint8Array, i: number, at: number): number {
    const byte = this.needs[i] as number;
    if (byte === -1) return at;
    let next = this.needAt[i] as number;
    if (next >= at) return next;
    next = text.indexOf(byte, at);
    if (next === -1) next = text.length;
    this.needAt[i] = next;
    return next;
  }

  /** Tries the patterns that no literal finds. */
  private everywhere(text: Uint8Array, from: number, to: number): void {
    this.askedAt = this.stamp;
    this.lineFrom = from;
    this.lineTo = to;
    this.confirmer.onLine(this.kernel.bytes, from, to);
    this.patterns.plan.unfiltered.forEach((branch, i) => {
      const pattern = this.patterns.patternOf[branch] as number;
      if (this.foundOn[pattern] === this.stamp) return;
      // (An empty line is no reason to pass by what needs no byte.)
      if (this.needs[i] !== -1 && this.needFrom(text, i, from) >= to) return;
      if (this.confirmer.isOn(branch, this.kernel.bytes, from, to)) this.note(pattern);
    });
  }

  private note(pattern: number): void {
    this.foundOn[pattern] = this.stamp;
    this.found.push(pattern);
  }

  private begin(): void {
    this.stamp++;
    if (this.stamp === 0xffffffff) {
      this.decided.fill(0);
      this.foundOn.fill(0);
      this.attemptsAt.fill(0);
      this.stamp = 1;
    }
    this.found = [];
    this.foundExtras = [];
  }

  /** Confirms what a pass has on the line that begins at `lineFrom`. */
  private take(s: Occurrences, lineFrom: number): void {
    const { patternOf } = this.patterns;
    const { owners, ownersFrom, proofs } = this.patterns.plan;
    const { words } = s;
    const { bytes } = this.kernel;
    const { stamp, decided, foundOn, confirmer } = this;
    while (s.at < s.end && words[s.at] === lineFrom) {
      const lineTo = words[s.at + 1] as number;
      const place = words[s.at + 2] as number;
      const literal = words[s.at + 3] as number;
      s.at += OUT_WORDS;
      if (this.askedAt !== stamp) {
        this.askedAt = stamp;
        this.lineFrom = lineFrom;
        this.lineTo = lineTo;
        confirmer.onLine(bytes, lineFrom, lineTo);
      }
      const last = ownersFrom[literal + 1] as number;
      for (let o = ownersFrom[literal] as number; o < last; o++) {
        const owner = owners[o] as number;
        if (decided[owner] === stamp) continue;
        if (owner >= patternOf.length) {
          decided[owner] = stamp;
          this.foundExtras.push(owner - patternOf.length);
          continue;
        }
        const pattern = patternOf[owner] as number;
        if (foundOn[pattern] === stamp) continue;
        const proof = proofs[o] as number;
        let is = proof === WHOLE;
        if (proof === PREFIX) {
          if (this.attemptsAt[owner] !== stamp) {
            this.attemptsAt[owner] = stamp;
            this.attempts[owner] = 0;
          }
          is = confirmer.beginsAt(owner, bytes, place, lineFrom, lineTo);
          if (!is) {
            this.attempts[owner] = (this.attempts[owner] as number) + 1;
            // Trying every place would be quadratic: from here on the line is asked once.
            if ((this.attempts[owner] as number) < MAX_ATTEMPTS) continue;
            is = confirmer.isOn(owner, bytes, lineFrom, lineTo);
          }
        } else if (!is) is = confirmer.isOn(owner, bytes, lineFrom, lineTo);
        decided[owner] = stamp;
        if (is) this.note(pattern);
      }
    }
  }

  private finish(): void {
    const { found, foundExtras, line } = this;
    if (found.length === 0 && foundExtras.length === 0) return;
    if (found.length > 1) found.sort((a, b) => a - b);
    if (foundExtras.length > 1) foundExtras.sort((a, b) => a - b);
    line.patterns = found;
    line.extras = foundExtras;
    line.offset = this.offset + this.lineFrom - this.kernel.textAt;
    line.number = this.counting ? this.lines + this.newlinesUpTo(this.lineFrom) + 1 : 0;
    this.onLine(line);
  }
}
