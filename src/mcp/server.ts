/**
 * The server itself, whatever carries it: four tools, the records as resources, one prompt. It is made anew for each
 * connection or request and keeps nothing between calls; one factory serves both eras of the protocol.
 * Tools take text only, never a path or an address, and execute nothing.
 */
import { completable, McpServer, ResourceTemplate, type ServerContext } from '@modelcontextprotocol/server';
import { z } from 'zod';
import {
  DiagnosisSession,
  findingOf,
  guideStep,
  neighboursOf,
  parseSteps,
  possibleWorlds,
  printSteps,
} from '../diagnosis/index.ts';
import {
  casesFor,
  checkReport,
  type Environment,
  fieldCases,
  fieldTransitions,
  fieldWeights,
  REPORT_LIMITS,
  REPORT_OUTCOMES,
  weightsOf,
} from '../evidence/index.ts';
import { openFaultsOf, preflight } from '../preflight/index.ts';
import { type FaultRecord, findRecord } from '../record/index.ts';
import {
  preflightJson,
  renderClear,
  renderExplain,
  renderExplained,
  renderMarkdown,
  renderOpenFaults,
  renderPart,
  renderStep,
  renderUntrusted,
  renderWarning,
  shortDiagnosis,
  visible,
} from '../render/index.ts';
import {
  appendReports,
  closeFault,
  environmentOf,
  InputError,
  type OpenedBook,
  openFault,
  projectOf,
  type Reporter,
  readLedger,
  readOpenFaults,
} from '../store/index.ts';
import { MCP_LIMITS } from './limits.ts';

/** What a server answers from. */
export interface McpContext {
  readonly book: OpenedBook;
  /** As `--environment`; undefined: from this machine. */
  readonly environment: string | undefined;
  /** Folder in which faults are open. */
  readonly folder: string;
  readonly home: string | null;
  readonly version: string;
}

/** Who calls: may he report outcomes, and as whom. */
export type Caller =
  | { readonly mayReport: true; readonly reporter: Reporter }
  | { readonly mayReport: false; readonly why: string };

const INSTRUCTIONS =
  'Known software errors, each claim run in a lab. When a command fails, call diagnose with its output before you try a fix. ' +
  'Before a fix, preflight. After it, report_outcome. One step at a time: explain with steps. "none" means unknown: do not guess.';

const name = z.string().min(1).max(MCP_LIMITS.maxNameChars);
const lang = z.enum(['en', 'zh']).optional();
const environment = name.optional().describe('e.g. nginx=1.22');

const step = z.object({
  kind: z.string(),
  key: z.string().nullable(),
  commands: z.array(z.string()).optional(),
});
const DIAGNOSIS = z.object({
  schema: z.string(),
  verdict: z.enum(['match', 'possible', 'none']),
  findings: z.array(
    z.object({
      id: z.string(),
      verdict: z.string(),
      line: z.int(),
      tier: z.string(),
      trusted: z.boolean(),
      next: step.optional(),
      avoid: z.array(z.object({ key: z.string() })).optional(),
      try: z.array(z.object({ key: z.string(), for: z.array(z.string()) })).optional(),
    }),
  ),
  more: z.int(),
});
const EXPLAINED = z.object({
  id: z.string(),
  tier: z.string(),
  trusted: z.boolean(),
  steps: z.string().optional(),
  next: step.optional(),
  left: z.array(z.string()).optional(),
  expects: z.array(z.string()).optional(),
});
const PREFLIGHT = z.object({
  verdict: z.enum(['clear', 'warned']),
  fault: z.string().optional(),
  action: z.string().optional(),
  instead: step.nullable().optional(),
});
const REPORTED = z.object({ kept: z.boolean(), id: z.string() });

const READS = { readOnlyHint: true, openWorldHint: false } as const;

interface ToolAnswer {
  readonly text: string;
  readonly structured?: Record<string, unknown>;
}

