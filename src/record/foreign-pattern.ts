/**
 * Patterns of other languages, rewritten into ours where the meaning stays exactly the same: flags spelt out,
 * escapes of other spellings replaced. What has no equal is a problem that says so; nothing is approximated.
 *
 * Two readings stay different by design and are said in docs/records.md: a pattern is tried line by line, so `^`
 * and `$` are the ends of a line; `\d \w \s \b` and ignored case mean ASCII.
 *
 * Sources: https://docs.python.org/3/library/re.html#regular-expression-syntax,
 * https://github.com/google/re2/wiki/Syntax (what Go's regexp reads).
 */
import { type PatternNode, type PatternProblem, parsePattern, printPattern } from './pattern.ts';

/** `python`: its `re`. `re2`: Go's `regexp`. `ours`: only read, nothing rewritten. */
export type PatternDialect = 'python' | 're2' | 'ours';

export type Translation =
  | {
      readonly source: string;
      /** The whole pattern ignores case. Where only a part of it does, that part is spelt out instead. */
      readonly ignoreCase: boolean;
      /** The source is written in another way than it was. */
      readonly changed: boolean;
      readonly problem: null;
    }
  | { readonly source: null; readonly problem: PatternProblem };

/** Letters that may stand in `(?…)`. */
const FLAGS = { python: 'aimsux', re2: 'ims' } as const;
/** Escapes that mean the same in all three languages. */
const SHARED_ESCAPE = /[AbBdDsSwWafnrtv]/;

/**
 * @param options.spellCase `(?i)` is spelt out (`[Ee]`) even where it holds for the whole pattern, for records in
 * which case matters otherwise
 */
export function translatePattern(
  source: string,
  dialect: PatternDialect,
  options: { readonly spellCase?: boolean } = {},
): Translation {
  try {
    const written =
      dialect === 'ours'
        ? { source, ignoreCase: false }
        : new Translator(source, dialect).translate(options.spellCase ?? false);
    const { pattern, problem } = parsePattern(written.source, { ignoreCase: written.ignoreCase });
    if (problem) return { source: null, problem };
    if (!fitsOneLine(pattern.node)) {
      return refuse('it asks for a line break', 'write it as a sequence: one pattern for each line');
    }
    return { ...written, changed: written.source !== source, problem: null };
  } catch (error) {
    if (!(error instanceof Untranslatable)) throw error;
    return refuse(error.message, error.remedy, error.at);
  }
}

function refuse(message: string, remedy: string, at = 0): Translation {
  return { source: null, problem: { at, message, remedy } };
}

class Untranslatable extends Error {
  readonly at: number;
  readonly remedy: string;
  constructor(at: number, message: string, remedy: string) {
    super(message);
    this.at = at;
    this.remedy = remedy;
  }
}

interface Flags {
  readonly fold: boolean;
  readonly verbose: boolean;
}

/** A stretch of output: syntax, or characters that case can be ignored for. */
interface Piece {
  readonly text: string;
  readonly fold: boolean | null;
}

class Translator {
  private at = 0;
  private flags: Flags = { fold: false, verbose: false };
  private readonly enclosing: Flags[] = [];
  private readonly pieces: Piece[] = [];
  private readonly source: string;
  private readonly dialect: 'python' | 're2';
  constructor(source: string, dialect: 'python' | 're2') {
    this.source = source;
    this.dialect = dialect;
  }

  translate(spellCase: boolean): { source: string; ignoreCase: boolean } {
    while (this.at < this.source.length) this.next();
    const characters = this.pieces.filter((p) => p.fold !== null);
    const ignoreCase = !spellCase && characters.length > 0 && characters.every((p) => p.fold);
    const text = this.pieces.map((p) => (p.fold && !ignoreCase ? spelt(p.text) : p.text)).join('');
    return { source: text, ignoreCase };
  }

  private fail(message: string, remedy: string, at = this.at): never {
    throw new Untranslatable(at, message, remedy);
  }

  private syntax(text: string): void {
    this.pieces.push({ text, fold: null });
  }

  private characters(text: string): void {
    this.pieces.push({ text, fold: this.flags.fold });
  }

