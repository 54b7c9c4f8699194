/**
 * The pattern language: a subset of RE2's syntax, so that every pattern can be matched in time linear in the
 * text, by any engine. This parser is the only one that reads a pattern's source; engines get `printPattern`
 * of its tree, so that what was admitted and what is run cannot differ.
 *
 * In: literals, `.`, classes (`[a-z]`, `\d \w \s` and their opposites, ASCII), groups `( )`, `(?: )`,
 * `(?<name> )`, alternation, `* + ? {n,m}` and their lazy forms, `^ $ \b \B`. Out, with an explanation:
 * look-around, back-references, inline flags, possessive and atomic forms, Unicode properties.
 * Syntax reference: https://github.com/google/re2/wiki/Syntax
 */

/** Inclusive ranges of code points, sorted, not touching. */
export type CharRanges = readonly (readonly [number, number])[];

export type PatternNode =
  | { readonly kind: 'empty' }
  | { readonly kind: 'class'; readonly ranges: CharRanges }
  | { readonly kind: 'assert'; readonly at: 'start' | 'end' | 'word' | 'not-word' }
  | { readonly kind: 'concat'; readonly nodes: readonly PatternNode[] }
  | { readonly kind: 'alternate'; readonly nodes: readonly PatternNode[] }
  | { readonly kind: 'group'; readonly node: PatternNode; readonly name: string | null }
  | {
      readonly kind: 'repeat';
      readonly node: PatternNode;
      readonly min: number;
      /** -1: no upper bound. */
      readonly max: number;
      readonly lazy: boolean;
    };

export interface ParsedPattern {
  readonly source: string;
  readonly ignoreCase: boolean;
  readonly node: PatternNode;
  /** Names of the named groups in order. */
  readonly groups: readonly string[];
  /** Size of the automaton, counted repeats unrolled. */
  readonly states: number;
}

export interface PatternProblem {
  /** Offset into the source, UTF-16 units. */
  readonly at: number;
  readonly message: string;
  readonly remedy: string;
}

export type PatternResult =
  | { readonly pattern: ParsedPattern; readonly problem: null }
  | { readonly pattern: null; readonly problem: PatternProblem };

/** Limits that keep a compiled pattern small; `docs/records.md` lists them. */
export const PATTERN_LIMITS = {
  maxChars: 2_000,
  /** Highest count in `{n,m}` (as in RE2). */
  maxRepeat: 1_000,
  /** Nodes after counted repeats are unrolled: bounds the size of the automaton. */
  maxStates: 2_000,
  /** Above this, lint warns: a large automaton is slow to build, and most counts can be + or *. */
  comfortableStates: 400,
  maxDepth: 100,
} as const;

const MAX_CODE_POINT = 0x10ffff;
const NEWLINE = 10;
const DIGIT: CharRanges = [[48, 57]];
const SPACE: CharRanges = [
  [9, 10],
  [12, 13],
  [32, 32],
];
const WORD: CharRanges = [
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
];
const POSIX_CLASSES: Readonly<Record<string, CharRanges>> = {
  alnum: [
    [48, 57],
    [65, 90],
    [97, 122],
  ],
  alpha: [
    [65, 90],
    [97, 122],
  ],
  digit: DIGIT,
  lower: [[97, 122]],
  punct: [
    [33, 47],
    [58, 64],
    [91, 96],
    [123, 126],
  ],
  space: [
    [9, 13],
    [32, 32],
  ],
  upper: [[65, 90]],
  word: WORD,
  xdigit: [
    [48, 57],
    [65, 70],
    [97, 102],
  ],
};
const CONTROL_ESCAPES: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, a: 7 };

/** Patterns are mostly ASCII text: its nodes are made once and shared. */
const CHARACTERS: readonly PatternNode[] = Array.from({ length: 128 }, (_, code) => ({
  kind: 'class',
  ranges: [[code, code]],
}));
const FOLDED_CHARACTERS: readonly PatternNode[] = Array.from({ length: 128 }, (_, code) => {
  const lower = code | 32;
  if (lower < 97 || lower > 122 || code < 65) return CHARACTERS[code] as PatternNode;
  const upper = lower - 32;
  return {
    kind: 'class',
    ranges: [
      [upper, upper],
      [lower, lower],
    ],
  };
});

