/**
 * The flag table: every verb, argument and option of the command line, once, with its help. Read by Node's own
 * argument parser; a library for this costs a cold start more than the parsing.
 */
import { parseArgs } from 'node:util';
import { nearest } from '../record/index.ts';
import { InputError } from '../store/index.ts';

export interface Option {
  /** Placeholder of its value in help; absent: a switch. */
  readonly value?: string;
  readonly help: string;
  readonly choices?: readonly string[];
  /** The value is a whole number. */
  readonly whole?: true;
  readonly short?: string;
  /** May be given several times; its value is a list. */
  readonly many?: true;
}

interface Verb {
  readonly args: string;
  readonly minArgs: number;
  readonly maxArgs: number;
  readonly summary: string;
  readonly options: Readonly<Record<string, Option>>;
  /** From its first argument on everything belongs to a command, whatever it looks like. */
  readonly command?: true;
  /** Below the options in its help. */
  readonly notes?: string;
}

const LANG: Option = {
  value: 'en|zh',
  choices: ['en', 'zh'],
  help: 'language of the answer (default: from the locale)',
};
const COLOR: Option = {
  value: 'when',
  choices: ['auto', 'always', 'never'],
  help: 'colours: auto, always, never',
};
const BOOK: Option = {
  value: 'path',
  many: true,
  help: 'another book instead: a pack, a folder of record files, builtin; several are joined',
};
const ENVIRONMENT: Option = {
  value: 'what',
  help: 'yours: debian12, or nginx=1.22,openssl=3.0, or any (default: from this machine)',
};
const RECORDS: Option = { value: 'dir', help: 'folder of records (default: records)' };
const MANY = Number.POSITIVE_INFINITY;

function format(...choices: string[]): Option {
  return { value: 'format', choices, help: `${choices.join(', ')} (default: ${choices[0]})` };
}

