/** A message before it is understood: text that may be anything. Both transports look at it here, and refuse alike. */
import { MCP_LIMITS } from './limits.ts';

/** JSON-RPC's codes (https://www.jsonrpc.org/specification#error_object). */
export const RPC_ERRORS = { parse: -32700, request: -32600, internal: -32603 } as const;

export interface Refusal {
  readonly code: number;
  readonly message: string;
}

export const TOO_LARGE: Refusal = {
  code: RPC_ERRORS.request,
  message: `the message has more than ${MCP_LIMITS.maxMessageBytes} bytes; send the last part of the output`,
};

/** A refusal as it is sent. */
export function refusalText(refusal: Refusal, id: unknown = null): string {
  return JSON.stringify({ jsonrpc: '2.0', id, error: refusal });
}

export type Read = { readonly value: unknown } | { readonly refusal: Refusal };

/** Reads a message's JSON; its size is the caller's to bound. */
export function readMessage(text: string): Read {
  if (isTooDeep(text))
    return {
      refusal: {
        code: RPC_ERRORS.request,
        message: `the message is nested deeper than ${MCP_LIMITS.maxDepth}`,
      },
    };
  try {
    return { value: JSON.parse(text) };
  } catch {
    return { refusal: { code: RPC_ERRORS.parse, message: 'the message is not JSON' } };
  }
}

/** Counted before parsing: what walks the value later may not survive a deep one. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at);
    if (quoted) {
      if (char === 92) at++;
      else if (char === 34) quoted = false;
    } else if (char === 34) quoted = true;
    else if (char === 91 || char === 123) {
      if (++depth > MCP_LIMITS.maxDepth) return true;
    } else if (char === 93 || char === 125) depth--;
  }
  return false;
}

const NAME = '"(?:jsonrpc|method)"\\s*:\\s*"[^"\\\\]{0,100}"\\s*';
const ID = '"id"\\s*:\\s*("[^"\\\\]{0,100}"|-?\\d{1,15})\\s*';
const AT_START = new RegExp(`^\\s*\\{\\s*(?:${NAME},\\s*){0,3}${ID}[,}]`);
const AT_END = new RegExp(`[,{]\\s*${ID}(?:,\\s*${NAME}){0,3}\\}\\s*$`);
/** So much of both ends is looked at. */
const END_CHARS = 500;

/** The id of a message that is not read as a whole, where it stands at the start or the end; else null. */
export function idAtEnds(head: string, tail: string): string | number | null {
  const found = AT_START.exec(head.slice(0, END_CHARS)) ?? AT_END.exec(tail.slice(-END_CHARS));
  return found?.[1] === undefined ? null : (JSON.parse(found[1]) as string | number);
}
