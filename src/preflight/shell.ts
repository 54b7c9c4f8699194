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
  /** Words that one word with braces becomes; more stay as they are written. */
  maxBraces: 64,
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
  /** The text that it reads: a here document or a here string; null: none. */
  readonly input: string | null;
  /** Of the head of a `for`: the words that its variable (the only one in `env`) takes; no command is run. */
  readonly each?: readonly Word[];
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
  /** What a substitution's inside is written as, so that two that say the same are the same; and its value, where it is known. */
  readonly canonical?: (commands: readonly SimpleCommand[]) => {
    readonly said: string;
    readonly value: Word | null;
  };
}

/** Words whose commands are no list of commands that may run. */
const UNREAD = new Set(['case', 'esac', 'select', 'function', 'coproc']);
/** Words that stand between the commands of a condition or a loop: each of those commands may run. */
const BETWEEN = new Set(['then', 'else', 'elif', 'do']);
/** What ends what. */
const ENDS: Readonly<Record<string, string>> = { fi: 'if', done: 'loop', '}': '{' };
/** `<port>`, `<free uid>`, `<token:github>`: never with a space at an end, so that no redirection looks like it. */
const PLACEHOLDER = /<[A-Za-z](?:[A-Za-z0-9 :._-]{0,60}[A-Za-z0-9])?>/y;
const PLACEHOLDERS = new RegExp(PLACEHOLDER.source, 'g');
const ASSIGNMENT = /^([A-Za-z_][A-Za-z0-9_]*)=/;
/** Characters that match files without quotes. */
const GLOB = /[*?[\]{}~]/;
/** `${name}`, and what shells make of a value: it stays as it is written. */
const BRACED = /\$\{[A-Za-z_][A-Za-z0-9_]*[^$`{}'"\\]*\}/y;
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

/** Where a command's text comes from and goes to. */
class Streams {
  readonly redirects: [string, Word][] = [];
  input: string | null = null;
}

type Draft = Omit<SimpleCommand, 'redirects' | 'input'> & { readonly io: Streams };

class Reader {
  private at = 0;
  private commands = 0;
  /** Here documents that begin at the next line. */
  private documents: { readonly word: string; readonly tabs: boolean; readonly streams: Streams }[] = [];
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
    const commands: Draft[] = [];
    let env: [string, Word][] = [];
    let words: Word[] = [];
    let io = new Streams();
    let piped = false;
    let and = false;
    /** Parentheses, braces, conditions and loops that are open in this list, and where their commands begin. */
    const groups: { readonly kind: string; readonly from: number }[] = [];
    /** Whether a group has just ended: an operator may follow. */
    let ended = false;
    const push = (each?: readonly Word[]): void => {
      if (++this.commands > SHELL_LIMITS.maxCommands) throw new Unknown();
      commands.push({ env, words, io, piped, and, ...(each ? { each } : {}) });
      env = [];
      words = [];
      io = new Streams();
    };
    const finish = (next: 'pipe' | 'and' | 'other'): void => {
      // A redirection alone makes a file, or empties it.
      if (words.length + env.length === 0 && io.redirects.length > 0) words = [':'];
      if (words.length > 0 || env.length > 0) push();
      else if (next === 'pipe' && !ended) throw new Unknown();
      ended = false;
      piped = next === 'pipe';
      and = next === 'and';
    };
    const close = (kind: string): void => {
      const group = groups.pop();
      if (group?.kind !== kind) throw new Unknown();
      if (words.length + env.length > 0) finish('other');
      const streams = this.afterGroup(depth);
      for (const command of commands.slice(group.from)) command.io.redirects.push(...streams.redirects);
      ended = true;
    };
    for (;;) {
      this.skipBlanks();
      const char = this.text[this.at];
      if (char === undefined) {
        if (end !== null || groups.length > 0 || this.documents.length > 0) throw new Unknown();
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
        if (char === '\n') this.readDocuments();
      } else if (char === '|') {
        const double = this.text[this.at + 1] === '|';
        this.at += double || this.text[this.at + 1] === '&' ? 2 : 1;
        finish(double ? 'other' : 'pipe');
      } else if (char === '&') {
        const next = this.text[this.at + 1];
        if (next === '>') {
          this.at++;
          this.redirect(io, depth);
        } else {
          this.at += next === '&' ? 2 : 1;
          finish(next === '&' ? 'and' : 'other');
        }
      } else if (char === '(') {
        // A function's name, an array, arithmetic: no plain list.
        if (words.length > 0 || env.length > 0 || this.text[this.at + 1] === '(') throw new Unknown();
        groups.push({ kind: '(', from: commands.length });
        this.at++;
      } else if (char === ')') {
        this.at++;
        close('(');
      } else if (char === '<' || char === '>') {
        if (this.placeholderHere() === 0) this.redirect(io, depth);
        else words.push(this.word(depth));
      } else if (/[0-9]/.test(char) && /^[0-9]{1,2}[<>]/.test(this.text.slice(this.at, this.at + 3))) {
        while (/[0-9]/.test(this.text[this.at] as string)) this.at++;
        this.redirect(io, depth);
      } else {
        const from = this.at;
        if (words.length + env.length === 0 && this.text.startsWith('[[ ', from)) {
          const end = this.text.indexOf(' ]]', from);
          if (end === -1) throw new Unknown();
          words.push('[[');
          this.at = end + 3;
          continue;
        }
        const word = this.word(depth);
        const written = this.text.slice(from, this.at);
        if (words.length + env.length === 0) {
          if (written === '!' || BETWEEN.has(written)) continue;
          if (UNREAD.has(written)) throw new Unknown();
          if (written === '{' || written === 'if') groups.push({ kind: written, from: commands.length });
          else if (written === 'while' || written === 'until')
            groups.push({ kind: 'loop', from: commands.length });
          else if (written === 'for') {
            groups.push({ kind: 'loop', from: commands.length });
            const { name, each } = this.headOfFor(depth);
            env = [[name, '']];
            push(each);
          } else if (Object.hasOwn(ENDS, written)) close(ENDS[written] as string);
          else {
            const name = ASSIGNMENT.exec(written)?.[1];
            if (name === undefined) words.push(...expandBraces(word));
            else {
              if (this.text[this.at] === '(') throw new Unknown();
              env.push([name, word.slice(name.length + 1)]);
            }
          }
          continue;
        }
        const name = words.length === 0 ? ASSIGNMENT.exec(written)?.[1] : undefined;
        if (name !== undefined) env.push([name, word.slice(name.length + 1)]);
        else words.push(...expandBraces(word));
      }
    }
    finish('other');
    return commands.map(({ io: { redirects, input }, ...rest }) => ({ ...rest, redirects, input }));
  }

  /** What stands between `for` and `do`. */
  private headOfFor(depth: number): { readonly name: string; readonly each: readonly Word[] } {
    this.skipBlanks();
    const name = this.word(depth);
    if (!/^[A-Za-z_]\w*$/.test(name)) throw new Unknown();
    this.skipBlanks();
    if (this.word(depth) !== 'in') throw new Unknown();
    const each: Word[] = [];
    for (;;) {
      this.skipBlanks();
      const char = this.text[this.at];
      if (char === ';' || char === '\n') break;
      each.push(...expandBraces(this.word(depth)));
    }
    return { name, each };
  }

  /** What may follow a group: redirections, which hold for each of its commands, and the end of a command. */
  private afterGroup(depth: number): Streams {
    const streams = new Streams();
    this.skipBlanks();
    while (/^(?:[0-9]?[<>]|&>)/.test(this.text.slice(this.at, this.at + 2))) {
      while (/[0-9]/.test(this.text[this.at] as string)) this.at++;
      if (this.text[this.at] === '&') this.at++;
      this.redirect(streams, depth);
      this.skipBlanks();
    }
    const next = this.text[this.at];
    if (next !== undefined && !'\n;&|)}`'.includes(next)) throw new Unknown();
    return streams;
  }

  /** The here documents whose lines begin here. */
  private readDocuments(): void {
    for (const { word, tabs, streams } of this.documents.splice(0)) {
      const lines: string[] = [];
      for (;;) {
        if (this.at >= this.text.length) throw new Unknown();
        const end = this.text.indexOf('\n', this.at);
        const line = this.text.slice(this.at, end === -1 ? undefined : end);
        this.at = end === -1 ? this.text.length : end + 1;
        const bare = tabs ? line.replace(/^\t+/, '') : line;
        if (bare === word) break;
        lines.push(bare);
      }
      const text = lines.map((line) => `${line}\n`).join('');
      streams.input = this.options.placeholders ? text.replace(PLACEHOLDERS, HOLE) : text;
    }
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
  private redirect(streams: Streams, depth: number): void {
    const operator = /^(?:<<<|<<-?|<>|<&|<|>>|>\||>&|>)/.exec(this.text.slice(this.at, this.at + 3))?.[0];
    if (operator === undefined) throw new Unknown();
    this.at += operator.length;
    // `<(` is another command.
    if (this.text[this.at] === '(') throw new Unknown();
    this.skipBlanks();
    const target = this.word(depth);
    if (operator === '<<<') {
      streams.input = `${target}\n`;
      return;
    }
    if (target === '') throw new Unknown();
    if (operator.startsWith('<<')) {
      this.documents.push({ word: target, tabs: operator === '<<-', streams });
      return;
    }
    if (operator.endsWith('&') && /^(?:\d+|-)$/.test(target)) return;
    if (target === '/dev/null') return;
    streams.redirects.push([operator === '>|' || operator === '>&' ? '>' : operator, target]);
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
      else if (char === '$' && this.text[this.at + 1] === '"') this.at++;
      else if (char === '$' && this.text[this.at + 1] === "'") word += this.escapedQuoted();
      else if (char === '\\') {
        const next = this.text[this.at + 1];
        if (next === undefined) throw new Unknown();
        if (next !== '\n') word += next;
        this.at += 2;
      } else if (char === '$' || char === '`') word += this.expansion(depth);
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

  /** `$'…'`, with the escapes of C. */
  private escapedQuoted(): string {
    const inside = /^\$'((?:[^\\']|\\[\s\S])*)'/.exec(this.text.slice(this.at));
    if (inside === null) throw new Unknown();
    this.at += inside[0].length;
    return unescaped(inside[1] as string);
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
      } else if (char === '$' || char === '`') inside += this.expansion(depth);
      else {
        const length = char === '<' ? this.placeholderHere() : 0;
        inside += length > 0 ? HOLE : char;
        this.at += Math.max(1, length);
      }
    }
  }

  /** What begins with `$` or a backtick, as it is written. */
  private expansion(depth: number): string {
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
      BRACED.lastIndex = this.at;
      const written = BRACED.exec(this.text)?.[0];
      if (written === undefined) throw new Unknown();
      this.at += written.length;
      const name = /^\$\{(\w+)\}$/.exec(written)?.[1];
      return ACTIVE + (name === undefined ? written : `$${name}`);
    }
    VARIABLE.lastIndex = this.at;
    const variable = VARIABLE.exec(this.text)?.[0];
    this.at += variable?.length ?? 1;
    return variable === undefined ? '$' : ACTIVE + variable;
  }

  private substitution(end: ')' | '`', depth: number): string {
    const from = this.at;
    const commands = this.list(end, depth + 1);
    const written = this.text.slice(from, this.at - 1);
    const inside = this.options.canonical?.(commands);
    return inside?.value ?? `${ACTIVE}$(${inside?.said ?? written.trim()}${ACTIVE})`;
  }
}

/** `{a,b}` without quotes: as many words. */
function expandBraces(word: Word): readonly Word[] {
  const open = `${ACTIVE}{`;
  const close = `${ACTIVE}}`;
  const words = [word];
  for (let at = 0; at < words.length; ) {
    const one = words[at] as Word;
    const end = one.indexOf(close);
    const from = end === -1 ? -1 : one.lastIndexOf(open, end);
    const parts = from === -1 ? [] : one.slice(from + open.length, end).split(',');
    if (parts.length < 2 || words.length + parts.length > SHELL_LIMITS.maxBraces) at++;
    else words.splice(at, 1, ...parts.map((p) => one.slice(0, from) + p + one.slice(end + close.length)));
  }
  return words;
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  t: '\t',
  r: '\r',
  a: '',
  b: '',
  e: '',
  f: '',
  v: '',
};

/** What `printf` and `echo -e` print for a text. */
export function unescaped(text: string): string {
  return text.replace(/\\([\s\S])/g, (_, c: string) => ESCAPES[c] ?? ('\\\'"'.includes(c) ? c : `\\${c}`));
}
