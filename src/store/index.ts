export { readBackground } from './background-file.ts';
export { BUILT_IN, type OpenBookOptions, type OpenedBook, openBook } from './books.ts';
export { ENVIRONMENT_VARIABLE, environmentFor, environmentOf } from './environment.ts';
export { InputError } from './error.ts';
export {
  appendReports,
  clearLedger,
  exportLedger,
  importLedger,
  LEDGER_LIMITS,
  type LedgerImport,
  type Reporter,
  readLedger,
} from './ledger.ts';
export {
  addMisses,
  clearMisses,
  keepsMisses,
  MISSES_LIMITS,
  type Miss,
  type MissGroup,
  readMisses,
  switchMisses,
} from './misses.ts';
export {
  changeFault,
  closeFault,
  hasOpenFaults,
  openFault,
  type ProjectPlace,
  projectOf,
  readOpenFaults,
} from './open-faults.ts';
export {
  examplesBeside,
  type RecordFolder,
  type RecordTree,
  readRecords,
  type Sample,
  STORE_LIMITS,
} from './record-files.ts';
export {
  distrust,
  listTrust,
  stateFolder,
  TRUST_LIMITS,
  type TrustEntry,
  type TrustState,
  trust,
  trustOf,
} from './trust.ts';
export { writeWhole } from './write.ts';
