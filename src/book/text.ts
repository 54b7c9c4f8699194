/**
 * From raw output to the units that are matched. Both the fast and the naive matcher stand on this stage, so
 * what a "line" is, is defined once:
 *
 * - A line ends at LF; a CR inside it (progress bars, classic Mac files) separates segments of the same line
 *   number; a CR before the LF is dropped.
 * - Terminal sequences (CSI, OSC with its links, overstrikes), NULs and other control characters are removed.
 * - A line longer than `TEXT_LIMITS.maxLineChars` is read as pieces that overlap: a match must fit into one piece.
 * - A JSON log line gives its own text and, decoded, the lines of its message and stack fields.
 * - A unit has several views: the whole, and what remains after known log prefixes. Only patterns anchored at
 *   the start look at more than the first view, because the others are suffixes of it.
 */

/** Limits of reading; `docs/records.md` lists them. */
export const TEXT_LIMITS = {
  /** Longer lines are matched in pieces of this many UTF-16 units. */
  maxLineChars: 65_536,
  /** How much two pieces of one line share. */
  pieceOverlapChars: 4_096,
  /** How many log prefixes are peeled off one after the other. */
  maxPrefixes: 6,
  /** JSON in JSON (a container runtime around an application's log) is decoded this deep. */
  maxJsonDepth: 3,
  /** Fields taken from one JSON line. */
  maxJsonFields: 16,
} as const;

/** One thing to match: a line, a segment or piece of one, or a decoded line of a JSON field. */
export class Unit {
  /** One-based number of the line it came from. */
  readonly line: number;
  /** Cleaned text. */
  readonly text: string;
  private peeled: readonly string[] | null = null;
  constructor(line: number, text: string) {
    this.line = line;
    this.text = text;
  }

  /** The text, then what remains after each peeled log prefix; computed when somebody asks, most units are never. */
  get views(): readonly string[] {
    this.peeled ??= viewsOf(this.text);
    return this.peeled;
  }
}

const DIRTY = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/;
const CSI = '\\x1b\\[[0-?]*[ -/]*[@-~]|\\x9b[0-?]*[ -/]*[@-~]';
// The 8-bit forms need their terminator: doubly encoded UTF-8 holds such characters by accident.
const STRING_BODY = '[^\\x07\\x1b\\x9c\\n]*';
const STRING_END = '(?:\\x07|\\x1b\\\\|\\x9c)';
const STRING_SEQUENCE = `\\x1b[\\]P^_X]${STRING_BODY}${STRING_END}?|[\\x9d\\x90]${STRING_BODY}${STRING_END}`;
const TERMINAL_SEQUENCES = new RegExp(`${STRING_SEQUENCE}|${CSI}|\\x1b[ -/]+[0-~]|\\x1b[0-~]`, 'g');
const CONTROLS = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]+/g;

/** Removes what a terminal would not show: escape sequences, overstrikes, control characters (TAB stays). */
export function cleanSegment(text: string): string {
  if (!DIRTY.test(text)) return text;
  let out = text.replace(TERMINAL_SEQUENCES, '');
  if (out.includes('\b')) out = applyBackspaces(out);
  return out.replace(CONTROLS, '');
}

/** `x BS y` shows y: man pages print bold and underlined text so, spinners erase themselves so. */
function applyBackspaces(text: string): string {
  const out: string[] = [];
  for (const char of text) {
    if (char === '\b') out.pop();
    else out.push(char);
  }
  return out.join('');
}

