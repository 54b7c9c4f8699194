/**
 * An open fault: a known error that was found here and, as far as anybody saw, is still there. It holds what a warning needs
 * (which actions do not help, which do), so that a warning opens no book. Everything in it is redacted.
 */

/** Limits of open faults; `docs/agents.md` lists them. */
export const FAULT_LIMITS = {
  /** After that a fault is no longer open, whatever became of it. */
  maxAgeMs: 24 * 60 * 60 * 1000,
  /** Open faults of one folder; the oldest go first. */
  maxFaults: 20,
  /** What was run for one fault, and what was said of it: the last ones are kept. */
  maxRuns: 50,
  /** Longer commands are not kept. */
  maxCommandChars: 2000,
  /** Longer prose is cut. */
  maxTextChars: 200,
  /** A file with more is not read. */
  maxBytes: 256 * 1024,
} as const;

/** What the lab measured of an action. */
export interface Measured {
  readonly fixed: number;
  readonly of: number;
  readonly environments: readonly string[];
  /** Causes in which it hid the message and left the fault, or took a protection away. */
  readonly masked: number;
  /** Environments in which it breaks what was healthy. */
  readonly breaks: readonly string[];
}

/** An action or check of an open fault, with its commands filled and redacted. */
export interface FaultAction {
  readonly kind: 'avoid' | 'try' | 'check';
  readonly key: string;
  /** What it is, one line. */
  readonly action: string;
  readonly commands: readonly string[];
  /** Why it fails; empty where nobody says. */
  readonly why: string;
  /** Causes that it repairs. */
  readonly repairs: readonly string[];
  /** Null: claimed, not measured. */
  readonly measured: Measured | null;
  readonly risk: 'low' | 'high';
  readonly by: string;
}

/** An action of the fault that was run while it was open. */
export interface FaultRun {
  readonly key: string;
  readonly atMs: number;
  /** What the failing command did afterwards: nobody knows yet, passed, failed in the same way. */
  readonly after: 'unknown' | 'passed' | 'failed';
}

export interface OpenFault {
  readonly schema: 'open-fault.v1';
  /** Id of the record. */
  readonly id: string;
  readonly title: string;
  /** False: only its id and title may be shown; it has no actions. */
  readonly trusted: boolean;
  readonly tier: string;
  /** The command line that failed; null where only its output is known. */
  readonly command: string | null;
  /** Where it ran, below the project's folder; '' is that folder. */
  readonly below: string;
  readonly openedMs: number;
  /** When it was last seen, and how often. */
  readonly seenMs: number;
  readonly times: number;
  /** Key of the step that the diagnosis named first; null where it named none. */
  readonly first: string | null;
  /** In the order in which they should be looked at. */
  readonly actions: readonly FaultAction[];
  readonly runs: readonly FaultRun[];
  /** Digests of what was already said about it: nobody is told the same thing twice. */
  readonly said: readonly string[];
}

export interface FaultContext {
  /** The command line that failed; null where only its output is known. */
  readonly command: string | null;
  /** Where it ran, below the project's folder. */
  readonly below: string;
  readonly nowMs: number;
  /** Checks of the record, their commands filled: what looks like an action but only reads. */
  readonly checks?: readonly { readonly key: string; readonly question: string; readonly command: string }[];
}

/** The fault seen once more: what is known now counts, what was run for it stays. */
export function seenAgain(before: OpenFault, now: OpenFault): OpenFault {
  return {
    ...now,
    command: now.command ?? before.command,
    openedMs: before.openedMs,
    times: before.times + 1,
    runs: before.runs,
    said: before.said,
  };
}

/** The fault after an action of it was run. */
export function withRun(fault: OpenFault, run: FaultRun): OpenFault {
  return { ...fault, runs: [...fault.runs, run].slice(-FAULT_LIMITS.maxRuns) };
}

/** The fault after something was said about it. `digest`: of what was said. */
export function withSaid(fault: OpenFault, digest: string): OpenFault {
  return { ...fault, said: [...fault.said.filter((d) => d !== digest), digest].slice(-FAULT_LIMITS.maxRuns) };
}

/** Whether it is still open at a time. A fault from the future is nobody's. */
export function isOpen(fault: OpenFault, nowMs: number): boolean {
  return fault.seenMs <= nowMs + 60_000 && nowMs - fault.seenMs < FAULT_LIMITS.maxAgeMs;
}

/**
 * Reads what was stored; null where it is no open fault. A file that somebody else wrote must not speak with our voice in a
 * shape that we never write.
 */
export function parseOpenFault(text: string): OpenFault | null {
  if (text.length > FAULT_LIMITS.maxBytes) return null;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  return isFault(value) ? value : null;
}

type Shape = Readonly<Record<string, (value: unknown) => boolean>>;
const isText = (v: unknown): boolean => typeof v === 'string' && v.length <= FAULT_LIMITS.maxCommandChars;
const isCount = (v: unknown): boolean => typeof v === 'number' && Number.isSafeInteger(v) && v >= 0;
const isNull = (v: unknown): boolean => v === null;
const isTexts = (v: unknown): boolean => isList(isText)(v);
const isList =
  (is: (value: unknown) => boolean) =>
  (v: unknown): boolean =>
    Array.isArray(v) && v.length <= 500 && v.every(is);
const isOneOf =
  (...words: readonly string[]) =>
  (v: unknown): boolean =>
    words.includes(v as string);
const has =
  (shape: Shape) =>
  (v: unknown): boolean =>
    typeof v === 'object' &&
    v !== null &&
    Object.entries(shape).every(([key, is]) => Object.hasOwn(v, key) && is((v as never)[key]));

const isMeasured = has({
  fixed: isCount,
  of: isCount,
  environments: isTexts,
  masked: isCount,
  breaks: isTexts,
});
const isAction = has({
  kind: isOneOf('avoid', 'try', 'check'),
  key: isText,
  action: isText,
  commands: isTexts,
  why: isText,
  repairs: isTexts,
  measured: (v) => isNull(v) || isMeasured(v),
  risk: isOneOf('low', 'high'),
  by: isText,
});
const isRun = has({ key: isText, atMs: isCount, after: isOneOf('unknown', 'passed', 'failed') });
const looksRight = has({
  schema: isOneOf('open-fault.v1'),
  id: isText,
  title: isText,
  trusted: (v) => typeof v === 'boolean',
  tier: isText,
  command: (v) => isNull(v) || isText(v),
  below: isText,
  openedMs: isCount,
  seenMs: isCount,
  times: isCount,
  first: (v) => isNull(v) || isText(v),
  actions: isList(isAction),
  runs: isList(isRun),
  said: isTexts,
});

function isFault(value: unknown): value is OpenFault {
  return looksRight(value);
}
