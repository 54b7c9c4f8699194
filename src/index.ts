/**
 * The library: `const book = await openBook(); diagnose(book, text)`.
 * For browsers and other places without files see `faultbook/pure`.
 */
export type { Book, RecordMatch } from './book/index.ts';
export {
  type DiagnoseOptions,
  type Diagnosis,
  type DiagnosisFinding,
  DiagnosisSession,
  diagnose,
} from './diagnosis/index.ts';
export { checkReport, type KeptReport, type OutcomeReport } from './evidence/index.ts';
export type { FaultRecord, Issue } from './record/index.ts';
export {
  appendReports,
  InputError,
  type OpenBookOptions,
  type OpenedBook,
  openBook,
  readLedger,
} from './store/index.ts';
