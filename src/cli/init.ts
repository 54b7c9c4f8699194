/** `faultbook init`: wires the agents that are used in a project, shows what changes, writes it, and takes it back. */
import { existsSync, lstatSync, readdirSync, readFileSync, readSync, rmdirSync, rmSync } from 'node:fs';
import { delimiter, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { AgentName } from '../hook/index.ts';
import { InputError, projectOf, writeWhole } from '../store/index.ts';
import { diffText } from './diff.ts';
import { SHELL_NAMES, type ShellName, shellScript } from './shells.ts';
import { type ColorChoice, colorOf, EXIT, langOf, print } from './terminal.ts';
import { filesOf, type Programs, unwired, WIRINGS, wired } from './wiring.ts';

export interface InitFlags {
  readonly remove?: true;
  readonly yes?: true;
  readonly print?: string;
  readonly lang?: string;
  readonly color?: ColorChoice;
}

const AGENT_NAMES = Object.keys(WIRINGS) as AgentName[];
const HOOK = new URL('./hook.cjs', import.meta.url);
const CLI = new URL('./faultbook.cjs', import.meta.url);
/** A settings file that is larger is not ours to rewrite. */
const MAX_FILE_BYTES = 1024 * 1024;

interface Change {
  readonly agent: AgentName;
  /** From the project's root. */
  readonly file: string;
  readonly before: string | null;
  /** Null: the file goes. */
  readonly after: string | null;
}

/** @returns 0 where everything is as wished, 1 where something was left undone. */
export function runInit(names: readonly string[], flags: InitFlags): number {
  const zh = langOf(flags.lang) === 'zh';
  if (flags.print !== undefined) {
    print(printed(flags.print));
    return EXIT.ok;
  }
  const { project } = projectOf(process.cwd());
  const agents = names.length > 0 ? names.map(named) : flags.remove ? AGENT_NAMES : detected(project);
  const said: string[] = [];
  const changes: Change[] = [];
  for (const agent of agents) {
    const before = changes.length;
    for (const file of filesOf(agent)) {
      // One that two agents read is changed once.
      if (changes.some((c) => c.file === file)) continue;
      const text = readSetting(project, file);
      if (flags.remove) {
        const after = text === null ? undefined : unwired(text, agent, file);
        if (after !== undefined) changes.push({ agent, file, before: text, after });
        continue;
      }
      const after = wired(text, agent, file, programs());
      if (after === null)
        throw new InputError(
          `${file} is not what it should be, or has another server of our name: nothing was written. See what belongs there: faultbook init --print ${agent}`,
        );
      if (after !== text) changes.push({ agent, file, before: text, after });
    }
    if (!flags.remove && changes.length === before)
      said.push(
        zh
          ? `${agent}：已经接好（${filesOf(agent).join('、')}）`
          : `${agent}: wired already (${filesOf(agent).join(', ')})`,
      );
  }
  const color = colorOf(flags.color);
  for (const change of changes) print(shown(change, color, zh));
  for (const line of said) print(line);
  if (changes.length === 0) {
    if (said.length === 0) print(nothingText(agents, flags.remove === true, zh));
    if (!flags.remove && names.length === 0) print(shellHint(zh));
    return EXIT.ok;
  }
  if (!flags.yes && !agreed(zh)) {
    print(zh ? '什么都没有写。要写入请加 --yes。' : 'Nothing was written. To write it: --yes');
    return EXIT.issues;
  }
  for (const { file, after } of changes) {
    if (after === null) removeFile(project, file);
    else writeWhole(join(project, file), after);
  }
  for (const agent of new Set(changes.map((c) => c.agent))) {
    const files = changes.filter((c) => c.agent === agent).map((c) => c.file);
    const list = files.join(zh ? '、' : ', ');
    print(
      flags.remove
        ? zh
          ? `${agent}：已撤除（${list}）`
          : `${agent}: removed from ${list}`
        : zh
          ? `${agent}：已写入 ${list}`
          : `${agent}: written to ${list}; ${WIRINGS[agent].note}`,
    );
  }
  if (!flags.remove) {
    print(zh ? '撤除：faultbook init --remove' : 'Take it back: faultbook init --remove');
    if (names.length === 0) print(shellHint(zh));
  }
  return EXIT.ok;
}

function programs(): Programs {
  return {
    node: process.execPath,
    hook: fileURLToPath(HOOK),
    cli: fileURLToPath(CLI),
    windows: process.platform === 'win32',
  };
}

function named(name: string): AgentName {
  if (SHELL_NAMES.includes(name as ShellName))
    throw new InputError(
      `${name} is not wired for a project: its start file is yours. Add there what this prints: faultbook init --print ${name}`,
    );
  if (!AGENT_NAMES.includes(name as AgentName))
    throw new InputError(`there is no agent ${JSON.stringify(name)}; there are: ${AGENT_NAMES.join(', ')}`);
  return name as AgentName;
}

/** Agents that a project shows signs of, or whose program is on the path. */
function detected(project: string): AgentName[] {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((f) => f !== '');
  const isProgram = (name: string): boolean => folders.some((f) => existsSync(join(f, name)));
  return AGENT_NAMES.filter(
    (agent) =>
      WIRINGS[agent].signs.some((sign) => existsSync(join(project, sign))) ||
      isProgram(WIRINGS[agent].program),
  );
}

function printed(name: string): string {
  if (SHELL_NAMES.includes(name as ShellName))
    return shellScript(name as ShellName, process.execPath, fileURLToPath(CLI));
  const agent = named(name);
  return filesOf(agent)
    .map((file) => `${file}\n${wired(null, agent, file, programs())}`)
    .join('\n');
}

/** A file of the project; null where there is none. @throws {InputError} where it leads elsewhere, or is no plain file. */
function readSetting(project: string, file: string): string | null {
  let path = project;
  for (const part of file.split('/')) {
    path = join(path, part);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (!stat) return null;
    // A project from elsewhere could lead our hand to a file of the person.
    if (stat.isSymbolicLink())
      throw new InputError(`${relative(project, path)} is a link: nothing is written through it`);
    if (stat.isFile() && stat.size > MAX_FILE_BYTES)
      throw new InputError(`${relative(project, path)} is larger than ${MAX_FILE_BYTES} bytes: not touched`);
  }
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new InputError(`${file} cannot be read: ${(error as Error).message}`);
  }
}

