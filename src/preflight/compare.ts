/** Whether a command line does what a known action does: step by step, word by word, without running either. */
import { FILLERS, FILTERS, INERT_OPTIONS, PROGRAMS, type Program } from './programs.ts';
import { ACTIVE, HOLE, type Word } from './shell.ts';
import { EXPORT, printStep, readSteps, type Step, WRITE } from './steps.ts';
import { withoutNumbers } from './texts.ts';

/** Where a line would run. */
export interface Place {
  /** Absolute; null: unknown. */
  readonly folder: string | null;
  /** The person's home folder; null: unknown. */
  readonly home?: string | null;
  /** The programs of what failed there: what an action calls `<the same command>` is one of them. */
  readonly failed?: readonly string[];
}

const READ = new WeakMap<readonly string[], readonly Step[]>();

/** What an action's commands do; empty where they cannot be read. Read once: a hook compares one line more than once. */
export function stepsOfAction(commands: readonly string[]): readonly Step[] {
  let steps = READ.get(commands);
  if (!steps) {
    steps = readAction(commands);
    READ.set(commands, steps);
  }
  return steps;
}

function readAction(commands: readonly string[]): readonly Step[] {
  const steps: Step[] = [];
  for (const command of commands) {
    const read = readSteps(command, { placeholders: true });
    if (read === null) return [];
    steps.push(...read);
  }
  return essential(steps);
}

/**
 * Without what changes nothing: pauses, and the end of a pipe that only shows less. All of it where nothing else is there.
 */
export function essential(steps: readonly Step[]): readonly Step[] {
  const kept = steps.filter((step, i) => {
    if (FILLERS.has(step.program)) return false;
    if (step.program === 'echo' && step.redirects.length === 0 && !steps[i + 1]?.piped) return false;
    return !isFilter(steps, i);
  });
  return kept.length > 0 ? kept : steps;
}

/** Whether a step is the end of a pipe that only shows less: everything behind it in the pipe is of its kind too. */
function isFilter(steps: readonly Step[], at: number): boolean {
  for (let i = at; i < steps.length && (i === at || steps[i]?.piped); i++) {
    const step = steps[i] as Step;
    // What a filter writes somewhere is an effect, as of `tee -a` with rights of its own.
    if (!step.piped || !FILTERS.has(step.program) || step.as !== null || step.flags.has('-i')) return false;
    if (step.program === 'tee' && step.flags.has('-a')) return false;
  }
  return true;
}

/** What of a line an action explains. */
export interface Explained {
  /** Literal parts of the action's steps that the line has. */
  readonly score: number;
  /** Places of those steps in the line. */
  readonly at: readonly number[];
}

/**
 * What of a line is explained by an action; null where the line does not do what is the action's own.
 * `shared`: steps (printed) that other, sensible actions of the same fault have as well.
 */
export function explained(
  line: readonly Step[],
  place: Place,
  action: readonly Step[],
  from: Place,
  shared: ReadonlySet<string> = new Set(),
): Explained | null {
  const own = action.filter((step) => !shared.has(printStep(step)));
  const acting = (own.length > 0 ? own : action).filter((step) => !prepares(step));
  const needed = acting.length > 0 ? acting : own.length > 0 ? own : action;
  if (needed.length === 0) return null;
  const places: number[] = [];
  let score = 0;
  let at = 0;
  for (const step of action) {
    const found = findStep(line, place, step, from, at, places[places.length - 1] ?? -1);
    if (found === null) {
      if (needed.includes(step)) return null;
      continue;
    }
    score += found.score;
    places.push(found.at);
    at = found.at + 1;
  }
  return { score, at: places };
}

/** Whether a step only fetches, looks, or makes a change count that another step made: alone it is not the action. */
function prepares(step: Step): boolean {
  const [sub = ''] = step.operands;
  if (step.program === 'git') return sub === 'fetch';
  if (step.program === 'apt-get') return sub === 'update';
  if (step.program === 'systemctl') return sub === 'reload';
  // What failed, once more.
  if (step.program === HOLE) return step.as === null && step.env.size === 0;
  return (step.program === 'nginx' || step.program === 'apache2') && step.flags.has('-t');
}

