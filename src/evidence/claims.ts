/**
 * Cells against claims: what the lab found, beside what the record says. Repeats of a deterministic trial are no
 * samples: a cell has a verdict, and no figure here is pooled over repeats, causes or environments.
 */
import type { FaultRecord } from '../record/index.ts';
import { COMMANDS_FAILED, NO_READING, NOT_DONE } from './outcomes.ts';
import type { Evidence, EvidenceCell } from './schema.ts';

export type Tier = 'claimed' | 'reproduced' | 'proven';

/** The verdict of a cell whose repeats disagree. */
export const MIXED = 'mixed';

/** The unanimous outcome or reading of a cell; `mixed` where its repeats disagree. */
export function verdictOf(cell: EvidenceCell): string {
  const keys = Object.keys(cell.outcomes ?? cell.readings ?? {});
  return keys.length === 1 ? (keys[0] as string) : MIXED;
}

/** How the world without a fault is called in cells. */
const HEALTHY_WORLD = 'healthy';

/** One statement of the record beside what was measured in one environment. */
export interface ClaimResult {
  /** `cause:x`, `action:x`, `check:x`. */
  readonly claim: string;
  readonly env: string;
  readonly cause: string;
  readonly holds: boolean;
  /** What the record says and what was seen, in words. */
  readonly claimed: string;
  readonly measured: string;
}

/** Lookup of cells by place. */
export class CellTable {
  private readonly cells = new Map<string, EvidenceCell>();

  readonly evidence: Evidence;

  constructor(evidence: Evidence) {
    this.evidence = evidence;
    for (const cell of evidence.cells)
      this.cells.set(`${cell.env}\0${cell.cause}\0${cell.action ?? `?${cell.check}`}`, cell);
  }

  action(env: string, cause: string, action: string): EvidenceCell | undefined {
    return this.cells.get(`${env}\0${cause}\0${action}`);
  }

  check(env: string, cause: string, check: string): EvidenceCell | undefined {
    return this.cells.get(`${env}\0${cause}\0?${check}`);
  }

  outcome(env: string, cause: string, action: string): string | undefined {
    const cell = this.action(env, cause, action);
    return cell && verdictOf(cell);
  }

  /** Whether the fault of a cause was seen in an environment. */
  reproduced(env: string, cause: string): boolean {
    const outcome = this.outcome(env, cause, 'nothing');
    return outcome !== undefined && !['no_fault', 'lab_failed', 'not_applicable'].includes(outcome);
  }

  /** Whether the commands of an action failed, so that nothing was done. */
  refused(env: string, cause: string, action: string): boolean {
    const cell = this.action(env, cause, action);
    return (
      cell !== undefined &&
      verdictOf(cell) === 'rejected' &&
      cell.first_error?.startsWith(COMMANDS_FAILED) === true
    );
  }

  /** Whether an action was really done somewhere in the face of the fault: its commands ran, and had an effect. */
  done(action: string): boolean {
    return this.evidence.cells.some(
      (c) =>
        c.action === action &&
        c.cause !== HEALTHY_WORLD &&
        this.reproduced(c.env, c.cause) &&
        Object.keys(c.outcomes ?? {}).some((outcome) => !NOT_DONE.has(outcome)),
    );
  }

  /**
   * Whether an action fixes a cause by its own doing: where a restart, or waiting, alone fixes, that gets the credit.
   */
  fixes(env: string, cause: string, action: string): boolean {
    if (this.outcome(env, cause, action) !== 'fixed') return false;
    return !['nothing', 'restart'].some((p) => p !== action && this.outcome(env, cause, p) === 'fixed');
  }
}

/** Every claim of the record that the evidence can confirm or refute, cause by cause, environment by environment. */
export function compareClaims(record: FaultRecord, evidence: Evidence): ClaimResult[] {
  const table = new CellTable(evidence);
  const results: ClaimResult[] = [];
  for (const env of Object.keys(evidence.environments)) {
    for (const { key: cause } of record.causes) {
      if (!table.reproduced(env, cause)) continue;
      for (const workaround of record.workarounds) {
        const outcome = table.outcome(env, cause, workaround.key);
        if (outcome === undefined || !workaround.for.includes(cause)) continue;
        results.push({
          claim: `action:${workaround.key}`,
          env,
          cause,
          holds: outcome === 'fixed',
          claimed: 'fixes it',
          measured: outcome,
        });
      }
      for (const deadEnd of record.dead_ends) {
        const outcome = table.outcome(env, cause, deadEnd.key);
        if (outcome === undefined) continue;
        const claim = { claim: `action:${deadEnd.key}`, env, cause, measured: outcome };
        if (deadEnd.except.includes(cause))
          results.push({ ...claim, holds: outcome === 'fixed', claimed: 'fixes it' });
        else if (outcome !== 'rejected')
          results.push({
            ...claim,
            holds: !table.fixes(env, cause, deadEnd.key) && outcome !== MIXED,
            claimed: 'does not fix it',
          });
        // What was never done says nothing of what it does: only that it is refused can be seen of it.
        else if (deadEnd.refused)
          results.push({
            ...claim,
            holds: table.refused(env, cause, deadEnd.key),
            claimed: 'is refused',
          });
      }
      for (const check of record.checks) {
        const cell = table.check(env, cause, check.key);
        if (!cell) continue;
        const reading = verdictOf(cell);
        const claimed = check.readings.filter((r) => r.means.includes(cause)).map((r) => r.key);
        results.push({
          claim: `check:${check.key}`,
          env,
          cause,
          // A cause that no reading claims may read anything but what is claimed for others.
          holds:
            claimed.length > 0
              ? claimed.includes(reading)
              : (NO_READING as readonly string[]).includes(reading),
          claimed: claimed.length > 0 ? `reads ${claimed.join(' or ')}` : 'is listed under no reading',
          measured: reading,
        });
      }
    }
  }
  return results;
}

