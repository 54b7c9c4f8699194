/**
 * Required literals: texts of which at least one must occur wherever a pattern matches. They make matching
 * fast (look for literals first, run the pattern only there) and tell how rare a pattern is.
 * The method is that of Rust's regex-syntax (`hir::literal`): exact sets grow by cross product while they stay
 * small, and a pattern without a good set has none.
 */
import type { CharRanges, ParsedPattern, PatternNode } from './pattern.ts';

/** Bounds of literal extraction and admission; `docs/records.md` lists them. */
export const LITERAL_LIMITS = {
  /** A set with more members than this is not used. */
  maxMembers: 64,
  /** Classes up to this size are spelt out (`[Ee]`, `[0-9]`). */
  maxClass: 10,
  /** Literals are cut to this length. */
  maxChars: 64,
  /** A literal shorter than this makes a pattern inadmissible: it would be looked for everywhere. */
  minChars: 4,
  /** A literal shorter than this is admissible but draws a warning. */
  comfortableChars: 9,
} as const;

/** Folded (ASCII lower case) literals, one of which must occur in every match. */
export interface LiteralSet {
  readonly members: readonly string[];
}

/** An any-of set that may serve to look for a pattern. */
export interface LiteralChoice {
  readonly members: readonly string[];
  /** Every match begins with a member. */
  readonly prefix: boolean;
  /** The members are exactly the texts that the pattern matches. */
  readonly whole: boolean;
}

/**
 * All any-of sets that a matcher may choose from, of which the rarest in its text is the best. Unlike
 * `requiredLiterals` it keeps case where the pattern does.
 * @returns `folded`: the members are ASCII lower case, and stand for either case
 */
export function literalChoices(node: PatternNode): {
  readonly choices: readonly LiteralChoice[];
  readonly folded: boolean;
} {
  const folded = foldsCase(node);
  const spell = folded ? spellOut : spellExactly;
  const choices: LiteralChoice[] = [];
  const add = (members: readonly string[] | null, prefix: boolean, whole: boolean): void => {
    if (!members || members.some((m) => m === '')) return;
    if (whole) {
      choices.push({ members: [...new Set(members)], prefix: true, whole: true });
      return;
    }
    const kept = minimal(members.map((m) => m.slice(0, LITERAL_LIMITS.maxChars)));
    // Of `(?:x|)foo` only foo is kept, which does not begin every match.
    const begins = prefix && members.every((m) => kept.some((k) => m.startsWith(k)));
    choices.push({ members: kept, prefix: begins, whole: false });
  };
  const parts: Part[] = [];
  collectParts(node, spell, parts);
  const varied = parts.some((part) => part.exact && part.exact.length > 1);
  const exactly = !folded || foldsEverything(node);
  // One run takes in small classes and alternations, the other keeps to what is certain.
  for (const wide of varied ? [true, false] : [true]) {
    let run: readonly string[] = [''];
    let begins = true;
    let consumed = false;
    let whole = exactly;
    const flush = (last: boolean) => {
      add(run, begins, last && whole && begins);
      run = [''];
      begins = false;
    };
    for (const part of parts) {
      if (part.exact?.[0] === '' && part.exact.length === 1) {
        if (part.asserts) whole = false;
        continue;
      }
      const next = part.exact && (wide || part.exact.length === 1) ? cross(run, part.exact) : null;
      if (next) run = next;
      else {
        whole = false;
        flush(false);
        if (part.exact && wide) {
          run = part.exact;
          begins = !consumed;
        } else add(part.exact ?? part.best, false, false);
      }
      consumed = true;
      if (part.asserts) whole = false;
    }
    flush(true);
  }
  return { choices, folded };
}

/** What is known of one of the parts that follow one another in a pattern. */
interface Part extends Info {
  readonly asserts: boolean;
}

/** The parts of a pattern, groups opened; characters in a row are one part. */
function collectParts(node: PatternNode, spell: Spell, parts: Part[]): void {
  if (node.kind === 'group' || (node.kind === 'repeat' && node.min === 1 && node.max === 1)) {
    collectParts(node.node, spell, parts);
    return;
  }
  if (node.kind !== 'concat') {
    parts.push({ ...analyse(node, spell), asserts: hasAssertion(node) });
    return;
  }
  let run = '';
  const flush = () => {
    if (run !== '') parts.push({ exact: [run], best: null, asserts: false });
    run = '';
  };
  for (const child of node.nodes) {
    const chars = child.kind === 'class' ? spell(child.ranges) : null;
    if (chars?.length === 1) {
      // Longer texts are cut anyway, and a run must stay one that can be crossed.
      if (run.length >= LITERAL_LIMITS.maxChars - 1) flush();
      run += chars[0];
    } else {
      flush();
      collectParts(child, spell, parts);
    }
  }
  flush();
}

