/**
 * Text or JSON value → record + issues. Never throws, never changes its input.
 *
 * Two modes. `own`: what the schema refuses is an error. `import`: records from elsewhere as they are found in the
 * wild, of the seed's format or of a peer's (`errorcanon.ts`, `cre.ts`), which is first brought into the seed's
 * shape; each fault is an issue, what can be mended is mended in memory, and the record is refused only where
 * nothing useful would remain.
 */
import type { IssueCode } from './codes.ts';
import { readRule, rulesOf } from './cre.ts';
import { readJson } from './documents.ts';
import { flattenErrorCanon, isErrorCanon } from './errorcanon.ts';
import { type PatternDialect, translatePattern } from './foreign-pattern.ts';
import type { Issue } from './issue.ts';
import { ID_PATTERN, KEY_PATTERN, RECORD_LIMITS } from './names.ts';
import { parsePattern } from './pattern.ts';
import { type FaultRecord, recordSchema } from './schema.ts';
import { signaturePattern } from './signature.ts';

export interface ParseOptions {
  /** Name of the file, for issues. */
  readonly file?: string;
  /** Default: `own` where the document says `"origin": "authored"`, else `import`. */
  readonly mode?: 'own' | 'import';
}

export interface ParseResult {
  /** Null where the document cannot be used; the issues say why. */
  readonly record: FaultRecord | null;
  readonly issues: readonly Issue[];
}

type Json = Record<string, unknown>;

/** Rounds of "drop what the schema refuses, look again" before a record is given up. */
const MAX_REPAIR_ROUNDS = 8;
/** Refused values named one by one; of a hopeless document the first few say enough. */
const MAX_REFUSALS_NAMED = 20;
/** Keys named in a remedy. */
const MAX_KEYS_NAMED = 20;
/** Ids that are paths to somewhere else. */
const LEADS_AWAY = /^[/\\]|^[a-z]:[/\\]|(?:^|[/\\])\.{1,2}(?:[/\\]|$)|[\x00-\x1f]/i;
/** What stands in the folder of a record, or is passed over when a tree is read. */
const RESERVED_NAMES: ReadonlySet<string> = new Set([
  'samples',
  'node_modules',
  'record.json',
  'evidence.json',
  'lab.md',
]);
const HAN = /\p{Script=Han}/u;

/** Reads one record: our own format, the seed's with all its faults, a nested ErrorCanon document, one CRE rule. */
export function parseRecord(input: unknown, options: ParseOptions = {}): ParseResult {
  const reader = new Reader(options.file ?? '-');
  const document = reader.document(input);
  if (!document) return { record: null, issues: reader.issues };
  const rules = rulesOf(document);
  if (!rules) return parseDocument(document, options);
  const [rule] = rules;
  if (rule && rules.length === 1) return parseRule(rule, document.terms, options);
  reader.manyRules(rules.length);
  return { record: null, issues: reader.issues };
}

/** Reads one record of JSON data that nobody else holds. */
export function parseDocument(document: Json, options: ParseOptions = {}): ParseResult {
  const reader = new Reader(options.file ?? '-');
  const nested = isErrorCanon(document);
  const own = options.mode ? options.mode === 'own' : document.origin === 'authored' && !nested;
  const record = own ? reader.own(document) : nested ? reader.nested(document) : reader.foreign(document);
  return { record, issues: reader.issues };
}

/** Reads one rule of CRE data that nobody else holds. @param terms the named conditions of its file */
export function parseRule(rule: Json, terms: unknown, options: ParseOptions = {}): ParseResult {
  const reader = new Reader(options.file ?? '-');
  const record = reader.rule(rule, objectsOf([terms])[0] ?? {});
  return { record, issues: reader.issues };
}

class Reader {
  readonly issues: Issue[] = [];
  private readonly file: string;
  constructor(file: string) {
    this.file = file;
  }

