import { expect, test } from 'vitest';
import { redact } from '../src/redact/index.ts';
import { plantedSecrets } from './support/secrets.ts';

test.each(plantedSecrets().map((p) => [p.form, p.text, p] as const))(
  '%s: %s',
  (_, text, { secrets, readable }) => {
    const clean = redact(text);
    for (const s of secrets) expect(clean).not.toContain(s);
    for (const w of readable) expect(clean).toContain(w);
  },
);
