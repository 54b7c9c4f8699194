/** Text → the values in it: one JSON document, a list of records, NDJSON, or the YAML of rules. By content alone. */
import type { IssueCode } from './codes.ts';
import { RECORD_LIMITS } from './names.ts';

/** Tells the author of a file: rule, what is wrong, why it matters, what to do. */
export type Report = (code: IssueCode, problem: string, why: string, remedy: string) => void;

export type TextKind = 'json' | 'list' | 'lines' | 'yaml' | 'other';

/** What a text is written in, told from its beginning. */
export function kindOfText(text: string): TextKind {
  const start = /^\s*/.exec(text)?.[0].length ?? 0;
  const first = text[start];
  if (first === '[') return 'list';
  if (first !== '{') return /^["']?rules["']?[ \t]*:/m.test(text) ? 'yaml' : 'other';
  const end = text.indexOf('\n', start);
  const isLines =
    end !== -1 && /\}\s*$/.test(text.slice(Math.max(start, end - 16), end)) && /^\s*\{/.test(text.slice(end));
  return isLines ? 'lines' : 'json';
}

/** One JSON document of bounded size and depth. Undefined where it cannot be read; that is reported. */
export function readJson(
  text: string,
  report: Report,
  maxBytes: number = RECORD_LIMITS.maxFileBytes,
): unknown {
  // UTF-8 needs at most three bytes for a UTF-16 unit: only long texts have to be counted.
  const bytes = text.length * 3 <= maxBytes ? text.length : new TextEncoder().encode(text).length;
  if (bytes > maxBytes) {
    report(
      'file-too-large',
      `it has ${bytes} bytes, a record may have ${maxBytes}`,
      'a record is read whole before it is judged',
      'move long output to samples/',
    );
    return undefined;
  }
  if (depthOf(text) > RECORD_LIMITS.maxDepth) {
    report(
      'json-too-deep',
      `it is nested more than ${RECORD_LIMITS.maxDepth} deep`,
      'no record needs that',
      'flatten it',
    );
    return undefined;
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    const { message } = error as Error;
    const position = /position (\d+)/.exec(message)?.[1];
    const before = position === undefined ? null : text.slice(0, Number(position)).split('\n');
    const where = before ? ` (line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1})` : '';
    report(
      'json-invalid',
      `it is no JSON${where}: ${message.replace(/\s+/g, ' ').slice(0, 160)}`,
      'nothing of it can be read',
      'mend the syntax; an editor shows the place',
    );
    return undefined;
  }
}

/** Deepest nesting of brackets outside strings; one pass, so that hostile depth costs nothing. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (inString) {
      if (c === 92) i++;
      else if (c === 34) inString = false;
    } else if (c === 34) inString = true;
    else if (c === 91 || c === 123) {
      depth++;
      if (depth > deepest) deepest = depth;
    } else if (c === 93 || c === 125) depth--;
  }
  return deepest;
}
