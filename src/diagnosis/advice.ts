/**
 * What to do about a finding: the next step, what not to try, what to try. Where cells were measured they alone speak;
 * before that only the author's account can, and it is called so.
 */
import {
  type EvidenceSummary,
  type FieldCase,
  type FirstStep,
  fieldFigures,
  fieldWeights,
  figuresOf,
  type LabFigures,
  observationAt,
  surveyOf,
  weightsOf,
} from '../evidence/index.ts';
import type { Check, DeadEnd, FaultRecord, Workaround } from '../record/index.ts';
import { fillCommand } from './fill.ts';
import { commonSelections, type Possible } from './possible.ts';
import type { AvoidAnswer, DiagnosisFinding, NextStep, TryAnswer } from './schema.ts';
import { type TreeAction, type TreeNode, troubleshootingTree } from './tree.ts';

/** Steps that are named behind a reading: more is for the page. */
const MAX_THEN = 3;
/** First steps that are kept in memory for one record. */
const MAX_COMPUTED = 32;

type Groups = Readonly<Record<string, string>>;
type Advice = Pick<DiagnosisFinding, 'next' | 'avoid' | 'try' | 'causes' | 'survey' | 'measured'>;

/** The advice of a record. `possible`: null where nothing was measured; `cases`: what was reported, for the reader's release line. */
export function adviceFor(
  record: FaultRecord,
  summary: EvidenceSummary | null,
  possible: Possible | null,
  typedGroups: Groups,
  cases: readonly FieldCase[] = [],
): Advice {
  const survey = surveyOf(record);
  const threads = new Map(survey?.causes.map((c) => [c.key, c.threads]));
  const common = {
    causes: record.causes
      .map(({ key, title, title_zh }) => ({
        key,
        title,
        title_zh,
        counts: survey ? { cases: threads.get(key) ?? 0, of: survey.settled } : null,
      }))
      .sort((a, b) => (b.counts?.cases ?? 0) - (a.counts?.cases ?? 0)),
    survey: survey
      ? { settled: survey.settled, found: survey.found, other: survey.other.threads, date: survey.date }
      : null,
  };
  const advice =
    summary?.table && possible
      ? measuredAdvice(record, summary, possible, typedGroups, fieldWeights(record, cases))
      : { ...claimedAdvice(record, typedGroups), measured: null };
  const withField = <T extends AvoidAnswer | TryAnswer>(answers: readonly T[]): T[] =>
    cases.length === 0 ? [...answers] : answers.map((a) => ({ ...a, field: fieldOf(cases, a.key) }));
  return { ...advice, ...common, avoid: withField(advice.avoid), try: withField(advice.try) };
}

function fieldOf(cases: readonly FieldCase[], action: string): TryAnswer['field'] {
  const figures = fieldFigures(cases, action);
  return (
    figures && {
      ...figures,
      observed: { ...figures.observed },
      lines: figures.lines.map((l) => ({ ...l })),
    }
  );
}

/** The tree of a record over the worlds that are possible; null where nothing was measured there. */
export function treeOf(
  record: FaultRecord,
  summary: EvidenceSummary,
  possible: Possible,
  weights: ReadonlyMap<string, number> = weightsOf(record),
): TreeNode | null {
  if (!summary.table) return null;
  return troubleshootingTree(summary.table, treeActions(record), { possible: possible.includes, weights });
}

/** What the tree has to know of a record's actions. */
export function treeActions(record: FaultRecord): TreeAction[] {
  return [
    ...record.workarounds.map((w) => ({
      key: w.key,
      risk: w.risk,
      others: w.by !== 'you',
      deadEnd: false,
      edits: w.commands.length,
    })),
    ...record.dead_ends.map((d) => ({
      key: d.key,
      risk: d.risk,
      others: false,
      deadEnd: true,
      edits: d.commands.length,
    })),
  ];
}

/** The summary with the first step for everything that is commonly known of a reader: for books that are kept. */
export function withFirstSteps(record: FaultRecord, summary: EvidenceSummary): EvidenceSummary {
  const steps: Record<string, FirstStep> = {};
  for (const possible of commonSelections(summary)) {
    const step = firstStep(record, { ...summary, steps: {} }, possible);
    if (step) steps[possible.key] = step;
  }
  return { ...summary, steps };
}

const computed = new WeakMap<EvidenceSummary, Map<string, FirstStep | null>>();

