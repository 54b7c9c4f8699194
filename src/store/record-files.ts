/** Record folders on disk: what is there, what could not be read. Reads only; never follows a link. */
import { type Dirent, lstatSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import type { BookSource } from '../book/index.ts';
import { type Evidence, parseEvidence, summarise } from '../evidence/index.ts';
import { type Issue, type IssueCode, parseRecord, RECORD_LIMITS } from '../record/index.ts';

/** Bounds of one tree of records; `docs/records.md` lists them. */
export const STORE_LIMITS = {
  /** More files than this are not read: a wrong folder was named. */
  maxFiles: 200_000,
  maxFolderDepth: 16,
  /** A sample larger than this is refused. */
  maxSampleBytes: 4 * 1024 * 1024,
} as const;

/** Folders that hold other things than records. */
const SKIPPED_FOLDERS = new Set(['node_modules', 'samples', '.git']);
/** Written by the lab beside a record. */
const SKIPPED_FILES = new Set(['evidence.json', 'package.json', 'package-lock.json', 'tsconfig.json']);

export interface Sample {
  /** File name, e.g. `match.other-owner.debian12.log`. */
  readonly name: string;
  readonly text: string;
}

/** A record with the folder and samples that belong to it. */
export interface RecordFolder extends BookSource {
  readonly file: string;
  readonly samples: readonly Sample[];
}

/**
 * Reads every record under a path: a folder of records in our layout, a foreign tree of `*.json` (or `*.txt`
 * that hold a JSON object), or one file. A file that is no record is reported and left out.
 * @throws where the path itself cannot be read.
 */
export function readRecords(path: string): {
  readonly records: readonly RecordFolder[];
  readonly issues: readonly Issue[];
} {
  const issues: Issue[] = [];
  const files = statSync(path).isDirectory() ? listRecordFiles(path, issues) : [path];
  const records: RecordFolder[] = [];
  for (const file of files) {
    const shown = relativeName(file);
    const text = readLimited(file, shown, issues);
    if (text === null || (file.endsWith('.txt') && !text.trimStart().startsWith('{'))) continue;
    const { record, issues: found } = parseRecord(text, { file: shown });
    issues.push(...found);
    if (!record) continue;
    const summary = summarise(record, evidenceBeside(file, issues));
    records.push({ record, file: shown, samples: samplesBeside(file, issues), summary });
  }
  return { records, issues };
}

/** The records of a value that should be a list of them, each read as strictly as from a file. */
export function recordsOf(
  value: unknown,
  file: string,
): { readonly records: readonly BookSource[]; readonly issues: readonly Issue[] } {
  const parsed = Array.isArray(value) ? value.map((r) => parseRecord(r, { file })) : [];
  return {
    records: parsed.flatMap(({ record }) => (record ? [{ record, file }] : [])),
    issues: parsed.flatMap(({ issues }) => issues),
  };
}

/** The path as a person would type it. */
function relativeName(file: string): string {
  const name = relative(process.cwd(), file);
  return name === '' || name.startsWith(`..${sep}..`) ? file : name;
}

function listRecordFiles(root: string, issues: Issue[]): string[] {
  const files: string[] = [];
  const visit = (folder: string, depth: number): void => {
    let entries: Dirent[];
    try {
      entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
    } catch (error) {
      if (depth === 0) throw error;
      const { message } = error as Error;
      issues.push(
        fileIssue(
          relativeName(folder),
          'file-unreadable',
          message,
          'its records are missing',
          'mend its permissions',
        ),
      );
      return;
    }
    for (const entry of entries) {
      const path = join(folder, entry.name);
      if (entry.isSymbolicLink()) {
        issues.push(
          fileIssue(
            path,
            'link-refused',
            'it is a symbolic link',
            'a link may lead out of the tree',
            'put the file itself there',
          ),
        );
      } else if (entry.isDirectory()) {
        if (depth < STORE_LIMITS.maxFolderDepth && !SKIPPED_FOLDERS.has(entry.name)) visit(path, depth + 1);
      } else if (entry.isFile() && /\.(?:json|txt)$/.test(entry.name) && !SKIPPED_FILES.has(entry.name)) {
        if (files.length < STORE_LIMITS.maxFiles) files.push(path);
      }
    }
  };
  visit(root, 0);
  return files;
}

function readLimited(file: string, shown: string, issues: Issue[]): string | null {
  try {
    const { size } = lstatSync(file);
    if (size > RECORD_LIMITS.maxFileBytes) {
      issues.push(
        fileIssue(
          shown,
          'file-too-large',
          `the file has ${size} bytes, more than the ${RECORD_LIMITS.maxFileBytes} that a record may have`,
          'a record is read whole before it is judged',
          'move long output to samples/',
        ),
      );
      return null;
    }
    return readFileSync(file, 'utf8');
  } catch (error) {
    issues.push(
      fileIssue(
        shown,
        'file-unreadable',
        (error as Error).message,
        'it cannot be read',
        'mend its permissions',
      ),
    );
    return null;
  }
}

/** What the lab wrote beside a record, in our own layout. */
function evidenceBeside(file: string, issues: Issue[]): Evidence | null {
  if (basename(file) !== 'record.json') return null;
  const path = join(dirname(file), 'evidence.json');
  if (!lstatSync(path, { throwIfNoEntry: false })?.isFile()) return null;
  const text = readLimited(path, relativeName(path), issues);
  if (text === null) return null;
  const read = parseEvidence(text, relativeName(path));
  issues.push(...read.issues);
  return read.evidence;
}

/** Only our own layout has samples; a flat tree of thousands of files is not searched for them file by file. */
function samplesBeside(file: string, issues: Issue[]): Sample[] {
  if (basename(file) !== 'record.json') return [];
  const folder = join(dirname(file), 'samples');
  let names: string[];
  try {
    names = readdirSync(folder).sort();
  } catch {
    return [];
  }
  const samples: Sample[] = [];
  for (const name of names) {
    const path = join(folder, name);
    const stat = lstatSync(path);
    if (!stat.isFile() || !/^(?:match|near-miss|healthy)\./.test(name)) continue;
    if (stat.size > STORE_LIMITS.maxSampleBytes) {
      issues.push(
        fileIssue(
          relativeName(path),
          'file-too-large',
          `the sample has ${stat.size} bytes`,
          'samples are read whole',
          'keep the part around the error',
        ),
      );
    } else samples.push({ name, text: readFileSync(path, 'utf8') });
  }
  return samples;
}

function fileIssue(file: string, code: IssueCode, problem: string, why: string, remedy: string): Issue {
  return { severity: 'error', code, file, field: '', problem, why, remedy };
}
