export {
  DEFAULT_FINDINGS,
  type DiagnoseOptions,
  DiagnosisSession,
  diagnose,
  MAX_EXCERPT_CHARS,
} from './diagnose.ts';
export { fillCommand, fitsType, quoteWord } from './fill.ts';
export {
  type AvoidAnswer,
  type Diagnosis,
  type DiagnosisFinding,
  diagnosisSchema,
  type NextStep,
  type TryAnswer,
} from './schema.ts';