/** `field`: what reports add to the survey; with them a kept step is no longer the plan of these shares. */
function firstStep(
  record: FaultRecord,
  summary: EvidenceSummary,
  possible: Possible,
  field: ReadonlyMap<string, number> = new Map(),
): FirstStep | null {
  const kept = field.size === 0 ? summary.steps?.[possible.key] : undefined;
  if (kept) return kept;
  let known = computed.get(summary);
  if (!known) {
    known = new Map();
    computed.set(summary, known);
  }
  const weights = weightsOf(record, field);
  const name = `${possible.key}|${field.size === 0 ? '' : [...weights.values()].join()}`;
  let step = known.get(name);
  if (step === undefined) {
    const tree = treeOf(record, summary, possible, weights);
    step = tree && summaryOf(tree);
    known.set(name, step);
    // A long-lived server sees many states of the ledger: only the last few are worth their room.
    if (known.size > MAX_COMPUTED) known.delete(known.keys().next().value as string);
  }
  return step;
}

function summaryOf(node: TreeNode): FirstStep {
  const causes = (left: TreeNode['left']) => left.map((c) => c.cause);
  return {
    kind: node.kind,
    key: node.kind === 'stop' ? null : node.key,
    left: causes(node.left),
    repairs: node.kind === 'action' ? causes(node.repairs) : [],
    alternatives: node.alternatives,
    others: node.kind === 'stop' ? node.others : [],
    branches:
      node.kind === 'stop'
        ? []
        : node.branches.map((b) => ({ seen: b.seen, left: causes(b.node.left), after: stepsFrom(b.node) })),
  };
}

/** The steps in a row from here, as long as there is only one way on. */
function stepsFrom(node: TreeNode): FirstStep['branches'][number]['after'] {
  const steps: { kind: TreeNode['kind']; key: string | null }[] = [];
  let at: TreeNode | undefined = node;
  while (at && steps.length < MAX_THEN) {
    if (at.kind === 'stop') {
      // Behind other steps "then nothing more" is no step; alone it is the answer.
      if (steps.length === 0 || at.others.length > 0) steps.push({ kind: 'stop', key: at.others[0] ?? null });
      break;
    }
    steps.push({ kind: at.kind, key: at.key });
    at = at.kind === 'action' && at.branches.length === 1 ? at.branches[0]?.node : undefined;
  }
  return steps;
}

function measuredAdvice(
  record: FaultRecord,
  summary: EvidenceSummary,
  possible: Possible,
  typedGroups: Groups,
  field: ReadonlyMap<string, number>,
): Pick<Advice, 'next' | 'avoid' | 'try' | 'measured'> {
  const table = summary.table as NonNullable<EvidenceSummary['table']>;
  const figures = (key: string) => figuresOf(table, key, possible.includes);
  // Actions stand in the order of the lab and the survey: reports rank none.
  const weights = weightsOf(record);
  const repairs = (key: string): string[] => {
    const column = table.actions.indexOf(key);
    const causes = table.worlds.flatMap((w) =>
      possible.includes(w) && observationAt(table, w, column).repairs ? [w.cause] : [],
    );
    return [...new Set(causes)];
  };
  const weightOf = (causes: readonly string[]) => causes.reduce((s, c) => s + (weights.get(c) ?? 0), 0);
  const step = firstStep(record, summary, possible, field);
  const useful = rankWorkarounds(record)
    .map((w) => ({ w, causes: repairs(w.key), lab: figures(w.key) }))
    .filter(({ causes, lab }) => causes.length > 0 || lab === null);
  const tries = useful
    .map((u, i) => ({ ...u, i }))
    .sort((a, b) => costOf(a.w) - costOf(b.w) || weightOf(b.causes) - weightOf(a.causes) || a.i - b.i)
    .map(({ w, causes, lab }) =>
      tryAnswer(w, lab === null ? w.for : causes, lab, typedGroups, w.success_rate),
    );
  const vain = record.workarounds.filter((w) => !useful.some((u) => u.w === w));
  const avoid = [
    ...record.dead_ends.map((d) => ({ d, causes: repairs(d.key) })),
    ...vain.map((d) => ({ d, causes: [] as string[] })),
  ]
    .map(({ d, causes }) => avoidAnswer(d, causes, figures(d.key), typedGroups))
    // What helps nobody first; what helps with some cause is a warning of another kind.
    .sort((a, b) => Math.min(1, a.except.length) - Math.min(1, b.except.length));
  return {
    next: step ? measuredStep(record, step, possible, typedGroups) : claimedStep(record, typedGroups),
    avoid,
    try: tries,
    measured: {
      known: possible.known,
      environments: possible.environments.map((name) => {
        const { versions, suite } = summary.measured.find((m) => m.name === name) as {
          versions: Groups;
          suite: string;
        };
        return { name, suite, versions: { ...versions } };
      }),
      trials: summary.trials,
      date: summary.date,
    },
  };
}

