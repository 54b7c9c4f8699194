/**
 * Steps: what a command line does, without the many ways to say it. Wrappers (`sudo`, `env`, `timeout`, `bash -c`) are
 * taken off and their meaning kept; options are sorted out from operands; other names become one name.
 */
import { PROGRAMS, type Program, SAME_PROGRAM } from './programs.ts';
import {
  ACTIVE,
  HOLE,
  type ReadOptions,
  readLine,
  SHELL_LIMITS,
  type SimpleCommand,
  unescaped,
  type Word,
} from './shell.ts';
import { isTelling, sedCommands, settingsOf, statementsOf } from './texts.ts';

/** The program of a step that puts texts into a file, whichever program does it. Its one operand is the file. */
export const WRITE = '(write)';

export interface Step {
  readonly program: string;
  /** Who runs it: `root`, another account, or null for whoever types. */
  readonly as: string | null;
  readonly env: ReadonlyMap<string, Word>;
  readonly flags: ReadonlySet<string>;
  readonly options: readonly (readonly [name: string, value: Word])[];
  readonly operands: readonly Word[];
  readonly redirects: readonly (readonly [operator: string, target: Word])[];
  /** What it puts into its file, or into its database: settings, statements. */
  readonly texts: readonly Word[];
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
    canonical: (inner) => {
      const steps = stepsOf(inner, { ...options, depth: depth + 1 }) ?? [];
      return { said: printInner(steps), value: knownValue(steps) };
    },
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

/** What a substitution stands for, where that can be said without running anything: `$(dirname /a/b)`. */
function knownValue(steps: readonly Step[]): Word | null {
  const [step, ...more] = steps;
  const [word, ...others] = step?.operands ?? [];
  if (step === undefined || more.length + others.length + step.flags.size > 0 || word === undefined)
    return null;
  if (word.includes(ACTIVE)) return null;
  if (step.program === 'dirname')
    return word.includes('/') ? word.replace(/(?<=.)\/+[^/]*\/*$/, '') : word.includes(HOLE) ? HOLE : '.';
  return null;
}

export function printStep(step: Step): string {
  return [
    ...(step.as === null ? [] : [`sudo:${step.as}`]),
    ...[...step.env].map(([name, value]) => `${name}=${value}`).sort(),
    step.program,
    ...[...step.flags].sort(),
    ...step.options.map(([name, value]) => `${name}=${value}`).sort(),
    ...step.operands,
    ...step.texts.map((text) => `{${text}}`),
    ...step.redirects.map(([operator, target]) => operator + target),
  ].join(' ');
}

function stepsOf(commands: readonly SimpleCommand[], options: StepOptions): Step[] | null {
  const steps: Step[] = [];
  const exported = new Map<string, Word>();
  const variables = new Map<string, readonly Word[]>();
  /** Folder of the programs that `activate` put in front of the others. */
  let environment: Word | null = null;
  let folder: Word | null = '';
  for (const raw of commands) {
    const command = withValues(raw, variables);
    if (command.each) {
      for (const [key] of command.env) variables.set(key, command.each);
      continue;
    }
    const { words, as, env, folder: own, line } = unwrap(command);
    if (line !== null) {
      const inner = innerSteps(line, options);
      if (inner === null) return null;
      for (const [i, step] of inner.entries())
        steps.push({
          ...step,
          as: step.as ?? as,
          env: new Map([...exported, ...env, ...step.env]),
          folder: joinFolder(folder, step.folder),
          piped: i === 0 ? command.piped : step.piped,
          redirects: [...step.redirects, ...command.redirects],
        });
      continue;
    }
    const [name, ...args] = words;
    if (name === undefined || name === 'export') {
      // What is exported holds for all that follows; where nothing follows, for the commands of other lines.
      const given = new Map<string, Word>(env);
      for (const arg of args) {
        const [, key, value] = /^([A-Za-z_]\w*)=(.*)$/s.exec(arg) ?? [];
        if (key !== undefined) given.set(key, value as string);
      }
      for (const [key, value] of given) {
        if (name !== undefined) exported.set(key, value);
        variables.set(key, [value]);
      }
      if (name !== undefined && raw === commands[commands.length - 1] && given.size > 0)
        steps.push(stepOf([EXPORT], null, given, command, folder));
      continue;
    }
    if (name === 'cd' || name === 'pushd') {
      const [to] = args.filter((a) => a !== '--');
      folder = args.length === 1 && to !== undefined && to !== '-' ? joinFolder(folder, to) : null;
      continue;
    }
    if ((name === 'source' || name === '.') && args[0]?.endsWith('/bin/activate')) {
      environment = args[0].slice(0, -'activate'.length);
      continue;
    }
    if (name === 'xargs' && command.piped) {
      const source = steps[steps.length - 1];
      const step = throughXargs(steps, args);
      if (step === null) return null;
      const found = source?.program === 'find' && !source.piped ? foundBy(source) : null;
      // `find … | xargs rm` is `find … -exec rm {} +`.
      const given = found === null ? step : [...step.slice(0, -1), found.name];
      const where = found === null ? joinFolder(folder, own) : found.folder;
      steps.push({ ...stepOf(given, as, env, command, where), piped: false });
      continue;
    }
    // What the environment has too is its own: `pip` after `activate` is not the system's.
    const called =
      environment !== null && OF_AN_ENVIRONMENT.test(name) ? [environment + name, ...args] : words;
    const step = stepOf(called, as, new Map([...exported, ...env]), command, joinFolder(folder, own));
    const text = command.input ?? (command.piped ? printed(steps[steps.length - 1]) : null);
    const fed = text === null ? null : fedWith(step, text, options);
    const source = steps[steps.length - 1];
    if (fed === null && step.program === 'tee' && step.piped && source && !source.piped) {
      // `A | tee -a F` is `A >> F`, for whoever may write there.
      const operator = step.flags.has('-a') ? '>>' : '>';
      const targets = step.operands.map((target) => [operator, target] as const);
      steps[steps.length - 1] = { ...source, redirects: [...source.redirects, ...targets] };
      continue;
    }
    if (fed === null) {
      steps.push(acting(step));
      continue;
    }
    if (command.input === null) steps.pop();
    for (const one of fed) steps.push({ ...one, piped: false });
  }
  return steps.flatMap((step) => writesOf(step) ?? step);
}

/** The program of a line that only sets variables for others. */
export const EXPORT = 'export';
const OF_AN_ENVIRONMENT = /^(?:pip|python)[\d.]*$/;

/** The steps of a line inside a line (`bash -c "…"`), as if it stood there. */
function innerSteps(line: string, options: StepOptions): readonly Step[] | null {
  return readSteps(line, { ...options, depth: (options.depth ?? 0) + 1 });
}

/** A command with the values of variables that the line itself gave. */
function withValues(command: SimpleCommand, variables: ReadonlyMap<string, readonly Word[]>): SimpleCommand {
  if (variables.size === 0) return command;
  const filled = (word: Word): readonly Word[] => {
    let now = word;
    for (const [name, values] of variables) {
      const written = `${ACTIVE}$${name}`;
      if (now === written) return values;
      const [value] = values;
      if (values.length === 1 && value !== undefined && now.includes(written))
        now = now.split(written).join(value).slice(0, SHELL_LIMITS.maxChars);
    }
    return [now];
  };
  return { ...command, words: command.words.flatMap(filled) };
}

/* Texts that go from one command into another, or into a file. */

/** What a step prints, where that is written in the line; null where it has to be run for it. */
function printed(step: Step | undefined): string | null {
  if (step === undefined || step.redirects.length > 0 || step.piped) return null;
  const { program, operands } = step;
  if (program === 'echo')
    return `${step.flags.has('-e') ? unescaped(operands.join(' ')) : operands.join(' ')}\n`;
  if (program === 'cat' && step.texts.length > 0) return step.texts.join('\n');
  if (program !== 'printf') return null;
  const [format = '', ...values] = operands;
  let next = 0;
  const print = (): string => unescaped(format).replace(/%[sdbq]/g, () => values[next++] ?? '');
  let text = print();
  // The format is used again until all values are printed.
  while (next > 0 && next < values.length) text += print();
  return text;
}

/** What a step does with a text that it reads; null where that says nothing. */
function fedWith(step: Step, text: string, options: StepOptions): readonly Step[] | null {
  if (step.program === 'tee') {
    const targets = step.operands.filter((o) => !o.startsWith('/dev/'));
    return targets.length === 0 ? null : targets.map((target) => writing(step, target, text));
  }
  if (step.program === 'cat' && step.operands.length === 0) return [{ ...step, texts: [text] }];
  if (SQL.has(step.program)) return [{ ...step, texts: [...step.texts, ...statementsOf(text)] }];
  if (step.program === 'redis-cli' && step.operands.length === 0)
    return text
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => ({ ...step, operands: line.toLowerCase().trim().split(/\s+/) }));
  if (SHELLS.has(step.program) && step.operands.length === 0) return innerSteps(text, options);
  return null;
}

/** Programs whose texts are SQL. */
const SQL: ReadonlySet<string> = new Set(['psql', 'mysql', 'sqlite3']);

function writing(step: Step, target: Word, text: string): Step {
  return {
    ...step,
    program: WRITE,
    flags: new Set(),
    options: [],
    operands: [target],
    texts: settingsOf(text),
    redirects: [],
    env: new Map(),
  };
}

/** The step as a text put into a file, where it is that. */
function writesOf(step: Step): readonly Step[] | null {
  const target = step.redirects.find(([operator]) => operator.startsWith('>'))?.[1];
  if (target !== undefined) {
    const text = step.program === ':' ? '' : printed({ ...step, redirects: [], piped: false });
    if (text !== null) return [writing(step, target, text)];
  }
  if (step.program !== 'sed' || !step.flags.has('-i')) return null;
  const [script = '', ...files] = step.operands;
  const commands = sedCommands(script);
  if (commands === null || files.length === 0) return null;
  const texts = commands.flatMap(({ puts }) => settingsOf(puts)).filter(isTelling);
  if (texts.length === 0)
    return [
      { ...step, flags: new Set(['-i']), operands: [commands.map((c) => c.said).join(' ; '), ...files] },
    ];
  return files.map((file) => ({ ...writing(step, file, ''), texts }));
}

/** What `find` is asked for, and where it looks; null where it has no name to look for. */
function foundBy(step: Step): { readonly name: Word; readonly folder: Word | null } | null {
  const at = step.operands.findIndex((o) => o.startsWith('-'));
  const folders = at === -1 ? step.operands : step.operands.slice(0, at);
  const named = step.operands.findIndex((o) => o === '-name' || o === '-iname');
  const name = named === -1 ? undefined : step.operands[named + 1];
  if (name === undefined || folders.length > 1) return null;
  const [from = '.'] = folders;
  return { name, folder: joinFolder(step.folder, from === '.' ? '' : from) };
}

/** What a step does that does it to what it finds: `find … -exec rm {} +`, `find … -delete`. */
function acting(step: Step): Step {
  if (step.program !== 'find') return step;
  const found = foundBy(step);
  if (found !== null && step.operands.includes('-delete'))
    return stepOf(['rm', found.name], step.as, step.env, NO_STREAMS, found.folder);
  const at = step.operands.findIndex((o) => o === '-exec' || o === '-execdir');
  const end = step.operands.findIndex((o, i) => i > at && (o === ';' || o === '+'));
  if (at === -1 || end === -1 || found === null) return step;
  const words = step.operands
    .slice(at + 1, end)
    .map((o) => (o === '{}' || o === `${ACTIVE}{${ACTIVE}}` ? found.name : o));
  return stepOf(words, step.as, step.env, NO_STREAMS, found.folder);
}

const NO_STREAMS = { redirects: [], piped: false } as const;

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
  pnpx: { values: '' },
  bunx: { values: '' },
  corepack: { values: '' },
  busybox: { values: '' },
};
const SHELLS = new Set(['bash', 'sh', 'dash', 'zsh', 'ksh']);
/** Package clients that run a program, by which subcommands. */
const RUNNERS: Readonly<Record<string, readonly string[]>> = {
  npm: ['exec', 'x'],
  pnpm: ['exec', 'dlx'],
  yarn: ['exec', 'dlx'],
  bun: ['x'],
};
const CONTAINERS = new Set(['docker', 'podman', 'kubectl', 'docker-compose']);
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
    const name = programOf(first);
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
    } else if (/(?:^|\/)python[\d.]*$/.test(name)) {
      if (args[0] !== '-m' || args[1] === undefined || !Object.hasOwn(PROGRAMS, args[1])) return done();
      // The modules of an interpreter of its own are its own too.
      words = [name.replace(/[^/]*$/, args[1]), ...args.slice(2)];
    } else if (Object.hasOwn(RUNNERS, name) && RUNNERS[name]?.includes(args[0] ?? '')) {
      const { rest } = leading(args.slice(1), 'pcw', ['package', 'call', 'workspace']);
      if (rest.length === 0) return done();
      words = rest;
    } else if (CONTAINERS.has(name)) {
      // What runs inside a container is still what is done; where, nobody can say.
      const at = args.indexOf('exec');
      if (at === -1 || args.slice(0, at).some((a) => a !== 'compose')) return done();
      const { rest } = leading(args.slice(at + 1), 'ucnew', ['user', 'workdir', 'env', 'container', 'index']);
      const inner = rest.slice(rest[1] === '--' ? 2 : 1);
      if (inner.length === 0) return done();
      words = inner;
      folder = null;
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
  command: Pick<SimpleCommand, 'redirects' | 'piped'>,
  folder: Word | null,
): Step {
  const [first = '', ...rest] = words;
  const called = programOf(first);
  let program = Object.hasOwn(SAME_PROGRAM, called) ? (SAME_PROGRAM[called] as string) : called;
  let args: readonly Word[] = rest;
  if (called === 'docker-compose') args = ['compose', ...args];
  // Its options may stand without a dash.
  if (program === 'tar' && /^[a-zA-Z]+$/.test(args[0] ?? '')) args = [`-${args[0]}`, ...args.slice(1)];
  // The three ways to speak to a service.
  if ((program === 'service' || program === 'rc-service') && args.length === 2) {
    program = 'systemctl';
    args = [args[1] as string, args[0] as string];
  } else if (/^\/etc\/(?:rc\.d\/)?init\.d\//.test(first) && args.length === 1) {
    args = [args[0] as string, basename(first)];
    program = 'systemctl';
  }
  const known: Program = Object.hasOwn(PROGRAMS, program) ? (PROGRAMS[program] as Program) : {};
  const step: Draft = {
    program,
    as: as === '0' ? 'root' : as,
    env: new Map(env),
    ...sortArguments(known, args),
    texts: [],
    redirects: command.redirects,
    folder,
    piped: command.piped,
  };
  fromEnvironment(step);
  if (Object.hasOwn(REWRITES, program)) REWRITES[program]?.(step);
  const [sub] = step.operands;
  if (known.subcommands && sub !== undefined && Object.hasOwn(known.subcommands, sub))
    step.operands[0] = known.subcommands[sub] as string;
  return step;
}

