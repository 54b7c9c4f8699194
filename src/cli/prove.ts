/** `prove`: pages to matrices. Progress on standard error, the matrix on standard output, evidence beside the record. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { type Book, compileBook, matchText } from '../book/index.ts';
import { cellName, type Evidence, parseEvidence, printEvidence } from '../evidence/index.ts';
import {
  CannotProve,
  CannotProvision,
  cacheFolder,
  expectedCells,
  missingSoftware,
  NOT_RUN,
  nameOf,
  type Plan,
  PROVE_LIMITS,
  type ProveReport,
  prove,
  staleCells,
  superfluousCells,
  transcriptFile,
} from '../lab/index.ts';
import type { Issue } from '../record/index.ts';
import { renderIssues, renderProof } from '../render/index.ts';
import { InputError, type RecordFolder, writeWhole } from '../store/index.ts';
import { chooseFolders, DEFAULT_RECORDS, planOf, readFolders } from './folders.ts';
import { type ColorChoice, colorOf, columnsOf, EXIT, print, warn } from './terminal.ts';

/** Exit status after SIGINT, as shells have it. */
const INTERRUPTED = 130;
/** How often the progress line is drawn. */
const DRAW_MS = 200;

interface ProveFlags {
  readonly environment?: string;
  readonly cause?: string;
  readonly action?: string;
  readonly changed?: true;
  readonly check?: true;
  readonly audit?: number;
  readonly seed?: number;
  readonly plan?: true;
  readonly show?: string;
  readonly jobs?: number;
  readonly offline?: true;
  readonly records?: string;
  readonly format?: 'text' | 'json';
  readonly color?: ColorChoice;
}

/** A record with a lab page. */
interface Subject {
  readonly folder: RecordFolder;
  readonly plan: Plan;
  readonly previous: Evidence | null;
  readonly evidenceFile: string;
}

export async function runProve(ids: readonly string[], flags: ProveFlags): Promise<number> {
  const root = flags.records ?? DEFAULT_RECORDS;
  const cache = cacheFolder();
  const read = readFolders(root);
  const { records, issues } = read;
  if (flags.show !== undefined) return show(cache, ids, flags.show);
  const chosen = chooseFolders(read, ids, root);
  const subjects: Subject[] = [];
  const found: Issue[] = [...issues.filter((i) => i.severity === 'error')];
  for (const folder of chosen) {
    const { plan, issues: ofPage } = planOf(folder);
    found.push(...ofPage);
    const evidenceFile = join(dirname(folder.file), 'evidence.json');
    let previous: Evidence | null = null;
    if (existsSync(evidenceFile)) {
      const read = parseEvidence(readFileSync(evidenceFile, 'utf8'), evidenceFile);
      previous = read.evidence;
      found.push(...read.issues);
    }
    if (plan) subjects.push({ folder, plan, previous, evidenceFile });
  }
  const color = colorOf(flags.color);
  if (found.length > 0)
    warn(
      renderIssues(found, {
        color: colorOf(flags.color, process.stderr),
        columns: columnsOf(process.stderr),
      }),
    );
  if (subjects.length < chosen.length) return EXIT.usage;
  if (flags.plan) {
    for (const { plan } of subjects) print(JSON.stringify(plan, null, 2));
    return EXIT.ok;
  }
  const { book } = compileBook(records);
  const stop = new AbortController();
  process.once('SIGINT', () =>
    stop.abort(new CannotProve('interrupted; what was finished is kept for the next run')),
  );
  let clean = true;
  const reports: unknown[] = [];
  for (const subject of subjects) {
    try {
      const wanted = wantedCells(subject, flags);
      const dropped = flags.changed ? superfluousCells(subject.plan, subject.previous) : [];
      if (wanted.size === 0 && dropped.length === 0) {
        print(
          `${subject.plan.record}: nothing to run${flags.changed ? ', the evidence is up to date' : ''}.`,
        );
        continue;
      }
      const report = await proveOne(subject, book, wanted, cache, flags, stop.signal);
      const outcome = conclude(subject, report, book, flags);
      clean &&= outcome.clean;
      reports.push(outcome.json);
      if (flags.format !== 'json') print(outcome.text(color, columnsOf()));
    } catch (error) {
      if (stop.signal.aborted) {
        warn(`faultbook: interrupted; ${subject.plan.record} goes on where it was when it is run again`);
        return INTERRUPTED;
      }
      if (!(error instanceof CannotProve || error instanceof CannotProvision)) throw error;
      throw new InputError((error as Error).message);
    }
  }
  if (flags.format === 'json') print(JSON.stringify(reports, null, 2));
  return clean ? EXIT.ok : EXIT.issues;
}

