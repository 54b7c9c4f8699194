/** Faults that `run` opens and closes: what a person's command met, as what an agent's met. */
import { homedir } from 'node:os';
import { checksOf, type Diagnosis, quoteWord } from '../diagnosis/index.ts';
import { openFaultsOf, repeats } from '../preflight/index.ts';
import {
  closeFault,
  InputError,
  type OpenedBook,
  openFault,
  projectOf,
  readOpenFaults,
} from '../store/index.ts';

/** A command failed with known errors: they are open now. A disk that is full is no reason to fail. */
export function noteFailure(argv: readonly string[], diagnosis: Diagnosis, book: OpenedBook): void {
  const { project, below } = projectOf(process.cwd());
  const opened = openFaultsOf(diagnosis, (finding) => ({
    command: argv.map(quoteWord).join(' '),
    below,
    nowMs: Date.now(),
    checks: checksOf(finding, book.records),
  }));
  try {
    for (const fault of opened) openFault(project, fault);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
  }
}

/** A command succeeded: the faults that it had are closed. */
export function noteSuccess(argv: readonly string[]): void {
  const { project, folder } = projectOf(process.cwd());
  const line = argv.map(quoteWord).join(' ');
  for (const fault of readOpenFaults(project, Date.now()))
    if (repeats(line, fault, { project, folder, home: homedir() })) closeFault(project, fault.id);
}
