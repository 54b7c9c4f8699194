/**
 * A plain reading of a shell's command line: which simple commands it has, in which order, with which words. Nothing is
 * executed and nothing expanded; what the shell would expand stays in its word as it was written, marked, so that it is
 * equal to the same text only. Syntax that this reading does not know gives no reading at all, never a guess.
 * (POSIX.1-2017, Shell Command Language, sections 2.2, 2.3, 2.7, 2.9, and what bash adds to them.)
 */

/** Limits of a reading; `docs/agents.md` lists them. */
export const SHELL_LIMITS = {
  /** A longer line is not read. */
  maxChars: 16 * 1024,
  /** Simple commands in one line. */
  maxCommands: 200,
  /** Substitutions and `sh -c` inside each other. */
  maxDepth: 8,
} as const;

/** Stands in a word for a placeholder: `<port>` matches any text. */
export const HOLE = '\ue000';
/** Stands before what the shell would expand: `*` and `$HOME` without quotes are not the text `*` and `$HOME`. */
export const ACTIVE = '\ue001';
const MARKS = /[\ue000-\ue001]/g;

/** A word as the command gets it, quotes taken away. */
export type Word = string;

export interface SimpleCommand {
  /** Assignments before it: `CI=1 npm test`. */
  readonly env: readonly (readonly [name: string, value: Word])[];
  readonly words: readonly Word[];
  /** Redirections to and from files; those between descriptors are left out. */
  readonly redirects: readonly (readonly [operator: string, target: Word])[];
  /** Its input is the output of the command before it. */
  readonly piped: boolean;
  /** What stands before it ends the line where it fails (`&&`). */
  readonly and: boolean;
}

export interface ReadOptions {
  /** Whether `<name>` is a placeholder: in commands of a record, and in what was redacted. */
  readonly placeholders?: boolean;
  /** How deep the line stands in others. */
  readonly depth?: number;
  /** What a substitution's inside is written as, so that two that say the same are the same. */
  readonly canonical?: (commands: readonly SimpleCommand[]) => string;
}

/** Words after which a list of commands is no longer a plain list. */
const RESERVED = new Set([
  'if',
  'then',
  'else',
  'elif',
  'fi',
  'for',
  'while',
  'until',
  'do',
  'done',
  'case',
  'esac',
  'select',
  'function',
  'coproc',
  '[[',
]);
/** `<port>`, `<free uid>`, `<token:github>`: never with a space at an end, so that no redirection looks like it. */
const PLACEHOLDER = /<[A-Za-z](?:[A-Za-z0-9 :._-]{0,60}[A-Za-z0-9])?>/y;
const PLACEHOLDERS = new RegExp(PLACEHOLDER.source, 'g');
const ASSIGNMENT = /^([A-Za-z_][A-Za-z0-9_]*)=/;
/** Characters that match files without quotes. */
const GLOB = /[*?[\]{}~]/;
const VARIABLE = /\$(?:[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-])/y;

/** What cannot be read. */
class Unknown extends Error {}

/** The simple commands of a line in their order; null where it cannot be read plainly. Never throws. */
export function readLine(line: string, options: ReadOptions = {}): readonly SimpleCommand[] | null {
  if (line.length > SHELL_LIMITS.maxChars) return null;
  try {
    const reader = new Reader(line.replace(MARKS, '\ufffd').replace(/\r\n/g, '\n'), options);
    return reader.list(null, options.depth ?? 0);
  } catch (error) {
    if (error instanceof Unknown) return null;
    throw error;
  }
}

class Reader {
  private at = 0;
  private commands = 0;
  /** Inside backticks: the next one ends them. */
  private ticks = false;
  private readonly text: string;
  private readonly options: ReadOptions;

  constructor(text: string, options: ReadOptions) {
    this.text = text;
    this.options = options;
  }

