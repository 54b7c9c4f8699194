/**
 * The agents: what each one tells a hook, and how it wants to be answered. Shapes as their own documentation and published
 * types give them; the contract tests name the source of each (test/hook.test.ts).
 */
import { isObject, type Payload, textOf } from './payload.ts';

/** A command of an agent, before it runs or after it ended. */
export interface Moment {
  readonly phase: 'before' | 'after';
  /** The command line. */
  readonly line: string;
  /** Where it runs; '' where the agent does not say. */
  readonly folder: string;
  /** What it printed; '' before. */
  readonly output: string;
  /** `unknown`: the agent does not say how it ended. */
  readonly ended: 'failed' | 'passed' | 'unknown';
  /** The event by the agent's own name. */
  readonly event: string;
}

export interface Agent {
  /** Null: nothing for us (another tool, an interruption, a shape that is not known). */
  readonly read: (payload: Payload) => Moment | null;
  /** The answer as the agent takes it in; `text` reaches the model. */
  readonly write: (moment: Moment, text: string) => Payload;
  /** Whether it hands a text to the model before a command runs, without a decision about the command. */
  readonly hearsBefore: boolean;
}

export type AgentName = 'claude-code' | 'codex' | 'gemini' | 'cursor' | 'copilot';

/** What several agents answer to. */
function specific(moment: Moment, text: string): Payload {
  return { hookSpecificOutput: { hookEventName: moment.event, additionalContext: text } };
}

function moment(
  phase: Moment['phase'],
  event: string,
  line: string,
  folder: string,
  ended: Moment['ended'] = 'unknown',
  output = '',
): Moment | null {
  return line === '' ? null : { phase, event, line, folder, output, ended };
}

/** Output and error output of an object, in this order. */
function outputs(value: unknown): string {
  return [textOf(value, 'stdout'), textOf(value, 'stderr'), textOf(value, 'output')]
    .filter((t) => t !== '')
    .join('\n');
}

function endedBy(code: unknown): Moment['ended'] {
  return typeof code !== 'number' ? 'unknown' : code === 0 ? 'passed' : 'failed';
}

/** The events of a shell command that Claude Code has, and Codex and Copilot after it; what they say beyond that is their own. */
function bashEvent(
  payload: Payload,
  after: (event: string) => Pick<Moment, 'ended' | 'output'> | null,
): Moment | null {
  if (textOf(payload, 'tool_name') !== 'Bash') return null;
  const event = textOf(payload, 'hook_event_name');
  const line = textOf(payload, 'tool_input', 'command');
  const folder = textOf(payload, 'cwd');
  if (event === 'PreToolUse') return moment('before', event, line, folder);
  const said = after(event);
  return said && moment('after', event, line, folder, said.ended, said.output);
}

const claudeCode: Agent = {
  hearsBefore: true,
  read(payload) {
    // Copilot CLI runs what stands in .claude/settings.local.json too, and takes in none of our answers there: what was said
    // to nobody would count as said. It is wired by itself.
    if (payload.timestamp !== undefined && payload.tool_use_id === undefined) return null;
    return bashEvent(payload, (event) => {
      const response = payload.tool_response;
      if (event === 'PostToolUseFailure' && payload.is_interrupt !== true)
        return { ended: 'failed', output: textOf(payload, 'error') };
      // In the background it goes on running; what it has printed by now says nothing.
      const goesOn =
        isObject(response) && (response.interrupted === true || textOf(response, 'backgroundTaskId') !== '');
      return event === 'PostToolUse' && !goesOn ? { ended: 'passed', output: outputs(response) } : null;
    });
  },
  write: specific,
};

const codex: Agent = {
  hearsBefore: true,
  read: (payload) =>
    bashEvent(payload, (event) => {
      if (event !== 'PostToolUse') return null;
      const response = payload.tool_response;
      if (typeof response !== 'string') {
        const code = isObject(response) ? (response.exit_code ?? response.exitCode) : undefined;
        return { ended: endedBy(code), output: outputs(response) };
      }
      // The output alone as a rule; some shells of it write a header with the status.
      const code = /^(?:Exit code: |Process exited with code )(\d{1,3})$/m.exec(response.slice(0, 400))?.[1];
      return { ended: endedBy(code === undefined ? undefined : Number(code)), output: response };
    }),
  write: specific,
};

