/**
 * The door: a payload in, an answer out, exit 0. Whatever goes wrong, the agent gets an empty object and notices nothing: a
 * hook that fails may block what an agent does.
 */
import { writeSync } from 'node:fs';
import { homedir } from 'node:os';
import { AGENTS, type AgentName } from './agents.ts';
import { answerTo, type HookContext } from './answer.ts';
import { HOOK_LIMITS, type Payload, PayloadKeeper } from './payload.ts';

/** What says that there is nothing to say. */
const EMPTY = '{}';

/**
 * With it an answer is given as plain text with exit status 2: how Copilot's command hooks take in what is said about a
 * failure (its reference, “Exit codes for command hooks”). Without an answer the status is 0 all the same.
 */
export const PLAIN_OPTION = '--exit-2';
const PLAIN_STATUS = 2;

/** Answers one event of an agent on standard output, and ends the process. */
export function runHook(name: string, option?: string): void {
  let done = false;
  const finish = (answer: string, status = 0): void => {
    if (done) return;
    done = true;
    try {
      writeSync(1, `${answer}\n`);
    } catch {
      // Nobody listens any more.
    }
    process.exit(status);
  };
  process.on('uncaughtException', () => finish(EMPTY));
  process.on('unhandledRejection', () => finish(EMPTY));
  // What is waited for is bounded in time, what is done then by the size of what was read.
  const waiting = setTimeout(() => finish(EMPTY), HOOK_LIMITS.waitMs);
  const keeper = new PayloadKeeper();
  process.stdin.on('error', () => finish(EMPTY));
  process.stdin.on('data', (chunk: Buffer) => keeper.push(chunk));
  process.stdin.on('end', () => {
    clearTimeout(waiting);
    void respond(name, keeper, { nowMs: Date.now(), home: homedir() }).then(
      (answer) => {
        if (answer === null) finish(EMPTY);
        else if (option === PLAIN_OPTION) finish(answer.text, PLAIN_STATUS);
        else finish(JSON.stringify(answer.json));
      },
      () => finish(EMPTY),
    );
  });
}

/** What an agent is answered, as text and in its own form; null: nothing. */
export async function respond(
  name: string,
  keeper: PayloadKeeper,
  context: HookContext,
): Promise<{ readonly text: string; readonly json: Payload } | null> {
  const agent = Object.hasOwn(AGENTS, name) ? AGENTS[name as AgentName] : undefined;
  const payload = keeper.end();
  const moment = agent && payload ? agent.read(payload) : null;
  if (!agent || !moment || (moment.phase === 'before' && !agent.hearsBefore)) return null;
  const { text, observed } = await answerTo(moment, context);
  // Seldom, and reading reports takes a schema that costs as much as the rest of a hook.
  if (observed.length > 0) (await import('./observed.ts')).keepObserved(observed, context);
  return text === null ? null : { text, json: agent.write(moment, text) };
}
