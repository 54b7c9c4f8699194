/**
 * Reading what was kept: text for the matcher without what a pager or an editor showed on the terminal's second
 * screen, and the way back from a line number of that text to one of the whole output.
 */
import type { Kept } from './kept.ts';

/** Between these a full-screen program paints (modes 47, 1047, 1049 of xterm); the user has seen and left it. */
const ENTER_SCREEN = /\x1b\[\?(?:47|1047|1049)(?:;\d+)*h/;
const LEAVE_SCREEN = /\x1b\[\?(?:47|1047|1049)(?:;\d+)*l/;
/** `script` writes these two lines around what it records. */
const SCRIPT_HEADER = /^Script started on [^\n]*\n/;
const SCRIPT_FOOTER = /\n?Script done on [^\n]*\n$/;
/** Where the terminal has just shown that Ctrl-C was pressed, in bytes from the end. */
const INTERRUPT_TAIL_CHARS = 1024;

export interface ReadOutput {
  readonly text: string;
  /** Line of the whole output, from a line of the text. */
  readonly lineOf: (line: number) => number;
}

/** @param fromTerminal recorded by `script`, on a pseudo-terminal. */
export function readKept(kept: Kept, fromTerminal: boolean): ReadOutput {
  // Parallel: lines of the text at which a piece starts, and how far the whole output is ahead there.
  const starts: number[] = [];
  const ahead: number[] = [];
  let text = '';
  let lines = 0;
  let shift = 0;
  const append = (part: string, line: number): void => {
    if (part === '') return;
    if (text !== '' && !text.endsWith('\n')) {
      text += '\n';
      lines++;
    }
    starts.push(lines + 1);
    ahead.push(line - (lines + 1));
    text += part;
    lines += count(part);
  };
  kept.pieces.forEach((piece, i) => {
    let part = piece.bytes.toString('utf8');
    let line = piece.line;
    if (fromTerminal) {
      if (i === 0 && SCRIPT_HEADER.test(part)) {
        part = part.replace(SCRIPT_HEADER, '');
        shift = -1;
        line++;
      }
      if (i === kept.pieces.length - 1) part = part.replace(SCRIPT_FOOTER, '');
    }
    for (const shown of mainScreen(part)) append(shown.text, line + shown.breaksBefore);
  });
  return {
    text,
    lineOf: (line) => {
      let at = starts.length - 1;
      while (at > 0 && (starts[at] as number) > line) at--;
      return line + (ahead[at] ?? 0) + shift;
    },
  };
}

/** The parts of a text that stayed on the screen, each with the line breaks before it. */
function mainScreen(text: string): { text: string; breaksBefore: number }[] {
  const out: { text: string; breaksBefore: number }[] = [];
  let at = 0;
  // A piece may begin in the middle of a full screen: then it is left before it is entered.
  const left = LEAVE_SCREEN.exec(text);
  const entered = ENTER_SCREEN.exec(text);
  if (left && (!entered || left.index < entered.index)) at = left.index + left[0].length;
  while (at < text.length) {
    const enter = ENTER_SCREEN.exec(text.slice(at));
    const end = enter ? at + enter.index : text.length;
    out.push({ text: text.slice(at, end), breaksBefore: count(text.slice(0, at)) });
    if (!enter) break;
    const leave = LEAVE_SCREEN.exec(text.slice(end));
    if (!leave) break;
    at = end + leave.index + leave[0].length;
  }
  return out;
}

/** Whether the terminal echoed a Ctrl-C near the end: programs then end with codes of their own (make: 2). */
export function endsInterrupted(text: string): boolean {
  return text.slice(-INTERRUPT_TAIL_CHARS).includes('^C');
}

function count(text: string): number {
  let n = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) n++;
  return n;
}
