export type { Place } from './compare.ts';
export {
  FAULT_LIMITS,
  type FaultAction,
  type FaultContext,
  type FaultRun,
  isOpen,
  type Measured,
  type OpenFault,
  parseOpenFault,
  seenAgain,
  withRun,
  withSaid,
} from './fault.ts';
export { keptCommand, openFaultOf, openFaultsOf } from './opening.ts';
export {
  hidesFailure,
  nextStep,
  onlyReads,
  preflight,
  type Recognised,
  recognise,
  repeats,
  timesRun,
  type Warning,
  type Where,
} from './preflight.ts';
export { SHELL_LIMITS } from './shell.ts';
