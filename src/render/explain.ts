/** One record as a page. The Markdown is the page; the text is the same, wrapped and coloured for a terminal. */
import { type Neighbours, type Possible, type Standing, treeOf } from '../diagnosis/index.ts';
import {
  type EvidenceSummary,
  type FieldCase,
  type FieldTransition,
  fieldFigures,
  figuresOf,
  flagsOf,
  intervalOf,
  MIN_CASES_FOR_INTERVAL,
  observationAt,
  surveyOf,
} from '../evidence/index.ts';
import type { FaultRecord } from '../record/index.ts';
import { renderMatrix } from './matrix.ts';
import { inLang, type Lang, type Messages, messagesOf } from './messages.ts';
import { fenceFor, safeLines, visible } from './safe.ts';
import { styleOf } from './style.ts';
import { versionsLine } from './text.ts';
import { readingTitle, treeLines } from './tree.ts';

export interface ExplainOptions {
  readonly lang: Lang;
  readonly format: 'text' | 'markdown' | 'json';
  readonly color: boolean;
  /** Addresses become terminal links (OSC 8). Default: not. */
  readonly links?: boolean;
  readonly columns: number;
  /** What the lab found; null where nothing was run. */
  readonly evidence: EvidenceSummary | null;
  /** Worlds that fit what is known of the reader; null where nothing was measured. */
  readonly possible: Possible | null;
  readonly neighbours: Neighbours;
  /** What was reported from the field; absent: nothing. */
  readonly field?: FieldPage;
  /** Where the record came from; null: it ships with the program. */
  readonly standing: Standing | null;
}

/** Cases of this record, and the edges that start at it. */
export interface FieldPage {
  readonly cases: readonly FieldCase[];
  readonly transitions: readonly FieldTransition[];
}

/** Columns of what is set in the page as it is: the matrix and the tree. */
const FIXED_COLUMNS = 76;

/** A piece of the page; both formats are written from the same list. */
type Block =
  | { readonly kind: 'title' | 'heading' | 'subheading' | 'prose' | 'item' | 'note'; readonly text: string }
  /** `code`: commands; `fixed`: lines to be left as they are. */
  | { readonly kind: 'code'; readonly lines: readonly string[] }
  | { readonly kind: 'fixed'; readonly lines: readonly string[] };

export function renderExplain(record: FaultRecord, options: ExplainOptions): string {
  if (options.format === 'json')
    return `${JSON.stringify({ ...record, evidence: evidenceOf(record, options), field: fieldOf(record, options) }, null, 2)}\n`;
  const blocks = pageOf(record, options);
  return options.format === 'markdown' ? asMarkdown(blocks) : asText(blocks, options);
}

/** What was measured, as data: the matrix world by world, the tree, the survey. */
function evidenceOf(record: FaultRecord, { evidence, possible }: ExplainOptions): object | null {
  if (!evidence) return null;
  const { tier, environments, measured, date, trials, repeats, table } = evidence;
  const named = (row: string, keys: readonly string[], from: number) =>
    Object.fromEntries(
      keys.flatMap((key, i) => {
        const { seen } = observationAt(table as NonNullable<typeof table>, { row }, from + i);
        return seen === 'not_applicable' ? [] : [[key, seen]];
      }),
    );
  return {
    tier,
    environments,
    measured,
    date,
    trials,
    repeats,
    matrix: table?.worlds.map(({ cause, env, row }) => ({
      cause,
      environment: env,
      outcomes: named(row, table.actions, 0),
      readings: named(row, table.checks, table.actions.length),
      repaired_by: table.actions.filter((_, i) => observationAt(table, { row }, i).repairs),
    })),
    healthy: table?.healthy.map(({ env, row }) => ({
      environment: env,
      outcomes: named(row, table.actions, 0),
    })),
    tree: possible && treeOf(record, evidence, possible),
    survey: surveyOf(record),
  };
}

/** What was reported, as data; null where nothing was. */
function fieldOf(record: FaultRecord, { field }: ExplainOptions): object | null {
  if (!field || field.cases.length + field.transitions.length === 0) return null;
  const actions = [...record.workarounds, ...record.dead_ends].flatMap(({ key }) => {
    const figures = fieldFigures(field.cases, key);
    return figures ? [[key, figures]] : [];
  });
  return { verified: false, actions: Object.fromEntries(actions), leads_to: field.transitions };
}

