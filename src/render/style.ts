/** Colours as SGR codes; without colour the same text. */

export interface Style {
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly bad: (text: string) => string;
  readonly good: (text: string) => string;
  readonly note: (text: string) => string;
  readonly command: (text: string) => string;
}

const same = (text: string): string => text;
const PLAIN: Style = { bold: same, dim: same, bad: same, good: same, note: same, command: same };

function sgr(code: number): (text: string) => string {
  const off = code === 1 || code === 2 ? 22 : 39;
  return (text) => `\x1b[${code}m${text}\x1b[${off}m`;
}
const COLORED: Style = {
  bold: sgr(1),
  dim: sgr(2),
  bad: sgr(31),
  good: sgr(32),
  note: sgr(33),
  command: sgr(36),
};

export function styleOf(color: boolean): Style {
  return color ? COLORED : PLAIN;
}
