#!/usr/bin/env node
/**
 * Deterministic input for the benchmarks: `node bench/generate.mjs FOLDER [--bytes N] [--noisy FILE]` writes
 * `corpus.log` (mixed logs of made-up services amid real output from `data/background.txt.gz`), pattern files
 * `patterns-100.txt` to `patterns-100000.txt` (one regular expression a line, some of them in the corpus) and
 * `adversarial.log` with `patterns-adversarial.txt` (every line a near miss, every place a hit of any literal filter).
 * The same call writes the same bytes.
 */
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';

const root = fileURLToPath(new URL('..', import.meta.url));
const DEFAULT_BYTES = 256 << 20;
export const SIZES = [100, 1_000, 10_000, 100_000];
/** Lines that hold one of the first thousand patterns' errors. */
const ERRORS_PER_MILLION = 2_000;

/** A linear congruential generator: every run has the same input. */
function randomFrom(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const NOUNS =
  'socket module table certificate branch package worker header volume schema index replica broker consumer partition offset session token bucket object cluster node pod container image layer registry proxy upstream listener handshake cipher buffer cache segment snapshot journal transaction lock mutex queue channel stream frame packet route gateway subnet resolver zone tenant account policy role grant secret key vault lease shard leader follower quorum epoch checkpoint pipeline stage artifact manifest lockfile workspace compiler linker symbol section relocation thread process signal descriptor inode mount device driver firmware sensor adapter bridge tunnel peer'.split(
    ' ',
  );
const VERBS =
  'cannot open|failed to resolve|refused to load|could not verify|is not allowed in|has no entry for|timed out waiting for|was rejected by|exceeded the limit of|is incompatible with|could not be attached to|lost connection to|returned an invalid|is missing from|could not allocate|already exists in|does not match the|was closed by|could not acquire|is not a member of'.split(
    '|',
  );
const SERVICES =
  'checkout ingest billing auth-proxy search-api kubelet etcd nginx postgres redis-7 kafka-2 scheduler web-1 worker-3 gateway'.split(
    ' ',
  );
const QUIET =
  'opened|loaded|resolved|done in|accepted connection from|flushed|compacted|heartbeat from|elected|rebalanced|served|cached|started|finished|retrying|scheduled|registered|renewed'.split(
    '|',
  );
const quote = (text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');

/** One error that a program could print: as a pattern, and as text with its variable parts filled in. */
function errorOf(i) {
  const random = randomFrom(i * 2654435761 + 17);
  const pick = (list) => list[random(list.length)];
  const words = `${pick(NOUNS)} ${pick(VERBS)} ${pick(NOUNS)} ${pick(NOUNS)}`;
  const code = `${pick(['E', 'ERR_', 'AH', 'TS', 'ORA-', 'SQLSTATE '])}${(i * 7919 + 10_007).toString(random(2) ? 10 : 36).toUpperCase()}`;
  const text = quote(words);
  switch (random(8)) {
    case 0:
      return { pattern: `${quote(code)}: ${text}`, print: () => `${code}: ${words}` };
    case 1:
      return {
        pattern: `${text} \\(code \\d+, ${quote(code)}\\)`,
        print: (n) => `${words} (code ${n}, ${code})`,
      };
    case 2:
      return { pattern: `${text}: \\S+ ${quote(code)}`, print: (n) => `${words}: /var/lib/x${n} ${code}` };
    case 3:
      return { pattern: `${quote(code)}.*${text}`, print: (n) => `${code} at ${n} ms: ${words}` };
    case 4:
      return {
        pattern: `(?:error|fatal|warning): ${text} [\`'"]?${quote(code)}`,
        print: (n) => `${['error', 'fatal', 'warning'][n % 3]}: ${words} '${code}`,
      };
    case 5:
      return {
        pattern: `${text} .*\\b${quote(code)}\\b`,
        print: (n) => `${words} after ${n} tries, ${code}!`,
      };
    case 6:
      return { pattern: `${quote(code)}(?:\\[\\d+\\])?: ${text}$`, print: (n) => `${code}[${n}]: ${words}` };
    default:
      return {
        pattern: `${text}[:,] (?:reason|cause) = ${quote(code)}`,
        print: () => `${words}, reason = ${code}`,
      };
  }
}

const background = () =>
  gunzipSync(readFileSync(join(root, 'data/background.txt.gz')))
    .toString()
    .split('\n');

/** Lines of a corpus, without end. */
function* corpusLines() {
  const random = randomFrom(4711);
  const pick = (list) => list[random(list.length)];
  const real = background();
  const hex = (n) => Array.from({ length: n }, () => random(16).toString(16)).join('');
  const two = (n) => String(n).padStart(2, '0');
  for (;;) {
    const time = `${two(random(24))}:${two(random(60))}:${two(random(60))}`;
    if (random(1_000_000) < ERRORS_PER_MILLION) {
      yield `2026-11-23T${time}.${random(1000)}Z ERROR ${pick(SERVICES)} ${errorOf(random(1_000)).print(random(9999))}`;
      continue;
    }
    switch (random(8)) {
      case 0:
      case 1:
        yield pick(real);
        break;
      case 2:
        yield `{"time":"2026-11-23T${time}Z","level":"${pick(['info', 'info', 'debug', 'warn', 'error'])}","service":"${pick(SERVICES)}","msg":"${pick(NOUNS)} ${pick(QUIET)} ${pick(NOUNS)} ${random(500)}","trace_id":"${hex(16)}","duration_ms":${random(5000)}}`;
        break;
      case 3:
        yield `10.${random(256)}.${random(256)}.${random(256)} - - [23/Nov/2026:${time} +0000] "${pick(['GET', 'POST', 'PUT'])} /api/v${random(4)}/${pick(NOUNS)}s/${random(1e6)} HTTP/1.1" ${pick([200, 200, 200, 201, 204, 301, 404, 500, 502])} ${random(90_000)} "-" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"`;
        break;
      case 4:
        yield `Nov 23 ${time} host-${random(40)} ${pick(SERVICES)}[${random(30_000)}]: ${pick(NOUNS)} ${pick(QUIET)} ${pick(NOUNS)} id=${hex(8)} (${random(900)} ms)`;
        break;
      case 5:
        yield `2026-11-23 ${time},${two(random(100))}0 [${pick(SERVICES)}-${random(32)}] ${pick(['INFO', 'INFO', 'DEBUG', 'WARN'])}  org.example.${pick(NOUNS)}.${pick(NOUNS)} - ${pick(NOUNS)} ${pick(VERBS)} nothing; ${pick(QUIET)} ${random(1e5)} ${pick(NOUNS)}s`;
        break;
      case 6:
        yield `\tat org.example.${pick(NOUNS)}.${pick(NOUNS)}.handle(${pick(NOUNS)}.java:${random(900)})`;
        break;
      default:
        yield `[${time}] ${pick(SERVICES)} | ${pick(['GET', 'step', 'job', 'task'])} ${pick(NOUNS)}-${hex(6)} ${pick(QUIET)} ${pick(NOUNS)}/${random(1e4)}: ok`;
    }
  }
}

function writeLines(path, bytes, lines) {
  const handle = openSync(path, 'w');
  let written = 0;
  let parts = [];
  let size = 0;
  for (const line of lines) {
    parts.push(line);
    size += Buffer.byteLength(line) + 1;
    if (size < 1 << 22 && written + size < bytes) continue;
    writeSync(handle, `${parts.join('\n')}\n`);
    written += size;
    parts = [];
    size = 0;
    if (written >= bytes) break;
  }
  closeSync(handle);
}

/** Every line nearly holds every pattern, and holds their literals at every place. */
function* adversarialLines() {
  for (let i = 0; ; i++)
    yield `${'aaaaaaaaaab'.repeat(6)}${'aaaaaaaa'.repeat(i % 9)} near miss aaaa${i % 10} aaaaaaaaaaaaaaaa`;
}
const ADVERSARIAL = [
  'aaaaaaaaaaaa+c',
  '(?:a|aa)+aaaaaaaaaab.*near miss aaaaX',
  'aaaaaaaaaab(?:a*)*near hit',
  'near miss aaaa\\\\d aaaaaaaaaaaaaaaac',
  '[ab]{40}aaaaaaaaaaz',
  'aaaaaaaa.*aaaaaaaab.*aaaaaaaab.*aaaaaaaac',
];

/** Writes everything; @returns the folder. */
export function generate(folder, bytes = DEFAULT_BYTES) {
  mkdirSync(folder, { recursive: true });
  for (const n of SIZES) {
    writeFileSync(
      join(folder, `patterns-${n}.txt`),
      `${Array.from({ length: n }, (_, i) => errorOf(i).pattern).join('\n')}\n`,
    );
  }
  writeLines(join(folder, 'corpus.log'), bytes, corpusLines());
  writeFileSync(join(folder, 'patterns-adversarial.txt'), `${ADVERSARIAL.join('\n')}\n`);
  writeLines(join(folder, 'adversarial.log'), Math.min(bytes, 32 << 20), adversarialLines());
  return folder;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values, positionals } = parseArgs({
    options: { bytes: { type: 'string' } },
    allowPositionals: true,
  });
  if (!positionals[0]) throw new Error('node bench/generate.mjs FOLDER [--bytes N]');
  generate(positionals[0], values.bytes ? Number(values.bytes) : DEFAULT_BYTES);
}