function hasAssertion(node: PatternNode): boolean {
  switch (node.kind) {
    case 'assert':
      return true;
    case 'group':
    case 'repeat':
      return hasAssertion(node.node);
    case 'concat':
    case 'alternate':
      return node.nodes.some(hasAssertion);
    default:
      return false;
  }
}

/** Whether every letter stands in both cases: the folded text then says it all. */
function foldsEverything(node: PatternNode): boolean {
  switch (node.kind) {
    case 'class': {
      const has = (code: number) => node.ranges.some(([lo, hi]) => lo <= code && code <= hi);
      for (let c = 65; c <= 90; c++) if (has(c) !== has(c + 32)) return false;
      return true;
    }
    case 'group':
    case 'repeat':
      return foldsEverything(node.node);
    case 'concat':
    case 'alternate':
      return node.nodes.every(foldsEverything);
    default:
      return true;
  }
}

/** Whether the pattern spells a letter in both cases, as ignored case is spelt. */
function foldsCase(node: PatternNode): boolean {
  switch (node.kind) {
    case 'class':
      return node.ranges.length === 2 && singleFolded(node.ranges) !== null;
    case 'group':
    case 'repeat':
      return foldsCase(node.node);
    case 'concat':
    case 'alternate':
      return node.nodes.some(foldsCase);
    default:
      return false;
  }
}

/** What is known of the texts a node matches: all of them (`exact`), or some part that must occur (`best`). */
interface Info {
  readonly exact: readonly string[] | null;
  readonly best: readonly string[] | null;
}

const NOTHING: Info = { exact: null, best: null };

const NOT_ASCII = /[^\x00-\x7f]/;

/** ASCII lower case, length kept: the fold of the matcher's filter. */
export function foldAscii(text: string): string {
  // The engine's own lowering is far faster, and the same where there is nothing but ASCII.
  if (!NOT_ASCII.test(text)) return text.toLowerCase();
  return text.replace(/[A-Z]+/g, (s) => s.toLowerCase());
}

/** The best any-of set of required literals, or null where the pattern has none. */
export function requiredLiterals(pattern: Pick<ParsedPattern, 'node'>): LiteralSet | null {
  const info = analyse(pattern.node, spellOut);
  const members = better(info.exact, info.best);
  if (!members || members.some((m) => m.length === 0)) return null;
  return { members: minimal(members.map((m) => m.slice(0, LITERAL_LIMITS.maxChars))) };
}

/** Members that contain another member are superfluous: wherever they occur, the shorter one does too. */
function minimal(members: readonly string[]): string[] {
  if (members.length === 1) return [...members];
  const unique = [...new Set(members)].sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
  const kept: string[] = [];
  for (const m of unique) if (!kept.some((k) => m.includes(k))) kept.push(m);
  return kept.sort();
}

function analyse(node: PatternNode, spell: Spell): Info {
  switch (node.kind) {
    case 'empty':
    case 'assert':
      return { exact: [''], best: null };
    case 'class': {
      const chars = spell(node.ranges);
      return chars ? { exact: chars, best: null } : NOTHING;
    }
    case 'group':
      return analyse(node.node, spell);
    case 'concat':
      return concat(node.nodes, spell);
    case 'alternate':
      return alternate(node.nodes.map((n) => analyse(n, spell)));
    case 'repeat': {
      if (node.min === 0) {
        const inner = node.max === 1 ? analyse(node.node, spell).exact : null;
        const exact = inner ? union([[''], inner]) : null;
        return exact ? { exact, best: null } : NOTHING;
      }
      const once = analyse(node.node, spell);
      if (node.min === 1 && node.max === 1) return once;
      if (once.exact && node.max === node.min && node.min <= 8) {
        let exact: readonly string[] | null = once.exact;
        for (let i = 1; i < node.min && exact; i++) exact = cross(exact, once.exact);
        if (exact) return { exact, best: null };
      }
      return { exact: null, best: better(once.exact, once.best) };
    }
  }
}

/** The characters of a class where they are few. */
type Spell = (ranges: CharRanges) => string[] | null;

/** As they are; no case is folded. */
function spellExactly(ranges: CharRanges): string[] | null {
  const [only] = ranges;
  if (only && ranges.length === 1 && only[0] === only[1]) return [String.fromCodePoint(only[0])];
  let size = 0;
  for (const [lo, hi] of ranges) size += hi - lo + 1;
  if (size > LITERAL_LIMITS.maxClass) return null;
  return ranges.flatMap(([lo, hi]) =>
    Array.from({ length: hi - lo + 1 }, (_, i) => String.fromCodePoint(lo + i)),
  );
}

/** Folded. */
function spellOut(ranges: CharRanges): string[] | null {
  const single = singleFolded(ranges);
  if (single !== null) return [single];
  const chars = new Set<string>();
  for (const [lo, hi] of ranges) {
    if (hi - lo >= 64) return null;
    for (let c = lo; c <= hi; c++) chars.add(foldAscii(String.fromCodePoint(c)));
    if (chars.size > LITERAL_LIMITS.maxClass) return null;
  }
  return [...chars];
}

