/**
 * Rules of the CRE format (github.com/prequel-dev/cre: `rules:` of metadata, cre, rule) → the flat shape of the
 * seed, where one rule is one record. A rule is taken where one line decides it, exactly as there: a text that the
 * line holds, or a pattern of Go's regexp. What needs times, counts, several sources or programs has no equal here
 * and is refused with the reason, because a record that nearly means the same answers other failures.
 */
import { quoted, translatePattern } from './foreign-pattern.ts';
import { LITERAL_LIMITS, requiredLiterals } from './literals.ts';
import { parsePattern, topAlternatives } from './pattern.ts';
import { specimenOf } from './specimen.ts';

type Json = Record<string, unknown>;

/** Why a rule cannot be a record. */
export interface Refusal {
  readonly field: string;
  readonly problem: string;
  readonly why: string;
  readonly remedy: string;
}

export type RuleResult =
  | { readonly document: Json; readonly translated: boolean; readonly refusal: null }
  | { readonly document: null; readonly refusal: Refusal };

/** Whether a document is one of rules: other YAML has a key `rules` too. */
export function rulesOf(document: Json): readonly Json[] | null {
  const { rules } = document;
  if (!Array.isArray(rules)) return isObject(document.cre) && 'rule' in document ? [document] : null;
  const found = rules.filter((r) => isObject(r) && isObject(r.cre));
  return found.length > 0 ? rules.map((r) => (isObject(r) ? r : {})) : null;
}

/** Scores and stamps that say nothing that a record could show. */
const DROPPED = new Set(
  'severity impactScore mitigationScore reports author version generation applications references'.split(' '),
);
/** What a record has a place for. */
const TAKEN = new Set('id title description cause impact mitigation category tags'.split(' '));

/**
 * @param rule one entry of `rules`
 * @param terms the named conditions of the whole file
 */
export function readRule(rule: Json, terms: Json): RuleResult {
  const cre = isObject(rule.cre) ? rule.cre : {};
  const body = isObject(rule.rule) ? rule.rule : {};
  const found = conditionOf(body, terms);
  if ('problem' in found) return { document: null, refusal: found };
  const written = patternOf(found);
  if ('problem' in written) return { document: null, refusal: written };
  const references = textsOf(cre.references);
  const mitigation = textOf(cre.mitigation);
  const document: Json = {
    id: idOf(cre, found.source),
    title: textOf(cre.title),
    signature: written.signature,
    regex: written.regex,
    // The rule heeds case; `(?i)` is spelt out in the pattern.
    ignore_case: false,
    category: textOf(cre.category),
    root_cause: prose([textOf(cre.description), textOf(cre.cause)], textOf(cre.impact)),
    workarounds: mitigation === '' ? [] : [adviceOf(mitigation)],
    versions: versionsOf(cre.applications),
    tags: textsOf(cre.tags),
    sources: references,
    origin: 'imported',
  };
  for (const [key, value] of Object.entries(document)) if (value === '') delete document[key];
  for (const [key, value] of Object.entries(cre)) {
    if (!DROPPED.has(key) && !TAKEN.has(key)) document[`cre.${key}`] = value;
  }
  return { document, translated: written.translated, refusal: null };
}

interface Condition {
  readonly kind: 'value' | 'regex';
  readonly text: string;
  /** Where it stands in the rule. */
  readonly field: string;
  /** `cre.log.rabbitmq` */
  readonly source: string;
}

const TIMES = 'a record sees lines, not times: any number of lines in its place would find something else';
const COUNTS = 'a record answers one line: how often it is logged cannot be asked';
const MOMENT = 'a record sees lines, not times: which of them belong to one moment cannot be told';
const LINES = 'a record is decided by lines of text alone';
const BY_HAND = 'write it by hand: faultbook new, with sequence or not_if over lines';

/** The one condition that decides the rule. */
function conditionOf(rule: Json, terms: Json): Condition | Refusal {
  const kinds = Object.keys(rule);
  const kind = kinds[0];
  if (kinds.length !== 1 || (kind !== 'set' && kind !== 'sequence')) {
    return refuse(
      'rule',
      `it is ${kinds.length === 0 ? 'empty' : shown(kinds.join(' and '))}`,
      LINES,
      'split it into rules of one set',
    );
  }
  const body = rule[kind];
  const list = kind === 'set' ? 'match' : 'order';
  if (!isObject(body) || !Array.isArray(body[list]) || body[list].length === 0) {
    return refuse(`rule.${kind}`, `it has no ${list}`, 'nothing says when it holds', `add ${list}`);
  }
  const other = Object.keys(body).find((k) => !['event', 'window', list, 'negate'].includes(k));
  if (other !== undefined && !isEmpty(body[other])) {
    return refuse(
      `rule.${kind}.${shown(other)}`,
      'it ties together what several places report',
      LINES,
      'leave it out where one place is enough',
    );
  }
  const event = isObject(body.event) ? textOf(body.event.source) : '';
  const type = /^cre\.([a-z]+)\./.exec(event)?.[1] ?? 'log';
  if (type !== 'log') {
    return refuse(
      `rule.${kind}.event.source`,
      `it reads ${shown(event)}, which is no log`,
      'the same words in the output of a program mean something else',
      'write a check that reads the file',
    );
  }
  const conditions = body[list];
  if (conditions.length > 1) {
    const order = kind === 'set' ? 'in any order' : 'one after the other';
    return refuse(
      `rule.${kind}.window`,
      `its ${conditions.length} conditions must hold ${order} within ${shown(textOf(body.window)) || 'a time'}`,
      TIMES,
      BY_HAND,
    );
  }
  if (!isEmpty(body.negate)) {
    return refuse(
      `rule.${kind}.negate`,
      'it is ruled out by what is logged at the same moment',
      MOMENT,
      BY_HAND,
    );
  }
  return termOf(conditions[0], terms, `rule.${kind}.${list}[0]`, event);
}

