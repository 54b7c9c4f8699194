/** `faultbook diagnose` and bare `faultbook`: one output in, its diagnosis out. */

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Diagnosis } from '../diagnosis/index.ts';
import { DiagnosisSession } from '../diagnosis/index.ts';
import { renderJson, renderMarkdown, renderNdjson, renderText } from '../render/index.ts';
import {
  BUILT_IN,
  environmentOf,
  InputError,
  keepsMisses,
  type OpenedBook,
  openBook,
  readLedger,
  trustOf,
} from '../store/index.ts';
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
  readonly book?: readonly string[];
  readonly environment?: string;
}

/**
 * The book that the flags name; else the one that ships with the program, and over it the project's own records
 * (`.faultbook/`) where somebody vouched for them. What had to be left out is said on stderr, in one line.
 */
export async function bookOf(named: readonly string[] | undefined): Promise<OpenedBook> {
  const overlay = named === undefined ? findOverlay(process.cwd()) : null;
  if (named === undefined && overlay === null) return openBook();
  if (named === undefined && overlay !== null) {
    const state = trustOf(overlay);
    if (!state.trusted) {
      // A person is told; an agent that opened somebody's repository is not fed its text.
      if (process.stderr.isTTY === true)
        warn(
          state.changed === null
            ? `faultbook: ${overlay} has records; they are not used until you say  faultbook trust ${overlay}`
            : `faultbook: ${overlay} changed since you trusted it and is not used; see  faultbook trust --list`,
        );
      return openBook();
    }
    return opened(await openBook({ books: [BUILT_IN, overlay], trusted: (path) => path === overlay }), [
      overlay,
    ]);
  }
  const paths = named as readonly string[];
  return opened(await openBook({ books: paths, trusted: (path) => trustOf(path).trusted }), paths);
}

function opened(book: OpenedBook, paths: readonly string[]): OpenedBook {
  const errors = book.issues.filter((i) => i.severity === 'error').length;
  const renamed = book.issues.filter((i) => i.code === 'id-taken').length;
  const [where] = paths;
  if (errors > 0)
    warn(
      `faultbook: ${errors} problem${errors === 1 ? '' : 's'} in ${paths.join(', ')}, records left out; see: faultbook lint ${where}`,
    );
  if (renamed > 0)
    warn(
      `faultbook: ${renamed} record${renamed === 1 ? '' : 's'} of a later book ${renamed === 1 ? 'has an id that is' : 'have ids that are'} taken, and ${renamed === 1 ? 'is' : 'are'} called <book>:<id>`,
    );
  return book;
}

/** Where a project keeps records of its own. */
const OVERLAY = '.faultbook';

/** The project's own records: in this folder or above, up to the root of its repository. */
function findOverlay(from: string): string | null {
  for (let folder = from; ; folder = dirname(folder)) {
    const overlay = join(folder, OVERLAY);
    if (existsSync(overlay)) return folder === from ? OVERLAY : overlay;
    // Beyond a repository are other people's folders; without one only this folder is the project.
    if (existsSync(join(folder, '.git')) || !insideRepository(folder) || dirname(folder) === folder)
      return null;
  }
}

function insideRepository(folder: string): boolean {
  for (let at = folder; ; at = dirname(at)) {
    if (existsSync(join(at, '.git'))) return true;
    if (dirname(at) === at) return false;
  }
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
    else if (keepsMisses()) (await import('./misses.ts')).keepMisses(diagnosis);
    if (isReport) inputs.push({ source, diagnosis });
    else print(renderDiagnosis(diagnosis, book, source, sources.length > 1, flags));
  }
  if (isReport) (await import('./reports.ts')).printReport(format, inputs, book, langOf(flags.lang));
  return matched ? EXIT.match : EXIT.noMatch;
}

async function diagnoseSource(book: OpenedBook, source: string, flags: DiagnoseFlags): Promise<Diagnosis> {
  const session = new DiagnosisSession(book, {
    environment: environmentOf(book, flags.environment),
    reports: (record) => readLedger(record),
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
