#!/usr/bin/env node
/**
 * Writes the transcripts of docs/agents.md: between `<!-- event: NAME -->` and `<!-- /event -->` stands what the built hook
 * was given and what it answered, made here by processes of our own and never typed. `--check` writes nothing and fails where
 * one is stale. `--cost` also measures tokens and CPU time, which differ from machine to machine, and prints them.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const page = `${root}docs/agents.md`;
const output = [
  'npm error code ERESOLVE',
  'npm error ERESOLVE unable to resolve dependency tree',
  'npm error',
  'npm error While resolving: web@1.0.0',
  'npm error Found: @acme/core@2.0.0',
].join('\n');

/** The events, in the order in which they happen to one agent in one project. */
const EVENTS = {
  failed: ['PostToolUseFailure', 'npm install', output],
  'before-dead-end': ['PreToolUse', 'rm -rf node_modules package-lock.json && npm i'],
  'failed-again': ['PostToolUseFailure', 'rm -rf node_modules package-lock.json && npm i', output],
  'repeated-action': ['PreToolUse', 'rm -rf package-lock.json node_modules; npm install'],
  ordinary: ['PreToolUse', 'ls -la'],
  succeeded: ['PostToolUse', 'npm install', 'added 3 packages'],
  'after-success': ['PreToolUse', 'npm install --force'],
};

const scratch = mkdtempSync(join(tmpdir(), 'faultbook-agents-'));
const project = join(scratch, 'web');
mkdirSync(join(project, '.git'), { recursive: true });
const env = {
  PATH: process.env.PATH,
  HOME: scratch,
  LANG: 'C.UTF-8',
  FAULTBOOK_STATE: join(scratch, 'state'),
  FAULTBOOK_ENVIRONMENT: 'any',
};

function payloadOf(event, command, text) {
  return {
    hook_event_name: event,
    cwd: project,
    tool_name: 'Bash',
    tool_input: { command },
    ...(event === 'PostToolUseFailure' ? { error: `Exit code 1\n${text}` } : {}),
    ...(event === 'PostToolUse' ? { tool_response: { stdout: text, stderr: '' } } : {}),
  };
}

function hook(payload, preload = []) {
  const run = spawnSync(process.execPath, [...preload, `${root}dist/hook.cjs`, 'claude-code'], {
    input: JSON.stringify(payload),
    env,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
  });
  if (run.status !== 0) throw new Error(`the hook ended with ${run.status}: ${run.stderr}`);
  return run;
}

const NOTHING = '(nothing is said)';
const transcripts = {};
try {
  for (const [name, [event, command, text]] of Object.entries(EVENTS)) {
    const { stdout } = hook(payloadOf(event, command, text));
    const said = JSON.parse(stdout).hookSpecificOutput?.additionalContext;
    const what = { PreToolUse: 'before', PostToolUse: 'ended well', PostToolUseFailure: 'failed' }[event];
    transcripts[name] = `${what}: ${command}\n${said ?? NOTHING}`;
  }
  if (process.argv.includes('--cost')) await cost();
} finally {
  rmSync(scratch, { recursive: true, force: true });
}

const before = readFileSync(page, 'utf8');
const after = before.replace(/<!-- event: (\S+) -->\n[\s\S]*?<!-- \/event -->/g, (_, name) => {
  if (!(name in transcripts)) throw new Error(`docs/agents.md names an event that is not made: ${name}`);
  return `<!-- event: ${name} -->\n\`\`\`\`text\n${transcripts[name]}\n\`\`\`\`\n<!-- /event -->`;
});
if (process.argv.includes('--check')) {
  if (after !== before) {
    console.error(
      'The transcripts in docs/agents.md are stale. Run: npm run build && node scripts/agents.mjs',
    );
    process.exit(1);
  }
} else if (after !== before) writeFileSync(page, after);
console.log('The transcripts of docs/agents.md are fresh.');

/** Tokens of each answer, and CPU time of each kind of call beside that of bare Node; medians of 15, started in turn. */
async function cost() {
  const { encode } = await import('gpt-tokenizer');
  for (const [name, text] of Object.entries(transcripts)) {
    const said = text.slice(text.indexOf('\n') + 1);
    const tokens = said === NOTHING ? 0 : encode(said).length;
    console.log(`${name.padEnd(16)} ${String(tokens).padStart(4)} tokens`);
  }
  const usage = ['-r', `${root}bench/usage-at-exit.cjs`];
  const cpuOf = (run) => JSON.parse(String(run.output[3])).cpu_ms;
  const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];
  const bare = () =>
    cpuOf(
      spawnSync(process.execPath, [...usage, '-e', '0'], {
        env,
        stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
      }),
    );
  hook(payloadOf(...EVENTS.failed));
  for (const name of ['ordinary', 'before-dead-end', 'failed']) {
    const pairs = Array.from({ length: 15 }, () => [bare(), cpuOf(hook(payloadOf(...EVENTS[name]), usage))]);
    console.log(
      `${name.padEnd(16)} ${median(pairs.map(([b]) => b)).toFixed(0)} ms of CPU for bare Node, ${median(pairs.map(([b, h]) => h - b)).toFixed(0)} ms more with the hook`,
    );
  }
}
