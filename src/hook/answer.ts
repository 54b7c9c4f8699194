/**
 * What a hook says about a command of an agent: before it runs, whether it is a known dead end; after it failed, the short
 * diagnosis, once; when the same fault comes again, what did not help and what is another step. And what it learns: which
 * action ran, and whether the failing command passed after it.
 */
import { createHash } from 'node:crypto';
import {
  hidesFailure,
  nextStep,
  type OpenFault,
  onlyReads,
  openFaultOf,
  preflight,
  type Recognised,
  recognise,
  repeats,
  timesRun,
  type Warning,
  type Where,
  withRun,
  withSaid,
} from '../preflight/index.ts';
import { renderAgain, renderWarning } from '../render/index.ts';
import {
  changeFault,
  closeFault,
  type OpenedBook,
  openFault,
  projectOf,
  readOpenFaults,
} from '../store/index.ts';
import type { Moment } from './agents.ts';

export interface HookContext {
  readonly nowMs: number;
  readonly home: string | null;
  /** The state folder; absent: the user's. */
  readonly state?: string;
  /** The book; absent: the one that ships with the program, opened when it is needed. */
  readonly book?: OpenedBook;
}

/** What a hook saw: an action of an open fault was run, then the failing command ended like this. */
export interface Observed {
  /** Id of the record, and key of the action. */
  readonly record: string;
  readonly action: string;
  readonly outcome: 'fixed' | 'persists' | 'moved';
  /** Of `moved`: the failure that came instead. */
  readonly moved_to: string | null;
}

export interface HookAnswer {
  /** For the model; null: nothing. */
  readonly text: string | null;
  readonly observed: readonly Observed[];
}

const NOTHING: HookAnswer = { text: null, observed: [] };

export async function answerTo(moment: Moment, context: HookContext): Promise<HookAnswer> {
  const { project, folder, below } = projectOf(moment.folder === '' ? process.cwd() : moment.folder);
  const faults = readOpenFaults(project, context.nowMs, context.state);
  const where: Where = { project, folder, home: context.home };
  if (moment.phase === 'before')
    return { text: warn(moment.line, faults, where, context, 'before'), observed: [] };
  return after(moment, faults, where, below, context);
}

/** The warning about a command, where it was not given before. */
function warn(
  line: string,
  faults: readonly OpenFault[],
  where: Where,
  context: HookContext,
  when: 'before' | 'after',
): string | null {
  if (faults.length === 0) return null;
  const warning = preflight(line, faults, where);
  if (warning === null) return null;
  const digest = digestOf('warned', warning.action.key, String(warning.ran));
  if (warning.fault.said.includes(digest)) return null;
  remember(where, context, warning, digest);
  return renderWarning(warning, 'en', when);
}

function remember(where: Where, context: HookContext, { fault }: Warning, digest: string): void {
  quietly(() => changeFault(where.project, fault.id, (f) => withSaid(f, digest), context.state));
}

