#!/usr/bin/env node
/**
 * Makes docs/demo.svg: a recording of real sessions. Each command below is typed into a shell that has the built
 * `faultbook` on its PATH; what it prints, colours included, is set line by line as a terminal would. One strip of lines, a
 * cover that uncovers it and a scroll: a few keyframes, no script, so that it plays in a README.
 * `--check` writes nothing and fails where the recording shows something else than the commands print now.
 */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const OUT = `${root}docs/demo.svg`;

/** The screen, in characters. */
const COLUMNS = 96;
const ROWS = 30;
/** A character cell and the frame around the screen, in pixels. */
const CELL = { width: 8.4, height: 18 };
const FRAME = 16;
/** Seconds: a typed character, a printed line; the pauses before a command is run, at a full screen, and at the end. */
const PACE = { key: 0.045, line: 0.03, enter: 0.5, read: 4, end: 6 };

/** What is typed, in the project or in a small folder of TypeScript that lacks a package. */
const SCENES = [
  { command: 'tail -n 1 examples/nginx-error.log', in: 'project' },
  { command: 'faultbook examples/nginx-error.log', in: 'project' },
  { command: 'tsc --noEmit | faultbook', in: 'shop' },
  { command: "echo '41 tests passed, 0 errors' | faultbook", in: 'project' },
];

const COLORS = {
  30: '#555a66',
  31: '#ff6b68',
  32: '#8bd17c',
  33: '#e5c07b',
  34: '#6cb6ff',
  35: '#d2a8ff',
  36: '#56d4dd',
  37: '#dfe3ea',
};
const INK = '#dfe3ea';
const PAPER = '#14171f';

/** `{text, style}` runs of one line with SGR sequences. */
function runsOf(line) {
  const runs = [];
  let style = {};
  for (const [, codes, text] of line.matchAll(/(?:\x1b\[([\d;]*)m)?([^\x1b]*)/g)) {
    for (const code of codes === undefined ? [] : codes.split(';').map(Number)) {
      if (code === 0) style = {};
      else if (code === 1) style = { ...style, bold: true };
      else if (code === 2) style = { ...style, dim: true };
      else if (code === 22) style = { ...style, bold: false, dim: false };
      else if (code === 39) style = { ...style, color: undefined };
      else if (COLORS[code]) style = { ...style, color: COLORS[code] };
    }
    if (text) runs.push({ text, style });
  }
  return runs;
}

/** Cuts runs into screen lines, as a terminal wraps them. */
function wrapRuns(runs) {
  const rows = [[]];
  let column = 0;
  for (const { text, style } of runs) {
    for (let rest = text; rest !== ''; ) {
      if (column === COLUMNS) {
        rows.push([]);
        column = 0;
      }
      const piece = rest.slice(0, COLUMNS - column);
      rows.at(-1).push({ text: piece, style, column });
      column += piece.length;
      rest = rest.slice(piece.length);
    }
  }
  return rows;
}

const escapeXml = (text) => text.replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[c]);
const round = (n) => Math.round(n * 1000) / 1000;

function textOf(runs, row) {
  const y = round((row + 0.78) * CELL.height);
  return runs
    .filter((r) => r.text.trim() !== '')
    .map(({ text, style, column }) => {
      const lead = text.length - text.trimStart().length;
      const shown = text.trim();
      const marks = [
        style.color ? ` fill="${style.color}"` : '',
        style.bold ? ' font-weight="700"' : '',
        style.dim ? ' opacity=".62"' : '',
      ].join('');
      return `<text x="${round((column + lead) * CELL.width)}" y="${y}" textLength="${round(shown.length * CELL.width)}"${marks}>${escapeXml(shown)}</text>`;
    })
    .join('');
}

const folder = mkdtempSync(join(tmpdir(), 'faultbook-demo-'));
const shop = join(folder, 'shop');
const bin = join(folder, 'bin');
mkdirSync(shop);
mkdirSync(bin);
writeFileSync(
  join(shop, 'tsconfig.json'),
  '{"compilerOptions": {"module": "nodenext", "types": []}, "files": ["shop.ts"]}\n',
);
writeFileSync(join(shop, 'package.json'), '{"type": "module"}\n');
writeFileSync(join(shop, 'shop.ts'), "import express from 'express';\n\nexpress().listen(8080);\n");
const tsc = createRequire(import.meta.url)
  .resolve('typescript/package.json')
  .replace(/package\.json$/, 'bin/tsc');
for (const [name, file] of [
  ['faultbook', `${root}dist/faultbook.cjs`],
  ['tsc', tsc],
]) {
  writeFileSync(join(bin, name), `#!/bin/sh\nexec '${process.execPath}' '${file}' "$@"\n`);
  chmodSync(join(bin, name), 0o755);
}

