export { ISSUE_CODES, type IssueCode } from './codes.ts';
export { nearest } from './distance.ts';
export { type Found, findRecord } from './find.ts';
export { type PatternDialect, type Translation, translatePattern } from './foreign-pattern.ts';
export type { Issue } from './issue.ts';
export { findersWithout, type LintOptions, lintRecord, placeholdersOf } from './lint.ts';
export {
  foldAscii,
  LITERAL_LIMITS,
  type LiteralChoice,
  type LiteralSet,
  literalChoices,
  requiredLiterals,
  requiredPieces,
  requiredText,
} from './literals.ts';
export { ID_PATTERN, KEY_PATTERN, RECORD_LIMITS } from './names.ts';
export { type ParseOptions, type ParseResult, parseRecord } from './parse.ts';
export {
  type CharRanges,
  PATTERN_LIMITS,
  type ParsedPattern,
  type PatternNode,
  type PatternResult,
  parsePattern,
  printPattern,
  topAlternatives,
} from './pattern.ts';
export { parseRecords, type RecordsResult } from './records.ts';
export {
  type Check,
  type DeadEnd,
  type FaultRecord,
  type GroupType,
  recordSchema,
  type Workaround,
} from './schema.ts';
export { type SeedFigures, toSeed } from './seed.ts';
export { type ProposedPattern, proposePattern, signaturePattern, steadyText } from './signature.ts';
