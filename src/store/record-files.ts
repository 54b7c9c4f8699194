/** Record folders on disk: what is there, what could not be read. Reads only; never follows a link. */
import {
  closeSync,
  constants,
  type Dirent,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
} from 'node:fs';
import { basename, dirname, join, relative, sep } from 'node:path';
import type { BookSource } from '../book/index.ts';
import { type Evidence, parseEvidence, summarise } from '../evidence/index.ts';
import { type Issue, type IssueCode, parseRecord, parseRecords, RECORD_LIMITS } from '../record/index.ts';

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
/** Name of a record's file in our own layout. */
const OWN_FILE = 'record.json';
/** Written by the lab beside a record, or by package clients. */
const SKIPPED_FILES = new Set(['evidence.json', 'package.json', 'package-lock.json', 'tsconfig.json']);

export interface Sample {
  /** File name, e.g. `match.other-owner.debian12.log`. */
  readonly name: string;
  readonly text: string;
}

/** What could be records: of these files the content decides. */
const RECORD_FILE = /\.(?:json|jsonl|ndjson|txt|yaml|yml)$/;
/** Beside a rule of the CRE format: output that it must find, and output that it must not. */
const EXAMPLE_FILES = { 'test.log': 'match.', 'test-fp.log': 'near-miss.' } as const;

/** A record with the folder and samples that belong to it. */
export interface RecordFolder extends BookSource {
  readonly file: string;
  readonly samples: readonly Sample[];
}

export interface RecordTree {
  readonly records: readonly RecordFolder[];
  readonly issues: readonly Issue[];
  /** Of each file of a tree that holds something else than records: that it is passed over. */
  readonly passed: readonly Issue[];
}

/**
 * Reads every record under a path: a folder of records in our layout, a foreign tree, or one file, of any format
 * that `parseRecords` knows. A record that cannot be read is reported and left out; of a tree, files that hold
 * something else are passed over.
 * @throws where the path itself cannot be read, or is neither folder nor file.
 */
export function readRecords(path: string): RecordTree {
  const issues: Issue[] = [];
  const stat = statSync(path);
  if (!stat.isDirectory() && !stat.isFile()) throw new Error('it is neither a folder nor a file');
  const files = stat.isDirectory() ? listRecordFiles(path, issues) : [path];
  const records: RecordFolder[] = [];
  const passed: Issue[] = [];
  for (const file of files) {
    const shown = relativeName(file);
    // A link is the choice of whoever names it; inside a tree it may lead anywhere.
    const text = readLimited(file, shown, issues, RECORD_LIMITS.maxCollectionBytes, stat.isFile());
    if (text === null) continue;
    const read = parseRecords(text, { file: shown });
    // Of our own files, and of JSON that is none, somebody expects a record.
    const expected = stat.isFile() || basename(file) === OWN_FILE || isBrokenJson(file, text);
    for (const issue of read.issues) {
      if (!expected && issue.code === 'not-a-record' && read.found === 0) {
        passed.push({ ...issue, severity: 'warning' });
      } else issues.push(issue);
    }
    const own = basename(file) === OWN_FILE && read.records.length === 1;
    for (const { record, file: place } of read.records) {
      const summary = own ? summarise(record, evidenceBeside(file, issues)) : null;
      records.push({ record, file: place, samples: own ? samplesBeside(file, issues) : [], summary });
    }
  }
  return { records, issues, passed };
}

function isBrokenJson(file: string, text: string): boolean {
  return /\.(?:json|jsonl|ndjson)$/.test(file) && !/^\s*[[{]/.test(text);
}

/**
 * The example output that stands beside a file of one CRE rule, named like samples. It is no sample of ours: nobody
 * knows whether a program printed it.
 */
export function examplesBeside(file: string): readonly Sample[] {
  const examples: Sample[] = [];
  for (const [name, prefix] of Object.entries(EXAMPLE_FILES)) {
    const path = join(dirname(file), name);
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (!stat?.isFile() || stat.size > STORE_LIMITS.maxSampleBytes) continue;
    examples.push({ name: `${prefix}${name}`, text: readFileSync(path, 'utf8') });
  }
  return examples;
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
      } else if (entry.isFile() && RECORD_FILE.test(entry.name) && !SKIPPED_FILES.has(entry.name)) {
        if (files.length < STORE_LIMITS.maxFiles) files.push(path);
      }
    }
  };
  visit(root, 0);
  return files;
}

function readLimited(
  file: string,
  shown: string,
  issues: Issue[],
  maxBytes: number,
  throughLinks: boolean,
): string | null {
  let handle: number | null = null;
  try {
    // Asked of the open file: what the name stands for may change in between. NONBLOCK: a pipe would wait for ever.
    handle = openSync(
      file,
      constants.O_RDONLY | constants.O_NONBLOCK | (throughLinks ? 0 : constants.O_NOFOLLOW),
    );
    const stat = fstatSync(handle);
    if (!stat.isFile()) throw new Error('it is no regular file');
    if (stat.size > maxBytes) {
      issues.push(
        fileIssue(
          shown,
          'file-too-large',
          `the file has ${stat.size} bytes, more than the ${maxBytes} that a file of records may have`,
          'a file is read whole before it is judged',
          'move long output to samples/, or split it',
        ),
      );
      return null;
    }
    return readFileSync(handle, 'utf8');
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
  } finally {
    if (handle !== null) closeSync(handle);
  }
}

/** What the lab wrote beside a record, in our own layout. */
function evidenceBeside(file: string, issues: Issue[]): Evidence | null {
  const path = join(dirname(file), 'evidence.json');
  if (!lstatSync(path, { throwIfNoEntry: false })?.isFile()) return null;
  const text = readLimited(path, relativeName(path), issues, RECORD_LIMITS.maxFileBytes, false);
  if (text === null) return null;
  const read = parseEvidence(text, relativeName(path));
  issues.push(...read.issues);
  return read.evidence;
}

/** Only our own layout has samples. */
function samplesBeside(file: string, issues: Issue[]): Sample[] {
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
