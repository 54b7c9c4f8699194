/**
 * Open faults on disk: one small file a fault, in a folder for each project, in the user's state folder. A file is written
 * beside its place and then renamed, so that any number of writers and a killed one leave whole files; who changes a fault
 * holds its lock from reading to writing, so that of two changes at the same moment both stay. Names are digests: no id and no path leads anywhere. Nothing
 * leaves this machine.
 */
import { createHash, randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';
import { FAULT_LIMITS, isOpen, type OpenFault, parseOpenFault, seenAgain } from '../preflight/index.ts';
import { InputError } from './error.ts';
import { withLock } from './lock.ts';
import { stateFolder } from './trust.ts';
import { makePrivate } from './write.ts';

/** A draft or a lock that is older was left by a writer that died. */
const MAX_DRAFT_AGE_MS = 60_000;
const DRAFT = '.draft';
const LEFT = /\.(?:draft|lock|heir)$/;

/** Where something runs: the project that it belongs to, and the folder below it. */
export interface ProjectPlace {
  /** Absolute path of the repository's root, or of the folder itself where there is no repository. */
  readonly project: string;
  /** Absolute path of the folder. */
  readonly folder: string;
  /** The folder from the project, with `/` between the parts; '' is the project itself. */
  readonly below: string;
}

/** The project of a folder. Links are followed: two names of one folder are one project. */
export function projectOf(path: string): ProjectPlace {
  let folder = resolve(path);
  try {
    folder = realpathSync(folder);
  } catch {
    // Gone, or not to be read: its name is all there is.
  }
  let project = folder;
  while (!existsSync(join(project, '.git')) && dirname(project) !== project) project = dirname(project);
  if (!existsSync(join(project, '.git'))) project = folder;
  return { project, folder, below: relative(project, folder).split(sep).join('/') };
}

/** Whether a fault was ever opened on this machine: a cheap question, asked before dear ones. */
export function hasOpenFaults(state: string = stateFolder()): boolean {
  return existsSync(join(state, 'open'));
}

/** The faults that are open in a project, the one seen last first. Never throws: what cannot be read is not there. */
export function readOpenFaults(
  project: string,
  nowMs: number,
  state: string = stateFolder(),
): readonly OpenFault[] {
  const folder = folderOf(state, project);
  return namesIn(folder)
    .flatMap((name) => readFault(join(folder, name)) ?? [])
    .filter((fault) => isOpen(fault, nowMs))
    .sort((a, b) => b.seenMs - a.seenMs || (a.id < b.id ? -1 : 1))
    .slice(0, FAULT_LIMITS.maxFaults);
}

/**
 * Opens a fault, or notes that it was seen once more.
 * @returns the fault as it is now.
 * @throws {InputError} where it cannot be written.
 */
export function openFault(project: string, fault: OpenFault, state: string = stateFolder()): OpenFault {
  const folder = folderOf(state, project);
  const file = join(folder, fileOf(fault.id));
  makeFolders(state, folder);
  const now = withLock(file, () => {
    const before = readFault(file);
    const after = before && isOpen(before, fault.seenMs) ? seenAgain(before, fault) : fault;
    writePrivate(folder, file, after);
    return after;
  });
  tidy(folder, fault.seenMs);
  return now;
}

/**
 * Changes a fault that is open; null from `change` closes it. Nothing happens where it is not open.
 * @throws {InputError} where it cannot be written.
 */
export function changeFault(
  project: string,
  id: string,
  change: (fault: OpenFault) => OpenFault | null,
  state: string = stateFolder(),
): void {
  const folder = folderOf(state, project);
  const file = join(folder, fileOf(id));
  if (!existsSync(file)) return;
  withLock(file, () => {
    const before = readFault(file);
    if (!before) return;
    const after = change(before);
    if (after === null) remove(file);
    else writePrivate(folder, file, after);
  });
}

/** Closes a fault: by a report `fixed`, or because the failing command succeeded. False where it was not open. */
export function closeFault(project: string, id: string, state: string = stateFolder()): boolean {
  const file = join(folderOf(state, project), fileOf(id));
  if (!existsSync(file)) return false;
  try {
    withLock(file, () => remove(file));
  } catch {
    // No lock to be had: closed all the same, as who cannot write a lock could not keep it open.
    remove(file);
  }
  return true;
}

function folderOf(state: string, project: string): string {
  return join(state, 'open', digest(project));
}

function fileOf(id: string): string {
  return `${digest(id)}.json`;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 40);
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.json'));
  } catch {
    return [];
  }
}

function readFault(file: string): OpenFault | null {
  let descriptor: number | null = null;
  try {
    // Not through a link, which could name what somebody else wrote; NONBLOCK: a pipe would wait for ever.
    descriptor = openSync(
      file,
      constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0),
    );
    const stat = fstatSync(descriptor);
    if (!stat.isFile() || stat.size > FAULT_LIMITS.maxBytes) return null;
    return parseOpenFault(readFileSync(descriptor, 'utf8'));
  } catch {
    return null;
  } finally {
    if (descriptor !== null) closeSync(descriptor);
  }
}

function makeFolders(state: string, folder: string): void {
  try {
    makePrivate(state);
    makePrivate(folder);
  } catch (error) {
    throw new InputError(`${folder} cannot be written: ${(error as Error).message}`);
  }
}

function writePrivate(folder: string, file: string, fault: OpenFault): void {
  const draft = join(folder, `${randomBytes(8).toString('hex')}${DRAFT}`);
  let text = JSON.stringify(fault);
  // Advice that is too long to keep is left to the book; what was found, and what was run, stays.
  if (Buffer.byteLength(text) > FAULT_LIMITS.maxBytes) text = JSON.stringify({ ...fault, actions: [] });
  try {
    const descriptor = openSync(
      draft,
      constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (constants.O_NOFOLLOW ?? 0),
      0o600,
    );
    try {
      const bytes = Buffer.from(text);
      // A disk that is nearly full takes a part.
      if (writeSync(descriptor, bytes) !== bytes.length) throw new Error('only a part could be written');
    } finally {
      closeSync(descriptor);
    }
    renameSync(draft, file);
  } catch (error) {
    remove(draft);
    throw new InputError(`${file} cannot be written: ${(error as Error).message}`);
  }
}

/** What is too old or too many goes, and what dead writers left. */
function tidy(folder: string, nowMs: number): void {
  try {
    for (const name of readdirSync(folder)) {
      const stale = LEFT.test(name) && nowMs - lstatSync(join(folder, name)).mtimeMs > MAX_DRAFT_AGE_MS;
      if (stale) remove(join(folder, name));
    }
    const names = namesIn(folder);
    const kept = names.map((name) => ({ name, fault: readFault(join(folder, name)) }));
    const open = kept
      .filter(({ fault }) => fault && isOpen(fault, nowMs))
      .sort((a, b) => (b.fault?.seenMs ?? 0) - (a.fault?.seenMs ?? 0))
      .slice(0, FAULT_LIMITS.maxFaults);
    for (const { name } of kept) if (!open.some((o) => o.name === name)) remove(join(folder, name));
  } catch {
    // Another process was faster; the next one tidies.
  }
}

function remove(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // A folder that cannot be written: what is in it grows old by itself.
  }
}
