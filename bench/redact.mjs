#!/usr/bin/env node
/**
 * Speed of redaction, as a ratio against a floor in the same run: splitting the same text into lines and joining it again.
 *   node bench/redact.mjs
 * The text is the background corpus (ordinary output of real programs), with a secret planted in one line of 200.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));
const bundle = await rolldown({ input: `${root}src/redact/index.ts`, platform: 'node' });
const { output } = await bundle.generate({ format: 'esm' });
const { redact } = await import(
  `data:text/javascript;base64,${Buffer.from(output[0].code).toString('base64')}`
);

const lines = gunzipSync(readFileSync(`${root}data/background.txt.gz`))
  .toString()
  .split('\n');
const planted = lines.map((l, i) => (i % 200 === 0 ? `${l} DB_PASSWORD=hunter2hunter${i}` : l)).join('\n');
const megabytes = Buffer.byteLength(planted) / 1e6;
const floor = (text) => text.split(/(\r?\n)/).join('');
const time = (work) => {
  const from = process.cpuUsage();
  work(planted);
  const { user, system } = process.cpuUsage(from);
  return megabytes / ((user + system) / 1e6);
};
const runs = Array.from({ length: 9 }, () => [time(redact), time(floor)]);
const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];
const [ours, theirs] = [0, 1].map((i) => median(runs.map((r) => r[i])));
console.log(
  `redact: ${ours.toFixed(0)} MB/s of CPU time; splitting into lines and joining: ${theirs.toFixed(0)} MB/s; ratio ${(ours / theirs).toFixed(2)}`,
);
console.log(
  `spread of redact over 9 runs: ${Math.min(...runs.map((r) => r[0])).toFixed(0)} to ${Math.max(...runs.map((r) => r[0])).toFixed(0)} MB/s; ${megabytes.toFixed(1)} MB`,
);
