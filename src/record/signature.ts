/**
 * A pattern from the human text of a signature, for records from elsewhere whose own pattern may miss the very
 * message that it is about. The parts that vary from one machine to the next become wildcards.
 */

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

const ESCAPE = /[\\^$.*+?()[\]{}|/]/g;

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

function quote(text: string): string {
  return text.replace(ESCAPE, '\\$&').replace(/\s+/g, '\\s+');
}

function wildcard(variable: string): string {
  if (/^\d/.test(variable)) return '[0-9A-Za-z.:_-]+';
  const first = variable[0] as string;
  if ('"\'`‘“'.includes(first)) return `["'\`‘’“”].*["'\`‘’“”]`;
  return '.*';
}
