/**
 * Where standard input, output and error are all a terminal: the command must see one too, or it drops its colours,
 * prompts, progress bars and pagers. A pseudo-terminal is what Node lacks without a native module, and no dependency
 * of ours may have one; `script` of util-linux gives it, keeps the exit code, follows the window size and copies what
 * is printed. (What it merges, standard output and error, a terminal merges anyway.)
 *
 *     faultbook ── script ══ pseudo-terminal ══ sh (the keeper of the job) ── CMD, in a process group of its own
 *         └────◀── its record, through an unlinked pipe
 *
 * - Keys go through `script` as bytes: Ctrl-C becomes a signal on the inner terminal, for the command and not for us.
 *   `script` is never told to record them.
 * - Below `script` the command would lead a session, and the kernel never stops those on Ctrl-Z: there is nobody to
 *   continue them. So a small shell (`jobKeeper`) stands in between, with job control. When the command stops, it hands the
 *   terminal back as the command left it and stops all of us; `fg` goes the other way.
 * - It is given as text in an environment variable, each word quoted: `script` takes a command only for a shell. The
 *   shell executes CMD with exactly these words and expands nothing.
 *
 * Where there is no `script` of util-linux (macOS, Windows, Alpine) the command gets our terminal itself and nothing
 * is kept: that it works comes first.
 */
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, readFileSync, readlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import { isatty } from 'node:tty';
import { type Launch, withInherited } from './descriptors.ts';
import { type Ended, exitCodeOf, isWanted, signalOf } from './ending.ts';
import { openPipes, type Pipe } from './fifo.ts';
import { Keeper, RUN_LIMITS } from './kept.ts';
import { ended } from './pipes.ts';
import { endsInterrupted, readKept } from './reading.ts';
import { passSignals, processOf } from './signals.ts';

/** Where util-linux puts it; a `script` from elsewhere in PATH is somebody's own. */
const PLACES = ['/usr/bin/script', '/bin/script', '/run/current-system/sw/bin/script'];
/** All that a POSIX shell can redirect to. */
const SHELL_DESCRIPTORS = [9, 8, 7, 6, 5, 4, 3];
/** The command, as words quoted for a shell. */
const COMMAND_VARIABLE = 'FAULTBOOK_RUN_COMMAND';
/** What `script` and our shell need changed in the environment; the command gets its own values back. */
const BORROWED = ['SHELL', 'LC_ALL'] as const;
/** How long the last output before a stop gets to reach the screen. Seconds, for `sleep`. */
const SETTLE_S = '0.05';
/** How long after a stop (which takes effect a moment later than it is asked for) we listen again. */
const LISTEN_AGAIN_MS = 50;

/**
 * The keeper of the job: starts the command, and when that has stopped, hands the terminal's modes to and fro, as one
 * terminal would have kept them. It says nothing itself.
 * @param record descriptor of the record, not for the command. @param err a free one, for the command's standard error.
 */
const jobKeeper = (record: number, err: number): string => `exec ${record}>&- ${err}>&2 2>/dev/null
eval "$${COMMAND_VARIABLE}"
unset ${COMMAND_VARIABLE}
us=$faultbook_us; terminal=$faultbook_terminal
unset faultbook_us faultbook_terminal
set -m
(exec "$@" 2>&${err} ${err}>&-)
code=$?
while jobs %% >/dev/null; do
  sleep ${SETTLE_S}
  raw=$(stty -g <"$terminal"); stty "$(stty -g)" <"$terminal"
  kill -TSTP "$us"; kill -STOP $$
  stty "$raw" <"$terminal"
  size=$(stty size <"$terminal"); stty rows "\${size% *}" cols "\${size#* }"
  fg >/dev/null
  code=$?
done
exit $code`;

/** Whether the three standard descriptors are all a terminal. */
export function hasTerminal(): boolean {
  return isatty(0) && isatty(1) && isatty(2);
}

