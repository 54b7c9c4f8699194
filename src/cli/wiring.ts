/**
 * How each agent is wired in a project: which file it reads, and what stands in it. Our entries are added to what is there
 * and taken out again; everything else of a file stays. The formats are those of the agents' own documentation
 * (docs/agents.md names the pages).
 */
import type { AgentName } from '../hook/index.ts';

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = { readonly [key: string]: Json };

/** Seconds after which an agent gives up waiting; the hook itself gives up after one. */
const TIMEOUT_S = 5;

interface Wiring {
  /** The file in the project. Where there is a personal one it is that: what we write names paths of this machine. */
  readonly file: string;
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
    signs: ['.claude', 'CLAUDE.md'],
    program: 'claude',
    skeleton: {},
    hooks: (command) => ({
      PreToolUse: grouped(command),
      PostToolUse: grouped(command),
      PostToolUseFailure: grouped(command),
    }),
    note: 'takes effect in the next session',
  },
  codex: {
    file: '.codex/hooks.json',
    signs: ['.codex'],
    program: 'codex',
    skeleton: {},
    hooks: (command) => ({ PreToolUse: grouped(command), PostToolUse: grouped(command) }),
    note: 'names paths of this machine: do not commit it; Codex asks once whether you trust it',
  },
  gemini: {
    file: '.gemini/settings.json',
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
    note: 'takes effect in the next session',
  },
};

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
export function withHooks(text: string | null, agent: AgentName, command: string): string | null {
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
  return JSON.stringify(hooks) === JSON.stringify(before?.hooks) ? text : replaceHooks(like, hooks);
}

/** The text without our entries; null where the file can go, undefined where nothing of it is ours or can be read. */
export function withoutHooks(text: string, agent: AgentName): string | null | undefined {
  const before = parseObject(text);
  const after = before && takenOut(before, agent);
  if (after === null || after === before) return undefined;
  const isBare = JSON.stringify(after) === JSON.stringify(WIRINGS[agent].skeleton);
  return isBare ? null : replaceHooks(text, after.hooks);
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
 * The text with another value of its member `hooks` (undefined: without it). Everything else stays as it is, byte for byte:
 * what was put in at the end and is taken out again leaves no trace.
 */
function replaceHooks(text: string, value: Json | undefined): string {
  const { members, close } = membersOf(text);
  const lineEnd = text.includes('\r\n') ? '\r\n' : '\n';
  const indent = /^\s*\{\r?\n([ \t]+)/.exec(text)?.[1] ?? '  ';
  const printed = JSON.stringify(value, null, indent)?.replaceAll('\n', lineEnd + indent);
  const at = members.findIndex((m) => m.key === 'hooks');
  const member = members[at];
  if (member) {
    if (printed !== undefined) return text.slice(0, member.value) + printed + text.slice(member.end);
    const before = members[at - 1];
    const next = members[at + 1];
    const [from, to] = before ? [before.end, member.end] : [member.start, next?.start ?? member.end];
    return text.slice(0, from) + text.slice(to);
  }
  const last = members[members.length - 1];
  const entry = `${lineEnd}${indent}"hooks": ${printed}`;
  return last
    ? `${text.slice(0, last.end)},${entry}${text.slice(last.end)}`
    : `${text.slice(0, text.indexOf('{') + 1)}${entry}${lineEnd}${text.slice(close)}`;
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
