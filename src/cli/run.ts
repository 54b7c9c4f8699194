/** `faultbook run`: a command as if we were not there; when it fails, what is known about it. */

import { isInsideRun, runCommand } from '../run/index.ts';
import { hasOpenFaults, InputError } from '../store/index.ts';
import type { RunFlags } from './run-answer.ts';
import { warn } from './terminal.ts';

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
    const { report } = await import('./run-answer.ts');
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
