#!/usr/bin/env node
/**
 * Side by side: `npm run bench [-- --rounds N --bytes N --sizes 100,1000 --only scan,latency,cold]` (after `npm run build`).
 *
 * Every tool does the same work on the same file in the same run, one after the other, round after round, so that what else
 * the machine does hits all alike. Answers are compared by hash before a figure is printed. Ratios are of CPU time (user and
 * system, of the scan alone where a tool can tell, else of the whole process), with the least and greatest of all rounds.
 * `--json FILE` keeps everything. The last part measures messages (`bench/latency.mjs`).
 * `--record` writes what README shows to `data/bench.json`; `node scripts/readme.mjs` makes its table of that.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, openSync, readFileSync, readSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { generate } from './generate.mjs';
import { opponents } from './opponents/harness.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const cache = join(root, '.cache/bench');
const MODULUS = 1000000007;
/** What a tool that takes minutes is given: the first so many bytes, and its speed is of those. */
const SLICE_BYTES = { regexp: 1 << 17, grep: 1 << 22, ripgrep: 1 << 26, re2set: 1 << 24 };

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    bytes: { type: 'string', default: String(256 << 20) },
    sizes: { type: 'string', default: '100,1000,10000' },
    only: { type: 'string', default: 'scan,latency' },
    json: { type: 'string' },
    record: { type: 'boolean', default: false },
  },
});

/** CPU time of a child, by difference of what all children used. */
function timed(command, args, options = {}) {
  const before = process.resourceUsage ? childCpu() : 0;
  const { status, stdout, stderr, error } = spawnSync(command, args, { maxBuffer: 1 << 28, ...options });
  if (error) throw error;
  return { status, out: stdout?.toString() ?? '', err: stderr?.toString() ?? '', cpu: childCpu() - before };
}

