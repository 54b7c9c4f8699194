/** What only a matcher can say of records: whether they find their own samples, and nothing else. */
import type { FaultRecord, Issue } from '../record/index.ts';
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

/**
 * Checks records from elsewhere, compiled together: which patterns are too common, which miss the signature that
 * they stand under, and which examples, shown beside them, they miss or should have missed. All of it is a warning:
 * the records can be used, and say less than they seem to.
 * @param examplesOf output shown beside a record, named like samples; nobody knows whether a program printed it.
 */
export function admitForeign(
  sources: readonly BookSource[],
  background: Background | null,
  examplesOf: (source: BookSource) => readonly { readonly name: string; readonly text: string }[],
): readonly Issue[] {
  const compiled = compileBook(sources, { background });
  const found: Issue[] = [...compiled.issues];
  // Whether a pattern fits is one question, whether it is rare another, which the compiler has answered.
  const book = { ...compiled.book, patterns: compiled.book.patterns.map((p) => ({ ...p, careless: false })) };
  // The plan names patterns by their position: fewer patterns need another one.
  const { plan: _plan, ...rest } = book;
  const own = { ...rest, patterns: book.patterns.filter((p) => p.role !== 'signature') };
  const indexOf = new Map(book.records.map((r: FaultRecord, i) => [r.id, i]));
  const stands = new Set(book.patterns.filter((p) => p.role === 'signature').map((p) => p.record));
  const searched = new Set(own.patterns.map((p) => p.record));
  for (const source of sources) {
    const { record } = source;
    const index = indexOf.get(record.id);
    if (index === undefined) continue;
    const finds = (by: typeof book, text: string) => matchText(by, text).some((m) => m.record === index);
    const warn = (rest: Pick<Issue, 'code' | 'field' | 'problem' | 'why' | 'remedy' | 'repaired'>) => {
      found.push({ severity: 'warning', file: source.file ?? '-', ...rest });
    };
    if (record.sequence.length === 0 && searched.has(index) && !finds(own, record.signature)) {
      warn({
        code: 'pattern-misses-signature',
        field: 'regex',
        problem: 'the pattern does not find the signature of its own record',
        why: stands.has(index)
          ? 'the words of the signature are looked for beside it'
          : 'the message that people paste and the one that is looked for differ',
        remedy: 'write the signature as the program prints it, or widen the pattern',
        repaired: stands.has(index),
      });
    } else if (!searched.has(index) && !stands.has(index)) {
      warn({
        code: 'pattern-missing',
        field: 'regex',
        problem: 'neither its pattern nor its signature can be looked for',
        why: 'the record can be read, and is never found in an output',
        remedy: 'write a regex for the part of the message that does not vary',
      });
    }
    for (const { name, text } of examplesOf(source)) {
      const wanted = name.startsWith('match.');
      if (finds(book, text) === wanted) continue;
      warn({
        code: wanted ? 'sample-not-found' : 'near-miss-found',
        field: name.replace(/^(?:match|near-miss)\./, ''),
        problem: wanted
          ? 'the record is not found in the example that stands beside it'
          : 'the record is found in the example that must not show it',
        why: 'the pattern or the example is not what the program prints',
        remedy: 'look at both before you rely on it',
      });
    }
  }
  return found;
}
