/**
 * How each agent is wired in a project: which files it reads, and what stands in them: the hooks, and the MCP server. Our
 * entries are added to what is there and taken out again; everything else of a file stays. The formats are those of the agents'
 * own documentation (docs/agents.md names the pages).
 */
import type { AgentName } from '../hook/index.ts';
import { outlineOf, withoutTable, withTable } from './toml.ts';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = { readonly [key: string]: Json };

/** Seconds after which an agent gives up waiting; the hook itself gives up after one. */
const TIMEOUT_S = 5;

interface Wiring {
  /** The file of its hooks. Where there is a personal one it is that: what we write names paths of this machine. */
  readonly file: string;
  /** The file of its MCP servers: JSON with `mcpServers`, or TOML. It may be the same one. */
  readonly serverFile: string;
  /** What it wants of a server beside the command. */
  readonly server?: JsonObject;
  /** What shows that the agent is used in a project: files of it, and the program's name. */
  readonly signs: readonly string[];
  readonly program: string;
  /** What a new file has beside our entries. */
  readonly skeleton: JsonObject;
  /** Event → entries, for the command that starts our hook. */
  readonly hooks: (command: string) => Readonly<Record<string, JsonObject>>;
  /** What the person has to know or do. */
  readonly note: string;
}

/** Groups of handlers with a matcher: Claude Code, and Codex after it. */
function grouped(command: string): JsonObject {
  return { matcher: 'Bash', hooks: [{ type: 'command', command, timeout: TIMEOUT_S }] };
}

export const WIRINGS: Readonly<Record<AgentName, Wiring>> = {
  'claude-code': {
    file: '.claude/settings.local.json',
    serverFile: '.mcp.json',
    server: { type: 'stdio' },
    signs: ['.claude', 'CLAUDE.md'],
    program: 'claude',
    skeleton: {},
    hooks: (command) => ({
      PreToolUse: grouped(command),
      PostToolUse: grouped(command),
      PostToolUseFailure: grouped(command),
    }),
    note: 'takes effect in the next session; .mcp.json names paths of this machine: do not commit it',
  },
  codex: {
    file: '.codex/hooks.json',
    serverFile: '.codex/config.toml',
    signs: ['.codex'],
    program: 'codex',
    skeleton: {},
    hooks: (command) => ({ PreToolUse: grouped(command), PostToolUse: grouped(command) }),
    note: 'names paths of this machine: do not commit it; Codex reads it in projects that you trust',
  },
  gemini: {
    file: '.gemini/settings.json',
    serverFile: '.gemini/settings.json',
    signs: ['.gemini', 'GEMINI.md'],
    program: 'gemini',
    skeleton: {},
    hooks: (command) => ({
      AfterTool: {
        matcher: 'run_shell_command',
        hooks: [{ type: 'command', name: 'faultbook', command, timeout: TIMEOUT_S * 1000 }],
      },
    }),
    note: 'names paths of this machine: do not commit it',
  },
  cursor: {
    file: '.cursor/hooks.json',
    serverFile: '.cursor/mcp.json',
    signs: ['.cursor', '.cursorrules'],
    program: 'cursor',
    skeleton: { version: 1 },
    hooks: (command) => ({
      postToolUse: { command, matcher: 'Shell' },
      postToolUseFailure: { command, matcher: 'Shell' },
    }),
    note: 'names paths of this machine: do not commit it',
  },
  copilot: {
    // Not .github/hooks: the cloud agent reads that too, on machines where our paths lead nowhere.
    file: '.github/copilot/settings.local.json',
    // For what is of one checkout; .github/mcp.json is for what is committed.
    serverFile: '.mcp.json',
    server: { type: 'stdio' },
    signs: ['.github/copilot-instructions.md', '.github/copilot', '.github/hooks'],
    program: 'copilot',
    skeleton: {},
    // No hook before a command: one that fails there for any reason denies the command.
    hooks: (command) => ({
      postToolUse: { type: 'command', matcher: 'bash|powershell', command, timeoutSec: TIMEOUT_S },
      postToolUseFailure: {
        type: 'command',
        matcher: 'bash|powershell',
        command: `${command} --exit-2`,
        timeoutSec: TIMEOUT_S,
      },
    }),
    note: 'takes effect in the next session; .mcp.json names paths of this machine: do not commit it',
  },
};

/** What an agent starts: the paths of `node`, of our hook and of our command line, all absolute. */
export interface Programs {
  readonly node: string;
  readonly hook: string;
  readonly cli: string;
  readonly windows: boolean;
}

/** The files of an agent, each once. */
export function filesOf(agent: AgentName): readonly string[] {
  return [...new Set([WIRINGS[agent].file, WIRINGS[agent].serverFile])];
}

/** The text of one of an agent's files with all in it that is ours. Null: it is not what it should be; nothing can be added. */
export function wired(
  text: string | null,
  agent: AgentName,
  file: string,
  programs: Programs,
): string | null {
  const { file: hookFile, serverFile } = WIRINGS[agent];
  const { node, hook, windows } = programs;
  const hooked = file === hookFile ? withHooks(text, agent, hookCommand(agent, node, hook, windows)) : text;
  if (file !== serverFile) return hooked;
  return file === hookFile && hooked === null ? null : withServer(hooked, agent, programs);
}

