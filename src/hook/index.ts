export { AGENTS, type AgentName, type Moment } from './agents.ts';
export { answerTo, type HookAnswer, type HookContext, type Observed } from './answer.ts';
export { HOOK_LIMITS, PayloadKeeper } from './payload.ts';
export { PLAIN_OPTION, respond, runHook } from './run.ts';
