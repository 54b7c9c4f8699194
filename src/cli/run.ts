/** `faultbook run`: a command as if we were not there; when it fails, what is known about it. */

import type { Diagnosis } from '../diagnosis/index.ts';
import { type Ended, isInsideRun, RUN_LIMITS, readKept, runCommand } from '../run/index.ts';
import { hasOpenFaults, InputError, keepsMisses } from '../store/index.ts';
import { type ColorChoice, colorOf, columnsOf, langOf, warn } from './terminal.ts';

export interface RunFlags {
  readonly 'on-fail'?: string;
  readonly lang?: string;
  readonly color?: ColorChoice;
  readonly book?: readonly string[];
  readonly environment?: string;
}

/** `--on-fail json:FILE`. */
const ON_FAIL = /^json:(.+)$/s;

/** @returns the exit code of the command. */
export async function runRun(argv: readonly string[], flags: RunFlags): Promise<number> {
  if (argv.length === 0)
    throw new InputError('there is no command to run: faultbook run -- <command> [arguments]');
  const file = reportFile(flags['on-fail']);
  // The outermost of several runs answers; one inside it is only needed where it writes a file.
  const inside = isInsideRun();
  const startedAt = performance.now();
  const ended = await runCommand(argv, { keep: !inside || file !== null });
  const durationMs = Math.round(performance.now() - startedAt);
  if (ended.exitCode === 0) {
    // Asked first: who never had a fault pays for no more than this.
    if (!inside && hasOpenFaults()) (await import('./faults.ts')).noteSuccess(argv);
    return 0;
  }
  if (ended.cannotStart) warn(`faultbook: ${ended.cannotStart.message}`);
  if (ended.wanted && file === null) return ended.exitCode;
  try {
    await report(argv, ended, durationMs, file, inside, flags);
  } catch (error) {
    // The command's exit code is what counts, whatever becomes of our answer.
    if (!(error instanceof InputError) && process.env.FAULTBOOK_DEBUG) throw error;
    warn(`faultbook: ${error instanceof Error ? error.message : String(error)}`);
  }
  return ended.exitCode;
}

function reportFile(flag: string | undefined): string | null {
  if (flag === undefined) return null;
  const file = ON_FAIL.exec(flag)?.[1];
  if (file === undefined) throw new InputError(`--on-fail ${JSON.stringify(flag)} is not json:<file>`);
  return file;
}

async function report(
  argv: readonly string[],
  ended: Ended,
  durationMs: number,
  file: string | null,
  inside: boolean,
  flags: RunFlags,
): Promise<void> {
  const silent = inside || ended.wanted || ended.cannotStart !== undefined;
  if (silent && file === null) return;
  const [
    { bookOf },
    { DiagnosisSession },
    { environmentOf, readLedger },
    { renderBrief, renderRun, renderText },
  ] = await Promise.all([
    import('./diagnose.ts'),
    import('../diagnosis/index.ts'),
    import('../store/index.ts'),
    import('../render/index.ts'),
  ]);
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
    const [{ writeWhole }, { redact }] = await Promise.all([
      import('../store/index.ts'),
      import('../redact/index.ts'),
    ]);
    writeWhole(
      file,
      renderRun({
        command: argv.map((word) => redact(word)),
        exitCode,
        signal,
        durationMs,
        keptBytes: kept?.keptBytes ?? null,
        totalBytes: kept?.totalBytes ?? null,
        diagnosis: withoutSecrets(diagnosis, redact),
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

/** What is written down holds no secret that the output had; typed groups stay, for commands are made of them. */
function withoutSecrets(diagnosis: Diagnosis, redact: (text: string) => string): Diagnosis {
  return {
    ...diagnosis,
    findings: diagnosis.findings.map((f) => ({ ...f, excerpt: redact(f.excerpt) })),
    focus: diagnosis.focus.map((f) => ({ ...f, text: redact(f.text) })),
    shapes: diagnosis.shapes.map((s) => ({ ...s, shape: redact(s.shape), example: redact(s.example) })),
  };
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
