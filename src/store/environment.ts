/** What is known of the reader's environment: what was said on the command line, else what files of this machine say. */
import { readFileSync } from 'node:fs';
import type { Environment, EvidenceSummary } from '../evidence/index.ts';
import type { OpenedBook } from './books.ts';
import { InputError } from './error.ts';

/** Takes the place of `--environment` where that is not given. */
export const ENVIRONMENT_VARIABLE = 'FAULTBOOK_ENVIRONMENT';
/** Nothing is taken for known. */
const ANY = 'any';

/**
 * @param said `debian12`, `nginx=1.22.1,openssl=3.0`, `any`; undefined: what this machine's files say.
 * @param folder the project whose files are looked at
 * @throws {InputError} for a name that no record was measured on, or a program that none names.
 */
export function environmentOf(book: OpenedBook, said: string | undefined, folder = '.'): Environment {
  const told = said ?? process.env[ENVIRONMENT_VARIABLE];
  if (told === ANY) return {};
  const measured = book.evidence.flatMap((e) => e?.measured ?? []);
  const programs = new Set(measured.flatMap((m) => Object.keys(m.versions)));
  if (told === undefined || told === '') return ofThisMachine(programs, folder);
  const environment: Record<string, string> = {};
  for (const part of told.split(',')) {
    const [name = '', version] = part.split('=').map((p) => p.trim());
    const known = version === undefined ? measured.map((m) => m.name) : [...programs];
    if (!known.includes(name)) {
      const what = version === undefined ? 'no record was measured on' : 'no record names the program';
      const all = [...new Set(known)].sort().join(', ');
      throw new InputError(
        `--environment: ${what} ${JSON.stringify(name)}; there are: ${all === '' ? 'none' : all}; and “${ANY}”`,
      );
    }
    environment[version === undefined ? 'environment' : name] = version ?? name;
  }
  return environment;
}

/**
 * The same for one record after another, so that nobody reads the evidence of a whole book for it: what is said holds for all, what
 * this machine's files say is looked up for the programs that a record was measured on.
 * @throws {InputError} as `environmentOf`
 */
export function environmentFor(
  book: OpenedBook,
  said: string | undefined,
  folder = '.',
): Environment | ((evidence: EvidenceSummary) => Environment) {
  const told = said ?? process.env[ENVIRONMENT_VARIABLE];
  if (told !== undefined && told !== '') return environmentOf(book, told, folder);
  return ({ measured }) => ofThisMachine(new Set(measured.flatMap((m) => Object.keys(m.versions))), folder);
}

/** Debian's suite, and programs that lie in the project's `node_modules`. Nothing is started for it. */
function ofThisMachine(programs: ReadonlySet<string>, folder: string): Environment {
  const environment: Record<string, string> = {};
  const release = read('/etc/os-release');
  const suite = /^ID=debian$/m.test(release) ? /^VERSION_CODENAME=(\w+)$/m.exec(release)?.[1] : undefined;
  if (suite !== undefined) environment.suite = suite;
  for (const program of programs) {
    if (!/^[a-z][a-z0-9-]*$/.test(program)) continue;
    const version = /"version"\s*:\s*"(\d[^"]{0,40})"/.exec(
      read(`${folder}/node_modules/${program}/package.json`),
    )?.[1];
    if (version !== undefined) environment[program] = version;
  }
  return environment;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').slice(0, 64 * 1024);
  } catch {
    return '';
  }
}
