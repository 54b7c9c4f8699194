/** What drills gave: per record and policy, what was done in vain, checks read, and how much was repaired. */
import { pad, widthOf } from './width.ts';

export interface PolicyFigures {
  /** Over the faults that some action of the reader's repairs: mean of changes made in vain. Null: there are none. */
  readonly vain: number | null;
  readonly checks: number | null;
  /** Share of them that was repaired, 0 to 1. */
  readonly repaired: number | null;
  /** Over the other faults, where the right end is to stop. */
  readonly vainBeforeStop: number | null;
}

export interface DrillReport {
  readonly record: string;
  readonly environments: readonly string[];
  readonly causes: number;
  /** (cause, environment) pairs that were broken and repaired. */
  readonly worlds: number;
  readonly fixable: number;
  readonly actions: number;
  readonly checks: number;
  readonly forReal: boolean;
  readonly walks: number;
  readonly asPredicted: number;
  readonly differing: readonly {
    readonly env: string;
    readonly cause: string;
    readonly policy: string;
    readonly walked: string;
    readonly predicted: string;
  }[];
  /** Fixable faults that a tree did not repair. */
  readonly unrepaired: readonly {
    readonly env: string;
    readonly cause: string;
    readonly policy: string;
    readonly walked: string;
  }[];
  /** Weighing → policy → figures. */
  readonly policies: Readonly<Record<string, Readonly<Record<string, PolicyFigures>>>>;
}

const NAMES: Readonly<Record<string, string>> = {
  tree: 'the tree, environment known',
  'tree-any': 'the tree, environment not known',
  order: 'the best fixed order, gentle actions first, no checks',
  random: 'the same actions in random order (mean over all orders, computed)',
  stated: 'the order of the foreign record',
  'stated-completed': 'that order, then the other actions at random (computed)',
};
const WEIGHINGS: Readonly<Record<string, string>> = {
  equal: 'every fault once',
  shares: 'causes weighed by the survey',
};

export function renderDrill(
  reports: readonly DrillReport[],
  { markdown, columns }: { readonly markdown: boolean; readonly columns: number },
): string {
  const parts = reports.map((r) => (markdown ? markdownOf(r) : textOf(r, columns)));
  return `${parts.join('\n\n')}\n`;
}

function markdownOf(report: DrillReport): string {
  const lines = [`## ${report.record}`, '', headline(report)];
  for (const [weighing, policies] of Object.entries(report.policies)) {
    lines.push(
      '',
      `| ${WEIGHINGS[weighing] ?? weighing} | changes in vain | checks read | repaired | in vain before a stop |`,
      '|---|---|---|---|---|',
      ...Object.entries(policies).map(
        ([name, f]) =>
          `| ${NAMES[name] ?? name} | ${said(f.vain)} | ${said(f.checks)} | ${share(f.repaired, weighing === 'equal' ? report.fixable : null)} | ${said(f.vainBeforeStop)} |`,
      ),
    );
  }
  lines.push(...remarks(report).flatMap((l) => ['', l]));
  return lines.join('\n');
}

function textOf(report: DrillReport, columns: number): string {
  const lines = [report.record, `  ${headline(report)}`];
  const width = Math.max(...Object.keys(report.policies.equal ?? {}).map((n) => widthOf(NAMES[n] ?? n)));
  for (const [weighing, policies] of Object.entries(report.policies)) {
    lines.push(
      '',
      `  ${pad(WEIGHINGS[weighing] ?? weighing, Math.min(width, columns - 40))}  in vain  checks  repaired`,
    );
    for (const [name, f] of Object.entries(policies))
      lines.push(
        `  ${pad(NAMES[name] ?? name, width)}  ${said(f.vain).padStart(7)}  ${said(f.checks).padStart(6)}  ${share(f.repaired, weighing === 'equal' ? report.fixable : null)}`,
      );
  }
  lines.push(...remarks(report).map((l) => `  ${l}`));
  return lines.join('\n');
}

function headline(r: DrillReport): string {
  return `${r.causes} causes on ${r.environments.join(', ')}: ${r.worlds} faults, ${r.fixable} of which the reader can repair with one of ${r.actions} actions; ${r.checks} checks.`;
}

function remarks(r: DrillReport): string[] {
  const how = r.forReal
    ? `${r.asPredicted} of ${r.walks} walks went step by step as the cells had said.`
    : 'Nothing was run: this is what the cells say.';
  return [
    how,
    ...r.differing.map(
      (d) =>
        `Otherwise than predicted, ${d.env}/${d.cause}, ${d.policy}: ${d.walked} (predicted: ${d.predicted})`,
    ),
    ...r.unrepaired.map((u) => `Not repaired, ${u.env}/${u.cause}, ${u.policy}: ${u.walked}`),
  ];
}

function said(figure: number | null): string {
  return figure === null ? '–' : figure.toFixed(2);
}

/** A share of faults, as a count where it is one. */
function share(repaired: number | null, of: number | null): string {
  if (repaired === null) return '–';
  // Of weighed faults there is no count.
  if (of === null) return repaired > 1 - 1e-9 ? 'all' : `${repaired.toFixed(2)} of the weight`;
  const count = repaired * of;
  return Math.abs(count - Math.round(count)) < 1e-9
    ? `${Math.round(count)} of ${of}`
    : `${count.toFixed(1)} of ${of}`;
}