function findStep(
  line: readonly Step[],
  place: Place,
  wanted: Step,
  from: Place,
  at: number,
  last: number,
): { readonly score: number; readonly at: number } | null {
  if (wanted.piped && last >= 0) {
    const next = line[last + 1];
    const score = next?.piped ? compareSteps(wanted, from, next, place) : 0;
    return score > 0 ? { score, at: last + 1 } : null;
  }
  for (let i = at; i < line.length; i++) {
    const score = compareSteps(wanted, from, line[i] as Step, place);
    if (score > 0) return { score, at: i };
  }
  // `rm -rf a && rm b` is `rm -rf a b`; two lines written one after the other are one text.
  const spec = specOf(wanted);
  if (spec.ordered === 0 || wanted.program === WRITE) {
    const parts = line.slice(at).filter((s) => s.program === wanted.program);
    const [first] = parts;
    if (first && parts.length > 1) {
      const union: Step = {
        ...first,
        flags: new Set(parts.flatMap((p) => [...p.flags])),
        operands: parts.flatMap((p) => p.operands),
        texts: parts.flatMap((p) => p.texts),
      };
      const score = compareSteps(wanted, from, union, place);
      if (score > 0) return { score, at: line.lastIndexOf(parts[parts.length - 1] as Step) };
    }
  }
  return null;
}

/** What a part is worth that says the same in other words; one that is the same word is worth 1. */
const ALIKE = 0.75;

/** How many literal parts of a wanted step another one has, if it has all of them; 0 where it does something else. */
function compareSteps(wanted: Step, from: Place, step: Step, place: Place): number {
  const here = inFolder(place, step.folder);
  const there = inFolder(from, wanted.folder);
  // Variables that are set for all that follows are set for this too.
  if ((step.program === EXPORT || wanted.program === EXPORT) && wanted.env.size > 0)
    return compareEnv(wanted, there, step, here);
  if (wanted.program === WRITE || step.program === WRITE) return compareWrites(wanted, there, step, here);
  // What is moved there is there, as if it were copied; what is moved away is removed.
  if (wanted.program === 'cp' && step.program === 'mv')
    return compareSteps(wanted, from, { ...step, program: 'cp' }, place) * ALIKE;
  if (wanted.program === 'rm' && step.program === 'mv')
    return (
      compareSteps(wanted, from, { ...step, program: 'rm', operands: step.operands.slice(0, -1) }, place) *
      ALIKE
    );
  const isSame =
    wanted.program === HOLE
      ? from.failed?.some((program) => sameWord(program, from, step.program, place))
      : sameWord(wanted.program, from, step.program, place);
  if (!isSame) return 0;
  const spec = specOf(wanted);
  let score = 1;
  // What a server is told is the same, whoever tells it.
  const isTold = SERVED.has(wanted.program) && wanted.texts.some((text) => text !== HOLE);
  const isAnybody = wanted.as === HOLE && step.as !== null && step.as !== 'root';
  if (wanted.as !== step.as && !isTold && !isAnybody) {
    // Another account is another action; root where nobody was named only matters where it depends on who asks.
    const roots = [wanted.as, step.as].every((as) => as === null || as === 'root');
    if (!roots || spec.identity) return 0;
    // A person's own `pip install` is not `sudo pip install`; `chmod` is the same under both, where it works.
    if (wanted.as === 'root' && !spec.administers) return 0;
  } else if (wanted.as !== null) score += 0.5;
  for (const flag of wanted.flags) {
    if (!hasFlag(step, flag, spec)) return 0;
    score += 1;
  }
  for (const flag of step.flags)
    if ((INERT_OPTIONS.has(flag) || spec.inert === flag) && !wanted.flags.has(flag)) return 0;
  for (const [name, value] of wanted.options) {
    const given = step.options.find(([n, v]) => n === name && sameWord(value, there, v, here));
    if (given) score += weightOf(value, name);
    // What the reader is asked for may have been said in another way, or be the default.
    else if (value !== HOLE || step.options.some(([n]) => n === name)) return 0;
  }
  if (wanted.env.size > 0) {
    const env = compareEnv(wanted, there, step, here);
    if (env === 0) return 0;
    score += env;
  }
  for (const [operator, target] of wanted.redirects) {
    if (!step.redirects.some(([o, t]) => o === operator && sameWord(target, there, t, here))) return 0;
    score += weightOf(target);
  }
  const texts = compareTexts(wanted.texts, step.texts);
  const operands = compareOperands(wanted, there, step, here, spec);
  if (texts < 0 || operands < 0 || !sameFolder(wanted, there, here)) return 0;
  return score + texts + operands;
}

