/** `faultbook scan`: logs of any size. */
import { type Diagnosis, diagnosisOf } from '../diagnosis/index.ts';
import {
  renderMarkdown,
  renderScan,
  renderScanJson,
  renderScanLine,
  renderShape,
  type ScanCount,
  type ScanView,
  stringifyLine,
} from '../render/index.ts';
import {
  type Count,
  follow,
  type Place,
  readMoment,
  type ScanEvent,
  type ScanReport,
  type ScanResult,
  scan,
} from '../scan/index.ts';
import { environmentOf, InputError, type OpenedBook, readLedger } from '../store/index.ts';
import { bookOf } from './diagnose.ts';
import { stdinHasInput } from './input.ts';
import type { ReportFormat } from './reports.ts';
import { type ColorChoice, colorOf, columnsOf, EXIT, type Lang, langOf, print, warn } from './terminal.ts';

interface ScanFlags {
  readonly follow?: true;
  readonly since?: string;
  readonly until?: string;
  readonly show?: string;
  readonly workers?: number;
  readonly format?: 'text' | 'json' | 'ndjson' | 'markdown' | ReportFormat;
  readonly environment?: string;
  readonly book?: readonly string[];
  readonly lang?: string;
  readonly color?: ColorChoice;
}

/** Findings that a report of a log has; the summary lists them all. */
const MAX_FINDINGS = 1000;
/** What begins after this share of the whole range is new. */
const NEW_AFTER_SHARE = 0.1;
/** How often the progress line is written. */
const PROGRESS_MS = 100;

/** @returns the exit code. */
export async function runScan(files: readonly string[], flags: ScanFlags): Promise<number> {
  const startedMs = Date.now();
  const shown = shownOf(flags);
  const since = momentOf('since', flags.since, startedMs);
  const until = momentOf('until', flags.until, startedMs);
  if (files.length === 0 && !stdinHasInput())
    throw new InputError('there is nothing to scan: name log files, or pipe one in');
  if (flags.follow && (files.length === 0 || files.includes('-')))
    throw new InputError('--follow needs files: standard input ends by itself');
  const book = await bookOf(flags.book);
  const lang = langOf(flags.lang);
  const stop = new AbortController();
  // The first Ctrl-C ends the reading and sums up; the second ends everything.
  process.once('SIGINT', () => stop.abort());
  process.once('SIGTERM', () => stop.abort());
  const progress = progressLine(startedMs, lang);
  const events = flags.format === 'ndjson' || flags.follow ? eventPrinter(flags, lang) : null;
  const options = {
    nowMs: startedMs,
    since,
    until,
    signal: stop.signal,
    ...(events ? { onEvent: (event: ScanEvent) => events(event, progress.clear) } : {}),
  };
  let result: ScanResult;
  if (flags.follow) {
    const report = await follow(book, files, options);
    result = { ...report, problems: [], stopped: false, workers: 1 };
  } else {
    result = await scan(book, files.length > 0 ? files : ['-'], {
      ...options,
      onProgress: progress.show,
      ...(flags.workers === undefined ? {} : { workers: flags.workers }),
    });
  }
  progress.clear();
  for (const problem of result.problems) warn(`faultbook: ${problem}`);
  const diagnosis = diagnosisOf(
    book,
    { matches: result.matches, lines: result.lines, focus: [], shapes: [], localised: false },
    {
      limit: MAX_FINDINGS,
      environment: environmentOf(book, flags.environment),
      reports: (record) => readLedger(record),
    },
  );
  const view = viewOf(book, diagnosis, result, (Date.now() - startedMs) / 1000);
  const text = { lang, color: colorOf(flags.color), columns: columnsOf() };
  if (shown !== null) print(renderShape(view, shown - 1, text));
  else await printSummary(view, result, book, files, flags, text);
  if (result.problems.length > 0) return EXIT.usage;
  return diagnosis.verdict === 'match' ? EXIT.match : EXIT.noMatch;
}

