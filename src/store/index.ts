export { readBackground } from './background-file.ts';
export { type OpenBookOptions, type OpenedBook, openBook, openBookAt } from './books.ts';
export { InputError } from './input-error.ts';
export { type RecordFolder, readRecords, type Sample, STORE_LIMITS } from './record-files.ts';
export { writeWhole } from './write.ts';