export const VERBS = {
  diagnose: {
    args: '[files…]',
    minArgs: 0,
    maxArgs: MANY,
    summary: 'which known error an output holds, what not to try, what to try',
    options: {
      text: { value: 'text', help: 'the output itself' },
      format: format('text', 'json', 'ndjson', 'markdown', 'sarif', 'junit', 'github'),
      limit: { value: 'n', whole: true, help: 'findings shown (default: 3)' },
      environment: ENVIRONMENT,
      book: BOOK,
      lang: LANG,
      color: COLOR,
    },
  },
  run: {
    args: '[--] <command…>',
    minArgs: 0,
    maxArgs: MANY,
    command: true,
    summary: 'run a command untouched, its exit code kept; when it fails, what is known about it',
    options: {
      'on-fail': {
        value: 'json:file',
        help: 'when it fails, also write a document: command, ending, diagnosis',
      },
      environment: ENVIRONMENT,
      book: BOOK,
      lang: LANG,
      color: COLOR,
    },
  },
  explain: {
    args: '<id>',
    minArgs: 1,
    maxArgs: 1,
    summary: 'one record as a page: causes, checks, what to try, what not',
    options: {
      format: format('text', 'markdown', 'json'),
      'no-pager': { help: 'print the page even where it is longer than the screen' },
      environment: ENVIRONMENT,
      book: BOOK,
      lang: LANG,
      color: COLOR,
    },
  },
  list: {
    args: '[words…]',
    minArgs: 0,
    maxArgs: MANY,
    summary: 'the records; words filter titles, signatures, causes (English, Chinese)',
    options: { format: format('text', 'json', 'ids'), book: BOOK, lang: LANG, color: COLOR },
  },
  preflight: {
    args: '[--] [command…]',
    minArgs: 0,
    maxArgs: MANY,
    command: true,
    summary: 'before you run a command: is it a known dead end for a fault that is open here',
    options: { format: format('text', 'json'), lang: LANG },
    notes: `One argument is a whole command line, several are its words. Nothing of it is run. Without a command: the
faults that are open here. Exit codes: 0 nothing known against it, 1 warned.`,
  },
  init: {
    args: '[agents…]',
    minArgs: 0,
    maxArgs: MANY,
    summary: 'wire it into the AI agents of a project (shows a diff first), or print it for a shell',
    options: {
      remove: { help: 'take it back' },
      print: {
        value: 'name',
        choices: ['claude-code', 'codex', 'gemini', 'cursor', 'copilot', 'bash', 'zsh', 'fish'],
        help: 'write nothing; print what belongs into the settings of this agent or shell',
      },
      yes: { help: 'write without asking; needed where no terminal is' },
      lang: LANG,
      color: COLOR,
    },
    notes: `Without names: the agents that the project shows signs of, or whose program is on the path. Only files of the project
are written. Exit codes: 0 all is as wished, 1 nothing was written.`,
  },
  hook: {
    args: '<agent>',
    minArgs: 1,
    maxArgs: 1,
    summary: 'what agents start around each command: an event in, an answer out (init wires it)',
    options: { 'exit-2': { help: 'answer as plain text with exit status 2 (Copilot, after a failure)' } },
  },
  prove: {
    args: '[ids…]',
    minArgs: 0,
    maxArgs: MANY,
    summary: 'run every claim of a record on real software, in isolation (Linux)',
    options: {
      environment: { value: 'name', help: 'only this environment' },
      cause: { value: 'key', help: 'only this cause (healthy: the world without a fault)' },
      action: { value: 'key', help: 'only this action or check' },
      changed: { help: 'only what was never run, or was changed since' },
      check: { help: 'compare with the evidence there is, write nothing' },
      audit: { value: 'n', whole: true, help: 'run n random cells again and compare' },
      seed: { value: 'n', whole: true, help: 'which random cells (default: the day)' },
      plan: { help: 'show what would be run, as JSON' },
      show: { value: 'cell', help: 'the transcript of environment/cause/action (or …/?check)' },
      jobs: { value: 'n', whole: true, help: 'cells at once (default: 3 for each processor)' },
      offline: { help: 'fetch nothing' },
      records: RECORDS,
      format: format('text', 'json'),
      color: COLOR,
    },
  },
  drill: {
    args: '[ids…]',
    minArgs: 0,
    maxArgs: MANY,
    summary: 'break it in every known way and follow the advice, for real (Linux)',
    options: {
      stated: { value: 'keys', help: 'another order to try: action keys with commas between them' },
      predicted: { help: 'do not run anything: what the cells say it would give' },
      jobs: { value: 'n', whole: true, help: 'walks at once (default: 3 for each processor)' },
      offline: { help: 'fetch nothing' },
      records: RECORDS,
      format: format('text', 'markdown', 'json'),
      color: COLOR,
    },
  },
  new: {
    args: '<id>',
    minArgs: 1,
    maxArgs: 1,
    summary: 'start a record from real output',
    options: {
      from: { value: 'file', help: 'output that holds the error; - is standard input' },
      records: RECORDS,
    },
  },
  lint: {
    args: '[paths…]',
    minArgs: 0,
    maxArgs: MANY,
    summary: 'what is wrong with records, and what to do about it',
    options: {
      for: {
        value: 'purpose',
        choices: ['local', 'book'],
        help: 'local: usable here (default); book: fit for our own book',
      },
      format: format('text', 'json'),
      color: COLOR,
    },
  },
  build: {
    args: '',
    minArgs: 0,
    maxArgs: 0,
    summary: 'compile records into a pack',
    options: { records: RECORDS, out: { value: 'file', help: 'pack to write (default: book.pack)' } },
  },
  import: {
    args: '<paths…>',
    minArgs: 1,
    maxArgs: MANY,
    summary: 'take records from elsewhere (files, folders); says what was repaired or refused',
    options: {
      to: { value: 'dir', help: 'folder to write to (default: .faultbook/records)' },
      'dry-run': { help: 'write nothing; say what would be done' },
      format: format('text', 'json'),
      color: COLOR,
    },
    notes: `Formats, told from the content: the seed’s JSON, ErrorCanon (deadends.dev), lists and NDJSON of them,
CRE rules (YAML). Whatever they claim, they are marked as imported, and their rates as claimed. A record that is
there already is left as it is. Folders need no import: faultbook --book FOLDER reads the same formats.
Exit codes: 0 all taken (or there already), 1 something was refused, 2 nothing could be read.`,
  },
  completion: {
    args: '<bash|zsh|fish>',
    minArgs: 1,
    maxArgs: 1,
    summary: 'a script that completes verbs, options and ids in your shell',
    options: {},
  },
  mcp: {
    args: '',
    minArgs: 0,
    maxArgs: 0,
    summary: 'the book for AI agents: an MCP server on standard input and output',
    options: { environment: ENVIRONMENT, book: BOOK },
  },
  serve: {
    args: '',
    minArgs: 0,
    maxArgs: 0,
    summary: 'the same over HTTP, for programs of this machine only: /mcp',
    options: {
      port: { value: 'n', whole: true, help: 'where to listen on 127.0.0.1 (default: 8417)' },
      'token-file': {
        value: 'file',
        help: 'tokens, one a line: who shows one may report outcomes (default: nobody)',
      },
      environment: ENVIRONMENT,
      book: BOOK,
    },
  },
  'report-outcome': {
    args: '<id> <action> <outcome>',
    minArgs: 3,
    maxArgs: 3,
    summary: 'say what came of an action: fixed, persists, moved, masked or rejected; kept on this machine',
    options: {
      reading: { value: 'check=key', many: true, help: 'what a check of the record read' },
      'moved-to': { value: 'id', help: 'of moved: the record of the failure that came instead' },
      note: { value: 'text', help: 'in your words; redacted, and never shown to agents' },
      environment: ENVIRONMENT,
      book: BOOK,
      format: format('text', 'json'),
      lang: LANG,
      color: COLOR,
    },
  },
  reports: {
    args: '[export|import|clear] [file]',
    minArgs: 0,
    maxArgs: 2,
    summary: 'the outcome reports that were made here; hand them on, or take somebody else’s in',
    options: {
      notes: { help: 'export what was written into them, too' },
      book: BOOK,
      format: format('text', 'json'),
      lang: LANG,
      color: COLOR,
    },
  },
  misses: {
    args: '[on|off|add|clear] [file]',
    minArgs: 0,
    maxArgs: 2,
    summary: 'what could not be diagnosed here; kept only when you say on, redacted, on this machine',
    options: { format: format('text', 'json'), lang: LANG, color: COLOR },
  },
  trust: {
    args: '[path]',
    minArgs: 0,
    maxArgs: 1,
    summary: 'vouch for a folder of records or a pack: its advice is then given as ours is',
    options: {
      list: { help: 'what is trusted, and what of it changed since' },
      remove: { help: 'take it back' },
      color: COLOR,
    },
  },
  export: {
    args: '<id>',
    minArgs: 1,
    maxArgs: 1,
    summary: 'one record as JSON',
    options: { format: format('record', 'seed'), book: BOOK },
  },
} as const satisfies Readonly<Record<string, Verb>>;