/** Variables that a program reads as if they were its options: `NPM_CONFIG_FORCE=true`, `PIP_USER=1`. */
const OPTION_VARIABLES: Readonly<Record<string, RegExp>> = {
  npm: /^npm_config_(\w+)$/i,
  pnpm: /^npm_config_(\w+)$/i,
  pip: /^PIP_(\w+)$/,
};
/** Variables that hold options as they would be typed. */
const OPTIONS_VARIABLES: Readonly<Record<string, string>> = { node: 'NODE_OPTIONS', go: 'GOFLAGS' };

function fromEnvironment(step: Draft): void {
  const pattern = Object.hasOwn(OPTION_VARIABLES, step.program) ? OPTION_VARIABLES[step.program] : undefined;
  for (const [name, value] of step.env) {
    const option = pattern?.exec(name)?.[1]?.toLowerCase().replaceAll('_', '-');
    if (option === undefined) continue;
    step.env.delete(name);
    if (value === 'true' || value === '1') step.flags.add(`--${option}`);
    else step.options.push([`--${option}`, value]);
  }
  const held = Object.hasOwn(OPTIONS_VARIABLES, step.program) ? OPTIONS_VARIABLES[step.program] : undefined;
  const written = held === undefined ? undefined : step.env.get(held);
  if (held === undefined || written === undefined) return;
  step.env.delete(held);
  for (const word of written.split(/\s+/)) {
    const [name, value] = splitOnce(word, '=');
    if (value === undefined) step.flags.add(name);
    else step.options.push([name, value]);
  }
}

