#!/usr/bin/env node
/**
 * Scans a file for many patterns and prints one JSON line:
 *   node bench/scan.mjs --patterns FILE --corpus FILE [--ignore-case] [--workers N]
 * FILE of patterns: one regular expression a line. `hash` is the sum over all (line, pattern) pairs of
 * (byte offset of the line × 1000003 + index of the pattern) mod 1000000007, each term reduced before it is summed.
 * Text is bytes: `.` is any byte but LF, `\d \w \s` are ASCII. Needs `npm run build`.
 */
import { closeSync, fstatSync, openSync, readFileSync, readSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { compileLinePatterns, LineScanner, translatePattern } from '../dist/pure.js';

/** How many patterns are made ready, and how long the scanner runs on the sample, before the clock of the scan starts. */
const PREPARED = 20_000;
const WARM_MS = 60;
const SAMPLES = 16;
const SAMPLE_BYTES = 1 << 16;
/** What a worker takes at a time: small enough that none waits long for another. */
const RANGE_BYTES = 1 << 25;
const MODULUS = 1000000007;
const FACTOR = 1000003;

/** Some of the file, from all over it: what is frequent in it is not looked for. */
function sampleOf(handle, size) {
  const parts = [];
  for (let i = 0; i < SAMPLES; i++) {
    const part = Buffer.alloc(SAMPLE_BYTES);
    const at = Math.floor((Math.max(0, size - SAMPLE_BYTES) / Math.max(1, SAMPLES - 1)) * i);
    parts.push(part.subarray(0, readSync(handle, part, 0, SAMPLE_BYTES, at)));
    if (size <= SAMPLE_BYTES) break;
  }
  return Buffer.concat(parts);
}

/** Patterns that the record language refuses are tried in Go's spelling: `(?i)` in front, mostly. */
function readPattern(source, ignoreCase) {
  if (!source.includes('(?')) return { source, ignoreCase };
  const translated = translatePattern(source, 're2', { spellCase: true });
  return translated.problem
    ? { source, ignoreCase }
    : { source: translated.source, ignoreCase: ignoreCase || translated.ignoreCase };
}

function compile({ patterns, corpus, ignoreCase }) {
  const lines = readFileSync(patterns, 'utf8').split('\n');
  if (lines.at(-1) === '') lines.pop();
  const handle = openSync(corpus, 'r');
  const sample = sampleOf(handle, fstatSync(handle).size);
  closeSync(handle);
  const sources = lines.map((line) => readPattern(line.replace(/\r$/, ''), ignoreCase));
  return { compiled: compileLinePatterns(sources, { sample, unit: 'byte' }), sample };
}

/**
 * A scanner that counts, and whose hash is of offsets in the file. It has made its patterns ready, and looked through the
 * sample for a moment: the platform compiles to machine code what runs often, and that is counted as compiling, as it is for an engine in C++.
 */
function counterOf(compiled, sample) {
  const state = { base: 0, lines: 0, pairs: 0, hash: 0 };
  const scanner = new LineScanner(compiled, ({ offset, patterns }) => {
    // 2^53 holds what is left of the offset times the factor.
    const line = (((offset + state.base) % MODULUS) * FACTOR) % MODULUS;
    state.lines++;
    state.pairs += patterns.length;
    for (const pattern of patterns) state.hash = (state.hash + ((line + pattern) % MODULUS)) % MODULUS;
  });
  scanner.prepare(PREPARED);
  const until = performance.now() + WARM_MS;
  do {
    scanner.push(sample);
    scanner.end();
  } while (performance.now() < until);
  Object.assign(state, { lines: 0, pairs: 0, hash: 0 });
  return { state, scanner };
}

/** CPU time of this process so far, seconds: on a shared machine the clock on the wall measures the others. */
function cpuSeconds() {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

/** Reads from `at` to `to` into the scanner. */
function feed(scanner, handle, at, to) {
  while (at < to) {
    const room = scanner.room();
    const read = readSync(handle, room, 0, Math.min(room.length, to - at), at);
    if (read === 0) break;
    scanner.wrote(read);
    at += read;
  }
}

/** Where the first line that begins at `at` or behind begins. */
function nextLine(handle, at, size) {
  const probe = Buffer.alloc(1 << 12);
  // The byte before tells whether a line begins here.
  for (let from = at - 1; at > 0 && from < size; from += probe.length) {
    const newline = probe.subarray(0, readSync(handle, probe, 0, probe.length, from)).indexOf(10);
    if (newline !== -1) return from + newline + 1;
  }
  return at === 0 ? 0 : size;
}

/** Scans the lines that begin in [from, to). */
function scanRange(scanner, state, handle, { from, to, size }) {
  state.base = nextLine(handle, from, size);
  const end = nextLine(handle, to, size);
  if (state.base < end) feed(scanner, handle, state.base, end);
  scanner.end();
}

if (isMainThread) {
  const { values } = parseArgs({
    options: {
      patterns: { type: 'string' },
      corpus: { type: 'string' },
      'ignore-case': { type: 'boolean', default: false },
      workers: { type: 'string', default: '1' },
    },
  });
  if (!values.patterns || !values.corpus) {
    console.error('node bench/scan.mjs --patterns FILE --corpus FILE [--ignore-case] [--workers N]');
    process.exit(2);
  }
  const input = { patterns: values.patterns, corpus: values.corpus, ignoreCase: values['ignore-case'] };
  const workers = Math.max(1, Number(values.workers) || 1);
  const { size } = fstatSync(openSync(values.corpus, 'r'));
  const began = performance.now();
  const beganCpu = cpuSeconds();
  const { compiled, sample } = compile(input);
  const total = { lines: 0, pairs: 0, hash: 0 };
  let ready;
  let readyCpu;
  let done;
  if (workers === 1) {
    const { state, scanner } = counterOf(compiled, sample);
    ready = performance.now();
    readyCpu = cpuSeconds();
    scanRange(scanner, state, openSync(values.corpus, 'r'), { from: 0, to: size, size });
    done = performance.now();
    Object.assign(total, state);
  } else {
    // The clock of the scan starts when all workers have compiled; a shared counter hands out ranges.
    const shared = new Int32Array(new SharedArrayBuffer(8));
    const threads = Array.from(
      { length: workers },
      () =>
        new Worker(fileURLToPath(import.meta.url), { workerData: { input, shared, size, compiled, sample } }),
    );
    const heard = (thread) =>
      new Promise((resolve, reject) => {
        thread.once('message', resolve);
        thread.once('error', reject);
      });
    await Promise.all(threads.map(heard));
    ready = performance.now();
    readyCpu = cpuSeconds();
    const results = threads.map(heard);
    for (const thread of threads) thread.postMessage('go');
    for (const part of await Promise.all(results)) {
      total.lines += part.lines;
      total.pairs += part.pairs;
      total.hash = (total.hash + part.hash) % MODULUS;
    }
    done = performance.now();
    for (const thread of threads) thread.unref();
  }
  for (const [index, problem] of compiled.refused) console.error(`pattern ${index} was left out: ${problem}`);
  const seconds = (done - ready) / 1000;
  if (process.env.BENCH_CPU) {
    console.error(
      JSON.stringify({ cpu_seconds: cpuSeconds() - readyCpu, compile_cpu_seconds: readyCpu - beganCpu }),
    );
  }
  console.log(
    JSON.stringify({
      patterns: compiled.count,
      bytes: size,
      lines: total.lines,
      pairs: total.pairs,
      hash: total.hash,
      seconds: Number(seconds.toFixed(4)),
      mb_per_s: Number((size / 1e6 / seconds).toFixed(1)),
      compile_seconds: Number(((ready - began) / 1000).toFixed(3)),
      rss_mb: Math.round(process.resourceUsage().maxRSS / 1024),
    }),
  );
} else {
  const { input, shared, size, compiled, sample } = workerData;
  const { state, scanner } = counterOf(compiled, sample);
  const handle = openSync(input.corpus, 'r');
  parentPort.postMessage('ready');
  parentPort.once('message', () => {
    for (;;) {
      const from = Atomics.add(shared, 0, 1) * RANGE_BYTES;
      if (from >= size) break;
      scanRange(scanner, state, handle, { from, to: Math.min(size, from + RANGE_BYTES), size });
    }
    parentPort.postMessage(state);
  });
}