/** Options that take no value. */
const SWITCHES: ReadonlySet<string> = new Set(
  Object.values(VERBS).flatMap((verb: Verb) =>
    Object.entries(verb.options).flatMap(([name, option]) => (option.value === undefined ? [name] : [])),
  ),
);

export type VerbName = keyof typeof VERBS;

export interface Call {
  readonly verb: VerbName;
  /** The verb was typed, not assumed. */
  readonly explicit: boolean;
  readonly args: readonly string[];
  readonly flags: Readonly<Record<string, string | number | true | readonly string[] | undefined>>;
  /** Help was asked for, or the version; then nothing else is done. */
  readonly wants: 'help' | 'version' | null;
}

/** @throws {InputError} for anything that the table does not allow; says what is allowed. */
export function readCall(argv: readonly string[]): Call {
  const [first = '', second = ''] = argv;
  const asksHelp = first === 'help';
  const at = verbAt(argv);
  const named = asksHelp ? second : (argv[at] ?? '');
  const explicit = Object.hasOwn(VERBS, named);
  const verb = (explicit ? named : 'diagnose') as VerbName;
  if (asksHelp) return { verb, explicit, args: [], flags: {}, wants: 'help' };
  const table: Readonly<Record<string, Option>> = VERBS[verb].options;
  const takesCommand = explicit && (VERBS[verb] as Verb).command === true;
  const end = takesCommand ? commandAt(argv, at + 1, table) : argv.length;
  const command = argv.slice(argv[end] === '--' ? end + 1 : end);
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({
      args: explicit ? argv.filter((_, i) => i !== at && i < end) : [...argv],
      options: {
        help: { type: 'boolean', short: 'h' },
        version: { type: 'boolean', short: 'V' },
        ...Object.fromEntries(
          Object.entries(table).map(([name, { value, many }]) => [
            name,
            {
              type: value === undefined ? ('boolean' as const) : ('string' as const),
              multiple: many === true,
            },
          ]),
        ),
      },
      allowPositionals: true,
    });
  } catch (error) {
    const [message = ''] = (error as Error).message.split('. To specify');
    const typed = /'--([\w-]+)/.exec(message)?.[1];
    const near = typed === undefined ? [] : nearest(typed, [...Object.keys(table), 'help', 'version']);
    const hint = near.length > 0 ? `Did you mean: ${near.map((n) => `--${n}`).join(', ')}?` : '';
    throw new InputError(
      `${message.replace(/\.$/, '')}. ${hint || `See: faultbook ${explicit ? `${verb} ` : ''}--help`}`,
    );
  }
  const { help, version, ...values } = parsed.values;
  const wants = help ? 'help' : version ? 'version' : null;
  const flags: Record<string, string | number | true | readonly string[]> = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      value === true
        ? (true as const)
        : Array.isArray(value)
          ? value.map(String)
          : checked(name, String(value), table[name] as Option),
    ]),
  );
  const args = [...parsed.positionals, ...command];
  if (wants === null) countArgs(verb, args.length);
  return { verb, explicit, args, flags, wants };
}