interface Draft extends Step {
  program: string;
  texts: Word[];
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
  const isUnknown = Object.keys(known).length === 0;
  const noise = known.noise ?? (isUnknown ? USUAL_NOISE : []);
  const called = (name: string): string =>
    known.same && Object.hasOwn(known.same, name) ? (known.same[name] as string) : name;
  const add = (name: string, value?: Word): void => {
    const own = called(name);
    if (noise === '*' || noise.includes(own)) return;
    if (value === undefined) flags.add(own);
    else options.push([own, value]);
  };
  for (let at = 0; at < args.length; at++) {
    let word = args[at] as string;
    // Programs with whole words as options take two dashes for one, where they take two at all.
    if (known.wholeWords && /^--[a-z]{2}/.test(word)) word = word.slice(1);
    if (word === '--') {
      operands.push(...args.slice(at + 1));
      break;
    }
    // What follows a script's name is for the script.
    if (!word.startsWith('-') || word === '-' || (known.script && operands.length > 0)) operands.push(word);
    else if (word.startsWith('--')) {
      const [name = '', value] = splitOnce(word, '=');
      if (isUnknown && value !== undefined) {
        // Whether an option takes a value nobody knows: the word is kept where it stands.
        add(name);
        operands.push(value);
        continue;
      }
      const next = args[at + 1];
      const takes = known.longValues?.includes(name.slice(2)) === true;
      if (value === undefined && takes && next !== undefined) {
        at++;
        add(name, next);
      } else add(name, value === 'true' ? undefined : value);
    } else if (known.wholeWords && known.shortValues?.includes(word.slice(1)) && at + 1 < args.length)
      add(word, args[++at]);
    else if (known.plain) operands.push(word);
    else if (known.wholeWords || /^-\d/.test(word)) add(...(splitOnce(word, '=') as [string, string?]));
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

/** What options say nothing about what is done, of programs of which nothing is known. */
const USUAL_NOISE = ['-q', '--quiet', '--silent', '-y', '--yes', '--verbose', '--no-color'];

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
    const [sub] = step.operands;
    if (sub === 'init' && step.operands[1] === '.') step.operands.pop();
    // `+main` is `--force main`.
    if (sub !== 'push' || !step.operands.some((o) => o.startsWith('+'))) return;
    step.flags.add('--force');
    step.operands = step.operands.map((o) => o.replace(/^\+/, ''));
  },
  make(step) {
    inOption(step, '-C');
  },
  kill(step) {
    signalled(step);
    step.operands = step.operands.map((o) => {
      const port = /^\ue001\$\(lsof -t (?:-s=TCP:LISTEN )?-i=:(\S+?)(?: -s=TCP:LISTEN)?\ue001\)$/.exec(
        o,
      )?.[1];
      return port === undefined ? o : `port:${port}`;
    });
  },
  killall: signalled,
  pkill(step) {
    signalled(step);
    // By a plain name, as `killall`.
    if (step.options.length > 0 || !/^[\w.-]+$/.test(step.operands[0] ?? '')) return;
    step.program = 'killall';
    for (const flag of ['-x', '-f']) step.flags.delete(flag);
  },
  systemctl(step) {
    // An instance of a template is what the unit without one manages: `postgresql@15-main`.
    step.operands = step.operands.map((o) => o.replace(/\.service$/, '').replace(/@.*$/, ''));
  },
  lsof(step) {
    step.options = step.options.map(([name, value]) => [
      name,
      name === '-i' ? value.replace(/^[46]?(?:tcp|udp)?@?(?:localhost)?(?=:)/i, '') : value,
    ]);
  },
  chmod(step) {
    // In `chmod -x file` it is a mode that looks like an option.
    const taken = [...step.flags].filter((f) => /^-[rwx]$/.test(f));
    if (taken.length > 0) step.operands.unshift(`-${taken.map((f) => f[1]).join('')}`);
    for (const flag of taken) step.flags.delete(flag);
    step.operands[0] = plainMode(step.operands[0] ?? '');
  },
  chown(step) {
    // The login group of an account bears its name as a rule.
    step.operands[0] = (step.operands[0] ?? '').replace(/^([^:]+):$/, '$1:$1');
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
    connection(step);
    takeSql(step, '-c');
  },
  mysql(step) {
    takeSql(step, '-e');
  },
  sqlite3(step) {
    step.texts.push(...step.operands.splice(1).flatMap(statementsOf));
  },
  createuser(step) {
    // What it sends, as its manual says.
    step.program = 'psql';
    step.texts.push(`create role ${step.operands.splice(0).join('').toLowerCase()} login`);
  },
  go(step) {
    // Kept for all commands that follow, of other lines too.
    const [env, ...pairs] = step.operands;
    if (env !== 'env' || !step.flags.has('-w')) return;
    Object.assign(step, { program: EXPORT, flags: new Set(), operands: [] });
    for (const pair of pairs) {
      const [name, value = ''] = splitOnce(pair, '=');
      step.env.set(name, value);
    }
  },
  python(step) {
    // As its manual says: the same.
    if (step.env.get('PYTHONUTF8') !== '1') return;
    step.env.delete('PYTHONUTF8');
    step.options.push(['-X', 'utf8']);
  },
  'redis-cli'(step) {
    step.operands = step.operands.map((o) => o.toLowerCase());
  },
  usermod(step) {
    // `-G a,b` is `-G a -G b`.
    step.options = step.options.flatMap(([n, v]) =>
      v.split(',').map((one): [string, Word] => [n, n === '-G' ? one : v]),
    );
  },
  gpasswd(step) {
    const group = step.operands.at(-1);
    const user = step.options.find(([n]) => n === '-a')?.[1];
    if (user !== undefined && group !== undefined) Object.assign(step, joining(user, group));
  },
  adduser(step) {
    const [user, group] = step.operands;
    if (user !== undefined && group !== undefined) Object.assign(step, joining(user, group));
  },
  install(step) {
    if (!step.flags.has('-d')) step.program = 'cp';
  },
  perl(step) {
    // `perl -pi -e` is `sed -i`.
    const scripts = step.options.filter(([n]) => n === '-e').map(([, v]) => v);
    if (step.flags.has('-p') && step.flags.has('-i'))
      Object.assign(step, {
        program: 'sed',
        flags: new Set(['-i']),
        options: [],
        operands: [scripts.join(';'), ...step.operands],
      });
  },
  fuser(step) {
    const space = step.options.findIndex(([n]) => n === '-n');
    if (space >= 0) {
      const [[, name]] = step.options.splice(space, 1) as [[string, Word]];
      step.operands = step.operands.map((o) => `${o}/${name}`);
    }
    const port = /^(.+)\/tcp$/.exec(step.operands[0] ?? '')?.[1];
    if (port !== undefined && step.flags.has('-k')) Object.assign(step, killing(port));
  },
  'kill-port'(step) {
    const [port] = step.operands;
    if (port !== undefined) Object.assign(step, killing(port));
  },
  docker(step) {
    const host = step.options.findIndex(([n]) => n === '-H');
    if (host >= 0) step.env.set('DOCKER_HOST', (step.options.splice(host, 1)[0] as [string, Word])[1]);
  },
  ssh(step) {
    // `-o K=V` and `-o "K V"`; what is run over there says nothing about how it is reached.
    step.options = step.options.map(([n, v]) => [n, n === '-o' ? v.replace(/^(\w+)[ =]+/, '$1=') : v]);
    step.operands = step.operands.slice(0, 1);
  },
};

