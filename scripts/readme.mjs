#!/usr/bin/env node
/**
 * Writes the sessions of README.md: between `<!-- session: COMMAND -->` and `<!-- /session -->` stands what the
 * command prints, made here and never typed. `--check` writes nothing and fails where one is stale.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const path = `${root}README.md`;
const before = readFileSync(path, 'utf8');
const after = before.replace(/<!-- session: (.+?) -->\n[\s\S]*?<!-- \/session -->/g, (_, command) => {
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
