/**
 * The naive matcher: every pattern on every unit by JavaScript's own RegExp, sequences and exclusions by search
 * over all positions. Slow and plain on purpose: what the fast matcher answers must be this.
 */
import {
  type Book,
  type BookPattern,
  believed,
  type Likeness,
  type RecordMatch,
  specificityOf,
  unitsOf,
  wordsOf,
} from '../../src/book/index.ts';
import { foldAscii } from '../../src/record/index.ts';

/** A plain RE2 source (as `printPattern` prints it) as a JavaScript RegExp of the same meaning. */
export function toRegExp(source: string): RegExp {
  const js = source
    .replaceAll('(?P<', '(?<')
    .replace(/\\x\{([0-9a-f]+)\}/g, '\\u{$1}')
    .replaceAll('\\A', '^')
    .replaceAll('\\z', '$');
  return new RegExp(js, 'u');
}

interface Hit {
  readonly pattern: BookPattern;
  readonly position: number;
  readonly line: number;
  readonly view: string;
  readonly views: readonly string[];
  readonly specificity: number;
}

export function naiveMatch(book: Book, text: string): readonly RecordMatch[] {
  const { units } = unitsOf(text);
  const hits: Hit[] = [];
  units.forEach((unit, position) => {
    for (const pattern of book.patterns) {
      const regex = toRegExp(pattern.source);
      const views = pattern.anchored ? unit.views : [unit.text];
      const view = views.find((v) => regex.test(v));
      if (view === undefined) continue;
      // What a line proves is defined once, for both matchers; which lines are asked is what they must agree on.
      const like = likenessOf(book, pattern, unit.text);
      if (!believed(pattern, unit, like)) continue;
      const specificity = specificityOf(pattern, view, like);
      hits.push({ pattern, position, line: unit.line, view, views: unit.views, specificity });
    }
  });
  return book.records.flatMap((record, index) => {
    const mine = hits.filter((h) => h.pattern.record === index);
    const whole = [
      ...mine.filter((h) => h.pattern.role !== 'sequence' && h.pattern.role !== 'not_if'),
      ...sequenceStarts(
        mine,
        record.sequence.map((s) => s.within_lines),
      ),
    ].filter(
      (h) =>
        !mine.some(
          (n) =>
            n.pattern.role === 'not_if' &&
            Math.abs(n.line - h.line) <= (record.not_if[n.pattern.step]?.within_lines ?? 0),
        ),
    );
    if (whole.length === 0) return [];
    whole.sort(
      (a, b) =>
        Number(a.pattern.careless) - Number(b.pattern.careless) ||
        b.specificity - a.specificity ||
        a.position - b.position ||
        book.patterns.indexOf(a.pattern) - book.patterns.indexOf(b.pattern),
    );
    const best = whole[0] as Hit;
    const groups = { ...toRegExp(best.pattern.source).exec(best.view)?.groups };
    for (const name of Object.keys(groups)) if (groups[name] === undefined) delete groups[name];
    return [
      {
        record: index,
        verdict: best.pattern.careless ? ('possible' as const) : ('match' as const),
        basis: 'signature' as const,
        line: best.line,
        excerpt: best.views.findLast((v) => toRegExp(best.pattern.source).test(v)) ?? '',
        groups,
        wording: best.pattern.key,
        occurrences: new Set(whole.map((h) => h.line)).size,
        specificity: best.specificity,
      },
    ];
  });
}

/** For each place where a sequence completes: its latest possible beginning. */
function sequenceStarts(hits: readonly Hit[], within: readonly number[]): Hit[] {
  const at = (step: number) => hits.filter((h) => h.pattern.role === 'sequence' && h.pattern.step === step);
  const chains = (step: number, end: Hit): Hit[] =>
    step === 0
      ? [end]
      : at(step - 1)
          .filter((b) => b.position < end.position && end.line - b.line <= (within[step] as number))
          .flatMap((b) => chains(step - 1, b));
  if (within.length === 0) return [];
  return at(within.length - 1).flatMap((end) => {
    const starts = chains(within.length - 1, end);
    return starts.length === 0 ? [] : [starts.reduce((a, b) => (b.position > a.position ? b : a))];
  });
}

function likenessOf(book: Book, pattern: BookPattern, text: string): Likeness | null {
  if (!pattern.careless && book.records[pattern.record]?.origin === 'authored') return null;
  const words = wordsOf(foldAscii(text));
  const phrase = book.phrases.find((p) => p.record === pattern.record);
  const sum = (list: readonly (readonly [string, number])[] = []) =>
    list.reduce((bits, [, b]) => bits + b, 0);
  const held = (list: readonly (readonly [string, number])[] = []) =>
    sum(list.filter(([w]) => words.includes(w)));
  return { held: held(phrase?.steady), all: sum(phrase?.steady), values: held(phrase?.values) };
}
