#!/usr/bin/env node
/** The command line: verbs, exit codes. Each verb loads what it needs, so that a diagnosis starts fast. */
import { existsSync } from 'node:fs';
import { nearest } from '../record/index.ts';
import { InputError } from '../store/index.ts';
import { stdinHasInput } from './input.ts';
import { colorOf, EXIT, langOf, print, warn } from './terminal.ts';
import { type Call, readCall, VERBS } from './verbs.ts';
import { VERSION } from './version.ts';

/** @returns the exit code. */
async function run(call: Call): Promise<number> {
  const { verb, explicit, args } = call;
  // The flag table has checked them: each verb reads its own.
  const flags = call.flags as never;
  if (call.wants === 'version') print(VERSION);
  if (call.wants === 'help')
    print(
      (await import('./help.ts')).helpText(
        explicit ? verb : null,
        langOf(call.flags.lang as string | undefined),
      ),
    );
  if (call.wants !== null) return EXIT.ok;
  switch (verb) {
    case 'diagnose':
      if (!explicit) {
        if (args.length === 0 && call.flags.text === undefined && !stdinHasInput()) {
          const { orientation } = await import('./orientation.ts');
          print(await orientation(langOf(call.flags.lang as string | undefined)));
          return EXIT.ok;
        }
        refuseUnknownVerb(args[0]);
      }
      return (await import('./diagnose.ts')).runDiagnose(args, flags);
    case 'run':
      return (await import('./run.ts')).runRun(args, flags);
    case 'explain':
      return (await import('./pages.ts')).runExplain(args[0] as string, flags);
    case 'list':
      return (await import('./pages.ts')).runList(args, flags);
    case 'export':
      return (await import('./pages.ts')).runExport(args[0] as string, flags);
    case 'preflight':
      return (await import('./preflight.ts')).runPreflight(args, flags);
    case 'init':
      return (await import('./init.ts')).runInit(args, flags);
    case 'hook':
      return (await import('./hook.ts')).startHook(args[0] as string, flags);
    case 'prove':
      return (await import('./prove.ts')).runProve(args, flags);
    case 'drill':
      return (await import('./drill.ts')).runDrill(args, flags);
    case 'new':
      return (await import('./authoring.ts')).runNew(args[0] as string, flags);
    case 'lint':
      return (await import('./authoring.ts')).runLint(args, flags);
    case 'build':
      return (await import('./authoring.ts')).runBuild(flags);
    case 'completion':
      return (await import('./completion.ts')).runCompletion(args[0] as string);
    case 'mcp':
      return (await import('./mcp.ts')).runMcp(flags);
    case 'serve':
      return (await import('./mcp.ts')).runServe(flags);
    case 'report-outcome':
      return (await import('./report-outcome.ts')).runReportOutcome(args, flags);
    case 'reports':
      return (await import('./report-outcome.ts')).runReports(args, flags);
    case 'misses':
      return (await import('./misses.ts')).runMisses(args, flags);
    case 'trust':
      return (await import('./trust.ts')).runTrust(args[0], flags);
    case 'import':
      return (await import('./import.ts')).runImport(args, flags);
  }
}

/** `faultbook lst` is a mistyped verb, not a missing file. */
function refuseUnknownVerb(word: string | undefined): void {
  if (word === undefined || word === '-' || /[./\\]/.test(word) || existsSync(word)) return;
  const near = nearest(word, Object.keys(VERBS));
  const hint = near.length > 0 ? ` Did you mean: ${near.join(', ')}?` : ' See: faultbook --help';
  throw new InputError(`there is no file and no verb called ${JSON.stringify(word)}.${hint}`);
}

/** A reader that stops early (`| head`) is no error of ours. */
function tolerateEarlyReaders(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
    throw error;
  });
}

async function main(): Promise<void> {
  try {
    const call = readCall(process.argv.slice(2));
    // Merely looking at `process.stdout` changes the mode of a pipe, which is the command's then, not ours.
    if (call.verb !== 'run' || call.wants !== null) tolerateEarlyReaders();
    process.exitCode = await run(call);
  } catch (error) {
    if (!(error instanceof InputError) && process.env.FAULTBOOK_DEBUG) throw error;
    const message =
      error instanceof InputError
        ? error.message
        : `internal error, please report it: ${String(error).split('\n')[0]} (FAULTBOOK_DEBUG=1 shows more)`;
    const bold = colorOf('auto', process.stderr);
    warn(`${bold ? '\x1b[1mfaultbook:\x1b[0m' : 'faultbook:'} ${message}`);
    process.exitCode = EXIT.usage;
  }
}

void main();
