/**
 * The simulation of a program over bytes: nothing is built, so it is the cheapest way to ask a pattern that is met for the
 * first time, and the fallback of those whose lazy automaton does not pay. Linear: bytes times instructions.
 */
import { ASSERT, CHAR, CLASS, holdsBetween, JUMP, MATCH, type Program, SAVE, SPLIT } from './automaton.ts';

/** Runs programs one after the other in the same memory. */
export class ByteSimulation {
  private current = new Int32Array(0);
  private next = new Int32Array(0);
  private size = 0;
  private mark = new Int32Array(0);
  private round = 0;
  private readonly open: number[] = [];
  private matched = false;

  /**
   * Whether a program matches between `from` and `to`, the end of the line; anchored: at `from`.
   * @param lineFrom where the line begins: what stands before `from` counts for `^` and `\b`
   */
  test(
    program: Program,
    bytes: Uint8Array,
    from: number,
    to: number,
    lineFrom: number,
    anchored: boolean,
  ): boolean {
    const { op, x, classes } = program;
    if (this.mark.length < op.length) {
      this.mark = new Int32Array(op.length);
      this.current = new Int32Array(op.length);
      this.next = new Int32Array(op.length);
      this.round = 0;
    }
    const firstByte = op[0] === CHAR ? (x[0] as number) : -1;
    let count = 0;
    this.matched = false;
    this.begin();
    for (let at = from; ; at++) {
      if (!anchored || at === from) {
        if (count === 0 && firstByte !== -1)
          while (at < to && bytes[at] !== firstByte) {
            if (anchored) return false;
            at++;
          }
        this.size = count;
        this.follow(program, 0, bytes, at, lineFrom, to, this.current);
        count = this.size;
      }
      if (this.matched) return true;
      if (at >= to || (count === 0 && anchored)) return false;
      const byte = bytes[at] as number;
      this.begin();
      this.size = 0;
      for (let i = 0; i < count; i++) {
        const pc = this.current[i] as number;
        const target = x[pc] as number;
        if (
          op[pc] === CHAR
            ? target === byte
            : (classes[target] as Program['classes'][number]).table[byte] === 1
        )
          this.follow(program, pc + 1, bytes, at + 1, lineFrom, to, this.next);
      }
      count = this.size;
      const swap = this.current;
      this.current = this.next;
      this.next = swap;
    }
  }

  private begin(): void {
    if (this.round === 0x7fffffff) {
      this.mark.fill(0);
      this.round = 0;
    }
    this.round++;
  }

  /** Adds what is reachable without reading a byte. */
  private follow(
    { op, x, y }: Program,
    from: number,
    bytes: Uint8Array,
    at: number,
    lineFrom: number,
    lineTo: number,
    list: Int32Array,
  ): void {
    const { mark, round, open } = this;
    open.push(from);
    while (open.length > 0) {
      const pc = open.pop() as number;
      if (mark[pc] === round) continue;
      mark[pc] = round;
      switch (op[pc]) {
        case CHAR:
        case CLASS:
          list[this.size++] = pc;
          break;
        case MATCH:
          this.matched = true;
          break;
        case JUMP:
          open.push(x[pc] as number);
          break;
        case SPLIT:
          open.push(x[pc] as number, y[pc] as number);
          break;
        case SAVE:
          open.push(pc + 1);
          break;
        case ASSERT: {
          const before = at > lineFrom ? (bytes[at - 1] as number) : -1;
          const after = at < lineTo ? (bytes[at] as number) : -1;
          if (holdsBetween(x[pc] as number, before, after)) open.push(pc + 1);
          break;
        }
      }
    }
  }
}