/** Whether a step has an option; of a program of which nothing is known, `-c` is every long one that begins so. */
function hasFlag(step: Step, flag: string, spec: Program): boolean {
  if (step.flags.has(flag)) return true;
  if (Object.keys(spec).length > 0 || !/^-[a-zA-Z]$|^--[a-zA-Z]/.test(flag)) return false;
  const isShort = flag[1] !== '-';
  return [...step.flags].some(
    (f) => (f[1] !== '-') !== isShort && f.replace(/^-+/, '')[0] === flag.replace(/^-+/, '')[0],
  );
}

/** What only reads, of programs that fail for who runs them: as root it is an example of anything. */
const EXAMPLES: Readonly<Record<string, readonly string[]>> = { git: ['status'], docker: ['ps'] };

/** Programs that hand their texts on to a server. */
const SERVED: ReadonlySet<string> = new Set(['psql', 'mysql']);

/** Variables of a wanted step that another has, all of them; 0 where one is not there. */
function compareEnv(wanted: Step, there: Place, step: Step, here: Place): number {
  let score = 0;
  for (const [name, value] of wanted.env) {
    const given = step.env.get(name);
    if (given === undefined || !sameWord(value, there, given, here)) return 0;
    score += 0.5 + weightOf(value) / 2;
  }
  return score;
}

/** A text that is put into a file; an empty one is what `touch` makes. */
function compareWrites(wanted: Step, there: Place, step: Step, here: Place): number {
  const isEmpty = (s: Step): boolean => s.program === WRITE && s.texts.length === 0;
  const makes = (s: Step): boolean => s.program === 'touch' || isEmpty(s);
  if (makes(wanted) && makes(step))
    return wanted.operands.every((w) => step.operands.some((o) => sameWord(w, there, o, here)))
      ? ALIKE * 2
      : 0;
  if (wanted.program !== WRITE || step.program !== WRITE) return 0;
  const texts = wanted.texts.length === 0 ? -1 : compareTexts(wanted.texts, step.texts);
  const target = sameFile(wanted.operands[0] as Word, there, step.operands[0] as Word, here);
  return texts < 0 || target < 0 ? 0 : 1 + texts + target;
}

/** Whether two files take the same settings: the same file, one that has to be found out, or two of one folder of snippets. */
function sameFile(wanted: Word, there: Place, word: Word, here: Place): number {
  if (wanted.includes(`${ACTIVE}$(`)) return 0;
  if (sameWord(wanted, there, word, here)) return weightOf(wanted);
  const folder = folderOf(resolved(wanted, there));
  return /(?:\.d|-enabled|-available)$/.test(folder) && folder === folderOf(resolved(word, here))
    ? ALIKE
    : -1;
}

/** Wanted texts that are among others, all of them; -1 where one is not there. */
function compareTexts(wanted: readonly Word[], texts: readonly Word[]): number {
  let score = 0;
  for (const text of wanted) {
    const best = Math.max(0, ...texts.map((t) => sameText(text, t)));
    if (best === 0) return -1;
    score += best;
  }
  return score;
}

function sameText(wanted: Word, text: Word): number {
  if (wanted === text) return 1;
  const [a, b] = [wanted.toLowerCase(), text.toLowerCase()];
  if (a === b || matchesHoles(a, b)) return ALIKE;
  return withoutNumbers(a) === withoutNumbers(b) ? ALIKE / 2 : 0;
}

