import { readFileSync } from 'node:fs';

/** The package's version: read where it stands, never typed twice. */
export const VERSION: string = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
).version;
