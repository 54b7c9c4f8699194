/** Proving a record: the whole matrix of cause × action × environment, in parallel, resumable, written as evidence. */
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Book } from '../book/index.ts';
import { cellName, type Evidence, type EvidenceCell, type Outcome } from '../evidence/index.ts';
import { blocksFor, type CellKey, cellsOf, digestOf, olderDigestOf } from './cells.ts';
import { HEALTHY, type Plan } from './plan.ts';
import { findIsolation, type Isolation, sweepCgroups } from './sandbox.ts';
import { Slots } from './slots.ts';
import {
  type ActionResult,
  type Fault,
  type KeptWorld,
  Trial,
  transcriptDigest,
  verdictOf,
} from './trial.ts';
import { fetchSoftware, obstacle, openWorld, type World } from './world.ts';

/** How often a cell is run, and how many cells at once; `docs/lab.md` says so too. */
export const PROVE_LIMITS = {
  repeats: 2,
  /** Of a cell whose repeats disagree. */
  repeatsOnDisagreement: 5,
  /** A cell in which the lab itself failed is tried again so often. */
  retries: 2,
  /** Cells at once for each processor: a trial waits more than it computes. */
  cellsPerProcessor: 3,
} as const;

/** What stands for the outcome of a cell that was never run. */
export const NOT_RUN = '(not run)';

/** The lab cannot run this at all: no isolation, no packages, a broken page. */
export class CannotProve extends Error {
  override readonly name = 'CannotProve';
}

export interface Progress {
  readonly done: number;
  readonly total: number;
  readonly cell: string;
  readonly outcome: string;
}