  /** Commands up to the end of the text, or up to `end` where a substitution is read. */
  list(end: ')' | '`' | null, depth: number): SimpleCommand[] {
    if (depth > SHELL_LIMITS.maxDepth) throw new Unknown();
    const commands: SimpleCommand[] = [];
    let env: [string, Word][] = [];
    let words: Word[] = [];
    let redirects: [string, Word][] = [];
    let piped = false;
    let and = false;
    /** Open parentheses and braces of this list. */
    const groups: string[] = [];
    const finish = (next: 'pipe' | 'and' | 'other'): void => {
      if (words.length > 0 || env.length > 0) {
        if (++this.commands > SHELL_LIMITS.maxCommands) throw new Unknown();
        commands.push({ env, words, redirects, piped, and });
      } else if (redirects.length > 0 || next === 'pipe') throw new Unknown();
      env = [];
      words = [];
      redirects = [];
      piped = next === 'pipe';
      and = next === 'and';
    };
    for (;;) {
      this.skipBlanks();
      const char = this.text[this.at];
      if (char === undefined) {
        if (end !== null || groups.length > 0) throw new Unknown();
        break;
      }
      if (end !== null && char === end && groups.length === 0) {
        this.at++;
        break;
      }
      if (char === '\n' || char === ';') {
        if (this.text[this.at + 1] === ';') throw new Unknown();
        this.at++;
        finish('other');
      } else if (char === '|') {
        const double = this.text[this.at + 1] === '|';
        this.at += double || this.text[this.at + 1] === '&' ? 2 : 1;
        finish(double ? 'other' : 'pipe');
      } else if (char === '&') {
        const next = this.text[this.at + 1];
        if (next === '>') {
          this.at++;
          this.redirect(redirects, depth);
        } else {
          this.at += next === '&' ? 2 : 1;
          finish(next === '&' ? 'and' : 'other');
        }
      } else if (char === '(') {
        // A function's name, an array, arithmetic: no plain list.
        if (words.length > 0 || env.length > 0 || this.text[this.at + 1] === '(') throw new Unknown();
        groups.push('(');
        this.at++;
      } else if (char === ')') {
        if (groups.pop() !== '(') throw new Unknown();
        this.at++;
        finish('other');
        this.afterGroup();
      } else if (char === '<' || char === '>') {
        if (this.placeholderHere() === 0) this.redirect(redirects, depth);
        else words.push(this.word(depth));
      } else if (/[0-9]/.test(char) && /^[0-9]{1,2}[<>]/.test(this.text.slice(this.at, this.at + 3))) {
        while (/[0-9]/.test(this.text[this.at] as string)) this.at++;
        this.redirect(redirects, depth);
      } else {
        const from = this.at;
        const word = this.word(depth);
        const written = this.text.slice(from, this.at);
        if (words.length === 0) {
          if (written === '!') continue;
          if (written === '{') {
            groups.push('{');
            continue;
          }
          if (written === '}') {
            if (groups.pop() !== '{') throw new Unknown();
            this.afterGroup();
            continue;
          }
          if (RESERVED.has(written)) throw new Unknown();
          const name = ASSIGNMENT.exec(written)?.[1];
          if (name !== undefined) {
            if (this.text[this.at] === '(') throw new Unknown();
            env.push([name, word.slice(name.length + 1)]);
            continue;
          }
        }
        words.push(word);
      }
    }
    finish('other');
    return commands;
  }

  /** What may follow a group: the end of a command. Redirections of a whole group are those of none of its commands. */
  private afterGroup(): void {
    this.skipBlanks();
    while (/^(?:[0-9]?[<>]|&>)/.test(this.text.slice(this.at, this.at + 2))) {
      while (/[0-9]/.test(this.text[this.at] as string)) this.at++;
      if (this.text[this.at] === '&') this.at++;
      this.redirect([], 0);
      this.skipBlanks();
    }
    const next = this.text[this.at];
    if (next === '|' && this.text[this.at + 1] !== '|') {
      // The output of a group: whose, nobody can say.
      throw new Unknown();
    }
    if (next !== undefined && !'\n;&|)}`'.includes(next)) throw new Unknown();
  }

  private skipBlanks(): void {
    for (;;) {
      const char = this.text[this.at];
      if (char === ' ' || char === '\t') this.at++;
      else if (char === '\\' && this.text[this.at + 1] === '\n') this.at += 2;
      else if (char === '#' && (this.at === 0 || /[\s;&|()]/.test(this.text[this.at - 1] as string))) {
        while (this.at < this.text.length && this.text[this.at] !== '\n') this.at++;
      } else return;
    }
  }

  private placeholderHere(): number {
    if (!this.options.placeholders) return 0;
    PLACEHOLDER.lastIndex = this.at;
    return PLACEHOLDER.exec(this.text)?.[0].length ?? 0;
  }

