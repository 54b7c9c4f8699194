/**
 * A scan of logs of any size. Threads find the lines worth a look, in parts of files; this thread takes them in the order
 * of the sources and does everything exact, so that the report does not depend on how many threads there were.
 */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { Book } from '../book/index.ts';
import { partsOf, replay, type WorkerReply, type WorkerRequest } from './batch.ts';
import { BlockReader, type Filter, filterOf, type ReadSummary, SCAN_FILE_LIMITS } from './blocks.ts';
import { kindOf, type Part, readPart, SourceError, type SourceKind, sampleOf } from './source.ts';
import { type ScanReport, Tally, type TallyOptions } from './tally.ts';

/** Built beside the program that loads this. */
const WORKER = new URL('./scan-worker.cjs', import.meta.url);

/** What a thread may make before it collects: what it finds is soon handed over, and soon forgotten. */
const YOUNG_MB = 8;

export interface ScanOptions extends TallyOptions {
  /** Threads; default: one for each processor where there is enough to read. */
  readonly workers?: number;
  /** Ends the scan with what it has. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: ScanProgress) => void;
}

export interface ScanProgress {
  readonly readBytes: number;
  /** Bytes on disk of all sources; null where one is a pipe. */
  readonly totalBytes: number | null;
  readonly known: number;
  readonly unknown: number;
}

export interface ScanResult extends ScanReport {
  /** Sources that could not be read, or not to their end: one sentence each. */
  readonly problems: readonly string[];
  /** `signal` ended it. */
  readonly stopped: boolean;
  /** Threads that read. */
  readonly workers: number;
}

/** Scans files (`-`: standard input), in the order given. Never throws for a file: see `problems`. */
export async function scan(book: Book, paths: readonly string[], options: ScanOptions): Promise<ScanResult> {
  const problems: string[] = [];
  const kinds = paths.flatMap((path) => {
    try {
      return [kindOf(path)];
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      problems.push(error.message);
      return [];
    }
  });
  const tally = new Tally(book, options);
  const totalBytes = kinds.some((k) => k.size === null)
    ? null
    : kinds.reduce((sum, k) => sum + (k.size ?? 0), 0);
  let readBytes = 0;
  const read = (bytes: number): boolean => {
    readBytes += bytes;
    options.onProgress?.({ readBytes, totalBytes, ...tally.soFar });
    return options.signal?.aborted !== true;
  };
  const largest = kinds.filter((k) => k.divisible).sort((a, b) => (b.size ?? 0) - (a.size ?? 0))[0];
  const filter = filterOf(book, largest ? sampleOf(largest.path, largest.size ?? 0) : null);
  const workers = workersFor(kinds, options.workers);
  const job = { tally, filter, kinds, problems, read };
  if (workers > 1) await scanInThreads(job, workers, options.signal);
  else await scanHere(job);
  return { ...tally.report(), problems, stopped: options.signal?.aborted === true, workers };
}

interface Job {
  readonly tally: Tally;
  readonly filter: Filter;
  readonly kinds: readonly SourceKind[];
  readonly problems: string[];
  /** Bytes were read; false: stop. */
  readonly read: (bytes: number) => boolean;
}

function workersFor(kinds: readonly SourceKind[], wanted: number | undefined): number {
  if (!existsSync(fileURLToPath(WORKER))) return 1;
  const parts = kinds.filter((k) => k.path !== '-').reduce((sum, k) => sum + partsOf(k).length, 0);
  const most = Math.min(parts, SCAN_FILE_LIMITS.maxWorkers);
  if (wanted !== undefined) return Math.max(1, Math.min(wanted, most));
  const bytes = kinds.reduce((sum, k) => sum + (k.size ?? 0), 0);
  return bytes < SCAN_FILE_LIMITS.threadBytes ? 1 : Math.max(1, Math.min(availableParallelism(), most));
}

