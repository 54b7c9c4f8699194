#!/usr/bin/env node
/**
 * Writes the sessions of README.md: between `<!-- session: COMMAND -->` and `<!-- /session -->` stands what the
 * command prints, made here and never typed; between `<!-- bench -->` and `<!-- /bench -->` what `npm run bench -- --record`
 * measured last. `--check` writes nothing and fails where one is stale.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const path = `${root}README.md`;
const before = readFileSync(path, 'utf8');
/** As the tools call themselves. */
const NAMES = {
  vectorscan: 'Vectorscan',
  'wc -l': '`wc -l`',
  'ripgrep -f': 'ripgrep `-f`',
  'GNU grep -E -f': 'GNU grep `-E -f`',
};

/** The figures of `data/bench.json`. */
function benchTable() {
  const { node, cpu, bytes, rounds, scan, messages } = JSON.parse(
    readFileSync(`${root}data/bench.json`, 'utf8'),
  );
  const sizes = Object.keys(scan);
  const tools = [...new Set(sizes.flatMap((n) => Object.keys(scan[n])))].filter((t) => t !== 'faultbook');
  const times = ({ median, least, greatest }) => {
    const show = (x) => (x >= 100 ? x.toFixed(0) : x >= 10 ? x.toFixed(1) : x.toFixed(2));
    return `${show(median)} (${show(least)} to ${show(greatest)})`;
  };
  const row = (cells) => `| ${cells.join(' | ')} |`;
  return [
    row(['Faultbook’s speed', ...sizes.map((n) => `${Number(n).toLocaleString('en')} patterns`)]),
    row(['---', ...sizes.map(() => '---')]),
    row(['MB per second of CPU time', ...sizes.map((n) => scan[n].faultbook.mb_per_s.median.toFixed(0))]),
    ...tools.map((tool) =>
      row([
        `× ${NAMES[tool] ?? tool}`,
        ...sizes.map((n) => (scan[n][tool] ? times(scan[n][tool].ratio) : '–')),
      ]),
    ),
    '',
    `${(bytes / 1e6).toFixed(0)} MB of mixed logs, one core (${cpu}, Node ${node.slice(1)}), ${rounds} rounds: median (least to greatest). Slow`,
    'tools are given a part of it. Every answer was compared.',
    ...messages.map(
      (m) =>
        `A message of 200 lines against ${m.records.toLocaleString('en')} records takes ${m.lines_200.p50_us.toFixed(0)} µs (median); opening that book ${m.open_ms.toFixed(1)} ms.`,
    ),
  ].join('\n');
}
const after = before
  .replace(/<!-- bench -->[\s\S]*?<!-- \/bench -->/, () => `<!-- bench -->\n${benchTable()}\n<!-- /bench -->`)
  .replace(/<!-- session: (.+?) -->\n[\s\S]*?<!-- \/session -->/g, (_, command) => {
    const [program, ...args] = command.split(' ');
    const { stdout, status } = spawnSync(program === 'node' ? process.execPath : program, args, {
      cwd: root,
      encoding: 'utf8',
      env: { PATH: process.env.PATH, LANG: 'C.UTF-8', COLUMNS: '100', FAULTBOOK_ENVIRONMENT: 'any' },
    });
    if (status === null || status > 1) throw new Error(`${command}: exit ${status}`);
    return `<!-- session: ${command} -->\n\`\`\`text\n$ ${command}\n${stdout.trimEnd()}\n\`\`\`\n<!-- /session -->`;
  });
if (process.argv.includes('--check')) {
  if (after !== before) {
    console.error('The sessions in README.md are stale. Run: npm run build && node scripts/readme.mjs');
    process.exit(1);
  }
} else if (after !== before) writeFileSync(path, after);
console.log('README sessions are fresh.');