class PatternError extends Error {
  readonly at: number;
  readonly remedy: string;
  constructor(at: number, message: string, remedy: string) {
    super(message);
    this.at = at;
    this.remedy = remedy;
  }
}

function normaliseRanges(ranges: [number, number][]): [number, number][] {
  const sorted = ranges.filter(([lo, hi]) => lo <= hi).sort((a, b) => a[0] - b[0]);
  const out: [number, number][] = [];
  for (const [lo, hi] of sorted) {
    const last = out[out.length - 1];
    if (last && lo <= last[1] + 1) last[1] = Math.max(last[1], hi);
    else out.push([lo, hi]);
  }
  return out;
}

function negateRanges(ranges: CharRanges): [number, number][] {
  const out: [number, number][] = [];
  let next = 0;
  for (const [lo, hi] of normaliseRanges(ranges.map(([a, b]) => [a, b]))) {
    if (lo > next) out.push([next, lo - 1]);
    next = hi + 1;
  }
  if (next <= MAX_CODE_POINT) out.push([next, MAX_CODE_POINT]);
  return out;
}

/** ASCII letters only: a fold that every engine shares and that never changes a text's length. */
function foldRanges(ranges: CharRanges): [number, number][] {
  const out: [number, number][] = ranges.map(([lo, hi]) => [lo, hi]);
  for (const [lo, hi] of ranges) {
    out.push([Math.max(lo, 65) + 32, Math.min(hi, 90) + 32]);
    out.push([Math.max(lo, 97) - 32, Math.min(hi, 122) - 32]);
  }
  return normaliseRanges(out);
}

class Parser {
  private at = 0;
  private depth = 0;
  private readonly groups: string[] = [];
  private readonly source: string;
  private readonly ignoreCase: boolean;
  constructor(source: string, ignoreCase: boolean) {
    this.source = source;
    this.ignoreCase = ignoreCase;
  }

  parse(): ParsedPattern {
    if (this.source.length > PATTERN_LIMITS.maxChars) {
      throw new PatternError(
        PATTERN_LIMITS.maxChars,
        `the pattern is longer than ${PATTERN_LIMITS.maxChars} characters`,
        'keep the part that names the error and move variants to `wordings`',
      );
    }
    const node = this.alternation();
    if (this.at < this.source.length) this.fail('there is a ) without a (', 'write \\) for the character');
    const states = countStates(node);
    if (states > PATTERN_LIMITS.maxStates) {
      throw new PatternError(0, 'its counted repeats unroll to too many states', 'use + or a smaller count');
    }
    return { source: this.source, ignoreCase: this.ignoreCase, node, groups: this.groups, states };
  }

  private fail(message: string, remedy: string, at = this.at): never {
    throw new PatternError(at, message, remedy);
  }

  private peek(): string {
    return this.source[this.at] ?? '';
  }

  private alternation(): PatternNode {
    const nodes = [this.concatenation()];
    while (this.peek() === '|') {
      this.at++;
      nodes.push(this.concatenation());
    }
    return nodes.length === 1 ? (nodes[0] as PatternNode) : { kind: 'alternate', nodes };
  }

  private concatenation(): PatternNode {
    const nodes: PatternNode[] = [];
    while (this.at < this.source.length && this.peek() !== '|' && this.peek() !== ')') {
      nodes.push(this.repetition());
    }
    if (nodes.length === 0) return { kind: 'empty' };
    return nodes.length === 1 ? (nodes[0] as PatternNode) : { kind: 'concat', nodes };
  }

