/** The matrix of a record: causes down, actions across, what happened in each. Fits 80 columns. */
import {
  compareClaims,
  type Evidence,
  observationAt,
  PLACEBOS,
  tierOf,
  type WorldTable,
  worldsOf,
} from '../evidence/index.ts';
import type { FaultRecord } from '../record/index.ts';
import { type Lang, messagesOf } from './messages.ts';
import { visible } from './safe.ts';
import { type Style, styleOf } from './style.ts';
import { clip, pad, widthOf, wrap } from './width.ts';

/** One sign for each outcome; the legend shows those that occur. */
const SIGNS: Readonly<Record<string, string>> = {
  fixed: 'F',
  fixed_until_restart: 'r',
  persists: '.',
  moved: '>',
  masked: 'm',
  rejected: 'x',
  no_fault: '-',
  harmless: 'h',
  breaks_healthy: 'B',
  mixed: '?',
  lab_failed: '!',
};
const DIFFERS = '*';
const MAX_CAUSE_COLUMNS = 30;
/** Differences between environments that are spelt out. */
const MAX_DIFFERENCES = 12;
/** Of what is missing for the next tier so many lines are shown. */
const MAX_MISSING = 8;
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const HEALTHY = 'healthy';

export interface MatrixOptions {
  readonly lang?: Lang;
  readonly color: boolean;
  readonly columns: number;
  /** Differences between environments are all spelt out. */
  readonly whole?: boolean;
}

/** Cause × action over all environments; where they differ, a star and a line below. */
export function renderMatrix(record: FaultRecord, table: WorldTable, options: MatrixOptions): string {
  const style = styleOf(options.color);
  const m = messagesOf(options.lang ?? 'en');
  const rows = rowsOf(record, table);
  const names = rows.map((r) => (r.cause === HEALTHY ? m.healthyWorld : r.cause));
  const width = Math.min(MAX_CAUSE_COLUMNS, Math.max(...names.map(widthOf), 6));
  const perPart = Math.max(1, Math.floor((options.columns - width - 1) / 2));
  const used = new Set<string>();
  /** What differs, and for which causes. */
  const differing = new Map<string, string[]>();
  const sign = ({ cause, seen }: Row, column: number): string => {
    const outcomes = seen.flatMap(({ env, row }) => {
      const outcome = (observationAt(table, { row }, column).seen.split(':')[0] as string) || '';
      return outcome === 'not_applicable' ? [] : [[env, outcome] as const];
    });
    const distinct = new Set(outcomes.map(([, o]) => o));
    // Where nothing could be done there is no outcome: not a difference.
    if (distinct.size === 0) return ' ';
    if (distinct.size > 1) {
      const each = [...distinct].map((o) => {
        const where = outcomes.filter(([, other]) => other === o).map(([env]) => env);
        return `${where.join(', ')} ${m.outcomes[o] ?? o}`;
      });
      const said = `${table.actions[column]}${m.colon}${each.join('; ')}`;
      differing.set(said, [...(differing.get(said) ?? []), cause === HEALTHY ? m.healthyWorld : cause]);
      return style.note(DIFFERS);
    }
    const [outcome] = distinct as Set<string>;
    used.add(outcome as string);
    return coloured(outcome as string, style);
  };
  const lines: string[] = [];
  for (let from = 0; from < table.actions.length; from += perPart) {
    const part = table.actions.slice(from, from + perPart).map((_, i) => from + i);
    lines.push(
      `${pad('', width)} ${part.map((i) => LETTERS[i % LETTERS.length]).join(' ')}`,
      ...rows.map((row, i) =>
        `${pad(clip(names[i] as string, width), width)} ${part.map((column) => sign(row, column)).join(' ')}`.trimEnd(),
      ),
      '',
    );
  }
  const legend = Object.keys(SIGNS).filter((o) => used.has(o));
  const role = (key: string) => {
    if ((PLACEBOS as readonly string[]).includes(key)) return ` (${m.placebo})`;
    return record.dead_ends.some((d) => d.key === key) ? ` (${m.deadEnd})` : '';
  };
  lines.push(
    ...wrap(legend.map((o) => `${SIGNS[o]} ${m.outcomes[o] ?? o}`).join(' · '), options.columns),
    ...wrap(
      table.actions.map((a, i) => `${LETTERS[i % LETTERS.length]} ${a}${role(a)}`).join(' · '),
      options.columns,
    ),
    ...table.absent.flatMap(({ cause, env }) =>
      wrap(`${cause} × ${env}: ${m.outcomes.no_fault}`, options.columns),
    ),
  );
  const differences = [...differing].map(([said, causes]) => `${said} ${m.aside(causes.join(', '))}`);
  if (differences.length > 0) {
    lines.push(`${DIFFERS} ${m.outcomes.differs}:`);
    const shown = options.whole ? differences : differences.slice(0, MAX_DIFFERENCES);
    for (const d of shown) lines.push(...wrap(d, options.columns - 4).map((l) => `    ${l}`));
    if (differences.length > shown.length)
      lines.push(`    ${m.moreItems(differences.length - shown.length)}`);
  }
  return `${lines.join('\n')}\n`;
}

