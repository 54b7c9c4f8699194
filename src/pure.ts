/** Everything that needs no files, clock or process: runs in a browser. */
export {
  type Book,
  type BookSource,
  backgroundOf,
  compileBook,
  compileLinePatterns,
  decodePack,
  encodePack,
  type LinePattern,
  type LinePatternOptions,
  type LinePatterns,
  LineScanner,
  type MatchedLine,
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
export {
  type FaultRecord,
  type Issue,
  lintRecord,
  parseRecord,
  toSeed,
  translatePattern,
} from './record/index.ts';
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
