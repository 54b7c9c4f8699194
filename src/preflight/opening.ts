/** From a finding to the fault that is open: everything in it passes through redaction. */
import type { Diagnosis, DiagnosisFinding } from '../diagnosis/index.ts';
import { redact } from '../redact/index.ts';
import { FAULT_LIMITS, type FaultAction, type FaultContext, type Measured, type OpenFault } from './fault.ts';

/** The open fault that a finding makes; null for what is only possible. */
export function openFaultOf(finding: DiagnosisFinding, context: FaultContext): OpenFault | null {
  if (finding.verdict !== 'match') return null;
  const { nowMs } = context;
  return {
    schema: 'open-fault.v1',
    id: finding.id,
    title: finding.title.slice(0, FAULT_LIMITS.maxTextChars),
    trusted: finding.trusted,
    tier: finding.tier,
    command: context.command === null ? null : keptCommand(context.command),
    below: redact(context.below),
    openedMs: nowMs,
    seenMs: nowMs,
    times: 1,
    first: finding.next.key,
    actions: finding.trusted ? actionsOf(finding, context) : [],
    runs: [],
    said: [],
  };
}

/** The findings of a diagnosis that are open faults now: matches only. */
export function openFaultsOf(
  diagnosis: Diagnosis,
  context: FaultContext | ((finding: DiagnosisFinding) => FaultContext),
): readonly OpenFault[] {
  return diagnosis.findings.flatMap(
    (f) => openFaultOf(f, typeof context === 'function' ? context(f) : context) ?? [],
  );
}

/** What is kept of a command line: redacted; null where it is too long to be compared. */
export function keptCommand(command: string): string | null {
  return command.length > FAULT_LIMITS.maxCommandChars ? null : redact(command);
}

function actionsOf(finding: DiagnosisFinding, { checks = [] }: FaultContext): FaultAction[] {
  const text = (t: string | null) => (t ?? '').slice(0, FAULT_LIMITS.maxTextChars);
  const commandsOf = (commands: readonly string[]) =>
    commands.map((c) => redact(c)).filter((c) => c.length <= FAULT_LIMITS.maxCommandChars);
  const measured = (lab: DiagnosisFinding['try'][number]['lab']): Measured | null =>
    lab && {
      fixed: lab.fixed,
      of: lab.of,
      environments: [...lab.environments],
      masked: lab.outcomes.masked ?? 0,
      breaks: [...lab.breaks],
    };
  const { next } = finding;
  const known = new Map(checks.map((c) => [c.key, c]));
  if (next.kind === 'check' && next.key !== null && !known.has(next.key))
    known.set(next.key, {
      key: next.key,
      question: next.question ?? next.why,
      command: next.commands.join(' && '),
    });
  return [
    ...[...known.values()].map(
      (c): FaultAction => ({
        kind: 'check',
        key: c.key,
        action: text(c.question),
        commands: commandsOf([c.command]),
        why: '',
        repairs: [],
        measured: null,
        risk: 'low',
        by: 'you',
      }),
    ),
    ...finding.try.map(
      (t): FaultAction => ({
        kind: 'try',
        key: t.key,
        action: text(t.action),
        commands: commandsOf(t.commands),
        why: '',
        repairs: [...t.for],
        measured: measured(t.lab),
        risk: t.risk,
        by: t.by,
      }),
    ),
    ...finding.avoid.map(
      (a): FaultAction => ({
        kind: 'avoid',
        key: a.key,
        action: text(a.action),
        commands: commandsOf(a.commands),
        why: text(a.why),
        repairs: [...a.except],
        measured: measured(a.lab),
        risk: 'low',
        by: 'you',
      }),
    ),
  ];
}
