/** Record folders and their lab pages, for the verbs of the lab. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { compilePage } from '../lab/index.ts';
import { InputError, type RecordFolder, readRecords } from '../store/index.ts';

/** Where the verbs of the lab look unless told otherwise; the flag table says so too. */
export const DEFAULT_RECORDS = 'records';

function pageFile(folder: RecordFolder): string {
  return join(dirname(folder.file), 'lab.md');
}

/** The plan of a record's page, or what is wrong with it. @throws {InputError} where there is no page */
export function planOf(folder: RecordFolder): ReturnType<typeof compilePage> {
  const page = pageFile(folder);
  if (!existsSync(page))
    throw new InputError(`${folder.record.id} has no lab page: write ${page} (see docs/lab.md)`);
  return compilePage(readFileSync(page, 'utf8'), folder.record, page);
}

/** Every record under a folder. @throws {InputError} where it cannot be read */
export function readFolders(root: string): ReturnType<typeof readRecords> {
  try {
    return readRecords(root);
  } catch (error) {
    throw new InputError(`${root}: ${(error as Error).message}; name the folder of records with --records`);
  }
}

/**
 * Those named by id or folder; all that have a lab page where none is.
 * @throws {InputError} where one is not there, or was refused: then its issues say why
 */
export function chooseFolders(
  { records, issues }: ReturnType<typeof readRecords>,
  ids: readonly string[],
  root: string,
): RecordFolder[] {
  if (ids.length === 0) return records.filter((r) => existsSync(pageFile(r)));
  return ids.map((id) => {
    const wanted = id.replace(/\/+$/, '');
    const folder = records.find((r) => r.record.id === wanted || dirname(r.file) === wanted);
    if (!folder) {
      const refused = issues.find(
        (i) => i.severity === 'error' && i.file.endsWith(join('/', wanted, 'record.json')),
      );
      throw new InputError(
        refused
          ? `${refused.file}: ${refused.field}: ${refused.problem}; ${refused.remedy}. All that bars it: faultbook lint ${dirname(refused.file)}`
          : `there is no record ${JSON.stringify(id)} in ${root}`,
      );
    }
    return folder;
  });
}
