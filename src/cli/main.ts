#!/usr/bin/env node
/** The command line: verbs, flags, exit codes. Each verb loads what it needs, so that a diagnosis starts fast. */
import { existsSync } from 'node:fs';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { InputError } from '../store/index.ts';
import { DIAGNOSE_FORMATS, type DiagnoseFlags, runDiagnose } from './diagnose.ts';
import { stdinHasInput } from './input.ts';
import { orientation } from './orientation.ts';
import { colorOf, EXIT, langOf, print, warn } from './terminal.ts';
import { VERSION } from './version.ts';

const PAGE_FORMATS = ['text', 'markdown', 'json'] as const;

function wholeNumber(value: string): number {
  if (!/^\d{1,6}$/.test(value)) throw new InvalidArgumentError('It must be a whole number.');
  return Number(value);
}

const lang = () =>
  new Option('--lang <lang>', 'language of the answer (default: from the locale)').choices(['en', 'zh']);
const color = () =>
  new Option('--color <when>', 'colours').choices(['auto', 'always', 'never']).default('auto');
const book = () => new Option('--book <path>', 'another book: a pack, or a folder of record files');
const format = (choices: readonly string[]) =>
  new Option('--format <format>', 'output format').choices([...choices]).default('text');

function buildProgram(setExit: (code: number) => void): Command {
  const program = new Command('faultbook')
    .description('A book of known failures: real output in, an honest diagnosis out.')
    .version(VERSION, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .addHelpText(
      'after',
      '\nExit codes: 0 a match (or all is well), 1 none or possible (or issues), 2 usage or input error.',
    )
    .showSuggestionAfterError()
    .exitOverride();

  program
    .command('diagnose', { isDefault: true })
    .summary('say which known error an output holds, what not to try, what to try')
    .description(
      'Diagnoses files, or text on standard input. Bare `faultbook FILE` and `… | faultbook` do the same.',
    )
    .argument('[files...]', 'outputs of failed programs (plain or gzip); - is standard input')
    .option('--text <text>', 'the output itself')
    .option('--limit <n>', 'findings shown', wholeNumber)
    .addOption(format(DIAGNOSE_FORMATS))
    .addOption(lang())
    .addOption(color())
    .addOption(book())
    .action(async (files: string[], flags: DiagnoseFlags) => {
      if (files.length === 0 && flags.text === undefined && !stdinHasInput() && bareCall()) {
        print(await orientation(langOf(flags.lang)));
        return setExit(EXIT.ok);
      }
      refuseUnknownVerb(files, program);
      setExit(await runDiagnose(files, flags));
    });

  program
    .command('explain')
    .summary('one record as a page: causes, checks, what to try, what not')
    .argument('<id>', 'domain/slug')
    .addOption(format(PAGE_FORMATS))
    .addOption(lang())
    .addOption(color())
    .addOption(book())
    .action(async (id, flags) => setExit(await (await import('./pages.ts')).runExplain(id, flags)));

  program
    .command('list')
    .summary('the records, filtered by words over titles, signatures and causes, in both languages')
    .argument('[words...]')
    .addOption(format(['text', 'json']))
    .addOption(lang())
    .addOption(color())
    .addOption(book())
    .action(async (words, flags) => setExit(await (await import('./pages.ts')).runList(words, flags)));

  program
    .command('new')
    .summary('start a record from real output')
    .argument('<id>', 'domain/slug')
    .option('--from <file>', 'output that holds the error; - is standard input')
    .option('--records <dir>', 'folder of records', 'records')
    .action(async (id, flags) => setExit(await (await import('./authoring.ts')).runNew(id, flags)));

  program
    .command('lint')
    .summary('what is wrong with records, and what to do about it')
    .argument('[paths...]', 'record folders or files (default: records)')
    .addOption(
      new Option('--for <purpose>', 'local: usable here; book: fit for our own book')
        .choices(['local', 'book'])
        .default('local'),
    )
    .addOption(format(['text', 'json']))
    .addOption(color())
    .action(async (paths, flags) => setExit(await (await import('./authoring.ts')).runLint(paths, flags)));

  program
    .command('build')
    .summary('compile records into a pack')
    .option('--records <dir>', 'folder of records', 'records')
    .option('--out <file>', 'pack to write', 'book.pack')
    .action(async (flags) => setExit(await (await import('./authoring.ts')).runBuild(flags)));

  program
    .command('import')
    .summary('take records of the seed’s format, and say what was mended or refused')
    .argument('<files...>', 'files or folders')
    .option('--to <dir>', 'folder of records to write to', '.faultbook/records')
    .action(async (files, flags) => setExit(await (await import('./authoring.ts')).runImport(files, flags)));

  program
    .command('export')
    .summary('one record as JSON')
    .argument('<id>', 'domain/slug')
    .addOption(
      new Option('--format <format>', 'record: as it stands; seed: the shape of the seed format')
        .choices(['record', 'seed'])
        .default('record'),
    )
    .addOption(book())
    .action(async (id, flags) => setExit(await (await import('./pages.ts')).runExport(id, flags)));

  return program;
}

/** Nothing but flags of appearance: the person wants to know what this is. */
function bareCall(): boolean {
  return !process.argv.slice(2).includes('diagnose');
}

/** `faultbook lst` is a mistyped verb, not a missing file. */
function refuseUnknownVerb(files: readonly string[], program: Command): void {
  const [first] = files;
  if (first === undefined || process.argv[2] !== first || first === '-' || existsSync(first)) return;
  if (/[./\\]/.test(first)) return;
  const near = program.commands.map((c) => c.name()).filter((name) => distance(name, first) <= 2);
  const hint = near.length > 0 ? ` Did you mean: ${near.join(', ')}?` : ' See: faultbook --help';
  throw new InputError(`there is no file and no verb called ${JSON.stringify(first)}.${hint}`);
}

/** Edit distance; both words are short. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return row[b.length] as number;
}

async function main(): Promise<void> {
  // A reader that stops early (`| head`) is no error of ours.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
    throw error;
  });
  try {
    await buildProgram((code) => {
      process.exitCode = code;
    }).parseAsync();
  } catch (error) {
    if (error instanceof CommanderError) {
      process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    } else if (error instanceof InputError) {
      const bold = colorOf('auto', process.stderr);
      warn(`${bold ? '\x1b[1mfaultbook:\x1b[0m' : 'faultbook:'} ${error.message}`);
      process.exitCode = EXIT.usage;
    } else throw error;
  }
}

void main();
