/** `faultbook report-outcome` and `faultbook reports`: what happened in the field, kept on this machine. */
import { checkReport, fieldCases, fieldFigures, type KeptReport } from '../evidence/index.ts';
import type { FaultRecord } from '../record/index.ts';
import { renderReports } from '../render/index.ts';
import {
  appendReports,
  clearLedger,
  closeFault,
  environmentOf,
  exportLedger,
  InputError,
  importLedger,
  type OpenedBook,
  projectOf,
  readLedger,
} from '../store/index.ts';
import { bookOf } from './diagnose.ts';
import { readText } from './input.ts';
import { type ColorChoice, columnsOf, EXIT, langOf, print } from './terminal.ts';

interface ReportFlags {
  readonly reading?: readonly string[];
  readonly 'moved-to'?: string;
  readonly note?: string;
  readonly environment?: string;
  readonly book?: readonly string[];
  readonly format?: 'text' | 'json';
  readonly lang?: string;
  readonly color?: ColorChoice;
}

/** Keeps one report. @throws {InputError} naming what is wrong with it and the nearest that is right. */
export async function runReportOutcome(
  [record = '', action = '', outcome = '']: readonly string[],
  flags: ReportFlags,
): Promise<number> {
  const book = await bookOf(flags.book);
  const { report, problems } = checkReport(book.records, {
    record,
    action,
    outcome,
    environment: environmentOf(book, flags.environment),
    readings: readingsOf(flags.reading ?? []),
    moved_to: flags['moved-to'] ?? null,
    note: flags.note ?? null,
  });
  if (!report) throw new InputError(problems.map((p) => p.problem).join('\n  '));
  const [kept] = appendReports([report], now());
  // What is fixed is open no longer: nobody is warned of its dead ends.
  if (report.outcome === 'fixed') closeFault(projectOf(process.cwd()).project, report.record);
  if (flags.format === 'json') print(JSON.stringify(kept, null, 2));
  else {
    const zh = langOf(flags.lang) === 'zh';
    const what = `${report.record} [${report.action}] ${report.outcome}`;
    print(
      zh
        ? `已记下：${what}。只存本机；查看：faultbook reports`
        : `Kept: ${what}. On this machine only; see: faultbook reports`,
    );
  }
  return EXIT.ok;
}

/** When a report is made, to the second. */
function now(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, 'Z');
}

function readingsOf(typed: readonly string[]): Record<string, string> {
  const readings: Record<string, string> = Object.create(null);
  for (const text of typed) {
    const at = text.indexOf('=');
    if (at < 1)
      throw new InputError(`--reading ${JSON.stringify(text)}: say CHECK=READING, keys of the record`);
    readings[text.slice(0, at)] = text.slice(at + 1);
  }
  return readings;
}

/** What there is, or one of its errands. */
export async function runReports(
  [what, file]: readonly string[],
  flags: ReportFlags & { readonly notes?: true },
): Promise<number> {
  const zh = langOf(flags.lang) === 'zh';
  if (file !== undefined && what !== 'import') throw new InputError(`reports ${what} takes no file`);
  switch (what) {
    case 'export':
      print(exportLedger(flags.notes === true));
      return EXIT.ok;
    case 'import': {
      const { taken, known, refused } = await take(file ?? '-', await bookOf(flags.book));
      print(
        zh
          ? `收下 ${taken} 条；已有 ${known} 条；拒绝 ${refused} 条。整份台账只算一个报告者。`
          : `Taken: ${taken}; there already: ${known}; refused: ${refused}. The whole ledger counts as one reporter.`,
      );
      return refused > 0 ? EXIT.issues : EXIT.ok;
    }
    case 'clear':
      clearLedger();
      print(zh ? '已清除。' : 'Forgotten.');
      return EXIT.ok;
    case undefined:
      return show(await bookOf(flags.book), flags);
    default:
      throw new InputError(`reports takes export, import or clear, not ${JSON.stringify(what)}`);
  }
}

/** Only what this book has records of: what nobody could look up is no evidence. */
async function take(file: string, { records }: OpenedBook) {
  const pieces: string[] = [];
  await readText(file, (text) => pieces.push(text));
  return importLedger(pieces.join(''), (report) => checkReport(records, report).report !== null);
}

function show(book: OpenedBook, flags: ReportFlags): number {
  const reports = readLedger();
  if (flags.format === 'json') print(JSON.stringify(reports, null, 2));
  else print(renderReports(rowsOf(book, reports), { lang: langOf(flags.lang), columns: columnsOf() }));
  return reports.length > 0 ? EXIT.ok : EXIT.noMatch;
}

/** By record and action, in the order of the book. */
function rowsOf(book: OpenedBook, reports: readonly KeptReport[]) {
  return book.records.flatMap((record: FaultRecord, i) => {
    const cases = fieldCases(record, book.evidence[i] ?? null, reports);
    return [...new Set(cases.map((c) => c.action))].flatMap((action) => {
      const figures = fieldFigures(cases, action);
      return figures ? [{ record: record.id, action, figures }] : [];
    });
  });
}
