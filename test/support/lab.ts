/** The lab's cache of the tests: packages are fetched once for all of them. */
import { join } from 'node:path';
import { ROOT } from './cli.ts';

export function labCache(): string {
  return join(ROOT, '.cache', 'lab');
}
