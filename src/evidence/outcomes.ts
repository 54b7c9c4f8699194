/**
 * Words of trials. Apart from the schema that uses them: who only compares words must not load what reads files.
 */

/** Outcomes of an action, in the order in which they are asked for; the last two only in the healthy world. */
export const OUTCOMES = [
  'lab_failed',
  'no_fault',
  'not_applicable',
  'rejected',
  'persists',
  'masked',
  'moved',
  'fixed_until_restart',
  'fixed',
  'harmless',
  'breaks_healthy',
] as const;
export type Outcome = (typeof OUTCOMES)[number];

/** What a check can say beside its own readings: nothing that fits, or its program is not there. */
export const NO_READING = ['unclear', 'unavailable'] as const;

/** How `first_error` begins where the commands of an action failed, as against commands that ran and had no effect. */
export const COMMANDS_FAILED = 'it cannot be applied';

/** Outcomes that say nothing of an action: it was not there, or it was never really done. */
export const NOT_DONE: ReadonlySet<string> = new Set<Outcome>([
  'lab_failed',
  'no_fault',
  'not_applicable',
  'rejected',
]);
