/**
 * The plan: what a lab page compiles to. It is validated, hashed and shown (`prove ID --plan`), and it alone is
 * executed. Nothing in it is a path of the host, an address or a flag.
 */
import { z } from 'zod';

/** Bounds of pages and plans, and the defaults of a sandbox; `docs/lab.md` lists those that authors meet. */
export const LAB_LIMITS = {
  /** A page larger than this is refused. */
  maxPageBytes: 512 * 1024,
  /** Longest body of one block, in UTF-16 units. */
  maxBodyChars: 64 * 1024,
  maxBlocks: 1000,
  /** Seconds for one block. */
  defaultTimeoutSeconds: 30,
  maxTimeoutSeconds: 300,
  /**
   * With services, an attempt that does not come out as hoped is made once more after this: `nginx -s reload` and its
   * like return before their work is done. People take longer than that to type.
   */
  defaultSettleMs: 500,
  maxSettleMs: 10_000,
  /** MiB of memory (where the lab runs as root), of disk, number of processes. */
  defaultMemory: 1024,
  maxMemory: 4096,
  defaultDisk: 512,
  maxDisk: 4096,
  defaultProcesses: 200,
  maxProcesses: 2000,
} as const;

/** Raised when the same page would mean something else: every cell is stale then. */
export const LAB_CONTRACT = 1;
/** Who runs blocks unless they say otherwise, and where. */
export const DEFAULT_ACCOUNT = 'user';
export const WORK_FOLDER = '/work';

/** Debian suites by code name; three generations. */
export const SUITES = ['bullseye', 'bookworm', 'trixie'] as const;
export type Suite = (typeof SUITES)[number];

export const REGISTRIES = ['debian', 'npm', 'pypi', 'crates', 'go', 'maven'] as const;
export type Registry = (typeof REGISTRIES)[number];

/** The world without a fault, where a cause key is asked for. */
export const HEALTHY = 'healthy';

/** `8443`, `127.0.0.2:8443`, `/run/app.sock`. */
export const LISTENS = /^(?:(?:\d{1,3}(?:\.\d{1,3}){3}:)?\d{1,5}|\/\S+)$/;

const name = z.string().regex(/^[a-z][a-z0-9_-]{0,31}$/);
const account = z.string().regex(/^[a-z_][a-z0-9_-]{0,31}$/);
const path = z
  .string()
  .max(512)
  .regex(/^\/[^\0\n]*$/);
const body = z.string().max(LAB_LIMITS.maxBodyChars);

/** Where a block counts: `null` everywhere, else the causes (or `healthy`) and environments listed. */
const where = {
  /** Line of the page. */
  line: z.int().min(1),
  for: z.array(z.string()).nullable(),
  on: z.array(z.string()).nullable(),
};
const who = { as: account.nullable(), in: path.nullable() };

export const blockSchema = z.discriminatedUnion('verb', [
  z.strictObject({
    verb: z.literal('file'),
    ...where,
    path,
    as: account.nullable(),
    mode: z.string().regex(/^0?[0-7]{3,4}$/),
    body,
  }),
  z.strictObject({ verb: z.literal('setup'), ...where, ...who, body }),
  z.strictObject({
    verb: z.literal('service'),
    ...where,
    ...who,
    name,
    /** Ports (with an IPv4 address where two share one), or paths of sockets, that must listen; empty: none. */
    listens: z.array(z.string().regex(LISTENS)),
    /** Files or folders whose edit by a cause restarts the service. */
    config: z.array(path),
    body,
  }),
  z.strictObject({ verb: z.literal('ready'), ...where, ...who, name, body }),
  z.strictObject({ verb: z.literal('run'), ...where, ...who, body }),
  z.strictObject({
    verb: z.literal('attempt'),
    ...where,
    ...who,
    /** The action's own commands take the attempt's place; `body` is empty then. */
    commands: z.boolean(),
    body,
  }),
  z.strictObject({ verb: z.literal('symptom'), ...where, path }),
  z.strictObject({ verb: z.literal('healthy'), ...where, ...who, body }),
  z.strictObject({ verb: z.literal('guard'), ...where, ...who, name, body }),
  z.strictObject({ verb: z.literal('probe'), ...where, ...who, name: z.string().max(64), body }),
  /** `slot` null: `body` is a unified diff. */
  z.strictObject({ verb: z.literal('edit'), ...where, path, slot: z.string().nullable(), body }),
  /** A value of null takes the variable away. */
  z.strictObject({ verb: z.literal('env'), ...where, set: z.record(z.string(), z.string().nullable()) }),
  z.strictObject({ verb: z.literal('values'), ...where, set: z.record(z.string(), z.string()) }),
  z.strictObject({ verb: z.literal('restart'), ...where, name }),
  z.strictObject({ verb: z.literal('stop'), ...where, name }),
  z.strictObject({ verb: z.literal('applied'), ...where, ...who, body }),
  z.strictObject({ verb: z.literal('undo'), ...where, ...who, body }),
]);
export type Block = z.output<typeof blockSchema>;
export type Verb = Block['verb'];
export type BlockOf<V extends Verb> = Extract<Block, { verb: V }>;

