/** `--format sarif|junit|github`: one report over all inputs, for machines that show it to people. */
import { appendFileSync, existsSync, statSync } from 'node:fs';
import {
  type DiagnosedInput,
  GITHUB_LIMITS,
  renderGithub,
  renderJunit,
  renderSarif,
  renderSummary,
} from '../render/index.ts';
import type { OpenedBook } from '../store/index.ts';
import { reportedPath, rootOf } from './paths.ts';
import { withoutSecrets } from './secrets.ts';
import { type Lang, print, warn } from './terminal.ts';
import { VERSION } from './version.ts';

export type ReportFormat = 'sarif' | 'junit' | 'github';

/** Prints the report; for GitHub also appends the job summary to $GITHUB_STEP_SUMMARY, where there is one. */
export function printReport(
  format: ReportFormat,
  inputs: readonly DiagnosedInput[],
  book: OpenedBook,
  lang: Lang,
): void {
  const root = rootOf(process.cwd(), process.env.GITHUB_WORKSPACE);
  // A report is uploaded, or stands in a log that others can read.
  const named = inputs.map(({ source, diagnosis }) => ({
    source: reportedPath(source, root),
    diagnosis: withoutSecrets(diagnosis),
  }));
  switch (format) {
    case 'sarif': {
      const documentation = new Map(book.records.map((r) => [r.id, r.official_doc_url]));
      print(
        renderSarif(named, { lang, version: VERSION, documentation: (id) => documentation.get(id) ?? null }),
      );
      break;
    }
    case 'junit':
      print(renderJunit(named, { lang }));
      break;
    case 'github':
      print(renderGithub(named, { lang }));
      if (process.env.GITHUB_STEP_SUMMARY) appendSummary(process.env.GITHUB_STEP_SUMMARY, named, lang);
  }
}

/** What the step has written there already counts too. Where it cannot be written, the annotations still stand. */
function appendSummary(file: string, inputs: readonly DiagnosedInput[], lang: Lang): void {
  try {
    const used = existsSync(file) ? statSync(file).size : 0;
    appendFileSync(
      file,
      renderSummary(inputs, { lang, maxBytes: Math.max(0, GITHUB_LIMITS.summaryBytes - used) }),
    );
  } catch (error) {
    warn(
      `faultbook: the job summary could not be written (GITHUB_STEP_SUMMARY): ${(error as Error).message}`,
    );
  }
}