function pageOf(record: FaultRecord, options: ExplainOptions): Block[] {
  const { lang, evidence, possible, columns, neighbours } = options;
  const m = messagesOf(lang);
  const t = (english: string | null, chinese: string | null): string => inLang(lang, english, chinese);
  const out: Block[] = [];
  const add = (kind: Exclude<Block['kind'], 'code' | 'fixed'>, text: string): void => {
    // An item stands behind its dash.
    const before = kind === 'item' ? '- ' : '';
    if (text.trim() !== '') out.push({ kind, text: visible(before + text, 20_000).slice(before.length) });
  };
  const code = (lines: readonly string[]): void => {
    if (lines.length > 0)
      out.push({
        kind: 'code',
        lines: lines.flatMap((l) => l.split('\n')).map((l) => visible(asked(l), 20_000)),
      });
  };

  const fixed = (lines: readonly string[]): void => {
    out.push({ kind: 'fixed', lines: lines.map((l) => visible(l, 20_000)) });
  };
  /** What the lab made of an action. */
  const lab = (key: string): void => {
    const figures = evidence?.table ? figuresOf(evidence.table, key) : null;
    if (!figures) return;
    const everywhere = figures.environments.length === evidence?.measured.length;
    add('note', m.lab(figures, everywhere ? null : figures.environments));
  };
  /** What the field made of it. */
  const reported = (key: string): void => {
    const figures = options.field ? fieldFigures(options.field.cases, key) : null;
    if (!figures) return;
    const lines = figures.lines.map((l) => m.fieldLine(l.line, l.fixed, l.of)).join('; ');
    add('note', figures.lines.length > 1 ? `${m.field(figures)} (${lines})` : m.field(figures));
  };

  add('title', record.id);
  add('prose', t(record.title, record.title_zh));
  add(
    'note',
    [
      ...(options.standing && !options.standing.trusted
        ? [
            m.from({ ...options.standing, origin: record.origin }),
            ...(evidence ? [m.elsewhere(options.standing.book)] : []),
          ]
        : [m.origin(record.origin) || m.standing(evidence?.tier ?? 'claimed', flagsOf(evidence))]),
      ...(record.transient === null ? [] : [m.retry(record.transient)]),
    ].join('; '),
  );
  code(record.signature.split('\n'));
  if (lang === 'zh') add('prose', record.signature_zh ?? '');
  if (record.root_cause !== null) {
    add('heading', m.explanation);
    add('prose', t(record.root_cause, record.root_cause_zh));
  }
  if (record.causes.length > 0) add('heading', m.causes(record.causes.length));
  for (const c of record.causes) {
    add('item', `${c.key}${m.colon}${t(c.title, c.title_zh)}`);
    add('note', t(c.explanation, c.explanation_zh));
  }
  if (evidence && evidence.lost.length > 0) {
    add('heading', m.lostHeading);
    for (const { claim, env, cause, measured } of evidence.lost)
      add('item', m.lost(claim.replace(/^action:/, ''), env, cause, m.outcomes[measured] ?? measured));
  }
  const table = evidence?.table;
  const tree = evidence && possible && treeOf(record, evidence, possible);
  if (tree) {
    add('heading', m.treeHeading);
    if (possible.known === 'other') add('note', m.notYours);
    if (possible.known === 'yours') add('note', m.yours(possible.environments.join(', ')));
    fixed(treeLines(record, tree, lang, Math.min(columns - 2, FIXED_COLUMNS)));
    add('note', m.treeNote);
    if (!surveyOf(record)) add('note', m.noSurvey);
  }
  survey(record, m, add);
  if (record.checks.length > 0) add('heading', m.checks);
  for (const c of record.checks) {
    add('subheading', `[${c.key}] ${t(c.question, c.question_zh)}`);
    code([c.command]);
    for (const r of c.readings)
      add('item', `${readingTitle(record, c.key, r.key, lang, m)}${m.colon}${m.means(r.means)}`);
  }
  if (record.workarounds.length > 0) add('heading', m.try);
  for (const w of record.workarounds) {
    add('subheading', `[${w.key}] ${t(w.action, w.action_zh) || m.unnamedAction}`);
    if (w.for.length > 0) add('note', m.forCauses(w.for.join(' / ')));
    code(w.commands);
    add('prose', t(w.how, w.how_zh));
    if (w.why_works !== null) add('prose', `${m.whyWorks}${m.colon}${t(w.why_works, w.why_works_zh)}`);
    if (w.by !== 'you') add('note', m.by(w.by));
    if (w.risk === 'high') add('note', m.highRisk);
    lab(w.key);
    reported(w.key);
    if (w.success_rate !== null) add('note', m.claimed(Math.round(w.success_rate * 100)));
    for (const s of w.sources) add('item', s);
  }
  if (record.dead_ends.length > 0) add('heading', m.avoid);
  for (const d of record.dead_ends) {
    add('subheading', `[${d.key}] ${t(d.action, d.action_zh) || m.unnamedAction}`);
    if (d.except.length > 0) add('note', m.except(d.except.join(' / ')));
    code(d.commands);
    if (d.why_fails !== null) add('prose', `${m.whyFails}${m.colon}${t(d.why_fails, d.why_fails_zh)}`);
    lab(d.key);
    reported(d.key);
    if (d.fail_rate !== null) add('note', m.claimed(Math.round(d.fail_rate * 100)));
    for (const s of d.sources) add('item', s);
  }
  if (table) {
    add('heading', m.matrix);
    const width = Math.min(columns - 2, FIXED_COLUMNS);
    fixed(
      renderMatrix(record, table, { lang, color: false, columns: width, whole: true }).trimEnd().split('\n'),
    );
  }
  const untested = Object.entries(record.untested);
  if (untested.length > 0) add('heading', m.untested);
  for (const [claim, reason] of untested) add('item', `${claim}: ${reason}`);
  neighbourhood(neighbours, m, add);
  const transitions = options.field?.transitions ?? [];
  if (transitions.length > 0) add('heading', m.fieldLeadsTo);
  for (const { to, reporters } of transitions) add('item', m.fieldTransition(to, reporters));
  if (record.official_doc_url !== null) {
    add('heading', m.documentation);
    add('item', record.official_doc_url);
  }
  if (record.sources.length > 0) add('heading', m.sources);
  for (const s of record.sources) add('item', s);
  if (evidence && table) {
    add('heading', m.trialsHeading);
    for (const { name, suite, versions } of evidence.measured) {
      const here = table.worlds.filter((w) => w.env === name);
      const wordings = [...new Set(here.map((w) => w.wording ?? ''))].sort();
      // Where the error comes in other words than the record's own pattern, that tells versions apart.
      const said = wordings.some((w) => w !== '')
        ? `; ${m.wordings(wordings.map((w) => w || m.ownWording).join(', '))}`
        : '';
      add('item', `${name} (${suite})${m.colon}${versionsLine([{ versions }])}${said}`);
    }
    add(
      'prose',
      m.measuredOn(evidence.measured.map((e) => e.name).join(', '), evidence.trials, evidence.date),
    );
    if (!table.observations.some((o) => o.seen === 'mixed')) add('prose', m.repeats(evidence.repeats));
    add('prose', m.rerun(record.id));
  }
  return out;
}