/** A section's `### For:` and `### On:` headings, `others` resolved; empty: it counts everywhere. */
const variant = z.strictObject({
  line: z.int().min(1),
  for: z.array(z.string()).nullable(),
  on: z.array(z.string()).nullable(),
});
export const sectionSchema = z.strictObject({
  /** Line of its heading; 0 where the page has no such section. */
  line: z.int().min(0),
  variants: z.array(variant),
  blocks: z.array(blockSchema),
});
export type Section = z.output<typeof sectionSchema>;

export const accountSchema = z.strictObject({
  name: account,
  uid: z.int().min(1).max(65533),
  groups: z.array(account),
  home: path,
});
export type Account = z.output<typeof accountSchema>;

export const planSchema = z.strictObject({
  schema: z.literal('plan.v1'),
  contract: z.literal(LAB_CONTRACT),
  /** The record's id. */
  record: z.string(),
  environments: z.record(
    z.string(),
    z.strictObject({
      suite: z.enum(SUITES),
      /** The page's and the environment's, without repetition, `registry:name[@version]`. */
      needs: z.array(z.string()),
      /** The page's and the environment's; the latter win. */
      values: z.record(z.string(), z.string()),
    }),
  ),
  /** `user` (uid 1000) first. */
  users: z.array(accountSchema),
  /** Host name → loopback address. */
  names: z.record(z.string(), z.string()),
  person: z.strictObject({ as: account.nullable(), in: path.nullable() }),
  writable: z.array(path),
  timeoutSeconds: z.int().min(1).max(LAB_LIMITS.maxTimeoutSeconds),
  settleMs: z.int().min(0).max(LAB_LIMITS.maxSettleMs),
  restrictions: z.strictObject({
    memory: z.int().min(16).max(LAB_LIMITS.maxMemory),
    disk: z.int().min(16).max(LAB_LIMITS.maxDisk),
    processes: z.int().min(8).max(LAB_LIMITS.maxProcesses),
  }),
  alone: z.array(z.string()),
  /** What recognises the error; part of every digest. */
  signature: z.strictObject({
    /** Types of the named groups: they decide what a command is filled with. */
    groups: z.record(z.string(), z.string()),
    ignore_case: z.boolean(),
    patterns: z.array(z.string()),
    sequence: z.array(z.strictObject({ regex: z.string(), within_lines: z.int() })),
    not_if: z.array(z.strictObject({ regex: z.string(), within_lines: z.int() })),
  }),
  base: sectionSchema,
  /** In the record's order; causes without a section are absent (the issues say so). */
  causes: z.record(z.string(), sectionSchema),
  actions: z.record(
    z.string(),
    z.strictObject({
      kind: z.enum(['workaround', 'dead_end']),
      commands: z.array(z.string()),
      section: sectionSchema,
    }),
  ),
  checks: z.record(
    z.string(),
    z.strictObject({
      command: z.string(),
      readings: z.array(
        z.strictObject({ key: z.string(), regex: z.string().nullable(), exit: z.int().nullable() }),
      ),
      section: sectionSchema,
    }),
  ),
});
export type Plan = z.output<typeof planSchema>;