  private repetition(): PatternNode {
    const start = this.at;
    const node = this.atom();
    const bounds = this.quantifier();
    if (!bounds) return node;
    if (node.kind === 'assert') this.fail('a position cannot be repeated', 'remove the quantifier', start);
    const lazy = this.peek() === '?';
    if (lazy) this.at++;
    if (this.peek() === '+') {
      this.fail('possessive quantifiers are not in RE2', 'remove the +: matching is linear anyway');
    }
    const again = this.at;
    if (this.quantifier()) this.fail('two quantifiers stand in a row', 'group the inner one: (?:…)', again);
    return { kind: 'repeat', node, min: bounds[0], max: bounds[1], lazy };
  }

  /** Reads `* + ? {n} {n,} {n,m}`; a brace that is none of these is a literal, as in RE2. */
  private quantifier(): [number, number] | null {
    const c = this.peek();
    if (c === '*' || c === '+' || c === '?') {
      this.at++;
      return c === '*' ? [0, -1] : c === '+' ? [1, -1] : [0, 1];
    }
    if (c !== '{') return null;
    const m = /^\{(\d{1,6})(,(\d{0,6}))?\}/.exec(this.source.slice(this.at, this.at + 16));
    if (!m) return null;
    const min = Number(m[1]);
    const max = m[2] === undefined ? min : m[3] === '' ? -1 : Number(m[3]);
    if (min > PATTERN_LIMITS.maxRepeat || max > PATTERN_LIMITS.maxRepeat) {
      this.fail(`a repeat count is above ${PATTERN_LIMITS.maxRepeat}`, 'use + or *');
    }
    if (max !== -1 && max < min) this.fail('the repeat counts are in the wrong order', 'write {min,max}');
    this.at += m[0].length;
    return [min, max];
  }

  private atom(): PatternNode {
    const c = this.peek();
    switch (c) {
      case '(':
        return this.group();
      case '[':
        return this.bracket();
      case '.':
        this.at++;
        return { kind: 'class', ranges: negateRanges([[NEWLINE, NEWLINE]]) };
      case '^':
        this.at++;
        return { kind: 'assert', at: 'start' };
      case '$':
        this.at++;
        return { kind: 'assert', at: 'end' };
      case '\\':
        return this.escape();
      case '*':
      case '+':
      case '?':
        return this.fail(`${c} has nothing before it to repeat`, `write \\${c} for the character`);
      default: {
        const codePoint = this.source.codePointAt(this.at) as number;
        this.at += codePoint > 0xffff ? 2 : 1;
        return this.char(codePoint);
      }
    }
  }

  private char(codePoint: number): PatternNode {
    const shared = (this.ignoreCase ? FOLDED_CHARACTERS : CHARACTERS)[codePoint];
    return shared ?? { kind: 'class', ranges: [[codePoint, codePoint]] };
  }

  private class(ranges: CharRanges): PatternNode {
    return { kind: 'class', ranges: this.ignoreCase ? foldRanges(ranges) : ranges };
  }

  private group(): PatternNode {
    const start = this.at;
    if (++this.depth > PATTERN_LIMITS.maxDepth) this.fail('groups are nested too deeply', 'flatten them');
    this.at++;
    let name: string | null = null;
    if (this.peek() === '?') {
      const rest = this.source.slice(this.at, this.at + 40);
      const named = /^\?P?<([A-Za-z_][A-Za-z0-9_]{0,31})>/.exec(rest);
      if (rest.startsWith('?:')) this.at += 2;
      else if (named) {
        name = named[1] as string;
        if (this.groups.includes(name)) this.fail(`two groups are called ${name}`, 'give each its own name');
        this.groups.push(name);
        this.at += named[0].length;
      } else if (/^\?<?[=!]/.test(rest)) {
        this.fail(
          'look-ahead and look-behind are not in RE2',
          'use `not_if` for what must be absent, and a longer pattern for what must be near',
          start,
        );
      } else if (rest.startsWith('?>')) {
        this.fail('atomic groups are not in RE2', 'write (?:…): matching is linear anyway', start);
      } else {
        this.fail('inline flags are not allowed', 'set `ignore_case` on the record', start);
      }
    }
    const node = this.alternation();
    if (this.peek() !== ')')
      this.fail('a ( is never closed', 'close it, or write \\( for the character', start);
    this.at++;
    this.depth--;
    return { kind: 'group', node, name };
  }