async function after(
  moment: Moment,
  faults: readonly OpenFault[],
  where: Where,
  below: string,
  context: HookContext,
): Promise<HookAnswer> {
  const { line, output } = moment;
  const again = faults.filter((f) => repeats(line, f, where));
  const taken = recognise(line, faults, where).filter((k) => k.action.kind !== 'check');
  if (!mayHaveFailed(moment)) {
    if (again.length + taken.length === 0) return NOTHING;
    return passed(moment, again, taken, faults, where, context);
  }
  const { diagnoseOutput } = await import('./diagnosis.ts');
  const found = await diagnoseOutput(output, where.project, context.book);
  const matches = found.diagnosis.findings;
  if (matches.length === 0 && moment.ended !== 'failed')
    return passed(moment, again, taken, faults, where, context);

  const ids = new Set(matches.map((m) => m.id));
  const observed: Observed[] = [];
  const before = new Map(faults.map((f) => [f.id, f]));
  // What became of actions: this line was one, or it is the failing command after one.
  for (const fault of faults) {
    const own = taken.find((k) => k.fault.id === fault.id)?.action ?? null;
    const isBack = ids.has(fault.id);
    if (!again.includes(fault) && !(own && isBack)) continue;
    // Another failure than before is only a sign where the book knows it.
    if (!isBack && ids.size === 0) continue;
    const pending = pendingKeys(fault, own && isBack ? own.key : null);
    const [only] = pending;
    if (only !== undefined && pending.length === 1)
      observed.push({
        record: fault.id,
        action: only,
        outcome: isBack ? 'persists' : 'moved',
        moved_to: isBack ? null : (matches[0]?.id ?? null),
      });
    const changed = (f: OpenFault): OpenFault => {
      const ran = own && isBack ? withRun(f, { key: own.key, atMs: context.nowMs, after: 'failed' }) : f;
      return { ...ran, runs: ran.runs.map((r) => (r.after === 'unknown' ? { ...r, after: 'failed' } : r)) };
    };
    before.set(fault.id, changed(fault));
    quietly(() => changeFault(where.project, fault.id, changed, context.state));
  }
  let text: string | null = null;
  for (const [i, finding] of matches.entries()) {
    const isAction = taken.some((k) => k.fault.id === finding.id);
    const opened = openFaultOf(finding, {
      // An action that failed is not what has to succeed.
      command: isAction ? null : line,
      below,
      nowMs: context.nowMs,
      checks: found.checksOf(finding),
    });
    if (!opened) continue;
    const known = before.get(finding.id);
    const now =
      quietly(() => openFault(where.project, opened, context.state)) ??
      (known ? { ...opened, times: known.times + 1, runs: known.runs, said: known.said } : opened);
    if (i > 0) continue;
    const answer = known ? sameFault(now) : { text: found.text, digest: digestOf('diagnosis', finding.id) };
    if (now.said.includes(answer.digest)) continue;
    text = answer.text;
    quietly(() => changeFault(where.project, finding.id, (f) => withSaid(f, answer.digest), context.state));
  }
  return { text, observed };
}

/** Whether what was printed should be looked at: the command failed, or nobody can say. */
function mayHaveFailed(moment: Moment): boolean {
  const { line, output, ended } = moment;
  if (output.trim() === '') return false;
  if (ended === 'failed') return onlyReads(line, false) !== true;
  if (ended === 'passed' && !hidesFailure(line)) return false;
  return onlyReads(line, true) === false;
}

/** A command ended well: what it fixed is closed, what it was is noted. */
function passed(
  moment: Moment,
  again: readonly OpenFault[],
  taken: readonly Recognised[],
  faults: readonly OpenFault[],
  where: Where,
  context: HookContext,
): HookAnswer {
  if (moment.ended === 'failed') return NOTHING;
  const observed: Observed[] = [];
  for (const fault of again) {
    const own = taken.find((k) => k.fault.id === fault.id);
    const pending = pendingKeys(fault, own?.action.key ?? null);
    const [only] = pending;
    if (only !== undefined && pending.length === 1)
      observed.push({ record: fault.id, action: only, outcome: 'fixed', moved_to: null });
    closeFault(where.project, fault.id, context.state);
  }
  const left = faults.filter((f) => !again.includes(f));
  const text = warn(moment.line, left, where, context, 'after');
  for (const { fault, action } of taken) {
    if (again.includes(fault)) continue;
    quietly(() =>
      changeFault(
        where.project,
        fault.id,
        (f) => withRun(f, { key: action.key, atMs: context.nowMs, after: 'unknown' }),
        context.state,
      ),
    );
  }
  return { text, observed };
}

/** Actions that were run since the failing command was run last: one of them may have an outcome, several none. */
function pendingKeys(fault: OpenFault, own: string | null): readonly string[] {
  const keys = fault.runs.filter((r) => r.after === 'unknown').map((r) => r.key);
  return [...new Set(own === null ? keys : [...keys, own])];
}

/** What is said when a fault comes again. */
function sameFault(fault: OpenFault): { readonly text: string; readonly digest: string } {
  const last = fault.runs.filter((r) => r.after === 'failed').at(-1);
  const failed = (last && fault.actions.find((a) => a.key === last.key)) ?? null;
  const next = nextStep(fault, failed?.key ?? null);
  return {
    text: renderAgain(fault, failed, next),
    digest: digestOf('again', failed ? `${failed.key} ${timesRun(fault, failed.key)}` : '', next?.key ?? ''),
  };
}

function digestOf(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 16);
}

/** A disk that is full, a home that cannot be written: the answer is given all the same, and forgotten. */
function quietly<T>(write: () => T): T | null {
  try {
    return write();
  } catch {
    return null;
  }
}
