/**
 * `evidence.json`: what the lab found, one line a cell, written by `prove` alone. The schema says what can stand in
 * it; nothing here is typed by a person, and no number is computed from repeats (a cell has a verdict).
 */
import { z } from 'zod';

const digest = z.string().regex(/^[0-9a-f]{12}$/);
const counts = z.record(z.string(), z.int().min(1));

export const cellSchema = z.strictObject({
  /** A cause's key, or `healthy`. */
  cause: z.string(),
  /** An action's key, `nothing` or `restart`; absent for a check. */
  action: z.string().optional(),
  check: z.string().optional(),
  env: z.string(),
  /** Of what was run: base, cause, action or check, users, needs, signature, contract. */
  digest,
  /** Repeats that counted. */
  n: z.int().min(1),
  /** Outcome → how often; of a check, reading → how often. */
  outcomes: counts.optional(),
  readings: counts.optional(),
  /** The records that the new failure matches; empty: none that the book knows. */
  moved: z.array(z.string()).optional(),
  first_error: z.string().optional(),
  /** Whether the fault came back when the action was undone; absent where it cannot be undone. */
  undo: z.enum(['back', 'not_back']).optional(),
  /** Of a control: the key of the wording in which the error came; absent for the record's own pattern. */
  wording: z.string().optional(),
  /** Seconds of the page's `timeout`, where something of the cell was stopped because it took longer. */
  timed_out: z.int().min(1).optional(),
  /** First 16 hex digits of the SHA-256 of the first repeat's transcript. */
  transcript: z.string().regex(/^[0-9a-f]{16}$/),
});
export type EvidenceCell = z.output<typeof cellSchema>;

export const evidenceSchema = z.strictObject({
  schema: z.literal('evidence.v1'),
  /** The record's id. */
  record: z.string(),
  /** Day of the last change of an outcome. */
  date: z.iso.date(),
  environments: z.record(
    z.string(),
    z.strictObject({
      suite: z.string(),
      /** Package → version that was in the world. */
      packages: z.record(z.string(), z.string()),
      /** What the programs said of themselves inside. */
      probed: z.record(z.string(), z.string()),
      /** Of cells that were run later, on other versions than the rest; absent when all were run on one. */
      newer: z.record(z.string(), z.string()).optional(),
    }),
  ),
  cells: z.array(cellSchema),
});
export type Evidence = z.output<typeof evidenceSchema>;