  private escape(): PatternNode {
    const start = this.at;
    const c = this.source[this.at + 1];
    if (c === 'b' || c === 'B') {
      this.at += 2;
      return { kind: 'assert', at: c === 'b' ? 'word' : 'not-word' };
    }
    if (c === 'A' || c === 'z') {
      this.at += 2;
      return { kind: 'assert', at: c === 'A' ? 'start' : 'end' };
    }
    const ranges = this.escapedClass();
    if (ranges) return this.class(ranges);
    this.at = start;
    return this.char(this.escapedChar());
  }

  /** `\d` and its like; null (and nothing read) where the escape is a single character. */
  private escapedClass(): CharRanges | null {
    const c = this.source[this.at + 1] ?? '';
    const base =
      c === 'd' || c === 'D' ? DIGIT : c === 'w' || c === 'W' ? WORD : c === 's' || c === 'S' ? SPACE : null;
    if (!base) {
      if (c === 'p' || c === 'P') {
        this.fail('Unicode properties are not supported', 'list the characters in a class');
      }
      return null;
    }
    this.at += 2;
    return c === c.toLowerCase() ? base : negateRanges(base);
  }

  private escapedChar(): number {
    const c = this.source[this.at + 1];
    if (c === undefined) this.fail('the pattern ends in a backslash', 'write \\\\ for the character');
    const control = CONTROL_ESCAPES[c];
    if (control !== undefined) {
      this.at += 2;
      return control;
    }
    if (c === 'x') {
      const m = /^\\x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})/.exec(
        this.source.slice(this.at, this.at + 12),
      );
      const codePoint = m ? Number.parseInt((m[1] ?? m[2]) as string, 16) : -1;
      if (!m || codePoint > MAX_CODE_POINT) this.fail('\\x needs two hex digits or {…}', 'write e.g. \\x1b');
      this.at += m[0].length;
      return codePoint;
    }
    if (/[0-9]/.test(c))
      this.fail('back-references and octal escapes are not in RE2', 'write the text itself, or \\x…');
    if (/[A-Za-z]/.test(c))
      this.fail(`\\${c} is not an escape of RE2`, `write ${c} or the characters that you mean`);
    const codePoint = this.source.codePointAt(this.at + 1) as number;
    this.at += codePoint > 0xffff ? 3 : 2;
    return codePoint;
  }

  private bracket(): PatternNode {
    const start = this.at;
    this.at++;
    const negated = this.peek() === '^';
    if (negated) this.at++;
    const ranges: [number, number][] = [];
    let first = true;
    while (this.peek() !== ']' || first) {
      if (this.at >= this.source.length) this.fail('a [ is never closed', 'close it, or write \\[', start);
      first = false;
      const posix = /^\[:(\^?)([a-z]+):\]/.exec(this.source.slice(this.at, this.at + 16));
      const posixRanges = posix ? POSIX_CLASSES[posix[2] as string] : undefined;
      if (posix && posixRanges) {
        this.at += posix[0].length;
        ranges.push(
          ...(posix[1] ? negateRanges(posixRanges) : posixRanges.map(([a, b]): [number, number] => [a, b])),
        );
        continue;
      }
      const escaped = this.peek() === '\\' ? this.escapedClass() : null;
      if (escaped) {
        ranges.push(...escaped.map(([a, b]): [number, number] => [a, b]));
        continue;
      }
      const lo = this.bracketChar();
      let hi = lo;
      if (this.peek() === '-' && this.source[this.at + 1] !== ']' && this.at + 1 < this.source.length) {
        const dash = this.at;
        this.at++;
        if (this.peek() === '\\' && /[dDwWsS]/.test(this.source[this.at + 1] ?? '')) {
          this.fail('a class cannot end a range', 'put the - last: [\\w.-]', dash);
        }
        hi = this.bracketChar();
        if (hi < lo) this.fail('a range is in the wrong order', 'put the lower character first', dash);
      }
      ranges.push([lo, hi]);
    }
    this.at++;
    const folded = this.ignoreCase ? foldRanges(ranges) : normaliseRanges(ranges);
    return { kind: 'class', ranges: negated ? negateRanges(folded) : folded };
  }

  private bracketChar(): number {
    if (this.peek() === '\\') {
      if (this.source[this.at + 1] === 'b') this.fail('\\b inside a class is a backspace', 'write \\x08');
      return this.escapedChar();
    }
    const codePoint = this.source.codePointAt(this.at) as number;
    this.at += codePoint > 0xffff ? 2 : 1;
    return codePoint;
  }
}

