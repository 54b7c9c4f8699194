/** Is this command a known dead end for a fault that is open here? A comparison of commands; nothing is run. */
import { type Explained, essential, explained, type Place, sameWord, stepsOfAction } from './compare.ts';
import type { FaultAction, OpenFault } from './fault.ts';
import { FILLERS, FILTERS, otherNames, READERS } from './programs.ts';
import { HOLE, readLine } from './shell.ts';
import { printStep, readSteps, type Step } from './steps.ts';

/** What speaks against a command. */
export interface Warning {
  readonly fault: OpenFault;
  /** What the command does. */
  readonly action: FaultAction;
  /** The next step that is another one, and was not run yet; null where none is known. */
  readonly instead: FaultAction | null;
  /** How often it was run already while the fault was open, and did not help. */
  readonly ran: number;
}

/** Where a command runs, and where faults were seen: `project` holds both. Absolute paths. */
export interface Where {
  readonly project: string;
  readonly folder: string;
  readonly home?: string | null;
}

/** What a command does for one fault. */
export interface Recognised {
  readonly fault: OpenFault;
  readonly action: FaultAction;
  readonly explained: Explained;
}

/**
 * The known actions that a line takes, for each open fault the one that explains most of it. Where a sensible action or a
 * check explains as much as a dead end does, it is that.
 */
export function recognise(line: string, faults: readonly OpenFault[], where: Where): readonly Recognised[] {
  const relevant = faults.filter((f) => f.trusted && f.actions.length > 0);
  if (relevant.length === 0) return [];
  const steps = readSteps(line);
  if (steps === null || steps.length === 0) return [];
  return relevant.flatMap((fault) => bestAction(steps, fault, where) ?? []);
}

const RANK = { check: 0, try: 1, avoid: 2 } as const;

function bestAction(line: readonly Step[], fault: OpenFault, where: Where): Recognised | null {
  // What failed, run once more behind something else, is not what is done about it.
  const failed = essential(
    fault.command === null ? [] : (readSteps(fault.command, { placeholders: true }) ?? []),
  );
  const from = { ...placeOf(fault, where), failed: failed.map((step) => step.program) };
  // Reading a command costs more than looking for the names of what is run: most actions are about other programs.
  const names = new Set(line.flatMap((step) => [...otherNames(step.program), ...step.env.keys()]));
  const actions = fault.actions
    .filter(({ commands }) =>
      commands.some((c) => OF_ANY_PROGRAM.test(c) || [...names].some((n) => c.includes(n))),
    )
    .map((action) => ({ action, steps: stepsOfAction(action.commands) }))
    .filter(
      ({ action, steps }) => steps.length > 0 && !(action.kind === 'avoid' && steps.every(saysNothing)),
    );
  // What a sensible action does too is no sign of a dead end: `npm install` behind many. Of all of them, whatever they run.
  const sensible = new Set(
    actions.some(({ action }) => action.kind === 'avoid')
      ? fault.actions.flatMap((a) => (a.kind === 'try' ? stepsOfAction(a.commands).map(printStep) : []))
      : [],
  );
  const place: Place = { folder: where.folder, home: where.home ?? null };
  const others = line.filter((step) => !failed.some((f) => sameStep(f, from, step, place)));
  let best: Recognised | null = null;
  for (const { action, steps } of actions) {
    const found = explained(
      action.kind === 'avoid' || others.length === 0 ? line : others,
      place,
      steps,
      from,
      action.kind === 'avoid' ? sensible : undefined,
    );
    if (found === null || found.score === 0) continue;
    const more = found.score - (best?.explained.score ?? 0);
    if (best === null || more > 0 || (more === 0 && RANK[action.kind] < RANK[best.action.kind]))
      best = { fault, action, explained: found };
  }
  return best;
}

/** Whether a step is known by the name of a program alone, whatever that is used for: `curl -o <file> <url>`. */
function saysNothing(step: Step): boolean {
  const values = [...step.operands, ...step.options.map(([, value]) => value)];
  const others = step.flags.size + step.env.size + step.texts.length + step.redirects.length;
  return step.as === null && others === 0 && values.length > 0 && values.every((value) => value === HOLE);
}

/** A command whose program is a placeholder: `sudo <the same command>`. */
const OF_ANY_PROGRAM = /^(?:sudo (?:-\S+ )*|env |[A-Z_]\w*=\S+ |export [^;]*; )*</;

function placeOf(fault: OpenFault, where: Where): Place {
  const folder = fault.below === '' ? where.project : `${where.project}/${fault.below}`;
  return { folder, home: where.home ?? null };
}

/**
 * Whether something speaks against a command: it is an action that repairs nothing (or only some causes) of a fault that is
 * open here. Null: nothing known, which is no praise. What repairs another open fault is never warned of.
 */
