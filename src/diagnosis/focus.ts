/**
 * The focus: at most three lines where the failure seems to be. A heuristic over words, shown as such; it helps
 * most where no record fits.
 */
import type { Unit } from '../book/index.ts';
import { shapeOf } from './shape.ts';

const MAX_LINES = 3;
const MAX_CHARS = 240;

/** Words that failing programs print; the weight is how seldom healthy ones do. */
const SIGNS: readonly (readonly [RegExp, number])[] = [
  [/\b(?:fatal|panic|segmentation fault|core dumped|traceback|uncaught|unhandled)\b/i, 5],
  [/\b(?:[A-Z][A-Za-z]*(?:Error|Exception)|E[A-Z]{3,14}|[A-Z]{2,6}\d{3,6})\b/, 4],
  [/(?:^|[\s[(:])(?:error|err!)(?:[\]):!\s]|$)/i, 4],
  [
    /\b(?:failed|failure|cannot|can't|could not|couldn't|unable to|refused|denied|aborted|invalid|not found|no such)\b/i,
    3,
  ],
  [/(?:错误|失败|无法|拒绝|不能|エラー|失敗|오류|실패|ошибка|Fehler|erreur|errore|erro:)/i, 3],
  [
    /\b(?:crash(?:ed|es|ing)?|killed|rejected|(?:un|not )recogni[sz]ed|unresolved|mismatch(?:ed)?|violat(?:es|ed|ion)|corrupt(?:ed)?|exhausted|non-zero|(?:exit(?:ed)?|return(?:ed)?)(?: with)? (?:code|status) [1-9]\d{0,2})\b/i,
    2,
  ],
  [
    /\b(?:exceeded|insufficient|overflow|too (?:many|large|long)|not (?:allowed|supported|satisfied)|must be|should be)\b/i,
    1,
  ],
  [
    /\b(?:fail(?:s|ing)?|missing|undefined|unknown|unexpected|timed out|timeout|expected|unsupported|conflict)\b/i,
    1,
  ],
];
/** Lines that speak of errors without having one. */
const CALM =
  /\b(?:0|no) (?:errors?|failures?|failed|vulnerabilities|problems)\b|\b(?:warn(?:ing)?|info|debug|notice|deprecated)\b|\bpassed\b/i;
/** What such words take off the signs of failure. */
const CALM_WEIGHT = 4;
/** Error words of programs that speak another language than English. */
const LOCALISED =
  /错误|失败|无法|拒绝|致命|警告：|エラー|失敗|できません|오류|실패|ошибк|не удалось|Fehler|nicht (?:gefunden|möglich)|erreur|échec|errore|impossibile|no se (?:pudo|puede)|não foi/i;

interface Candidate {
  readonly line: number;
  readonly text: string;
  readonly shape: string;
  readonly score: number;
}

/** How much a line reads like a failure, by its words; 0 or less: not at all. */
function signsOf(text: string): number {
  let score = 0;
  for (const [sign, weight] of SIGNS) if (sign.test(text)) score += weight;
  return score > 0 && CALM.test(text) ? score - CALM_WEIGHT : score;
}

/** Whether a line reads like a failure. */
export function readsLikeFailure(line: string): boolean {
  return signsOf(line.slice(0, MAX_CHARS)) > 0;
}

/** Reads along and keeps the best lines, in constant memory. */
export class FocusReader {
  private best: Candidate[] = [];
  private sawLocalised = false;

  /** @returns whether the line reads like a failure. */
  unit(unit: Unit): boolean {
    const score = signsOf(unit.text.slice(0, MAX_CHARS));
    if (score <= 0) return false;
    // Behind its log prefixes: the number says where, the room is for what.
    const bare = unit.views[unit.views.length - 1] ?? unit.text;
    this.consider(unit, (bare.trim() === '' ? unit.text : bare).slice(0, MAX_CHARS), score);
    return true;
  }

  private consider(unit: Unit, text: string, score: number): void {
    if (LOCALISED.test(text)) this.sawLocalised = true;
    const worst = this.best[this.best.length - 1];
    if (this.best.length === MAX_LINES && worst && score <= worst.score) return;
    // Three places of one fault show less than three faults.
    const shape = shapeOf(text);
    if (this.best.some((b) => b.line === unit.line || b.shape === shape)) return;
    this.best.push({ line: unit.line, text: text.trim(), shape, score });
    // The earliest of equals stays: the first error is more often the cause than the last.
    this.best.sort((a, b) => b.score - a.score || a.line - b.line);
    this.best.length = Math.min(this.best.length, MAX_LINES);
  }

  lines(): { line: number; text: string }[] {
    return this.best.map(({ line, text }) => ({ line, text })).sort((a, b) => a.line - b.line);
  }

  /** Whether lines that look like errors were in another language than English. */
  localised(): boolean {
    return this.sawLocalised;
  }
}
