/** One record as a page. The Markdown is the page; the text is the same, wrapped and coloured for a terminal. */
import type { FaultRecord } from '../record/index.ts';
import { inLang, type Lang, type Messages, messagesOf, type Tier } from './messages.ts';
import { fenceFor, visible } from './safe.ts';
import { styleOf } from './style.ts';
import { wrap } from './width.ts';

export interface ExplainOptions {
  readonly lang: Lang;
  readonly format: 'text' | 'markdown' | 'json';
  readonly color: boolean;
  readonly columns: number;
  readonly tier: Tier;
}

/** A piece of the page; both formats are written from the same list. */
type Block =
  | { readonly kind: 'title' | 'heading' | 'subheading' | 'prose' | 'item' | 'note'; readonly text: string }
  | { readonly kind: 'code'; readonly lines: readonly string[] };

export function renderExplain(record: FaultRecord, options: ExplainOptions): string {
  if (options.format === 'json') return `${JSON.stringify(record, null, 2)}\n`;
  const blocks = pageOf(record, options.lang, options.tier);
  return options.format === 'markdown' ? asMarkdown(blocks) : asText(blocks, options);
}

function pageOf(record: FaultRecord, lang: Lang, tier: Tier): Block[] {
  const m = messagesOf(lang);
  const t = (english: string | null, chinese: string | null): string => inLang(lang, english, chinese);
  const out: Block[] = [];
  const add = (kind: Exclude<Block['kind'], 'code'>, text: string): void => {
    if (text.trim() !== '') out.push({ kind, text: visible(text, 20_000) });
  };
  const code = (lines: readonly string[]): void => {
    if (lines.length > 0)
      out.push({
        kind: 'code',
        lines: lines.flatMap((l) => l.split('\n')).map((l) => visible(asked(l), 20_000)),
      });
  };

  add('title', record.id);
  add('prose', t(record.title, record.title_zh));
  add(
    'note',
    [
      m.origin(record.origin) || m.tier(tier),
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
  if (record.checks.length > 0) add('heading', m.checks);
  for (const c of record.checks) {
    add('subheading', `[${c.key}] ${t(c.question, c.question_zh)}`);
    code([c.command]);
    for (const r of c.readings) {
      const seen =
        t(r.title, r.title_zh) ||
        (r.regex === undefined ? m.exit(String(r.exit)) : `${m.prints} /${r.regex}/`);
      add('item', `${seen}${m.colon}${m.means(r.means.join(' / '))}`);
    }
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
    if (w.success_rate !== null) add('note', m.claimed(Math.round(w.success_rate * 100)));
    for (const s of w.sources) add('item', s);
  }
  if (record.dead_ends.length > 0) add('heading', m.avoid);
  for (const d of record.dead_ends) {
    add('subheading', `[${d.key}] ${t(d.action, d.action_zh) || m.unnamedAction}`);
    if (d.except.length > 0) add('note', m.except(d.except.join(' / ')));
    code(d.commands);
    if (d.why_fails !== null) add('prose', `${m.whyFails}${m.colon}${t(d.why_fails, d.why_fails_zh)}`);
    if (d.fail_rate !== null) add('note', m.claimed(Math.round(d.fail_rate * 100)));
    for (const s of d.sources) add('item', s);
  }
  const untested = Object.entries(record.untested);
  if (untested.length > 0) add('heading', m.untested);
  for (const [claim, reason] of untested) add('item', `${claim}: ${reason}`);
  neighbours(record, m, add);
  if (record.official_doc_url !== null) {
    add('heading', m.documentation);
    add('item', record.official_doc_url);
  }
  if (record.sources.length > 0) add('heading', m.sources);
  for (const s of record.sources) add('item', s);
  return out;
}

function neighbours(
  record: FaultRecord,
  m: Messages,
  add: (kind: 'heading' | 'item', text: string) => void,
): void {
  const edges = [
    [m.leadsTo, record.transition_graph.leads_to],
    [m.confused, record.transition_graph.frequently_confused_with],
  ] as const;
  for (const [title, links] of edges) {
    const ids = links.filter((l): l is string => typeof l === 'string');
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
    if (block.kind === 'code') {
      const fence = fenceFor(block.lines.join('\n'));
      lines.push(`${fence}text`, ...block.lines, fence);
    } else if (/^https?:\/\/[^\s<>]+$/.test(block.text)) lines.push(`${marks[block.kind]}<${block.text}>`);
    else if (block.kind === 'note') lines.push(`*${escapeMarkdown(block.text)}*`);
    else lines.push(`${marks[block.kind]}${escapeMarkdown(block.text)}`);
    before = block.kind;
  }
  return `${lines.join('\n')}\n`;
}

function asText(blocks: readonly Block[], { color, columns }: ExplainOptions): string {
  const style = styleOf(color);
  const width = Math.max(40, columns);
  const lines: string[] = [];
  for (const block of blocks) {
    if (block.kind === 'code') {
      lines.push(...block.lines.map((l) => `      ${style.command(l)}`));
      continue;
    }
    const { text } = block;
    const wrapped = (indent: string, first = indent): string[] =>
      wrap(text, width - indent.length).map((l, i) => (i === 0 ? first : indent) + l);
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
        lines.push(...(/^https?:/.test(text) ? [`  - ${text}`] : wrapped('    ', '  - ')));
        break;
      case 'note':
        lines.push(...wrapped('    ').map((l) => style.dim(l)));
        break;
    }
  }
  return `${lines.join('\n')}\n`;
}