async function printSummary(
  view: ScanView,
  result: ScanResult,
  book: OpenedBook,
  files: readonly string[],
  { format }: ScanFlags,
  text: { readonly lang: Lang; readonly color: boolean; readonly columns: number },
): Promise<void> {
  switch (format) {
    case 'json':
      print(renderScanJson(documentOf(view, result, book)));
      break;
    case 'ndjson':
      print(renderScanLine(documentOf(view, result, book)));
      break;
    case 'markdown':
      // The short answer for agents shows the roots.
      print(
        renderMarkdown(
          { ...view.diagnosis, findings: view.diagnosis.findings.slice(0, 3) },
          { lang: text.lang },
        ),
      );
      break;
    case 'sarif':
    case 'junit':
    case 'github':
      (await import('./reports.ts')).printReport(
        format,
        [{ source: files[0] ?? '-', diagnosis: view.diagnosis }],
        book,
        text.lang,
      );
      break;
    default:
      print(renderScan(view, text));
  }
}

function viewOf(book: OpenedBook, diagnosis: Diagnosis, report: ScanResult, seconds: number): ScanView {
  const oneDay = report.from !== null && report.to !== null && dayOf(report.from) === dayOf(report.to);
  const shown = (count: Count): ScanCount => ({
    lines: count.lines,
    sources: count.sources,
    began: count.began === null ? null : timeText(count.began, oneDay),
    isNew: isNew(count, report),
    rate: count.rate,
    first: `${count.first.source}:${count.first.line}`,
  });
  return {
    diagnosis,
    counts: Object.fromEntries(
      [...report.counts].map(([record, count]) => [book.records[record]?.id, shown(count)]),
    ),
    shapes: report.shapes.map((s) => ({ ...shown(s), shape: s.shape, examples: s.examples })),
    otherUnknown: report.otherUnknown,
    sources: report.sources,
    lines: report.lines,
    records: book.records.length,
    range:
      report.from === null || report.to === null
        ? null
        : `${timeText(report.from, oneDay)} – ${timeText(report.to, oneDay)}`,
    seconds,
    stopped: report.stopped,
  };
}

function isNew({ began }: Count, { from, to }: ScanReport): boolean {
  return began !== null && from !== null && to !== null && began > from + (to - from) * NEW_AFTER_SHARE;
}

function documentOf(view: ScanView, result: ScanResult, book: OpenedBook): object {
  const place = ({ source, line, offset, time }: Place) => ({
    source,
    line,
    offset,
    time: time === null ? null : new Date(time).toISOString(),
  });
  const iso = (time: number | null) => (time === null ? null : new Date(time).toISOString());
  const count = (c: Count) => ({
    lines: c.lines,
    sources: c.sources,
    first: place(c.first),
    last: place(c.last),
    began: iso(c.began),
    ended: iso(c.ended),
    rate_per_minute: c.rate,
  });
  const byId = new Map([...result.counts].map(([record, c]) => [book.records[record]?.id, c]));
  return {
    verdict: view.diagnosis.verdict,
    sources: result.sources,
    bytes: result.bytes,
    lines: result.lines,
    from: iso(result.from),
    to: iso(result.to),
    stopped: result.stopped,
    problems: result.problems,
    records: view.diagnosis.findings.map((f) => ({
      id: f.id,
      verdict: f.verdict,
      ...count(byId.get(f.id) as Count),
    })),
    unknown: result.shapes.map((s) => ({ shape: s.shape, ...count(s), examples: s.examples })),
    other_unknown_lines: result.otherUnknown,
    diagnosis: view.diagnosis,
  };
}