/** Seconds that ended children used: /proc/self/stat, fields 16 and 17. */
function childCpu() {
  const stat = readFileSync('/proc/self/stat', 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

const lastJson = (text) => JSON.parse(text.trim().split('\n').at(-1));

/** What every pattern finds on every line, by JavaScript's own engine. */
function regexpLoop(patterns, bytes) {
  const text = bytes.toString('latin1');
  const regexes = patterns.map((p) => new RegExp(p));
  const start = process.cpuUsage();
  let [at, hash, pairs] = [0, 0, 0];
  for (const line of text.split('\n')) {
    for (let i = 0; i < regexes.length; i++) {
      if (!regexes[i].test(line)) continue;
      pairs++;
      hash = (hash + ((((at % MODULUS) * 1000003) % MODULUS) + i)) % MODULUS;
    }
    at += line.length + 1;
  }
  const { user, system } = process.cpuUsage(start);
  return { cpu: (user + system) / 1e6, hash, pairs };
}

function readChunks(path) {
  const handle = openSync(path, 'r');
  const chunk = Buffer.alloc(1 << 20);
  const start = process.cpuUsage();
  let lines = 0;
  for (;;) {
    const read = readSync(handle, chunk, 0, chunk.length, null);
    if (read === 0) break;
    for (let at = chunk.indexOf(10); at !== -1 && at < read; at = chunk.indexOf(10, at + 1)) lines++;
  }
  const { user, system } = process.cpuUsage(start);
  return { cpu: (user + system) / 1e6, lines };
}

/** What `--record` keeps: per size and tool the speed, and how many times as fast Faultbook was, round by round. */
const summaries = {};
const spread = (list) => {
  const sorted = [...list].sort((a, b) => a - b);
  return { median: sorted[sorted.length >> 1], least: sorted[0], greatest: sorted.at(-1) };
};
const show = ({ median, least, greatest }, digits = 2) =>
  `${median.toFixed(digits)} (${least.toFixed(digits)} to ${greatest.toFixed(digits)})`;

async function scans() {
  const bytes = Number(values.bytes);
  const folder = join(cache, `data-${bytes}`);
  if (!existsSync(join(folder, 'done'))) {
    mkdirSync(folder, { recursive: true });
    generate(folder, bytes);
    writeFileSync(join(folder, 'done'), '');
  }
  const corpus = join(folder, 'corpus.log');
  const size = readFileSync(corpus).length;
  const have = await opponents(cache);
  for (const { need, reason } of have.missing) console.error(`${need} is left out: ${reason}`);
  const slice = (name) => {
    const path = join(folder, `first-${SLICE_BYTES[name]}.log`);
    if (!existsSync(path)) {
      const all = readFileSync(corpus);
      writeFileSync(path, all.subarray(0, all.lastIndexOf(10, SLICE_BYTES[name]) + 1));
    }
    return { path, bytes: readFileSync(path).length };
  };
  const results = {};
  for (const n of values.sizes.split(',').map(Number)) {
    const file = join(folder, `patterns-${n}.txt`);
    const patterns = readFileSync(file, 'utf8').trimEnd().split('\n');
    const ours = (path) => {
      const run = timed(
        process.execPath,
        [join(root, 'bench/scan.mjs'), '--patterns', file, '--corpus', path],
        {
          env: { ...process.env, BENCH_CPU: '1' },
        },
      );
      if (run.status !== 0) throw new Error(run.err);
      return { ...lastJson(run.out), ...lastJson(run.err) };
    };
    const tools = {
      faultbook: () => {
        const { cpu_seconds, hash, bytes: read } = ours(corpus);
        return { mbs: read / 1e6 / cpu_seconds, hash };
      },
      ...(have.vectorscan && {
        vectorscan: () => {
          const { status, out, err } = timed(have.vectorscan, [file, corpus]);
          if (status !== 0) throw new Error(err);
          const { cpu_seconds, hash, bytes: read } = lastJson(out);
          return { mbs: read / 1e6 / cpu_seconds, hash };
        },
      }),
      'wc -l': () => ({ mbs: size / 1e6 / Math.max(0.01, timed('wc', ['-l', corpus]).cpu) }),
      'Node reading, counting lines': () => ({ mbs: size / 1e6 / readChunks(corpus).cpu }),
      ...(have.re2set && {
        'RE2::Set': () => {
          const { path, bytes: part } = slice('re2set');
          const { cpu_seconds, hash } = lastJson(timed(have.re2set, [file, path]).out);
          return { mbs: part / 1e6 / cpu_seconds, hash, on: path };
        },
      }),
      ...(have.ripgrep &&
        n <= 10_000 && {
          'ripgrep -f': () => {
            const { path, bytes: part } = slice(n <= 1_000 ? 'ripgrep' : 'grep');
            // Bytes, as everybody here: with Unicode classes it takes minutes.
            const args = ['-j1', '--no-config', '--no-unicode', '-c', '-f', file, path];
            return { mbs: part / 1e6 / Math.max(0.01, timed(have.ripgrep, args).cpu) };
          },
        }),
      ...(n <= 1_000 && {
        'GNU grep -E -f': () => {
          const { path, bytes: part } = slice('grep');
          // \d is not known to it: its own spelling.
          const own = join(folder, `grep-${n}.txt`);
          writeFileSync(
            own,
            `${patterns.map((p) => p.replaceAll('\\d', '[0-9]').replaceAll('(?:', '(')).join('\n')}\n`,
          );
          const { cpu } = timed('grep', ['-c', '-E', '-f', own, path], {
            env: { ...process.env, LC_ALL: 'C' },
          });
          return { mbs: part / 1e6 / Math.max(0.01, cpu) };
        },
      }),
      'RegExp loop': () => {
        const { path, bytes: part } = slice('regexp');
        const { cpu, hash } = regexpLoop(patterns, readFileSync(path));
        return { mbs: part / 1e6 / cpu, hash, on: path };
      },
    };
    const runs = Object.fromEntries(Object.keys(tools).map((name) => [name, []]));
    const hashes = new Map();
    const agree = (on, name, hash) => {
      if (hash === undefined) return;
      if (!hashes.has(on)) hashes.set(on, on === corpus ? hash : ours(on).hash);
      if (hashes.get(on) !== hash) throw new Error(`${name}: answers differ on ${on} with ${n} patterns`);
    };
    for (let round = 0; round < Number(values.rounds); round++) {
      for (const [name, tool] of Object.entries(tools)) {
        const { mbs, hash, on } = tool();
        agree(on ?? corpus, name, hash);
        runs[name].push(mbs);
      }
    }
    summaries[n] = Object.fromEntries(
      Object.entries(runs).map(([name, list]) => [
        name,
        { mb_per_s: spread(list), ratio: spread(runs.faultbook.map((mine, i) => mine / list[i])) },
      ]),
    );
    console.log(`\n${n} patterns, ${(size / 1e6).toFixed(0)} MB, ${values.rounds} rounds, answers equal`);
    for (const [name, list] of Object.entries(runs)) {
      // Pairs of the same round: what slowed one slowed the other.
      const ratio = spread(runs.faultbook.map((mine, i) => mine / list[i]));
      console.log(
        `  ${name.padEnd(30)} ${show(spread(list), 1).padStart(28)} MB/s of CPU time   ${name === 'faultbook' ? '' : `faultbook is ${show(ratio)} times that`}`,
      );
    }
    results[n] = runs;
  }
  return results;
}

if (!existsSync(join(root, 'dist/pure.js'))) throw new Error('dist/ is missing: run npm run build first');
const wanted = values.only.split(',');
console.log(`${cpus()[0].model}, ${cpus().length} cores, Node ${process.version}`);
const results = { node: process.version, cpu: cpus()[0].model };
if (wanted.includes('scan')) results.scan = await scans();
if (wanted.includes('latency')) {
  const { out, status, err } = timed(process.execPath, [join(root, 'bench/latency.mjs')]);
  if (status !== 0) throw new Error(err);
  results.latency = JSON.parse(out);
  console.log(out);
}
if (values.json) writeFileSync(values.json, JSON.stringify(results, null, 2));
if (values.record) {
  const rounded = (_, value) => (typeof value === 'number' ? Number(value.toPrecision(4)) : value);
  const { node, cpu, latency } = results;
  const recorded = {
    node,
    cpu,
    bytes: Number(values.bytes),
    rounds: Number(values.rounds),
    scan: summaries,
    ...(latency && { messages: latency.messages, cold: latency.cold }),
  };
  writeFileSync(join(root, 'data/bench.json'), `${JSON.stringify(recorded, rounded, 1)}\n`);
}
