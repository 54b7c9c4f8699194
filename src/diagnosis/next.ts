/**
 * The next step. As long as nothing was measured only the author's account can speak: the check that is claimed
 * to split the causes best, else the least risky action claimed for most of them, else stop.
 */
import type { Check, FaultRecord, Workaround } from '../record/index.ts';
import { fillCommand } from './fill.ts';
import type { NextStep } from './schema.ts';

export function nextStep(record: FaultRecord, typedGroups: Readonly<Record<string, string>>): NextStep {
  const check = bestCheck(record);
  if (check) return checkStep(record, check, typedGroups);
  const action = rankWorkarounds(record)[0];
  if (action && action.by === 'you') {
    const only = record.causes.length === 1;
    return {
      ...EMPTY,
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
    ...EMPTY,
    kind: 'stop',
    key: null,
    commands: [],
    why: action ? `what is known to help is up to: ${action.by}` : 'no action is known for it',
    why_zh: action ? `已知的解决办法需要由对方来做：${action.by}` : '还没有已知的解决办法',
  };
}

const EMPTY = { question: null, question_zh: null, readings: [] } as const satisfies Partial<NextStep>;

function checkStep(
  record: FaultRecord,
  check: Check,
  typedGroups: Readonly<Record<string, string>>,
): NextStep {
  const ranked = rankWorkarounds(record);
  const groups = groupsOf(record, check).length;
  return {
    kind: 'check',
    key: check.key,
    commands: [fillCommand(check.command, typedGroups)],
    why: `changes nothing; splits the ${record.causes.length} causes into ${groups} groups, by the author’s account`,
    why_zh: `只读，不改动任何东西；按作者的说法，能把 ${record.causes.length} 种原因分成 ${groups} 组`,
    question: check.question,
    question_zh: check.question_zh,
    readings: check.readings.map((r) => ({
      key: r.key,
      expect: r.regex ?? `exit ${r.exit}`,
      title: r.title,
      title_zh: r.title_zh,
      means: r.means,
      actions: ranked.filter((w) => w.for.some((cause) => r.means.includes(cause))).map((w) => w.key),
    })),
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

/** Low risk first, then what the reader can do alone, then what is claimed for more causes, then the author's order. */
export function rankWorkarounds(record: FaultRecord): readonly Workaround[] {
  const cost = (w: Workaround) => (w.risk === 'high' ? 2 : 0) + (w.by === 'you' ? 0 : 1);
  return [...record.workarounds].sort((a, b) => cost(a) - cost(b) || b.for.length - a.for.length);
}