/** A line for each event; in text only what is new, and each time a count has doubled. */
function eventPrinter({ format }: ScanFlags, lang: Lang): (event: ScanEvent, clear: () => void) => void {
  if (format === 'ndjson') {
    return (event) => {
      const { source, line, offset, time } = event.place;
      print(
        stringifyLine({
          type: event.event,
          ...(event.event === 'match' ? { id: event.id } : { shape: event.shape }),
          source,
          line,
          offset,
          time: time === null ? null : new Date(time).toISOString(),
          text: event.text,
        }),
      );
    };
  }
  const counts = new Map<string, number>();
  return (event, clear) => {
    const key = event.event === 'match' ? event.id : event.shape;
    const n = (counts.get(key) ?? 0) + 1;
    counts.set(key, n);
    if ((n & (n - 1)) !== 0) return;
    clear();
    const { source, line, time } = event.place;
    const when = time === null ? '' : `${timeText(time, true)}  `;
    const known = event.event === 'match' ? event.id : lang === 'zh' ? '未知' : 'unknown';
    const times = n === 1 ? '' : ` ×${n}`;
    print(
      visibleLine(
        `${when}${known}${times}  ${source}:${line}${event.event === 'match' ? '' : `  ${event.shape}`}`,
      ),
    );
  };
}

/** Log text in a line of ours: nothing that a terminal or a CI runner would obey. */
function visibleLine(text: string): string {
  return text
    .replace(/[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '')
    .replace(/^\s*::/, '');
}

/** One line on stderr, on a terminal only: how far, how fast, how long still, what so far. */
function progressLine(
  startedMs: number,
  lang: Lang,
): {
  readonly show: (p: {
    readBytes: number;
    totalBytes: number | null;
    known: number;
    unknown: number;
  }) => void;
  readonly clear: () => void;
} {
  if (process.stderr.isTTY !== true) return { show: () => {}, clear: () => {} };
  let lastMs = startedMs;
  let shown = false;
  return {
    show({ readBytes, totalBytes, known, unknown }) {
      const now = Date.now();
      if (now - lastMs < PROGRESS_MS) return;
      lastMs = now;
      shown = true;
      const perSecond = readBytes / Math.max(0.001, (now - startedMs) / 1000);
      const share = totalBytes ? Math.min(1, readBytes / totalBytes) : null;
      const bar = share === null ? '' : `[${'='.repeat(Math.round(share * 10)).padEnd(10, '-')}] `;
      const left =
        totalBytes === null
          ? ''
          : `  ${Math.ceil(Math.max(0, totalBytes - readBytes) / perSecond)} s ${lang === 'zh' ? '剩余' : 'left'}`;
      const found =
        lang === 'zh' ? `已知 ${known}，未知 ${unknown} 类` : `${known} known, ${unknown} unknown kinds`;
      process.stderr.write(
        `\r\x1b[2K${bar}${sizeText(readBytes)}  ${sizeText(perSecond)}/s${left}  ${found}`,
      );
    },
    clear() {
      if (shown) process.stderr.write('\r\x1b[2K');
      shown = false;
    },
  };
}

function sizeText(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${size < 10 && unit > 0 ? size.toFixed(1) : Math.round(size)} ${units[unit]}`;
}

function momentOf(name: string, text: string | undefined, nowMs: number): number | null {
  if (text === undefined) return null;
  const moment = readMoment(text, nowMs);
  if (moment === null)
    throw new InputError(
      `--${name} ${JSON.stringify(text)} is no time: write 10m, 2h, 3d, 02:47, or 2026-11-30 02:47`,
    );
  return moment;
}

function shownOf({ show }: ScanFlags): number | null {
  if (show === undefined) return null;
  const n = /^unknown:([1-9]\d{0,3})$/.exec(show)?.[1];
  if (n === undefined) throw new InputError(`--show ${JSON.stringify(show)} is not of the form unknown:1`);
  return Number(n);
}

function dayOf(ms: number): string {
  return timeText(ms, false).slice(0, 10);
}

/** In this machine's zone, as logs mostly are. */
function timeText(ms: number, clockOnly: boolean): string {
  const t = new Date(ms);
  const two = (n: number) => String(n).padStart(2, '0');
  const clock = `${two(t.getHours())}:${two(t.getMinutes())}:${two(t.getSeconds())}`;
  return clockOnly ? clock : `${t.getFullYear()}-${two(t.getMonth() + 1)}-${two(t.getDate())} ${clock}`;
}
