/** What a scan of logs found: when each known error began, how often, where; unknown trouble; what to do first. */
import type { Diagnosis, DiagnosisFinding } from '../diagnosis/index.ts';
import { stringifyLine, stringifySafely } from './json.ts';
import { inLang, type Lang, type Messages, messagesOf } from './messages.ts';
import { visible } from './safe.ts';
import { styleOf } from './style.ts';
import { pad, widthOf } from './width.ts';

/** A count, as it is shown. */
export interface ScanCount {
  readonly lines: number;
  readonly sources: number;
  /** When it began, as text; null: its lines have no time. */
  readonly began: string | null;
  /** It began well after the start of the whole range. */
  readonly isNew: boolean;
  /** Lines a minute at the end of the range, and before. */
  readonly rate: { readonly now: number; readonly before: number } | null;
  /** The first line: `file:line`. */
  readonly first: string;
}

export interface ScanView {
  readonly diagnosis: Diagnosis;
  /** By record id. */
  readonly counts: Readonly<Record<string, ScanCount>>;
  readonly shapes: readonly (ScanCount & { readonly shape: string; readonly examples: readonly string[] })[];
  readonly otherUnknown: number;
  readonly sources: number;
  readonly lines: number;
  /** Records in the book. */
  readonly records: number;
  /** The whole range, as text; null without times. */
  readonly range: string | null;
  readonly seconds: number;
  readonly stopped: boolean;
}

export interface ScanTextOptions {
  readonly lang: Lang;
  readonly color: boolean;
  readonly columns: number;
}

/** Kinds of unknown trouble that are listed. */
const SHOWN_SHAPES = 8;
/** Numbers with separators, as everybody reads them. */
const grouped = (n: number): string => String(n).replace(/\B(?=(?:\d{3})+$)/g, ',');

/** @returns text that ends with a newline. */
export function renderScan(view: ScanView, { lang, color, columns }: ScanTextOptions): string {
  const m = messagesOf(lang);
  const style = styleOf(color);
  const { findings } = view.diagnosis;
  const out: string[] = [];
  const about = m.scanAbout({
    lines: grouped(view.lines),
    sources: view.sources,
    range: view.range,
    seconds: view.seconds < 10 ? view.seconds.toFixed(1) : String(Math.round(view.seconds)),
  });
  out.push(
    style.bold(findings.length > 0 ? m.scanKnown(findings.length) : m.scanNone(view.records)) +
      (widthOf(about) < columns ? `  ${style.dim(about)}` : ''),
  );
  if (view.stopped) out.push(style.note(m.scanStopped));
  if (findings.length > 0) {
    const followers = new Set(findings.flatMap((f) => f.leads_to));
    const rows = findings.map((f) => rowOf(f, view.counts[f.id], m, followers.has(f.id)));
    const head = [m.scanBegan, m.scanLines, m.scanFiles, m.scanRate, m.scanRecord];
    out.push(...tableOf([head, ...rows]).map((line, i) => (i === 0 ? style.dim(line) : line)));
    for (const finding of findings.slice(0, 1))
      out.push(...nextOf(finding, view.counts[finding.id], m, lang, color));
  }
  if (view.shapes.length > 0) {
    const lines = view.shapes.reduce((sum, s) => sum + s.lines, view.otherUnknown);
    out.push('', style.bold(m.scanUnknown(view.shapes.length, grouped(lines))));
    const shown = view.shapes.slice(0, SHOWN_SHAPES);
    const began = shown.map((s) => beganOf(s, m));
    const width = Math.max(...began.map(widthOf));
    const digits = Math.max(...shown.map((s) => grouped(s.lines).length));
    shown.forEach((s, i) => {
      const left = `  ${pad(began[i] as string, width)}  ${grouped(s.lines).padStart(digits)}  `;
      out.push(`${left}${visible(s.shape, Math.max(30, columns - widthOf(left)))}`);
    });
    const more = view.shapes.length - shown.length;
    if (more > 0) out.push(`  ${style.dim(m.moreShapes(more))}`);
    out.push(style.dim(`  ${m.scanShow}`));
  }
  return `${out.join('\n')}\n`;
}

function beganOf({ began, isNew }: ScanCount, m: Messages): string {
  if (began === null) return m.scanNoTime;
  return isNew ? `${began} ${m.scanNew}` : began;
}

function rowOf(
  finding: DiagnosisFinding,
  count: ScanCount | undefined,
  m: Messages,
  follows: boolean,
): string[] {
  const { rate } = count ?? {};
  const perMinute = (n: number) => (n === 0 ? '0' : n < 10 ? n.toFixed(1) : grouped(Math.round(n)));
  const name = `${follows ? '↳ ' : ''}${visible(finding.id)}`;
  return [
    count ? beganOf(count, m) : '',
    grouped(count?.lines ?? finding.occurrences),
    String(count?.sources ?? 1),
    rate ? `${perMinute(rate.now)} / ${perMinute(rate.before)}` : '',
    finding.verdict === 'possible' ? `${name} ${m.aside(m.possible)}` : name,
  ];
}

/** Columns, the numbers to the right; the record stands last, so that its id is never cut. */
function tableOf(rows: readonly (readonly string[])[]): string[] {
  const last = (rows[0]?.length ?? 1) - 1;
  const widths = rows[0]?.map((_, c) => Math.max(...rows.map((r) => widthOf(r[c] ?? '')))) ?? [];
  return rows.map((r) => {
    const cells = r.map((text, c) => {
      if (c === 0) return pad(text, widths[c] as number);
      return c === last ? text : `${' '.repeat((widths[c] as number) - widthOf(text))}${text}`;
    });
    return `  ${cells.join('  ')}`.trimEnd();
  });
}

/** The first known error: what it is, where it stands, what to do first. */
function nextOf(
  finding: DiagnosisFinding,
  count: ScanCount | undefined,
  m: Messages,
  lang: Lang,
  color: boolean,
): string[] {
  const style = styleOf(color);
  const { next } = finding;
  const head =
    next.kind === 'check'
      ? `${m.checkFirst} [${next.key}]`
      : next.kind === 'action'
        ? `${m.doFirst} [${next.key}]`
        : m.stop;
  return [
    '',
    style.bold(visible(inLang(lang, finding.title, finding.title_zh))),
    ...(count ? [`  ${style.dim(visible(count.first))}`] : []),
    `  ${style.dim(`> ${visible(finding.excerpt.trim(), 120)}`)}`,
    `${head}`,
    ...next.commands.flatMap((c) => c.split('\n')).map((c) => `    ${style.command(visible(c, 4000))}`),
    `  ${style.dim(m.page(finding.id))}`,
  ];
}

/** The lines that were kept of one kind of unknown trouble, as they are. */
export function renderShape(view: ScanView, index: number, { lang, columns }: ScanTextOptions): string {
  const m = messagesOf(lang);
  const shape = view.shapes[index];
  if (!shape) return `${m.scanNoShape(view.shapes.length)}\n`;
  const examples = shape.examples.map((e) => `  ${visible(e, Math.max(60, columns * 3))}`);
  return `${visible(shape.shape, 400)}\n  ${shape.first}, ${grouped(shape.lines)} ×\n${examples.join('\n')}\n`;
}

/** A document of a scan, for programs: `{ schema: "scan.v1", …, diagnosis: diagnosis.v1 }`. */
export function renderScanJson(document: object): string {
  return stringifySafely({ schema: 'scan.v1', ...document });
}

/** The same document as the last line of a stream of events. */
export function renderScanLine(document: object): string {
  return stringifyLine({ type: 'summary', schema: 'scan.v1', ...document });
}
