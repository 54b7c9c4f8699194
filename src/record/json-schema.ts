import { z } from 'zod';
import { recordSchema } from './schema.ts';

/** The published JSON Schema (2020-12) of a record as written: `schema/record.v1.json`. */
export function recordJsonSchema(): object {
  return {
    $id: 'record.v1.json',
    title: 'Faultbook record, version 1',
    description: 'One known error. What the keys are for: docs/records.md.',
    ...z.toJSONSchema(recordSchema, { target: 'draft-2020-12', io: 'input' }),
  };
}
