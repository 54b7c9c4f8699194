export {
  MAX_STRUCTURED_TOKENS,
  renderExplained,
  renderPart,
  renderStep,
  renderUntrusted,
  type ShortDiagnosis,
  shortDiagnosis,
} from './agent.ts';
export { type DrillReport, type PolicyFigures, renderDrill } from './drill.ts';
export { type ExplainOptions, type FieldPage, renderExplain } from './explain.ts';
export { GITHUB_LIMITS, renderGithub, renderSummary } from './github.ts';
export { type ImportReport, renderImport } from './import.ts';
export { renderIssues } from './issues.ts';
export { renderJson, renderNdjson, stringifySafely } from './json.ts';
export { renderJunit } from './junit.ts';
export { type ListEntry, renderList } from './list.ts';
export { MAX_MARKDOWN_TOKENS, renderMarkdown } from './markdown.ts';
export { type MatrixOptions, renderMatrix, renderProof } from './matrix.ts';
export type { Lang, Tier } from './messages.ts';
export { type MissEntry, renderMisses } from './misses.ts';
export type { DiagnosedInput } from './parts.ts';
export {
  preflightJson,
  renderAgain,
  renderClear,
  renderOpenFaults,
  renderPreflightJson,
  renderWarning,
  stepText,
} from './preflight.ts';
export { type ReportRow, renderReports } from './reports.ts';
export { type BriefOptions, type FailedRun, renderBrief, renderRun } from './run.ts';
export { MAX_EXCERPT_COLUMNS, visible } from './safe.ts';
export { renderSarif, SARIF_LIMITS, type SarifOptions } from './sarif.ts';
export { renderText, type TextOptions } from './text.ts';
