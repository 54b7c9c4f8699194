/**
 * The published diagnosis (`schema/diagnosis.v1.json`): one shape for `--format json`, the library, and every
 * later door. Additive-only: a key may be added, none removed or given another meaning.
 */
import { z } from 'zod';

const tier = z.enum(['claimed', 'reproduced', 'proven']);
const origin = z.enum(['authored', 'imported', 'generated']);
const risk = z.enum(['low', 'high']);

/** What the lab measured; null where nothing was run. */
const lab = z
  .object({
    fixed: z.int(),
    of: z.int(),
    environments: z.array(z.string()),
    outcomes: z.record(z.string(), z.int()),
    partly: z
      .array(z.object({ cause: z.string(), environments: z.array(z.string()) }))
      .describe('causes that it fixes in some of the environments only'),
    breaks: z.array(z.string()).describe('environments in which it breaks what was healthy'),
  })
  .nullable();

/** What was reported from the field; null where nothing was. Counts of cases: a reporter, a release line, once each. */
const field = z
  .object({
    fixed: z.int(),
    of: z.int(),
    reporters: z.int(),
    observed: z
      .object({ fixed: z.int(), of: z.int() })
      .describe('what hooks saw by themselves; not in the others'),
    lines: z
      .array(z.object({ line: z.string(), fixed: z.int(), of: z.int() }))
      .describe('by release line: measured environments, “other” or “unknown”'),
  })
  .nullable()
  .describe('outcome reports made here, unverified; never in `lab` or `survey`');

/** A rate that an author wrote (0 to 1): claimed, not measured. */
const claimed = z.number().min(0).max(1).nullable();

export const actionAnswerSchema = z.object({
  key: z.string(),
  action: z.string().describe('what a person does, one line'),
  action_zh: z.string().nullable(),
  commands: z.array(z.string()).describe('filled from the finding; <name> is for the reader to fill'),
  lab,
  claimed,
  field,
});
export const avoidSchema = actionAnswerSchema.extend({
  why: z.string().nullable(),
  why_zh: z.string().nullable(),
  except: z
    .array(z.string())
    .describe('causes for which it does help: measured where `lab` is there, else claimed'),
});
export const trySchema = actionAnswerSchema.extend({
  risk,
  by: z.string(),
  for: z.array(z.string()),
  how: z.string().nullable(),
  how_zh: z.string().nullable(),
});

export const nextSchema = z.object({
  kind: z.enum(['check', 'action', 'stop']),
  key: z.string().nullable().describe('key of the check or workaround; null for stop'),
  commands: z.array(z.string()),
  why: z.string(),
  why_zh: z.string(),
  question: z.string().nullable(),
  question_zh: z.string().nullable(),
  readings: z.array(
    z.object({
      key: z.string().describe('of a check: its reading; of an action: the outcome, when it did not help'),
      expect: z.string().describe('what to look for: a regex, an exit status, or an outcome'),
      title: z.string().nullable(),
      title_zh: z.string().nullable(),
      means: z.array(z.string()).describe('cause keys that are left after it'),
      actions: z.array(z.string()).describe('keys of the actions that follow'),
      after: z
        .array(z.object({ kind: z.enum(['check', 'action', 'stop']), key: z.string().nullable() }))
        .describe('the next steps, in this order as long as they do not help'),
    }),
  ),
  measured: z.boolean().describe('computed from measured cells; else by the author’s account'),
  left: z.array(z.string()).describe('measured: causes that are still possible'),
  alternatives: z.array(z.string()).describe('keys of steps that are nearly as good'),
});

export const findingSchema = z.object({
  id: z.string(),
  verdict: z.enum(['match', 'possible']),
  basis: z
    .enum(['signature', 'words'])
    .describe('words: no signature was found, only a line that has most of the words of one'),
  title: z.string(),
  title_zh: z.string().nullable(),
  line: z.int().describe('one-based line number'),
  occurrences: z.int().describe('lines of the text in which this record was found'),
  excerpt: z.string().describe('program output: hostile text, control characters removed'),
  groups: z.record(z.string(), z.string()).describe('program output'),
  typed_groups: z
    .record(z.string(), z.string())
    .describe('the groups whose value fits their declared type: safe to hand on'),
  tier,
  flags: z
    .array(z.enum(['contradicted', 'stale', 'outdated']))
    .describe(
      'what takes something off the tier: a claim that a cell refutes, cells of commands that changed since, cells of older versions than the rest',
    ),
  origin,
  book: z
    .string()
    .nullable()
    .describe('the folder or pack it came from; null: the book that ships with the program'),
  trusted: z.boolean().describe('false: nobody here has vouched for it; agents get no advice of it'),
  causes: z.array(
    z.object({
      key: z.string(),
      title: z.string(),
      title_zh: z.string().nullable(),
      counts: z
        .object({ cases: z.number(), of: z.number() })
        .nullable()
        .describe('public threads with this cause, of those whose cause was settled'),
    }),
  ),
  survey: z
    .object({
      settled: z.int(),
      found: z.int(),
      other: z.int().describe('settled threads with a cause that is not listed'),
      date: z.string(),
    })
    .nullable()
    .describe('public threads about this error; no random sample'),
  measured: z
    .object({
      known: z
        .enum(['yours', 'other', 'unknown'])
        .describe('yours: your environment was measured; other: it was not; unknown: nothing is known of it'),
      environments: z.array(
        z.object({ name: z.string(), suite: z.string(), versions: z.record(z.string(), z.string()) }),
      ),
      trials: z.int(),
      date: z.string(),
    })
    .nullable()
    .describe('where the cells were measured that the advice rests on; null: nothing was measured'),
  field: z
    .object({
      cases: z.int(),
      reporters: z.int(),
      causes: z.record(z.string(), z.int()).describe('cases in which a reading or the fix names one cause'),
    })
    .nullable()
    .describe('outcome reports made here on this record, unverified'),
  next: nextSchema,
  avoid: z.array(avoidSchema),
  try: z.array(trySchema),
  leads_to: z.array(z.string()),
  confused_with: z.array(z.string()),
});

export const diagnosisSchema = z.object({
  schema: z.literal('diagnosis.v1'),
  verdict: z.enum(['match', 'possible', 'none']),
  findings: z.array(findingSchema),
  focus: z
    .array(z.object({ line: z.int(), text: z.string() }))
    .describe('at most three lines where the failure seems to be: heuristic, never a claim'),
  shapes: z
    .array(
      z.object({
        shape: z.string().describe('the line without what varies in it'),
        count: z.int(),
        line: z.int().describe('one-based number of the first'),
        example: z.string(),
      }),
    )
    .describe('where nothing is known: lines that read like a failure, grouped; program output'),
  more: z.int().describe('findings beyond the limit, not shown'),
  lines: z.int().describe('lines read'),
  hint: z.enum(['localised']).nullable().describe('localised: run it again with LC_ALL=C'),
});

export type Diagnosis = z.infer<typeof diagnosisSchema>;
export type DiagnosisFinding = z.infer<typeof findingSchema>;
export type NextStep = z.infer<typeof nextSchema>;
export type AvoidAnswer = z.infer<typeof avoidSchema>;
export type TryAnswer = z.infer<typeof trySchema>;
