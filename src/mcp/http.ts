/**
 * MCP and outcome reports over HTTP, on loopback: streamable HTTP at `/mcp`, `POST /v1/report-outcome`. Whoever can reach
 * the port can ask; to write takes a token, and without tokens nobody can. Host and Origin must be this machine's own, so
 * that no page in a browser gets through; body, time and concurrency are bounded before anything is understood.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createMcpHandler } from '@modelcontextprotocol/server';
import { z } from 'zod';
import { REPORT_LIMITS } from '../evidence/index.ts';
import { stringifySafely } from '../render/index.ts';
import { InputError } from '../store/index.ts';
import { HTTP_LIMITS, MCP_LIMITS } from './limits.ts';
import { idAtEnds, readMessage, refusalText, TOO_LARGE } from './messages.ts';
import { type Caller, createServer, keepOutcome, type McpContext } from './server.ts';

export interface HttpOptions {
  /** 0: any that is free. */
  readonly port: number;
  /** Who may report outcomes; empty: nobody. Each is one reporter. */
  readonly tokens: readonly string[];
}

export interface HttpDoor {
  readonly port: number;
  close(): Promise<void>;
}

const LOOPBACK = '127.0.0.1';
const NAMES = ['127.0.0.1', 'localhost', '[::1]'];
const JSON_TYPE = 'application/json';
const PROBLEM_TYPE = 'application/problem+json';
const NO_WRITES =
  'this server takes no outcome reports; it does when it is started with --token-file, from whoever shows a token in it';
const NEEDS_TOKEN = 'an outcome report needs a token of this server (Authorization: Bearer …)';

const NAME = z.string().min(1).max(MCP_LIMITS.maxNameChars);
const OUTCOME = z.strictObject({
  record: NAME,
  action: NAME,
  outcome: NAME,
  readings: z.record(z.string(), z.string()).optional(),
  moved_to: NAME.optional(),
  note: z.string().max(REPORT_LIMITS.maxNoteChars).optional(),
});

/** What makes a server for a request; tests add to what ours has. */
export type MakeServer = typeof createServer;

/** Opens the door. @throws {InputError} where the port cannot be had */
export async function openHttp(
  context: McpContext,
  options: HttpOptions,
  make: MakeServer = createServer,
): Promise<HttpDoor> {
  const door = new Door(context, options.tokens, make);
  const server = createHttpServer(
    {
      maxHeaderSize: HTTP_LIMITS.maxHeaderBytes,
      headersTimeout: HTTP_LIMITS.headersMs,
      requestTimeout: HTTP_LIMITS.requestMs,
      keepAliveTimeout: HTTP_LIMITS.keepAliveMs,
      // How often Node looks for requests that are too slow; its own 30 s would make the limits above a guess.
      connectionsCheckingInterval: 500,
    },
    (request, response) => void door.answer(request, response),
  );
  server.maxConnections = HTTP_LIMITS.maxConnections;
  await new Promise<void>((opened, failed) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      failed(new InputError(`port ${options.port} cannot be had: ${error.message}`)),
    );
    server.listen(options.port, LOOPBACK, opened);
  });
  door.port = (server.address() as { readonly port: number }).port;
  return { port: door.port, close: () => door.close(server) };
}

type Body = { readonly text: string } | { readonly tooLarge: true; readonly head: string };

class Door {
  port = 0;
  private readonly context: McpContext;
  private readonly tokens: readonly Buffer[];
  private readonly handler: ReturnType<typeof createMcpHandler>;
  private working = 0;

  constructor(context: McpContext, tokens: readonly string[], make: MakeServer) {
    this.context = context;
    this.tokens = tokens.map(digest);
    this.handler = createMcpHandler(
      ({ requestInfo }) => make(context, this.callerOf(requestInfo?.headers.get('authorization') ?? null)),
      {
        maxRequestBodySize: MCP_LIMITS.maxMessageBytes,
        maxSubscriptions: HTTP_LIMITS.maxSubscriptions,
        onerror: noteForDebugging,
      },
    );
  }

