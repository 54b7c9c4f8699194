/** `import`: records from elsewhere, read, marked, checked, and written below one folder. Nothing is overwritten. */
import { lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { admitForeign } from '../book/index.ts';
import { type FaultRecord, type Issue, type IssueCode, lintRecord } from '../record/index.ts';
import { type ImportReport, renderImport } from '../render/index.ts';
import { examplesBeside, InputError, type RecordFolder, readBackground, writeWhole } from '../store/index.ts';
import { folderOf, readPath } from './authoring.ts';
import { type ColorChoice, colorOf, columnsOf, EXIT, print } from './terminal.ts';

/** Where imported records are written unless told otherwise; the flag table says so too. */
const DEFAULT_IMPORT = '.faultbook/records';

export interface ImportFlags {
  readonly to?: string;
  readonly 'dry-run'?: true;
  readonly format?: 'text' | 'json';
  readonly color?: ColorChoice;
}

/** @returns the exit code: 1 where something was refused. @throws {InputError} where nothing could be read */
export async function runImport(paths: readonly string[], flags: ImportFlags): Promise<number> {
  const report = importRecords(paths, flags.to ?? DEFAULT_IMPORT, flags['dry-run'] === true);
  if (flags.format === 'json') {
    const { dryRun, ...rest } = report;
    print(JSON.stringify({ dry_run: dryRun, ...rest }, null, 2));
  } else print(renderImport(report, { color: colorOf(flags.color), columns: columnsOf() }));
  return report.refused.length > 0 ? EXIT.issues : EXIT.ok;
}

function importRecords(paths: readonly string[], to: string, dryRun: boolean): ImportReport {
  const reads = paths.map(readPath);
  const found = reads.flatMap((r) => r.records);
  const passed = reads.flatMap((r) => r.passed.map((i) => i.file));
  const issues = reads.flatMap((r) => r.issues);
  const errors = issues.filter((i) => i.severity === 'error');
  if (found.length === 0 && errors.every((i) => UNREADABLE.has(i.code))) throw nothingRead(paths, errors);

  const refused = new Set(errors.map((i) => i.file));
  for (const { file } of found) refused.delete(file);
  const taken: RecordFolder[] = [];
  const kept: RecordFolder[] = [];
  const files = new Map<string, string>();
  for (const folder of found) {
    const record = asImported(folder.record);
    const first = files.get(record.id);
    const problem =
      first === undefined
        ? take(record, to, dryRun, taken.length)
        : {
            code: 'id-duplicate' as const,
            problem: `the id ${record.id} is taken by ${first}`,
            why: 'an id names one record; of two the first is kept',
            remedy: 'give it an id of its own, or merge the two',
          };
    if (first === undefined) files.set(record.id, folder.file);
    if (problem === 'taken') taken.push({ ...folder, record });
    else if (problem === 'kept') kept.push(folder);
    else {
      refused.add(folder.file);
      issues.push({ severity: 'error', file: folder.file, field: 'id', ...problem });
    }
  }

  issues.push(...owed(taken));
  const repaired = new Set(issues.filter((i) => i.repaired).map((i) => i.file));
  const named = ({ record, file }: RecordFolder) => ({ id: record.id, file });
  return {
    to,
    dryRun,
    taken: taken.map((t) => ({ ...named(t), repaired: repaired.has(t.file) })),
    kept: kept.map(named),
    refused: [...refused],
    passed,
    issues,
  };
}

/** Issues of files of which nothing at all could be read. */
const UNREADABLE: ReadonlySet<IssueCode> = new Set([
  'not-a-record',
  'link-refused',
  'file-unreadable',
  'file-too-large',
  'json-invalid',
  'json-too-deep',
  'yaml-invalid',
]);

function nothingRead(paths: readonly string[], errors: readonly Issue[]): InputError {
  const [first] = errors;
  if (!first) {
    return new InputError(
      `no file in ${paths.join(', ')} holds a record; docs/records.md says which formats are read`,
    );
  }
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  return new InputError(`${first.file}: ${first.problem}; ${first.remedy}${more}`);
}

/** Whatever a file says of itself, what is imported was not written here. */
function asImported(record: FaultRecord): FaultRecord {
  return record.origin === 'authored' ? { ...record, origin: 'imported' } : record;
}

/**
 * Writes one record to where it belongs, unless something stands there.
 * @throws {InputError} where it cannot be written: then no other can either
 */
function take(
  record: FaultRecord,
  to: string,
  dryRun: boolean,
  before: number,
): 'taken' | 'kept' | Pick<Issue, 'code' | 'problem' | 'why' | 'remedy'> {
  let target: string;
  try {
    target = join(folderOf(to, record.id), 'record.json');
  } catch (error) {
    const why = 'nothing is written to where a link leads';
    return { code: 'link-refused', problem: (error as Error).message, why, remedy: 'remove the link' };
  }
  const text = `${JSON.stringify(record, null, 2)}\n`;
  const there = lstatSync(target, { throwIfNoEntry: false });
  if (there?.isFile() && readFileSync(target, 'utf8') === text) return 'kept';
  if (there) {
    return {
      code: 'target-taken',
      problem: `${target} holds something else`,
      why: 'nothing that is there is overwritten',
      remedy: 'remove that one to take this one, or import to another folder',
    };
  }
  try {
    if (!dryRun) writeWhole(target, text);
    return 'taken';
  } catch (error) {
    throw new InputError(
      `${(error as Error).message}. ${before} records were taken before; the same command goes on from there`,
    );
  }
}

/** `lint --for local` of what was taken, in one go: what the records still owe is no reason to refuse them. */
function owed(taken: readonly RecordFolder[]): Issue[] {
  const linted = taken.flatMap(({ record, file }) => lintRecord(record, { for: 'local', file }));
  const examples = ({ file }: { readonly file?: string }) =>
    file !== undefined && /\.ya?ml$/.test(file) ? examplesBeside(file) : [];
  const said = new Set(linted.map((i) => `${i.file}\0${i.code}`));
  const admitted = admitForeign(taken, readBackground(), examples);
  return [...linted, ...admitted.filter((i) => !said.has(`${i.file}\0${i.code}`))].map((i) => ({
    ...i,
    severity: 'warning',
  }));
}
