/** What `run` says of a command that failed. Apart from `run.ts`: who succeeds does not load it. */
import { type Diagnosis, DiagnosisSession } from '../diagnosis/index.ts';
import { renderBrief, renderRun, renderText } from '../render/index.ts';
import { type Ended, RUN_LIMITS, readKept } from '../run/index.ts';
import { environmentOf, keepsMisses, readLedger, writeWhole } from '../store/index.ts';
import { bookOf } from './diagnose.ts';
import { withoutSecrets, wordsWithoutSecrets } from './secrets.ts';
import { type ColorChoice, colorOf, columnsOf, langOf, warn } from './terminal.ts';

export interface RunFlags {
  readonly 'on-fail'?: string;
  readonly lang?: string;
  readonly color?: ColorChoice;
  readonly book?: readonly string[];
  readonly environment?: string;
}

/** Diagnoses what was kept of a failed command; writes the document where one was asked for. */
export async function report(
  argv: readonly string[],
  ended: Ended,
  durationMs: number,
  file: string | null,
  inside: boolean,
  flags: RunFlags,
): Promise<void> {
  const silent = inside || ended.wanted || ended.cannotStart !== undefined;
  if (silent && file === null) return;
  const book = await bookOf(flags.book);
  const session = new DiagnosisSession(book, {
    environment: environmentOf(book, flags.environment),
    reports: (record) => readLedger(record),
    limit: RUN_LIMITS.findings,
  });
  const { kept, fromTerminal, exitCode, signal } = ended;
  const read = kept && readKept(kept, fromTerminal);
  if (read) session.push(read.text);
  const diagnosis = read ? atLines(session.end(), read.lineOf) : session.end();
  if (file !== null) {
    writeWhole(
      file,
      renderRun({
        command: wordsWithoutSecrets(argv),
        exitCode,
        signal,
        durationMs,
        keptBytes: kept?.keptBytes ?? null,
        totalBytes: kept?.totalBytes ?? null,
        diagnosis: withoutSecrets(diagnosis),
      }),
    );
  }
  if (silent) return;
  if (diagnosis.verdict === 'match') (await import('./faults.ts')).noteFailure(argv, diagnosis, book);
  if (diagnosis.verdict !== 'match' && keepsMisses()) (await import('./misses.ts')).keepMisses(diagnosis);
  const options = {
    lang: langOf(flags.lang),
    color: colorOf(flags.color, process.stderr),
    columns: columnsOf(process.stderr),
    records: book.records.length,
  };
  const answer =
    diagnosis.verdict === 'match'
      ? `\n${renderText(diagnosis, options)}`
      : renderBrief(diagnosis, { ...options, exitCode, kept: kept !== null });
  if (answer !== '') warn(answer);
}

/** The diagnosis of what was kept, with the line numbers of the whole output. */
function atLines(diagnosis: Diagnosis, lineOf: (line: number) => number): Diagnosis {
  return {
    ...diagnosis,
    findings: diagnosis.findings.map((f) => ({ ...f, line: lineOf(f.line) })),
    focus: diagnosis.focus.map((f) => ({ ...f, line: lineOf(f.line) })),
    shapes: diagnosis.shapes.map((s) => ({ ...s, line: lineOf(s.line) })),
    lines: diagnosis.lines === 0 ? 0 : lineOf(diagnosis.lines),
  };
}