/** A server for one connection or request. */
export function createServer(context: McpContext, caller: Caller): McpServer {
  const { book } = context;
  const server = new McpServer(
    { name: 'faultbook', version: context.version },
    { instructions: INSTRUCTIONS, maxToolInputElements: 100 },
  );
  server.registerTool(
    'diagnose',
    {
      description:
        'Which known error a failed command’s output holds: cause check, what not to try, what to try.',
      inputSchema: z.object({ text: z.string().describe('the output'), environment, lang }),
      outputSchema: DIAGNOSIS,
      annotations: READS,
    },
    (input, ctx) => answer(() => diagnose(context, input, ctx)),
  );
  server.registerTool(
    'explain',
    {
      description:
        'A record in short; with key: one cause, check or action in full; with steps ("" to begin, then "key=seen,…"): the next troubleshooting step.',
      inputSchema: z.object({
        record: name,
        key: name.optional(),
        steps: z.string().max(MCP_LIMITS.maxNameChars).optional(),
        environment,
        lang,
      }),
      outputSchema: EXPLAINED,
      annotations: READS,
    },
    (input) => answer(() => explain(context, input)),
  );
  server.registerTool(
    'preflight',
    {
      description:
        'Before running a command: is it a known dead end for a fault that is open here? Runs nothing.',
      inputSchema: z.object({ command: z.string().max(MCP_LIMITS.maxCommandChars) }),
      outputSchema: PREFLIGHT,
      annotations: READS,
    },
    ({ command }) => answer(() => checkCommand(context, command)),
  );
  server.registerTool(
    'report_outcome',
    {
      description: 'After an action: what came of it. Kept on this machine.',
      inputSchema: z.object({
        record: name,
        action: name,
        outcome: z.string().max(MCP_LIMITS.maxNameChars).describe(REPORT_OUTCOMES.join('|')),
        readings: z.record(z.string(), z.string()).optional().describe('check: reading'),
        moved_to: name.optional().describe('record'),
        note: z.string().max(REPORT_LIMITS.maxNoteChars).optional(),
      }),
      outputSchema: REPORTED,
      annotations: {
        readOnlyHint: false,
        destructiveHint: false,
        idempotentHint: true,
        openWorldHint: false,
      },
    },
    (input) => answer(() => report(context, caller, input)),
  );
  registerRecords(server, context);
  server.registerPrompt(
    'troubleshoot',
    {
      description: 'Guided troubleshooting of a known error, one step at a time.',
      argsSchema: z.object({
        // A schema of its own: it is marked, and a mark cannot be set twice.
        record: completable(name.clone(), (typed) => complete(idsOf(book), typed)),
        steps: z
          .string()
          .max(MCP_LIMITS.maxNameChars)
          .optional()
          .describe('what was seen so far: key=seen,…'),
        lang,
      }),
    },
    ({ record, steps, lang: language }) => {
      const { text } = explain(context, { record, steps: steps ?? '', lang: language });
      const guide =
        language === 'zh'
          ? '一次只做一步，做完把看到的填进 steps，再调用 explain；不要跳步，也不要试没有提到的办法。'
          : 'Do this one step, nothing else. Then call explain with what you saw in steps, and go on until it says to stop or it is fixed.';
      return { messages: [{ role: 'user', content: { type: 'text', text: `${guide}\n\n${text}` } }] };
    },
  );
  return server;
}

/** What cannot be used is told to the agent, as text, and is no fault of the protocol. */
async function answer(work: () => ToolAnswer | Promise<ToolAnswer>) {
  try {
    const { text, structured } = await work();
    return {
      content: [{ type: 'text' as const, text }],
      ...(structured ? { structuredContent: structured } : {}),
    };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    // It may quote what was typed.
    const text = error.message.split('\n').map((line) => visible(line, 400));
    return { content: [{ type: 'text' as const, text: `faultbook: ${text.join('\n')}` }], isError: true };
  }
}

/* diagnose */

async function diagnose(
  context: McpContext,
  input: {
    readonly text: string;
    readonly environment?: string | undefined;
    readonly lang?: 'en' | 'zh' | undefined;
  },
  ctx: ServerContext,
): Promise<ToolAnswer> {
  const { book } = context;
  const session = new DiagnosisSession(book, {
    environment: known(context, input.environment),
    reports: (record) => readLedger(record),
  });
  for (let at = 0; at < input.text.length; at += MCP_LIMITS.sliceChars) {
    session.push(input.text.slice(at, at + MCP_LIMITS.sliceChars));
    // Others get their turn, among them whoever takes this call back.
    await new Promise((resume) => setImmediate(resume));
    ctx.mcpReq.signal.throwIfAborted();
  }
  const diagnosis = session.end();
  const { project, below } = projectOf(context.folder);
  for (const fault of openFaultsOf(diagnosis, (finding) => ({
    command: null,
    below,
    nowMs: Date.now(),
    checks: recordOf(book, finding.id).record.checks,
  })))
    keepQuietly(() => openFault(project, fault));
  return {
    text: renderMarkdown(diagnosis, { lang: input.lang ?? 'en' }),
    structured: shortDiagnosis(diagnosis) as unknown as Record<string, unknown>,
  };
}

