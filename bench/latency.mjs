#!/usr/bin/env node
/**
 * What an answer costs: `node bench/latency.mjs [--records 1000,10000,100000]` (after `npm run build`).
 *
 * - Cold: CPU time of `faultbook diagnose` with the shipped book over a bare `node -e 0`, interleaved.
 * - Warm: a book of 2,500 generated records; one 20-line message, and a 1 MB log, against a plain loop that tries
 *   every pattern on every line with JavaScript's RegExp (what most error lists do). Answers are compared.
 * - Messages: 1, 20 and 200 lines of noise with one error against books of several sizes, matching alone, wall time, warm;
 *   and what opening the pack of such a book takes.
 *
 * Prints JSON; every figure is measured in this run. CPU time where nothing else is said: walls vary on shared machines.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import {
  backgroundOf,
  compileBook,
  decodePack,
  diagnose,
  encodePack,
  matchText,
  parseRecord,
} from '../dist/pure.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const COLD_RUNS = 15;
const MESSAGES = 400;
const RECORDS = 2_500;
const LOG_BYTES = 1_000_000;

/** Deterministic numbers (a linear congruential generator), so that every run has the same input. */
let state = 12345;
function random(below) {
  state = (Math.imul(state, 1103515245) + 12345) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
}
const pick = (list) => list[random(list.length)];
const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];

function cpuOf(args, input) {
  const { output, status } = spawnSync(process.execPath, ['-r', `${root}bench/usage-at-exit.cjs`, ...args], {
    cwd: root,
    input,
    stdio: ['pipe', 'ignore', 'inherit', 'pipe'],
    env: { PATH: process.env.PATH, LANG: 'C.UTF-8' },
  });
  if (status === null || status > 1) throw new Error(`${args.join(' ')}: exit ${status}`);
  return JSON.parse(output[3].toString()).cpu_ms;
}

/** A message of 30 lines, as somebody pastes it, and a log of some hundred. */
function cold() {
  const log = readFileSync(`${root}examples/npm-ci-build.log`, 'utf8');
  const message = log.split('\n').slice(-30).join('\n');
  const runs = [];
  for (let i = 0; i < COLD_RUNS + 1; i++) {
    const run = {
      bare: cpuOf(['-e', '0'], ''),
      message: cpuOf(['dist/faultbook.cjs'], message),
      log: cpuOf(['dist/faultbook.cjs'], log),
    };
    // The first round fills the page cache.
    if (i > 0) runs.push(run);
  }
  return {
    runs: COLD_RUNS,
    bare_node_ms: round(median(runs.map((r) => r.bare))),
    message_30_lines_over_bare_ms: round(median(runs.map((r) => r.message - r.bare))),
    log_over_bare_ms: round(median(runs.map((r) => r.log - r.bare))),
  };
}

const SUBJECTS = [
  'socket',
  'module',
  'table',
  'certificate',
  'branch',
  'package',
  'worker',
  'header',
  'volume',
  'schema',
];
const VERBS = [
  'cannot open',
  'failed to resolve',
  'refused to load',
  'could not verify',
  'is not allowed in',
  'has no entry for',
];
const OBJECTS = [
  'configuration',
  'registry',
  'upstream',
  'partition',
  'manifest',
  'keyring',
  'workspace',
  'snapshot',
  'replica',
  'device',
];

/** Records of the usual kind: words, a code, a variable part, sometimes a second form. */
function generateRecords(count = RECORDS) {
  return Array.from({ length: count }, (_, i) => {
    const text = `${pick(SUBJECTS)} ${pick(VERBS)} ${pick(OBJECTS)}`;
    const code = `E${(i * 7919 + 100_003).toString(36).toUpperCase()}`;
    const regex = i % 3 === 0 ? `${code}: ${text} '[^']+' at line \\d+` : `${text}.*\\(${code}\\)|^${code} `;
    const { record, issues } = parseRecord(
      {
        id: `gen/r${i}`,
        domain: 'gen',
        signature: `${text} ${code}`,
        regex,
        origin: 'authored',
        title: text,
      },
      { file: `r${i}` },
    );
    if (!record) throw new Error(JSON.stringify(issues));
    return { record, code, text };
  });
}

function lineOf({ code, text }, i) {
  return i % 3 === 0 ? `${code}: ${text} 'x${i}' at line ${i}` : `${text} 'x${i}' (${code})`;
}

function noiseLine() {
  const time = `2026-11-23T0${random(10)}:${10 + random(50)}:${10 + random(50)}Z`;
  return `${time} INFO ${pick(SUBJECTS)} ${random(1e6)} ${pick(['opened', 'loaded', 'resolved', 'done in'])} ${pick(OBJECTS)} ${random(500)} ms`;
}