function countStates(node: PatternNode): number {
  switch (node.kind) {
    case 'empty':
    case 'assert':
    case 'class':
      return 1;
    case 'group':
      return 1 + countStates(node.node);
    case 'concat':
    case 'alternate':
      return node.nodes.reduce((sum, n) => sum + countStates(n), 1);
    case 'repeat':
      return 1 + countStates(node.node) * Math.max(1, node.max === -1 ? node.min : node.max);
  }
}

/** Reads one pattern. Never throws; a pattern outside the subset comes back as a problem that says where and why. */
export function parsePattern(source: string, options: { readonly ignoreCase?: boolean } = {}): PatternResult {
  try {
    return { pattern: new Parser(source, options.ignoreCase ?? false).parse(), problem: null };
  } catch (error) {
    if (!(error instanceof PatternError)) throw error;
    return { pattern: null, problem: { at: error.at, message: error.message, remedy: error.remedy } };
  }
}

/** The source of a tree in plain RE2 syntax: case folding, classes and escapes are spelt out, so flags are not needed. */
export function printPattern(node: PatternNode): string {
  switch (node.kind) {
    case 'empty':
      return '(?:)';
    case 'assert':
      return { start: '\\A', end: '\\z', word: '\\b', 'not-word': '\\B' }[node.at];
    case 'class':
      return printRanges(node.ranges);
    case 'concat':
      return node.nodes
        .map((n) => (n.kind === 'alternate' ? `(?:${printPattern(n)})` : printPattern(n)))
        .join('');
    case 'alternate':
      return node.nodes.map(printPattern).join('|');
    case 'group':
      return node.name === null
        ? `(?:${printPattern(node.node)})`
        : `(?P<${node.name}>${printPattern(node.node)})`;
    case 'repeat': {
      const inner = node.node.kind === 'class' ? printPattern(node.node) : `(?:${printPattern(node.node)})`;
      const { min, max } = node;
      const count =
        min === 0 && max === -1
          ? '*'
          : min === 1 && max === -1
            ? '+'
            : min === 0 && max === 1
              ? '?'
              : `{${min},${max === -1 ? '' : max}}`;
      return inner + count + (node.lazy ? '?' : '');
    }
  }
}

function printRanges(ranges: CharRanges): string {
  const only = ranges[0];
  if (!only) return '[^\\x{0}-\\x{10ffff}]';
  if (ranges.length === 1 && only[0] === only[1]) return printCodePoint(only[0]);
  return `[${ranges.map(([lo, hi]) => (lo === hi ? printCodePoint(lo) : `${printCodePoint(lo)}-${printCodePoint(hi)}`)).join('')}]`;
}

/** As itself, behind a backslash where it has a meaning, in hex where it cannot be seen. */
const PRINTED: readonly string[] = Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code);
  if (code < 32 || code > 126 || char === '-') return `\\x{${code.toString(16)}}`;
  return /[\\^$.*+?()[\]{}|/]/.test(char) ? `\\${char}` : char;
});

function printCodePoint(codePoint: number): string {
  return PRINTED[codePoint] ?? `\\x{${codePoint.toString(16)}}`;
}

/** Splits a pattern at its outermost `|`: matching any of the parts is matching the whole. */
export function topAlternatives(pattern: Pick<ParsedPattern, 'node'>): readonly PatternNode[] {
  let node = pattern.node;
  while (node.kind === 'group' && node.name === null) node = node.node;
  return node.kind === 'alternate' ? node.nodes : [pattern.node];
}