/**
 * Claims that the evidence refutes: that something does not help, where it does anywhere; anything else, where it holds
 * in none of the environments in which it was measured (an action of newer versions is no false claim).
 */
export function lostClaims(record: FaultRecord, evidence: Evidence): ClaimResult[] {
  const claims = compareClaims(record, evidence);
  const held = new Set(claims.filter((c) => c.holds).map((c) => `${c.claim}\0${c.cause}`));
  return claims.filter(
    (c) => !c.holds && (c.claimed === 'does not fix it' || !held.has(`${c.claim}\0${c.cause}`)),
  );
}

/** How far a record can be trusted, and what is missing for the next tier (in words, for maintainers). */
export function tierOf(
  record: FaultRecord,
  evidence: Evidence | null,
): { readonly tier: Tier; readonly environments: readonly string[]; readonly missing: readonly string[] } {
  if (!evidence) return { tier: 'claimed', environments: [], missing: ['nothing was run: faultbook prove'] };
  const table = new CellTable(evidence);
  const envs = Object.keys(evidence.environments);
  const anywhere = envs.some((env) => record.causes.some((c) => table.reproduced(env, c.key)));
  if (!anywhere) return { tier: 'claimed', environments: [], missing: ['no cause showed the error'] };
  const claims = compareClaims(record, evidence);
  const wanting = new Map<string, string[]>();
  for (const env of envs) {
    const gaps: string[] = [];
    for (const { key } of record.causes)
      if (!table.reproduced(env, key)) gaps.push(`the cause ${key} was not reproduced`);
    const cells = evidence.cells.filter((c) => c.env === env);
    for (const cell of cells) {
      const place = `${cell.cause} × ${cell.action ?? cell.check}`;
      if (verdictOf(cell) === MIXED) gaps.push(`${place}: the repeats disagree`);
      if (verdictOf(cell) === 'lab_failed') gaps.push(`${place}: the lab failed`);
    }
    for (const c of claims)
      if (c.env === env && !c.holds)
        gaps.push(`${c.claim} × ${c.cause}: claimed that it ${c.claimed}, measured: ${c.measured}`);
    for (const { key } of record.causes) {
      const actions = [...record.workarounds, ...record.dead_ends].map((a) => a.key);
      const fixed = actions.some((a) => table.outcome(env, key, a) === 'fixed');
      const elsewhere = record.workarounds.some((w) => w.by !== 'you' && w.for.includes(key));
      if (!fixed && !elsewhere && table.reproduced(env, key)) gaps.push(`no action fixes ${key}`);
    }
    if (table.outcome(env, 'healthy', 'nothing') !== 'harmless')
      gaps.push('the healthy control is missing or failed');
    wanting.set(env, gaps);
  }
  const untested = Object.keys(record.untested).map((claim) => `${claim} is untested`);
  // A dead end whose commands fail everywhere is as well a typo: it was never tried, unless that refusal is what it is about.
  for (const { key, refused } of record.dead_ends)
    if (!refused && record.untested[`action:${key}`] === undefined && !table.done(key))
      untested.push(
        `action:${key} was never really done: its commands, or what shows their effect, failed everywhere`,
      );
  const proven = envs.filter((env) => wanting.get(env)?.length === 0);
  if (proven.length > 0 && untested.length === 0)
    return { tier: 'proven', environments: proven, missing: [] };
  const nearest = [...wanting].sort((a, b) => a[1].length - b[1].length)[0];
  return {
    tier: 'reproduced',
    environments: envs,
    missing: [...untested, ...(nearest ? nearest[1].map((gap) => `${nearest[0]}: ${gap}`) : [])],
  };
}
