/**
 * The record language: one zod schema is the single source of the TypeScript types, of the published
 * JSON Schema (`schema/record.v1.json`, made by `npm run generate`) and of what `parseRecord` accepts.
 *
 * At rest a record has the keys of the seed document (`test/fixtures/seed/`), snake_case, with `_zh` fields
 * beside the English ones; everything the seed lacks is optional here and asked for by `lint --for book`.
 */
import { z } from 'zod';
import { GROUP_NAME_PATTERN, ID_PATTERN, KEY_PATTERN, RECORD_LIMITS } from './names.ts';

const key = z.string().regex(new RegExp(KEY_PATTERN)).describe('lower-case key, unique in its list');
const text = z.string().max(RECORD_LIMITS.maxTextChars);
const optionalText = text.nullable().default(null);
const pattern = z
  .string()
  .min(1)
  .max(RECORD_LIMITS.maxPatternChars)
  .describe('RE2 subset, matched per line; no inline flags; named groups as (?<name>…)');
const list = <T extends z.ZodType>(item: T) => z.array(item).max(RECORD_LIMITS.maxEntries).default([]);
const withinLines = z.int().min(1).max(1000).describe('how many lines after (not_if: around) the first one');
const risk = z
  .enum(['low', 'high'])
  .describe('high: loses data, lowers protection or touches others; low: reversible');

/** What a named group can hold; only typed values are put into commands for agents. */
export const GROUP_TYPES = ['host', 'port', 'path', 'name', 'number', 'version', 'url', 'text'] as const;

export const wordingSchema = z.strictObject({
  key,
  regex: pattern,
  locale: z.string().max(16).nullable().default(null).describe('BCP 47 tag of the output language'),
  note: optionalText,
});

export const sequenceStepSchema = z.strictObject({ regex: pattern, within_lines: withinLines.default(20) });
export const notIfSchema = z.strictObject({ regex: pattern, within_lines: withinLines.default(20) });

export const causeSchema = z.strictObject({
  key,
  title: text.min(1),
  title_zh: optionalText,
  explanation: optionalText,
  explanation_zh: optionalText,
});

const commands = list(z.string().min(1).max(4000)).describe('exactly what a person types, one command each');

export const deadEndSchema = z.strictObject({
  key,
  action: text,
  action_zh: optionalText,
  commands,
  except: list(key).describe('causes for which this does help'),
  refused: z
    .boolean()
    .default(false)
    .describe('the software itself refuses it: the commands fail, and why_fails says why'),
  why_fails: optionalText,
  why_fails_zh: optionalText,
  risk: risk.default('low'),
  fail_rate: z.number().min(0).max(1).nullable().default(null).describe('claimed, never measured'),
  condition: optionalText,
  sources: list(z.string().max(2000)),
});

export const workaroundSchema = z.strictObject({
  key,
  action: text,
  action_zh: optionalText,
  commands,
  for: list(key).describe('causes that this is claimed to remove; empty: not said'),
  how: optionalText,
  how_zh: optionalText,
  why_works: optionalText,
  why_works_zh: optionalText,
  risk: risk.default('low'),
  by: z.string().min(1).max(200).default('you').describe('who has to do it: you, or another party'),
  success_rate: z.number().min(0).max(1).nullable().default(null).describe('claimed, never measured'),
  condition: optionalText,
  sources: list(z.string().max(2000)),
});

export const readingSchema = z
  .strictObject({
    key,
    regex: pattern.optional(),
    exit: z.int().min(0).max(255).optional(),
    means: list(key),
    title: optionalText,
    title_zh: optionalText,
  })
  .refine((r) => r.regex !== undefined || r.exit !== undefined, 'a reading needs regex or exit');

export const checkSchema = z.strictObject({
  key,
  question: text.min(1),
  question_zh: optionalText,
  command: z.string().min(1).max(4000).describe('read-only; changes nothing'),
  readings: list(readingSchema),
});

export const surveySchema = z.strictObject({
  queries: list(z.string().max(1000)),
  date: z.iso.date(),
  limit: z.int().min(1),
  cases: z
    .array(
      z.strictObject({
        url: z.url(),
        cause: z.union([key, z.array(key).min(1)]).describe('a cause key, several, "other" or "open"'),
        basis: z.enum(['confirmed', 'inferred']),
        note: text,
      }),
    )
    .max(1000),
});

