/** At most so many at once; some alone. First come, first served. */
export class Slots {
  private free: number;
  private readonly waiting: { need: number; go: () => void }[] = [];

  private readonly size: number;

  constructor(size: number) {
    this.size = size;
    this.free = size;
  }

  /** @param alone nothing else runs meanwhile: for work that measures time. */
  async take<T>(alone: boolean, work: () => Promise<T>): Promise<T> {
    const need = alone ? this.size : 1;
    if (this.waiting.length > 0 || this.free < need)
      await new Promise<void>((go) => this.waiting.push({ need, go }));
    else this.free -= need;
    try {
      return await work();
    } finally {
      this.free += need;
      for (let next = this.waiting[0]; next && next.need <= this.free; next = this.waiting[0]) {
        this.waiting.shift();
        this.free -= next.need;
        next.go();
      }
    }
  }
}
