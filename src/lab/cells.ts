/**
 * What a plan comes to: its cells, what is run in each, and a digest of exactly that, so that a change of the page
 * makes those cells stale that it touches, and no other.
 */
import { createHash } from 'node:crypto';
import { placeholdersOf } from '../record/index.ts';
import {
  type Block,
  type BlockOf,
  DEFAULT_ACCOUNT,
  HEALTHY,
  LAB_LIMITS,
  type Plan,
  type Section,
  WORK_FOLDER,
} from './plan.ts';

/** One place of the matrix. */
export interface CellKey {
  readonly env: string;
  /** A cause's key, or `healthy`. */
  readonly cause: string;
  readonly kind: 'action' | 'check';
  /** Key of the action or check; `nothing` and `restart` are actions that nobody writes. */
  readonly key: string;
}

/**
 * `<name>` in a command, to be filled from `values`. Words with single spaces between, so that redirections
 * (`<in >out`, `<in 2>&1`) are none.
 */
const PLACEHOLDER = /<([a-z][a-z0-9_-]*(?: [a-z][a-z0-9_-]*)*)>/g;

/** Names of the `<name>` placeholders of a command, in order. */
export function valueNamesOf(command: string): string[] {
  return [...command.matchAll(PLACEHOLDER)].map((m) => m[1] as string);
}

/**
 * Replaces each `<name>` that has a value; the value stands as it is, not quoted: it may be several words.
 * @returns what remains of a name without one, as `missing`
 */
export function fillValues(
  command: string,
  values: Readonly<Record<string, string>>,
): { readonly command: string; readonly missing: readonly string[] } {
  const missing: string[] = [];
  const filled = command.replace(PLACEHOLDER, (whole, name: string) => {
    if (Object.hasOwn(values, name)) return values[name] as string;
    missing.push(name);
    return whole;
  });
  return { command: filled, missing };
}

/**
 * Every cell, in an order that only the record and the page's environments decide: for each environment and cause
 * `nothing`, `restart` (where the healthy world has services), the actions, the checks; the healthy world last, with
 * `nothing` and the actions. Cells to which the page has no body are among them (`blocksFor` says so).
 */
export function cellsOf(plan: Plan): CellKey[] {
  const actions = Object.keys(plan.actions);
  const checks = Object.keys(plan.checks);
  return Object.keys(plan.environments).flatMap((env) => {
    const services = (blocksFor(plan.base, HEALTHY, env) ?? []).some((b) => b.verb === 'service');
    const faulty = services ? ['nothing', 'restart', ...actions] : ['nothing', ...actions];
    const row = (cause: string, kind: CellKey['kind'], keys: readonly string[]): CellKey[] =>
      keys.map((key) => ({ env, cause, kind, key }));
    return [
      ...Object.keys(plan.causes).flatMap((cause) => [
        ...row(cause, 'action', faulty),
        ...row(cause, 'check', checks),
      ]),
      ...row(HEALTHY, 'action', ['nothing', ...actions]),
    ];
  });
}

/**
 * The blocks of a section that count for a cause (or `healthy`) in an environment, in the page's order.
 * @returns null where the section has bodies that differ and none of them fits: the cell is `not_applicable`
 */
export function blocksFor(section: Section, cause: string, env: string): Block[] | null {
  const fits = ({ for: causes, on }: { readonly for: string[] | null; readonly on: string[] | null }) =>
    (causes === null || causes.includes(cause)) && (on === null || on.includes(env));
  return section.variants.length > 0 && !section.variants.some(fits) ? null : section.blocks.filter(fits);
}

/** What the `<name>` placeholders stand for in a cell: the environment's values, then base, cause, action or check; later wins. */
export function valuesFor(plan: Plan, cell: CellKey): Record<string, string> {
  const values: Record<string, string> = { ...plan.environments[cell.env]?.values };
  for (const blocks of Object.values(partsOf(plan, cell))) {
    for (const block of blocks ?? []) if (block.verb === 'values') Object.assign(values, block.set);
  }
  return values;
}

/**
 * Digest of everything that is run in a cell, and of nothing else: no line numbers, prose, titles, no other section, and
 * no limit that stops what takes too long (a line whose run met it says so itself). First 12 hex digits of the SHA-256 of
 * canonical JSON.
 */
export function digestOf(plan: Plan, cell: CellKey): string {
  return digestWith(plan, cell, LAB_LIMITS.defaultTimeoutSeconds);
}

/** The digest as it was until the page's `timeout` was left out of it: lines of then go on to count. */
export function olderDigestOf(plan: Plan, cell: CellKey): string {
  return digestWith(plan, cell, plan.timeoutSeconds);
}