export const versionSchema = z.looseObject({
  version: z.string().max(200),
  introduced: optionalText,
  deprecated: optionalText,
  removed: optionalText,
  behavior_change: optionalText,
  status: optionalText,
});

export const recordSchema = z.strictObject({
  $schema: z.string().optional(),
  id: z.string().regex(new RegExp(ID_PATTERN)).describe('domain/slug: never changes meaning, never reused'),
  title: optionalText.describe('one line, what happened, in a person’s words'),
  title_zh: optionalText,
  signature: text.min(1).describe('the message as a person sees it'),
  signature_zh: optionalText,
  regex: pattern.nullable().default(null),
  ignore_case: z.boolean().default(false),
  groups: z
    .record(z.string().regex(new RegExp(GROUP_NAME_PATTERN)), z.enum(GROUP_TYPES))
    .default({})
    .describe('type of each named group; a group not listed here is text'),
  wordings: list(wordingSchema),
  sequence: list(sequenceStepSchema).describe('errors over several lines; its first entry stands for regex'),
  not_if: list(notIfSchema),
  domain: z.string().regex(new RegExp(KEY_PATTERN)),
  category: optionalText,
  subcategory: optionalText,
  root_cause: optionalText,
  root_cause_zh: optionalText,
  root_cause_type: optionalText,
  versions: list(versionSchema),
  os_specific: z.record(z.string(), z.unknown()).default({}),
  causes: list(causeSchema),
  dead_ends: list(deadEndSchema),
  workarounds: list(workaroundSchema),
  workarounds_zh: list(text).describe('of the seed; ours stand in action_zh and how_zh'),
  checks: list(checkSchema),
  survey: surveySchema.nullable().default(null),
  transient: z.boolean().nullable().default(null).describe('whether a plain retry is sensible'),
  origin: z.enum(['authored', 'imported', 'generated']).default('imported'),
  untested: z.record(z.string(), text.min(1)).default({}).describe('claim → why the lab cannot run it'),
  withdrawn: optionalText.describe('why this record no longer stands; it matches nothing'),
  transition_graph: z
    .looseObject({
      leads_to: list(z.unknown()),
      preceded_by: list(z.unknown()),
      frequently_confused_with: list(z.unknown()).describe('declared overlap: ids'),
    })
    .default({ leads_to: [], preceded_by: [], frequently_confused_with: [] }),
  official_doc_url: optionalText,
  official_doc_section: optionalText,
  error_code: optionalText.describe('the stable code that the software prints'),
  confidence: z.number().min(0).max(1).nullable().default(null).describe('claimed, never measured'),
  fix_success_rate: z.number().min(0).max(1).nullable().default(null).describe('claimed, never measured'),
  resolvable: z
    .union([z.boolean(), z.literal('partial')])
    .nullable()
    .default(null),
  first_seen: optionalText,
  last_confirmed: optionalText,
  last_updated: optionalText,
  evidence_count: z.number().min(0).nullable().default(null).describe('claimed; ours is computed'),
  tags: list(z.string().max(200)),
  locale: z.string().max(16).default('en'),
  aliases: list(z.string().regex(new RegExp(ID_PATTERN))).describe('ids that this record had before'),
  sources: list(z.string().max(2000)).describe('illustrative; counted nowhere'),
});

/** A record as written: absent optional keys allowed. */
export type RecordInput = z.input<typeof recordSchema>;
/** A record as the program uses it: same keys as at rest, every default filled in. */
export type FaultRecord = Readonly<z.output<typeof recordSchema>>;
export type Cause = z.output<typeof causeSchema>;
export type DeadEnd = z.output<typeof deadEndSchema>;
export type Workaround = z.output<typeof workaroundSchema>;
export type Check = z.output<typeof checkSchema>;
export type Reading = z.output<typeof readingSchema>;
export type Wording = z.output<typeof wordingSchema>;
export type GroupType = (typeof GROUP_TYPES)[number];
