import { z } from 'zod';
import { diagnosisSchema } from './schema.ts';

/** The published JSON Schema (2020-12) of a diagnosis: `schema/diagnosis.v1.json`. */
export function diagnosisJsonSchema(): object {
  return {
    $id: 'diagnosis.v1.json',
    title: 'Faultbook diagnosis, version 1',
    description:
      'The answer for one text. Additive-only: keys may be added, none is removed or changes its meaning.',
    ...z.toJSONSchema(diagnosisSchema, { target: 'draft-2020-12' }),
  };
}
