/**
 * Troubleshooting one step at a time: what was read and tried so far leaves some worlds, and the tree over those begins with
 * the next step. Nothing is remembered between steps: the handle says all that was seen, in order (`peer=old,upgrade=persists`).
 */
import {
  type EvidenceSummary,
  NO_READING,
  OUTCOMES,
  observationAt,
  REPORT_OUTCOMES,
  type WorldRow,
} from '../evidence/index.ts';
import { type FaultRecord, nearest } from '../record/index.ts';
import { treeActions } from './advice.ts';
import type { Possible } from './possible.ts';
import { troubleshootingTree } from './tree.ts';

/** Steps that a handle can hold: no tree is deeper. */
export const MAX_GUIDE_STEPS = 40;
/** What a check shows that is none of its readings. */
export const UNSEEN = 'other';
/** A version in which a check or an action has no place. */
const NOT_THERE = 'not_applicable';
/** Words quoted of what was typed. */
const MAX_QUOTED_CHARS = 80;

/** A check or an action that was done, and what was seen: a reading's key, or an outcome. */
export interface DoneStep {
  readonly key: string;
  readonly seen: string;
}

export interface GuideStep {
  /** `done`: an action fixed it; `exhausted`: no single listed cause fits what was seen. */
  readonly kind: 'check' | 'action' | 'stop' | 'done' | 'exhausted';
  readonly key: string | null;
  /** Causes that fit all that was seen. */
  readonly left: readonly string[];
  /** What can be seen of the step; for a check `other` besides, for an action `fixed`. */
  readonly expects: readonly string[];
  /** Of a stop: actions by somebody else that repair something of what is left. */
  readonly others: readonly string[];
  /** Planned over measured worlds; else by the author's account. */
  readonly measured: boolean;
}

export type Guide = { readonly step: GuideStep } | { readonly step: null; readonly problem: string };

/** Reads a handle: `key=seen` pairs with commas between them; empty at the start. */
export function parseSteps(handle: string): readonly DoneStep[] | null {
  if (handle.trim() === '') return [];
  const parts = handle.split(',');
  if (parts.length > MAX_GUIDE_STEPS) return null;
  const steps = parts.map((part) => {
    const [key = '', seen = '', ...more] = part.trim().split('=');
    return key === '' || seen === '' || more.length > 0 ? null : { key, seen };
  });
  return steps.every((s): s is DoneStep => s !== null) ? steps : null;
}

export function printSteps(steps: readonly DoneStep[]): string {
  return steps.map((s) => `${s.key}=${s.seen}`).join(',');
}

/**
 * The step that follows what was seen.
 * @param possible null where nothing was measured
 * @param weights of causes, from surveys and reports
 */
export function guideStep(
  record: FaultRecord,
  summary: EvidenceSummary | null,
  possible: Possible | null,
  weights: ReadonlyMap<string, number>,
  done: readonly DoneStep[],
): Guide {
  for (const step of done) {
    const problem = problemWith(record, step);
    if (problem !== null) return { step: null, problem };
  }
  const measured = summary?.table != null && possible !== null;
  if (done.some(({ key, seen }) => seen === 'fixed' && !isCheck(record, key)))
    return { step: { ...nothing(measured), kind: 'done' } };
  return {
    step: measured ? measuredStep(record, summary, possible, weights, done) : claimedStep(record, done),
  };
}

function nothing(measured: boolean): Omit<GuideStep, 'kind'> {
  return { key: null, left: [], expects: [], others: [], measured };
}

function isCheck(record: FaultRecord, key: string): boolean {
  return record.checks.some((c) => c.key === key);
}

/** What is wrong with a step that was reported; null: nothing. */
function problemWith(record: FaultRecord, { key, seen }: DoneStep): string | null {
  const check = record.checks.find((c) => c.key === key);
  const keys = [...record.checks, ...record.workarounds, ...record.dead_ends].map((a) => a.key);
  if (!keys.includes(key)) return unknown(`check or action of ${record.id}`, key, keys);
  // Whatever a branch of a tree can be called; a check may not apply to some version.
  const words = check ? [...check.readings.map((r) => r.key), ...NO_READING, NOT_THERE, UNSEEN] : OUTCOMES;
  return words.some((w) => w === seen) ? null : unknown(check ? `reading of ${key}` : 'outcome', seen, words);
}

