export { type ExplainOptions, renderExplain } from './explain.ts';
export { renderIssues } from './issues.ts';
export { renderJson, renderNdjson } from './json.ts';
export { type ListEntry, renderList } from './list.ts';
export { MAX_MARKDOWN_TOKENS, renderMarkdown } from './markdown.ts';
export { type MatrixOptions, renderMatrix, renderProof } from './matrix.ts';
export type { Lang, Tier } from './messages.ts';
export { MAX_EXCERPT_COLUMNS } from './safe.ts';
export { renderText, type TextOptions } from './text.ts';
