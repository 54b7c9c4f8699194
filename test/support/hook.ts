/** Starts the built hook as an agent does: bytes in, bytes out, its own state. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './cli.ts';

export const HOOK = `${ROOT}dist/hook.cjs`;

export interface Sandbox {
  /** A project: a folder with a repository in it. */
  readonly project: string;
  readonly state: string;
  readonly env: NodeJS.ProcessEnv;
}

export function hookSandbox(name = 'faultbook-hook-'): Sandbox {
  const root = mkdtempSync(join(tmpdir(), name));
  const project = join(root, 'project');
  const state = join(root, 'state');
  mkdirSync(join(project, '.git'), { recursive: true });
  return {
    project,
    state,
    env: { PATH: process.env.PATH, HOME: '/nonexistent', LANG: 'C.UTF-8', FAULTBOOK_STATE: state },
  };
}

export interface HookRun {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export function runHook(
  agent: string,
  payload: unknown,
  { env }: Pick<Sandbox, 'env'>,
  ...more: readonly string[]
): HookRun {
  const input = typeof payload === 'string' || Buffer.isBuffer(payload) ? payload : JSON.stringify(payload);
  const { status, stdout, stderr } = spawnSync(process.execPath, [HOOK, agent, ...more], {
    input,
    env,
    cwd: tmpdir(),
    encoding: 'utf8',
    maxBuffer: 1024 * 1024,
  });
  return { status, stdout, stderr };
}

/** The command line, in a folder. */
export function faultbookIn(
  folder: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  input = '',
): string {
  return spawnSync(process.execPath, [`${ROOT}dist/faultbook.cjs`, ...args], {
    cwd: folder,
    env,
    input,
    encoding: 'utf8',
  }).stdout;
}

/** A hook that is killed after a while. */
export function killHook(agent: string, payload: string, { env }: Sandbox, afterMs: number): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [HOOK, agent], { env, stdio: ['pipe', 'ignore', 'ignore'] });
    child.stdin.on('error', () => {});
    child.stdin.end(payload);
    child.on('close', () => resolve());
    setTimeout(() => child.kill('SIGKILL'), afterMs);
  });
}
