/** What a worker hands over: candidates in order, with the numbers and offsets of the part that it read. */
import { type Candidate, type ReadSummary, SCAN_FILE_LIMITS, type Sink } from './blocks.ts';
import type { Part } from './source.ts';

export type BatchItem =
  | { readonly candidate: Candidate }
  | {
      readonly text: string;
      readonly piece: { readonly line: number; readonly offset: number; readonly last: boolean };
    };

/** What main tells a worker. */
export type WorkerRequest =
  | { readonly task: number; readonly part: Part }
  | { readonly more: true }
  | { readonly stop: true };

/** What a worker tells main; `read`: bytes since its last word. */
export type WorkerReply =
  | { readonly task: number; readonly items: readonly BatchItem[]; readonly read: number }
  | {
      readonly task: number;
      readonly items: readonly BatchItem[];
      readonly read: number;
      readonly summary: ReadSummary;
      /** Why it could not be read to its end. */
      readonly problem: string | null;
    };

/** Text that one message holds, about; and messages that may be under way before one is taken. */
export const BATCH = { chars: 1 << 20, ahead: 2 } as const;

/** Collects what a reader finds. */
export class Collector implements Sink {
  private items: BatchItem[] = [];
  private chars = 0;

  candidate(candidate: Candidate): void {
    this.items.push({ candidate });
    this.chars += candidate.text.length;
  }

  piece(text: string, piece: Parameters<Sink['piece']>[1]): void {
    this.items.push({ text, piece });
    this.chars += text.length;
  }

  get isFull(): boolean {
    return this.chars >= BATCH.chars;
  }

  take(): readonly BatchItem[] {
    const { items } = this;
    this.items = [];
    this.chars = 0;
    return items;
  }
}

/** Gives items to a sink, moved by what came before the part in its source. */
export function replay(
  items: readonly BatchItem[],
  sink: Sink,
  before: { readonly lines: number; readonly bytes: number },
): void {
  for (const item of items) {
    if ('candidate' in item) {
      const { candidate } = item;
      sink.candidate({
        ...candidate,
        line: candidate.line + before.lines,
        offset: candidate.offset + before.bytes,
      });
    } else {
      const { line, offset, last } = item.piece;
      sink.piece(item.text, { line: line + before.lines, offset: offset + before.bytes, last });
    }
  }
}

/** The parts of a source, in order. */
export function partsOf(kind: Part['kind']): readonly Part[] {
  if (!kind.divisible || kind.size === null || kind.size === 0)
    return [{ kind, from: 0, to: kind.size ?? 0 }];
  const parts: Part[] = [];
  for (let from = 0; from < kind.size; from += SCAN_FILE_LIMITS.rangeBytes)
    parts.push({ kind, from, to: Math.min(kind.size, from + SCAN_FILE_LIMITS.rangeBytes) });
  return parts;
}
