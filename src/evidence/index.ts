export { CellTable, type ClaimResult, compareClaims, type Tier, tierOf, verdictOf } from './claims.ts';
export { cellName, parseEvidence, printEvidence } from './file.ts';
export { type Evidence, type EvidenceCell, NO_READING, OUTCOMES, type Outcome } from './schema.ts';
export { type EvidenceSummary, type LabFigures, summarise } from './summary.ts';