export interface ProveOptions {
  readonly plan: Plan;
  /** All records, to say what a new failure is. */
  readonly book: Book;
  readonly cache: string;
  readonly previous: Evidence | null;
  /** Which cells to run; the others keep the evidence they have. */
  readonly wanted: (cell: CellKey) => boolean;
  readonly jobs: number;
  readonly offline?: boolean;
  /** Today, as YYYY-MM-DD. */
  readonly today: string;
  readonly say: (line: string) => void;
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

export interface CellResult {
  readonly cell: CellKey;
  readonly line: EvidenceCell;
  readonly transcript: string;
}

export interface ProveReport {
  readonly evidence: Evidence;
  readonly results: readonly CellResult[];
  /** Cells whose outcome differs from what the previous evidence said, with both. */
  readonly changed: readonly { readonly cell: string; readonly before: string; readonly now: string }[];
  /** `cause.environment` → the text in which the fault showed; `healthy.environment` → what the healthy world printed. */
  readonly samples: ReadonlyMap<string, string>;
  readonly trials: number;
}

/** Where the transcript of a cell's last run lies. */
export function transcriptFile(cache: string, record: string, cell: string): string {
  return join(cache, 'transcripts', record, `${cell.replaceAll('/', ' ')}.txt`);
}

/**
 * Which cells the evidence should have: all, save those of a cause that is not there, and those the page excludes. That a
 * cause is not there counts while the line that says so is of what the page says now.
 */
export function expectedCells(plan: Plan, evidence: Evidence | null): CellKey[] {
  const lines = new Map(evidence?.cells.map((c) => [cellName(c), c]));
  const absent = new Set<string>();
  const cells = cellsOf(plan).filter((cell) => applicable(plan, cell));
  for (const cell of cells) {
    const line = cell.key === 'nothing' ? lines.get(nameOf(cell)) : undefined;
    if (line && isAbsent(line) && isFresh(plan, cell, line)) absent.add(`${cell.env}\0${cell.cause}`);
  }
  return cells.filter((cell) => cell.key === 'nothing' || !absent.has(`${cell.env}\0${cell.cause}`));
}

/**
 * Whether a line was made from what the plan says now. Where something was stopped because it took too long, its limit is
 * part of that; where the lab itself failed nothing was found out.
 */
function isFresh(plan: Plan, cell: CellKey, line: EvidenceCell): boolean {
  if (line.timed_out !== undefined && line.timed_out !== plan.timeoutSeconds) return false;
  if (Object.keys(line.outcomes ?? line.readings ?? {}).every((said) => said === 'lab_failed')) return false;
  return line.digest === digestOf(plan, cell) || line.digest === olderDigestOf(plan, cell);
}
const NO_CELLS: ReadonlySet<string> = new Set<Outcome>(['no_fault', 'not_applicable', 'lab_failed']);

/** The line says that there is no fault to try anything on. */
function isAbsent(line: EvidenceCell): boolean {
  return line.action === 'nothing' && Object.keys(line.outcomes ?? {}).every((o) => NO_CELLS.has(o));
}

function applicable(plan: Plan, cell: CellKey): boolean {
  const cause = plan.causes[cell.cause];
  if (cause && blocksFor(cause, cell.cause, cell.env) === null) return false;
  const section = cell.kind === 'action' ? plan.actions[cell.key]?.section : plan.checks[cell.key]?.section;
  return section === undefined || blocksFor(section, cell.cause, cell.env) !== null;
}

/** Cells whose evidence is missing, or was made from something else than the plan says now. */
export function staleCells(plan: Plan, evidence: Evidence | null): CellKey[] {
  const lines = new Map(evidence?.cells.map((c) => [cellName(c), c]));
  return expectedCells(plan, evidence).filter((cell) => {
    const line = lines.get(nameOf(cell));
    return line === undefined || !isFresh(plan, cell, line);
  });
}

/** Cells of the evidence that the page has no place for any more; the next proof drops them. */
export function superfluousCells(plan: Plan, evidence: Evidence | null): string[] {
  const expected = new Set(expectedCells(plan, evidence).map(nameOf));
  return (evidence?.cells ?? []).map(cellName).filter((name) => !expected.has(name));
}

type MeasuredVersions = Pick<Evidence['environments'][string], 'packages' | 'probed'>;

/** What the programs said of themselves; packages where none was asked. */
function versionsIn({ packages, probed }: MeasuredVersions): Record<string, string> {
  return Object.keys(probed).length > 0 ? probed : packages;
}

function changedVersions(was: MeasuredVersions, now: MeasuredVersions): boolean {
  const [before, after] = [versionsIn(was), versionsIn(now)];
  return Object.keys({ ...before, ...after }).some((name) => before[name] !== after[name]);
}

/** A cell's name: `environment/cause/action`, `environment/cause/?check`. */
export function nameOf(cell: CellKey): string {
  return `${cell.env}/${cell.cause}/${cell.kind === 'check' ? `?${cell.key}` : cell.key}`;
}

/**
 * Runs the wanted cells and merges them with what was known.
 * @throws {CannotProve} where nothing can be run.
 */
export async function prove(options: ProveOptions): Promise<ProveReport> {
  const { plan, say } = options;
  const isolation = findIsolation();
  const hindered = obstacle(plan, isolation);
  if (hindered !== null) throw new CannotProve(`${plan.record} cannot be run here: ${hindered}`);
  // Layers hold programs that run as root for whoever starts them, and what a page's root left: nobody else may reach them.
  mkdirSync(options.cache, { recursive: true, mode: 0o700 });
  chmodSync(options.cache, 0o700);
  sweepCgroups();
  return new Run(options, isolation).all().finally(() => say(''));
}

interface Repeat {
  readonly outcome: Outcome;
  readonly result: ActionResult | null;
  readonly transcript: string;
  /** Something in it was stopped because it took longer than the page's `timeout`. */
  readonly timedOut: boolean;
}

class Run {
  private readonly slots: Slots;
  private readonly results = new Map<string, CellResult>();
  private readonly samples = new Map<string, string>();
  private readonly journal: string;
  private readonly known: Journal;
  private readonly scratch: string;
  private readonly cells: readonly CellKey[];
  private total: number;
  private done = 0;
  private trials = 0;

  private readonly options: ProveOptions;
  private readonly isolation: Isolation;