/** Every pattern on every line: the record that the first matching line names. */
function regexpLoop(patterns, text) {
  const found = new Set();
  for (const line of text.split('\n')) {
    const bare = line.replace(/^\S+Z (?:INFO )?/, '');
    for (const { record, regex } of patterns) if (regex.test(line) || regex.test(bare)) found.add(record);
  }
  return [...found].sort((a, b) => a - b);
}

function cpu(work) {
  const start = process.cpuUsage();
  const result = work();
  const { user, system } = process.cpuUsage(start);
  return { result, ms: (user + system) / 1000 };
}

function warm() {
  const records = generateRecords();
  const compiled = cpu(() => compileBook(records.map(({ record }) => ({ record }))).book);
  const book = compiled.result;
  // Books are sorted by id; the loop speaks of the same indexes.
  const index = new Map(book.records.map((r, i) => [r.id, i]));
  const patterns = records.map(({ record }) => ({
    record: index.get(record.id),
    regex: new RegExp(record.regex),
  }));
  const message = () => {
    const which = random(RECORDS);
    const lines = Array.from({ length: 20 }, noiseLine);
    lines[random(20)] = lineOf(records[which], which);
    return lines.join('\n');
  };
  const messages = Array.from({ length: MESSAGES }, message);
  for (const text of messages.slice(0, 50)) diagnose(book, text);
  const ours = messages.map((text) => cpu(() => diagnose(book, text)).ms);
  const sample = messages.slice(0, 20);
  const loop = sample.map((text) => cpu(() => regexpLoop(patterns, text)));
  sample.forEach((text, i) => {
    const mine = matchText(book, text).map((m) => m.record);
    if (JSON.stringify(mine) !== JSON.stringify(loop[i].result))
      throw new Error(`answers differ on:\n${text}`);
  });
  let log = '';
  while (log.length < LOG_BYTES)
    log += `${random(200) === 0 ? lineOf(pick(records), random(9000)) : noiseLine()}\n`;
  const whole = cpu(() => diagnose(book, log));
  const slice = log.slice(0, LOG_BYTES / 20);
  const loopSlice = cpu(() => regexpLoop(patterns, slice));
  const mineSlice = matchText(book, slice).map((m) => m.record);
  if (JSON.stringify(mineSlice) !== JSON.stringify(loopSlice.result))
    throw new Error('answers differ on the log');
  const p50 = median(ours);
  const loopP50 = median(loop.map((l) => l.ms));
  return {
    records: RECORDS,
    compile_ms: round(compiled.ms),
    message_20_lines: {
      n: MESSAGES,
      p50_ms: round(p50),
      regexp_loop_p50_ms: round(loopP50),
      ratio: round(loopP50 / p50),
    },
    log_1_mb: {
      ms: round(whole.ms),
      regexp_loop_ms_for_a_twentieth: round(loopSlice.ms),
      ratio: round((loopSlice.ms * 20) / whole.ms),
    },
    answers_equal: true,
  };
}

/** Wall time of matching alone, microseconds, and of opening a pack. */
function messages(sizes) {
  const background = backgroundOf(gunzipSync(readFileSync(`${root}data/background.txt.gz`)).toString());
  return sizes.map((size) => {
    const records = generateRecords(size);
    const pack = encodePack(compileBook(records, { background }).book);
    const opened = Array.from({ length: 9 }, () => cpu(() => decodePack(pack, { trusted: true }).book));
    const book = opened[0].result;
    const result = {
      records: size,
      pack_mb: round(pack.length / 1e6),
      open_ms: round(median(opened.map((o) => o.ms))),
    };
    for (const lines of [1, 20, 200]) {
      const texts = Array.from({ length: 300 }, () => {
        const which = random(size);
        const message = Array.from({ length: lines }, noiseLine);
        message[random(lines)] = lineOf(records[which], which);
        return message.join('\n');
      });
      const times = texts.map((text) => {
        const start = process.hrtime.bigint();
        if (matchText(book, text).length === 0) throw new Error(`not found: ${text}`);
        return Number(process.hrtime.bigint() - start) / 1000;
      });
      // The first hundred warm up.
      const warm = times.slice(100).sort((a, b) => a - b);
      result[`lines_${lines}`] = {
        p10_us: round(warm[20]),
        p50_us: round(warm[100]),
        p90_us: round(warm[180]),
      };
    }
    return result;
  });
}

function round(n) {
  return Math.round(n * 1000) / 1000;
}

if (!existsSync(`${root}dist/faultbook.cjs`)) throw new Error('dist/ is missing: run npm run build first');
const { values } = parseArgs({ options: { records: { type: 'string', default: '1000,10000' } } });
const sizes = values.records.split(',').map(Number);
console.log(
  JSON.stringify({ node: process.version, cold: cold(), warm: warm(), messages: messages(sizes) }, null, 2),
);