/** What public threads turned out to be: fractions; an interval only where there are enough of them. */
function survey(
  record: FaultRecord,
  m: Messages,
  add: (kind: 'heading' | 'item' | 'note', text: string) => void,
): void {
  const found = surveyOf(record);
  if (!found) return;
  add('heading', m.surveyHeading);
  const rows = [...found.causes, { ...found.other, key: m.surveyOther }]
    .filter((c) => c.threads > 0)
    .sort((a, b) => b.threads - a.threads);
  for (const c of rows) {
    const listed = found.causes.some((cause) => cause.key === c.key);
    const wide = found.counted >= MIN_CASES_FOR_INTERVAL && listed;
    const [low, high] = wide ? intervalOf(found, new Set([c.key])) : [0, 0];
    const interval = wide ? `; ${m.surveyInterval(Math.round(low * 100), Math.round(high * 100))}` : '';
    add('item', `${c.key}${m.colon}${m.surveyCount(c.threads, found.settled)}${interval}`);
  }
  add('note', m.surveySaid(found.settled, found.found, found.date, record.survey?.queries ?? []));
  for (const thread of record.survey?.cases ?? []) {
    const cause = Array.isArray(thread.cause) ? thread.cause.join(' / ') : thread.cause;
    add('item', `${cause}${thread.cause === 'open' ? '' : ` (${thread.basis})`}: ${thread.url}`);
  }
}

