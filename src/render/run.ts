/** What `run` says of a command that failed: an answer of few lines where little is known, and the document. */
import type { Diagnosis } from '../diagnosis/index.ts';
import { stringifySafely } from './json.ts';
import { inLang, messagesOf } from './messages.ts';
import { visible } from './safe.ts';
import { styleOf } from './style.ts';
import type { TextOptions } from './text.ts';

/** So much of an output still stands before the reader's eyes: no line of it is shown again. */
const MAX_LINES_IN_VIEW = 8;

export interface BriefOptions extends TextOptions {
  readonly exitCode: number;
  /** Whether the output could be kept. */
  readonly kept: boolean;
}

/**
 * The answer where no record surely fits: one line, and where the failure seems to be. Who runs everything through us
 * reads it often; nothing at all where it would say nothing.
 * @returns text that ends with a newline, or the empty text.
 */
export function renderBrief(diagnosis: Diagnosis, options: BriefOptions): string {
  const { lang, color, columns, exitCode, kept } = options;
  const m = messagesOf(lang);
  const style = styleOf(color);
  if (!kept) return `${style.dim(`faultbook: ${m.runNotKept(exitCode)}`)}\n`;
  const [finding] = diagnosis.findings;
  if (!finding && diagnosis.focus.length === 0) return '';
  const focus = diagnosis.lines > MAX_LINES_IN_VIEW ? diagnosis.focus : [];
  const what = finding
    ? m.runPossible(exitCode, finding.id, visible(inLang(lang, finding.title, finding.title_zh)))
    : m.runUnknown(exitCode, focus.length > 0);
  const digits = String(Math.max(0, ...focus.map((f) => f.line))).length;
  return [
    style.dim(`faultbook: ${what}`),
    ...focus.map(({ line, text }) => {
      const number = String(line).padStart(digits);
      return `  ${style.dim(number)}  ${visible(text, Math.min(160, Math.max(40, columns) - digits - 4))}`;
    }),
    '',
  ].join('\n');
}

/** A command that failed, for programs. Sizes in bytes; null: nothing was kept. */
export interface FailedRun {
  readonly command: readonly string[];
  readonly exitCode: number;
  readonly signal: string | null;
  readonly durationMs: number;
  readonly keptBytes: number | null;
  readonly totalBytes: number | null;
  readonly diagnosis: Diagnosis;
}

/** The document of `--on-fail json:FILE`: `{ schema: "run.v1", …, diagnosis: diagnosis.v1 }`. */
export function renderRun(run: FailedRun): string {
  return stringifySafely({
    schema: 'run.v1',
    command: run.command,
    exit_code: run.exitCode,
    signal: run.signal,
    duration_ms: run.durationMs,
    output: run.totalBytes === null ? null : { bytes: run.totalBytes, kept_bytes: run.keptBytes },
    diagnosis: run.diagnosis,
  });
}
