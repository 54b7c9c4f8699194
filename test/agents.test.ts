/** `init`, the plugin, the shells, and the transcripts of docs/agents.md. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { quoteWord } from '../src/diagnosis/index.ts';
import { CLI, ROOT } from './support/cli.ts';
import { hookSandbox, runHook } from './support/hook.ts';

/** What is written into settings: words for a shell, whatever the folder is called. */
const WIRED = `${quoteWord(process.execPath)} ${quoteWord(`${ROOT}dist/hook.cjs`)}`;

function inProject(project: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  return spawnSync(process.execPath, [CLI, ...args], {
    cwd: project,
    // No agent on the path: only what the project shows counts.
    env: { PATH: '/usr/bin:/bin', HOME: '/nonexistent', LANG: 'C.UTF-8', ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

test('the transcripts of docs/agents.md are what the hook says', () => {
  const run = spawnSync(process.execPath, ['scripts/agents.mjs', '--check'], { cwd: ROOT, encoding: 'utf8' });
  expect(run.stderr + run.stdout).toContain('fresh');
  expect(run.status).toBe(0);
});

test('the plugin wires what init wires, and its paths lead to what the package has', () => {
  const plugin = JSON.parse(readFileSync(`${ROOT}plugins/claude-code/hooks/hooks.json`, 'utf8'));
  const said = inProject(ROOT, ['init', '--print', 'claude-code']).stdout;
  const [hooks = '', servers = ''] = said.split(/^\S+\.json$/m).slice(1);
  const printed = JSON.parse(hooks);
  const server = JSON.parse(readFileSync(`${ROOT}plugins/claude-code/.mcp.json`, 'utf8')).mcpServers
    .faultbook;
  expect(JSON.parse(servers).mcpServers.faultbook.args.slice(1)).toEqual(server.args.slice(1));
  const blank = (value: unknown) => JSON.parse(JSON.stringify(value, (k, v) => (k === 'command' ? 'X' : v)));
  expect(blank(plugin)).toEqual(blank(printed));
  expect(JSON.stringify(printed)).toContain(`${WIRED} claude-code`);
  const files = [JSON.stringify(plugin), readFileSync(`${ROOT}plugins/claude-code/.mcp.json`, 'utf8')]
    .join()
    .matchAll(/\$\{CLAUDE_PLUGIN_ROOT\}([\w./-]+)/g);
  const paths = [...files].map((m) => join(ROOT, 'plugins/claude-code', m[1] as string));
  expect(paths.length).toBeGreaterThan(1);
  expect(paths.filter((p) => !existsSync(p))).toEqual([]);
});

describe('init', () => {
  test('writes nothing where nobody can be asked, all of it with --yes, and takes it back', () => {
    const { project } = hookSandbox();
    mkdirSync(join(project, '.cursor'));
    writeFileSync(join(project, 'GEMINI.md'), '');
    const asked = inProject(project, ['init']);
    expect(asked.stdout).toContain('cursor: .cursor/hooks.json (new file)');
    expect(asked.stdout).toContain('gemini: .gemini/settings.json (new file)');
    expect(asked.stdout).toContain('cursor: .cursor/mcp.json (new file)');
    expect(asked.stdout).not.toMatch(/claude-code|npx/);
    expect(asked.status).toBe(1);
    expect(existsSync(join(project, '.gemini'))).toBe(false);

    expect(inProject(project, ['init', '--yes']).status).toBe(0);
    const settings = readFileSync(join(project, '.gemini/settings.json'), 'utf8');
    expect(JSON.parse(settings).hooks.AfterTool[0].hooks[0].command).toBe(`${WIRED} gemini`);
    expect(JSON.parse(settings).mcpServers.faultbook).toEqual({
      command: process.execPath,
      args: [CLI, 'mcp'],
    });
    expect(inProject(project, ['init']).stdout).toContain('gemini: wired already');
    expect(inProject(project, ['init', '--remove', '--yes']).status).toBe(0);
    expect(existsSync(join(project, '.gemini'))).toBe(false);
    expect(existsSync(join(project, '.cursor'))).toBe(false);
  });

  test('does not write through a link, and says what is no plain JSON', () => {
    const { project, state } = hookSandbox();
    mkdirSync(state);
    symlinkSync(state, join(project, '.codex'));
    const link = inProject(project, ['init', '--yes', 'codex']);
    expect(link.status).toBe(2);
    expect(link.stderr).toContain('is a link');
    mkdirSync(join(project, '.gemini'));
    writeFileSync(join(project, '.gemini/settings.json'), '{ // mine\n}\n');
    const comment = inProject(project, ['init', '--yes', 'gemini']);
    expect(comment.status).toBe(2);
    expect(comment.stderr).toContain('init --print gemini');
    expect(readFileSync(join(project, '.gemini/settings.json'), 'utf8')).toBe('{ // mine\n}\n');
  });

  test('a file that two agents read is written once, and the server in it answers', () => {
    const { project } = hookSandbox();
    expect(inProject(project, ['init', '--yes', 'claude-code', 'copilot', 'codex']).status).toBe(0);
    const { faultbook } = JSON.parse(readFileSync(join(project, '.mcp.json'), 'utf8')).mcpServers;
    const { command, args } = faultbook;
    expect(readFileSync(join(project, '.codex/config.toml'), 'utf8')).toBe(
      `[mcp_servers.faultbook]\ncommand = ${JSON.stringify(command)}\nargs = [${JSON.stringify(args[0])}, "mcp"]\n`,
    );
    const input = '{"jsonrpc":"2.0","id":1,"method":"ping"}\n';
    const run = spawnSync(command, args, { cwd: project, input, encoding: 'utf8' });
    expect(JSON.parse(run.stdout)).toMatchObject({ id: 1, result: {} });
    expect(inProject(project, ['init', '--remove', '--yes']).status).toBe(0);
    for (const left of ['.mcp.json', '.codex', '.claude', '.github'])
      expect(existsSync(join(project, left))).toBe(false);
  });

  test('an agent that is not known, and a shell, are said so', () => {
    expect(inProject(ROOT, ['init', 'emacs']).stderr).toContain('there is no agent "emacs"');
    expect(inProject(ROOT, ['init', 'bash']).stderr).toContain('init --print bash');
  });
});

describe.each(['bash', 'zsh', 'fish'])('in %s', (shell) => {
  const isThere = spawnSync(shell, ['-c', 'exit 0']).status === 0;
  test.skipIf(!isThere)('fb runs a command as it is, and a dead end is named while its fault is open', () => {
    const sandbox = hookSandbox();
    const printed = inProject(sandbox.project, ['init', '--print', shell]).stdout;
    expect(printed).toContain(process.execPath);
    const file = join(sandbox.project, `init.${shell}`);
    writeFileSync(file, printed);
    runHook(
      'claude-code',
      {
        hook_event_name: 'PostToolUseFailure',
        cwd: sandbox.project,
        tool_name: 'Bash',
        tool_input: { command: 'npm install' },
        error:
          'Exit code 1\nnpm error code ERESOLVE\nnpm error ERESOLVE unable to resolve dependency tree\nnpm error\nnpm error While resolving: web@1.0.0\nnpm error Found: @acme/core@2.0.0',
      },
      sandbox,
    );
    const end = shell === 'fish' ? 'echo "status $status"' : 'echo "status $?"';
    const script = `source ${file} 2>/dev/null; fb sh -c 'echo out; exit 3'; ${end}; _faultbook_before 'npm i --force'; _faultbook_before 'ls'`;
    const run = spawnSync(
      shell,
      shell === 'bash'
        ? ['--norc', '-c', script]
        : shell === 'zsh'
          ? ['-f', '-c', script]
          : ['--no-config', '-c', script],
      {
        cwd: sandbox.project,
        env: { ...sandbox.env, FAULTBOOK_ENVIRONMENT: 'any' },
        encoding: 'utf8',
      },
    );
    expect(run.stdout).toContain('out\nstatus 3\n');
    expect(run.stderr.match(/\[force\]/g)).toHaveLength(1);
  });
});

test('run opens the fault that its command meets, and closes it when the command succeeds', () => {
  const { project, env } = hookSandbox();
  const script = join(project, 'install.sh');
  const failing = `printf '%s\\n' 'npm error code ERESOLVE' 'npm error ERESOLVE unable to resolve dependency tree'; exit 1`;
  const run = () => inProject(project, ['run', '--', 'sh', 'install.sh'], env);
  writeFileSync(script, failing);
  expect(run()).toMatchObject({ status: 1, stderr: expect.stringContaining('npm/eresolve') });
  const warned = inProject(project, ['preflight', '--', 'npm', 'i', '-f'], env);
  expect(warned).toMatchObject({
    status: 1,
    stdout: expect.stringMatching(/^faultbook: \[force\] .*Not blocked\.\n$/),
  });
  const json = JSON.parse(inProject(project, ['preflight', '--format', 'json', 'npm i -f'], env).stdout);
  expect(json).toMatchObject({
    schema: 'preflight.v1',
    verdict: 'warned',
    warning: { fault: 'npm/eresolve', action: 'force' },
  });
  expect(inProject(project, ['preflight', '--', 'ls', '-la'], env)).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('nothing is known against it'),
  });
  // Nothing of it is run, whatever it looks like.
  inProject(project, ['preflight', 'npm i -f; touch $(echo owned) `touch owned`; > owned'], env);
  expect(existsSync(join(project, 'owned'))).toBe(false);
  writeFileSync(script, 'exit 0');
  expect(run()).toMatchObject({ status: 0, stdout: '', stderr: '' });
  expect(inProject(project, ['preflight', 'npm i -f'], env)).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('no fault is open'),
  });
});
