/**
 * Steps: what a command line does, without the many ways to say it. Wrappers (`sudo`, `env`, `timeout`, `bash -c`) are
 * taken off and their meaning kept; options are sorted out from operands; other names become one name.
 */
import { PROGRAMS, type Program, SAME_PROGRAM } from './programs.ts';
import { ACTIVE, HOLE, type ReadOptions, readLine, type SimpleCommand, type Word } from './shell.ts';

export interface Step {
  readonly program: string;
  /** Who runs it: `root`, another account, or null for whoever types. */
  readonly as: string | null;
  readonly env: ReadonlyMap<string, Word>;
  readonly flags: ReadonlySet<string>;
  readonly options: readonly (readonly [name: string, value: Word])[];
  readonly operands: readonly Word[];
  readonly redirects: readonly (readonly [operator: string, target: Word])[];
  /** Folder in which it runs, from where the line does: '' is there; null: nobody can say. */
  readonly folder: Word | null;
  /** Its input is the output of the step before. */
  readonly piped: boolean;
}

export type StepOptions = Pick<ReadOptions, 'placeholders' | 'depth'>;

/** The steps of a line in their order; null where it cannot be read plainly. */
export function readSteps(line: string, options: StepOptions = {}): readonly Step[] | null {
  const depth = options.depth ?? 0;
  const commands = readLine(line, {
    ...options,
    canonical: (inner) => printInner(stepsOf(inner, { ...options, depth: depth + 1 }) ?? []),
  });
  return commands && stepsOf(commands, options);
}

/** A way to write steps down in which two that are the same are the same text. */
export function printSteps(steps: readonly Step[]): string {
  return steps.map((step, i) => `${i === 0 ? '' : step.piped ? ' | ' : ' ; '}${printStep(step)}`).join('');
}

/** The same of a substitution, which reads something: as root or not, it reads the same. */
function printInner(steps: readonly Step[]): string {
  return printSteps(steps.map((step) => (step.as === 'root' ? { ...step, as: null } : step)));
}

export function printStep(step: Step): string {
  return [
    ...(step.as === null ? [] : [`sudo:${step.as}`]),
    ...[...step.env].map(([name, value]) => `${name}=${value}`).sort(),
    step.program,
    ...[...step.flags].sort(),
    ...step.options.map(([name, value]) => `${name}=${value}`).sort(),
    ...step.operands,
    ...step.redirects.map(([operator, target]) => operator + target),
  ].join(' ');
}