  private next(): void {
    const c = this.source[this.at] as string;
    if (c === '\\') this.escape();
    else if (c === '[') this.bracket();
    else if (c === '(') this.open();
    else if (c === '{') this.brace();
    else if (c === ')') {
      this.at++;
      this.flags = this.enclosing.pop() ?? this.flags;
      this.syntax(')');
    } else if (this.flags.verbose && /\s/.test(c)) this.at++;
    else if (this.flags.verbose && c === '#') {
      const end = this.source.indexOf('\n', this.at);
      this.at = end === -1 ? this.source.length : end;
    } else if ('*+?|.^$'.includes(c)) {
      this.at++;
      this.syntax(c);
    } else {
      const char = String.fromCodePoint(this.source.codePointAt(this.at) as number);
      this.at += char.length;
      this.characters(char);
    }
  }

  /** Python counts `{,3}` from nothing; in RE2 that is text. */
  private brace(): void {
    const open = this.dialect === 'python' && /^\{,(\d*)\}/.exec(this.source.slice(this.at, this.at + 12));
    this.at += open ? open[0].length : 1;
    this.syntax(open ? `{0,${open[1]}}` : '{');
  }

  private open(): void {
    const start = this.at;
    const rest = this.source.slice(start, start + 60);
    const comment = this.dialect === 'python' && rest.startsWith('(?#');
    if (comment) {
      const end = this.source.indexOf(')', start);
      if (end === -1) this.fail('a comment is never closed', 'close it');
      this.at = end + 1;
      return;
    }
    if (/^\(\?P[=>]|^\(\?[(&R0-9]/.test(rest)) {
      this.fail(
        'back-references, conditions and calls are not in RE2',
        'write the text itself, or a wording for each case',
      );
    }
    const flags = /^\(\?([A-Za-z]*)(?:-([A-Za-z]+))?([:)])/.exec(rest);
    if (flags && flags[0] !== '(?:') {
      this.changeFlags(flags, start);
      return;
    }
    this.enclosing.push(this.flags);
    const name = /^\(\?P?<([A-Za-z_]\w*)>/.exec(rest);
    // A ? behind a ( is no quantifier: look-around and the like are left for the parser to refuse.
    const text = name
      ? `(?<${name[1]}>`
      : rest.startsWith('(?')
        ? rest.slice(0, rest[2] === '<' ? 4 : 3)
        : '(';
    this.at += name ? name[0].length : text.length;
    this.syntax(text);
  }

  private changeFlags([whole, on = '', off = '', end]: RegExpExecArray, start: number): void {
    const known = FLAGS[this.dialect];
    const unknown = [...on, ...off].find((f) => !known.includes(f));
    if (unknown !== undefined) this.fail(`the flag ${unknown} has no equal`, 'write the pattern without it');
    if (end === ')' && this.dialect === 'python' && start !== 0) {
      this.fail('flags stand behind the start of the pattern', 'put them first');
    }
    if (end === ')' && off !== '' && this.dialect === 'python') {
      this.fail('flags cannot be taken off for the whole pattern', 'write (?-i:…)');
    }
    this.at += whole.length;
    if (end === ':') {
      this.enclosing.push(this.flags);
      this.syntax('(?:');
    }
    const set = (flag: string, before: boolean) => (off.includes(flag) ? false : on.includes(flag) || before);
    this.flags = { fold: set('i', this.flags.fold), verbose: set('x', this.flags.verbose) };
  }

  private escape(): void {
    if (this.dialect === 're2' && this.source.startsWith('\\Q', this.at)) {
      const end = this.source.indexOf('\\E', this.at + 2);
      const text = this.source.slice(this.at + 2, end === -1 ? undefined : end);
      this.at = end === -1 ? this.source.length : end + 2;
      for (const char of text) this.characters(quoted(char));
      return;
    }
    const c = this.source[this.at + 1] ?? '';
    if (/[AbBzZ]/.test(c)) {
      if (c === 'Z' && this.dialect === 're2') this.fail('\\Z is not an escape of RE2', 'write \\z');
      this.at += 2;
      this.syntax(c === 'Z' ? '\\z' : `\\${c}`);
    } else this.characters(this.escaped(false));
  }

  /** Octal escapes, as far as they are not back-references. */
  private octal(inBracket: boolean): RegExp {
    if (this.dialect === 're2') return /^\\(?:0[0-7]{0,2}|[1-7][0-7]{1,2})/;
    return inBracket ? /^\\(?:[0-3][0-7]{0,2}|[4-7][0-7]?)/ : /^\\(?:0[0-7]{0,2}|[1-3][0-7]{2})/;
  }

  /** The escape at this place, in our spelling. */
  private escaped(inBracket: boolean): string {
    const rest = this.source.slice(this.at, this.at + 12);
    const c = rest[1] ?? '';
    const take = (length: number, text: string): string => {
      this.at += length;
      return text;
    };
    const octal = this.octal(inBracket).exec(rest);
    if (octal) return take(octal[0].length, hex(Number.parseInt(octal[0].slice(1), 8)));
    if (/[0-9]/.test(c)) {
      this.fail('back-references are not in RE2', 'write the text itself, or a wording for each case');
    }
    if (this.dialect === 'python') {
      if (inBracket && c === 'b') return take(2, '\\x08');
      const unicode = /^\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8}))/.exec(rest);
      const code = unicode ? Number.parseInt((unicode[1] ?? unicode[2]) as string, 16) : -1;
      if (unicode && code <= 0x10ffff) return take(unicode[0].length, hex(code));
      if (c === 'x' && !/^\\x[0-9A-Fa-f]{2}/.test(rest))
        this.fail('\\x needs two hex digits', 'write e.g. \\x1b');
    }
    const code = /^\\x(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,6})\})/.exec(rest);
    if (code) return take(code[0].length, code[0]);
    if (/[A-Za-z]/.test(c) && !SHARED_ESCAPE.test(c)) {
      const known =
        c === 'p' || c === 'P' ? 'Unicode properties are not supported' : `\\${c} has no equal here`;
      this.fail(known, 'write the characters that you mean');
    }
    if (c === '') this.fail('the pattern ends in a backslash', 'write \\\\ for the character');
    const char = String.fromCodePoint(this.source.codePointAt(this.at + 1) as number);
    return take(1 + char.length, `\\${char}`);
  }

  private bracket(): void {
    const start = this.at;
    let text = '[';
    this.at++;
    if (this.source[this.at] === '^') {
      text += '^';
      this.at++;
    }
    for (let first = true; first || this.source[this.at] !== ']'; first = false) {
      if (this.at >= this.source.length) this.fail('a [ is never closed', 'close it, or write \\[', start);
      const c = this.source[this.at] as string;
      if (c === '\\') text += this.escaped(true);
      else {
        const posix =
          this.dialect === 're2' && /^\[:\^?[a-z]+:\]/.exec(this.source.slice(this.at, this.at + 16));
        // Of Python's classes a [ is a member like any other; ours begin a POSIX class with it.
        text += posix ? posix[0] : c === '[' ? '\\[' : c;
        this.at += posix ? posix[0].length : 1;
      }
    }
    this.at++;
    this.characters(`${text}]`);
  }
}

/** The same characters in both cases, without a flag. */
function spelt(text: string): string {
  const { pattern } = parsePattern(text, { ignoreCase: true });
  // What the parser refuses it refuses again in the whole, with the right place.
  if (!pattern || !/[A-Za-z]/.test(text)) return text;
  return printPattern(pattern.node);
}

function hex(code: number): string {
  return `\\x{${code.toString(16)}}`;
}

/** A text as a pattern that matches exactly it. */
export function quoted(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&').replace(/[\x00-\x1f\x7f]/g, (c) => hex(c.charCodeAt(0)));
}

/** Whether there is a match that holds no line break: units of text are lines. */
function fitsOneLine(node: PatternNode): boolean {
  switch (node.kind) {
    case 'empty':
    case 'assert':
      return true;
    case 'class':
      return node.ranges.some(([lo, hi]) => lo !== 10 || hi !== 10);
    case 'group':
      return fitsOneLine(node.node);
    case 'repeat':
      return node.min === 0 || fitsOneLine(node.node);
    case 'concat':
      return node.nodes.every(fitsOneLine);
    case 'alternate':
      return node.nodes.some(fitsOneLine);
  }
}