function measuredStep(
  record: FaultRecord,
  step: FirstStep,
  possible: Possible,
  typedGroups: Groups,
): NextStep {
  const where = possible.environments.join(', ');
  const where_zh = possible.environments.join('、');
  const n = step.left.length;
  const common = { ...blank(), measured: true, left: [...step.left], alternatives: [...step.alternatives] };
  if (step.kind === 'stop') {
    const others = record.workarounds.filter((w) => step.others.includes(w.key));
    const who = [...new Set(others.map((w) => w.by))].join(', ');
    return {
      ...common,
      kind: 'stop',
      key: null,
      commands: [],
      why:
        others.length > 0
          ? `what repaired it in the lab is up to: ${who}`
          : 'nothing that was tried in the lab repairs it',
      why_zh: others.length > 0 ? `实验中能修好它的办法要由对方来做：${who}` : '实验中试过的办法都修不好它',
    };
  }
  if (step.kind === 'action') {
    const action = [...record.workarounds, ...record.dead_ends].find((a) => a.key === step.key);
    const r = step.repairs.length;
    const all = r === n;
    return {
      ...common,
      kind: 'action',
      key: step.key,
      commands: (action?.commands ?? []).map((c) => fillCommand(c, typedGroups)),
      why:
        n === 1
          ? `in the lab it repaired the one cause that is possible here (${where})`
          : `in the lab it repaired ${all ? `all ${n}` : `${r} of the ${n}`} causes that are possible here (${where})`,
      why_zh:
        n === 1
          ? `实验中它修好了这里唯一可能的原因（${where_zh}）`
          : `这里可能的 ${n} 种原因，实验中它修好了${all ? '全部' : ` ${r} 种`}（${where_zh}）`,
      readings: step.branches.map((branch) => ({
        key: branch.seen,
        expect: branch.seen,
        title: null,
        title_zh: null,
        means: [...branch.left],
        actions: branch.after.flatMap((t) => (t.kind === 'action' && t.key !== null ? [t.key] : [])),
        after: branch.after.map((t) => ({ ...t })),
      })),
    };
  }
  const check = record.checks.find((c) => c.key === step.key) as Check;
  const groups = step.branches.length;
  return {
    ...common,
    kind: 'check',
    key: check.key,
    commands: [fillCommand(check.command, typedGroups)],
    why: `changes nothing; in the lab it told the ${n} causes apart in ${groups} groups (${where})`,
    why_zh: `只读，不改动任何东西；实验中它把 ${n} 种原因分成 ${groups} 组（${where_zh}）`,
    question: check.question,
    question_zh: check.question_zh,
    readings: step.branches.map((branch) => {
      const reading = check.readings.find((r) => r.key === branch.seen);
      const actions = branch.after.flatMap((t) => (t.kind === 'action' && t.key !== null ? [t.key] : []));
      return {
        key: branch.seen,
        expect: reading ? (reading.regex ?? `exit ${reading.exit}`) : branch.seen,
        title: reading?.title ?? null,
        title_zh: reading?.title_zh ?? null,
        means: [...branch.left],
        actions,
        after: branch.after.map((t) => ({ ...t })),
      };
    }),
  };
}

/** What every step has; each gets lists of its own. */
function blank(): Pick<
  NextStep,
  'question' | 'question_zh' | 'readings' | 'measured' | 'left' | 'alternatives'
> {
  return { question: null, question_zh: null, readings: [], measured: false, left: [], alternatives: [] };
}

function tryAnswer(
  w: Workaround,
  causes: readonly string[],
  lab: LabFigures | null,
  typedGroups: Groups,
  claimed: number | null,
): TryAnswer {
  return {
    key: w.key,
    action: w.action,
    action_zh: w.action_zh,
    commands: w.commands.map((c) => fillCommand(c, typedGroups)),
    risk: w.risk,
    by: w.by,
    for: [...causes],
    how: w.how,
    how_zh: w.how_zh,
    lab: lab && labAnswer(lab),
    claimed,
    field: null,
  };
}

function avoidAnswer(
  d: DeadEnd | Workaround,
  causes: readonly string[],
  lab: LabFigures | null,
  typedGroups: Groups,
): AvoidAnswer {
  return {
    key: d.key,
    action: d.action,
    action_zh: d.action_zh,
    commands: d.commands.map((c) => fillCommand(c, typedGroups)),
    why: 'why_fails' in d ? d.why_fails : null,
    why_zh: 'why_fails' in d ? d.why_fails_zh : null,
    except: [...causes],
    lab: lab && labAnswer(lab),
    claimed: 'fail_rate' in d ? d.fail_rate : null,
    field: null,
  };
}

