/** `faultbook drill`: does following the advice repair what is broken? Every fault of the lab, every policy, for real. */
import { availableParallelism } from 'node:os';
import { type Book, compileBook } from '../book/index.ts';
import { type Environment, possibleWorlds, treeActions, treeOf } from '../diagnosis/index.ts';
import { type EvidenceSummary, surveyOf, type WorldTable, weightsOf } from '../evidence/index.ts';
import {
  bestOrder,
  CannotProve,
  CannotProvision,
  cacheFolder,
  drill,
  orderable,
  orderPolicy,
  type Policy,
  PROVE_LIMITS,
  predict,
  randomOrder,
  treePolicy,
  type Walk,
} from '../lab/index.ts';
import type { FaultRecord } from '../record/index.ts';
import { type DrillReport, type PolicyFigures, renderDrill } from '../render/index.ts';
import { InputError, type RecordFolder } from '../store/index.ts';
import { chooseFolders, DEFAULT_RECORDS, planOf, readFolders } from './folders.ts';
import { type ColorChoice, columnsOf, EXIT, print, warn } from './terminal.ts';

interface DrillFlags {
  readonly stated?: string;
  readonly predicted?: true;
  readonly jobs?: number;
  readonly offline?: true;
  readonly records?: string;
  readonly format?: 'text' | 'markdown' | 'json';
  readonly color?: ColorChoice;
}

/** @returns 0 where every walk went as the cells say and every fixable fault was repaired; 1 else; 2 where it cannot run. */
export async function runDrill(ids: readonly string[], flags: DrillFlags): Promise<number> {
  const root = flags.records ?? DEFAULT_RECORDS;
  const read = readFolders(root);
  const { records } = read;
  const { book } = compileBook(records);
  const chosen = chooseFolders(read, ids, root).filter((f) => ids.length > 0 || f.summary?.tier === 'proven');
  if (chosen.length === 0) throw new InputError('no record here was proven; see: faultbook prove');
  if (flags.stated !== undefined && chosen.length !== 1)
    throw new InputError('--stated is the order of one record: name it');
  const reports: DrillReport[] = [];
  for (const folder of chosen) reports.push(await drillOne(folder, book, flags));
  if (flags.format === 'json') print(JSON.stringify(reports, null, 2));
  else print(renderDrill(reports, { markdown: flags.format === 'markdown', columns: columnsOf() }));
  return reports.every((r) => r.differing.length === 0 && r.unrepaired.length === 0) ? EXIT.ok : EXIT.noMatch;
}

async function drillOne(folder: RecordFolder, book: Book, flags: DrillFlags): Promise<DrillReport> {
  const { record, summary } = folder;
  const table = summary?.table;
  if (!summary || !table)
    throw new InputError(`${record.id} has no evidence; run first: faultbook prove ${record.id}`);
  const { plan, issues } = planOf(folder);
  if (!plan)
    throw new InputError(
      `${record.id}: ${issues[0]?.problem ?? 'its page is broken'}; see: faultbook prove --plan`,
    );
  const policies = policiesOf(record, summary, table, flags.stated);
  const predicted = await predictAll(table, policies);
  const walks = flags.predicted
    ? predicted
    : await inLab(() =>
        drill({
          plan,
          book,
          table,
          cache: cacheFolder(),
          jobs: flags.jobs ?? PROVE_LIMITS.cellsPerProcessor * availableParallelism(),
          offline: flags.offline === true,
          say: (line) => {
            if (line !== '') warn(line);
          },
          onWalk: (done, total) => {
            if (process.stderr.isTTY)
              process.stderr.write(`\r\x1b[2K${record.id}: ${done} of ${total} walks`);
            if (process.stderr.isTTY && done === total) process.stderr.write('\r\x1b[2K');
          },
          policies,
        }),
      );
  return reportOf(record, summary, table, walks, predicted, flags);
}

/** What the lab cannot do is said like any other input that cannot be used. */
async function inLab<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CannotProve || error instanceof CannotProvision)
      throw new InputError((error as Error).message);
    throw error;
  }
}

/** The tree as a reader gets it who names the environment, and one who does not; the best fixed order; a stated one. */
function policiesOf(
  record: FaultRecord,
  summary: EvidenceSummary,
  table: WorldTable,
  stated: string | undefined,
): Record<string, (env: string) => Policy> {
  const trees = new Map<string, Policy>();
  const tree = (environment: Environment): Policy => {
    const possible = possibleWorlds(summary, null, environment);
    const known = trees.get(possible.key);
    if (known) return known;
    const root = treeOf(record, summary, possible);
    const policy = root ? treePolicy(root) : () => null;
    trees.set(possible.key, policy);
    return policy;
  };
  const actions = treeActions(record);
  const risky = new Set(actions.filter((a) => a.risk === 'high').map((a) => a.key));
  const orders = new Map<string, Policy>();
  const order = (env: string): Policy => {
    const known = orders.get(env);
    if (known) return known;
    const here = { ...table, worlds: table.worlds.filter((w) => w.env === env) };
    const mine = orderable(here, actions);
    const policy = orderPolicy(bestOrder(here, mine, risky));
    orders.set(env, policy);
    return policy;
  };
  const said = stated?.split(',');
  const unknown = said?.filter((key) => !table.actions.includes(key)) ?? [];
  if (unknown.length > 0)
    throw new InputError(`--stated: ${record.id} has no cells of ${unknown.join(', ')}`);
  return {
    tree: (env) => tree({ environment: env }),
    'tree-any': () => tree({}),
    order,
    ...(said ? { stated: () => orderPolicy(said) } : {}),
  };
}

