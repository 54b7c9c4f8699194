/**
 * A pattern from the human text of a signature, for records from elsewhere whose own pattern may miss the very
 * message that it is about. The parts that vary from one machine to the next become wildcards.
 */
import type { GroupType } from './schema.ts';

/** Less literal text than this, or fewer words, says too little to be looked for. */
const MIN_LITERAL_CHARS = 10;
const MIN_WORDS = 2;

/**
 * What varies: quoted values, placeholders, paths, addresses, numbers. Order matters: longer forms first. A code of capitals
 * and digits (`TS2307`, `E0382`) is taken as a whole, to be kept: nothing names an error better.
 */
const VARIABLE =
  /"[^"]{1,200}"|'[^']{1,200}'|`[^`]{1,200}`|‘[^’]{1,200}’|“[^”]{1,200}”|<[^<>]{1,60}>|\{[^{}]{1,60}\}|\$\{?\w{1,40}\}?|(?:\/[\w.@+-]{1,80}){2,}\/?|\b[\w.-]{1,80}:\d{2,5}\b|\b0[xX][0-9a-fA-F]+\b|\b[A-Z]{1,6}\d{3,6}\b|\b(?=[0-9a-fA-F]*\d)[0-9a-fA-F]{8,}\b|\d+(?:\.\d+)*|\.{3,}|…|\b[xX]{2,}\b/g;
const CODE = /^[A-Z]{1,6}\d{3,6}$/;

const ESCAPE = /[\\^$.*+?()[\]{}|]/g;

/** A signature without what varies from one machine to the next. */
export function steadyText(signature: string): string {
  return signature.replace(VARIABLE, (found) => (CODE.test(found) ? found : ' '));
}

/** RE2-subset source (to be matched with ASCII case ignored), or null where too little would be left. */
export function signaturePattern(signature: string): string | null {
  const firstLine =
    signature
      .split('\n')
      .find((l) => l.trim() !== '')
      ?.trim() ?? '';
  const literal = steadyText(firstLine);
  const words = literal.match(/[A-Za-z][A-Za-z_]{2,}/g) ?? [];
  if (literal.replace(/\s+/g, '').length < MIN_LITERAL_CHARS || words.length < MIN_WORDS) return null;
  let out = '';
  let at = 0;
  for (const m of firstLine.matchAll(VARIABLE)) {
    if (CODE.test(m[0])) continue;
    out += quote(firstLine.slice(at, m.index)) + wildcard(m[0]);
    at = m.index + m[0].length;
  }
  return out + quote(firstLine.slice(at));
}

/** A pattern for an author to read and correct: what varies is named and typed where its form tells what it is. */
export interface ProposedPattern {
  readonly regex: string;
  readonly groups: Readonly<Record<string, GroupType>>;
}

/**
 * Proposes a pattern for a line of output. Codes (`TS2307`, `E0382`, `AH00072`) stay: they are what a program never
 * rewords. @returns null where too little would be left to look for.
 */
export function proposePattern(line: string): ProposedPattern | null {
  if (signaturePattern(line) === null) return null;
  const groups: Record<string, GroupType> = {};
  const named = (type: GroupType, regex: string): string => {
    let name: string = type;
    for (let n = 2; Object.hasOwn(groups, name); n++) name = `${type}${n}`;
    groups[name] = type;
    return `(?<${name}>${regex})`;
  };
  let regex = '';
  let at = 0;
  for (const m of line.matchAll(VARIABLE)) {
    const [variable] = m;
    const isCode = /^\d+$/.test(variable) && /[A-Za-z]$/.test(line.slice(at, m.index));
    if (isCode || CODE.test(variable)) continue;
    regex += plain(line.slice(at, m.index)) + proposed(variable, named);
    at = m.index + variable.length;
  }
  return { regex: regex + plain(line.slice(at)), groups };
}

/** What stands for one thing that varies. */
function proposed(variable: string, named: (type: GroupType, regex: string) => string): string {
  const quoted = /^(["'`‘“])(.*)(["'`’”])$/s.exec(variable);
  if (quoted) {
    const [, open = '', value = '', close = ''] = quoted;
    const inside = `[^${close === '`' ? '`' : close}]+`;
    return open + (typeOf(value) ? named(typeOf(value) as GroupType, inside) : inside) + close;
  }
  const hostPort = /^[\w.-]+:\d{2,5}$/.test(variable);
  if (hostPort) return `${named('host', '[\\w.-]+')}:${named('port', '\\d+')}`;
  if (variable.startsWith('/')) return named('path', '/\\S+');
  if (/^0x/i.test(variable)) return '0x[0-9a-fA-F]+';
  // A key, a commit, a digest: its first digits are no number.
  if (/^(?=.*[a-f])[0-9a-f]{8,}$/i.test(variable)) return '[0-9a-fA-F]+';
  if (/^\d/.test(variable)) return variable.includes('.') ? '\\d+(?:\\.\\d+)*' : '\\d+';
  return '.*';
}

/** What a quoted value is, by its form; null: free text, which never goes into a command. */
function typeOf(value: string): GroupType | null {
  if (/^[a-z][a-z0-9+.-]*:\/\//.test(value)) return 'url';
  if (/^(?:\.{0,2}|~|[A-Za-z]:)[/\\]|^[^\s]*\/[^\s]*$/.test(value)) return 'path';
  if (/^\d+$/.test(value)) return 'number';
  if (/^v?\d+(?:\.\d+)+/.test(value)) return 'version';
  return /^[\w@.$:+-]+$/.test(value) ? 'name' : null;
}

function plain(text: string): string {
  return text.replace(ESCAPE, '\\$&');
}

function quote(text: string): string {
  return plain(text).replace(/\s+/g, '\\s+');
}

function wildcard(variable: string): string {
  if (/^\d/.test(variable)) return '[0-9A-Za-z.:_-]+';
  const first = variable[0] as string;
  if ('"\'`‘“'.includes(first)) return `["'\`‘’“”].*["'\`‘’“”]`;
  return '.*';
}
