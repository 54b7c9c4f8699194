/** The diagnosis of an output for a hook: loaded only where a command may have failed. */

import type { Diagnosis, DiagnosisFinding } from '../diagnosis/index.ts';
import { checksOf, DiagnosisSession } from '../diagnosis/index.ts';
import type { FaultContext } from '../preflight/index.ts';
import { renderMarkdown } from '../render/index.ts';
import { environmentFor, type OpenedBook, openBook } from '../store/index.ts';

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
export async function diagnoseOutput(
  output: string,
  project: string,
  given?: OpenedBook,
): Promise<HookDiagnosis> {
  const book = given ?? (await openBook());
  const session = new DiagnosisSession(book, { environment: environmentFor(book, undefined, project) });
  session.push(output);
  const all = session.end();
  const findings = all.findings.filter((f) => f.verdict === 'match');
  const diagnosis: Diagnosis = { ...all, findings };
  return {
    diagnosis,
    text: findings.length > 0 ? renderMarkdown(diagnosis).trimEnd() : '',
    checksOf: (finding) => checksOf(finding, book.records),
  };
}
