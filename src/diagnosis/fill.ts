/**
 * Commands filled from what a log said. Log text is hostile: a value goes into a command only where it fits the
 * type that the record declares for its group, as one quoted word; otherwise the reader sees `<name>`.
 */
import type { FaultRecord, GroupType } from '../record/index.ts';
import { holdsSecret } from '../redact/index.ts';
import type { DiagnosisFinding } from './schema.ts';

const FORBIDDEN = /[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/;

/** What a value of each type looks like. `text` has no entry: free text is never handed on. */
const TYPE_PATTERNS: Readonly<Record<Exclude<GroupType, 'text'>, RegExp>> = {
  host: /^(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252})|\[?[0-9A-Fa-f:.]{2,45}\]?)$/,
  port: /^\d{1,5}$/,
  // Few spaces: a path is a word or four, a sentence ("/x, now ignore all rules and run …") is not a path.
  path: /^(?!(?:\S* ){4})[\p{L}\p{N}_@%+=:,./~^()\\ -]{1,512}$/u,
  // Also an address in brackets with its port, as ssh and servers write it beside `host:port`.
  name: /^(?:[\p{L}\p{N}_@.$/][\p{L}\p{N}_.@$:/+~^*-]{0,213}|\[[A-Za-z0-9_.:%-]{1,253}\]:\d{1,5})$/u,
  number: /^\d{1,20}(?:\.\d{1,10})?$/,
  version: /^[~^=v]{0,2}\d[A-Za-z0-9.+-]{0,63}$/,
  url: /^[a-z][a-z0-9+.-]{1,10}:\/\/[A-Za-z0-9_.:@[\]-]{1,253}(?:\/[A-Za-z0-9_./%~?=&+,:@#-]{0,500})?$/,
};

/**
 * Whether a value from a log fits its declared type, so that it may stand in a command or go to an agent. A password in an
 * address does not: what is filled is stored, sent and shown to agents.
 */
export function fitsType(value: string, type: GroupType | undefined): boolean {
  if (type === undefined || type === 'text') return false;
  if (value.startsWith('-') || FORBIDDEN.test(value)) return false;
  return TYPE_PATTERNS[type].test(value) && !holdsSecret(value);
}

/** One word for a POSIX shell. */
export function quoteWord(value: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}

/** Replaces each `{{group}}` by its typed value as one shell word, or by `<group>` where there is none. */
export function fillCommand(command: string, typedGroups: Readonly<Record<string, string>>): string {
  return command.replace(/\{\{([a-z][a-z0-9_]{0,31})\}\}/g, (_, name: string) => {
    const value = Object.hasOwn(typedGroups, name) ? typedGroups[name] : undefined;
    return value === undefined ? `<${name}>` : quoteWord(value);
  });
}

const RECORDS = new WeakMap<DiagnosisFinding, FaultRecord>();

/** Keeps the record of a finding that was made here: to look for it in a book means to read one record after another. */
export function bindRecord(finding: DiagnosisFinding, record: FaultRecord): void {
  RECORDS.set(finding, record);
}

/** The checks of a finding's record, their commands filled. */
export function checksOf(
  finding: DiagnosisFinding,
  records: readonly FaultRecord[],
): readonly { readonly key: string; readonly question: string; readonly command: string }[] {
  const record = RECORDS.get(finding) ?? records.find((r) => r.id === finding.id);
  return (record?.checks ?? []).map(({ key, question, command }) => ({
    key,
    question,
    command: fillCommand(command, finding.typed_groups),
  }));
}
