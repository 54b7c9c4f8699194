/** `faultbook diagnose` and bare `faultbook`: one output in, its diagnosis out. */

import type { Diagnosis } from '../diagnosis/index.ts';
import { DiagnosisSession } from '../diagnosis/index.ts';
import { renderJson, renderMarkdown, renderNdjson, renderText } from '../render/index.ts';
import { InputError, type OpenedBook, openBook, openBookAt } from '../store/index.ts';
import { environmentOf } from './environment.ts';
import { readText, stdinHasInput } from './input.ts';
import type { ReportFormat } from './reports.ts';
import { type ColorChoice, colorOf, columnsOf, EXIT, type Lang, langOf, print, warn } from './terminal.ts';

/** As the flag table gives them; `format` absent: text. */
export interface DiagnoseFlags {
  readonly text?: string;
  readonly format?: 'text' | 'json' | 'ndjson' | 'markdown' | ReportFormat;
  readonly lang?: string;
  readonly color?: ColorChoice;
  readonly limit?: number;
  readonly book?: string;
  readonly environment?: string;
}

/** The book that the flags name; what had to be left out of it is said on stderr, in one line. */
export async function bookOf(path: string | undefined): Promise<OpenedBook> {
  const book = path === undefined ? await openBook() : await openBookAt(path);
  const errors = book.issues.filter((i) => i.severity === 'error').length;
  if (errors > 0) {
    warn(
      `faultbook: ${errors} problem${errors === 1 ? '' : 's'} in ${path}, records left out; see: faultbook lint ${path}`,
    );
  }
  return book;
}

/** @returns the exit code: 0 where any input has a `match`. */
export async function runDiagnose(files: readonly string[], flags: DiagnoseFlags): Promise<number> {
  if (flags.text !== undefined && files.length > 0) {
    throw new InputError('give either --text or files, not both');
  }
  if (flags.text === undefined && files.length === 0 && !stdinHasInput()) {
    throw new InputError('there is nothing to diagnose: pipe output in, name a file, or use --text "…"');
  }
  if (flags.format === 'json' && files.length > 1) {
    throw new InputError('--format json is one document for one input; for several use --format ndjson');
  }
  const book = await bookOf(flags.book);
  const sources = flags.text !== undefined ? [''] : files.length > 0 ? files : ['-'];
  const { format } = flags;
  const isReport = format === 'sarif' || format === 'junit' || format === 'github';
  const inputs: { source: string; diagnosis: Diagnosis }[] = [];
  let matched = false;
  for (const source of sources) {
    const diagnosis = await diagnoseSource(book, source, flags);
    if (diagnosis.verdict === 'match') matched = true;
    if (isReport) inputs.push({ source, diagnosis });
    else print(renderDiagnosis(diagnosis, book, source, sources.length > 1, flags));
  }
  if (isReport) (await import('./reports.ts')).printReport(format, inputs, book, langOf(flags.lang));
  return matched ? EXIT.match : EXIT.noMatch;
}

async function diagnoseSource(book: OpenedBook, source: string, flags: DiagnoseFlags): Promise<Diagnosis> {
  const session = new DiagnosisSession(book, {
    environment: environmentOf(book, flags.environment),
    ...(flags.limit === undefined ? {} : { limit: flags.limit }),
  });
  if (source === '') session.push(flags.text ?? '');
  else await readText(source, (text) => session.push(text));
  return session.end();
}

function renderDiagnosis(
  diagnosis: Diagnosis,
  book: OpenedBook,
  source: string,
  named: boolean,
  flags: DiagnoseFlags,
): string {
  const name = source === '' || source === '-' ? null : source;
  // Agents read English best; a person gets the language of the locale.
  const lang: Lang = flags.format === 'markdown' ? (flags.lang === 'zh' ? 'zh' : 'en') : langOf(flags.lang);
  switch (flags.format) {
    case 'json':
      return renderJson(diagnosis);
    case 'ndjson':
      return renderNdjson(diagnosis, name ?? '-');
    case 'markdown':
      return renderMarkdown(diagnosis, { lang });
    default:
      return renderText(diagnosis, {
        lang,
        color: colorOf(flags.color),
        columns: columnsOf(),
        records: book.records.length,
        ...(named && name ? { source: name } : {}),
      });
  }
}
