/** The diagnosis for programs. */
import type { Diagnosis } from '../diagnosis/index.ts';
import { RUNNER_MARK } from './safe.ts';

/** Control characters beyond those that JSON escapes, and line separators: harmless to parsers, not to terminals. */
const UNESCAPED = /[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** What JSON.stringify leaves as it is, and a terminal or a CI runner would act on; the value stays the same. */
export function escapeRest(json: string): string {
  return json
    .replace(UNESCAPED, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replace(RUNNER_MARK, '#\\u0023');
}

/** The diagnosis as it is (`schema/diagnosis.v1.json`), indented. */
export function renderJson(diagnosis: Diagnosis): string {
  return stringifySafely(diagnosis);
}

/** A document as indented JSON that is harmless to print, with a newline at its end. */
export function stringifySafely(value: unknown): string {
  return `${escapeRest(JSON.stringify(value, null, 2))}\n`;
}

/** A document on one line, harmless to print, with a newline at its end. */
export function stringifyLine(value: unknown): string {
  return `${escapeRest(JSON.stringify(value))}\n`;
}

/**
 * One JSON object a line: `{"type":"finding","source":…,…}` for each finding in order, then
 * `{"type":"summary","source":…,"verdict":…,"focus":…,"more":…,"lines":…}`.
 */
export function renderNdjson(diagnosis: Diagnosis, source: string): string {
  const { findings, ...summary } = diagnosis;
  const lines = [
    ...findings.map((finding) => ({ type: 'finding', source, ...finding })),
    { type: 'summary', source, ...summary },
  ];
  return lines.map(stringifyLine).join('');
}
