/**
 * Shapes: lines without what varies in them, so that a thousand lines about a thousand requests are one thing. After the
 * masking step of Drain (He et al., ICWS 2017); no tree, for only lines that read like a failure come here.
 */
import type { Unit } from '../book/index.ts';

/** Limits of shapes; `docs/answers.md` lists them. */
export const SHAPE_LIMITS = {
  /** Shapes that are told apart in one text; lines of further ones are only counted. */
  maxShapes: 200,
  /** Longer lines are cut before they are masked. */
  maxChars: 240,
} as const;

/** What varies, in the order in which it is looked for, and what stands in its place. */
const MASKS: readonly (readonly [RegExp, string])[] = [
  [/"[^"]{0,200}"|'[^']{0,200}'(?![A-Za-z])|`[^`]{0,200}`|‘[^’]{0,200}’|“[^”]{0,200}”/g, '<text>'],
  [/\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s"'<>)\]]+/gi, '<url>'],
  [/\b[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64})+\b/g, '<email>'],
  [/\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b/gi, '<id>'],
  [
    /\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?(?:[.,]\d+)?(?:Z|[+-]\d{2}:?\d{2})?)?|\b\d{1,2}:\d{2}:\d{2}(?:[.,]\d+)?\b/g,
    '<time>',
  ],
  [
    /(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?\b|\[?(?:[0-9a-f]{0,4}:){3,7}[0-9a-f]{0,4}\]?(?::\d{1,5})?/gi,
    '<ip>',
  ],
  [
    /(?<![\w<])(?:[A-Za-z]:)?(?:[\\/][\w.@+~-]{1,120}){2,}[\\/]?|(?<![\w./])\.{1,2}(?:\/[\w.@+-]{1,120})+/g,
    '<path>',
  ],
  [/\b0x[0-9a-f]+\b|\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,}\b/gi, '<hex>'],
  [/(?<![A-Za-z0-9_<])\d+(?:[.,]\d+)*(?:[kmgt]i?b?|ms|s|%)?\b/gi, '<n>'],
];

/** A line without what varies: `worker 17: timeout after 30s` is `worker <n>: timeout after <n>`. */
export function shapeOf(line: string): string {
  let shape = line.slice(0, SHAPE_LIMITS.maxChars);
  for (const [what, mask] of MASKS) shape = shape.replace(what, mask);
  return shape.replace(/\s+/g, ' ').trim();
}

export interface Shape {
  readonly shape: string;
  /** Lines of this shape. */
  readonly count: number;
  /** One-based number of the first of them, and its text. */
  readonly line: number;
  readonly example: string;
}

/** Counts the shapes of the lines given to it, in bounded memory. */
export class ShapeReader {
  private readonly shapes = new Map<
    string,
    { count: number; line: number; example: string; lastLine: number }
  >();
  private beyond = 0;

  unit(unit: Unit): void {
    const example = (unit.views[unit.views.length - 1] ?? unit.text).slice(0, SHAPE_LIMITS.maxChars).trim();
    const shape = shapeOf(example);
    const known = this.shapes.get(shape);
    if (known) {
      if (known.lastLine !== unit.line) known.count++;
      known.lastLine = unit.line;
    } else if (this.shapes.size < SHAPE_LIMITS.maxShapes)
      this.shapes.set(shape, { count: 1, line: unit.line, example, lastLine: unit.line });
    else this.beyond++;
  }

  /** Most frequent first, then in the order of the text; `beyond`: lines of shapes that were too many to keep. */
  end(): { readonly shapes: readonly Shape[]; readonly beyond: number } {
    const shapes = [...this.shapes]
      .map(([shape, { count, line, example }]) => ({ shape, count, line, example }))
      .sort((a, b) => b.count - a.count || a.line - b.line);
    return { shapes, beyond: this.beyond };
  }
}