const TIME = '\\d{1,2}:\\d{2}:\\d{2}(?:[.,]\\d{1,9})?';
const PREFIXES = new RegExp(
  [
    // 2026-11-23T08:00:00.123Z, 2026/11/23 08:00:00, with a zone, in brackets or not
    `\\[?\\d{4}[-/]\\d{2}[-/]\\d{2}[T ]${TIME}(?: ?(?:Z|UTC|[A-Z]{3,4}\\b|[+-]\\d{2}:?\\d{2}))?\\]?:?\\s{0,8}`,
    // Nov 23 08:00:00 host program[pid]:   (syslog, journalctl)
    `[A-Z][a-z]{2} [ \\d]\\d ${TIME} [\\w.-]{1,64} [\\w./@()-]{1,64}(?:\\[\\d{1,8}\\])?: `,
    // [Sun Dec 04 20:47:16 2005]   (apache, dmesg -T)
    `\\[?(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \\d]\\d ${TIME}(?: \\d{4})?\\]?:?\\s{0,8}`,
    `\\[?${TIME}\\]?:?\\s{1,8}`,
    'npm (?:ERR!|error|warn|WARN|notice|verb|http|info|sill)\\s{1,8}',
    // service-1  | text   (compose)
    '[\\w.-]{1,64}\\s{0,32}\\|\\s',
    // program[pid]:
    '[\\w./@-]{1,64}\\[\\d{1,8}\\]:?\\s{1,8}',
    // nginx: 1234#0: *17
    '\\d{1,8}#\\d{1,8}: (?:\\*\\d{1,12} )?',
    // [error] [pod/x] [1234], ##[error], ::error::
    '\\[[^\\]\\[\\s]{1,80}\\]:?\\s{1,8}',
    '##\\[[a-z]{1,16}\\]',
    '::(?:error|warning|notice|debug)[^:]{0,200}::',
    // #12 3.456   (BuildKit)
    '#\\d{1,5} \\d{1,6}\\.\\d{1,3} ',
    '(?:TRACE|DEBUG|INFO|NOTICE|WARN|WARNING|ERROR|CRITICAL|FATAL)(?::\\s{0,8}|\\s{1,8})',
    // markers that test runners, diffs, quotes and REPLs put in front
    '[>|+$#E] {1,8}',
    '[ \\t\\u00a0\\ufeff]{1,200}',
  ].join('|'),
  'y',
);

/** The text and each of its suffixes that starts after a known log prefix. */
export function viewsOf(text: string): readonly string[] {
  let at = 0;
  let views: string[] | null = null;
  for (let i = 0; i < TEXT_LIMITS.maxPrefixes && at < text.length; i++) {
    PREFIXES.lastIndex = at;
    if (!PREFIXES.test(text)) break;
    at = PREFIXES.lastIndex;
    views ??= [text];
    views.push(text.slice(at));
  }
  return views ?? [text];
}

const JSON_TEXT_KEYS =
  /^(?:message|msg|log|line|text|body|error|err|exception|stack|stacktrace|stack_trace|detail|details|reason|cause|stderr|textpayload|jsonpayload|fields|data)$/i;

/** Strings of a JSON log line that hold output: message and stack fields, wherever they are nested. */
function jsonTexts(view: string): string[] {
  let value: unknown;
  try {
    value = JSON.parse(view);
  } catch {
    return [];
  }
  const out: string[] = [];
  const visit = (node: unknown, depth: number): void => {
    if (depth > TEXT_LIMITS.maxJsonDepth || out.length >= TEXT_LIMITS.maxJsonFields) return;
    if (typeof node === 'string') out.push(node);
    else if (Array.isArray(node))
      for (const item of node.slice(0, TEXT_LIMITS.maxJsonFields)) visit(item, depth + 1);
    else if (node && typeof node === 'object') {
      for (const [key, item] of Object.entries(node)) if (JSON_TEXT_KEYS.test(key)) visit(item, depth + 1);
    }
  };
  if (value && typeof value === 'object') visit(value, 0);
  return out;
}

/** Emits the units of one line (or piece of one), without its LF. */
function emitLine(raw: string, line: number, emit: (unit: Unit) => void, jsonDepth: number): void {
  let text = raw;
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 13) end--;
  if (end !== text.length) text = text.slice(0, end);
  if (text.includes('\r')) {
    for (const segment of text.split('\r')) if (segment !== '') emitSegment(segment, line, emit, jsonDepth);
  } else emitSegment(text, line, emit, jsonDepth);
}

