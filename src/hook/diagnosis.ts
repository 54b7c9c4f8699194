/** The diagnosis of an output for a hook: loaded only where a command may have failed. */

import type { Diagnosis, DiagnosisFinding } from '../diagnosis/index.ts';
import { DiagnosisSession, fillCommand } from '../diagnosis/index.ts';
import type { FaultContext } from '../preflight/index.ts';
import { renderMarkdown } from '../render/index.ts';
import { openBook, readEnvironment } from '../store/index.ts';

export interface HookDiagnosis {
  readonly diagnosis: Diagnosis;
  /** The short answer, at most 300 tokens. */
  readonly text: string;
  /** The checks of a finding's record, filled: what only reads is no dead end. */
  readonly checksOf: (finding: DiagnosisFinding) => NonNullable<FaultContext['checks']>;
}

/**
 * Only what surely matches is left of it. The book is the one that ships with the program: compiling a project's own
 * records takes longer than a hook may.
 */
export async function diagnoseOutput(output: string, project: string): Promise<HookDiagnosis> {
  const book = await openBook();
  const measured = book.evidence.flatMap((e) => e?.measured ?? []);
  const programs = new Set(measured.flatMap((m) => Object.keys(m.versions)));
  const session = new DiagnosisSession(book, { environment: readEnvironment(programs, project) });
  session.push(output);
  const all = session.end();
  const findings = all.findings.filter((f) => f.verdict === 'match');
  const diagnosis: Diagnosis = { ...all, findings };
  return {
    diagnosis,
    text: findings.length > 0 ? renderMarkdown(diagnosis).trimEnd() : '',
    checksOf: (finding) =>
      (book.records.find((r) => r.id === finding.id)?.checks ?? []).map(({ key, question, command }) => ({
        key,
        question,
        command: fillCommand(command, finding.typed_groups),
      })),
  };
}