/** A disk that is full is no reason for a diagnosis to fail. */
function keepQuietly(write: () => unknown): void {
  try {
    write();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
  }
}

function known(context: McpContext, said: string | undefined): Environment {
  return environmentOf(context.book, said ?? context.environment);
}

/** @throws {InputError} naming the nearest ids. */
function recordOf(book: OpenedBook, id: string): { readonly record: FaultRecord; readonly index: number } {
  const found = findRecord(book.records, id);
  if (found.record === null) throw new InputError(found.problem);
  return found;
}

/* explain */

function explain(
  context: McpContext,
  input: {
    readonly record: string;
    readonly key?: string | undefined;
    readonly steps?: string | undefined;
    readonly environment?: string | undefined;
    readonly lang?: 'en' | 'zh' | undefined;
  },
): ToolAnswer {
  const { book } = context;
  const language = input.lang ?? 'en';
  const { record, index } = recordOf(book, input.record);
  const evidence = book.evidence[index] ?? null;
  const environment = known(context, input.environment);
  const reports = readLedger(record.id);
  const finding = findingOf(book, index, { environment, reports });
  const { id, tier, trusted } = finding;
  const about = { id, tier, trusted };
  if (!trusted) return { text: renderUntrusted(finding, language), structured: about };
  if (input.steps !== undefined) {
    const done = parseSteps(input.steps);
    if (done === null)
      throw new InputError('steps are “key=seen” with commas between them, e.g. "peer=old,upgrade=persists"');
    const cases = casesFor(fieldCases(record, evidence, reports), evidence, environment);
    const weights = weightsOf(record, fieldWeights(record, cases));
    const possible = evidence && possibleWorlds(evidence, null, environment);
    const guide = guideStep(record, evidence, possible, weights, done);
    if (guide.step === null) throw new InputError(guide.problem);
    const handle = printSteps(done);
    const { kind, key, left, expects } = guide.step;
    return {
      text: renderStep(record, guide.step, handle, language),
      structured: { ...about, steps: handle, next: { kind, key }, left: left.slice(0, 12), expects },
    };
  }
  if (input.key !== undefined) {
    const part = renderPart(record, evidence, input.key, language);
    if (!part.known) throw new InputError(part.text);
    return { text: part.text, structured: about };
  }
  const { kind, key, commands } = finding.next;
  return {
    text: renderExplained(finding, language),
    structured: { ...about, next: { kind, key, commands }, left: finding.next.left.slice(0, 12) },
  };
}

/* preflight */

function checkCommand(context: McpContext, line: string): ToolAnswer {
  const { project, folder } = projectOf(context.folder);
  const faults = readOpenFaults(project, Date.now());
  const warning = preflight(line, faults, { project, folder, home: context.home });
  if (!warning)
    return {
      text: faults.length > 0 ? renderClear() : renderOpenFaults([]),
      structured: { verdict: 'clear' },
    };
  const { verdict, warning: said } = preflightJson(warning) as {
    readonly verdict: string;
    readonly warning: { readonly fault: string; readonly action: string; readonly instead: object | null };
  };
  return {
    text: renderWarning(warning),
    structured: { verdict, fault: said.fault, action: said.action, instead: said.instead },
  };
}

/* report_outcome */

/** What a caller says, as it comes out of a call or a body. */
export interface SaidOutcome {
  readonly record: string;
  readonly action: string;
  readonly outcome: string;
  readonly readings?: Readonly<Record<string, string>> | undefined;
  readonly moved_to?: string | undefined;
  readonly note?: string | undefined;
}

