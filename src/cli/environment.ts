/** What is known of the reader's environment: what was said on the command line, else what files of this machine say. */
import type { Environment } from '../diagnosis/index.ts';
import { InputError, type OpenedBook, readEnvironment } from '../store/index.ts';

/** Takes the place of `--environment` where that is not given. */
export const ENVIRONMENT_VARIABLE = 'FAULTBOOK_ENVIRONMENT';
/** Nothing is taken for known. */
const ANY = 'any';

/**
 * @param said `debian12`, `nginx=1.22.1,openssl=3.0`, `any`; undefined: what this machine's files say.
 * @throws {InputError} for a name that no record was measured on, or a program that none names.
 */
export function environmentOf(book: OpenedBook, said: string | undefined): Environment {
  const told = said ?? process.env[ENVIRONMENT_VARIABLE];
  if (told === ANY) return {};
  const measured = book.evidence.flatMap((e) => e?.measured ?? []);
  const programs = new Set(measured.flatMap((m) => Object.keys(m.versions)));
  if (told === undefined || told === '') return readEnvironment(programs);
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
