/** What only a matcher can say of a record: whether it finds its own samples, and nothing else. */
import type { Issue } from '../record/index.ts';
import type { Background } from './background.ts';
import { type BookSource, compileBook } from './compile.ts';
import { matchText } from './match.ts';

/**
 * Checks one record against its samples and the background corpus.
 * @param samples named `match.*` (must be found), `near-miss.*` or `healthy.*` (must not).
 */
export function admitRecord(
  source: BookSource,
  samples: readonly { readonly name: string; readonly text: string }[],
  background: Background | null,
): readonly Issue[] {
  const { book, issues } = compileBook([source], { background });
  const found: Issue[] = [...issues];
  const file = source.file ?? '-';
  // One line cannot complete a sequence; where no pattern is left, that is said already.
  const oneLine = book.patterns.length > 0 && source.record.sequence.length === 0;
  if (oneLine && matchText(book, source.record.signature).length === 0) {
    found.push({
      severity: 'warning',
      code: 'pattern-misses-signature',
      file,
      field: 'signature',
      problem: 'no pattern of the record finds its own signature',
      why: 'the message that people paste and the one that is looked for differ',
      remedy: 'write the signature as the program prints it, or widen the pattern',
    });
  }
  for (const { name, text } of samples) {
    const matched = matchText(book, text).some((m) => m.verdict === 'match');
    if (name.startsWith('match.') && !matched) {
      found.push({
        severity: 'error',
        code: 'sample-not-found',
        file,
        field: `samples/${name}`,
        problem: 'the record does not recognise its own sample',
        why: 'what it misses here it misses in the field',
        remedy: 'widen the pattern, or add a wording for this version',
      });
    } else if (!name.startsWith('match.') && matched) {
      found.push({
        severity: 'error',
        code: 'near-miss-found',
        file,
        field: `samples/${name}`,
        problem: name.startsWith('near-miss.')
          ? 'the record takes another error for its own'
          : 'the record sees its error in healthy output',
        why: 'its advice would go to people who have another problem',
        remedy: 'anchor the pattern on what only this error prints, or rule the other out with not_if',
      });
    }
  }
  return found;
}
