/** Signals that reach us are the command's. */
import { readFileSync } from 'node:fs';
import { isatty } from 'node:tty';

const PASSED_ON = ['SIGTERM', 'SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGUSR2'] as const;
/** The terminal sends these to every process of its foreground job: the command has got its own already. */
const FROM_TERMINAL: ReadonlySet<string> = new Set(['SIGINT', 'SIGQUIT']);

export interface PassedOn {
  /** The last that came of those that end programs. */
  readonly ending: () => NodeJS.Signals | null;
  readonly stop: () => void;
}

/**
 * Passes signals on while the command runs. Ctrl-C in a terminal reaches the command without us; sent again it would
 * count twice, and to many programs a second one means: drop everything. (Who sent a signal, Node does not tell; so a
 * `kill -INT` of us alone, while we are the terminal's foreground job, is not passed on.)
 */
export function passSignals(send: (signal: NodeJS.Signals) => void): PassedOn {
  let ending: NodeJS.Signals | null = null;
  const listeners = PASSED_ON.map((signal) => {
    const listener = (): void => {
      if (signal !== 'SIGUSR2') ending = signal;
      if (!(FROM_TERMINAL.has(signal) && isForeground())) send(signal);
    };
    try {
      process.on(signal, listener);
    } catch {
      // A system without this signal.
    }
    return [signal, listener] as const;
  });
  return {
    ending: () => ending,
    stop: () => {
      for (const [signal, listener] of listeners) process.off(signal, listener);
    },
  };
}

/** Whether our process group is the one that the controlling terminal sends its signals to. */
function isForeground(): boolean {
  const self = processOf('self');
  // Without /proc: a terminal at any of our descriptors is the best guess.
  if (!self) return [0, 1, 2].some((fd) => isatty(fd));
  return self.terminalGroup === self.group;
}

/** What Linux says of a process; null where it says nothing. `terminalGroup`: foreground group of its terminal. */
export function processOf(
  pid: number | 'self',
): { readonly state: string; readonly group: number; readonly terminalGroup: number } | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name, in parentheses, may hold anything: fields are counted from its end.
    const [state = '', , group, , , terminalGroup] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state, group: Number(group), terminalGroup: Number(terminalGroup) };
  } catch {
    return null;
  }
}