/** Where our own options end: at `--`, or the first word that is neither one nor its value. */
function commandAt(argv: readonly string[], from: number, table: Readonly<Record<string, Option>>): number {
  let at = from;
  while (at < argv.length) {
    const word = argv[at] as string;
    if (word === '--' || !word.startsWith('-') || word === '-') break;
    const name = word.replace(/^--?/, '');
    const takesValue = Object.hasOwn(table, name) && (table[name] as Option).value !== undefined;
    at += name.includes('=') || !takesValue ? 1 : 2;
  }
  return Math.min(at, argv.length);
}

/** Where the verb stands: first, or behind options and their values. */
function verbAt(argv: readonly string[]): number {
  let at = 0;
  while (argv[at]?.startsWith('--') && argv[at] !== '--') {
    const name = (argv[at] as string).slice(2);
    at += name.includes('=') || SWITCHES.has(name) ? 1 : 2;
  }
  return at;
}

function checked(name: string, value: string, { choices, whole }: Option): string | number | true {
  if (choices && !choices.includes(value)) {
    throw new InputError(`--${name} ${JSON.stringify(value)} is not one of: ${choices.join(', ')}`);
  }
  if (!whole) return value;
  if (!/^[1-9]\d{0,5}$/.test(value)) {
    throw new InputError(`--${name} ${JSON.stringify(value)} is no whole number from 1`);
  }
  return Number(value);
}

function countArgs(verb: VerbName, count: number): void {
  const { minArgs, maxArgs, args } = VERBS[verb];
  if (count < minArgs) throw new InputError(`${verb} needs ${args}. See: faultbook ${verb} --help`);
  if (count > maxArgs)
    throw new InputError(
      `${verb} takes ${args === '' ? 'no arguments' : `only ${args}`}. See: faultbook ${verb} --help`,
    );
}
