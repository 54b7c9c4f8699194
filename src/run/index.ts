export { CANNOT_START, type CannotStart } from './command.ts';
export type { Ended } from './ending.ts';
export { RUN_LIMITS } from './kept.ts';
export { type ReadOutput, readKept } from './reading.ts';
export { isInsideRun, RUN_VARIABLE, runCommand } from './run.ts';
