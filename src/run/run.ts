/** Running a user's command as if we were not there, and keeping enough of its output to tell what went wrong. */
import { cannotStart } from './command.ts';
import { inheritedDescriptors } from './descriptors.ts';
import type { Ended } from './ending.ts';
import { runInherited, runInPipes } from './pipes.ts';
import { hasTerminal, runOnPseudoTerminal } from './terminal.ts';

/** Our process, for runs inside this one: of several, one inside the other, the outermost answers. */
export const RUN_VARIABLE = 'FAULTBOOK_RUN';

/**
 * Runs a command: never through a shell's eyes, its arguments as they are, its descriptors, signals and exit code
 * kept. Prints nothing.
 * @param keep whether its output is kept; else it gets our descriptors themselves.
 */
export async function runCommand(
  argv: readonly string[],
  { keep }: { readonly keep: boolean },
): Promise<Ended> {
  const start = cannotStart(argv[0] ?? '', process.env.PATH);
  if (start) {
    return {
      exitCode: start.exitCode,
      signal: null,
      wanted: false,
      kept: null,
      fromTerminal: false,
      cannotStart: start,
    };
  }
  const inherited = inheritedDescriptors(process.env);
  if (!keep) return runInherited({ argv, env: process.env, inherited });
  const launch = { argv, env: { ...process.env, [RUN_VARIABLE]: String(process.pid) }, inherited };
  if (!hasTerminal()) return runInPipes(launch);
  return (await runOnPseudoTerminal(launch)) ?? runInherited(launch);
}

/** Whether we run inside another run that will answer. (A variable that outlived its run, in a server, counts not.) */
export function isInsideRun(env: NodeJS.ProcessEnv = process.env): boolean {
  const pid = Number(env[RUN_VARIABLE]);
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // It is there and belongs to another user: sudo.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