/** The text without what is ours; null where the file can go, undefined where nothing of it is ours or can be read. */
export function unwired(text: string, agent: AgentName, file: string): string | null | undefined {
  const { file: hookFile, serverFile, skeleton } = WIRINGS[agent];
  let left = text;
  if (file === serverFile) left = withoutServer(left, agent) ?? left;
  if (file === hookFile) left = withoutHooks(left, agent) ?? left;
  if (left === text) return undefined;
  if (file.endsWith('.toml')) return left.trim() === '' ? null : left;
  const bare = file === hookFile ? skeleton : {};
  return JSON.stringify(parseObject(left)) === JSON.stringify(bare) ? null : left;
}

/** Our name among an agent's MCP servers. */
const SERVER = 'faultbook';

function withServer(text: string | null, agent: AgentName, { node, cli }: Programs): string | null {
  const { serverFile, server } = WIRINGS[agent];
  const entry: JsonObject = { ...server, command: node, args: [cli, 'mcp'] };
  if (serverFile.endsWith('.toml')) {
    const lines = Object.entries(entry).map(([key, value]) => `${key} = ${tomlOf(value)}`);
    const bare =
      text === null ? '' : hasOurTable(text) ? (withoutTable(text, ['mcp_servers', SERVER]) as string) : text;
    const after = withTable(bare, ['mcp_servers', SERVER], lines);
    // Where it says so already, it stays where it is.
    return text !== null && hasOurTable(text) && lines.every((line) => text.includes(`${line}`))
      ? text
      : after;
  }
  const like = text === null || text.trim() === '' ? '{}\n' : text;
  const before = parseObject(like);
  const servers = before?.mcpServers ?? {};
  if (before === null || !isObject(servers)) return null;
  const ours = servers[SERVER];
  // Another server of that name is not ours to replace.
  if (ours !== undefined && !isOurServer(ours)) return null;
  if (JSON.stringify(ours) === JSON.stringify(entry)) return text;
  return replaced(like, ['mcpServers', SERVER], entry);
}

function withoutServer(text: string, agent: AgentName): string | null {
  if (WIRINGS[agent].serverFile.endsWith('.toml'))
    return hasOurTable(text) ? withoutTable(text, ['mcp_servers', SERVER]) : null;
  const servers = parseObject(text)?.mcpServers;
  if (!isObject(servers) || !isOurServer(servers[SERVER])) return null;
  // What we leave empty goes.
  return replaced(text, Object.keys(servers).length > 1 ? ['mcpServers', SERVER] : ['mcpServers'], undefined);
}

/** Whether a server is ours, from wherever it was wired. */
function isOurServer(server: Json | undefined): boolean {
  if (!isObject(server) || !Array.isArray(server.args)) return false;
  const [program, verb] = server.args as readonly Json[];
  return typeof program === 'string' && /(?:^|[\\/])faultbook\.cjs$/.test(program) && verb === 'mcp';
}

function hasOurTable(text: string): boolean {
  const table = outlineOf(text)?.tables.find((t) => t.path.join('/') === `mcp_servers/${SERVER}`);
  return table !== undefined && /faultbook\.cjs["'],\s*["']mcp["']/.test(text.slice(table.start, table.end));
}

/** A text or a list of texts, as TOML writes them: its escapes are those of JSON. */
function tomlOf(value: Json | undefined): string {
  return Array.isArray(value) ? `[${value.map((v) => JSON.stringify(v)).join(', ')}]` : JSON.stringify(value);
}

/** The command that an agent runs: both paths absolute, never a package runner, which would fetch whatever has the name. */
export function hookCommand(agent: AgentName, node: string, hook: string, windows: boolean): string {
  const quoted = (path: string): string =>
    /^[A-Za-z0-9_@%+=:,./\\-]+$/.test(path) && !(windows && path.includes('%'))
      ? path
      : windows
        ? `"${path}"`
        : `'${path.replaceAll("'", `'\\''`)}'`;
  return `${quoted(node)} ${quoted(hook)} ${agent}`;
}

/** Whether a command is one of ours, from wherever it was wired. */
function isOurs(command: Json | undefined, agent: AgentName): boolean {
  return (
    typeof command === 'string' && new RegExp(`\\bhook\\.cjs['"]? ${agent}(?: --exit-2)?$`).test(command)
  );
}

/** The text of a file with our entries in it. Null: it is no JSON object, or its hooks are no object. */
function withHooks(text: string | null, agent: AgentName, command: string): string | null {
  const { skeleton, hooks: ours } = WIRINGS[agent];
  const like = text === null || text.trim() === '' ? `${JSON.stringify(skeleton, null, 2)}\n` : text;
  const before = parseObject(like);
  const cleared = before && takenOut(before, agent);
  if (cleared === null) return null;
  const hooks = { ...(isObject(cleared.hooks) ? cleared.hooks : {}) } as Record<string, Json>;
  for (const [event, entry] of Object.entries(ours(command))) {
    const others = hooks[event] ?? [];
    if (!Array.isArray(others)) return null;
    hooks[event] = [...others, entry];
  }
  return JSON.stringify(hooks) === JSON.stringify(before?.hooks) ? text : replaced(like, ['hooks'], hooks);
}