  /** At `<` or `>`. */
  private redirect(redirects: [string, Word][], depth: number): void {
    const operator = /^(?:<<<|<<-?|<>|<&|<|>>|>\||>&|>)/.exec(this.text.slice(this.at, this.at + 3))?.[0];
    if (operator === undefined) throw new Unknown();
    this.at += operator.length;
    // A here document is text of several lines; `<(` is another command.
    if (operator.startsWith('<<') && operator !== '<<<') throw new Unknown();
    if (this.text[this.at] === '(') throw new Unknown();
    this.skipBlanks();
    const target = this.word(depth);
    if (target === '') throw new Unknown();
    if (operator.endsWith('&') && /^(?:\d+|-)$/.test(target)) return;
    if (target === '/dev/null') return;
    redirects.push([operator === '>|' || operator === '>&' ? '>' : operator, target]);
  }

  /** One word, from here to the next blank or operator that stands without quotes. */
  private word(depth: number): Word {
    let word = '';
    let read = false;
    for (;;) {
      const char = this.text[this.at];
      if (char === undefined || /[\s;&|()]/.test(char) || (char === '`' && this.ticks)) break;
      if (char === '<' || char === '>') {
        const length = this.placeholderHere();
        if (length === 0) break;
        word += HOLE;
        this.at += length;
      } else if (char === "'") word += this.singleQuoted();
      else if (char === '"') word += this.doubleQuoted(depth);
      else if (char === '\\') {
        const next = this.text[this.at + 1];
        if (next === undefined) throw new Unknown();
        if (next !== '\n') word += next;
        this.at += 2;
      } else if (char === '$' || char === '`') word += this.expansion(depth, false);
      else {
        word += GLOB.test(char) ? ACTIVE + char : char;
        this.at++;
      }
      read = true;
    }
    if (!read) throw new Unknown();
    return word;
  }

  private singleQuoted(): string {
    const end = this.text.indexOf("'", this.at + 1);
    if (end === -1) throw new Unknown();
    const inside = this.text.slice(this.at + 1, end);
    this.at = end + 1;
    return this.options.placeholders ? inside.replace(PLACEHOLDERS, HOLE) : inside;
  }

  private doubleQuoted(depth: number): string {
    let inside = '';
    this.at++;
    for (;;) {
      const char = this.text[this.at];
      if (char === undefined) throw new Unknown();
      if (char === '"') {
        this.at++;
        return inside;
      }
      if (char === '\\') {
        const next = this.text[this.at + 1];
        if (next === undefined) throw new Unknown();
        if (next !== '\n') inside += /["\\$`]/.test(next) ? next : `\\${next}`;
        this.at += 2;
      } else if (char === '$' || char === '`') inside += this.expansion(depth, true);
      else {
        const length = char === '<' ? this.placeholderHere() : 0;
        inside += length > 0 ? HOLE : char;
        this.at += Math.max(1, length);
      }
    }
  }

  /** What begins with `$` or a backtick, as it is written. */
  private expansion(depth: number, quoted: boolean): string {
    const next = this.text[this.at + 1];
    if (this.text[this.at] === '`') {
      if (this.ticks) throw new Unknown();
      this.at++;
      this.ticks = true;
      const inside = this.substitution('`', depth);
      this.ticks = false;
      return inside;
    }
    if (next === '(') {
      // Inside backticks a backtick of the inner command would end the outer one.
      if (this.ticks || this.text[this.at + 2] === '(') throw new Unknown();
      this.at += 2;
      return this.substitution(')', depth);
    }
    if (next === '{') {
      const end = this.text.indexOf('}', this.at);
      const inside = end === -1 ? '' : this.text.slice(this.at + 2, end);
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(inside)) throw new Unknown();
      this.at = end + 1;
      return `${ACTIVE}$${inside}`;
    }
    // $'…' and $"…" have a syntax of their own.
    if (!quoted && (next === "'" || next === '"')) throw new Unknown();
    VARIABLE.lastIndex = this.at;
    const variable = VARIABLE.exec(this.text)?.[0];
    this.at += variable?.length ?? 1;
    return variable === undefined ? '$' : ACTIVE + variable;
  }

  private substitution(end: ')' | '`', depth: number): string {
    const from = this.at;
    const commands = this.list(end, depth + 1);
    const written = this.text.slice(from, this.at - 1);
    return `${ACTIVE}$(${this.options.canonical?.(commands) ?? written.trim()}${ACTIVE})`;
  }
}