async function predictAll(
  table: WorldTable,
  policies: Readonly<Record<string, (env: string) => Policy>>,
): Promise<Walk[]> {
  const walks: Walk[] = [];
  for (const world of table.worlds) {
    for (const [name, policy] of Object.entries(policies))
      walks.push(await predict(table, world, name, policy(world.env)));
  }
  return walks;
}

function reportOf(
  record: FaultRecord,
  summary: EvidenceSummary,
  table: WorldTable,
  walks: readonly Walk[],
  predicted: readonly Walk[],
  flags: DrillFlags,
): DrillReport {
  const actions = treeActions(record);
  const own = orderable(table, actions);
  const fixes = (walk: { env: string; cause: string }) => predictedFix(table, own, actions, walk);
  const shown = new Map<string, number>();
  for (const { cause } of table.worlds) shown.set(cause, (shown.get(cause) ?? 0) + 1);
  const shares = weightsOf(record);
  const weighings = {
    equal: () => 1,
    ...(surveyOf(record)
      ? { shares: (cause: string) => (shares.get(cause) ?? 0) / (shown.get(cause) ?? 1) }
      : {}),
  };
  const differing = walks
    .filter((w, i) => JSON.stringify(w) !== JSON.stringify(predicted[i]))
    .map((w) => {
      const p = predicted.find(
        (q) => q.env === w.env && q.cause === w.cause && q.policy === w.policy,
      ) as Walk;
      return { walk: w, predicted: p };
    });
  const policies: Record<string, Record<string, PolicyFigures>> = {};
  for (const [weighing, weigh] of Object.entries(weighings)) {
    const rows: Record<string, PolicyFigures> = {};
    for (const name of new Set(walks.map((w) => w.policy)))
      rows[name] = figures(
        walks.filter((w) => w.policy === name),
        fixes,
        weigh,
      );
    const random = table.worlds.map((world) => {
      const { vain, repaired } = randomOrder(table, world, own);
      return { ...world, vain, repaired, checks: 0 };
    });
    rows.random = expected(random, fixes, weigh);
    if (flags.stated !== undefined) {
      const stated = flags.stated.split(',');
      const left = own.filter((k) => !stated.includes(k));
      const completed = walks
        .filter((w) => w.policy === 'stated')
        .map((w) => {
          const world = table.worlds.find(
            (t) => t.env === w.env && t.cause === w.cause,
          ) as WorldTable['worlds'][number];
          const rest = w.end === 'stop' ? randomOrder(table, world, left) : { vain: 0, repaired: 0 };
          return {
            env: w.env,
            cause: w.cause,
            vain: w.vain + rest.vain,
            repaired: w.end === 'repaired' ? 1 : rest.repaired,
            checks: 0,
          };
        });
      rows['stated-completed'] = expected(completed, fixes, weigh);
    }
    policies[weighing] = rows;
  }
  const trees = walks.filter((w) => w.policy === 'tree' || w.policy === 'tree-any');
  return {
    record: record.id,
    environments: summary.measured.map((m) => m.name),
    causes: new Set(table.worlds.map((w) => w.cause)).size,
    worlds: table.worlds.length,
    fixable: table.worlds.filter((w) => fixes(w)).length,
    actions: own.length,
    checks: table.checks.length,
    forReal: flags.predicted !== true,
    walks: walks.length,
    asPredicted: walks.length - differing.length,
    differing: differing.map(({ walk, predicted: p }) => ({
      env: walk.env,
      cause: walk.cause,
      policy: walk.policy,
      walked: saidOf(walk),
      predicted: saidOf(p),
    })),
    unrepaired: trees
      .filter((w) => fixes(w) && w.end !== 'repaired')
      .map((w) => ({ env: w.env, cause: w.cause, policy: w.policy, walked: saidOf(w) })),
    policies,
  };
}

/** Whether an action that the reader can take repairs it. */
function predictedFix(
  table: WorldTable,
  own: readonly string[],
  actions: ReturnType<typeof treeActions>,
  { env, cause }: { env: string; cause: string },
): boolean {
  const row = table.worlds.find((w) => w.env === env && w.cause === cause) as WorldTable['worlds'][number];
  const last = actions.filter((a) => a.deadEnd && !a.others).map((a) => a.key);
  return randomOrder(table, row, [...own, ...last]).repaired > 0;
}

function saidOf({ path, end }: Walk): string {
  return [...path.map((s) => `${s.key}${s.kind === 'check' ? '?' : ''}=${s.seen}`), end].join(' ');
}

interface Outcome {
  readonly env: string;
  readonly cause: string;
  readonly vain: number;
  readonly checks: number;
  /** 0 to 1. */
  readonly repaired: number;
}

function figures(
  walks: readonly Walk[],
  fixes: (w: { env: string; cause: string }) => boolean,
  weigh: (cause: string) => number,
): PolicyFigures {
  return expected(
    walks.map((w) => ({ ...w, repaired: w.end === 'repaired' ? 1 : 0 })),
    fixes,
    weigh,
  );
}

/** Means over the faults that some action of the reader's repairs; of the others, what was done in vain before the stop. */
function expected(
  outcomes: readonly Outcome[],
  fixes: (w: { env: string; cause: string }) => boolean,
  weigh: (cause: string) => number,
): PolicyFigures {
  const mean = (rows: readonly Outcome[], of: (o: Outcome) => number): number | null => {
    const weight = rows.reduce((s, o) => s + weigh(o.cause), 0);
    return weight === 0 ? null : rows.reduce((s, o) => s + of(o) * weigh(o.cause), 0) / weight;
  };
  const fixable = outcomes.filter(fixes);
  const others = outcomes.filter((o) => !fixes(o));
  return {
    vain: mean(fixable, (o) => o.vain),
    checks: mean(fixable, (o) => o.checks),
    repaired: mean(fixable, (o) => o.repaired),
    vainBeforeStop: mean(others, (o) => o.vain),
  };
}