function digestWith(plan: Plan, cell: CellKey, timeoutSeconds: number): string {
  const { suite, needs } = plan.environments[cell.env] as Plan['environments'][string];
  const { base, cause, own } = partsOf(plan, cell);
  const action = cell.kind === 'action' ? plan.actions[cell.key] : undefined;
  const check = cell.kind === 'check' ? plan.checks[cell.key] : undefined;
  const commands = action?.commands ?? (check ? [check.command] : []);
  const values = valuesFor(plan, cell);
  // A `{{group}}` that the fault does not print is filled from the values too.
  const used = commands.flatMap((c) => [...valueNamesOf(c), ...placeholdersOf(c).map((p) => p.name)]);
  const run = {
    base: bare(base),
    cause: bare(cause),
    contract: canonical(plan.contract),
    names: canonicalPart(plan.names),
    needs: canonical(needs.toSorted()),
    own: bare(own),
    person: canonical(plan.person),
    restrictions: canonical(plan.restrictions),
    settleMs: canonical(plan.settleMs),
    signature: canonicalPart(plan.signature),
    suite: canonical(suite),
    timeoutSeconds: canonical(timeoutSeconds),
    users: canonicalPart(plan.users),
    values: canonical(
      Object.fromEntries(used.filter((n) => Object.hasOwn(values, n)).map((n) => [n, values[n]])),
    ),
    // What is no action of the record is one of the placebos, and they differ by name only.
    what: canonical(action || check ? { commands, readings: check?.readings ?? null } : cell.key),
    writable: canonical(plan.writable.toSorted()),
  };
  // Said only where it differs from what it would be without: cells that it does not concern keep their digest.
  const called = calledElsewhere(plan, [...(base ?? []), ...(cause ?? [])], own ?? []);
  if (called !== undefined) Object.assign(run, { called: canonical(called) });
  const json = Object.entries(run).map(([name, text]) => `${JSON.stringify(name)}:${text}`);
  return createHash('sha256')
    .update(`{${json.join(',')}}`)
    .digest('hex')
    .slice(0, 12);
}

interface Place {
  readonly as: string | null;
  readonly in: string | null;
}

/** Who types actions and checks, and where: as the page says; else whoever types the attempt. */
export function personOf({ person }: Plan, attempt: Place): Place {
  return { as: person.as ?? attempt.as, in: person.in ?? (person.as === null ? attempt.in : null) };
}

/**
 * Who calls the program in another way (`attempt commands`), and where: the person, but where that is whoever types the
 * attempt, in its folder, because the same thing is to be done.
 */
export function callerOf(plan: Plan, called: Place, attempt: Place): Place {
  const as = called.as ?? personOf(plan, attempt).as;
  if (called.in === null && accountOf(as) === accountOf(attempt.as)) return { as, in: attempt.in };
  return typistOf(plan, called, attempt);
}

/** Who types a block of an action or a check: the person, unless it says otherwise. */
export function typistOf(plan: Plan, block: Place, attempt: Place): Place {
  const person = personOf(plan, attempt);
  return { as: block.as ?? person.as, in: block.in ?? (block.as === null ? person.in : null) };
}

function accountOf(as: string | null): string {
  return as ?? DEFAULT_ACCOUNT;
}

/** The folder in which a cell calls the program, where it is not the person's; undefined where it is. */
function calledElsewhere(plan: Plan, attempts: readonly Block[], own: readonly Block[]): string | undefined {
  const isAttempt = (b: Block): b is BlockOf<'attempt'> => b.verb === 'attempt';
  const attempt = attempts.filter(isAttempt).at(-1);
  const called = own.find((b): b is BlockOf<'attempt'> => isAttempt(b) && b.commands);
  if (!attempt || !called) return undefined;
  const folder = (place: Place) => place.in ?? homeIn(plan, accountOf(place.as));
  const here = folder(callerOf(plan, called, attempt));
  return here === folder(typistOf(plan, called, attempt)) ? undefined : here;
}

/** Where an account's blocks run unless they say otherwise. */
function homeIn(plan: Plan, account: string): string {
  if (account === DEFAULT_ACCOUNT) return WORK_FOLDER;
  return plan.users.find((u) => u.name === account)?.home ?? (account === 'root' ? '/root' : account);
}

/** The blocks that meet in a cell, in the order in which they count. */
function partsOf(
  plan: Plan,
  { env, cause, kind, key }: CellKey,
): { readonly base: Block[] | null; readonly cause: Block[] | null; readonly own: Block[] | null } {
  const section = plan.causes[cause];
  const own = kind === 'action' ? plan.actions[key]?.section : plan.checks[key]?.section;
  return {
    base: blocksFor(plan.base, HEALTHY, env),
    cause: section ? blocksFor(section, cause, env) : [],
    own: own ? blocksFor(own, cause, env) : [],
  };
}

/** Blocks without their place, as canonical JSON; `values` count only where a command uses them. */
function bare(blocks: readonly Block[] | null): string {
  if (blocks === null) return 'null';
  return `[${blocks
    .filter((b) => b.verb !== 'values')
    .map((b) => canonicalPart(b, ({ line: _line, for: _for, on: _on, ...rest }) => rest))
    .join(',')}]`;
}

/** What the cells of a plan share is written once: a page has thousands of cells and few blocks. */
const written = new WeakMap<object, string>();
function canonicalPart<T extends object>(part: T, shown: (part: T) => unknown = (p) => p): string {
  let text = written.get(part);
  if (text === undefined) {
    text = canonical(shown(part));
    written.set(part, text);
  }
  return text;
}

/** JSON in which the order of keys says nothing. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, v: unknown) =>
    v !== null && typeof v === 'object' && !Array.isArray(v)
      ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1)))
      : v,
  );
}
