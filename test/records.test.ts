/** The knowledge itself: every record is fit for the book, finds its samples and nothing else. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, test } from 'vitest';
import { admitRecord, compileBook, matchText } from '../src/book/index.ts';
import { lintRecord } from '../src/record/index.ts';
import { readBackground, readRecords } from '../src/store/index.ts';
import { ROOT } from './support/cli.ts';

const { records, issues } = readRecords(join(ROOT, 'records'));
const background = readBackground();
const compiled = compileBook(records, { background });
const validate = new Ajv2020({ strict: false, formats: { date: true, uri: true } }).compile(
  JSON.parse(readFileSync(join(ROOT, 'schema/record.v1.json'), 'utf8')),
);

test('all records load and compile without an issue', () => {
  expect([...issues, ...compiled.issues]).toEqual([]);
});

test('the book is silent on the whole background corpus', () => {
  expect(matchText(compiled.book, background.lines.join('\n'))).toEqual([]);
});

describe.each(records)('$record.id', (folder) => {
  const { record, file, samples } = folder;
  test('lies where its id says', () => {
    expect(join(ROOT, file)).toBe(join(ROOT, 'records', record.id, 'record.json'));
  });
  test('is valid to an independent judge', () => {
    expect(
      validate(JSON.parse(readFileSync(join(ROOT, file), 'utf8'))),
      JSON.stringify(validate.errors),
    ).toBe(true);
  });
  test('is fit for the book', () => {
    const found = [
      ...lintRecord(record, { for: 'book', file, samples }),
      ...admitRecord(folder, samples, background),
    ];
    // Warnings are for the author's judgement: an action in an editor's menu has no command.
    expect(found.filter((i) => i.severity === 'error')).toEqual([]);
  });
  test('is the only one that its samples show; its near-misses do not show it', () => {
    const declared = record.transition_graph.frequently_confused_with;
    for (const { name, text } of samples) {
      const found = matchText(compiled.book, text).map((m) => compiled.book.records[m.record]?.id);
      if (name.startsWith('match.'))
        expect(
          found.filter((id) => !declared.includes(id)),
          name,
        ).toEqual([record.id]);
      else if (name.startsWith('near-miss.')) expect(found, name).not.toContain(record.id);
      else expect(found, name).toEqual([]);
    }
  });
  test('has a sample of every cause that is not untested', () => {
    const sampled = new Set(samples.flatMap((s) => /^match\.([^.]+)\./.exec(s.name)?.[1] ?? []));
    const missing = record.causes.filter(
      (c) => !sampled.has(c.key) && record.untested[`cause:${c.key}`] === undefined,
    );
    expect(missing.map((c) => c.key)).toEqual([]);
  });
});