function emitSegment(segment: string, line: number, emit: (unit: Unit) => void, jsonDepth: number): void {
  const unit = new Unit(line, cleanSegment(segment));
  emit(unit);
  if (jsonDepth >= TEXT_LIMITS.maxJsonDepth || !unit.text.trimEnd().endsWith('}')) return;
  const json = unit.views.find((v) => v.startsWith('{'));
  if (json === undefined) return;
  for (const text of jsonTexts(json)) {
    for (const sub of text.split('\n')) if (sub !== '') emitLine(sub, line, emit, jsonDepth + 1);
  }
}

/**
 * Where the lines of a text begin that may be JSON and say, decoded, what they do not say as they stand: those that
 * escape something. Ascending.
 */
export function escapedJsonStarts(text: string): readonly number[] {
  const starts: number[] = [];
  for (let at = text.indexOf('\\'); at !== -1; ) {
    const newline = text.indexOf('\n', at);
    const end = newline === -1 ? text.length : newline;
    const start = text.lastIndexOf('\n', at) + 1;
    if (text.slice(at, end).trimEnd().endsWith('}')) starts.push(start);
    at = text.indexOf('\\', end);
  }
  return starts;
}

/** Cuts a stream of text into units. Any chunking of a text gives the same units. */
export class UnitReader {
  private readonly emit: (unit: Unit) => void;
  /** Text of the current line that was not emitted yet, in parts so that tiny chunks cost no copies. */
  private parts: string[] = [];
  private pendingChars = 0;
  /** Whether a piece of the current line was emitted already. */
  private inPieces = false;
  private line = 1;
  constructor(emit: (unit: Unit) => void) {
    this.emit = emit;
  }

  /** The next line has this number: the ones before it were left out. Only between lines. */
  at(line: number): void {
    this.line = line;
  }

  /** Whether the text so far ended with a line's end: the next chunk begins a line. */
  get atLineStart(): boolean {
    return this.pendingChars === 0 && !this.inPieces;
  }

  /** Passes over lines of which nobody needs the units. */
  skip(lines: number): void {
    this.line += lines;
  }

  push(chunk: string): void {
    let start = 0;
    for (;;) {
      const newline = chunk.indexOf('\n', start);
      if (newline === -1) break;
      this.append(chunk.slice(start, newline));
      this.endLine();
      start = newline + 1;
    }
    if (start < chunk.length) this.append(start === 0 ? chunk : chunk.slice(start));
  }

  /** Ends the text; returns the number of lines (a final line without LF counts). */
  end(): number {
    if (this.pendingChars > 0 || this.inPieces) this.endLine();
    return this.line - 1;
  }

  private append(text: string): void {
    if (text === '') return;
    this.parts.push(text);
    this.pendingChars += text.length;
    if (this.pendingChars < TEXT_LIMITS.maxLineChars) return;
    let pending = this.parts.join('');
    const step = TEXT_LIMITS.maxLineChars - TEXT_LIMITS.pieceOverlapChars;
    let at = 0;
    while (pending.length - at >= TEXT_LIMITS.maxLineChars) {
      emitLine(pending.slice(at, at + TEXT_LIMITS.maxLineChars), this.line, this.emit, 0);
      this.inPieces = true;
      at += step;
    }
    pending = pending.slice(at);
    this.parts = [pending];
    this.pendingChars = pending.length;
  }

  private endLine(): void {
    // After a piece that ended exactly at the line's end only the overlap is left: it was matched already.
    if (!this.inPieces || this.pendingChars > TEXT_LIMITS.pieceOverlapChars) {
      const pending = this.parts.length === 1 ? (this.parts[0] as string) : this.parts.join('');
      emitLine(pending, this.line, this.emit, 0);
    }
    this.parts = [];
    this.pendingChars = 0;
    this.inPieces = false;
    this.line++;
  }
}

/** All units of a text. */
export function unitsOf(text: string): { readonly units: readonly Unit[]; readonly lines: number } {
  const units: Unit[] = [];
  const reader = new UnitReader((unit) => units.push(unit));
  reader.push(text);
  return { units, lines: reader.end() };
}
