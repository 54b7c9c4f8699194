/** A diagnosis as it may be written down or sent: without the secrets of the output that it is about. */
import type { Diagnosis } from '../diagnosis/index.ts';
import { redact } from '../redact/index.ts';

/** Typed groups stay: commands are made of them, and a value in which a secret shows is not typed. */
export function withoutSecrets(diagnosis: Diagnosis): Diagnosis {
  return {
    ...diagnosis,
    findings: diagnosis.findings.map((f) => ({
      ...f,
      excerpt: redact(f.excerpt),
      groups: Object.fromEntries(Object.entries(f.groups).map(([name, value]) => [name, redact(value)])),
    })),
    focus: diagnosis.focus.map((f) => ({ ...f, text: redact(f.text) })),
    shapes: diagnosis.shapes.map((s) => ({ ...s, shape: redact(s.shape), example: redact(s.example) })),
  };
}

/** Stands between words while they are redacted together: a blank to every rule, and in no command that anybody types. */
const BETWEEN = '\u2029';

/** The words of a command. Together, for a secret may be a word by itself: `--password`, `hunter2`. */
export function wordsWithoutSecrets(argv: readonly string[]): readonly string[] {
  return redact(argv.map((word) => word.replaceAll(BETWEEN, ' ')).join(BETWEEN)).split(BETWEEN);
}