function unknown(what: string, typed: string, known: readonly string[]): string {
  const near = nearest(typed.slice(0, MAX_QUOTED_CHARS), known);
  const hint =
    near.length > 0 ? `nearest: ${near.join(', ')}` : `there are: ${known.slice(0, 20).join(', ')}`;
  return `there is no ${what} ${JSON.stringify(typed.slice(0, MAX_QUOTED_CHARS))}; ${hint}`;
}

function measuredStep(
  record: FaultRecord,
  summary: EvidenceSummary,
  possible: Possible,
  weights: ReadonlyMap<string, number>,
  done: readonly DoneStep[],
): GuideStep {
  const table = summary.table as NonNullable<EvidenceSummary['table']>;
  const observed = (world: WorldRow, key: string) => {
    const action = table.actions.indexOf(key);
    return observationAt(
      table,
      world,
      action >= 0 ? action : table.actions.length + table.checks.indexOf(key),
    );
  };
  // `moved` stands for wherever it moved to.
  const fits = (world: WorldRow) =>
    possible.includes(world) &&
    done.every(({ key, seen }) => observed(world, key).seen.split(':')[0] === seen);
  const worlds = table.worlds.filter(fits);
  const left = [...new Set(worlds.map((w) => w.cause))];
  if (worlds.length === 0) return { ...nothing(true), kind: 'exhausted' };
  // What cannot be taken back is no longer the world that the cells speak of.
  const stays = done.some(({ key }) => worlds.every((w) => !observed(w, key).undone));
  const tree = stays ? null : troubleshootingTree(table, treeActions(record), { possible: fits, weights });
  if (!tree || tree.kind === 'stop')
    return { ...nothing(true), kind: 'stop', left, others: tree?.kind === 'stop' ? tree.others : [] };
  const seen = [...new Set(tree.branches.map((b) => b.seen.split(':')[0] as string))];
  return {
    kind: tree.kind,
    key: tree.key,
    left,
    expects: tree.kind === 'check' ? [...seen, UNSEEN] : ['fixed', ...seen],
    others: [],
    measured: true,
  };
}

/** By the author's account: the checks that still tell causes apart, then what is said to help, the least risky first. */
function claimedStep(record: FaultRecord, done: readonly DoneStep[]): GuideStep {
  const seenOf = new Map(done.map((d) => [d.key, d.seen]));
  const left = record.causes
    .map((c) => c.key)
    .filter((cause) =>
      record.checks.every((check) => {
        const seen = seenOf.get(check.key);
        const reading = check.readings.find((r) => r.key === seen);
        return (
          seen === undefined || NO_READING.some((n) => n === seen) || reading?.means.includes(cause) === true
        );
      }),
    )
    .filter((cause) => !record.workarounds.some((w) => seenOf.has(w.key) && w.for.includes(cause)));
  if (record.causes.length > 0 && left.length === 0) return { ...nothing(false), kind: 'exhausted' };
  const check = record.checks.find(
    (c) =>
      !seenOf.has(c.key) &&
      new Set(left.map((cause) => c.readings.findIndex((r) => r.means.includes(cause)))).size > 1,
  );
  if (check)
    return {
      ...nothing(false),
      kind: 'check',
      key: check.key,
      left,
      expects: [...check.readings.map((r) => r.key), UNSEEN],
    };
  const able = record.workarounds.filter(
    (w) => !seenOf.has(w.key) && (w.for.length === 0 || w.for.some((cause) => left.includes(cause))),
  );
  const own = able.filter((w) => w.by === 'you');
  const next = own.find((w) => w.risk === 'low') ?? own[0];
  if (next)
    return {
      ...nothing(false),
      kind: 'action',
      key: next.key,
      left,
      expects: ['fixed', ...REPORT_OUTCOMES.filter((o) => o !== 'fixed')],
    };
  return { ...nothing(false), kind: 'stop', left, others: able.map((w) => w.key) };
}