  private report(
    severity: Issue['severity'],
    code: IssueCode,
    field: string,
    problem: string,
    why: string,
    remedy: string,
    repaired = false,
  ): void {
    const issue = { severity, code, file: this.file, field, problem, why, remedy };
    this.issues.push(repaired ? { ...issue, repaired } : issue);
  }

  /** The JSON object of the input, as a copy of our own. */
  document(input: unknown): Json | null {
    const value = typeof input === 'string' ? this.parseJson(input) : this.copy(input);
    if (value === undefined) return null;
    if (value === null || typeof value !== 'object' || Array.isArray(value)) {
      const what = value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`;
      this.report(
        'error',
        'not-a-record',
        '',
        `it holds ${what}, not a JSON object`,
        'a file holds one record',
        'put each record into a file of its own',
      );
      return null;
    }
    return value as Json;
  }

  private copy(input: unknown): unknown {
    try {
      const text = JSON.stringify(input);
      return text === undefined ? null : this.parseJson(text);
    } catch (error) {
      this.report(
        'error',
        'not-a-record',
        '',
        `it is no JSON value: ${(error as Error).message}`,
        'a record is plain data',
        'pass text or plain objects',
      );
      return undefined;
    }
  }

  private parseJson(input: string): unknown {
    const text = input.startsWith('\ufeff') ? input.slice(1) : input;
    return readJson(text, (code, problem, why, remedy) =>
      this.report('error', code, '', problem, why, remedy),
    );
  }

  manyRules(count: number): void {
    this.report(
      'error',
      'not-a-record',
      'rules',
      `it holds ${count} rules`,
      'one record is asked for',
      'read them all: parseRecords, or faultbook import',
    );
  }

  /** A rule of the CRE format: taken where it means exactly what a record can say. */
  rule(rule: Json, terms: Json): FaultRecord | null {
    const { document, refusal, ...rest } = readRule(rule, terms);
    if (refusal) {
      const { field, problem, why, remedy } = refusal;
      this.report('error', 'rule-refused', field, problem, why, remedy);
      return null;
    }
    if ('translated' in rest && rest.translated) this.patternTranslated();
    return this.foreign(document);
  }

  /** A nested ErrorCanon document: brought into the seed's shape, then read like it. */
  nested(document: Json): FaultRecord | null {
    const moved = new Map<string, { to: string; count: number }>();
    const { flat, page } = flattenErrorCanon(document, (field, to) => {
      moved.set(field, { to, count: (moved.get(field)?.count ?? 0) + 1 });
    });
    for (const [field, { to, count }] of moved) {
      this.report(
        'warning',
        'text-moved',
        field,
        `${count} text${count === 1 ? ' stands' : 's stand'} in ${to} now`,
        'the format has no place of that name',
        'nothing is lost; read whether it still fits',
        true,
      );
    }
    return this.foreign(flat, page);
  }

  /** Our own format: strict. */
  own(document: Json): FaultRecord | null {
    const result = recordSchema.safeParse(document);
    if (!result.success) {
      for (const issue of result.error.issues.slice(0, MAX_REFUSALS_NAMED)) {
        if (issue.code === 'unrecognized_keys') {
          for (const name of issue.keys) this.unknownKey('error', pathText([...issue.path, name]), name);
        } else this.refused('error', pathText(issue.path), issue.message);
      }
      return null;
    }
    this.patterns(result.data);
    this.duplicateKeys(result.data, 'error');
    this.danglingLinks(result.data, 'error');
    return this.issues.some((i) => i.severity === 'error') ? null : result.data;
  }

  private refused(severity: Issue['severity'], field: string, message: string): void {
    this.report(
      severity,
      'value-refused',
      field,
      message,
      'a value that the format does not allow cannot be used',
      'see docs/records.md and schema/record.v1.json',
      severity === 'warning',
    );
  }

  private unknownKey(severity: Issue['severity'], field: string, name: string): void {
    const known = nearestKey(name);
    this.report(
      severity,
      'key-unknown',
      field,
      `the format has no key ${JSON.stringify(name.slice(0, 60))}`,
      'what is misspelt would be silently missing',
      known ? `did you mean ${known}?` : 'remove it',
      severity === 'warning',
    );
  }

  /** Patterns of an own record: a refused one would leave the record half blind, so it is an error. */
  private patterns(record: FaultRecord): void {
    const all: [string, string][] = [
      ...(record.regex === null ? [] : ([['regex', record.regex]] as [string, string][])),
      ...record.wordings.map((w, i): [string, string] => [`wordings[${i}].regex`, w.regex]),
      ...record.sequence.map((s, i): [string, string] => [`sequence[${i}].regex`, s.regex]),
      ...record.not_if.map((n, i): [string, string] => [`not_if[${i}].regex`, n.regex]),
      ...record.checks.flatMap((c, i) =>
        c.readings.flatMap((r, j): [string, string][] =>
          r.regex === undefined ? [] : [[`checks[${i}].readings[${j}].regex`, r.regex]],
        ),
      ),
    ];
    for (const [field, source] of all) {
      const { problem } = parsePattern(source, { ignoreCase: record.ignore_case });
      if (problem) {
        this.report(
          'error',
          'pattern-refused',
          field,
          `${problem.message} (at character ${problem.at + 1})`,
          'a pattern outside the RE2 subset cannot be matched in linear time',
          problem.remedy,
        );
      }
    }
  }

  private duplicateKeys(record: FaultRecord, severity: Issue['severity']): void {
    for (const list of ['causes', 'workarounds', 'dead_ends', 'checks', 'wordings'] as const) {
      const seen = new Set<string>();
      record[list].forEach((entry, i) => {
        if (seen.has(entry.key)) {
          this.report(
            severity,
            'key-duplicate',
            `${list}[${i}].key`,
            `${JSON.stringify(entry.key)} names two entries`,
            'a key says which one is meant',
            'give each its own',
          );
        }
        seen.add(entry.key);
      });
    }
  }

  private danglingLinks(record: FaultRecord, severity: Issue['severity']): void {
    const causes = new Set(record.causes.map((c) => c.key));
    const known = [...causes].slice(0, MAX_KEYS_NAMED).join(', ') || '(the record has none)';
    let named = 0;
    const look = (keys: readonly string[], field: string): void => {
      for (const k of keys) {
        if (causes.has(k) || named++ >= MAX_REFUSALS_NAMED) continue;
        this.report(
          severity,
          'link-dangling',
          field,
          `there is no cause ${JSON.stringify(k)}`,
          'advice for a cause that does not exist reaches nobody',
          `name one of: ${known}`,
        );
      }
    };
    record.workarounds.forEach((w, i) => {
      look(w.for, `workarounds[${i}].for`);
    });
    record.dead_ends.forEach((d, i) => {
      look(d.except, `dead_ends[${i}].except`);
    });
    record.checks.forEach((c, i) => {
      c.readings.forEach((r, j) => {
        look(r.means, `checks[${i}].readings[${j}].means`);
      });
    });
    record.survey?.cases.forEach((c, i) => {
      const keys = (Array.isArray(c.cause) ? c.cause : [c.cause]).filter(
        (k) => k !== 'other' && k !== 'open',
      );
      look(keys, `survey.cases[${i}].cause`);
    });
  }

  /** The seed's format as it is found: repaired step by step, then whatever the schema still refuses is dropped. */
  foreign(document: Json, page: string | null = null): FaultRecord | null {
    this.cutLists(document);
    if (!this.foreignId(document) || !this.foreignSignature(document)) return null;
    // Who names an origin writes our format: a pattern that was translated once is not translated again.
    const dialect = document.origin === undefined ? 'python' : 'ours';
    this.foreignOrigin(document);
    this.foreignPattern(document, dialect);
    this.foreignValues(document);
    for (const list of ['dead_ends', 'workarounds'] as const) this.foreignActions(document, list);
    this.foreignChinese(document);
    this.foreignSources(document);
    // Where it was published says where it comes from; it is no source of what it says.
    if (page !== null) document.sources = [page, ...((document.sources as string[] | undefined) ?? [])];
    const record = this.dropRefused(document);
    if (record) {
      this.duplicateKeys(record, 'warning');
      this.danglingLinks(record, 'warning');
    }
    return record;
  }

  /** Before anything looks at them: what comes later may cost more than the length of a list. */
  private cutLists(node: unknown, path: readonly PropertyKey[] = []): void {
    if (!node || typeof node !== 'object') return;
    for (const [key, value] of Object.entries(node)) {
      const at = [...path, Array.isArray(node) ? Number(key) : key];
      if (Array.isArray(value) && value.length > RECORD_LIMITS.maxEntries) {
        this.refused(
          'warning',
          pathText(at),
          `it has ${value.length} entries, more than ${RECORD_LIMITS.maxEntries}; the rest is dropped`,
        );
        value.length = RECORD_LIMITS.maxEntries;
      }
      this.cutLists(value, at);
    }
  }

  private foreignId(document: Json): boolean {
    const given = document.id;
    if (typeof given !== 'string' || given.trim() === '') {
      this.report(
        'error',
        'id-missing',
        'id',
        'there is no id',
        'a record is named by its id',
        'write domain/slug',
      );
      return false;
    }
    const segments = given.split(/[/\\]/).map(slugOf);
    const [first = '', second = '', ...rest] = segments.filter((s) => s !== '');
    if ((first !== '' || given.includes('..')) && LEADS_AWAY.test(given)) {
      this.idRefused(given, 'leads out of the tree', 'a record is written below the folder that was named');
      return false;
    }
    const parts =
      second === '' ? [slugOf(String(document.domain ?? '')) || 'unknown', first] : [first, second];
    if (rest.length > 0) parts.push(slugOf(rest.join('-')));
    if (parts.some((p) => RESERVED_NAMES.has(p))) {
      this.idRefused(
        given,
        'holds the name of a file or folder that records have themselves',
        'it would not be found again',
      );
      return false;
    }
    const id = parts.join('/');
    if (!new RegExp(ID_PATTERN).test(id)) {
      this.report(
        'error',
        'id-missing',
        'id',
        `${JSON.stringify(given.slice(0, 80))} is no id`,
        'a record is named by its id',
        'write domain/slug in lower case, digits and hyphens',
      );
      return false;
    }
    if (id !== given) {
      this.report(
        'warning',
        'id-changed',
        'id',
        `${JSON.stringify(given.slice(0, 80))} became ${id}`,
        'ids are paths: lower case, digits, hyphens, domain/slug',
        `write ${id}`,
        true,
      );
    }
    document.id = id;
    const domain = parts[0] as string;
    if (document.domain !== undefined && document.domain !== domain) {
      this.report(
        'warning',
        'domain-differs',
        'domain',
        `the domain is not ${domain}, the first part of the id`,
        'the id is the path, so the domain is its first part',
        `write ${domain}`,
        true,
      );
    }
    document.domain = domain;
    return true;
  }

  private idRefused(id: string, problem: string, why: string): void {
    this.report(
      'error',
      'id-refused',
      'id',
      `${JSON.stringify(id.slice(0, 80))} ${problem}`,
      why,
      'write domain/slug in lower case, digits and hyphens',
    );
  }

  private foreignSignature(document: Json): boolean {
    const { signature, regex, title } = document;
    if (typeof signature === 'string' && signature.trim() !== '') return true;
    const substitute = [title, regex].find((t) => typeof t === 'string' && t.trim() !== '');
    if (substitute === undefined) {
      this.report(
        'error',
        'signature-missing',
        'signature',
        'there is neither a signature nor a pattern',
        'there is nothing to recognise the error by',
        'write the message as the program prints it',
      );
      return false;
    }
    this.report(
      'warning',
      'signature-missing',
      'signature',
      'the human text of the error is missing',
      'readers see the signature, not the pattern',
      'write the message as the program prints it',
      true,
    );
    document.signature = String(substitute).slice(0, RECORD_LIMITS.maxTextChars);
    return true;
  }

  private foreignOrigin(document: Json): void {
    const tier = document.verification_tier;
    if (document.origin === undefined) {
      document.origin = typeof tier === 'string' && /ai|generated/i.test(tier) ? 'generated' : 'imported';
    } else if (document.origin === 'authored') document.origin = 'imported';
    delete document.verification_tier;
    // Peers look their patterns up without regard to case, and write them so.
    if (document.ignore_case === undefined) document.ignore_case = true;
  }

  private foreignPattern(document: Json, dialect: PatternDialect): void {
    const { regex } = document;
    if (typeof regex !== 'string' || regex === '') {
      if (regex === '') document.regex = null;
      return;
    }
    const { source, problem, ...rest } = translatePattern(regex, dialect);
    if (source !== null) {
      document.regex = source;
      if ('changed' in rest && rest.changed) this.patternTranslated();
      if ('ignoreCase' in rest && rest.ignoreCase) document.ignore_case = true;
      return;
    }
    const stands = typeof document.signature === 'string' && signaturePattern(document.signature) !== null;
    this.report(
      'warning',
      'pattern-refused',
      'regex',
      `${problem.message} (at character ${problem.at + 1})`,
      stands
        ? 'such a pattern cannot be matched in linear time; the text of the signature stands in for it'
        : 'such a pattern cannot be matched in linear time, and the signature says too little to stand in for it',
      problem.remedy,
      stands,
    );
    document.regex = null;
  }

  private patternTranslated(): void {
    this.report(
      'warning',
      'pattern-translated',
      'regex',
      'the pattern is spelt in another way now',
      'flags and escapes of other languages are written out; it matches the same lines',
      'nothing: it means what it meant',
      true,
    );
  }

  private foreignValues(document: Json): void {
    for (const [key, value] of Object.entries(document)) if (value === '') document[key] = null;
    if (typeof document.resolvable === 'string') {
      const text = document.resolvable.toLowerCase();
      const known: Readonly<Record<string, unknown>> = {
        true: true,
        yes: true,
        false: false,
        no: false,
        partial: 'partial',
        partially: 'partial',
      };
      const value = Object.hasOwn(known, text) ? known[text] : null;
      this.report(
        'warning',
        'resolvable-text',
        'resolvable',
        `it is the text ${JSON.stringify(text.slice(0, 40))}`,
        'a text "false" counts as true in most programs',
        'write true, false or "partial"',
        true,
      );
      document.resolvable = value;
    }
    const rates: string[] = [];
    const rate = (holder: Json, key: string, field: string): void => {
      if (holder[key] === undefined || holder[key] === null) return;
      holder[key] = rateOf(holder[key]);
      if (holder[key] !== null) rates.push(field);
    };
    rate(document, 'confidence', 'confidence');
    rate(document, 'fix_success_rate', 'fix_success_rate');
    for (const entry of objectsOf(document.dead_ends)) rate(entry, 'fail_rate', 'dead_ends[].fail_rate');
    for (const entry of objectsOf(document.workarounds))
      rate(entry, 'success_rate', 'workarounds[].success_rate');
    if (rates.length > 0) {
      this.report(
        'warning',
        'rate-claimed',
        [...new Set(rates)].join(', '),
        rates.length === 1
          ? 'a rate without trials behind it'
          : `${rates.length} rates without trials behind them`,
        'nobody can check them',
        'they are kept, and shown as claimed, not measured',
      );
    }
    if (Array.isArray(document.versions)) {
      document.versions = document.versions.map((v) => (typeof v === 'string' ? { version: v } : v));
    }
    for (const edge of objectsOf([document.transition_graph])) {
      for (const [key, value] of Object.entries(edge)) if (value === null) delete edge[key];
    }
  }

  private foreignActions(document: Json, list: 'dead_ends' | 'workarounds'): void {
    if (document[list] === undefined || document[list] === null) {
      delete document[list];
      return;
    }
    if (!Array.isArray(document[list])) return;
    document[list] = document[list].map((e) => (typeof e === 'string' ? { action: e } : e));
    const used = new Set<string>();
    let derived = 0;
    (document[list] as unknown[]).forEach((entry, i) => {
      if (!entry || typeof entry !== 'object' || Array.isArray(entry)) return;
      const e = entry as Json;
      for (const [key, value] of Object.entries(e)) if (value === '' && key !== 'action') e[key] = null;
      if (e.action === undefined || e.action === null) e.action = '';
      const action = typeof e.action === 'string' ? e.action.trim() : '';
      if (action === '') {
        const rest = list === 'dead_ends' ? 'why_fails' : 'how';
        this.report(
          'warning',
          'action-empty',
          `${list}[${i}].action`,
          'the action is empty',
          'a reader cannot avoid or try what is not said',
          `write what to do; until then ${rest} is shown`,
        );
      }
      if (action !== '' && e.how === e.action) {
        this.report(
          'warning',
          'how-repeats-action',
          `${list}[${i}].how`,
          'it repeats the action word for word',
          'the reader expects the details there',
          'say how, or leave it out',
          true,
        );
        e.how = null;
      }
      if (typeof e.key !== 'string' || !new RegExp(KEY_PATTERN).test(e.key)) {
        e.key = freeKey(
          slugOf(action.split(/\s+/).slice(0, 5).join(' ')).slice(0, 40),
          list === 'dead_ends' ? 'dead-end' : 'workaround',
          i,
          used,
        );
        derived++;
      }
      used.add(e.key as string);
    });
    if (derived > 0) {
      this.report(
        'warning',
        'key-derived',
        `${list}[].key`,
        derived === 1 ? 'an entry has no key' : `${derived} entries have no key`,
        'reports and answers name an action by its key',
        'give each a key that does not change',
        true,
      );
    }
  }

  private foreignChinese(document: Json): void {
    const visit = (node: unknown, path: readonly (string | number)[]): void => {
      if (Array.isArray(node))
        node.forEach((item, i) => {
          visit(item, [...path, i]);
        });
      else if (node && typeof node === 'object') {
        for (const [key, value] of Object.entries(node)) {
          const texts =
            typeof value === 'string' ? [value] : Array.isArray(value) && value.length > 0 ? value : null;
          if (key.endsWith('_zh') && texts && !texts.some((t) => typeof t === 'string' && HAN.test(t))) {
            this.report(
              'warning',
              'chinese-not-chinese',
              pathText([...path, key]),
              'it holds no Chinese character',
              'a reader of Chinese gets English that pretends to be a translation',
              'translate it, or leave it out',
              true,
            );
            (node as Json)[key] = Array.isArray(value) ? [] : null;
          } else visit(value, [...path, key]);
        }
      }
    };
    visit(document, []);
  }

  private foreignSources(document: Json): void {
    const entries = [...objectsOf(document.dead_ends), ...objectsOf(document.workarounds)];
    for (const holder of [document, ...entries]) {
      const { sources } = holder;
      if (sources === undefined || sources === null) delete holder.sources;
      else if (!Array.isArray(sources)) holder.sources = [sources].flatMap(sourceText);
      else holder.sources = sources.flatMap(sourceText);
    }
    const cited = [document, ...entries].some((h) => Array.isArray(h.sources) && h.sources.length > 0);
    if (!cited) {
      this.report(
        'warning',
        'sources-missing',
        'sources',
        'neither the record nor any of its actions names a source',
        'nobody can check where the advice comes from',
        'cite the threads and pages',
      );
    }
  }

  /** Drops what the schema refuses, smallest part first, until it accepts the rest. */
  private dropRefused(document: Json): FaultRecord | null {
    let named = 0;
    for (let round = 0; round < MAX_REPAIR_ROUNDS; round++) {
      const result = recordSchema.safeParse(document);
      if (result.success) return result.data;
      // From the back, so that indexes of lists still hold after an entry is dropped, and no further into that entry.
      const gone = new Set<string>();
      for (const issue of [...result.error.issues].reverse()) {
        if (issue.path.some((_, i) => gone.has(pathText(issue.path.slice(0, i + 1))))) continue;
        if (issue.code === 'unrecognized_keys') {
          for (const name of issue.keys) {
            if (named++ < MAX_REFUSALS_NAMED)
              this.unknownKey('warning', pathText([...issue.path, name]), name);
            dropAt(document, [...issue.path, name]);
          }
          continue;
        }
        if (named++ < MAX_REFUSALS_NAMED) this.refused('warning', pathText(issue.path), issue.message);
        const entry = dropAt(document, issue.path);
        if (entry !== null) gone.add(entry);
      }
    }
    this.report(
      'error',
      'not-a-record',
      '',
      'too much of it is not what the format allows',
      'nothing useful would remain',
      'see docs/records.md',
    );
    return null;
  }
}

function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>(
    (text, part) =>
      typeof part === 'number'
        ? `${text}[${part}]`
        : `${text}${text === '' ? '' : '.'}${String(part).slice(0, 60)}`,
    '',
  );
}

/**
 * Removes the value at a path; where it is not there (a required key), the list entry or object around it.
 * Returns the path of the list entry where it was one.
 */
function dropAt(document: Json, path: readonly PropertyKey[]): string | null {
  let holder: unknown = document;
  const holders: unknown[] = [document];
  for (const part of path.slice(0, -1)) {
    if (!holder || typeof holder !== 'object') return null;
    holder = (holder as Record<PropertyKey, unknown>)[part];
    holders.push(holder);
  }
  for (let i = path.length - 1; i >= 0; i--) {
    const at = holders[i];
    const part = path[i] as PropertyKey;
    if (Array.isArray(at)) {
      at.splice(Number(part), 1);
      return pathText(path.slice(0, i + 1));
    }
    if (at && typeof at === 'object' && Object.hasOwn(at, part)) {
      delete (at as Record<PropertyKey, unknown>)[part];
      return null;
    }
  }
  return null;
}

function objectsOf(value: unknown): Json[] {
  return Array.isArray(value)
    ? value.filter((v): v is Json => v !== null && typeof v === 'object' && !Array.isArray(v))
    : [];
}

function sourceText(source: unknown): string[] {
  if (typeof source === 'string') return source.trim() === '' ? [] : [source];
  const url = source && typeof source === 'object' ? (source as { url?: unknown }).url : null;
  return typeof url === 'string' ? [url] : [];
}

/** 0.85, "0.85", "85 %", 85 → 0.85; anything else is no rate. */
function rateOf(value: unknown): number | null {
  const number = typeof value === 'number' ? value : Number.parseFloat(String(value));
  const rate = number > 1 || (typeof value === 'string' && value.includes('%')) ? number / 100 : number;
  return rate >= 0 && rate <= 1 ? rate : null;
}

function slugOf(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/\.{2,}/g, '.')
    .slice(0, 64)
    .replace(/^[._-]+|[._-]+$/g, '');
}

function freeKey(wanted: string, fallback: string, index: number, used: ReadonlySet<string>): string {
  const base = wanted.replace(/^[._-]+|[._-]+$/g, '') || `${fallback}-${index + 1}`;
  for (let n = 1; ; n++) {
    const key = n === 1 ? base : `${base}-${n}`;
    if (!used.has(key)) return key;
  }
}

/** A key of the format that differs in case, hyphens or one letter. */
function nearestKey(name: string): string | null {
  const plain = (s: string) => s.toLowerCase().replace(/[^a-z]/g, '');
  const keys = Object.keys(recordSchema.shape);
  return (
    keys.find(
      (k) => plain(k) === plain(name) || plain(k) === `${plain(name)}s` || `${plain(k)}s` === plain(name),
    ) ?? null
  );
}
