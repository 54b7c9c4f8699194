/** The background corpus that ships with the package. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { type Background, backgroundOf } from '../book/index.ts';

let background: Background | null = null;

/** Reads `data/background.txt.gz` of the package this module lies in; kept for the life of the process. */
export function readBackground(): Background {
  if (!background) {
    let folder = dirname(fileURLToPath(import.meta.url));
    while (!existsSync(join(folder, 'data', 'background.txt.gz')) && dirname(folder) !== folder)
      folder = dirname(folder);
    background = backgroundOf(
      gunzipSync(readFileSync(join(folder, 'data', 'background.txt.gz'))).toString('utf8'),
    );
  }
  return background;
}
