export {
  CellTable,
  type ClaimResult,
  compareClaims,
  lostClaims,
  MIXED,
  type Tier,
  tierOf,
  verdictOf,
} from './claims.ts';
export { type Environment, type Fitting, fittingEnvironments, sameRelease } from './environment.ts';
export {
  casesFor,
  FIELD_LIMITS,
  type FieldCase,
  type FieldFigures,
  type FieldTransition,
  fieldCases,
  fieldFigures,
  fieldTransitions,
  fieldWeights,
  reportersOf,
} from './field.ts';
export { cellName, parseEvidence, printEvidence } from './file.ts';
export { COMMANDS_FAILED, NO_READING, OUTCOMES, type Outcome } from './outcomes.ts';
export {
  checkReport,
  type KeptReport,
  type OutcomeReport,
  parseReport,
  REPORT_LIMITS,
  REPORT_OUTCOMES,
  type ReportInput,
  type ReportOutcome,
  type ReportProblem,
} from './report.ts';
export type { Evidence, EvidenceCell } from './schema.ts';
export {
  betaQuantile,
  intervalOf,
  MIN_CASES_FOR_INTERVAL,
  type Survey,
  surveyOf,
  weightsOf,
} from './shares.ts';
export {
  type EvidenceSummary,
  type FirstStep,
  type Flag,
  figuresOf,
  flagsOf,
  type LabFigures,
  type LostClaim,
  type MeasuredEnvironment,
  seedFigures,
  summarise,
} from './summary.ts';
export {
  harmsIn,
  type Observation,
  observationAt,
  PLACEBOS,
  type WorldRow,
  type WorldTable,
  worldsOf,
} from './worlds.ts';