async function scanHere({ tally, filter, kinds, problems, read }: Job): Promise<void> {
  let going = true;
  for (const kind of kinds) {
    if (!going) break;
    const source = tally.open(kind.path);
    const reader = new BlockReader(filter, kind.json, source);
    // A long read gives others a turn: a signal must be heard.
    let blocks = 0;
    try {
      await readPart({ kind, from: 0, to: kind.size ?? 0 }, reader, async (bytes) => {
        going = read(bytes);
        if (++blocks % 16 === 0) await new Promise<void>((resolve) => setImmediate(resolve));
        return going;
      });
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      problems.push(error.message);
    }
    source.finish(reader.end());
  }
}

/** What is known of a part while it is read, and until its turn comes. */
interface Task {
  readonly part: Part;
  readonly lastOfSource: boolean;
  readonly replies: WorkerReply[];
}

async function scanInThreads(job: Job, workers: number, signal: AbortSignal | undefined): Promise<void> {
  const { tally, filter, kinds, problems, read } = job;
  const tasks: Task[] = kinds.flatMap((kind) => {
    const parts = partsOf(kind);
    return parts.map((part, i) => ({ part, lastOfSource: i === parts.length - 1, replies: [] }));
  });
  const threads = Array.from(
    { length: workers },
    () =>
      new Worker(WORKER, { workerData: { filter }, resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB } }),
  );
  let next = 0;
  let head = 0;
  let going = true;
  const stop = () => {
    going = false;
    for (const thread of threads) tell(thread, { stop: true });
  };
  signal?.addEventListener('abort', stop, { once: true });

  let source = kinds[0] ? tally.open(kinds[0].path) : null;
  let before: { lines: number; bytes: number; first: string } | null = null;
  const give = (thread: Worker): void => {
    // Nobody reads far ahead of who counts.
    if (!going || next >= tasks.length || next > head + workers * 2) {
      idle.add(thread);
      return;
    }
    idle.delete(thread);
    const task = next++;
    tell(thread, { task, part: (tasks[task] as Task).part });
  };
  const idle = new Set<Worker>();

  /** Takes what has come, in order. */
  const drain = (owner: Map<WorkerReply, Worker>): void => {
    for (let task = tasks[head]; task && task.replies.length > 0; task = tasks[head]) {
      const reply = task.replies.shift() as WorkerReply;
      source ??= tally.open(task.part.kind.path);
      before ??= { lines: 0, bytes: 0, first: '' };
      replay(reply.items, source, before);
      tell(owner.get(reply) as Worker, { more: true });
      owner.delete(reply);
      if (!('summary' in reply)) continue;
      const { summary, problem } = reply;
      if (problem !== null) problems.push(problem);
      const whole: ReadSummary = {
        bytes: before.bytes + summary.bytes,
        lines: before.lines + summary.lines,
        firstLine: before.first || summary.firstLine,
        lastLine: summary.lastLine,
      };
      before = { lines: whole.lines, bytes: whole.bytes, first: whole.firstLine };
      if (task.lastOfSource || !going) {
        source.finish(whole);
        source = null;
        before = null;
      }
      head++;
    }
  };

  try {
    await new Promise<void>((resolve, reject) => {
      const owner = new Map<WorkerReply, Worker>();
      let working = 0;
      const finishIfDone = () => {
        if (working === 0 && (!going || head >= tasks.length)) resolve();
      };
      for (const thread of threads) {
        thread.on('error', reject);
        thread.on('message', (reply: WorkerReply) => {
          owner.set(reply, thread);
          (tasks[reply.task] as Task).replies.push(reply);
          if (!read(reply.read) && going) stop();
          drain(owner);
          if ('summary' in reply) {
            working--;
            give(thread);
            if (!idle.has(thread)) working++;
          }
          for (const waiting of [...idle]) {
            give(waiting);
            if (!idle.has(waiting)) working++;
          }
          finishIfDone();
        });
        give(thread);
        if (!idle.has(thread)) working++;
      }
      finishIfDone();
    });
  } finally {
    signal?.removeEventListener('abort', stop);
    await Promise.all(threads.map((thread) => thread.terminate()));
  }
}

function tell(thread: Worker, request: WorkerRequest): void {
  thread.postMessage(request);
}
