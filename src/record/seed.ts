import type { FaultRecord } from './schema.ts';

/** Cases of a survey that name a cause: what counts as evidence outside the lab. */
function settledCases(record: FaultRecord): number {
  return record.survey?.cases.filter((c) => c.cause !== 'open').length ?? 0;
}

/**
 * The record in the shape of the seed document: its keys, its nesting, its order, and nothing else, so that
 * readers of that format can take it. Numbers are null where nothing licenses one (no trial was run), and
 * `evidence_count` counts lab cells and surveyed cases. Causes, checks and commands have no place in that shape.
 */
export function toSeed(record: FaultRecord): Record<string, unknown> {
  const tier = { authored: 'claimed', generated: 'ai_generated', imported: 'imported' }[record.origin];
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
    versions: record.versions.map((v) => ({
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
      fail_rate: null,
      condition: d.condition ?? '',
      sources: d.sources,
    })),
    workarounds: record.workarounds.map((w) => ({
      action: w.action,
      success_rate: null,
      how: [w.how, ...w.commands].filter((t) => t !== null).join('\n'),
      condition: w.condition ?? '',
      sources: w.sources,
    })),
    workarounds_zh:
      record.workarounds_zh.length > 0
        ? record.workarounds_zh
        : record.workarounds.flatMap((w) => (w.action_zh === null ? [] : [w.action_zh])),
    transition_graph: {
      leads_to: record.transition_graph.leads_to,
      preceded_by: record.transition_graph.preceded_by,
      frequently_confused_with: record.transition_graph.frequently_confused_with,
    },
    official_doc_url: record.official_doc_url,
    official_doc_section: record.official_doc_section,
    error_code: record.error_code,
    verification_tier: tier,
    confidence: null,
    fix_success_rate: null,
    resolvable: record.resolvable,
    first_seen: record.first_seen,
    last_confirmed: record.last_confirmed,
    last_updated: record.last_updated,
    evidence_count: settledCases(record),
    tags: record.tags,
    locale: record.locale,
    aliases: record.aliases,
  };
}
