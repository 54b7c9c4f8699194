#!/usr/bin/env node
/**
 * Other engines as judges: `node bench/judge.mjs [--runs N] [--seed N]` (after `npm run build`) makes random patterns and texts, and
 * compares the answer of `LineScanner` with those of Vectorscan and RE2::Set, pair by pair through the hash of `bench/scan.mjs`.
 * What differs from RE2::Set is made smaller until it is the smallest that differs; where Vectorscan alone sees it another way than
 * both (it does: 5.4.9 does not find `. ` in `t `, for one), that is counted and said. Needs g++ and Debian packages, so `npm test` does without.
 * No pattern here can match a line break: Vectorscan looks at the whole file, and would match across.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { compileLinePatterns, LineScanner } from '../dist/pure.js';
import { opponents } from './opponents/harness.mjs';

const MODULUS = 1000000007;
const FACTOR = 1000003;
const { values } = parseArgs({
  options: { runs: { type: 'string', default: '300' }, seed: { type: 'string' } },
});
const have = await opponents(fileURLToPath(new URL('../.cache/bench', import.meta.url)));
const judges = ['vectorscan', 're2set'].filter((name) => have[name]);
if (judges.length === 0) throw new Error('no judge could be had: g++ or a package is missing');
const folder = mkdtempSync(join(tmpdir(), 'faultbook-judge-'));

const word = fc.constantFrom(
  'error',
  'connect',
  'timeout',
  'of',
  'x',
  'aaaaaaaa',
  'abab',
  '12',
  ': ',
  'E42',
  ' ',
);
const some = fc.constantFrom(
  '\\d+',
  '.*',
  '\\S+',
  '[a-e]',
  '[^ \\n]+',
  '.',
  'o?',
  '\\b',
  '(?:a|b)*',
  '[EX]',
  '\\w{2,3}',
  '(?:up|down)',
  '.{0,3}',
);
const source = fc
  .tuple(
    fc.constantFrom('', '', '', '^'),
    fc.array(fc.oneof(word, word, some), { minLength: 1, maxLength: 5 }),
    fc.constantFrom('', '', '$'),
  )
  .map(([start, parts, end]) => start + parts.join('') + end)
  // Vectorscan refuses what can match nothing at all.
  .filter((pattern) => !new RegExp(pattern.replace(/\\b|[$^]/g, '')).test(''));
const pattern = fc.oneof(
  { weight: 3, arbitrary: source },
  { weight: 1, arbitrary: fc.tuple(source, source).map((s) => s.join('|')) },
);
const line = fc
  .array(fc.oneof(word, fc.constantFrom('up', 'down', 'a', 'b', '7', '_', 'EX', 'é', '\u0000')), {
    maxLength: 10,
  })
  .map((w) => w.join(''));
const text = fc.array(line, { minLength: 1, maxLength: 30 }).map((lines) => `${lines.join('\n')}\n`);

function ours(patterns, bytes, sampled) {
  let hash = 0;
  const options = { unit: 'byte', ...(sampled ? { sample: bytes } : {}) };
  const scanner = new LineScanner(
    compileLinePatterns(
      patterns.map((p) => ({ source: p })),
      options,
    ),
    ({ offset, patterns: found }) => {
      for (const p of found) hash = (hash + ((((offset % MODULUS) * FACTOR) % MODULUS) + p)) % MODULUS;
    },
  );
  scanner.push(bytes);
  scanner.end();
  return hash;
}

let compared = 0;
let alone = 0;
try {
  fc.assert(
    fc.property(
      fc.array(pattern, { minLength: 1, maxLength: 20 }),
      text,
      fc.boolean(),
      (patterns, corpus, sampled) => {
        writeFileSync(join(folder, 'patterns'), `${patterns.join('\n')}\n`);
        writeFileSync(join(folder, 'corpus'), corpus);
        const mine = ours(patterns, Buffer.from(corpus), sampled);
        for (const name of judges) {
          const { status, stdout, stderr } = spawnSync(
            have[name],
            [join(folder, 'patterns'), join(folder, 'corpus')],
            { encoding: 'utf8' },
          );
          // It refuses what can never match; the next book is judged.
          if (/can never match/.test(stderr)) continue;
          if (status !== 0) throw new Error(`${name}: ${stderr}`);
          const { hash } = JSON.parse(stdout.trim().split('\n').at(-1));
          if (hash !== mine && name === judges.at(-1)) throw new Error(`${name} answers something else`);
          if (hash !== mine) alone++;
          compared++;
        }
      },
    ),
    { numRuns: Number(values.runs), ...(values.seed ? { seed: Number(values.seed) } : {}) },
  );
  console.log(
    `${values.runs} books and texts, ${compared} answers compared with ${judges.join(' and ')}: all equal${alone ? `, but for ${alone} in which ${judges[0]} is alone` : ''}`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
