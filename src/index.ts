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
export type { FaultRecord, Issue } from './record/index.ts';
export { InputError, type OpenBookOptions, type OpenedBook, openBook } from './store/index.ts';
