/** What files of this machine say about the reader's environment. Nothing is started for it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Bytes of one file that are looked at. */
const MAX_BYTES = 64 * 1024;

/**
 * Debian's suite, and the versions of programs that lie in a project's `node_modules`.
 * @param programs names that any record was measured with
 * @param folder the project
 */
export function readEnvironment(
  programs: ReadonlySet<string>,
  folder: string = '.',
): Readonly<Record<string, string>> {
  const environment: Record<string, string> = {};
  const release = read('/etc/os-release');
  const suite = /^ID=debian$/m.test(release) ? /^VERSION_CODENAME=(\w+)$/m.exec(release)?.[1] : undefined;
  if (suite !== undefined) environment.suite = suite;
  for (const program of programs) {
    if (!/^[a-z][a-z0-9-]*$/.test(program)) continue;
    const file = join(folder, 'node_modules', program, 'package.json');
    const version = /"version"\s*:\s*"(\d[^"]{0,40})"/.exec(read(file))?.[1];
    if (version !== undefined) environment[program] = version;
  }
  return environment;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').slice(0, MAX_BYTES);
  } catch {
    return '';
  }
}
