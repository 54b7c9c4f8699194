/**
 * The door: a payload in, an answer out, exit 0. Whatever goes wrong, the agent gets an empty object and notices nothing: a
 * hook that fails may block what an agent does.
 */
import { writeSync } from 'node:fs';
import { homedir } from 'node:os';
import type { OutcomeReport } from '../evidence/index.ts';
import { appendReports } from '../store/index.ts';
import { AGENTS, type AgentName } from './agents.ts';
import { answerTo, type HookContext, type Observed } from './answer.ts';
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
  keepObserved(observed, context);
  return text === null ? null : { text, json: agent.write(moment, text) };
}

/** What was seen goes into the ledger, as the weaker kind that it is. A ledger that cannot be written is no failure. */
function keepObserved(observed: readonly Observed[], { nowMs, state }: HookContext): void {
  if (observed.length === 0) return;
  const at = `${new Date(nowMs).toISOString().slice(0, 19)}Z`;
  const reports = observed.map(
    ({ record, action, outcome, moved_to }): OutcomeReport => ({
      record,
      action,
      outcome,
      kind: 'observed',
      environment: {},
      readings: {},
      moved_to,
      note: null,
    }),
  );
  try {
    appendReports(reports, at, null, state);
  } catch {
    // Full, or not to be written.
  }
}
