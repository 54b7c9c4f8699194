/** The matrix of a record: causes down, actions and checks across, what happened in each. Fits 80 columns. */
import { CellTable, compareClaims, type Evidence, tierOf, verdictOf } from '../evidence/index.ts';
import type { FaultRecord } from '../record/index.ts';
import { visible } from './safe.ts';
import { styleOf } from './style.ts';
import { clip, pad, widthOf, wrap } from './width.ts';

/** One sign for each outcome; the legend shows those that occur. */
const SIGNS: Readonly<Record<string, readonly [sign: string, meaning: string]>> = {
  fixed: ['F', 'fixed'],
  fixed_until_restart: ['r', 'fixed until the next restart'],
  persists: ['.', 'the same error again'],
  moved: ['>', 'another failure instead'],
  masked: ['m', 'the message gone, the fault or a protection not right'],
  rejected: ['x', 'could not be applied'],
  no_fault: ['-', 'this cause does no harm there'],
  harmless: ['.', 'the same error again; in the healthy world: harmless'],
  breaks_healthy: ['B', 'breaks a healthy world'],
  mixed: ['?', 'repeats disagree'],
  lab_failed: ['!', 'the lab failed'],
};
const DIFFERS = '*';
const MAX_CAUSE_COLUMNS = 30;
/** Differences between environments that are spelt out. */
const MAX_DIFFERENCES = 12;
/** Of what is missing for the next tier so many lines are shown. */
const MAX_MISSING = 8;
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

export interface MatrixOptions {
  readonly color: boolean;
  readonly columns: number;
}

/** Cause × action over all environments; where they differ, a star and a line below. */
export function renderMatrix(record: FaultRecord, evidence: Evidence, options: MatrixOptions): string {
  const style = styleOf(options.color);
  const table = new CellTable(evidence);
  const environments = Object.keys(evidence.environments);
  const present = new Set(evidence.cells.flatMap((c) => (c.action === undefined ? [] : [c.action])));
  const known = [
    'nothing',
    'restart',
    ...record.workarounds.map((w) => w.key),
    ...record.dead_ends.map((d) => d.key),
  ];
  const actions = known.filter((a) => present.has(a));
  const causes = [...record.causes.map((c) => c.key), 'healthy'].filter((cause) =>
    evidence.cells.some((c) => c.cause === cause),
  );
  const width = Math.min(MAX_CAUSE_COLUMNS, Math.max(...causes.map(widthOf), 6));
  const perRow = Math.max(1, Math.floor((options.columns - width - 1) / 2));
  const used = new Set<string>();
  const differences: string[] = [];
  const sign = (cause: string, action: string): string => {
    const outcomes = environments.flatMap((env) => {
      const cell = table.action(env, cause, action);
      return cell ? [[env, verdictOf(cell)] as const] : [];
    });
    const distinct = new Set(outcomes.map(([, o]) => o));
    // Where the cause does not exist in an environment, nothing was run there: not a difference.
    if (distinct.size === 0) return ' ';
    if (distinct.size > 1) {
      differences.push(`${cause} × ${action}: ${outcomes.map(([env, o]) => `${env} ${o}`).join(', ')}`);
      return style.note(DIFFERS);
    }
    const [outcome] = distinct as Set<string>;
    const [character] = SIGNS[outcome as string] ?? ['?'];
    used.add(outcome as string);
    if (outcome === 'fixed') return style.good(character);
    if (outcome === 'breaks_healthy' || outcome === 'lab_failed' || outcome === 'mixed')
      return style.bad(character);
    return character;
  };
  const lines: string[] = [];
  for (let from = 0; from < actions.length; from += perRow) {
    const part = actions.slice(from, from + perRow);
    lines.push(
      `${pad('', width)} ${part.map((_, i) => LETTERS[(from + i) % LETTERS.length]).join(' ')}`,
      ...causes.map(
        (cause) => `${pad(clip(cause, width), width)} ${part.map((a) => sign(cause, a)).join(' ')}`,
      ),
      '',
    );
  }
  const legend = [...used].map((o) => SIGNS[o] as readonly [string, string]);
  const meanings = new Map(legend.filter(([, m]) => !legend.some(([, n]) => n !== m && n.startsWith(m))));
  const role = (key: string) =>
    record.workarounds.some((w) => w.key === key)
      ? ''
      : record.dead_ends.some((d) => d.key === key)
        ? ' (dead end)'
        : ' (placebo)';
  lines.push(
    ...wrap([...meanings].map(([c, m]) => `${c} ${m}`).join(' · '), options.columns),
    ...wrap(
      actions.map((a, i) => `${LETTERS[i % LETTERS.length]} ${a}${role(a)}`).join(' · '),
      options.columns,
    ),
  );
  if (differences.length > 0) {
    lines.push(`${DIFFERS} differs by environment:`);
    for (const d of differences.slice(0, MAX_DIFFERENCES))
      lines.push(...wrap(d, options.columns - 4).map((l) => `    ${l}`));
    if (differences.length > MAX_DIFFERENCES)
      lines.push(`    and ${differences.length - MAX_DIFFERENCES} more`);
  }
  return `${lines.join('\n')}\n`;
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
  lines.push('', renderMatrix(record, evidence, options));
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