/** Whoever holds a port, killed: by which way it is found says nothing. */
function killing(port: Word): Partial<Draft> {
  return { program: 'kill', flags: new Set(['-KILL']), options: [], operands: [`port:${port}`] };
}

/** An account that joins a group. */
function joining(user: Word, group: Word): Partial<Draft> {
  return { program: 'usermod', flags: new Set(['-a']), options: [['-G', group]], operands: [user] };
}

function takeSql(step: Draft, option: string): void {
  step.options = step.options.filter(([name, value]) => {
    if (name === option) step.texts.push(...statementsOf(value));
    return name !== option;
  });
}

/** Words of a connection string, and variables of libpq, that are options of psql. */
const CONNECTION = { host: '-h', port: '-p', user: '-U', dbname: '-d' } as const;

function connection(step: Draft): void {
  const at = step.options.findIndex(([n, v]) => n === '-d' && /^(?:\w+=|postgres(?:ql)?:\/\/)/.test(v));
  if (at >= 0) {
    const [[, said]] = step.options.splice(at, 1) as [[string, Word]];
    for (const pair of said.includes('://') ? (said.split('?')[1] ?? '').split('&') : said.split(/\s+/)) {
      const [name, value = ''] = splitOnce(pair, '=');
      if (name !== '') step.env.set(`PG${name === 'dbname' ? 'DATABASE' : name.toUpperCase()}`, value);
    }
  }
  for (const [name, option] of Object.entries(CONNECTION)) {
    const variable = `PG${name === 'dbname' ? 'DATABASE' : name.toUpperCase()}`;
    const value = step.env.get(variable);
    if (value === undefined) continue;
    step.env.delete(variable);
    if (!step.options.some(([n]) => n === option)) step.options.push([option, value]);
  }
}

