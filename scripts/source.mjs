/**
 * Our TypeScript, bundled so that every supported Node can run it, and imported: for scripts that use what src/ holds.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * The names that `code` exports; it says where from, relative to the repository (`export { x } from './src/…'`).
 * A file on disk, not a data: address: a bundled CommonJS package asks where it stands.
 */
export async function importSource(code) {
  const folder = mkdtempSync(join(root, 'node_modules', '.source-'));
  try {
    const entry = join(folder, 'entry.ts');
    writeFileSync(entry, code.replaceAll("'./src/", "'../../src/"));
    const bundle = await rolldown({ cwd: root, platform: 'node', input: entry });
    const file = join(folder, 'bundle.mjs');
    await bundle.write({ file, format: 'esm' });
    return await import(pathToFileURL(file).href);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