/** Literal operands of a wanted step that another has, in order or as a set; -1 where one is not there. */
function compareOperands(wanted: Step, there: Place, step: Step, here: Place, spec: Program): number {
  // `sudo <the same command>`: with whatever it is told.
  if (wanted.program === HOLE && wanted.operands.length === 0) return 0;
  const sub = wanted.operands[0] ?? '';
  if (wanted.as === 'root' && EXAMPLES[wanted.program]?.includes(sub)) return 1;
  const isOpen = spec.open?.includes(sub) === true;
  // `npm install` is about everything; `npm install react` is not.
  const isBare = wanted.flags.size + wanted.options.length === 0 && wanted.as === null;
  if (isOpen && isBare && wanted.operands.length === 1 && step.operands.length > 1) return -1;
  const isUsual = spec.usual?.includes(sub) === true;
  // Among the words of a program of which nothing is known are the values of its options, which move with them.
  const moves = Object.keys(spec).length === 0 && wanted.flags.size > 0;
  const ordered = isOpen
    ? 1
    : (spec.ordered ?? (moves ? 0 : spec.script ? Math.max(1, wanted.operands.length) : null));
  // `<files>` are any number of words.
  const isList = wanted.operands[wanted.operands.length - 1] === HOLE && ordered === null && !spec.script;
  const more = step.operands.length - wanted.operands.length;
  if (isList && more > 0)
    return compareOperands(wanted, there, { ...step, operands: step.operands.slice(0, -more) }, here, spec);
  if (
    moves &&
    more > step.flags.size - wanted.flags.size &&
    wanted.operands[wanted.operands.length - 1] !== HOLE
  )
    return -1;
  const first = ordered ?? wanted.operands.length;
  if (ordered === null && !isUsual && step.operands.length !== wanted.operands.length) return -1;
  let score = 0;
  for (let i = 0; i < Math.min(first, wanted.operands.length); i++) {
    const word = step.operands[i];
    // What is not said is what is usual.
    if (word === undefined && isUsual && i > 0) continue;
    const same = word === undefined ? 0 : sameOperand(wanted, i, there, word, here);
    if (same === 0) return -1;
    score += same * weightOf(wanted.operands[i] as Word);
  }
  const left = step.operands.slice(first);
  // Literal words choose first: a placeholder would take what belongs to them.
  const rest = wanted.operands
    .slice(first)
    .sort((a, b) => Number(a.includes(HOLE)) - Number(b.includes(HOLE)));
  for (const word of rest) {
    const at = left.findIndex((l) => sameWord(word, there, l, here));
    if (at >= 0) left.splice(at, 1);
    // `pip install -r FILE` says what to install, too.
    else if (isBare || word !== HOLE || !step.options.some(([n]) => n === '--requirement')) return -1;
    score += weightOf(word);
  }
  return score;
}

/** Whether an operand says what is wanted in its place: 1 the same, less for what amounts to it, 0 something else. */
function sameOperand(wanted: Step, at: number, there: Place, word: Word, here: Place): number {
  const want = wanted.operands[at] as Word;
  if (sameWord(want, there, word, here)) return 1;
  if (wanted.program === 'chmod' && at === 0) return sameMode(want, word);
  if (wanted.program === 'git' && wanted.operands[0] === 'push' && at > 1)
    return word.endsWith(`:${want}`) ? ALIKE : 0;
  // What is said against an option of `install` is said against it in `ci` too.
  if (wanted.program === 'npm' && at === 0 && want === 'install' && wanted.flags.size > 0)
    return word === 'ci' ? ALIKE : 0;
  return 0;
}