function termOf(given: unknown, terms: Json, field: string, source: string): Condition | Refusal {
  const name = typeof given === 'string' ? given : isObject(given) ? given.value : undefined;
  // A text that names one of the file's terms stands for it.
  const term = typeof name === 'string' && Object.hasOwn(terms, name) ? terms[name] : given;
  if (typeof term === 'string' && term !== '') return { kind: 'value', text: term, field, source };
  if (!isObject(term)) return refuse(field, 'the condition is no text', LINES, 'write value or regex');
  const { count, value, regex, ...rest } = term;
  const other = Object.keys(rest).find((k) => !isEmpty(rest[k]));
  if (other !== undefined) {
    const known: Readonly<Record<string, string>> = {
      jq: 'the condition is a jq program',
      promql: 'the condition is a query of metrics',
      field: 'the condition looks at one field of the line',
      set: 'the condition is a rule of its own',
      sequence: 'the condition is a rule of its own',
    };
    return refuse(
      `${field}.${shown(other)}`,
      known[other] ?? `the condition says ${shown(other)}`,
      LINES,
      'write value or regex',
    );
  }
  if (!isEmpty(count) && Number(count) !== 1) {
    return refuse(`${field}.count`, `it must be logged ${shown(textOf(count))} times`, COUNTS, BY_HAND);
  }
  const kind = isEmpty(regex) ? 'value' : 'regex';
  // As it is written: a space at its end is part of it.
  const text = isEmpty(regex) ? value : regex;
  if (isEmpty(value) === isEmpty(regex) || (typeof text !== 'string' && typeof text !== 'number')) {
    return refuse(
      field,
      'it needs a text, as value or regex',
      'nothing says what the line holds',
      'write one of them',
    );
  }
  return { kind, text: String(text), field: `${field}.${kind}`, source };
}

function patternOf({
  kind,
  text,
  field,
}: Condition): { regex: string; signature: string; translated: boolean } | Refusal {
  if (kind === 'value' && text.includes('\n')) {
    return refuse(
      field,
      'it asks for a line break',
      LINES,
      'write it as a sequence: one pattern for each line',
    );
  }
  const translation =
    kind === 'value'
      ? translatePattern(quoted(text), 'ours')
      : translatePattern(text, 're2', { spellCase: true });
  const { source, problem } = translation;
  const { pattern } = parsePattern(source ?? '');
  if (source === null || !pattern) {
    const why = 'a pattern that is not the rule’s own would find something else';
    return refuse(
      field,
      `${problem?.message ?? 'the pattern is empty'}`,
      why,
      problem?.remedy ?? 'write one',
    );
  }
  const searchable = topAlternatives(pattern).some((node) =>
    requiredLiterals({ node })?.members.every((m) => m.length >= LITERAL_LIMITS.minChars),
  );
  if (!searchable) {
    return refuse(
      field,
      `no text of ${LITERAL_LIMITS.minChars} characters must occur`,
      'it would have to be tried on every line; a record would never be found',
      'add the words of the message around it',
    );
  }
  const signature = kind === 'value' ? text.trim() : specimenOf(pattern.node);
  return { regex: source, signature: signature || text, translated: kind === 'regex' && translation.changed };
}

/** The software is named by the log that the rule reads, else by its application. */
function idOf(cre: Json, source: string): unknown {
  if (typeof cre.id !== 'string' || cre.id.trim() === '') return cre.id;
  const application = Array.isArray(cre.applications) ? cre.applications.find(isObject)?.name : undefined;
  const software = source.replace(/^cre\.(?:log\.)?/, '') || textOf(application) || 'cre';
  return `${software.replace(/[/\\]+/g, '-')}/${cre.id}`;
}

function adviceOf(mitigation: string): Json {
  const lines = mitigation.split('\n').filter((l) => l.trim() !== '');
  // Several lines may be steps or choices: which, nobody says, so they stay one action.
  return lines.length === 1
    ? { key: 'mitigation', action: mitigation }
    : { key: 'mitigation', action: 'Follow the mitigation that the rule gives', how: mitigation };
}

function prose(parts: readonly string[], impact: string): string {
  const said = [...new Set(parts.filter((p) => p !== ''))];
  return [...said, ...(impact === '' ? [] : [`Impact: ${impact}`])].join('\n\n');
}

function versionsOf(applications: unknown): Json[] {
  if (!Array.isArray(applications)) return [];
  return applications.filter(isObject).flatMap((a) => {
    const version = [textOf(a.name), textOf(a.version)].filter((t) => t !== '').join(' ');
    return version === '' ? [] : [{ version }];
  });
}

function refuse(field: string, problem: string, why: string, remedy: string): Refusal {
  return { field, problem, why, remedy };
}

/** As much of a foreign word as an issue shows. */
function shown(text: string): string {
  return text.slice(0, 60);
}

function textOf(value: unknown): string {
  return typeof value === 'string'
    ? value.trim() === ''
      ? ''
      : value.replace(/\s+$/, '')
    : typeof value === 'number'
      ? String(value)
      : '';
}

function textsOf(value: unknown): string[] {
  return Array.isArray(value)
    ? value.filter((v): v is string => typeof v === 'string' && v.trim() !== '')
    : [];
}

function isEmpty(value: unknown): boolean {
  return (
    value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0)
  );
}

function isObject(value: unknown): value is Json {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
