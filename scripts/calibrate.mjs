#!/usr/bin/env node
/**
 * Measures where `possible` by rare words begins (`RETRIEVAL` in src/book/phrases.ts), and writes data/calibration.json.
 *
 * Positives: the message lines of the book's own samples, mutilated as versions, translations of half a sentence and bad
 * copies do it: one word in four dropped, the first or last third cut off, two words put in. Patterns do not take part:
 * only retrieval is asked whether it names the right record first.
 * Negatives: every line of the ordinary output in data/background.txt.gz and data/silence, and of the near misses in which
 * no record is found by its pattern.
 * Rule: the threshold lies a step above the least of the steps at which no negative line is answered and no positive
 * names a wrong record: what people paste is not what we measured on. A test holds the code to it.
 * `--check` writes nothing and fails where the file differs.
 */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { importSource } from './source.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const OUT = `${root}data/calibration.json`;
const STEPS = [0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9];
const MARGIN_STEPS = 1;

const { compileBook, backgroundOf, unitsOf, matchText, nearest, readRecords, RETRIEVAL } =
  await importSource(`
  export { compileBook, backgroundOf, unitsOf, matchText, nearest, RETRIEVAL } from './src/book/index.ts';
  export { readRecords } from './src/store/record-files.ts';
`);

const { records } = readRecords(`${root}records`);
const background = backgroundOf(gunzipSync(readFileSync(`${root}data/background.txt.gz`)).toString());
const { book } = compileBook(records, { background });

/** The best record for a line, and how like it is. */
function bestOf(line) {
  const [unit] = unitsOf(line).units;
  const found = unit ? nearest(book, unit) : [];
  return found.reduce((best, f) => (f.score > best.score ? f : best), { record: -1, score: 0 });
}

/** Ways in which a message comes to us other than it was printed; deterministic. */
function mutilations(line) {
  const words = line.split(/\s+/);
  const third = Math.ceil(words.length / 3);
  return [
    words.filter((_, i) => i % 4 !== 2).join(' '),
    words.slice(third).join(' '),
    words.slice(0, words.length - third).join(' '),
    [...words.slice(0, 2), 'probably', 'again', ...words.slice(2)].join(' '),
  ];
}

const positives = [];
const seen = new Set();
for (const [index, { record }] of book.records.map((record, i) => [i, { record }])) {
  const folder = records.find((r) => r.record.id === record.id);
  for (const { name, text } of folder.samples.filter((s) => s.name.startsWith('match.'))) {
    const found = matchText(book, text).find((m) => m.record === index);
    if (!found) throw new Error(`${record.id}: ${name} is not found`);
    for (const line of mutilations(found.excerpt)) {
      if (seen.has(`${index}\0${line}`)) continue;
      seen.add(`${index}\0${line}`);
      positives.push({ ...bestOf(line), wanted: index });
    }
  }
}

/** The right record, or one that it says it may be taken for: only what varies tells those two apart. */
const isRight = ({ record, wanted }) =>
  record === wanted ||
  book.records[wanted].transition_graph.frequently_confused_with.includes(book.records[record]?.id);

const lines = [
  ...background.lines,
  ...records.flatMap(({ samples }) =>
    samples
      .filter((s) => !s.name.startsWith('match.') && matchText(book, s.text).length === 0)
      .flatMap(({ text }) => text.split(/\r?\n/)),
  ),
];
const silence = `${root}data/silence`;
if (existsSync(silence))
  for (const file of readdirSync(silence)
    .filter((f) => f.endsWith('.gz'))
    .sort())
    lines.push(
      ...gunzipSync(readFileSync(`${silence}/${file}`))
        .toString()
        .split(/\r?\n/),
    );
const negatives = lines
  .filter((line) => line.length <= RETRIEVAL.maxLineChars)
  .map((line) => bestOf(line).score);

const steps = STEPS.map((minScore) => ({
  minScore,
  found: positives.filter((p) => p.record === p.wanted && p.score >= minScore).length,
  wrong: positives.filter((p) => !isRight(p) && p.score >= minScore).length,
  answered: negatives.filter((score) => score >= minScore).length,
}));
const clean = steps.findIndex((s) => s.answered === 0 && s.wrong === 0);
const chosen = clean < 0 ? null : (steps[clean + MARGIN_STEPS]?.minScore ?? null);
const text = `${JSON.stringify(
  {
    made_by: 'node scripts/calibrate.mjs',
    positives: positives.length,
    negatives: negatives.length,
    steps,
    chosen,
  },
  null,
  2,
)}\n`;
if (process.argv.includes('--check')) {
  if (!existsSync(OUT) || readFileSync(OUT, 'utf8') !== text) {
    console.error('data/calibration.json is stale. Run: node scripts/calibrate.mjs');
    process.exit(1);
  }
} else writeFileSync(OUT, text);
for (const s of steps)
  console.log(
    `${s.minScore}: ${s.found} of ${positives.length} found, ${s.wrong} wrong, ${s.answered} of ${negatives.length} other lines answered`,
  );
console.log(`chosen: ${chosen}; in the code: ${RETRIEVAL.minScore}`);
