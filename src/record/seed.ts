import type { FaultRecord } from './schema.ts';

/** Cases of a survey that name a cause: what counts as evidence outside the lab. */
function settledCases(record: FaultRecord): number {
  return record.survey?.cases.filter((c) => c.cause !== 'open').length ?? 0;
}

/** What was measured, as far as the seed's shape has a place for it. */
export interface SeedFigures {
  readonly tier: string;
  readonly cells: number;
  /** What each measured environment was, and whether the error was seen there. */
  readonly versions: readonly {
    readonly version: string;
    readonly status: string;
    readonly behavior_change: string | null;
  }[];
  /** Action → summed share of the causes that it fixes; null without a survey. */
  readonly shares: Readonly<Record<string, number>> | null;
  /** Links of the record together with what was measured; absent: the record's own. */
  readonly leads_to?: readonly string[];
  readonly confused_with?: readonly string[];
}

/**
 * The record in the shape of the seed document: its keys, its nesting, its order, and nothing else, so that
 * readers of that format can take it. A rate is the summed share, by the survey, of the causes that the action was seen
 * to fix everywhere; null where there is no survey or no trial. `evidence_count` counts lab cells and surveyed cases. Causes, checks and commands have no place in that shape.
 */
export function toSeed(record: FaultRecord, measured: SeedFigures | null = null): Record<string, unknown> {
  const tier = { authored: 'claimed', generated: 'ai_generated', imported: 'imported' }[record.origin];
  const share = (key: string, of: (s: number) => number): number | null => {
    const fixed = measured?.shares?.[key];
    return fixed === undefined ? null : Math.round(of(fixed) * 100) / 100;
  };
  return {
    id: record.id,
    signature: record.signature,
    signature_zh: record.signature_zh,
    regex: record.regex ?? record.sequence[0]?.regex ?? null,
    domain: record.domain,
    category: record.category,
    subcategory: record.subcategory,
    root_cause: record.root_cause,
    root_cause_type: record.root_cause_type,
    root_cause_zh: record.root_cause_zh,
    versions: (measured?.versions ?? record.versions).map((v: Partial<FaultRecord['versions'][number]>) => ({
      version: v.version,
      introduced: v.introduced,
      deprecated: v.deprecated,
      removed: v.removed,
      behavior_change: v.behavior_change,
      status: v.status,
    })),
    os_specific: record.os_specific,
    dead_ends: record.dead_ends.map((d) => ({
      action: d.action,
      why_fails: d.why_fails,
      fail_rate: share(d.key, (s) => 1 - s),
      condition: d.condition ?? '',
      sources: d.sources,
    })),
    workarounds: record.workarounds.map((w) => ({
      action: w.action,
      success_rate: share(w.key, (s) => s),
      how: [w.how, ...w.commands].filter((t) => t !== null).join('\n'),
      condition: w.condition ?? '',
      sources: w.sources,
    })),
    workarounds_zh:
      record.workarounds_zh.length > 0
        ? record.workarounds_zh
        : record.workarounds.flatMap((w) => (w.action_zh === null ? [] : [w.action_zh])),
    transition_graph: {
      leads_to: measured?.leads_to ?? record.transition_graph.leads_to,
      preceded_by: record.transition_graph.preceded_by,
      frequently_confused_with: measured?.confused_with ?? record.transition_graph.frequently_confused_with,
    },
    official_doc_url: record.official_doc_url,
    official_doc_section: record.official_doc_section,
    error_code: record.error_code,
    verification_tier: measured?.tier ?? tier,
    confidence: null,
    fix_success_rate: null,
    resolvable: record.resolvable,
    first_seen: record.first_seen,
    last_confirmed: record.last_confirmed,
    last_updated: record.last_updated,
    evidence_count: (measured?.cells ?? 0) + settledCases(record),
    tags: record.tags,
    locale: record.locale,
    aliases: record.aliases,
  };
}
