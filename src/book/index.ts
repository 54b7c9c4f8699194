export { admitForeign, admitRecord } from './admit.ts';
export { type Background, backgroundOf, RARITY_LIMITS, wordBits, wordsOf } from './background.ts';
export {
  type Book,
  type BookPattern,
  type BookSource,
  compileBook,
  type PatternRole,
} from './compile.ts';
export { MatchSession, matchText, type RecordMatch } from './match.ts';
export { decodePack, encodePack, PACK_MAGIC, PACK_VERSION, type PackResult } from './pack.ts';
export { TEXT_LIMITS, type Unit, unitsOf } from './text.ts';
