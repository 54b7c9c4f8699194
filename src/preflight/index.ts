export type { Place } from './compare.ts';
export {
  checksOf,
  FAULT_LIMITS,
  type FaultAction,
  type FaultContext,
  type FaultRun,
  isOpen,
  keptCommand,
  type Measured,
  type OpenFault,
  openFaultOf,
  openFaultsOf,
  parseOpenFault,
  seenAgain,
  withRun,
  withSaid,
} from './fault.ts';
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
