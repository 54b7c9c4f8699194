import type { IssueCode } from './codes.ts';

/**
 * What is wrong with a record, said so that its author can mend it: parsing and linting return issues beside
 * their value and never throw.
 */
export interface Issue {
  /** `error`: the record is left out (parse) or not admitted (lint). `warning`: kept, repaired where `repaired`. */
  readonly severity: 'error' | 'warning';
  /** Stable name of the rule, e.g. `pattern-too-common`. */
  readonly code: IssueCode;
  /** File as the caller named it; `-` where the record came from no file. */
  readonly file: string;
  /** Path inside the record, e.g. `dead_ends[2].action`; empty for the whole file. */
  readonly field: string;
  readonly problem: string;
  readonly why: string;
  readonly remedy: string;
  /** The reader mended it in memory (imports only); the file is unchanged. */
  readonly repaired?: boolean;
}
