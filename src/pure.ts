/** Everything that needs no files, clock or process: runs in a browser. */
export {
  type Book,
  type BookSource,
  backgroundOf,
  compileBook,
  decodePack,
  encodePack,
  matchText,
  type RecordMatch,
} from './book/index.ts';
export {
  type DiagnoseOptions,
  type Diagnosis,
  type DiagnosisFinding,
  DiagnosisSession,
  diagnose,
} from './diagnosis/index.ts';
export { type FaultRecord, type Issue, lintRecord, parseRecord, toSeed } from './record/index.ts';
export {
  type DiagnosedInput,
  renderExplain,
  renderGithub,
  renderJson,
  renderJunit,
  renderMarkdown,
  renderNdjson,
  renderSarif,
  renderSummary,
  renderText,
} from './render/index.ts';