const gemini: Agent = {
  hearsBefore: false,
  read(payload) {
    if (textOf(payload, 'tool_name') !== 'run_shell_command') return null;
    const event = textOf(payload, 'hook_event_name');
    const line = textOf(payload, 'tool_input', 'command');
    const below = textOf(payload, 'tool_input', 'dir_path') || textOf(payload, 'tool_input', 'directory');
    const cwd = textOf(payload, 'cwd');
    const folder = below === '' || below.startsWith('/') ? below || cwd : `${cwd}/${below}`;
    if (event === 'BeforeTool') return moment('before', event, line, folder);
    if (event !== 'AfterTool') return null;
    const response = payload.tool_response;
    const output = textOf(response, 'llmContent') || outputs(response);
    // The status is a line of the text, and only where it is not 0.
    const failed =
      /^(?:Exit Code: [1-9]\d*|Signal: \S+)$/m.test(output) || (isObject(response) && !!response.error);
    return moment('after', event, line, folder, failed ? 'failed' : 'passed', output);
  },
  write: specific,
};

const cursor: Agent = {
  hearsBefore: false,
  read(payload) {
    const event = textOf(payload, 'hook_event_name');
    const name = textOf(payload, 'tool_name');
    if (name !== 'Shell' && event !== 'beforeShellExecution') return null;
    const line = textOf(payload, 'tool_input', 'command') || textOf(payload, 'command');
    const roots = payload.workspace_roots;
    const folder =
      textOf(payload, 'cwd') || (Array.isArray(roots) && typeof roots[0] === 'string' ? roots[0] : '');
    switch (event) {
      case 'preToolUse':
      case 'beforeShellExecution':
        return moment('before', event, line, folder);
      case 'postToolUse': {
        const said = textOf(payload, 'tool_output');
        const result = parsed(said);
        return result === null
          ? moment('after', event, line, folder, 'unknown', said)
          : moment(
              'after',
              event,
              line,
              folder,
              endedBy(result.exitCode ?? result.exit_code),
              outputs(result),
            );
      }
      case 'postToolUseFailure':
        if (payload.is_interrupt === true || textOf(payload, 'failure_type') === 'permission_denied')
          return null;
        return moment('after', event, line, folder, 'failed', textOf(payload, 'error_message'));
      default:
        return null;
    }
  },
  write: (_, text) => ({ additional_context: text }),
};

/** Copilot's names of the shells. */
const COPILOT_SHELLS = new Set(['bash', 'powershell', 'Bash']);
/** The last line of what its shell gives back. */
const COPILOT_STATUS = /<(?:exited|command exited) with (?:exit )?code (\d{1,3})>\s*$/;

const copilot: Agent = {
  hearsBefore: true,
  read(payload) {
    if (!COPILOT_SHELLS.has(textOf(payload, 'toolName') || textOf(payload, 'tool_name'))) return null;
    const args = payload.toolArgs ?? payload.tool_input;
    // Older versions hand the arguments on as a text of JSON.
    const line = textOf(typeof args === 'string' ? parsed(args) : args, 'command');
    const folder = textOf(payload, 'cwd') || textOf(payload, 'workingDirectory');
    const said = textOf(payload, 'hook_event_name');
    const result = payload.toolResult ?? payload.tool_result;
    if (typeof payload.error === 'string')
      return moment('after', said || 'postToolUseFailure', line, folder, 'failed', payload.error);
    if (isObject(result)) {
      const text = textOf(result, 'textResultForLlm') || textOf(result, 'text_result_for_llm');
      const kind = textOf(result, 'resultType') || textOf(result, 'result_type');
      if (kind === 'denied' || kind === 'rejected') return null;
      const code = COPILOT_STATUS.exec(text.slice(-200))?.[1];
      const ended = kind === 'failure' ? 'failed' : endedBy(code === undefined ? undefined : Number(code));
      return moment('after', said || 'postToolUse', line, folder, ended, text);
    }
    return moment('before', said || 'preToolUse', line, folder);
  },
  write: (_, text) => ({ additionalContext: text }),
};

function parsed(text: string): Payload | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

export const AGENTS: Readonly<Record<AgentName, Agent>> = {
  'claude-code': claudeCode,
  codex,
  gemini,
  cursor,
  copilot,
};