function wantedCells({ plan, previous }: Subject, flags: ProveFlags): Set<string> {
  refuseUnknown('environment', flags.environment, Object.keys(plan.environments));
  refuseUnknown('cause', flags.cause, [...Object.keys(plan.causes), 'healthy']);
  refuseUnknown('action', flags.action, [
    'nothing',
    'restart',
    ...Object.keys(plan.actions),
    ...Object.keys(plan.checks),
  ]);
  const cells = (
    flags.changed
      ? staleCells(plan, previous)
      : expectedCells(plan, flags.audit === undefined ? null : previous)
  ).filter(
    (c) =>
      (flags.environment === undefined || c.env === flags.environment) &&
      (flags.cause === undefined || c.cause === flags.cause) &&
      (flags.action === undefined || c.key === flags.action.replace(/^\?/, '')),
  );
  const names = cells.map(nameOf);
  if (flags.audit === undefined) return new Set(names);
  const known = new Set(previous?.cells.map(cellName));
  return new Set(
    draw(
      names.filter((n) => known.has(n)),
      flags.audit,
      flags.seed ?? dayNumber(),
    ),
  );
}

function refuseUnknown(what: string, value: string | undefined, known: readonly string[]): void {
  if (value !== undefined && !known.includes(value.replace(/^\?/, '')))
    throw new InputError(`--${what} ${JSON.stringify(value)} is not one of: ${known.join(', ')}`);
}

/** So many of a list, at random but the same for the same seed (mulberry32). */
function draw(names: readonly string[], count: number, seed: number): string[] {
  const left = [...names];
  const drawn: string[] = [];
  let state = seed >>> 0;
  while (drawn.length < count && left.length > 0) {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    drawn.push(...left.splice(((t ^ (t >>> 14)) >>> 0) % left.length, 1));
  }
  return drawn;
}

function dayNumber(): number {
  return Math.floor(Date.now() / 86_400_000);
}

async function proveOne(
  { plan, previous }: Subject,
  book: Book,
  wanted: ReadonlySet<string>,
  cache: string,
  flags: ProveFlags,
  signal: AbortSignal,
): Promise<ProveReport> {
  mkdirSync(cache, { recursive: true, mode: 0o700 });
  const say = (line: string) => {
    if (line !== '') warn(line);
  };
  for (const environment of Object.values(plan.environments)) {
    const lacking = await missingSoftware(environment, { cache, say, offline: flags.offline === true });
    if (lacking.length > 0 && !flags.offline) {
      const bytes = lacking.reduce((sum: number, m) => sum + (m.bytes ?? 0), 0);
      say(
        `${plan.record}: to fetch for ${environment.suite}: ${lacking.map((m) => m.what).join(', ')}${bytes > 0 ? ` (${Math.ceil(bytes / 1e6)} MB)` : ''}, kept in ${cache}`,
      );
    }
  }
  const progress = new ProgressLine(plan.record);
  try {
    return await prove({
      plan,
      book,
      cache,
      previous,
      wanted: (cell) => wanted.has(nameOf(cell)),
      jobs: flags.jobs ?? PROVE_LIMITS.cellsPerProcessor * availableParallelism(),
      offline: flags.offline === true,
      today: new Date().toISOString().slice(0, 10),
      say,
      onProgress: (p) => progress.show(p.done, p.total, p.outcome),
      signal,
    });
  } finally {
    progress.end();
  }
}

/** Cells done, their outcomes, time left; one line, redrawn, and only on a terminal. */
class ProgressLine {
  private readonly began = Date.now();
  private readonly counts = new Map<string, number>();
  private drawn = 0;

  private readonly record: string;

  constructor(record: string) {
    this.record = record;
  }

  show(done: number, total: number, outcome: string): void {
    const key = /^[a-z_]+$/.test(outcome) ? outcome : 'other';
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
    if (!process.stderr.isTTY || Date.now() - this.drawn < DRAW_MS) return;
    this.drawn = Date.now();
    const left = done === 0 ? null : Math.ceil((((Date.now() - this.began) / done) * (total - done)) / 1000);
    const said = [...this.counts]
      .sort((a, b) => b[1] - a[1])
      .slice(0, 4)
      .map(([o, n]) => `${o} ${n}`);
    const time = left === null ? '' : `, ${left >= 90 ? `${Math.ceil(left / 60)} min` : `${left} s`} left`;
    const line = `${this.record}: ${done} of ${total} cells${time} (${said.join(', ')})`;
    process.stderr.write(`\r\x1b[2K${line.slice(0, columnsOf(process.stderr) - 1)}`);
  }

