/** Outcomes that a hook saw, kept. */
import type { OutcomeReport } from '../evidence/index.ts';
import { appendReports } from '../store/index.ts';
import type { HookContext, Observed } from './answer.ts';

/** What was seen goes into the ledger, as the weaker kind that it is. A ledger that cannot be written is no failure. */
export function keepObserved(observed: readonly Observed[], { nowMs, state }: HookContext): void {
  const at = `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
  const reports = observed.map(
    ({ record, action, outcome, moved_to }): OutcomeReport => ({
      record,
      action,
      outcome,
      kind: 'observed',
      environment: {},
      readings: {},
      moved_to,
      note: null,
    }),
  );
  try {
    appendReports(reports, at, null, state);
  } catch {
    // Full, or not to be written.
  }
}