/** Removes a file, and the folders that held nothing else. */
function removeFile(project: string, file: string): void {
  const path = join(project, file);
  rmSync(path, { force: true });
  for (
    let folder = dirname(path);
    folder !== project && folder !== dirname(folder);
    folder = dirname(folder)
  ) {
    if (readdirSync(folder).length > 0) return;
    rmdirSync(folder);
  }
}

function shown({ agent, file, before, after }: Change, color: boolean, zh: boolean): string {
  const what =
    after === null
      ? zh
        ? '删除'
        : 'goes'
      : before === null
        ? zh
          ? '新文件'
          : 'new file'
        : zh
          ? '改动'
          : 'changes';
  const lines = diffText(before, after)
    .split('\n')
    .map((line) => {
      if (!color) return `  ${line}`;
      const code = line.startsWith('+') ? 32 : line.startsWith('-') ? 31 : 2;
      return `  \x1b[${code}m${line}\x1b[0m`;
    });
  return [`${agent}: ${file} (${what})`, ...lines, ''].join('\n');
}

function nothingText(agents: readonly AgentName[], remove: boolean, zh: boolean): string {
  if (remove) return zh ? '这里没有我们写的东西。' : 'Nothing of ours is here.';
  if (agents.length === 0)
    return zh
      ? `没有发现编码助手。指名即可：faultbook init ${AGENT_NAMES.join(' | ')}`
      : `No agent is seen here. Name one: faultbook init ${AGENT_NAMES.join(' | ')}`;
  return zh ? '没有要改的。' : 'Nothing to change.';
}

/** The shell of the person, and the line for its start file. */
function shellHint(zh: boolean): string {
  const name = (process.env.SHELL ?? '').split('/').at(-1) as ShellName;
  const shell = SHELL_NAMES.includes(name) ? name : 'bash';
  return zh
    ? `在你的 shell 里（${shell}）：把 faultbook init --print ${shell} 的输出加到它的启动文件`
    : `In your own shell (${shell}): add what  faultbook init --print ${shell}  prints to its start file`;
}

/** Asks, where a person sits there; otherwise nobody agreed. */
function agreed(zh: boolean): boolean {
  if (process.stdin.isTTY !== true || process.stdout.isTTY !== true) return false;
  process.stdout.write(zh ? '写入？[y/N] ' : 'Write this? [y/N] ');
  const answer = Buffer.alloc(16);
  try {
    const length = readSync(0, answer);
    return /^\s*(?:y|yes|是)\s*$/i.test(answer.subarray(0, length).toString('utf8'));
  } catch {
    return false;
  }
}
