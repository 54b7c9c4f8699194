/**
 * What an agent writes to a hook's standard input, read with a bound: of a payload that is larger the beginning and the end
 * are kept, and what can be told from them. It is hostile text like any log.
 */

/** Limits of a hook; `docs/agents.md` lists them. */
export const HOOK_LIMITS = {
  /** Bytes kept of a payload: the beginning, where the command stands, … */
  headBytes: 64 * 1024,
  /** … and the end, where a failure is told. */
  tailBytes: 960 * 1024,
  /** An agent that has not ended its payload by then gets no answer. */
  waitMs: 1000,
} as const;

export type Payload = Readonly<Record<string, unknown>>;

/** Takes bytes in and keeps head and tail, in bounded memory. */
export class PayloadKeeper {
  private head: Buffer = Buffer.alloc(0);
  private tail: Buffer[] = [];
  private tailBytes = 0;
  private cut = false;

  push(chunk: Buffer): void {
    const room = HOOK_LIMITS.headBytes - this.head.length;
    if (room > 0) this.head = Buffer.concat([this.head, chunk.subarray(0, room)]);
    const rest = room > 0 ? chunk.subarray(room) : chunk;
    if (rest.length === 0) return;
    this.tail.push(rest);
    this.tailBytes += rest.length;
    while (this.tailBytes - (this.tail[0] as Buffer).length >= HOOK_LIMITS.tailBytes) {
      this.tailBytes -= (this.tail.shift() as Buffer).length;
      this.cut = true;
    }
  }

  /** The payload; null where it says nothing. Never throws. */
  end(): Payload | null {
    if (this.cut) return recover(this.head.toString('utf8'), Buffer.concat(this.tail).toString('utf8'));
    try {
      const value: unknown = JSON.parse(Buffer.concat([this.head, ...this.tail]).toString('utf8'));
      return isObject(value) ? value : null;
    } catch {
      return null;
    }
  }
}

export function isObject(value: unknown): value is Payload {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A member of an object that is a text; '' for anything else. Own members only. */
export function textOf(value: unknown, ...path: readonly string[]): string {
  let at = value;
  for (const key of path) {
    if (!isObject(at) || !Object.hasOwn(at, key)) return '';
    at = at[key];
  }
  return typeof at === 'string' ? at : '';
}

const NAMES = ['hook_event_name', 'tool_name', 'toolName', 'cwd', 'workingDirectory', 'command'] as const;

/**
 * What a payload says of which only the beginning and the end are left: names and command from the beginning; all that is
 * left of the end is taken for output, with its escapes undone. The names of other fields in it are noise in single lines.
 */
function recover(head: string, tail: string): Payload | null {
  const found: Record<string, string> = Object.create(null);
  for (const name of NAMES) {
    const value = new RegExp(`"${name}"\\s*:\\s*("(?:[^"\\\\]|\\\\.){0,16000}")`).exec(head)?.[1];
    if (value === undefined) continue;
    try {
      found[name] = JSON.parse(value) as string;
    } catch {
      // No text after all.
    }
  }
  const { command, ...names } = found;
  if (command === undefined) return null;
  const output = unescaped(tail.slice(tail.indexOf('\\n') + 2));
  const code = /exit_?code\\?"\s*:\s*(\d{1,3})/i.exec(tail)?.[1];
  return {
    ...names,
    tool_input: { command },
    toolArgs: { command },
    // Which of these an agent has says what happened; each reader looks at its own.
    ...(/"error"\s*:\s*"/.test(head) || /Failure/.test(names.hook_event_name ?? '')
      ? { error: output, error_message: output }
      : {
          tool_response: { llmContent: output, output, exit_code: code === undefined ? null : Number(code) },
          tool_output: JSON.stringify({
            output,
            ...(code === undefined ? {} : { exitCode: Number(code) }),
          }),
          toolResult: { textResultForLlm: output },
          tool_result: { text_result_for_llm: output },
        }),
  };
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', r: '\r', b: '', f: '' };

function unescaped(text: string): string {
  return text.replace(
    /\\(?:u([0-9a-fA-F]{4})|(.))/gs,
    (_, hex: string | undefined, char: string | undefined) =>
      hex !== undefined
        ? String.fromCharCode(Number.parseInt(hex, 16))
        : (ESCAPES[char as string] ?? (char as string)),
  );
}