/** What a command prints on a terminal of this width, a line each. */
function record({ command, in: where }) {
  const { stdout, error } = spawnSync(
    'script',
    ['-qec', `stty cols ${COLUMNS} rows ${ROWS}; ${command}`, '/dev/null'],
    {
      cwd: where === 'shop' ? shop : root,
      encoding: 'utf8',
      env: {
        PATH: `${bin}:${process.env.PATH}`,
        HOME: folder,
        LANG: 'C.UTF-8',
        TERM: 'xterm-256color',
        FAULTBOOK_ENVIRONMENT: 'any',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 60_000,
    },
  );
  if (error || stdout.includes('command not found')) throw new Error(`${command}: ${error ?? stdout}`);
  return stdout.replaceAll('\r\n', '\n').trimEnd().split('\n');
}

const PROMPT = '$ ';
/** Rows of the strip: `{runs, typed}`, and when each is there, in seconds. */
const rows = [];
const times = [];
const typing = [];
let now = 0.8;
const transcript = [];
try {
  for (const scene of SCENES) {
    typing.push({ row: rows.length, from: now, keys: scene.command.length });
    for (const runs of wrapRuns([
      { text: PROMPT, style: { dim: true } },
      { text: scene.command, style: { bold: true } },
    ])) {
      rows.push(runs);
      times.push(now);
    }
    now += scene.command.length * PACE.key + PACE.enter;
    const output = record(scene);
    transcript.push(
      PROMPT + scene.command,
      ...output.map((l) =>
        runsOf(l)
          .map((r) => r.text)
          .join(''),
      ),
    );
    const printed = output.flatMap((line) => wrapRuns(runsOf(line)));
    printed.push([]);
    printed.forEach((runs, i) => {
      rows.push(runs);
      times.push(now);
      now += PACE.line;
      // A reader gets time for every screen.
      if ((i + 1) % (ROWS - 3) === 0 && i + 1 < printed.length) now += PACE.read;
    });
    now += PACE.read;
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
now += PACE.end;

const total = now;
const at = (seconds) => `${round((seconds / total) * 100)}%`;
const width = COLUMNS * CELL.width + 2 * FRAME;
const height = ROWS * CELL.height + 2 * FRAME;

/** Keyframes of a value that jumps: `[seconds, css]`, each held until the next. */
function steps(name, values) {
  const frames = values.map(([seconds, css], i) => {
    const end = values[i + 1]?.[0] ?? total;
    return `${at(seconds)},${at(Math.max(seconds, end - 0.001))}{${css}}`;
  });
  return `@keyframes ${name}{${frames.join('')}}`;
}
const moments = [[0, 0], ...times.map((t, i) => [t, i + 1])].filter(
  ([t], i, all) => all[i + 1] === undefined || all[i + 1][0] - t > 0.0005,
);
const css = [
  `svg{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace}`,
  `text{white-space:pre;fill:${INK}}`,
  ...[...new Set(rows.flat().flatMap((r) => r.style.color ?? []))].map((c) => `text[fill="${c}"]{fill:${c}}`),
  steps(
    'scroll',
    moments.map(([t, n]) => [t, `transform:translateY(${-Math.max(0, n - ROWS + 1) * CELL.height}px)`]),
  ),
  steps(
    'cover',
    moments.map(([t, n]) => [t, `transform:translateY(${n * CELL.height}px)`]),
  ),
  `#strip{animation:scroll ${round(total)}s step-end infinite}`,
  `#cover{animation:cover ${round(total)}s step-end infinite}`,
  ...typing.map(({ from, keys }, i) =>
    steps(`type${i}`, [
      [0, 'transform:translateX(0)'],
      ...Array.from({ length: keys }, (_, k) => [
        from + (k + 1) * PACE.key,
        `transform:translateX(${round((k + 1) * CELL.width)}px)`,
      ]),
    ]),
  ),
  ...typing.map((_, i) => `#type${i}{animation:type${i} ${round(total)}s step-end infinite}`),
  '@media(prefers-reduced-motion:reduce){#strip,#cover,.type{animation:none}#cover,.type{display:none}}',
].join('\n');
const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${round(width)} ${height}" role="img" aria-labelledby="title desc">
<title id="title">Faultbook in a terminal</title>
<desc id="desc">${escapeXml(transcript.join('\n'))}</desc>
<style>${css}</style>
<rect width="100%" height="100%" rx="8" fill="${PAPER}"/>
<svg x="${FRAME}" y="${FRAME}" width="${round(COLUMNS * CELL.width)}" height="${ROWS * CELL.height}">
<g id="strip">
${rows
  .map(textOf)
  .filter((t) => t !== '')
  .join('\n')}
${typing.map(({ row, keys }, i) => `<g transform="translate(${PROMPT.length * CELL.width} ${row * CELL.height})"><rect id="type${i}" class="type" width="${round((keys + 1) * CELL.width)}" height="${CELL.height}" fill="${PAPER}"/></g>`).join('\n')}
<rect id="cover" width="100%" height="${(rows.length + ROWS) * CELL.height}" fill="${PAPER}"/>
</g>
</svg>
</svg>
`;

/** What it shows, without what differs from one machine or day to another. */
const shown = (text) => /<desc[^>]*>([\s\S]*?)<\/desc>/.exec(text)?.[1].replace(/\d+/g, '0');
if (process.argv.includes('--check')) {
  if (!existsSync(OUT) || shown(readFileSync(OUT, 'utf8')) !== shown(svg)) {
    console.error('docs/demo.svg is stale. Run: npm run build && node scripts/demo.mjs');
    process.exit(1);
  }
} else writeFileSync(OUT, svg);
console.log(`docs/demo.svg: ${rows.length} lines, ${Math.round(total)} s.`);