  constructor(options: ProveOptions, isolation: Isolation) {
    this.options = options;
    this.isolation = isolation;
    const { plan, cache } = options;
    this.slots = new Slots(options.jobs);
    mkdirSync(join(cache, 'journals'), { recursive: true, mode: 0o700 });
    this.journal = join(cache, 'journals', `${plan.record.replaceAll('/', '+')}.ndjson`);
    this.known = readJournal(this.journal);
    mkdirSync(join(cache, 'worlds'), { recursive: true, mode: 0o700 });
    this.scratch = mkdtempSync(join(cache, 'worlds', 'run-'));
    this.cells = cellsOf(plan).filter((c) => applicable(plan, c) && options.wanted(c));
    this.total = this.cells.length;
  }

  async all(): Promise<ProveReport> {
    const { plan, previous, today } = this.options;
    const environments: Evidence['environments'] = { ...previous?.environments };
    for (const name of Object.keys(environments)) if (!(name in plan.environments)) delete environments[name];
    try {
      const names = Object.keys(plan.environments).filter((env) => this.cells.some((c) => c.env === env));
      const worlds: World[] = [];
      for (const env of names) worlds.push(await this.world(env));
      await Promise.all(worlds.map((world) => this.environment(world)));
      for (const { env, packages, probed } of worlds) {
        const { suite } = plan.environments[env] as Plan['environments'][string];
        const now = { suite, packages, probed };
        const was = previous?.environments[env];
        // Cells that were not run this time stem from the versions that were there then.
        const older = previous?.cells.some((c) => c.env === env && !this.results.has(cellName(c)));
        environments[env] =
          was && older && changedVersions(was, now) ? { ...was, newer: versionsIn(now) } : now;
      }
    } finally {
      rmSync(this.scratch, { recursive: true, force: true });
    }
    this.options.signal?.throwIfAborted();
    const before = new Map(previous?.cells.map((c) => [cellName(c), c]));
    const changed: { cell: string; before: string; now: string }[] = [];
    const cells: EvidenceCell[] = [];
    for (const cell of cellsOf(plan)) {
      const name = nameOf(cell);
      const old = before.get(name);
      const line = this.results.get(name)?.line;
      const wanted = this.options.wanted(cell);
      if (!line) {
        // What the page no longer has a place for goes, whatever was asked for; so does what was tried on a fault that
        // is not there any more.
        const control = this.results.get(nameOf({ ...cell, kind: 'action', key: 'nothing' }));
        const gone = control !== undefined && isAbsent(control.line);
        if (old && !wanted && !gone && applicable(plan, cell)) cells.push(old);
        continue;
      }
      const [was, is] = [old && saidOf(old), saidOf(line)];
      // What says the same stays byte for byte: its first error and its transcript have times in them.
      if (
        old &&
        was === is &&
        old.digest === line.digest &&
        old.undo === line.undo &&
        old.wording === line.wording &&
        old.timed_out === line.timed_out
      )
        cells.push(old);
      else {
        cells.push(line);
        if (was !== is) changed.push({ cell: name, before: was ?? NOT_RUN, now: is });
      }
    }
    const same = previous !== null && changed.length === 0 && previous.cells.length === cells.length;
    const evidence: Evidence = {
      schema: 'evidence.v1',
      record: plan.record,
      date: same ? previous.date : today,
      environments: Object.fromEntries(
        Object.keys(plan.environments).flatMap((env) =>
          environments[env] ? [[env, environments[env]]] : [],
        ),
      ),
      cells,
    };
    rmSync(this.journal, { force: true });
    return {
      evidence,
      results: [...this.results.values()],
      changed,
      samples: this.samples,
      trials: this.trials,
    };
  }

  private async world(env: string): Promise<World> {
    const { plan, cache, say, offline, signal } = this.options;
    const provisioned = await fetchSoftware(plan.environments[env] as Plan['environments'][string], {
      cache,
      say,
      ...(offline === undefined ? {} : { offline }),
      ...(signal === undefined ? {} : { signal }),
    });
    return openWorld(plan, env, provisioned, this.isolation, cache).catch((error: Error) => {
      throw new CannotProve(`${plan.record}, ${env}: ${error.message}`);
    });
  }