interface Row {
  readonly cause: string;
  readonly seen: readonly { readonly env: string; readonly row: string }[];
}

function rowsOf(record: FaultRecord, table: WorldTable): Row[] {
  const rows = record.causes.map(({ key }) => ({
    cause: key,
    seen: table.worlds.filter((w) => w.cause === key),
  }));
  return [...rows, { cause: HEALTHY, seen: table.healthy }].filter((r) => r.seen.length > 0);
}

function coloured(outcome: string, style: Style): string {
  const sign = SIGNS[outcome] ?? '?';
  if (outcome === 'fixed') return style.good(sign);
  if (outcome === 'breaks_healthy' || outcome === 'lab_failed' || outcome === 'mixed') return style.bad(sign);
  return sign;
}
/** What `prove` says at the end: worlds, matrix, claims that were lost, tier. */
export function renderProof(record: FaultRecord, evidence: Evidence, options: MatrixOptions): string {
  const style = styleOf(options.color);
  const lines: string[] = [];
  for (const [name, { suite, probed, packages }] of Object.entries(evidence.environments)) {
    const versions = Object.entries(Object.keys(probed).length > 0 ? probed : packages);
    const said = versions.map(([what, version]) => `${what} ${version}`).join(', ');
    lines.push(...wrap(visible(`${name} (${suite}): ${said}`, 400), options.columns));
  }
  const table = worldsOf(record, evidence);
  lines.push('', ...(table ? [renderMatrix(record, table, options)] : []));
  const lost = compareClaims(record, evidence).filter((c) => !c.holds);
  if (lost.length > 0) {
    lines.push(style.bad(`Claims that the lab does not confirm: ${lost.length}`));
    const grouped = new Map<string, string[]>();
    for (const c of lost) {
      const said = `${c.claim} × ${c.cause}: claimed that it ${c.claimed}; measured: ${c.measured}`;
      grouped.set(said, [...(grouped.get(said) ?? []), c.env]);
    }
    for (const [said, envs] of grouped)
      lines.push(...wrap(`${said} (${envs.join(', ')})`, options.columns - 2).map((l) => `  ${l}`));
  }
  const { tier, environments, missing } = tierOf(record, evidence);
  lines.push(
    tier === 'proven'
      ? style.good(`Tier: proven on ${environments.join(', ')}. The list of causes may be incomplete.`)
      : style.bold(`Tier: ${tier}. Missing for “proven”:`),
  );
  for (const gap of missing.slice(0, MAX_MISSING))
    lines.push(...wrap(visible(gap, 300), options.columns - 2).map((l) => `  ${l}`));
  if (missing.length > MAX_MISSING) lines.push(`  and ${missing.length - MAX_MISSING} more`);
  return `${lines.join('\n')}\n`;
}