/** Modes of one kind: all may write (`777`, `666`), or its owner may run it (`+x`, `u+x`, `755`). */
function sameMode(wanted: Word, mode: Word): number {
  const opens = (m: Word): boolean => /^[0-7]{2}[2367]$/.test(m) || /^\+?o\+[rx]*w/.test(m);
  const runs = (m: Word): boolean => /^[1357][0-7]{2}$/.test(m) || /^u?g?\+[rw]*x/i.test(m);
  if (opens(wanted)) return opens(mode) ? ALIKE : 0;
  return /^u?\+x$/.test(wanted) && runs(mode) ? ALIKE : 0;
}

/** An action that names its folder is the same there, and below it. */
function sameFolder(wanted: Step, there: Place, here: Place): boolean {
  if (wanted.folder === '' || wanted.folder === null || there.folder === null || here.folder === null)
    return true;
  if (there.folder.includes(HOLE)) return matchesHoles(there.folder, here.folder);
  return here.folder === there.folder || here.folder.startsWith(`${there.folder.replace(/\/$/, '')}/`);
}

function weightOf(word: Word, name = ''): number {
  if (!word.includes(HOLE)) return 1;
  return name !== '' || word !== HOLE ? 0.5 : 0;
}

function specOf(step: Step): Program {
  return Object.hasOwn(PROGRAMS, step.program) ? (PROGRAMS[step.program] as Program) : {};
}

/* Words and folders. */

/** Whether a word of an action, in its folder, is a word of a line, in its own: the same text, or the same path. */
export function sameWord(wanted: Word, there: Place, word: Word, here: Place): boolean {
  if (wanted === word) return true;
  if (wanted.includes(HOLE))
    return matchesHoles(wanted, word) || matchesHoles(resolved(wanted, there), resolved(word, here));
  // A pattern of paths names each that it matches, and one that is as wide.
  if (wanted.includes(`${ACTIVE}*`) && wanted.includes('/'))
    return matchesHoles(
      resolved(wanted.replaceAll(`${ACTIVE}*`, HOLE), there),
      resolved(word.replaceAll(`${ACTIVE}*`, '.*'), here),
    );
  if (wanted.startsWith('-') || word.startsWith('-')) return false;
  return resolved(wanted, there) === resolved(word, here);
}

/** A pattern of literal pieces with any text between them, at least one character each; linear in the text. */
function matchesHoles(pattern: Word, text: Word): boolean {
  const pieces = pattern.split(HOLE);
  const last = pieces.pop() as string;
  const [first = '', ...middle] = pieces;
  if (!text.startsWith(first)) return false;
  let at = first.length;
  for (const piece of middle) {
    const found = text.indexOf(piece, at + 1);
    if (found === -1) return false;
    at = found + piece.length;
  }
  return text.length - last.length > at && text.endsWith(last);
}

function inFolder(place: Place, folder: Word | null): Place {
  if (folder === '') return place;
  if (folder === null) return { ...place, folder: null };
  const path = resolved(folder, place);
  return { ...place, folder: path.startsWith('/') ? path : null };
}

/** Stands before a relative path in a folder that nobody knows: such a path is equal to no absolute one. */
const NOWHERE = '?';

/** A word as a path, without `.`, `..` and a slash at its end. No link is followed. */
function resolved(word: Word, { folder, home = null }: Place): string {
  let path = word;
  for (const [variable, value] of [
    [`${ACTIVE}~`, home],
    [`${ACTIVE}$HOME`, home],
    [`${ACTIVE}$PWD`, folder],
    [`${ACTIVE}$(pwd${ACTIVE})`, folder],
  ] as const) {
    if (value !== null && (path === variable || path.startsWith(`${variable}/`)))
      path = value + path.slice(variable.length);
  }
  const absolute = path.startsWith('/') ? path : `${folder ?? NOWHERE}/${path}`;
  const parts: string[] = [];
  for (const part of absolute.split('/')) {
    if (part === '..' && parts.length > 0) parts.pop();
    else if (part !== '' && part !== '.' && part !== '..') parts.push(part);
  }
  // The one is a link to the other.
  if (parts[0] === 'var' && parts[1] === 'run' && absolute.startsWith('/')) parts.shift();
  return `${absolute.startsWith('/') ? '/' : ''}${parts.join('/')}`;
}

function folderOf(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}
