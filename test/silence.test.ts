/** The first quality of the product: it says nothing where nothing is wrong. The corpus is real, healthy, and held out. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { backgroundOf, compileBook } from '../src/book/index.ts';
import { diagnose } from '../src/diagnosis/index.ts';
import { readRecords } from '../src/store/index.ts';
import { ROOT } from './support/cli.ts';

interface Manifest {
  readonly lines: number;
  readonly bytes: number;
  readonly kinds: readonly {
    readonly kind: string;
    readonly command: string;
    readonly lines: number;
    readonly bytes: number;
  }[];
}

const FOLDER = join(ROOT, 'data/silence');
const manifest = JSON.parse(readFileSync(join(FOLDER, 'manifest.json'), 'utf8')) as Manifest;
const packed = (file: string) => readFileSync(join(ROOT, 'data', file));
const textOf = (file: string) => gunzipSync(packed(file)).toString();

const background = textOf('background.txt.gz');
const { records } = readRecords(join(ROOT, 'records'));
const { book } = compileBook(records, { background: backgroundOf(background) });

test('the corpus is what its manifest says: many lines of many programs, none of which is half of it', () => {
  const files = readdirSync(FOLDER).filter((f) => f.endsWith('.gz'));
  expect(files.sort()).toEqual(manifest.kinds.map(({ kind }) => `${kind}.gz`).sort());
  for (const { kind, lines, bytes, command } of manifest.kinds) {
    const text = textOf(`silence/${kind}.gz`);
    expect([kind, text.split('\n').length - 1]).toEqual([kind, lines]);
    expect(packed(`silence/${kind}.gz`).length, kind).toBe(bytes);
    expect(command).not.toBe('');
    expect(lines, kind).toBeLessThan(manifest.lines / 10);
  }
  expect(manifest.kinds.length).toBeGreaterThanOrEqual(25);
  expect(manifest.lines).toBeGreaterThanOrEqual(50_000);
  expect(manifest.bytes).toBeLessThan(2 * 1024 * 1024);
});

test('it is held out: no line of it is in the corpus on which rarity is measured, or twice in it', () => {
  const seen = new Set(background.split('\n'));
  for (const { kind } of manifest.kinds) {
    for (const line of textOf(`silence/${kind}.gz`).split('\n').slice(0, -1)) {
      expect(seen.has(line) ? `${kind}: ${line}` : '').toBe('');
      seen.add(line);
    }
  }
});

test('an error amid it is found: silence is not deafness', () => {
  const [first] = manifest.kinds;
  const text = textOf(`silence/${first?.kind}.gz`);
  const sample = records.flatMap((r) => r.samples).find((s) => s.name.startsWith('match.'))?.text;
  expect(diagnose(book, `${text}${sample}`).verdict).toBe('match');
});

describe.each(manifest.kinds.map(({ kind }) => kind))('%s', (kind) => {
  const text = textOf(`silence/${kind}.gz`);
  const answered = (part: string) =>
    diagnose(book, part).findings.map(({ id, basis, excerpt }) => `${id} by ${basis}: ${excerpt}`);
  test('as a whole', () => expect(answered(text)).toEqual([]));
  test('line by line', () => {
    expect(text.split('\n').flatMap(answered)).toEqual([]);
  });
});