  private async environment(world: World): Promise<void> {
    const mine = this.cells.filter((c) => c.env === world.env);
    const causes = [...new Set(mine.map((c) => c.cause))];
    const of = (cause: string) => mine.filter((c) => c.cause === cause);
    await Promise.all(
      causes.map((cause) =>
        cause === HEALTHY ? this.healthy(world, of(cause)) : this.cause(world, cause, of(cause)),
      ),
    );
  }

  /**
   * Actions on the healthy world need values that a fault would have printed: those of the first cause, in the record's
   * order, that shows one, so that every run fills the same commands.
   */
  private async anyFault(world: World): Promise<Fault | null> {
    for (const cause of Object.keys(this.options.plan.causes)) {
      const shown = await this.inTrial(world, cause, {}, (trial) => trial.buildFault());
      if ('groups' in shown) return shown;
    }
    return null;
  }

  private async cause(world: World, cause: string, cells: readonly CellKey[]): Promise<void> {
    const open = cells.filter((c) => !this.recall(world, c));
    const control = this.results.get(nameOf({ env: world.env, cause, kind: 'action', key: 'nothing' }));
    // An interrupted run found already that the cause is not there.
    if (control && isAbsent(control.line)) {
      this.total -= open.length;
      return;
    }
    const checks = open.filter((c) => c.kind === 'check');
    if (open.length === 0) return;
    // Controls: the fault is shown, the checks are read beside it, the world is kept where it stands still.
    const kept: { world: KeptWorld | null; fault: Fault }[] = [];
    const readings: { reading: string; transcript: string; timedOut: boolean }[][] = checks.map(() => []);
    const show = async (repeat: number): Promise<Repeat | null> =>
      this.slots.take(this.alone(cause, ...checks.map((c) => c.key)), async () => {
        this.options.signal?.throwIfAborted();
        const saveTo = this.canKeep(world, cause)
          ? join(this.scratch, `${world.env}-${cause}-${repeat}`)
          : undefined;
        return this.inTrial(world, cause, { saveTo }, async (trial) => {
          const healthyText = await trial.showHealthy();
          this.sample(world, HEALTHY, healthyText);
          const fault = await trial.breakIt();
          this.sample(world, cause, fault.text);
          const still = saveTo !== undefined && (await trial.still());
          if (still) await trial.keep();
          const { transcript } = trial;
          kept[repeat] = { world: still ? { layer: saveTo, healthyText, transcript } : null, fault };
          // Backwards in every other repeat: a check that changed something would make the readings disagree.
          const order = repeat % 2 === 0 ? checks : checks.toReversed();
          const read = await trial.read(order, fault);
          for (const [i, check] of checks.entries()) {
            const reading = read.readings[check.key];
            if (reading !== undefined && read.unchanged)
              readings[i]?.push({
                reading,
                transcript: read.transcripts[check.key] ?? '',
                timedOut: trial.timedOut,
              });
            else if (read.outcome !== null || !read.unchanged)
              readings[i]?.push({
                reading: 'lab_failed',
                transcript: read.transcripts[check.key] ?? trial.transcript,
                timedOut: trial.timedOut,
              });
          }
          return null;
        });
      });
    let shown = 0;
    const failed: Repeat[] = [];
    for (let round = 0; round <= PROVE_LIMITS.retries && shown < PROVE_LIMITS.repeats; round++) {
      const tries = Array.from({ length: PROVE_LIMITS.repeats - shown }, (_, i) =>
        show(round * PROVE_LIMITS.repeats + i),
      );
      const got = await Promise.all(tries);
      shown += got.filter((g) => g === null).length;
      failed.push(...got.filter((g) => g !== null));
      if (failed.some((f) => f.outcome !== 'lab_failed')) break;
    }
    const faults = kept.filter(Boolean);
    if (faults.length === 0 || (failed.length > 0 && failed.some((f) => f.outcome !== 'lab_failed'))) {
      const nothing: CellKey = { env: world.env, cause, kind: 'action', key: 'nothing' };
      const outcomes: Record<string, number> = {};
      for (const f of failed) outcomes[f.outcome] = (outcomes[f.outcome] ?? 0) + 1;
      if (faults.length > 0) outcomes.persists = faults.length;
      this.finish(
        world,
        nothing,
        outcomes,
        null,
        failed[0]?.transcript ?? '',
        firstReason(failed[0]?.transcript),
        failed.some((f) => f.timedOut),
      );
      // The other cells of a cause that is not there do not exist.
      this.total -= cells.filter((c) => c.key !== 'nothing').length;
      this.report(nothing, Object.keys(outcomes).join(', '), 0);
      return;
    }
    for (const [i, check] of checks.entries()) {
      const said = readings[i] ?? [];
      if (said.length === 0) continue;
      const counts: Record<string, number> = {};
      for (const { reading } of said) counts[reading] = (counts[reading] ?? 0) + 1;
      this.finishCheck(
        world,
        check,
        counts,
        said[0]?.transcript ?? '',
        said.some((s) => s.timedOut),
      );
    }
    const actions = open.filter((c) => c.kind === 'action' && c.key !== 'nothing' && c.key !== 'restart');
    let longest = 0;
    const run = (cell: CellKey, wait: number) =>
      this.cell(world, cell, async (repeat, undo) => {
        const { world: keptWorld } = faults[repeat % faults.length] as (typeof faults)[number];
        return this.inTrial(world, cause, { kept: keptWorld ?? undefined }, async (trial) => {
          const fault = keptWorld
            ? (faults[repeat % faults.length] as (typeof faults)[number]).fault
            : await trial.buildFault();
          const result = await trial.act(cell, fault, wait, undo);
          longest = Math.max(longest, result.ms);
          return { outcome: result.outcome, result, transcript: result.transcript, timedOut: trial.timedOut };
        });
      });
    await Promise.all(actions.map((cell) => run(cell, 0)));
    await Promise.all(
      open.filter((c) => c.key === 'nothing' || c.key === 'restart').map((cell) => run(cell, longest)),
    );
    for (const { world: w } of faults) if (w) rmSync(w.layer, { recursive: true, force: true });
  }

