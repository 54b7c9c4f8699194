/** `faultbook preflight`: before a command is run, whether it is a known dead end for a fault that is open here. */
import { homedir } from 'node:os';
import { quoteWord } from '../diagnosis/index.ts';
import { preflight } from '../preflight/index.ts';
import { renderClear, renderOpenFaults, renderPreflightJson, renderWarning } from '../render/index.ts';
import { projectOf, readOpenFaults } from '../store/index.ts';
import { EXIT, langOf, print } from './terminal.ts';

export interface PreflightFlags {
  readonly format?: 'text' | 'json';
  readonly lang?: string;
}

/**
 * One word is a command line as a shell would be given it; several are words that a shell has already made.
 * Without a command: what is open here.
 * @returns 1 where something speaks against it, else 0.
 */
export function runPreflight(words: readonly string[], flags: PreflightFlags): number {
  const lang = langOf(flags.lang);
  const json = flags.format === 'json';
  const { project, folder } = projectOf(process.cwd());
  const faults = readOpenFaults(project, Date.now());
  const [line] = words;
  if (line === undefined) {
    print(json ? JSON.stringify(faults, null, 2) : renderOpenFaults(faults, lang));
    return EXIT.ok;
  }
  const warning = preflight(words.length === 1 ? line : words.map(quoteWord).join(' '), faults, {
    project,
    folder,
    home: homedir(),
  });
  if (json) print(renderPreflightJson(warning));
  else
    print(
      warning
        ? renderWarning(warning, lang)
        : faults.length > 0
          ? renderClear(lang)
          : renderOpenFaults([], lang),
    );
  return warning ? EXIT.issues : EXIT.ok;
}
