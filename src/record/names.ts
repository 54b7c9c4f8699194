/** Limits and names of the record language. Apart from the schema, which takes longer to load than most answers take. */

/** Limits of the record language; `docs/records.md` lists them, one line each. */
export const RECORD_LIMITS = {
  /** A record file larger than this is refused before it is parsed. */
  maxFileBytes: 1024 * 1024,
  /** A file of many records (a JSON list, NDJSON) may be this large; each record in it no larger than `maxFileBytes`. */
  maxCollectionBytes: 32 * 1024 * 1024,
  /** Most records of one file. */
  maxRecordsOfFile: 20_000,
  /** JSON nested deeper than this is refused. */
  maxDepth: 32,
  /** Longest pattern source, in UTF-16 units. */
  maxPatternChars: 2_000,
  /** Longest prose field. */
  maxTextChars: 20_000,
  /** Most entries of any list in a record. */
  maxEntries: 200,
} as const;

/** One path segment of an id, and every key of a cause, action, check, reading or wording. */
export const KEY_PATTERN = '^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?$';
/** `domain/slug`; records from elsewhere may carry one more segment (`domain/slug/environment`). */
export const ID_PATTERN =
  '^[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?/[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?(?:/[a-z0-9](?:[a-z0-9._-]{0,62}[a-z0-9])?)?$';
export const GROUP_NAME_PATTERN = '^[a-z][a-z0-9_]{0,31}$';
