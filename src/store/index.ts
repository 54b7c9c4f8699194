export { readBackground } from './background-file.ts';
export { InputError, type OpenBookOptions, type OpenedBook, openBook, openBookAt } from './books.ts';
export {
  examplesBeside,
  type RecordFolder,
  type RecordTree,
  readRecords,
  type Sample,
  STORE_LIMITS,
} from './record-files.ts';
export { writeWhole } from './write.ts';