/** The text without our entries; null where nothing of it is ours or can be read. */
function withoutHooks(text: string, agent: AgentName): string | null {
  const before = parseObject(text);
  const after = before && takenOut(before, agent);
  return after === null || after === before ? null : replaced(text, ['hooks'], after.hooks);
}

function takenOut(before: JsonObject, agent: AgentName): JsonObject | null {
  const { hooks } = before;
  if (hooks === undefined) return before;
  if (!isObject(hooks)) return null;
  const left: Record<string, Json> = {};
  for (const [event, entries] of Object.entries(hooks)) {
    if (!Array.isArray(entries)) {
      left[event] = entries;
      continue;
    }
    const kept = entries.flatMap((entry: Json): Json[] => {
      if (!isObject(entry)) return [entry];
      if (isOurs(entry.command, agent) || isOurs(entry.bash, agent)) return [];
      if (!Array.isArray(entry.hooks)) return [entry];
      const handlers = entry.hooks.filter((h: Json) => !(isObject(h) && isOurs(h.command, agent)));
      if (handlers.length === entry.hooks.length) return [entry];
      return handlers.length === 0 ? [] : [{ ...entry, hooks: handlers }];
    });
    // What was empty before stays; what we leave empty goes.
    if (kept.length > 0 || entries.length === 0) left[event] = kept;
  }
  if (JSON.stringify(left) === JSON.stringify(hooks)) return before;
  const { hooks: _, ...rest } = before;
  return Object.keys(left).length > 0 ? { ...before, hooks: left } : rest;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function parseObject(text: string): JsonObject | null {
  if (text.trim() === '') return {};
  try {
    const value = JSON.parse(text) as Json;
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

/**
 * The text of an object with another value at a path of members (undefined: without it). Everything else stays as it is, byte
 * for byte: what was put in at the end and is taken out again leaves no trace.
 * @param outer the indent of the object itself
 */
function replaced(text: string, path: readonly string[], value: Json | undefined, outer = ''): string {
  const [key = '', ...below] = path;
  const { members, close } = membersOf(text);
  const lineEnd = text.includes('\r\n') ? '\r\n' : '\n';
  const indent = /^\s*\{\r?\n([ \t]+)/.exec(text)?.[1] ?? `${outer}  `;
  const at = members.findIndex((m) => m.key === key);
  const member = members[at];
  if (member && below.length > 0) {
    const inner = replaced(text.slice(member.value, member.end), below, value, indent);
    return text.slice(0, member.value) + inner + text.slice(member.end);
  }
  const whole =
    value === undefined ? undefined : below.reduceRight<Json>((v, name) => ({ [name]: v }), value);
  const unit = indent.slice(outer.length) || '  ';
  const printed = JSON.stringify(whole, null, unit)?.replaceAll('\n', lineEnd + indent);
  if (member) {
    if (printed !== undefined) return text.slice(0, member.value) + printed + text.slice(member.end);
    const before = members[at - 1];
    const next = members[at + 1];
    const [from, to] = before ? [before.end, member.end] : [member.start, next?.start ?? member.end];
    return text.slice(0, from) + text.slice(to);
  }
  const last = members[members.length - 1];
  const entry = `${lineEnd}${indent}${JSON.stringify(key)}: ${printed}`;
  return last
    ? `${text.slice(0, last.end)},${entry}${text.slice(last.end)}`
    : `${text.slice(0, text.indexOf('{') + 1)}${entry}${lineEnd}${outer}${text.slice(close)}`;
}

interface Member {
  readonly key: string;
  /** Places of its key, of its value, and behind that. */
  readonly start: number;
  readonly value: number;
  readonly end: number;
}

/** The members of the outermost object of a text that is known to be JSON. */
function membersOf(text: string): { readonly members: readonly Member[]; readonly close: number } {
  const members: Member[] = [];
  const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/g;
  let depth = 0;
  let start = -1;
  let key = '';
  let value = -1;
  let end = 0;
  for (let found = token.exec(text); found !== null; found = token.exec(text)) {
    const [word] = found;
    const isClosing = word === '}' || word === ']';
    if (isClosing) depth--;
    if ((depth === 1 && word === ',') || depth === 0) {
      if (value >= 0) members.push({ key, start, value, end });
      value = -1;
      start = -1;
      if (depth === 0 && isClosing) return { members, close: found.index };
    } else if (depth === 1 && start < 0) {
      start = found.index;
      key = JSON.parse(word) as string;
    } else if (depth >= 1 && value < 0 && word !== ':') value = found.index;
    end = token.lastIndex;
    if (word === '{' || word === '[') depth++;
  }
  return { members, close: text.length };
}