function inPrefix(step: Draft): void {
  inOption(step, '--prefix');
  // `npm run start` is `npm start`.
  if (step.operands[0] === 'run' && NPM_SCRIPTS.has(step.operands[1] ?? '')) step.operands.shift();
  const location = step.options.findIndex(([n, v]) => n === '--location' && v === 'global');
  if (location >= 0) {
    step.options.splice(location, 1);
    step.flags.add('--global');
  }
  // A setting of npm is a line of a file.
  const [config, set, ...pairs] = step.operands;
  if ((config !== 'config' && config !== 'c') || set !== 'set') return;
  const [key = '', value = 'true'] = pairs.flatMap((p) => splitOnce(p, '=').filter((w) => w !== undefined));
  const isHere = step.options.some(([n, v]) => n === '--location' && v === 'project');
  Object.assign(step, writing(step, isHere ? '.npmrc' : `${ACTIVE}~/.npmrc`, `${key}=${value}`));
}

/** Scripts that npm runs without `run`. */
const NPM_SCRIPTS = new Set(['start', 'test', 'stop', 'restart']);

/** An option that names the folder in which the program works. */
function inOption(step: Draft, option: string): void {
  const at = step.options.findIndex(([name]) => name === option);
  if (at < 0) return;
  const [[, value] = ['', '']] = step.options.splice(at, 1);
  step.folder = joinFolder(step.folder, value);
}