/** Keeps a report that is right; else says what is wrong with it. @throws {InputError} where it cannot be kept */
export function keepOutcome(context: McpContext, reporter: Reporter, said: SaidOutcome) {
  const { report, problems } = checkReport(context.book.records, {
    record: said.record,
    action: said.action,
    outcome: said.outcome,
    readings: said.readings ?? {},
    moved_to: said.moved_to ?? null,
    note: said.note ?? null,
    // Of the machine on which the agent works; somebody at the other end of a network works on another.
    environment: reporter === null ? known(context, undefined) : {},
  });
  if (!report) return { kept: null, problems };
  const at = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  const [kept] = appendReports([report], at, reporter);
  if (report.outcome === 'fixed' && reporter === null)
    closeFault(projectOf(context.folder).project, report.record);
  return { kept: kept ?? null, problems };
}

function report(context: McpContext, caller: Caller, said: SaidOutcome): ToolAnswer {
  if (!caller.mayReport) throw new InputError(caller.why);
  const { kept, problems } = keepOutcome(context, caller.reporter, said);
  if (!kept) throw new InputError(problems.map((p) => p.problem).join('\n'));
  return {
    text: `faultbook: kept: ${kept.record} [${kept.action}] ${kept.outcome}.`,
    structured: { kept: true, id: kept.id },
  };
}

/* Records as resources. */

const SCHEME = 'faultbook://record/';

function idsOf(book: OpenedBook): readonly string[] {
  return book.records.map((r) => r.id);
}

function complete(words: Iterable<string>, typed: string): string[] {
  return [...new Set(words)].filter((w) => w.startsWith(typed)).slice(0, MCP_LIMITS.maxCompletions);
}

function registerRecords(server: McpServer, context: McpContext): void {
  const { book } = context;
  const template = new ResourceTemplate(`${SCHEME}{domain}/{+slug}`, {
    list: () => ({
      resources: book.records.slice(0, MCP_LIMITS.maxListed).map((record, index) => {
        const { title, trusted } = findingTitle(book, index);
        return {
          uri: SCHEME + record.id,
          name: record.id,
          title: trusted ? title : 'untrusted, not run here',
          mimeType: trusted ? 'text/markdown' : 'text/plain',
        };
      }),
    }),
    complete: {
      domain: (typed) =>
        complete(
          idsOf(book).map((id) => id.split('/')[0] as string),
          typed,
        ),
      slug: (typed, more) => {
        const domain = more?.arguments?.domain;
        const ids = idsOf(book).filter((id) => domain === undefined || id.startsWith(`${domain}/`));
        return complete(
          ids.map((id) => id.slice(id.indexOf('/') + 1)),
          typed,
        );
      },
    },
  });
  server.registerResource(
    'record',
    template,
    { title: 'A known error', description: 'causes, checks, what helps and what does not, as measured' },
    (uri) => {
      const { text, mimeType } = pageOf(context, decodeURI(uri.href).slice(SCHEME.length));
      return { contents: [{ uri: uri.href, mimeType, text }] };
    },
  );
}

function findingTitle(
  book: OpenedBook,
  index: number,
): { readonly title: string; readonly trusted: boolean } {
  const record = book.records[index] as FaultRecord;
  const from = book.standing?.[index] ?? null;
  return {
    title: visible(record.title ?? record.signature),
    trusted: from === null ? record.origin === 'authored' : from.trusted,
  };
}

/** The whole page, as `explain --format markdown` prints it; of what nobody vouched for, its name. */
function pageOf(context: McpContext, id: string): { readonly text: string; readonly mimeType: string } {
  const { book } = context;
  const { record, index } = recordOf(book, id);
  const evidence = book.evidence[index] ?? null;
  const environment = known(context, undefined);
  const reports = readLedger();
  const finding = findingOf(book, index, { environment });
  if (!finding.trusted) return { text: renderUntrusted(finding, 'en'), mimeType: 'text/plain' };
  const text = renderExplain(record, {
    lang: 'en',
    format: 'markdown',
    color: false,
    columns: 100,
    evidence,
    neighbours: neighboursOf(book, index),
    standing: book.standing?.[index] ?? null,
    field: {
      cases: fieldCases(record, evidence, reports),
      transitions: fieldTransitions(reports).filter((t) => t.from === record.id),
    },
    possible: evidence && possibleWorlds(evidence, null, environment),
  });
  return { text, mimeType: 'text/markdown' };
}