  end(): void {
    if (process.stderr.isTTY && this.drawn > 0) process.stderr.write('\r\x1b[2K');
  }
}

interface Conclusion {
  readonly clean: boolean;
  readonly json: unknown;
  readonly text: (color: boolean, columns: number) => string;
}

/** Writes what was found, and says what it means. */
function conclude(subject: Subject, report: ProveReport, book: Book, flags: ProveFlags): Conclusion {
  const { folder, previous, evidenceFile } = subject;
  const { evidence, changed, trials, results } = report;
  const compareOnly = flags.audit !== undefined || flags.check === true;
  const failed = results.filter((r) => 'lab_failed' in (r.line.outcomes ?? r.line.readings ?? {}));
  const written: string[] = [];
  if (!compareOnly) {
    const text = printEvidence(evidence);
    if (previous === null || text !== printEvidence(previous)) {
      writeWhole(evidenceFile, text);
      written.push(evidenceFile);
    }
    written.push(...writeSamples(folder, report, book));
  }
  const mismatched = compareOnly && changed.length > 0;
  const clean = failed.length === 0 && !mismatched;
  const json = {
    record: evidence.record,
    trials,
    cells: results.map((r) => r.line),
    changed,
    lab_failed: failed.map((r) => cellName(r.line)),
    written,
  };
  const known = changed.filter((c) => c.before !== NOT_RUN);
  const fresh = changed.length - known.length;
  const head = `${evidence.record}: ${results.length} cells, ${trials} trials.`;
  const text = (color: boolean, columns: number): string => {
    const lines = [head];
    if (compareOnly) {
      lines.push(
        ...changed.map((c) => `  ${c.cell}: the evidence says ${c.before}, now ${c.now}`),
        changed.length === 0
          ? 'Every cell came out as the evidence says.'
          : `${changed.length} cells differ from the evidence.`,
        ...Object.entries(evidence.environments).flatMap(([env, { newer }]) =>
          newer
            ? [
                `${env} has other versions now: ${versionList(newer)}; all of it again: faultbook prove ${evidence.record} --environment ${env}`,
              ]
            : [],
        ),
      );
    } else {
      lines.push(renderProof(folder.record, evidence, { color, columns }));
      if (previous && changed.length > 0)
        lines.push(
          'Changed since the last proof:',
          ...known.map((c) => `  ${c.cell}: ${c.before} → ${c.now}`),
          ...(fresh > 0 ? [`  ${fresh} cells were run for the first time`] : []),
        );
      lines.push(...written.slice(0, 4).map((w) => `Wrote ${w}`));
      if (written.length > 4) lines.push(`  and ${written.length - 4} more samples`);
    }
    for (const { line } of failed.slice(0, 5))
      lines.push(`The lab failed in ${cellName(line)}: ${line.first_error ?? 'see its transcript'}`);
    if (failed.length > 0)
      lines.push(
        `See: faultbook prove ${evidence.record} --show ${cellName((failed[0] as (typeof failed)[0]).line)}`,
      );
    return `${lines.join('\n')}\n`;
  };
  return { clean, json, text };
}

function versionList(versions: Readonly<Record<string, string>>): string {
  return Object.entries(versions)
    .map(([program, version]) => `${program} ${version}`)
    .join(', ');
}

/** What the software printed becomes samples, where there is none yet or the old one no longer serves. */
function writeSamples(folder: RecordFolder, report: ProveReport, book: Book): string[] {
  const written: string[] = [];
  const matches = (text: string) =>
    matchText(book, text).some((m) => book.records[m.record]?.id === folder.record.id);
  for (const [name, text] of report.samples) {
    const healthy = name.startsWith('healthy.');
    const file = healthy ? `${name}.log` : `match.${name}.log`;
    const old = folder.samples.find((s) => s.name === file);
    if (old && matches(old.text) !== healthy) continue;
    const path = join(dirname(folder.file), 'samples', file);
    writeWhole(path, text);
    written.push(path);
  }
  return written;
}

function show(cache: string, ids: readonly string[], cell: string): number {
  const [id] = ids;
  if (id === undefined || ids.length > 1)
    throw new InputError('--show needs one record: faultbook prove ID --show CELL');
  const file = transcriptFile(cache, id.replace(/^records\//, '').replace(/\/+$/, ''), cell);
  if (!/^[a-z0-9._/?-]+$/i.test(cell) || cell.includes('..') || !existsSync(file)) {
    throw new InputError(
      `no transcript of ${JSON.stringify(cell)} is kept here. A cell is environment/cause/action or environment/cause/?check; run it: faultbook prove ${id} --environment … --cause … --action …`,
    );
  }
  print(readFileSync(file, 'utf8'));
  return EXIT.ok;
}
