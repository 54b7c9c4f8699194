export { admitForeign, admitRecord } from './admit.ts';
export { type Automaton, automatonOf } from './automaton.ts';
export { type Background, backgroundOf, RARITY_LIMITS, wordBits, wordsOf } from './background.ts';
export type { TextUnit } from './bytes.ts';
export {
  type Book,
  type BookPattern,
  type BookSource,
  compileBook,
  type PatternRole,
  type Standing,
} from './compile.ts';
export { joinBooks, type NamedBook, type Renamed } from './join.ts';
export {
  compileLinePatterns,
  type LinePattern,
  type LinePatternOptions,
  type LinePatterns,
  LineScanner,
  type MatchedLine,
  SCAN_LIMITS,
} from './lines.ts';
export { believed, MatchSession, matchText, type RecordMatch, signatureOf, specificityOf } from './match.ts';
export { decodePack, encodePack, PACK_MAGIC, PACK_VERSION, type PackResult } from './pack.ts';
export { type Likeness, likeness, type Phrase, RETRIEVAL, scoreOf, type WeighedWord } from './phrases.ts';
export { LineKeeper, nearest, type Retrieved, retrieve } from './retrieve.ts';
export { TEXT_LIMITS, type Unit, unitsOf } from './text.ts';