/** One word for a POSIX shell, whatever is in it. */
export function shellWord(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/** @returns null where no pseudo-terminal can be had; then nothing was started. */
export async function runOnPseudoTerminal(launch: Launch): Promise<Ended | null> {
  const script = process.platform === 'linux' ? PLACES.find(isUtilLinux) : undefined;
  const words = launch.argv.map(shellWord).join(' ');
  if (script === undefined || Buffer.byteLength(words) > RUN_LIMITS.terminalCommandBytes) return null;
  const [record, err] = SHELL_DESCRIPTORS.filter((fd) => !launch.inherited.includes(fd));
  const terminal = terminalName();
  if (record === undefined || err === undefined || terminal === null) return null;
  const pipe = openPipes(1)?.[0];
  if (!pipe) return null;
  return runUnder(script, words, terminal, pipe, record, err, launch);
}

async function runUnder(
  script: string,
  words: string,
  terminal: string,
  pipe: Pipe,
  recordFd: number,
  errFd: number,
  { env, inherited }: Launch,
): Promise<Ended> {
  const giveBack = BORROWED.map((name) =>
    env[name] === undefined ? `unset ${name}` : `export ${name}=${shellWord(env[name])}`,
  );
  const command = [
    `set -- ${words}`,
    ...giveBack,
    `faultbook_us=${process.pid} faultbook_terminal=${shellWord(terminal)}`,
  ].join('\n');
  const stdio = withInherited(['inherit', 'inherit', 'inherit'], [...inherited, recordFd]);
  stdio[recordFd] = pipe.writeFd;
  const child = spawn(script, ['-q', '-e', '-f', '-c', jobKeeper(recordFd, errFd), `/dev/fd/${recordFd}`], {
    env: { ...env, SHELL: '/bin/sh', LC_ALL: 'C', [COMMAND_VARIABLE]: command },
    stdio,
  });
  closeSync(pipe.writeFd);
  const keeper = new Keeper();
  const record = new Socket({ fd: pipe.readFd, readable: true, writable: false });
  record.on('data', (chunk: Buffer) => keeper.take(chunk));
  const recorded = new Promise<void>((resolve) => record.on('close', () => resolve()));
  record.on('error', () => record.destroy());
  const jobControl = stopWithCommand(child.pid);
  const passed = passSignals((signal) => sendToCommand(child, signal));
  const { code, signal, error } = await ended(child);
  // Only `script` writes into the pipe: with it the record ends.
  if (error) record.destroy();
  await recorded;
  jobControl.stop();
  passed.stop();
  if (error) throw error;
  const exitCode = exitCodeOf(code, signal);
  const kept = keeper.kept();
  return {
    exitCode,
    signal: signal ?? signalOf(exitCode),
    wanted: passed.ending() !== null || isWanted(exitCode) || endsInterrupted(readKept(kept, true).text),
    kept,
    fromTerminal: true,
  };
}

/** Stops us, and whoever started us in this job, when the command has been stopped. */
function stopWithCommand(script: number | undefined): { readonly stop: () => void } {
  let listenAgain: NodeJS.Timeout | undefined;
  const onStop = (): void => {
    // Without a listener the kernel decides, as it would have for the command: it stops no job that nobody continues.
    process.off('SIGTSTP', onStop);
    process.kill(0, 'SIGTSTP');
    listenAgain = setTimeout(() => {
      process.on('SIGTSTP', onStop);
      if (script !== undefined) process.kill(script, 'SIGCONT');
    }, LISTEN_AGAIN_MS);
  };
  process.on('SIGTSTP', onStop);
  return {
    stop: () => {
      clearTimeout(listenAgain);
      process.off('SIGTSTP', onStop);
    },
  };
}

/** `script` itself would answer a signal with a message and two seconds of waiting. */
function sendToCommand(script: { readonly pid?: number | undefined }, signal: NodeJS.Signals): void {
  try {
    const { pid } = script;
    const keeper = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ')[0]);
    const job = processOf(keeper)?.terminalGroup ?? 0;
    if (job > 0) process.kill(job, signal);
  } catch {
    if (script.pid !== undefined) process.kill(script.pid, signal);
  }
}

function isUtilLinux(path: string): boolean {
  const { stdout } = spawnSync(path, ['--version'], {
    encoding: 'latin1',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return stdout?.includes('util-linux') ?? false;
}

function terminalName(): string | null {
  try {
    const name = readlinkSync('/proc/self/fd/0');
    return name.startsWith('/dev/') ? name : null;
  } catch {
    return null;
  }
}
