/** `faultbook mcp` and `faultbook serve`: the MCP server, over standard input and output, and over HTTP on this machine. */
import { closeSync, constants, fstatSync, openSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { HTTP_LIMITS, type McpContext, openHttp, runStdio } from '../mcp/index.ts';
import { InputError } from '../store/index.ts';
import { bookOf } from './diagnose.ts';
import { EXIT, warn } from './terminal.ts';
import { VERSION } from './version.ts';

interface ServerFlags {
  readonly environment?: string;
  readonly book?: readonly string[];
}

/** Where it listens unless told otherwise. */
export const DEFAULT_PORT = 8417;
const MAX_PORT = 65_535;
const MAX_TOKEN_FILE_BYTES = 1024 * 1024;

export async function runMcp(flags: ServerFlags): Promise<number> {
  await runStdio(await contextOf(flags));
  return EXIT.ok;
}

export async function runServe(
  flags: ServerFlags & { readonly port?: number; readonly 'token-file'?: string },
): Promise<number> {
  const file = flags['token-file'];
  const port = flags.port ?? DEFAULT_PORT;
  if (port > MAX_PORT) throw new InputError(`--port ${port}: ports end at ${MAX_PORT}`);
  const tokens = file === undefined ? [] : tokensIn(file);
  // Before anybody can know that it runs: whoever reads the line below may end it at once.
  const told = new Promise<void>((stopped) => {
    process.once('SIGINT', stopped);
    process.once('SIGTERM', stopped);
  });
  const door = await openHttp(await contextOf(flags), { port, tokens });
  warn(
    `faultbook: http://127.0.0.1:${door.port}/mcp; outcome reports: ${
      tokens.length === 0
        ? 'none are taken (--token-file)'
        : `from ${tokens.length} token${tokens.length === 1 ? '' : 's'}`
    }. Ctrl-C ends it.`,
  );
  await told;
  await door.close();
  return EXIT.ok;
}

async function contextOf(flags: ServerFlags): Promise<McpContext> {
  return {
    book: await bookOf(flags.book),
    environment: flags.environment,
    folder: process.cwd(),
    home: homedir(),
    version: VERSION,
  };
}

/** One token a line. @throws {InputError} where the file cannot be read, others can read it, or a token could be guessed */
function tokensIn(file: string): readonly string[] {
  let descriptor: number | null = null;
  try {
    descriptor = openSync(file, constants.O_RDONLY);
    const { mode, size } = fstatSync(descriptor);
    if (process.platform !== 'win32' && (mode & 0o077) !== 0)
      throw new InputError(`${file} can be read by others: chmod 600 ${file}`);
    if (size > MAX_TOKEN_FILE_BYTES) throw new InputError(`${file} is too large for a file of tokens`);
    const tokens = readFileSync(descriptor, 'utf8')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '' && !line.startsWith('#'));
    if (tokens.length === 0 || tokens.length > HTTP_LIMITS.maxTokens)
      throw new InputError(`${file} must hold 1 to ${HTTP_LIMITS.maxTokens} tokens, one a line`);
    if (tokens.some((t) => t.length < HTTP_LIMITS.minTokenChars || !/^[\x21-\x7e]+$/.test(t)))
      throw new InputError(
        `${file}: a token has at least ${HTTP_LIMITS.minTokenChars} letters, digits or signs, e.g. from: openssl rand -hex 16`,
      );
    return tokens;
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`${file} cannot be read: ${(error as Error).message}`);
  } finally {
    if (descriptor !== null) closeSync(descriptor);
  }
}
