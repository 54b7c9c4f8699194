/** Evidence as text and back: one line a cell, so that a change of behaviour is a readable diff. */
import type { Issue } from '../record/index.ts';
import { type Evidence, type EvidenceCell, evidenceSchema } from './schema.ts';

/** Largest file that is read as evidence. */
const MAX_EVIDENCE_BYTES = 8 * 1024 * 1024;

/** The text of `evidence.json`: deterministic, a line for each environment and cell. */
export function printEvidence(evidence: Evidence): string {
  const environments = Object.entries(evidence.environments).map(
    ([name, environment]) => `    ${JSON.stringify(name)}: ${JSON.stringify(environment)}`,
  );
  const cells = evidence.cells.map((cell) => `    ${JSON.stringify(cell)}`);
  return [
    '{',
    `  "schema": ${JSON.stringify(evidence.schema)},`,
    `  "record": ${JSON.stringify(evidence.record)},`,
    `  "date": ${JSON.stringify(evidence.date)},`,
    '  "environments": {',
    environments.join(',\n'),
    '  },',
    '  "cells": [',
    cells.join(',\n'),
    '  ]',
    '}',
    '',
  ].join('\n');
}

/** Reads `evidence.json`; never throws. */
export function parseEvidence(
  text: string,
  file: string,
): { readonly evidence: Evidence | null; readonly issues: readonly Issue[] } {
  const broken = (field: string, problem: string) => ({
    evidence: null,
    issues: [
      {
        severity: 'error',
        code: 'evidence-invalid',
        file,
        field,
        problem,
        why: 'only `faultbook prove` writes this file; what somebody changed in it proves nothing',
        remedy: 'run `faultbook prove` again for this record',
      } satisfies Issue,
    ],
  });
  if (text.length > MAX_EVIDENCE_BYTES) return broken('', `it is larger than ${MAX_EVIDENCE_BYTES} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return broken('', `it is no JSON: ${(error as Error).message}`);
  }
  const parsed = evidenceSchema.safeParse(value);
  if (!parsed.success) {
    const [first] = parsed.error.issues;
    return broken(first?.path.join('.') ?? '', first?.message ?? 'it does not fit the schema');
  }
  const seen = new Set<string>();
  for (const [i, cell] of parsed.data.cells.entries()) {
    if ((cell.action === undefined) === (cell.check === undefined))
      return broken(`cells.${i}`, 'a cell is of one action or of one check');
    const name = cellName(cell);
    if (seen.has(name)) return broken(`cells.${i}`, `the cell ${name} is there twice`);
    seen.add(name);
  }
  return { evidence: parsed.data, issues: [] };
}

/** How a cell is called on the command line: `environment/cause/action` or `environment/cause/?check`. */
export function cellName(cell: Pick<EvidenceCell, 'cause' | 'action' | 'check' | 'env'>): string {
  return `${cell.env}/${cell.cause}/${cell.check === undefined ? cell.action : `?${cell.check}`}`;
}