function neighbourhood(
  { leads_to, confused_with }: Neighbours,
  m: Messages,
  add: (kind: 'heading' | 'item', text: string) => void,
): void {
  const edges = [
    [m.leadsTo, leads_to],
    [m.confused, confused_with],
  ] as const;
  for (const [title, ids] of edges) {
    if (ids.length > 0) add('heading', title);
    for (const id of ids) add('item', id);
  }
}

/** A page stands for no finding: what a finding would fill in, the reader does. */
function asked(command: string): string {
  return command.replace(/\{\{([a-z][a-z0-9_]*)\}\}/g, '<$1>');
}

/** Markdown in which nothing of a record can become a link, an image or raw HTML. */
function escapeMarkdown(text: string): string {
  return text.replace(/[\\`*_[\]<>|!#]/g, (c) => `\\${c}`);
}

function asMarkdown(blocks: readonly Block[]): string {
  const marks = { title: '# ', heading: '## ', subheading: '### ', prose: '', item: '- ', note: '' } as const;
  const lines: string[] = [];
  let before: Block['kind'] | null = null;
  for (const block of blocks) {
    if (before !== null && !(before === 'item' && block.kind === 'item')) lines.push('');
    if (block.kind === 'code' || block.kind === 'fixed') {
      const fence = fenceFor(block.lines.join('\n'));
      lines.push(`${fence}text`, ...block.lines, fence);
    } else if (/^https?:\/\/[^\s<>]+$/.test(block.text)) lines.push(`${marks[block.kind]}<${block.text}>`);
    else if (block.kind === 'note') lines.push(`*${escapeMarkdown(block.text)}*`);
    else lines.push(`${marks[block.kind]}${escapeMarkdown(block.text)}`);
    before = block.kind;
  }
  return `${lines.join('\n')}\n`;
}

/** A terminal link, for an address of a record that holds nothing but what addresses may; else as it is. */
function linked(address: string): string {
  return /^https?:\/\/[\x21-\x7e]+$/.test(address)
    ? `\x1b]8;;${address}\x1b\\${address}\x1b]8;;\x1b\\`
    : address;
}

function asText(blocks: readonly Block[], { color, columns, links }: ExplainOptions): string {
  const style = styleOf(color);
  const width = Math.max(40, columns);
  const lines: string[] = [];
  for (const block of blocks) {
    if (block.kind === 'fixed') {
      lines.push(...block.lines.map((l) => (l === '' ? '' : `  ${l}`)));
      continue;
    }
    if (block.kind === 'code') {
      lines.push(...block.lines.map((l) => `      ${style.command(l)}`));
      continue;
    }
    const { text } = block;
    const wrapped = (indent: string, first = indent): string[] =>
      safeLines(text, width - indent.length, { first, rest: indent, maxColumns: 20_000 });
    switch (block.kind) {
      case 'title':
        lines.push(style.bold(text));
        break;
      case 'heading':
        lines.push('', style.bold(text));
        break;
      case 'subheading':
        lines.push('', ...wrapped('    ', '  ').map((l) => style.bold(l)));
        break;
      case 'prose':
        lines.push(...wrapped('  '));
        break;
      case 'item':
        lines.push(
          ...(/^https?:/.test(text) ? [`  - ${links ? linked(text) : text}`] : wrapped('    ', '  - ')),
        );
        break;
      case 'note':
        lines.push(...wrapped('    ').map((l) => style.dim(l)));
        break;
    }
  }
  return `${lines.join('\n')}\n`;
}
