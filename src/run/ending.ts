/** How a command ended, in the words of a shell. */
import { constants } from 'node:os';
import type { CannotStart } from './command.ts';
import type { Kept } from './kept.ts';

/** A command that a signal ended is reported like a shell, `timeout` and `env` do: this plus the signal's number. */
const SIGNAL_BASE = 128;

export interface Ended {
  /** What we exit with. */
  readonly exitCode: number;
  /** The signal that ended it, as far as that can be known: under a terminal a shell's code is all there is. */
  readonly signal: NodeJS.Signals | null;
  /** A user's Ctrl-C, a signal that was passed on, or a reader that went away: nothing to diagnose. */
  readonly wanted: boolean;
  /** null: nothing was kept, because the command had the terminal itself. */
  readonly kept: Kept | null;
  readonly fromTerminal: boolean;
  /** It never ran. */
  readonly cannotStart?: CannotStart;
}

export function exitCodeOf(code: number | null, signal: NodeJS.Signals | null): number {
  return signal === null ? (code ?? 1) : SIGNAL_BASE + constants.signals[signal];
}

/** The signal behind an exit code of a shell; null where there is none with this number. */
export function signalOf(exitCode: number): NodeJS.Signals | null {
  const found = Object.entries(constants.signals).find(([, n]) => n === exitCode - SIGNAL_BASE);
  return (found?.[0] as NodeJS.Signals | undefined) ?? null;
}

/** Ends that somebody wished for: Ctrl-C, and a pipe's reader that had enough. */
export function isWanted(exitCode: number): boolean {
  const signal = signalOf(exitCode);
  return signal === 'SIGINT' || signal === 'SIGPIPE';
}