export function preflight(line: string, faults: readonly OpenFault[], where: Where): Warning | null {
  const known = recognise(line, faults, where);
  const [worst] = known
    .filter((k) => k.action.kind === 'avoid')
    .sort((a, b) => b.explained.score - a.explained.score);
  if (!worst || known.some((k) => k.action.kind === 'try' && isSameThing(k.explained, worst.explained)))
    return null;
  const { fault, action } = worst;
  return { fault, action, instead: nextStep(fault, action.key), ran: timesRun(fault, action.key) };
}

/** Whether one reading of a line explains the same steps as another, and as much of them. */
function isSameThing(one: Explained, other: Explained): boolean {
  return one.score >= other.score && one.at.some((at) => other.at.includes(at));
}

/** How often an action was run for a fault without help. */
export function timesRun(fault: OpenFault, key: string): number {
  return fault.runs.filter((r) => r.key === key && r.after !== 'passed').length;
}

/**
 * The next step of a fault that was not run yet and is no dead end: what the diagnosis named first, else the first check,
 * else what can be tried at low risk by whoever asks. Null where all of it was run.
 */
export function nextStep(fault: OpenFault, not: string | null = null): FaultAction | null {
  const done = new Set(fault.runs.map((r) => r.key));
  const open = fault.actions.filter(
    (a) => a.kind !== 'avoid' && a.key !== not && !done.has(a.key) && a.commands.length > 0,
  );
  return (
    open.find((a) => a.key === fault.first) ??
    open.find((a) => a.kind === 'try' && a.by === 'you' && a.risk === 'low') ??
    open.find((a) => a.kind === 'check') ??
    open.find((a) => a.by === 'you') ??
    null
  );
}

/**
 * Whether a line runs the command of a fault again, as it was or with something before it: each of its steps is there with
 * the same words, in order.
 */
export function repeats(line: string, fault: OpenFault, where: Where): boolean {
  if (fault.command === null) return false;
  const failed = readSteps(fault.command, { placeholders: true });
  const now = readSteps(line);
  // What cannot be read can still be the same text.
  if (failed === null || now === null) return line.trim() === fault.command.trim();
  const from = placeOf(fault, where);
  const place: Place = { folder: where.folder, home: where.home ?? null };
  const wanted = essential(failed);
  let at = 0;
  for (const step of essential(now)) {
    const next = wanted[at];
    if (next && sameStep(next, from, step, place)) at++;
  }
  return wanted.length > 0 && at === wanted.length;
}

function sameStep(a: Step, there: Place, b: Step, here: Place): boolean {
  const sameAll = (x: readonly string[], y: readonly string[]): boolean =>
    x.length === y.length && x.every((word, i) => sameWord(word, there, y[i] as string, here));
  const pairs = (step: Step): string[] => step.options.map(([n, v]) => `${n}=${v}`).sort();
  return (
    a.program === b.program &&
    a.as === b.as &&
    a.flags.size === b.flags.size &&
    [...a.flags].every((f) => b.flags.has(f)) &&
    sameAll(pairs(a), pairs(b)) &&
    sameAll(a.operands, b.operands) &&
    sameAll(a.texts, b.texts)
  );
}

/**
 * Whether the exit status of a line says nothing about its commands: the last one of a pipe speaks for all (`npm ci | tail`),
 * or something harmless stands behind (`|| true`).
 */
export function hidesFailure(line: string): boolean {
  // A pipe's end that is read as a redirection (`| tee log`) hides what was before it all the same.
  const last = readLine(line)?.at(-1);
  if (last?.piped && FILTERS.has(last.words[0] ?? '') && !/\bpipefail\b/.test(line)) return true;
  return endsInFilter(line);
}

function endsInFilter(line: string): boolean {
  const steps = readSteps(line);
  if (steps === null || steps.length < 2 || /\bpipefail\b/.test(line)) return false;
  const last = steps[steps.length - 1] as Step;
  return last.piped
    ? FILTERS.has(last.program)
    : ['true', ':', 'echo'].includes(last.program) && /\|\||;/.test(line);
}

/**
 * Whether a line only shows what others wrote, so that a failure in its output need not be its own: no step is another
 * program's than a reader's. Null where the line cannot be read.
 * @param gitToo whether the parts of git that print what is in the repository count as readers
 */
export function onlyReads(line: string, gitToo: boolean): boolean | null {
  const steps = readSteps(line);
  if (steps === null) return null;
  return steps.every(
    (s) =>
      READERS.has(s.program) ||
      FILLERS.has(s.program) ||
      (gitToo && s.program === 'git' && GIT_READING.has(s.operands[0] ?? '')),
  );
}

/** Parts of git that print what is in the repository. */
const GIT_READING = new Set(['log', 'show', 'diff', 'grep', 'blame', 'cat-file']);