function labAnswer(lab: LabFigures): NonNullable<TryAnswer['lab']> {
  return {
    fixed: lab.fixed,
    of: lab.of,
    environments: [...lab.environments],
    outcomes: { ...lab.outcomes },
    partly: lab.partly.map((p) => ({ cause: p.cause, environments: [...p.environments] })),
    breaks: [...lab.breaks],
  };
}

/* What only the author says. */

function claimedAdvice(record: FaultRecord, typedGroups: Groups): Pick<Advice, 'next' | 'avoid' | 'try'> {
  return {
    next: claimedStep(record, typedGroups),
    avoid: record.dead_ends.map((d) => avoidAnswer(d, d.except, null, typedGroups)),
    try: rankWorkarounds(record).map((w) => tryAnswer(w, w.for, null, typedGroups, w.success_rate)),
  };
}

/** The check that is claimed to split the causes best, else the least risky action claimed for most of them, else stop. */
function claimedStep(record: FaultRecord, typedGroups: Groups): NextStep {
  const check = bestCheck(record);
  if (check) return claimedCheck(record, check, typedGroups);
  const action = rankWorkarounds(record)[0];
  if (action && action.by === 'you') {
    const only = record.causes.length === 1;
    return {
      ...blank(),
      kind: 'action',
      key: action.key,
      commands: action.commands.map((c) => fillCommand(c, typedGroups)),
      why: only
        ? 'the only cause known; not measured yet'
        : 'the least risky action, by the author’s account; not measured yet',
      why_zh: only ? '已知原因只有这一个；尚未实测' : '按作者的说法风险最小；尚未实测',
    };
  }
  return {
    ...blank(),
    kind: 'stop',
    key: null,
    commands: [],
    why: action ? `what is known to help is up to: ${action.by}` : 'no action is known for it',
    why_zh: action ? `已知的解决办法需要由对方来做：${action.by}` : '还没有已知的解决办法',
  };
}

function claimedCheck(record: FaultRecord, check: Check, typedGroups: Groups): NextStep {
  const ranked = rankWorkarounds(record);
  const groups = groupsOf(record, check).length;
  return {
    ...blank(),
    kind: 'check',
    key: check.key,
    commands: [fillCommand(check.command, typedGroups)],
    why: `changes nothing; splits the ${record.causes.length} causes into ${groups} groups, by the author’s account`,
    why_zh: `只读，不改动任何东西；按作者的说法，能把 ${record.causes.length} 种原因分成 ${groups} 组`,
    question: check.question,
    question_zh: check.question_zh,
    readings: check.readings.map((r) => {
      const actions = ranked.filter((w) => w.for.some((cause) => r.means.includes(cause))).map((w) => w.key);
      return {
        key: r.key,
        expect: r.regex ?? `exit ${r.exit}`,
        title: r.title,
        title_zh: r.title_zh,
        means: r.means,
        actions,
        after: actions.slice(0, MAX_THEN).map((key) => ({ kind: 'action' as const, key })),
      };
    }),
  };
}

/**
 * The check after whose reading the fewest causes are left on average (equal weights; a cause that no reading
 * names is left by all of them). Null where none narrows anything down.
 */
function bestCheck(record: FaultRecord): Check | null {
  const n = record.causes.length;
  let best: Check | null = null;
  let bestLeft = n;
  for (const check of record.checks) {
    const left = groupsOf(record, check).reduce((sum, size) => sum + (size * size) / n, 0);
    if (left < bestLeft) {
      best = check;
      bestLeft = left;
    }
  }
  return best;
}

/** Sizes of the groups of causes that a check cannot tell apart. */
function groupsOf(record: FaultRecord, check: Check): number[] {
  const sizes = new Map<string, number>();
  for (const { key } of record.causes) {
    const readings = check.readings.flatMap((r, i) => (r.means.includes(key) ? [i] : [])).join(',');
    sizes.set(readings, (sizes.get(readings) ?? 0) + 1);
  }
  return [...sizes.values()];
}

/** Low risk first, then what the reader can do alone. */
function costOf(w: Workaround): number {
  return (w.risk === 'high' ? 2 : 0) + (w.by === 'you' ? 0 : 1);
}

/** By cost, then what is claimed for more causes, then the author's order. */
function rankWorkarounds(record: FaultRecord): readonly Workaround[] {
  return [...record.workarounds].sort((a, b) => costOf(a) - costOf(b) || b.for.length - a.for.length);
}