  private async healthy(world: World, cells: readonly CellKey[]): Promise<void> {
    const open = cells.filter((c) => !this.recall(world, c));
    if (open.length === 0) return;
    const fault = await this.slots.take(false, () => this.anyFault(world));
    await Promise.all(
      open.map((cell) =>
        this.cell(world, cell, async () => {
          return this.inTrial(world, HEALTHY, {}, async (trial) => {
            this.sample(world, HEALTHY, await trial.showHealthy());
            const stand: Fault | null = fault && { text: '', output: '', groups: fault.groups, wording: '' };
            const result = await trial.act(cell, stand, 0, false);
            return {
              outcome: result.outcome,
              result,
              transcript: result.transcript,
              timedOut: trial.timedOut,
            };
          });
        }),
      ),
    );
  }

  /** One trial from its start to its end; what goes wrong in it is its outcome. */
  private async inTrial<T>(
    world: World,
    cause: string,
    options: { kept?: KeptWorld | undefined; saveTo?: string | undefined },
    work: (trial: Trial) => Promise<T>,
  ): Promise<T | Repeat> {
    this.trials++;
    let trial: Trial | null = null;
    try {
      trial = await Trial.open(this.options.plan, world, this.options.book, cause, options);
      return await work(trial);
    } catch (error) {
      const { outcome, why } = verdictOf(error);
      return {
        outcome,
        result: null,
        transcript: `${trial?.transcript ?? ''}!! ${outcome}: ${why}\n`,
        timedOut: trial?.timedOut === true,
      };
    } finally {
      await trial?.close();
    }
  }