function stepsOf(commands: readonly SimpleCommand[], options: StepOptions): Step[] | null {
  const steps: Step[] = [];
  const exported = new Map<string, Word>();
  let folder: Word | null = '';
  for (const command of commands) {
    const { words, as, env, folder: own, line } = unwrap(command);
    if (line !== null) {
      // `bash -c "…"`: what is in it, as if it stood here.
      const depth = (options.depth ?? 0) + 1;
      const inner = readSteps(line, { ...options, depth });
      if (inner === null) return null;
      for (const [i, step] of inner.entries())
        steps.push({
          ...step,
          as: step.as ?? as,
          env: new Map([...exported, ...env, ...step.env]),
          folder: joinFolder(folder, step.folder),
          piped: i === 0 ? command.piped : step.piped,
        });
      continue;
    }
    const [name, ...args] = words;
    if (name === undefined) {
      // Assignments alone hold for what follows.
      for (const [key, value] of env) exported.set(key, value);
      continue;
    }
    if (name === 'cd' || name === 'pushd') {
      const [to] = args.filter((a) => a !== '--');
      folder = args.length === 1 && to !== undefined && to !== '-' ? joinFolder(folder, to) : null;
      continue;
    }
    if (name === 'export') {
      for (const arg of args) {
        const [, key, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(arg) ?? [];
        if (key !== undefined) exported.set(key, value as string);
      }
      continue;
    }
    if (name === 'xargs' && command.piped) {
      const step = throughXargs(steps, args);
      if (step === null) return null;
      steps.push({ ...stepOf(step, as, env, command, joinFolder(folder, own)), piped: false });
      continue;
    }
    steps.push(stepOf(words, as, new Map([...exported, ...env]), command, joinFolder(folder, own)));
  }
  return steps;
}

function joinFolder(from: Word | null, to: Word | null): Word | null {
  if (from === null || to === null) return null;
  if (to === '' || to.startsWith('/') || to.startsWith(`${ACTIVE}~`) || to.startsWith(`${ACTIVE}$`))
    return to === '' ? from : to;
  return from === '' ? to : `${from}/${to}`;
}

/* Wrappers. */

interface Unwrapped {
  readonly words: readonly Word[];
  readonly as: string | null;
  readonly env: ReadonlyMap<string, Word>;
  readonly folder: Word | null;
  /** The command line that a shell was given, where it was. */
  readonly line: string | null;
}

/** Programs that run another one, with the letters of their options that take a value and the operands before it. */
const WRAPPERS: Readonly<Record<string, { readonly values: string; readonly operands?: number }>> = {
  command: { values: '' },
  builtin: { values: '' },
  exec: { values: 'a' },
  nohup: { values: '' },
  time: { values: 'fo' },
  setsid: { values: '' },
  nice: { values: 'n' },
  ionice: { values: 'cn' },
  timeout: { values: 'sk', operands: 1 },
  stdbuf: { values: 'ioe' },
  unbuffer: { values: '' },
  chronic: { values: '' },
  npx: { values: 'pc' },
  bunx: { values: '' },
  corepack: { values: '' },
  busybox: { values: '' },
};
const SHELLS = new Set(['bash', 'sh', 'dash', 'zsh', 'ksh']);
const MAX_WRAPPERS = 8;

function unwrap(command: SimpleCommand): Unwrapped {
  let words: readonly Word[] = command.words;
  const env = new Map<string, Word>(command.env);
  let as: string | null = null;
  let folder: Word | null = '';
  const done = (line: string | null = null): Unwrapped => ({ words, as, env, folder, line });
  for (let round = 0; round < MAX_WRAPPERS; round++) {
    const [first] = words;
    if (first === undefined) return done();
    const name = basename(first);
    const args = words.slice(1);
    if (name === 'sudo' || name === 'doas') {
      const { rest, values } = leading(args, 'ugpCDRThr', ['user', 'group']);
      if (rest.length === 0) return done();
      const user = values.get('u') ?? values.get('user') ?? 'root';
      as = user;
      words = takeAssignments(rest, env);
    } else if (name === 'env') {
      const { rest, values } = leading(args, 'uC', ['unset', 'chdir']);
      folder = values.get('C') ?? values.get('chdir') ?? folder;
      words = takeAssignments(rest, env);
      if (words.length === 0) return done();
    } else if (name === 'su' || name === 'runuser') {
      const { rest, values } = leading(
        args.filter((a) => a !== '-'),
        'ucsg',
        ['command', 'user', 'shell'],
      );
      const user = values.get('u') ?? values.get('user');
      // Options may follow the account: `su postgres -c "…"`. With `-u` a command follows, and its own options.
      const later = user === undefined ? leading(rest.slice(1), 'cs', ['command']).values : new Map();
      const line = values.get('c') ?? values.get('command') ?? later.get('c') ?? null;
      as = user ?? rest[0] ?? 'root';
      if (line !== null) return line.includes(ACTIVE) ? done() : done(line);
      if (user === undefined) return done();
      words = rest;
    } else if (SHELLS.has(name)) {
      const at = args.findIndex((a) => !a.startsWith('-') && !a.startsWith('+'));
      const flag = at > 0 ? args[at - 1] : undefined;
      const line = args[at];
      if (flag === undefined || line === undefined || !/^-[a-z]*c$/.test(flag)) return done();
      // What it expands itself nobody can say.
      return line.includes(ACTIVE) ? done() : done(line);
    } else if (name === 'faultbook' && args[0] === 'run') {
      words = args.slice(args[1] === '--' ? 2 : 1);
    } else if (name === 'python' || name === 'python3') {
      if (args[0] !== '-m' || args[1] === undefined || !Object.hasOwn(PROGRAMS, args[1])) return done();
      words = args.slice(1);
    } else {
      const wrapper = Object.hasOwn(WRAPPERS, name) ? WRAPPERS[name] : undefined;
      if (!wrapper || (name === 'command' && /^-[vV]/.test(args[0] ?? ''))) return done();
      const { rest } = leading(args, wrapper.values, []);
      const inner = rest.slice(wrapper.operands ?? 0);
      if (inner.length === 0) return done();
      // `npx rimraf@5 x`: the version says nothing of what is done.
      words = name === 'npx' ? [inner[0]?.replace(/(.)@[^/]*$/, '$1') as Word, ...inner.slice(1)] : inner;
    }
  }
  return done();
}

/** Options at the front of some words, and what follows them. */
function leading(
  words: readonly Word[],
  shortValues: string,
  longValues: readonly string[],
): { readonly rest: readonly Word[]; readonly values: ReadonlyMap<string, Word> } {
  const values = new Map<string, Word>();
  let at = 0;
  while (at < words.length) {
    const word = words[at] as string;
    if (word === '--') {
      at++;
      break;
    }
    if (!word.startsWith('-') || word === '-') break;
    at++;
    if (word.startsWith('--')) {
      const [name = '', value] = splitOnce(word.slice(2), '=');
      if (value !== undefined) values.set(name, value);
      else if (longValues.includes(name) && words[at] !== undefined) values.set(name, words[at++] as string);
      continue;
    }
    const letter = word[1] as string;
    const last = word[word.length - 1] as string;
    if (shortValues.includes(letter)) values.set(letter, word.slice(2) || ((words[at++] ?? '') as string));
    else if (word.length > 2 && shortValues.includes(last)) values.set(last, words[at++] ?? '');
  }
  return { rest: words.slice(at), values };
}

function takeAssignments(words: readonly Word[], env: Map<string, Word>): readonly Word[] {
  let at = 0;
  for (; at < words.length; at++) {
    const [, name, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(words[at] as string) ?? [];
    if (name === undefined) break;
    env.set(name, value as string);
  }
  return words.slice(at);
}

/** `A | xargs B` is `B $(A)`. */
function throughXargs(steps: Step[], args: readonly Word[]): readonly Word[] | null {
  let from = steps.length - 1;
  while (from > 0 && steps[from]?.piped) from--;
  const source = steps.splice(Math.max(0, from));
  if (source.length === 0) return null;
  const { rest, values } = leading(args, 'nPdLIs', ['max-args', 'max-procs']);
  if (rest.length === 0) return null;
  const word = `${ACTIVE}$(${printInner(source)}${ACTIVE})`;
  const slot = values.get('I');
  return slot === undefined ? [...rest, word] : rest.map((w) => (w === slot ? word : w));
}

/* One command. */

function stepOf(
  words: readonly Word[],
  as: string | null,
  env: ReadonlyMap<string, Word>,
  command: SimpleCommand,
  folder: Word | null,
): Step {
  const [first = '', ...rest] = words;
  const called = basename(first);
  let program = Object.hasOwn(SAME_PROGRAM, called) ? (SAME_PROGRAM[called] as string) : called;
  let args: readonly Word[] = rest;
  if (called === 'docker-compose') args = ['compose', ...args];
  // The three ways to speak to a service.
  if ((program === 'service' || program === 'rc-service') && args.length === 2) {
    program = 'systemctl';
    args = [args[1] as string, args[0] as string];
  } else if (/^\/etc\/(?:rc\.d\/)?init\.d\//.test(first) && args.length === 1) {
    args = [args[0] as string, program];
    program = 'systemctl';
  }
  const known: Program = Object.hasOwn(PROGRAMS, program) ? (PROGRAMS[program] as Program) : {};
  const sorted = sortArguments(known, args);
  const step: Draft = {
    program,
    as: as === '0' ? 'root' : as,
    env: new Map(env),
    ...sorted,
    redirects: command.redirects,
    folder,
    piped: command.piped,
  };
  REWRITES[program]?.(step);
  const [sub] = step.operands;
  if (known.subcommands && sub !== undefined && Object.hasOwn(known.subcommands, sub))
    step.operands[0] = known.subcommands[sub] as string;
  return step;
}

interface Draft extends Step {
  env: Map<string, Word>;
  flags: Set<string>;
  options: [string, Word][];
  operands: Word[];
  folder: Word | null;
}

function sortArguments(
  known: Program,
  args: readonly Word[],
): { flags: Set<string>; options: [string, Word][]; operands: Word[] } {
  const flags = new Set<string>();
  const options: [string, Word][] = [];
  const operands: Word[] = [];
  const noise = known.noise ?? [];
  const called = (name: string): string =>
    known.same && Object.hasOwn(known.same, name) ? (known.same[name] as string) : name;
  const add = (name: string, value?: Word): void => {
    const own = called(name);
    if (noise === '*' || noise.includes(own)) return;
    if (value === undefined) flags.add(own);
    else options.push([own, value]);
  };
  for (let at = 0; at < args.length; at++) {
    const word = args[at] as string;
    if (word === '--') {
      operands.push(...args.slice(at + 1));
      break;
    }
    // What follows a script's name is for the script.
    if (!word.startsWith('-') || word === '-' || (known.script && operands.length > 0)) operands.push(word);
    else if (word.startsWith('--')) {
      const [name = '', value] = splitOnce(word, '=');
      const next = args[at + 1];
      const takes = known.longValues?.includes(name.slice(2)) === true;
      if (value === undefined && takes && next !== undefined) {
        at++;
        add(name, next);
      } else add(name, value === 'true' ? undefined : value);
    } else if (known.wholeWords && known.shortValues?.includes(word.slice(1)) && at + 1 < args.length)
      add(word, args[++at]);
    else if (known.wholeWords || /^-\d/.test(word)) add(word);
    else {
      // `-rf` is `-r -f`; in `-Uapp` and `-ti:80` a value begins behind its letter.
      for (let i = 1; i < word.length; i++) {
        const letter = word[i] as string;
        if (!/[A-Za-z0-9]/.test(letter)) {
          add(word.slice(0, i), word.slice(i).replace(/^=/, ''));
          break;
        }
        if (!known.shortValues?.includes(letter)) {
          add(`-${letter}`);
          continue;
        }
        const value = word.slice(i + 1).replace(/^=/, '') || args[++at];
        add(`-${letter}`, value);
        break;
      }
    }
  }
  return { flags, options, operands };
}

const SIGNALS: Readonly<Record<string, string>> = {
  '1': 'HUP',
  '2': 'INT',
  '3': 'QUIT',
  '9': 'KILL',
  '15': 'TERM',
};

/** What is special about single programs. */
const REWRITES: Readonly<Record<string, (step: Draft) => void>> = {
  npm: inPrefix,
  pnpm: inPrefix,
  yarn(step) {
    inOption(step, '--cwd');
    if (step.operands.length === 0) step.operands.push('install');
  },
  git(step) {
    inOption(step, '-C');
  },
  make(step) {
    inOption(step, '-C');
  },
  kill: signalled,
  killall: signalled,
  pkill: signalled,
  systemctl(step) {
    step.operands = step.operands.map((o) => o.replace(/\.service$/, ''));
  },
  lsof(step) {
    step.options = step.options.map(([name, value]) => [
      name,
      name === '-i' ? value.replace(/^[46]?(?:tcp|udp)?@?(?:localhost)?(?=:)/i, '') : value,
    ]);
  },
  chmod(step) {
    const [mode = ''] = step.operands;
    const all = mode.replace(/^0+(?=[0-7]{3})/, '').replace(/^(?:a|ugo)(?=[+=-])/, '');
    step.operands[0] = /^[+=]rw[xX]$/.test(all) ? '777' : all;
  },
  sed(step) {
    // The suffix of the copy that `-i` leaves says nothing of the edit, and the script may stand behind `-e`.
    const scripts: Word[] = [];
    step.options = step.options.filter(([name, value]) => {
      if (name === '-e') scripts.push(value);
      if (name === '-i') step.flags.add('-i');
      return name !== '-e' && name !== '-i';
    });
    step.operands = [...scripts, ...step.operands].filter((o) => o !== '');
  },
  psql(step) {
    // Operands are a database and a role.
    const names = ['-d', '-U'].filter((n) => !step.options.some(([name]) => name === n));
    for (const value of step.operands.splice(0, 2)) {
      const name = names.shift();
      if (name !== undefined) step.options.push([name, value]);
    }
    step.options = step.options.map(([name, value]) => [name, name === '-c' ? plainSql(value) : value]);
  },
};

/** SQL without what does not count: letter case, spaces, the semicolon, and two words for one thing. */
function plainSql(sql: Word): Word {
  return sql
    .toLowerCase()
    .replace(/\s+/g, ' ')
    .replace(/[ ;]+$/, '')
    .trim()
    .replace(/^(alter|create|drop) user\b/, '$1 role')
    .replace(/ with (?:encrypted )?password /, ' password ');
}

function inPrefix(step: Draft): void {
  inOption(step, '--prefix');
  // npm reads its options from the environment too.
  for (const [name, value] of step.env) {
    const option = /^npm_config_(\w+)$/i.exec(name)?.[1]?.toLowerCase().replaceAll('_', '-');
    if (option === undefined) continue;
    step.env.delete(name);
    if (value === 'true' || value === '1') step.flags.add(`--${option}`);
    else step.options.push([`--${option}`, value]);
  }
}

/** An option that names the folder in which the program works. */
function inOption(step: Draft, option: string): void {
  const at = step.options.findIndex(([name]) => name === option);
  if (at < 0) return;
  const [[, value] = ['', '']] = step.options.splice(at, 1);
  step.folder = joinFolder(step.folder, value);
}

function signalled(step: Draft): void {
  const said = step.options.find(([name]) => name === '-s' || name === '--signal')?.[1];
  const flag = [...step.flags].find((f) => /^-(?:\d{1,2}|[A-Z][A-Z0-9]{2,})$/.test(f));
  step.options = step.options.filter(([name]) => name !== '-s' && name !== '--signal');
  if (flag !== undefined) step.flags.delete(flag);
  const signal = (said ?? flag?.slice(1) ?? 'TERM').replace(/^SIG/, '');
  const name = SIGNALS[signal] ?? signal;
  // TERM is what is sent where nothing is said.
  if (name !== 'TERM') step.flags.add(`-${name}`);
}

function splitOnce(text: string, at: string): [string, string | undefined] {
  const i = text.indexOf(at);
  return i === -1 ? [text, undefined] : [text.slice(0, i), text.slice(i + at.length)];
}

function basename(word: Word): string {
  if (word.includes(ACTIVE) || word.includes(HOLE)) return word;
  return word.slice(word.lastIndexOf('/') + 1);
}