  async close(server: Server): Promise<void> {
    const closed = new Promise<void>((done) => server.close(() => done()));
    await this.handler.close();
    server.closeAllConnections();
    await closed;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => {});
    const strange = this.strangeness(request);
    if (strange !== null) return problem(response, 403, strange);
    if (this.working >= HTTP_LIMITS.maxConcurrent) {
      response.setHeader('Retry-After', '1');
      return problem(response, 503, `${HTTP_LIMITS.maxConcurrent} requests are being answered; try again`);
    }
    this.working++;
    const cut = setTimeout(() => request.socket.destroy(), HTTP_LIMITS.exchangeMs);
    try {
      const [path] = (request.url ?? '').split('?');
      if (path === '/mcp') await this.mcp(request, response);
      else if (path === '/v1/report-outcome') await this.outcome(request, response);
      else problem(response, 404, 'there is /mcp and /v1/report-outcome');
    } catch (error) {
      noteForDebugging(error);
      if (!response.headersSent) problem(response, 500, 'internal error, please report it');
      else response.destroy();
    } finally {
      clearTimeout(cut);
      this.working--;
    }
  }

  /** Why a request does not come from a program of this machine that means this server; null: it may. */
  private strangeness(request: IncomingMessage): string | null {
    const hosts = request.rawHeaders.filter(
      (_, i) => i % 2 === 0 && request.rawHeaders[i]?.toLowerCase() === 'host',
    );
    const host = (request.headers.host ?? '').toLowerCase();
    if (hosts.length !== 1 || !NAMES.some((name) => host === `${name}:${this.port}`))
      return `the Host must be ${NAMES.map((n) => `${n}:${this.port}`).join(', ')}`;
    const { origin } = request.headers;
    if (origin !== undefined && !NAMES.some((name) => origin === `http://${name}:${this.port}`))
      return 'the Origin is another place’s; pages of other places do not get in';
    return null;
  }

  private callerOf(authorization: string | null): Caller {
    if (this.tokens.length === 0) return { mayReport: false, why: NO_WRITES };
    const token = /^Bearer ([\x21-\x7e]{1,1000})$/i.exec(authorization ?? '')?.[1];
    // Digests are of one length: comparing them takes the same time however much of a guess is right.
    const given = digest(token ?? '');
    if (token === undefined || !this.tokens.some((t) => timingSafeEqual(t, given)))
      return { mayReport: false, why: NEEDS_TOKEN };
    return { mayReport: true, reporter: { token } };
  }

  private async mcp(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = 'GET' } = request;
    let text: string | null = null;
    if (method === 'POST') {
      const body = await bodyOf(request);
      if ('tooLarge' in body)
        return send(response, 413, JSON_TYPE, refusalText(TOO_LARGE, idAtEnds(body.head, '')));
      const read = readMessage(body.text);
      if ('refusal' in read)
        return send(response, 400, JSON_TYPE, refusalText(read.refusal, idAtEnds(body.text, body.text)));
      text = body.text;
    }
    const gone = new AbortController();
    response.on('close', () => gone.abort());
    const answered = await this.handler.fetch(
      new Request(`http://${LOOPBACK}:${this.port}/mcp`, {
        method,
        headers: headersOf(request),
        signal: gone.signal,
        ...(text === null ? {} : { body: text }),
      }),
    );
    await pass(answered, response);
  }

  private async outcome(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.method !== 'POST') {
      response.setHeader('Allow', 'POST');
      return problem(response, 405, 'an outcome report is posted');
    }
    const caller = this.callerOf(request.headers.authorization ?? null);
    if (!caller.mayReport) {
      if (this.tokens.length > 0) response.setHeader('WWW-Authenticate', 'Bearer');
      return problem(response, this.tokens.length > 0 ? 401 : 403, caller.why);
    }
    if (!/^application\/json\s*(?:;|$)/i.test(request.headers['content-type'] ?? ''))
      return problem(response, 415, `the body must be ${JSON_TYPE}`);
    const body = await bodyOf(request);
    if ('tooLarge' in body) return problem(response, 413, TOO_LARGE.message);
    const read = readMessage(body.text);
    if ('refusal' in read) return problem(response, 400, read.refusal.message);
    const said = OUTCOME.safeParse(read.value);
    if (!said.success) {
      const [issue] = said.error.issues;
      return problem(response, 400, `${issue?.path.join('.') || 'the body'}: ${issue?.message}`);
    }
    try {
      const { kept, problems } = keepOutcome(this.context, caller.reporter, said.data);
      if (!kept) return problem(response, 400, problems.map((p) => p.problem).join('; '), { problems });
      send(response, 201, JSON_TYPE, JSON.stringify({ kept: true, id: kept.id }));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      problem(response, 503, 'the report could not be kept');
    }
  }
}

/** The body, no more of it than is allowed. A body that stops coming ends with the time for a request. */
function bodyOf(request: IncomingMessage): Promise<Body> {
  return new Promise((done, failed) => {
    const pieces: Buffer[] = [];
    let bytes = 0;
    request.on('data', (piece: Buffer) => {
      bytes += piece.length;
      pieces.push(piece);
      if (bytes <= MCP_LIMITS.maxMessageBytes) return;
      request.removeAllListeners('data');
      request.resume();
      done({ tooLarge: true, head: Buffer.concat(pieces).toString('utf8', 0, 1024) });
    });
    request.on('end', () => done({ text: Buffer.concat(pieces).toString('utf8') }));
    request.on('error', failed);
    request.on('close', () => failed(new Error('gone')));
  });
}

function headersOf(request: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    // About the connection, not the message.
    if (
      value === undefined ||
      /^(?:connection|content-length|expect|host|keep-alive|te|transfer-encoding|upgrade)$/.test(name)
    )
      continue;
    for (const one of Array.isArray(value) ? value : [value]) headers.append(name, one);
  }
  return headers;
}

/** Passes an answer on, piece by piece: a stream stays one. */
async function pass(answered: Response, response: ServerResponse): Promise<void> {
  response.writeHead(answered.status, { ...Object.fromEntries(answered.headers), ...ALWAYS });
  const reader = answered.body?.getReader();
  response.on('close', () => void reader?.cancel().catch(() => {}));
  for (;;) {
    const piece = await reader?.read();
    if (!piece || piece.done) break;
    if (!response.write(piece.value))
      await new Promise((drained) => response.once('drain', drained).once('close', drained));
  }
  response.end();
}

/** No page of another place may read an answer, whatever a browser makes of it. */
const ALWAYS = { 'X-Content-Type-Options': 'nosniff', 'Cache-Control': 'no-store' } as const;

function send(response: ServerResponse, status: number, type: string, text: string): void {
  const close = status === 413 ? { Connection: 'close' } : {};
  response.writeHead(status, { 'Content-Type': type, ...ALWAYS, ...close });
  response.end(text);
}

/** What went wrong is nobody's business but that of who asks for it here. */
function noteForDebugging(error: unknown): void {
  if (process.env.FAULTBOOK_DEBUG) process.stderr.write(`${(error as Error)?.stack ?? error}\n`);
}

/** RFC 9457. */
function problem(response: ServerResponse, status: number, detail: string, more: object = {}): void {
  send(response, status, PROBLEM_TYPE, stringifySafely({ status, detail, ...more }));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
