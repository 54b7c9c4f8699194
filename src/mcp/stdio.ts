/**
 * MCP over standard input and output: one message a line. A line that is too long, too deep, not JSON or no message gets an
 * answer like any other; reading pauses while many calls are open; answers that are owed are given after the client closed
 * its end.
 */
import type { Readable, Writable } from 'node:stream';
import { type JSONRPCMessage, parseJSONRPCMessage, type Transport } from '@modelcontextprotocol/server';
import { MCP_LIMITS } from './limits.ts';
import { idAtEnds, RPC_ERRORS, readMessage, refusalText, TOO_LARGE } from './messages.ts';

const LINE_FEED = 10;

export class StdioTransport implements Transport {
  onclose?: () => void;
  onerror?: (error: Error) => void;
  onmessage?: (message: JSONRPCMessage) => void;

  private readonly input: Readable;
  private readonly output: Writable;
  /** Pieces of the line that is being read. */
  private pieces: Buffer[] = [];
  private bytes = 0;
  /** Of a line that is too long: its start; the rest is passed over. */
  private head: string | null = null;
  private tail: Buffer = Buffer.alloc(0);
  /** Calls without an answer yet. */
  private readonly open = new Set<string>();
  private ended = false;
  private closed = false;
  private drained: NodeJS.Timeout | null = null;

  constructor(input: Readable, output: Writable) {
    this.input = input;
    this.output = output;
  }

  async start(): Promise<void> {
    this.input.on('data', (chunk: Buffer | string) => this.read(Buffer.from(chunk)));
    this.input.on('end', () => this.end());
    this.input.on('close', () => this.end());
    this.input.on('error', (error) => {
      this.onerror?.(error);
      this.end();
    });
    // A client that is gone reads nothing.
    this.output.on('error', () => void this.close());
  }

  async send(message: JSONRPCMessage): Promise<void> {
    if ('id' in message && !('method' in message)) this.answered(message.id);
    await this.write(JSON.stringify(message));
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    if (this.drained) clearTimeout(this.drained);
    this.input.removeAllListeners('data');
    this.input.pause();
    this.onclose?.();
  }

  private read(chunk: Buffer): void {
    for (let at = 0; at < chunk.length; ) {
      const feed = chunk.indexOf(LINE_FEED, at);
      const end = feed === -1 ? chunk.length : feed;
      this.take(chunk.subarray(at, end));
      if (feed !== -1) this.line();
      at = end + 1;
    }
    if (this.open.size >= MCP_LIMITS.maxInFlight) this.input.pause();
  }

  private take(piece: Buffer): void {
    if (this.head === null) {
      this.pieces.push(piece);
      this.bytes += piece.length;
      if (this.bytes <= MCP_LIMITS.maxMessageBytes) return;
      const start = Buffer.concat(this.pieces);
      this.head = start.toString('utf8', 0, 1024);
      this.tail = start.subarray(-1024);
      this.pieces = [];
    } else this.tail = Buffer.concat([this.tail, piece]).subarray(-1024);
  }

  /** The line is whole. */
  private line(): void {
    const { head } = this;
    if (head !== null) {
      const tail = this.tail.toString('utf8');
      this.reset();
      void this.write(refusalText(TOO_LARGE, idAtEnds(head, tail)));
      return;
    }
    const text = Buffer.concat(this.pieces).toString('utf8');
    this.reset();
    if (text.trim() === '') return;
    const read = readMessage(text);
    if ('refusal' in read) {
      void this.write(refusalText(read.refusal, idAtEnds(text, text)));
      return;
    }
    let message: JSONRPCMessage;
    try {
      message = parseJSONRPCMessage(read.value);
    } catch {
      const id = idOf(read.value);
      void this.write(refusalText({ code: RPC_ERRORS.request, message: 'this is no JSON-RPC message' }, id));
      return;
    }
    if ('method' in message) {
      if ('id' in message) this.open.add(nameOf(message.id));
      // A call that was taken back gets no answer.
      else if (message.method === 'notifications/cancelled') this.answered(message.params?.requestId);
    }
    try {
      this.onmessage?.(message);
    } catch (error) {
      this.onerror?.(error as Error);
    }
  }

  private reset(): void {
    this.pieces = [];
    this.bytes = 0;
    this.head = null;
  }

  private answered(id: unknown): void {
    this.open.delete(nameOf(id));
    if (this.open.size < MCP_LIMITS.maxInFlight && this.input.isPaused() && !this.ended) this.input.resume();
    if (this.ended && this.open.size === 0) setImmediate(() => void this.close());
  }

  private end(): void {
    if (this.ended) return;
    this.ended = true;
    // A last line without its end is a message all the same.
    if (this.bytes > 0) this.line();
    if (this.open.size === 0) setImmediate(() => void this.close());
    else this.drained = setTimeout(() => void this.close(), MCP_LIMITS.drainMs);
  }

  private write(text: string): Promise<void> {
    return new Promise((done) => {
      if (this.closed || !this.output.writable) done();
      else this.output.write(`${text}\n`, () => done());
    });
  }
}

function nameOf(id: unknown): string {
  return JSON.stringify(id ?? null);
}

function idOf(value: unknown): unknown {
  const { id } = (value ?? {}) as { id?: unknown };
  return typeof id === 'string' || typeof id === 'number' ? id : null;
}
