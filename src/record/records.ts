/**
 * One text → all records in it, whatever format they are in: one record, a JSON list, NDJSON (the seed's shape or
 * ErrorCanon), CRE rules. Formats are told from the content, never from the name of a file.
 */
import type { IssueCode } from './codes.ts';
import { rulesOf } from './cre.ts';
import { kindOfText, readJson } from './documents.ts';
import { isErrorCanon } from './errorcanon.ts';
import type { Issue } from './issue.ts';
import { RECORD_LIMITS } from './names.ts';
import { type ParseOptions, type ParseResult, parseDocument, parseRecord, parseRule } from './parse.ts';
import type { FaultRecord } from './schema.ts';
import { readYaml } from './yaml.ts';

export interface RecordsResult {
  readonly records: readonly {
    readonly record: FaultRecord;
    /** The file; where it holds several, with the place in it: `rules.yaml[2]`, `all.ndjson:7`. */
    readonly file: string;
  }[];
  readonly issues: readonly Issue[];
  /** How many records it holds, read or refused; 0: it is something else, and an issue says so. */
  readonly found: number;
}

type Json = Record<string, unknown>;
/** Of these keys one stands in any record. */
const TELLING_KEYS = ['signature', 'regex'] as const;
/** An id alone is no sign: much JSON has one. With one of these it is a record that lacks its signature. */
const TELLING_BESIDE_ID = ['domain', 'causes', 'workarounds', 'dead_ends', 'origin'] as const;
/** Of a text that is not read yet, or cannot be: whether it means to be records. */
const NAMED = /"id"\s*:/;
const CLAIM = /"(?:signature|regex|rules)"\s*:/;

/** Reads all records of a text. Never throws. */
export function parseRecords(input: string, options: ParseOptions = {}): RecordsResult {
  const collector = new Collector(options);
  const text = input.startsWith('\ufeff') ? input.slice(1) : input;
  switch (kindOfText(text)) {
    case 'json':
      collector.document(text);
      break;
    case 'list':
      collector.list(text);
      break;
    case 'lines':
      collector.lines(text);
      break;
    case 'yaml':
      collector.yaml(text);
      break;
    case 'other':
      collector.nothing();
  }
  return collector;
}

class Collector implements RecordsResult {
  readonly records: { record: FaultRecord; file: string }[] = [];
  readonly issues: Issue[] = [];
  found = 0;
  private readonly file: string;
  private readonly options: ParseOptions;
  constructor(options: ParseOptions) {
    this.options = options;
    this.file = options.file ?? '-';
  }

  private report(code: IssueCode, problem: string, why: string, remedy: string, file = this.file): void {
    this.issues.push({ severity: 'error', code, file, field: '', problem, why, remedy });
  }

  nothing(): void {
    this.report(
      'not-a-record',
      'it holds no record',
      'a record has an id, a signature, a pattern; rules stand under rules:',
      'name the files that hold records; docs/records.md says which formats are read',
    );
  }

  private add(read: (options: ParseOptions) => ParseResult, file: string): void {
    this.found++;
    const { record, issues } = read({ ...this.options, file });
    // One by one: of a collection there may be more than a call has arguments for.
    for (const issue of issues) this.issues.push(issue);
    if (record) this.records.push({ record, file });
  }

  private addRules(rules: readonly Json[], terms: unknown, file: string): void {
    rules.forEach((rule, i) => {
      this.add((o) => parseRule(rule, terms, o), rules.length === 1 ? file : `${file}[${i}]`);
    });
  }

  document(text: string): void {
    const value = readJson(text, (...said) => this.report(...said));
    if (value === undefined) this.found = CLAIM.test(text) ? 1 : 0;
    else if (isObject(value) && rulesOf(value)) this.addRules(rulesOf(value) ?? [], value.terms, this.file);
    else if (isObject(value) && isRecord(value)) this.add((o) => parseDocument(value, o), this.file);
    else this.nothing();
  }

  list(text: string): void {
    const value = readJson(text, (...said) => this.report(...said), RECORD_LIMITS.maxCollectionBytes);
    if (value === undefined) this.found = CLAIM.test(text) ? 1 : 0;
    else if (!Array.isArray(value) || !value.some((v) => isObject(v) && isRecord(v)) || !NAMED.test(text))
      this.nothing();
    else
      this.each(value, (item, i) => {
        const file = `${this.file}[${i}]`;
        const rules = isObject(item) ? rulesOf(item) : null;
        if (rules) this.addRules(rules, (item as Json).terms, file);
        // By way of text, so that the bounds of one record hold for it too.
        else this.add((o) => parseRecord(item, o), file);
      });
  }

  lines(text: string): void {
    const lines = text.split('\n').map((line, i): [string, number] => [line.trim(), i + 1]);
    const kept = lines.filter(([line]) => line !== '');
    if (!CLAIM.test(text) || !NAMED.test(text)) this.nothing();
    else this.each(kept, ([line, n]) => this.add((o) => parseRecord(line, o), `${this.file}:${n}`));
  }

  yaml(text: string): void {
    const claims = /\bcre["']?[ \t]*:/.test(text);
    if (claims && text.length > RECORD_LIMITS.maxFileBytes) {
      this.found = 1;
      this.report(
        'file-too-large',
        `it has ${text.length} characters, YAML may have ${RECORD_LIMITS.maxFileBytes}`,
        'a file is read whole before it is judged',
        'split it, or write it as a JSON list',
      );
      return;
    }
    const { values, problem } = claims ? readYaml(text) : { values: [], problem: null };
    if (problem) {
      this.found = 1;
      this.report(
        'yaml-invalid',
        `line ${problem.line}: ${problem.message.replace(/\s+/g, ' ').slice(0, 200)}`,
        'nothing of it can be relied on',
        'write plain YAML: keys, lists, texts; no aliases, no tags, each key once',
      );
      return;
    }
    // Named conditions hold for the whole file.
    const terms = Object.fromEntries(
      values.flatMap((v) => (isObject(v) && isObject(v.terms) ? Object.entries(v.terms) : [])),
    );
    const rules = values.flatMap((v) => (isObject(v) ? (rulesOf(v) ?? []) : []));
    if (rules.length === 0) this.nothing();
    else if (rules.length === 1) this.addRules(rules, terms, this.file);
    else this.each(rules, (rule, i) => this.add((o) => parseRule(rule, terms, o), `${this.file}[${i}]`));
  }

  /** Each item up to the limit; that there are more is said once. */
  private each<T>(items: readonly T[], read: (item: T, index: number) => void): void {
    items.slice(0, RECORD_LIMITS.maxRecordsOfFile).forEach(read);
    const rest = items.length - RECORD_LIMITS.maxRecordsOfFile;
    if (rest <= 0) return;
    this.found += rest;
    this.report(
      'records-too-many',
      `${rest} records stand behind the first ${RECORD_LIMITS.maxRecordsOfFile}`,
      'they are not read',
      'split the file',
    );
  }
}

function isRecord(value: Json): boolean {
  const has = (key: string) => Object.hasOwn(value, key);
  return (
    rulesOf(value) !== null ||
    isErrorCanon(value) ||
    TELLING_KEYS.some(has) ||
    (has('id') && TELLING_BESIDE_ID.some(has))
  );
}

function isObject(value: unknown): value is Json {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
