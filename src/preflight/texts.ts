/**
 * Texts that a command line puts somewhere: settings into a file, statements into a database. One setting is one text, however
 * it is put there (`echo >>`, `tee`, a here document, `sed -i`), so that its spelling counts and not the program that writes it.
 */
import { ACTIVE, HOLE, type Word } from './shell.ts';

const MARKS = new RegExp(ACTIVE, 'g');

/** The settings in a text: lines, and what a semicolon ends, with single spaces. Order and layout say nothing. */
export function settingsOf(text: string): readonly Word[] {
  return text
    .split(/[\n;]/)
    .map((line) =>
      line
        .replace(MARKS, '')
        .replace(/\s+/g, ' ')
        .replace(/ ?= ?/g, '=')
        .replace(/^[ ,]+|[ ,]+$/g, ''),
    )
    .filter((line) => /[\w\ue000]/.test(line));
}

/** The statements of a piece of SQL: without letter case, layout, and what is two words for one thing. */
export function statementsOf(sql: string): readonly Word[] {
  return sql
    .replace(MARKS, '')
    .toLowerCase()
    .split(';')
    .map((statement) =>
      statement
        .replace(/\s+/g, ' ')
        .replace(/ ?([=,()]) ?/g, '$1')
        .trim()
        .replace(/^(alter|create|drop) user\b/, '$1 role')
        .replace(/\bwith (?:encrypted )?password /, 'password ')
        .replace(/^(create role \S+) with /, '$1 ')
        .replace(/^((?:grant|revoke) all) privileges\b/, '$1')
        .replace(/^((?:alter system )?set \w+) to /, '$1='),
    )
    .filter((statement) => statement !== '');
}

/** A text with its numbers, and their units, taken out: `20m` and `50m` are two sizes of one setting. */
export function withoutNumbers(text: string): string {
  return text.replace(/\b\d+(?:\.\d+)?(?:[kmgKMG][bB]?|ms|[smhd])?\b/g, '#');
}

/** One command of a `sed` script. */
interface SedCommand {
  /** The same text for what is the same command. */
  readonly said: string;
  /** What it puts into the file, if anything. */
  readonly puts: string;
}

/**
 * The commands of a `sed` script; null where it is not read (labels, blocks). The delimiter, `g`, and the escapes in which basic
 * and extended expressions differ say nothing.
 */
export function sedCommands(script: string): readonly SedCommand[] | null {
  const commands: SedCommand[] = [];
  let rest = script.replace(MARKS, '');
  for (;;) {
    rest = rest.replace(/^[\s;]+/, '');
    if (rest === '') return commands;
    const address = addressAt(rest);
    if (address === null) return null;
    rest = rest.slice(address.length);
    const verb = rest[0] ?? '';
    if (verb === 's' || verb === 'y') {
      const delimiter = rest[1];
      if (delimiter === undefined || /[\w\s\\]/.test(delimiter)) return null;
      const pattern = upTo(rest, 2, delimiter);
      const replacement = pattern && upTo(rest, pattern.end, delimiter);
      if (!replacement) return null;
      const flags = /^[gpIiMm0-9]*/.exec(rest.slice(replacement.end))?.[0] ?? '';
      rest = rest.slice(replacement.end + flags.length);
      if (!/^\s*(?:[;\n}]|$)/.test(rest)) return null;
      commands.push({
        said: `${plain(address)}${verb}/${plain(pattern.text)}/${replacement.text}/`,
        // What was found and is put back is nothing new.
        puts: replacement.text
          .replace(/\\n/g, '\n')
          .replace(/\\t/g, '\t')
          .replace(/\\?&|\\\d/g, ' ')
          .replace(/\\(.)/g, '$1'),
      });
    } else if (verb === 'i' || verb === 'a' || verb === 'c') {
      const text = rest.slice(1).replace(/^\s*(?:\\\n?)?[ \t]*/, '');
      commands.push({
        said: `${plain(address)}${verb} ${text}`,
        puts: text.replace(/\\n/g, '\n').replace(/\\t/g, '\t'),
      });
      return commands;
    } else if (/^[dpPDGgHhxnNq=]$/.test(verb)) {
      commands.push({ said: `${plain(address)}${verb}`, puts: '' });
      rest = rest.slice(1);
    } else return null;
  }
}

/** What stands before a command: a line, `$`, `/…/`, `\c…c`, a placeholder, or a range of two. */
function addressAt(text: string): string | null {
  let at = 0;
  for (let part = 0; part < 2; part++) {
    const char = text[at] ?? '';
    if (char === '/' || char === '\\') {
      const delimiter = char === '/' ? '/' : (text[at + 1] ?? '');
      const inside = upTo(text, at + (char === '/' ? 1 : 2), delimiter);
      if (inside === null) return null;
      at = inside.end;
      if (text[at] === 'I') at++;
    } else at += /^(?:\d+|\$|\ue000)/.exec(text.slice(at))?.[0].length ?? 0;
    if (text[at] !== ',') break;
    at++;
  }
  while (text[at] === ' ' || text[at] === '!') at++;
  return text.slice(0, at);
}

function upTo(
  text: string,
  from: number,
  delimiter: string,
): { readonly text: string; readonly end: number } | null {
  let inside = '';
  for (let at = from; at < text.length; at++) {
    const char = text[at] as string;
    if (char === delimiter) return { text: inside, end: at + 1 };
    if (char === '\\' && at + 1 < text.length) {
      const next = text[++at] as string;
      inside += next === delimiter ? next : char + next;
    } else inside += char;
  }
  return null;
}

/** A pattern without the backslashes by which basic and extended expressions differ. */
function plain(pattern: string): string {
  return pattern.replace(/\\([(){}|+?])/g, '$1').replace(/\[\[:space:\]\]|\\s/g, ' ');
}

/** Whether a text says enough to be known by: a word, beside placeholders. */
export function isTelling(text: Word): boolean {
  return /[A-Za-z]{3}/.test(text.replaceAll(HOLE, ''));
}