/** One character, or one ASCII letter in both cases (how ignored case is spelt): most classes are that. */
function singleFolded(ranges: CharRanges): string | null {
  const [first, second] = ranges;
  if (!first || ranges.length > 2 || first[0] !== first[1]) return null;
  if (!second) return String.fromCodePoint(first[0] >= 65 && first[0] <= 90 ? first[0] + 32 : first[0]);
  const isPair = first[0] >= 65 && first[0] <= 90 && second[0] === first[0] + 32 && second[0] === second[1];
  return isPair ? String.fromCodePoint(second[0]) : null;
}

function concat(nodes: readonly PatternNode[], spell: Spell): Info {
  let best: readonly string[] | null = null;
  let run: readonly string[] | null = [''];
  let whole = true;
  const flush = () => {
    best = better(best, run);
    run = [''];
  };
  for (const node of nodes) {
    const info = analyse(node, spell);
    if (info.exact) {
      const next: readonly string[] | null = run ? cross(run, info.exact) : null;
      if (next) run = next;
      else {
        whole = false;
        flush();
        run = info.exact;
      }
    } else {
      whole = false;
      flush();
      best = better(best, info.best);
    }
  }
  if (whole) return { exact: run, best: null };
  flush();
  return { exact: null, best };
}

function alternate(infos: readonly Info[]): Info {
  const exact = infos.every((i) => i.exact) ? union(infos.map((i) => i.exact as readonly string[])) : null;
  if (exact) return { exact, best: null };
  const parts = infos.map((i) => better(i.exact, i.best));
  return { exact: null, best: parts.every((p) => p) ? union(parts as (readonly string[])[]) : null };
}

function cross(left: readonly string[], right: readonly string[]): readonly string[] | null {
  const [only] = right;
  if (left.length === 1 && right.length === 1) {
    const text = (left[0] as string) + only;
    return text.length > LITERAL_LIMITS.maxChars ? null : [text];
  }
  if (left.length * right.length > LITERAL_LIMITS.maxMembers) return null;
  const out = new Set<string>();
  for (const l of left) {
    for (const r of right) {
      // A long text is as good a filter as a longer one; cutting would lose the "exact", so the run ends here.
      if (l.length + r.length > LITERAL_LIMITS.maxChars) return null;
      out.add(l + r);
    }
  }
  return [...out];
}

function union(sets: readonly (readonly string[])[]): readonly string[] | null {
  const out = new Set<string>();
  for (const set of sets) for (const s of set) out.add(s);
  return out.size > LITERAL_LIMITS.maxMembers ? null : [...out];
}

/** The set whose weakest member is the longest; fewer members where that ties. */
function better(a: readonly string[] | null, b: readonly string[] | null): readonly string[] | null {
  if (!a) return b;
  if (!b) return a;
  const weakest = (s: readonly string[]) => Math.min(...s.map((m) => m.length));
  const difference = weakest(a) - weakest(b);
  if (difference !== 0) return difference > 0 ? a : b;
  return a.length <= b.length ? a : b;
}

/**
 * The literal text that every match must contain, in order, in pieces (ASCII lower case): by its words rarity is
 * judged. Of an inner alternation the option with the least text counts.
 */
export function requiredText(node: PatternNode): readonly string[] {
  return literalPieces(node, (options) => {
    const pieces = options.map(requiredText);
    const size = (o: readonly string[]) => o.reduce((sum, piece) => sum + piece.length, 0);
    return pieces.reduce((a, b) => (size(b) < size(a) ? b : a));
  });
}

/** Pieces of literal text (ASCII lower case) that all occur, one after the other, in every match. */
export function requiredPieces(node: PatternNode): readonly string[] {
  return literalPieces(node, () => []);
}

function literalPieces(
  node: PatternNode,
  ofAlternation: (options: readonly PatternNode[]) => readonly string[],
): readonly string[] {
  const pieces: string[] = [];
  let run = '';
  const flush = () => {
    if (run.length > 0) pieces.push(run);
    run = '';
  };
  const visit = (n: PatternNode): void => {
    switch (n.kind) {
      case 'empty':
      case 'assert':
        return;
      case 'class': {
        const chars = spellOut(n.ranges);
        if (chars?.length === 1) run += chars[0];
        else flush();
        return;
      }
      case 'group':
        visit(n.node);
        return;
      case 'concat':
        for (const part of n.nodes) visit(part);
        return;
      case 'repeat': {
        const once = n.min === 1 && n.max === 1;
        if (!once) flush();
        if (n.min > 0) visit(n.node);
        if (!once) flush();
        return;
      }
      case 'alternate':
        flush();
        pieces.push(...ofAlternation(n.nodes));
        return;
    }
  };
  visit(node);
  flush();
  return pieces;
}
