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
export { cellName, parseEvidence, printEvidence } from './file.ts';
export { type Evidence, type EvidenceCell, NO_READING, OUTCOMES, type Outcome } from './schema.ts';
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