  /** All repeats of one action in one place. */
  private async cell(
    world: World,
    cell: CellKey,
    once: (repeat: number, undo: boolean) => Promise<Repeat>,
  ): Promise<void> {
    const alone = this.alone(cell.cause, cell.key);
    const repeat = (i: number) =>
      this.slots.take(alone, () => {
        this.options.signal?.throwIfAborted();
        return once(i, i === 0);
      });
    const repeats = await Promise.all(Array.from({ length: PROVE_LIMITS.repeats }, (_, i) => repeat(i)));
    for (let i = 0; i < PROVE_LIMITS.retries && repeats.some((r) => r.outcome === 'lab_failed'); i++) {
      const bad = repeats.findIndex((r) => r.outcome === 'lab_failed');
      repeats[bad] = await repeat(bad);
    }
    const count = () => {
      const counted = repeats.filter((r) => r.outcome !== 'lab_failed');
      const outcomes: Record<string, number> = {};
      for (const r of counted.length > 0 ? counted : repeats)
        outcomes[r.outcome] = (outcomes[r.outcome] ?? 0) + 1;
      return outcomes;
    };
    if (Object.keys(count()).length > 1) {
      const more = PROVE_LIMITS.repeatsOnDisagreement - PROVE_LIMITS.repeats;
      repeats.push(
        ...(await Promise.all(Array.from({ length: more }, (_, i) => repeat(PROVE_LIMITS.repeats + i)))),
      );
    }
    const shown = repeats.find((r) => r.outcome !== 'lab_failed') ?? (repeats[0] as Repeat);
    const outcomes = count();
    // Where repeats disagree, one of each kind: that is what somebody will want to see.
    const kinds = Object.keys(outcomes).map((o) => repeats.find((r) => r.outcome === o) as Repeat);
    const transcript =
      kinds.length > 1
        ? kinds.map((r) => `======== ${r.outcome}\n${r.transcript}`).join('\n')
        : shown.transcript;
    const timedOut = repeats.some((r) => r.timedOut);
    this.finish(world, cell, outcomes, shown.result, transcript, firstReason(shown.transcript), timedOut);
    this.report(cell, Object.keys(outcomes).join(', '), 1);
  }

  private finish(
    world: World,
    cell: CellKey,
    outcomes: Record<string, number>,
    result: ActionResult | null,
    transcript: string,
    reason: string | null,
    timedOut: boolean,
  ): void {
    const moved = result?.outcome === 'moved';
    const firstError = result?.firstError ?? reason;
    this.settle(world, cell, transcript, {
      cause: cell.cause,
      action: cell.key,
      env: cell.env,
      digest: digestOf(this.options.plan, cell),
      n: Object.values(outcomes).reduce((a, b) => a + b, 0),
      outcomes: sorted(outcomes),
      ...(moved ? { moved: [...(result?.moved ?? [])].sort() } : {}),
      ...(firstError === null ? {} : { first_error: firstError }),
      ...(result?.undo ? { undo: result.undo } : {}),
      // By which of its wordings the error is recognised there: said once for each world, at its control.
      ...(cell.key === 'nothing' && result?.fault?.wording ? { wording: result.fault.wording } : {}),
      ...this.limit(timedOut),
      transcript: transcriptDigest(transcript),
    });
  }

  private finishCheck(
    world: World,
    cell: CellKey,
    readings: Record<string, number>,
    transcript: string,
    timedOut: boolean,
  ): void {
    this.settle(world, cell, transcript, {
      cause: cell.cause,
      check: cell.key,
      env: cell.env,
      digest: digestOf(this.options.plan, cell),
      n: Object.values(readings).reduce((a, b) => a + b, 0),
      readings: sorted(readings),
      ...this.limit(timedOut),
      transcript: transcriptDigest(transcript),
    });
    this.report(cell, Object.keys(readings).join(', '), 1);
  }

  /** What a line says of the page's limit: nothing where nothing met it. */
  private limit(timedOut: boolean): Pick<EvidenceCell, 'timed_out'> {
    return timedOut ? { timed_out: this.options.plan.timeoutSeconds } : {};
  }

  private settle(world: World, cell: CellKey, transcript: string, line: EvidenceCell): void {
    const name = nameOf(cell);
    this.results.set(name, { cell, line, transcript });
    const file = transcriptFile(this.options.cache, this.options.plan.record, name);
    mkdirSync(join(file, '..'), { recursive: true, mode: 0o700 });
    writeFileSync(file, transcript);
    this.note({ world: fingerprint(world), line });
  }

