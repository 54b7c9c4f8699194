/** A thread of a scan: reads the parts that it is given, and says what is worth a closer look. */
import { parentPort, workerData } from 'node:worker_threads';
import { BATCH, Collector, type WorkerReply, type WorkerRequest } from './batch.ts';
import { BlockReader, type Filter } from './blocks.ts';
import { readPart, SourceError } from './source.ts';

const { filter } = workerData as { readonly filter: Filter };
const port = parentPort as NonNullable<typeof parentPort>;

let underway = 0;
let stopped = false;
/** Called when a message was taken, or all is to end. */
let wake: (() => void) | null = null;

function say(reply: WorkerReply): void {
  underway++;
  port.postMessage(reply);
}

async function read({ task, part }: Extract<WorkerRequest, { readonly task: number }>): Promise<void> {
  const collector = new Collector();
  const reader = new BlockReader(filter, part.kind.json, collector);
  let bytes = 0;
  let problem: string | null = null;
  try {
    await readPart(part, reader, async (read) => {
      bytes += read;
      if (!collector.isFull) return !stopped;
      say({ task, items: collector.take(), read: bytes });
      bytes = 0;
      // Whoever counts may be slower than who reads: memory stays bounded.
      while (underway >= BATCH.ahead && !stopped) await new Promise<void>((resolve) => (wake = resolve));
      return !stopped;
    });
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    problem = error.message;
  }
  const summary = reader.end();
  say({ task, items: collector.take(), read: bytes, summary, problem });
}

port.on('message', (request: WorkerRequest) => {
  if ('part' in request) void read(request);
  else {
    if ('stop' in request) stopped = true;
    else underway--;
    wake?.();
    wake = null;
  }
});
