/**
 * Where not everything is a terminal (CI, pipes, files): the command gets pipes for the two outputs, each passed on
 * byte for byte as it comes, and our own standard input. A slow reader slows the command down, as without us.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, write } from 'node:fs';
import { Socket } from 'node:net';
import { CANNOT_START } from './command.ts';
import { type Launch, withInherited } from './descriptors.ts';
import { type Ended, exitCodeOf, isWanted } from './ending.ts';
import { openPipes } from './fifo.ts';
import { Keeper, LineJoiner, RUN_LIMITS } from './kept.ts';
import { passSignals } from './signals.ts';

/** How often it is looked whether background processes have gone quiet. */
const LOOK_MS = 50;
/** Somebody else made our output non-blocking: how long until the next try. */
const RETRY_MS = 5;

export async function runInPipes({ argv, env, inherited }: Launch): Promise<Ended> {
  const pipes = openPipes(2);
  const [command = '', ...args] = argv;
  const child = spawn(command, args, {
    env,
    stdio: withInherited(
      ['inherit', pipes?.[0]?.writeFd ?? 'pipe', pipes?.[1]?.writeFd ?? 'pipe'],
      inherited,
    ),
  });
  for (const { writeFd } of pipes ?? []) closeSync(writeFd);
  const keeper = new Keeper();
  const flows = [1, 2].map((fd, i) => {
    const pipe = pipes?.[i];
    const source = pipe
      ? new Socket({ fd: pipe.readFd, readable: true, writable: false })
      : (child[fd === 1 ? 'stdout' : 'stderr'] as Socket | null);
    return source === null ? null : new Flow(source, fd, new LineJoiner(keeper));
  });
  const open = flows.filter((flow) => flow !== null);
  const passed = passSignals((signal) => child.kill(signal));
  const { code, signal, error } = await ended(child);
  if (error) {
    for (const flow of open) flow.close();
    passed.stop();
    return notStarted(command, error);
  }
  await drained(open, () => passed.ending() !== null);
  passed.stop();
  const fatal = passed.ending();
  // A write whose reader never comes back: the program could not end in order, and was told to end.
  if (fatal !== null && open.some((flow) => flow.writing)) process.kill(process.pid, fatal);
  for (const flow of open) flow.close();
  const exitCode = exitCodeOf(code, signal);
  return {
    exitCode,
    signal,
    wanted: passed.ending() !== null || isWanted(exitCode),
    kept: keeper.kept(),
    fromTerminal: false,
  };
}

/** The command with our own terminal and descriptors, nothing in between. */
export async function runInherited({ argv, env, inherited }: Launch): Promise<Ended> {
  const [command = '', ...args] = argv;
  const stdio = withInherited(['inherit', 'inherit', 'inherit'], inherited);
  const child = spawn(command, args, { env, stdio });
  const passed = passSignals((signal) => child.kill(signal));
  const { code, signal, error } = await ended(child);
  passed.stop();
  if (error) return notStarted(command, error);
  const exitCode = exitCodeOf(code, signal);
  return {
    exitCode,
    signal,
    wanted: passed.ending() !== null || isWanted(exitCode),
    kept: null,
    fromTerminal: false,
  };
}

interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly error: NodeJS.ErrnoException | null;
}

export function ended(child: ChildProcess): Promise<ChildEnd> {
  return new Promise((resolve) => {
    child.on('exit', (code, signal) => resolve({ code, signal, error: null }));
    child.on('error', (error) => {
      // A signal that could not be sent is an error too, and no end.
      if (child.pid === undefined) resolve({ code: null, signal: null, error });
    });
  });
}

/** It looked as if it could be started, and could not: its interpreter is missing, its arguments are too long, … */
function notStarted(command: string, error: NodeJS.ErrnoException): Ended {
  const missing = error.code === 'ENOENT';
  const reason = missing
    ? 'no such file or directory (it, its interpreter, or the current folder)'
    : error.code === 'EACCES'
      ? 'permission denied'
      : error.code === 'E2BIG'
        ? 'argument list too long'
        : error.message;
  const exitCode = missing ? CANNOT_START.notFound : CANNOT_START.notExecutable;
  return {
    exitCode,
    signal: null,
    wanted: false,
    kept: null,
    fromTerminal: false,
    cannotStart: { exitCode, message: `${command}: ${reason}` },
  };
}

/** One output of the command, on its way to the descriptor of ours that stands for it. */
class Flow {
  /** The source has ended, or its reader has gone. */
  done = false;
  /** A write waits for its reader. */
  writing = false;
  /** Since when nothing came, in ms of the clock of `performance`. */
  lastAt = 0;
  /** Called when it has ended, or a write has. */
  changed: () => void = () => {};
  private readonly source: Socket;
  private readonly fd: number;
  private readonly lines: LineJoiner;

  constructor(source: Socket, fd: number, lines: LineJoiner) {
    this.source = source;
    this.fd = fd;
    this.lines = lines;
    source.on('data', (chunk: Buffer) => {
      source.pause();
      this.writing = true;
      this.lastAt = performance.now();
      this.pass(chunk, 0);
      lines.take(chunk);
    });
    source.on('error', () => this.finish());
    source.on('close', () => this.finish());
    source.on('end', () => this.finish());
  }

  /**
   * Not through `process.stdout`: that blocks the whole program while its reader waits, and no signal would be passed
   * on meanwhile.
   */
  private pass(chunk: Buffer, from: number): void {
    write(this.fd, chunk, from, chunk.length - from, null, (error, written) => {
      if (error?.code === 'EAGAIN') {
        setTimeout(() => this.pass(chunk, from), RETRY_MS);
      } else if (error) {
        // The reader has gone. Closing our end tells the command in the same way: SIGPIPE when it next writes.
        this.writing = false;
        this.close();
      } else if (from + written < chunk.length) {
        this.pass(chunk, from + written);
      } else {
        this.writing = false;
        this.lastAt = performance.now();
        if (!this.done) this.source.resume();
        else this.changed();
      }
    });
  }

  close(): void {
    this.source.destroy();
    this.finish();
  }

  private finish(): void {
    if (this.done) return;
    this.done = true;
    this.lines.flush(true);
    this.changed();
  }
}

/**
 * Until everything that the command wrote has passed. Background processes may hold the pipes open for ever: once they
 * are quiet, or have had their grace, we go. Time in which a slow reader keeps us waiting does not count.
 */
function drained(flows: readonly Flow[], hurry: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const exitAt = performance.now();
    let lookedAt = exitAt;
    let waitedMs = 0;
    const finish = (): void => {
      clearInterval(timer);
      resolve();
    };
    const look = (): void => {
      const now = performance.now();
      const writing = flows.some((flow) => flow.writing);
      const open = flows.filter((flow) => !flow.done);
      if (!writing || hurry()) waitedMs += now - lookedAt;
      lookedAt = now;
      const quiet = open.every((flow) => now - Math.max(flow.lastAt, exitAt) >= RUN_LIMITS.quietMs);
      if ((!writing && (open.length === 0 || quiet)) || waitedMs >= RUN_LIMITS.graceMs) finish();
    };
    const timer = setInterval(look, LOOK_MS);
    for (const flow of flows) flow.changed = look;
    look();
  });
}