  /** Takes a cell from the journal of an interrupted run, where the same thing would be run again. */
  private recall(world: World, cell: CellKey): boolean {
    const found = this.known.lines.get(nameOf(cell));
    if (
      !found ||
      found.world !== fingerprint(world) ||
      found.line.digest !== digestOf(this.options.plan, cell)
    )
      return false;
    const file = transcriptFile(this.options.cache, this.options.plan.record, nameOf(cell));
    this.results.set(nameOf(cell), {
      cell,
      line: found.line,
      transcript: existsSync(file) ? readFileSync(file, 'utf8') : '',
    });
    // Its fault is not shown again: what was printed then is the sample.
    for (const name of [`${cell.cause}.${world.env}`, `${HEALTHY}.${world.env}`]) {
      const text = this.known.samples.get(name);
      if (text !== undefined && text.world === found.world) this.samples.set(name, text.sample.text);
    }
    this.report(cell, saidOf(found.line), 1);
    return true;
  }

  private report(cell: CellKey, outcome: string, cells: number): void {
    this.done += cells;
    this.options.onProgress?.({ done: this.done, total: this.total, cell: nameOf(cell), outcome });
  }

  private sample(world: World, cause: string, text: string): void {
    const name = `${cause}.${world.env}`;
    if (text.trim() === '' || this.samples.has(name)) return;
    this.samples.set(name, text);
    this.note({ world: fingerprint(world), sample: { name, text } });
  }

  private note(entry: JournalEntry): void {
    appendFileSync(this.journal, `${JSON.stringify(entry)}\n`);
  }

  private alone(...keys: string[]): boolean {
    return keys.some((k) => this.options.plan.alone.includes(k));
  }

  /** Worlds without services stand still, and can be copied. */
  private canKeep(world: World, cause: string): boolean {
    const { plan } = this.options;
    const sections = [
      blocksFor(plan.base, HEALTHY, world.env),
      blocksFor(plan.causes[cause] as Plan['base'], cause, world.env),
    ];
    return sections.every((s) => (s ?? []).every((b) => b.verb !== 'service'));
  }
}

/** What a line says, for comparison and for people: `fixed`, `moved (npm/eresolve)`, `a 1, b 1`. */
export function saidOf(line: EvidenceCell): string {
  const counts = Object.entries(line.outcomes ?? line.readings ?? {});
  const said =
    counts.length === 1 ? (counts[0] as [string, number])[0] : counts.map(([k, n]) => `${k} ${n}`).join(', ');
  const more = line.moved && line.moved.length > 0 ? ` (${line.moved.join(', ')})` : '';
  return said + more + (line.undo === 'not_back' ? ', cannot be undone' : '');
}

function sorted(counts: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function firstReason(transcript: string | undefined): string | null {
  const line = transcript?.split('\n').findLast((l) => l.startsWith('!! '));
  return line === undefined ? null : line.replace(/^!! \w+: /, '').slice(0, 200);
}

function fingerprint(world: World): string {
  return createHash('sha256')
    .update(JSON.stringify([world.spec.layers, world.spec.binds, world.probed]))
    .digest('hex')
    .slice(0, 12);
}

type JournalEntry =
  | { readonly world: string; readonly line: EvidenceCell }
  | { readonly world: string; readonly sample: { readonly name: string; readonly text: string } };

interface Journal {
  readonly lines: ReadonlyMap<string, Extract<JournalEntry, { line: unknown }>>;
  readonly samples: ReadonlyMap<string, Extract<JournalEntry, { sample: unknown }>>;
}

/** What an interrupted run found: cells, and what was printed where their fault was shown. */
function readJournal(file: string): Journal {
  const lines = new Map<string, Extract<JournalEntry, { line: unknown }>>();
  const samples = new Map<string, Extract<JournalEntry, { sample: unknown }>>();
  for (const text of existsSync(file) ? readFileSync(file, 'utf8').split('\n') : []) {
    try {
      const entry = JSON.parse(text) as JournalEntry;
      if ('line' in entry) lines.set(cellName(entry.line), entry);
      else samples.set(entry.sample.name, entry);
    } catch {
      // The last line of a run that was killed while writing it.
    }
  }
  return { lines, samples };
}