function signalled(step: Draft): void {
  const said = step.options.find(([name]) => name === '-s' || name === '-signal')?.[1];
  const flag = [...step.flags].find((f) => /^-(?:\d{1,2}|[A-Z][A-Z0-9]{2,})$/.test(f));
  step.options = step.options.filter(([name]) => name !== '-s' && name !== '-signal');
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

/** A mode of `chmod` in one spelling: `a+rwx`, `ugo=rwx`, `0777`; what is only added stays so, `+x`. */
function plainMode(mode: Word): Word {
  if (/^0*[0-7]{3}$/.test(mode)) return mode.slice(-3);
  const bits = [0, 0, 0];
  let isWhole = true;
  for (const clause of mode.split(',')) {
    const [, who = '', how, what = ''] = /^([ugoa]*)([=+-])([rwxX]*)$/.exec(clause) ?? [];
    if (how === undefined || how === '-') return mode;
    if (how === '+') isWhole = false;
    for (const [i, letter] of ['u', 'g', 'o'].entries())
      if (who === '' || who.includes('a') || who.includes(letter))
        bits[i] = (what.includes('r') ? 4 : 0) | (what.includes('w') ? 2 : 0) | (/[xX]/.test(what) ? 1 : 0);
  }
  // Something added to what nobody knows is known where everybody may read and write: the rest hardly matters.
  return isWhole || bits.every((b) => b >= 6) ? bits.join('') : mode.replace(/^a?\+/, '+');
}

/** Folders of programs that are called by their names alone. */
const BIN = /^\/(?:usr\/(?:local\/)?)?s?bin\/[^/]+$|(?:^|\/)node_modules\/\.bin\/[^/]+$/;

/** A program's name; one in a folder of its own is another than the one of that name on the path. */
function programOf(word: Word): string {
  if (word.includes(ACTIVE) || word.includes(HOLE)) return word;
  const name = BIN.test(word) ? basename(word) : word;
  return name.replace(/^(pip|python)\d[\d.]*$/, '$1');
}

function basename(word: Word): string {
  if (word.includes(ACTIVE) || word.includes(HOLE)) return word;
  return word.slice(word.lastIndexOf('/') + 1);
}
