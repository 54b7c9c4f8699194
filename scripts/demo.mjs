#!/usr/bin/env node
/**
 * Writes docs/demo.svg: a terminal in which the commands below are typed and answered. The answers are what the commands
 * print, coloured as they print them; only the pauses are ours. `--check` writes nothing and fails where it is stale.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { importSource } from './source.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const OUT = `${root}docs/demo.svg`;
const COLUMNS = 92;
const ROWS = 27;
const CHAR_WIDTH = 8.4;
const LINE_HEIGHT = 18;
const MARGIN = 16;
const SECONDS = { perChar: 0.05, beforeAnswer: 0.4, perLine: 0.33, least: 3 };

/** What is typed, and the file that is its standard input where it has one. */
const SCENES = [
  { typed: 'faultbook error.log', args: ['examples/nginx-error.log'] },
  {
    typed: 'faultbook explain git/dubious-ownership',
    args: ['explain', 'git/dubious-ownership', '--no-pager'],
    from: /^Which step first/,
  },
  { typed: 'echo "all is well" | faultbook', args: [], input: 'all is well\n' },
];

const { widthOf, clip } = await importSource(`export { widthOf, clip } from './src/render/width.ts';`);

/** A line as pieces of text with the colours that the terminal was told. */
function piecesOf(line) {
  const pieces = [];
  let style = new Set();
  for (const part of line.split(/(\x1b\[[\d;]*m)/)) {
    const codes = /^\x1b\[([\d;]*)m$/.exec(part)?.[1];
    if (codes === undefined) {
      if (part !== '') pieces.push({ text: part, style: [...style] });
    } else
      for (const code of codes.split(';')) {
        if (code === '' || code === '0') style = new Set();
        else if (code === '22') for (const s of ['s1', 's2']) style.delete(s);
        else if (code === '39') style = new Set([...style].filter((s) => !/^s3/.test(s)));
        else style.add(`s${code}`);
      }
  }
  return pieces;
}

const escaped = (text) =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    // What colours do not need, an SVG cannot hold.
    .replace(/[\x00-\x08\x0b-\x1f]/g, '');

/** One line of the terminal; cut where the window ends. */
function textAt(line, row, x = 0) {
  let left = COLUMNS;
  const spans = piecesOf(line).flatMap(({ text, style }) => {
    if (left <= 0) return [];
    const shown = widthOf(text) > left ? clip(text, left) : text;
    left -= widthOf(shown);
    return [
      style.length > 0 ? `<tspan class="${style.join(' ')}">${escaped(shown)}</tspan>` : escaped(shown),
    ];
  });
  const y = MARGIN + 24 + (row + 1) * LINE_HEIGHT;
  return `<text xml:space="preserve" x="${MARGIN + x * CHAR_WIDTH}" y="${y}">${spans.join('')}</text>`;
}

let clock = 0;
const scenes = SCENES.map(({ typed, args, from, input }) => {
  const { stdout, status } = spawnSync(
    process.execPath,
    ['dist/faultbook.cjs', ...args, '--color', 'always'],
    {
      cwd: root,
      encoding: 'utf8',
      input: input ?? '',
      env: {
        PATH: process.env.PATH,
        LANG: 'C.UTF-8',
        COLUMNS: String(COLUMNS),
        FAULTBOOK_ENVIRONMENT: 'any',
      },
    },
  );
  if (status === null || status > 1) throw new Error(`${typed}: exit ${status}`);
  let lines = stdout.trimEnd().split('\n');
  const bare = (l) => l.replace(/\x1b\[[\d;]*m|\x1b\]8;;.*?\x1b\\/g, '');
  if (from) lines = ['…', ...lines.slice(lines.findIndex((l) => from.test(bare(l))))];
  if (lines.length > ROWS - 1) lines = [...lines.slice(0, ROWS - 2), '…'];
  const start = clock;
  const typing = typed.length * SECONDS.perChar;
  clock += typing + SECONDS.beforeAnswer + Math.max(SECONDS.least, lines.length * SECONDS.perLine);
  return { typed, lines, start, answered: start + typing + SECONDS.beforeAnswer, typing, end: clock };
});

const percent = (t) => `${((t / clock) * 100).toFixed(3)}%`;
const width = Math.ceil(COLUMNS * CHAR_WIDTH + 2 * MARGIN);
const height = 24 + (ROWS + 1) * LINE_HEIGHT + 2 * MARGIN;
const shown = (name, from, to) =>
  `@keyframes ${name}{0%{visibility:${from === 0 ? 'visible' : 'hidden'}}${from === 0 ? '' : `${percent(from)}{visibility:visible}`}${to >= clock ? '' : `${percent(to)}{visibility:hidden}`}}`;
const keyframes = scenes.map(({ start, end, answered, typing, typed }, i) => {
  const slide = `${(typed.length * CHAR_WIDTH).toFixed(1)}px`;
  return [
    shown(`scene${i}`, start, end),
    shown(`answer${i}`, answered, end),
    `@keyframes cover${i}{0%,${percent(start)}{transform:translateX(0);animation-timing-function:steps(${typed.length})}${percent(start + typing)},100%{transform:translateX(${slide})}}`,
  ].join('');
});
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="A terminal: ${escaped(SCENES.map((s) => s.typed).join('; ')).replaceAll('"', '&quot;')}">
<!-- Made by scripts/demo.mjs out of what the commands print. -->
<style>text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#d8dee9}.s1{font-weight:700;fill:#fff}.s2{fill:#8a94a6}.s31{fill:#ff7b72}.s32{fill:#7ee787}.s33{fill:#e3b341}.s34{fill:#79c0ff}.s35{fill:#d2a8ff}.s36{fill:#56d4dd}.prompt{fill:#7ee787}
g[class]{visibility:hidden;animation:${clock.toFixed(2)}s infinite step-end}.cover{fill:#161b22;animation:${clock.toFixed(2)}s infinite}
${keyframes.join('\n')}
${scenes.map((_, i) => `.scene${i}{animation-name:scene${i}!important}.answer${i}{animation-name:answer${i}!important}.cover${i}{animation-name:cover${i}}`).join('')}
@media(prefers-reduced-motion:reduce){g[class],.cover{animation:none}.scene0,.answer0{visibility:visible}.cover{display:none}}</style>
<rect width="${width}" height="${height}" rx="8" fill="#161b22"/>
<circle cx="20" cy="18" r="6" fill="#ff5f57"/><circle cx="40" cy="18" r="6" fill="#febc2e"/><circle cx="60" cy="18" r="6" fill="#28c840"/>
${scenes
  .map(({ typed, lines }, i) =>
    [
      `<g class="scene${i}">`,
      `<text class="prompt" x="${MARGIN}" y="${MARGIN + 24 + LINE_HEIGHT}">$</text>`,
      textAt(typed, 0, 2),
      `<rect class="cover cover${i}" x="${MARGIN + 2 * CHAR_WIDTH}" y="${MARGIN + 26}" width="${(typed.length * CHAR_WIDTH).toFixed(1)}" height="${LINE_HEIGHT + 4}"/>`,
      `<g class="answer${i}">`,
      ...lines.map((line, row) => textAt(line.replace(/\x1b\]8;;.*?\x1b\\/g, ''), row + 1)),
      '</g></g>',
    ].join('\n'),
  )
  .join('\n')}
</svg>
`;
if (process.argv.includes('--check')) {
  if (!existsSync(OUT) || readFileSync(OUT, 'utf8') !== svg) {
    console.error('docs/demo.svg is stale. Run: npm run build && node scripts/demo.mjs');
    process.exit(1);
  }
} else writeFileSync(OUT, svg);
console.log('The demo is fresh.');
