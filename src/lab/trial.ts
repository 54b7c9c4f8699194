/**
 * One trial: a fresh sandbox, the healthy world, a cause, the fault seen, then one action (or the checks, or
 * nothing), and what came of it.
 */
import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { automatonOf, type Book, matchText } from '../book/index.ts';
import { diagnose, fillCommand } from '../diagnosis/index.ts';
import { COMMANDS_FAILED, NO_READING, type Outcome } from '../evidence/index.ts';
import {
  blocksFor,
  type CellKey,
  callerOf,
  fillValues,
  personOf as personIn,
  typistOf,
  valuesFor,
} from './cells.ts';
import { type Block, type BlockOf, DEFAULT_ACCOUNT, HEALTHY, LAB_LIMITS, type Plan } from './plan.ts';
import { NOT_LISTENING, Sandbox, SandboxError, type StepResult } from './sandbox.ts';
import { failure, LAB_STEP, personOf, stepOf, type World, WorldError } from './world.ts';

/** Bounds of one trial; `docs/lab.md` lists those that authors meet. */
export const TRIAL_LIMITS = {
  /** Longest wait of the placebo `nothing`, which waits as long as the actions took. */
  maxWaitMs: 60_000,
  /** Of a symptom file so much is read after an attempt. */
  maxSymptomBytes: 1024 * 1024,
  /** Of the configuration in force so much is kept with a transcript. */
  maxConfigurationBytes: 64 * 1024,
} as const;

/** Where the judge finds the attempt's output. */
const OUT_FILE = '/run/faultbook.out';
const DIFF_FILE = '/run/faultbook.diff';

/** What one attempt showed. */
interface Seen {
  /** What is matched: the symptom's new lines, or the output. */
  readonly text: string;
  readonly output: string;
  readonly exit: number;
  readonly healthy: boolean;
  /** The record's signature is in it. */
  readonly matched: boolean;
  /** Ids of all records that match. */
  readonly ids: readonly string[];
  /** Key of the wording by which the record matches; empty for its own pattern. */
  readonly wording: string;
}

/** What the control of a cause showed: the fault, with what its text said. */
export interface Fault {
  readonly text: string;
  readonly output: string;
  readonly groups: Readonly<Record<string, string>>;
  /** Key of the wording that it was recognised by; empty for the record's own pattern. */
  readonly wording: string;
}

export interface ActionResult {
  readonly outcome: Outcome;
  readonly moved: readonly string[];
  readonly firstError: string | null;
  readonly undo: 'back' | 'not_back' | null;
  readonly fault: Fault | null;
  /** What the healthy control printed. */
  readonly healthyText: string | null;
  readonly transcript: string;
  /** How long the action took. */
  readonly ms: number;
}

export interface CheckResult {
  readonly readings: Readonly<Record<string, string>>;
  /** The lab's own trouble, or no fault: then nothing was read. */
  readonly outcome: Outcome | null;
  /** After all checks the fault was still there. */
  readonly unchanged: boolean;
  readonly transcripts: Readonly<Record<string, string>>;
}

/** Stops a trial with an outcome. */
class Verdict extends Error {
  readonly outcome: Outcome;

  constructor(outcome: Outcome, message: string) {
    super(message);
    this.outcome = outcome;
  }
}

/** A world that was kept, with the fault in it (or healthy): cells begin from it instead of building it again. */
export interface KeptWorld {
  readonly layer: string;
  readonly healthyText: string;
  /** How it came to be. */
  readonly transcript: string;
}

export class Trial {
  private readonly lines: string[] = [];
  private readonly services = new Map<string, BlockOf<'service'>>();
  private readonly ready = new Map<string, BlockOf<'ready'>>();
  private variables: Record<string, string | null> = {};
  private attempt!: BlockOf<'attempt'>;
  private attemptCommands: string | null = null;
  private symptom: string | null = null;
  private healthyText: string | null = null;
  /** Something was stopped because it took longer than the page's `timeout`. */
  timedOut = false;
  /** From the action or check on, blocks are the person's. */
  private acting = false;
  /** Where the present action begins in the transcript: in a drill one trial has several. */
  private actionBegan = 0;

  private readonly plan: Plan;
  private readonly world: World;
  private readonly book: Book;
  private readonly sandbox: Sandbox;
  private readonly cause: string;

  private constructor(plan: Plan, world: World, book: Book, sandbox: Sandbox, cause: string) {
    this.plan = plan;
    this.world = world;
    this.book = book;
    this.sandbox = sandbox;
    this.cause = cause;
  }

  /**
   * Builds the world of a cause and shows the fault.
   * @param kept a world of the same cause to begin from
   * @param saveTo where `keep` puts the world
   */
  static async open(
    plan: Plan,
    world: World,
    book: Book,
    cause: string,
    options: { readonly kept?: KeptWorld | undefined; readonly saveTo?: string | undefined } = {},
  ): Promise<Trial> {
    const { kept, saveTo } = options;
    const layers = kept ? [kept.layer, ...world.spec.layers] : world.spec.layers;
    if (saveTo !== undefined) mkdirSync(saveTo, { recursive: true, mode: 0o755 });
    const sandbox = await Sandbox.open({
      ...world.spec,
      layers,
      ...(saveTo === undefined ? {} : { saveTo }),
    });
    const trial = new Trial(plan, world, book, sandbox, cause);
    for (const block of trial.base()) {
      if (block.verb === 'attempt') trial.attempt = block;
      else if (block.verb === 'symptom') trial.symptom = block.path;
      else if (block.verb === 'env') Object.assign(trial.variables, block.set);
    }
    if (kept) {
      trial.say(`${kept.transcript.trimEnd()}\n--- a copy of that world`);
      trial.healthyText = kept.healthyText;
      if (cause !== HEALTHY) for (const block of trial.causeBlocks()) trial.adopt(block);
    }
    return trial;
  }

  async close(): Promise<void> {
    await this.sandbox.close();
  }

  get transcript(): string {
    return `${this.lines.join('\n')}\n`;
  }

  /** Healthy world, seen to be so; then the cause, seen to be one. @throws Verdict */
  async showFault(): Promise<Fault> {
    await this.showHealthy();
    return this.breakIt();
  }

  /**
   * The fault for an action's trial. Where the cause is files and services alone, the world is built with it from the
   * start: the same files, the same processes, and half the work. Controls never take this way. @throws Verdict
   */
  async buildFault(): Promise<Fault> {
    const [base, cause] = [this.base(), this.causeBlocks()];
    const services = [...base, ...cause].filter((b): b is BlockOf<'service'> => b.verb === 'service');
    const configured = (path: string) =>
      services.some(({ config }) => config.some((c) => path === c || path.startsWith(`${c}/`)));
    const still = cause.every((b) =>
      b.verb === 'edit' || b.verb === 'file'
        ? configured(b.path)
        : ['service', 'ready', 'values', 'attempt', 'symptom', 'env'].includes(b.verb),
    );
    if (!still || services.length === 0 || base.some((b) => b.verb === 'run')) return this.showFault();
    this.say(`--- the world of ${this.cause}`);
    this.expectReady([...base, ...cause]);
    for (const block of cause) if (block.verb !== 'service') await this.apply(block);
    // A replaced service keeps its place in the order of the base.
    for (const block of services) this.services.set(block.name, block);
    for (const name of this.services.keys()) await this.launch(name);
    return this.seeFault();
  }

  /** Brings the healthy world up and makes sure that it is. @returns what it printed. @throws Verdict */
  async showHealthy(): Promise<string> {
    this.expectReady(this.base());
    for (const block of this.base()) if (block.verb === 'service') await this.define(block);
    for (const block of this.base()) {
      if (block.verb !== 'run') continue;
      const result = await this.step(`run (line ${block.line})`, block, block.body);
      if (result.exit !== 0) throw new Verdict('lab_failed', `line ${block.line}: run ${failure(result)}`);
    }
    const seen = await this.try();
    this.healthyText = seen.text;
    if (!seen.healthy)
      throw new Verdict(
        'lab_failed',
        `the healthy world is not healthy: ${firstLine(seen.output) ?? `exit ${seen.exit}`}`,
      );
    if (seen.ids.length > 0)
      throw new Verdict('lab_failed', `the output of the healthy world matches ${seen.ids.join(', ')}`);
    const guard = await this.brokenGuard();
    if (guard !== null) throw new Verdict('lab_failed', `the guard ${guard} fails in the healthy world`);
    return seen.text;
  }

  /** The cause, and the fault seen. @throws Verdict `no_fault` where it does no harm, or another one */
  async breakIt(): Promise<Fault> {
    this.say(`--- cause ${this.cause}`);
    const touched = new Set<string>();
    this.expectReady(this.causeBlocks());
    for (const block of this.causeBlocks()) {
      try {
        await this.apply(block);
      } catch (error) {
        if (error instanceof Verdict) throw new Verdict('lab_failed', error.message);
        throw error;
      }
      if (block.verb === 'edit' || block.verb === 'file') {
        for (const [name, service] of this.services)
          if (service.config.some((c) => block.path === c || block.path.startsWith(`${c}/`)))
            touched.add(name);
      } else if (block.verb === 'restart' || block.verb === 'stop' || block.verb === 'service') {
        touched.delete(block.name);
      }
    }
    for (const name of touched) await this.restart(name);
    return this.seeFault();
  }

  private async seeFault(): Promise<Fault> {
    const seen = await this.trySettled((s) => !s.healthy);
    if (seen.healthy) throw new Verdict('no_fault', 'the cause does no harm: the attempt succeeds');
    if (!seen.matched) {
      const line = firstLine(focusOf(this.book, seen.text) ?? seen.text) ?? '(nothing printed)';
      throw new Verdict('no_fault', `another failure, not this signature: ${line}`);
    }
    return {
      text: seen.text,
      output: seen.output,
      groups: groupsOf(this.book, seen.text, this.plan.record),
      wording: seen.wording,
    };
  }

  /** Whether this world can be kept as files: nothing runs in it. */
  async still(): Promise<boolean> {
    return this.services.size === 0 && !(await this.sandbox.busy());
  }

  /** Keeps the world where `saveTo` said; it ends with that. */
  async keep(): Promise<void> {
    await this.sandbox.save();
  }

  /** One action in the world as it stands. `waitMs` is for the placebo `nothing`. */
  async act(cell: CellKey, fault: Fault | null, waitMs: number, undo: boolean): Promise<ActionResult> {
    const began = Date.now();
    let ms = 0;
    const result = (
      outcome: Outcome,
      more: Partial<Pick<ActionResult, 'moved' | 'firstError' | 'undo'>> = {},
    ): ActionResult => ({
      outcome,
      moved: more.moved ?? [],
      firstError: more.firstError ?? null,
      undo: more.undo ?? null,
      fault,
      healthyText: this.healthyText,
      transcript: this.transcript,
      ms,
    });
    const before: [path: string, text: string][] = [];
    const [attempt, variables] = [this.attempt, { ...this.variables }];
    let blocks: readonly Block[] = [];
    try {
      this.actionBegan = this.lines.length;
      this.say(`--- action ${cell.key}`);
      this.acting = true;
      if (cell.key === 'nothing')
        await new Promise((done) => setTimeout(done, Math.min(waitMs, TRIAL_LIMITS.maxWaitMs)));
      else if (cell.key === 'restart') for (const name of this.services.keys()) await this.restart(name);
      else {
        const found = blocksFor(
          (this.plan.actions[cell.key] as Plan['actions'][string]).section,
          this.cause,
          cell.env,
        );
        if (found === null) return result('not_applicable');
        blocks = found;
        await this.perform(cell, blocks, fault?.groups ?? {}, before);
      }
      ms = Date.now() - began;
      const seen = await this.trySettled((s) => s.healthy);
      const verdict = await this.judge(seen, fault);
      if (this.cause === HEALTHY) {
        const fine = verdict.outcome === 'fixed' && !seen.matched;
        return result(
          fine ? 'harmless' : 'breaks_healthy',
          fine ? {} : { firstError: verdict.firstError ?? firstLine(seen.text) },
        );
      }
      if (verdict.outcome === 'fixed' && this.services.size > 0 && this.attemptCommands === null) {
        this.say('--- restart, to see whether it lasts');
        for (const name of this.services.keys()) await this.restart(name);
        // Whatever the page says: what was just restarted may still be about it.
        const later = await this.trySettled((s) => s.healthy, LAB_LIMITS.defaultSettleMs);
        if (!later.healthy) return result('fixed_until_restart', { firstError: firstLine(later.text) });
      }
      // Once for each cell, like the undo: with the transcript that is kept.
      if (undo) await this.showConfiguration();
      const undone = undo ? await this.undo(blocks, before, attempt, variables) : null;
      return result(verdict.outcome, { moved: verdict.moved, firstError: verdict.firstError, undo: undone });
    } catch (error) {
      const { outcome, why } = verdictOf(error);
      this.say(`!! ${outcome}: ${why}`);
      // What was refused is not how the program is called from now on.
      [this.attempt, this.variables, this.attemptCommands] = [attempt, variables, null];
      return result(outcome, { firstError: firstLine(why) });
    }
  }

  /** All checks of a cause, one after the other in the order given; they must leave the fault as it is. */
  async read(cells: readonly CellKey[], fault: Fault): Promise<CheckResult> {
    const readings: Record<string, string> = {};
    const transcripts: Record<string, string> = {};
    const shared = this.lines.length;
    this.acting = true;
    for (const cell of cells) {
      const check = this.plan.checks[cell.key] as Plan['checks'][string];
      const blocks = blocksFor(check.section, this.cause, cell.env);
      if (blocks === null) continue;
      const variables = { ...this.variables };
      this.say(`--- check ${cell.key}`);
      let result: StepResult;
      try {
        for (const block of blocks) await this.apply(block);
        const command = this.fill(check.command, cell, fault.groups);
        result = await this.step(
          `check ${cell.key}`,
          this.person(),
          `set +e +o pipefail\n${command}`,
          this.variables,
        );
      } catch (error) {
        if (!(error instanceof Verdict)) throw error;
        return {
          readings,
          outcome: 'lab_failed',
          unchanged: true,
          transcripts: { [cell.key]: `${this.transcript}!! ${error.message}\n` },
        };
      }
      this.variables = variables;
      readings[cell.key] = readingOf(check.readings, result);
      transcripts[cell.key] =
        `${[...this.lines.slice(0, shared), ...this.lines.slice(-3)].join('\n')}\n→ ${readings[cell.key]}\n`;
    }
    const checked = this.lines.length;
    const after = await this.try();
    const unchanged = !after.healthy && after.matched;
    if (!unchanged) {
      const now = this.lines.slice(checked).join('\n');
      for (const key of Object.keys(transcripts))
        transcripts[key] += `!! not the same fault after the checks:\n${now}\n`;
    }
    return { readings, outcome: null, unchanged, transcripts };
  }

  // ------------------------------------------------------------------------------------------- inside

  private base(): readonly Block[] {
    return blocksFor(this.plan.base, HEALTHY, this.world.env) ?? [];
  }

  private causeBlocks(): readonly Block[] {
    const section = this.plan.causes[this.cause];
    const blocks = section ? blocksFor(section, this.cause, this.world.env) : [];
    if (blocks === null) throw new Verdict('not_applicable', `the page has no body for ${this.world.env}`);
    return blocks;
  }

  /** What of a cause holds on in a world that was copied: how the attempt is made and judged. */
  private adopt(block: Block): void {
    if (block.verb === 'attempt') this.attempt = block;
    else if (block.verb === 'symptom') this.symptom = block.path;
    else if (block.verb === 'env') Object.assign(this.variables, block.set);
  }

  /** Who types actions and checks. */
  private person() {
    return personIn(this.plan, this.attempt);
  }

  /** A block of an action or a check: the person's, unless it says otherwise. */
  private asPerson(block: { readonly as: string | null; readonly in: string | null }) {
    return typistOf(this.plan, block, this.attempt);
  }

  private say(line: string): void {
    this.lines.push(line);
  }

  private async step(
    what: string,
    block: { readonly as: string | null; readonly in: string | null },
    script: string,
    variables: Readonly<Record<string, string | null>> = {},
  ): Promise<StepResult> {
    const step = stepOf(this.world, block, script, variables);
    const result = await this.sandbox.run(step);
    if (result.timedOut) this.timedOut = true;
    const shown = script.replace(/^set (?:\+e )?\+o pipefail\n/, '').trimEnd();
    this.say(`# ${what}, as ${step.account} in ${step.cwd}\n$ ${shown}`);
    if (result.output.trim() !== '') this.say(result.output.trimEnd());
    this.say(`= ${result.timedOut ? 'killed, it took too long' : `exit ${result.exit}`}`);
    return result;
  }

  /** One block of a cause, an action or a check. @throws Verdict `rejected` where it cannot be done */
  private async apply(block: Block, before?: [string, string][]): Promise<void> {
    switch (block.verb) {
      case 'file': {
        const old = before ? await this.sandbox.get(block.path, 0, TRIAL_LIMITS.maxSymptomBytes) : null;
        if (old) before?.push([block.path, old.text]);
        await this.sandbox.put(
          block.path,
          personOf(this.world, block.as ?? DEFAULT_ACCOUNT),
          block.mode,
          block.body,
        );
        this.say(`# file ${block.path} (line ${block.line})`);
        return;
      }
      case 'edit':
        return this.edit(block, before);
      case 'run': {
        const who = this.acting ? this.asPerson(block) : block;
        const result = await this.step(`run (line ${block.line})`, who, block.body, this.variables);
        if (result.exit !== 0) throw new Verdict('rejected', `line ${block.line}: run ${failure(result)}`);
        return;
      }
      case 'service':
        if (this.services.has(block.name)) await this.halt(block.name);
        return this.define(block);
      case 'restart':
        return this.restart(block.name);
      case 'stop':
        return this.halt(block.name);
      case 'attempt':
      case 'symptom':
      case 'env':
        return this.adopt(block);
      default:
        // `values` are read when commands are filled, `ready` with its service, `applied` and `undo` in their turn.
        return;
    }
  }

  private async edit(block: BlockOf<'edit'>, before?: [string, string][]): Promise<void> {
    const old = await this.sandbox.get(block.path, 0, TRIAL_LIMITS.maxSymptomBytes);
    if (!old) throw new Verdict('rejected', `line ${block.line}: there is no file ${block.path} to edit`);
    before?.push([block.path, old.text]);
    this.say(`# edit ${block.path} (line ${block.line})\n${block.body.trimEnd()}`);
    if (block.slot !== null) {
      const lines = old.text.split('\n');
      const slot = new RegExp(`@${block.slot}(?![\\w-])`);
      const at = lines.findIndex((line) => slot.test(line));
      if (at < 0)
        throw new Verdict('lab_failed', `line ${block.line}: ${block.path} has no line with @${block.slot}`);
      lines.splice(at + 1, 0, block.body.replace(/\n$/, ''));
      return this.sandbox.rewrite(block.path, lines.join('\n'));
    }
    const root = this.world.people.get('root') ?? personOf(this.world, DEFAULT_ACCOUNT);
    await this.sandbox.put(DIFF_FILE, root, '0644', block.body);
    // To a file of its own, then over the old one: owner and mode stay.
    const patched = await this.step(
      `edit ${block.path}`,
      { as: root.name, in: '/' },
      `patch --silent --force --fuzz=0 --reject-file=- --output=${OUT_FILE} -- ${quote(block.path)} ${DIFF_FILE}\ncat ${OUT_FILE} >${quote(block.path)}`,
      LAB_STEP,
    );
    if (patched.exit !== 0)
      throw new Verdict('rejected', `line ${block.line}: the diff does not fit ${block.path}`);
  }

  /** Notes the `ready` blocks of a section before its services start: they may stand below them. */
  private expectReady(blocks: readonly Block[]): void {
    for (const block of blocks) if (block.verb === 'ready') this.ready.set(block.name, block);
  }

  private async define(block: BlockOf<'service'>): Promise<void> {
    this.services.set(block.name, block);
    await this.launch(block.name);
  }

  private async launch(name: string, mustComeUp = true): Promise<void> {
    const block = this.services.get(name) as BlockOf<'service'>;
    const step = stepOf(this.world, block, block.body);
    this.say(`# service ${name}, as ${step.account}\n$ ${block.body.trimEnd()}`);
    const trouble = await this.sandbox.start(name, step, block.listens);
    if (trouble !== null) {
      if (trouble.startsWith(NOT_LISTENING)) this.timedOut = true;
      const said = `line ${block.line}: the service ${name} does not come up: ${trouble}`;
      if (mustComeUp) throw new Verdict('lab_failed', said);
      this.say(said);
      return;
    }
    const ready = this.ready.get(name);
    if (!ready) return;
    const waited = await this.sandbox.run(
      stepOf(this.world, ready, `until (\n${ready.body}\n) >/dev/null 2>&1; do /bin/sleep 0.02; done`),
    );
    if (waited.exit === 0) return;
    if (waited.timedOut) this.timedOut = true;
    const said = `line ${ready.line}: the service ${name} does not get ready`;
    if (mustComeUp) throw new Verdict('lab_failed', said);
    this.say(said);
  }

  private async halt(name: string): Promise<void> {
    const { listens } = this.services.get(name) as BlockOf<'service'>;
    this.say(`# stop ${name}`);
    await this.sandbox.stop(name, listens);
  }

  /** A service that an action cannot start again is a finding, and the attempt shows it; before that it is our trouble. */
  private async restart(name: string): Promise<void> {
    await this.halt(name);
    await this.launch(name, !this.acting);
  }

  /** `{{group}}` from what the fault printed (or a value of that name), `<name>` from the page's values. */
  private fill(command: string, cell: CellKey, groups: Readonly<Record<string, string>>): string {
    const { command: filled, missing } = fillValues(fillCommand(command, groups), valuesFor(this.plan, cell));
    if (missing.length > 0)
      throw new Verdict(
        'lab_failed',
        `no value for ${missing.map((m) => `<${m}>`).join(', ')}: neither the output nor the page’s values have one`,
      );
    return filled;
  }

  private async perform(
    cell: CellKey,
    blocks: readonly Block[],
    groups: Readonly<Record<string, string>>,
    before: [string, string][],
  ): Promise<void> {
    const { commands } = this.plan.actions[cell.key] as Plan['actions'][string];
    const filled = commands.map((c) => this.fill(c, cell, groups)).join('\n');
    let called: BlockOf<'attempt'> | null = null;
    this.expectReady(blocks);
    for (const block of blocks) {
      if (block.verb === 'attempt' && block.commands) called = block;
      else await this.apply(block, before);
    }
    if (called) {
      this.attemptCommands = filled;
      this.attempt = { ...called, ...callerOf(this.plan, called, this.attempt) };
    } else if (filled !== '') {
      const result = await this.step(
        `action ${cell.key}`,
        this.person(),
        `set +o pipefail\n${filled}`,
        this.variables,
      );
      if (result.exit !== 0) throw new Verdict('rejected', `${COMMANDS_FAILED}: it ${failure(result)}`);
    }
    for (const block of blocks) {
      if (block.verb !== 'applied') continue;
      const result = await this.step('applied', this.asPerson(block), block.body);
      if (result.exit !== 0)
        throw new Verdict(
          'rejected',
          `line ${block.line}: it was done, but did not take effect (applied ${failure(result)})`,
        );
    }
  }

  /** Takes an action back and looks whether the fault returns; null where it cannot be taken back. */
  private async undo(
    blocks: readonly Block[],
    before: readonly [string, string][],
    attempt: BlockOf<'attempt'>,
    variables: Record<string, string | null>,
  ): Promise<'back' | 'not_back' | null> {
    const ways = blocks.filter((b): b is BlockOf<'undo'> => b.verb === 'undo');
    // Another way to call the program leaves nothing behind: whoever calls it as before takes it back.
    const byItself =
      blocks.length > 0 &&
      blocks.every((b) => ['edit', 'env', 'applied', 'values', 'restart', 'attempt'].includes(b.verb));
    const commanded = this.lines.slice(this.actionBegan).some((l) => l.startsWith('# action '));
    if (ways.length === 0 && (commanded || !byItself)) return null;
    this.say('--- undo');
    this.variables = variables;
    this.attempt = attempt;
    this.attemptCommands = null;
    for (const [path, text] of before.toReversed()) await this.sandbox.rewrite(path, text);
    for (const block of ways) {
      const result = await this.step('undo', this.asPerson(block), block.body, this.variables);
      if (result.exit !== 0) return 'not_back';
    }
    if (ways.length === 0)
      for (const block of blocks) if (block.verb === 'restart') await this.restart(block.name);
    const seen = await this.trySettled((s) => !s.healthy);
    return !seen.healthy && seen.matched ? 'back' : 'not_back';
  }

  /** The attempt; once more after a pause where services may still be about what they were told. */
  private async trySettled(hoped: (seen: Seen) => boolean, pauseMs = this.plan.settleMs): Promise<Seen> {
    const seen = await this.try();
    if (hoped(seen) || this.services.size === 0 || pauseMs === 0) return seen;
    await new Promise((done) => setTimeout(done, pauseMs));
    return this.try();
  }

  /** The attempt, what it showed, and what the judge says of it. */
  private async try(): Promise<Seen> {
    const offset = this.symptom === null ? 0 : ((await this.sandbox.get(this.symptom, 0, 0))?.size ?? 0);
    const script =
      this.attemptCommands === null ? this.attempt.body : `set +o pipefail\n${this.attemptCommands}`;
    const result = await this.step('attempt', this.attempt, script, this.variables);
    let text = result.output;
    if (this.symptom !== null) {
      text = (await this.sandbox.get(this.symptom, offset, TRIAL_LIMITS.maxSymptomBytes))?.text ?? '';
      this.say(`# new in ${this.symptom}\n${text.trimEnd()}`);
    }
    const judge = this.base().find((b): b is BlockOf<'healthy'> => b.verb === 'healthy');
    const matches = matchText(this.book, text).map((m) => ({
      id: this.book.records[m.record]?.id as string,
      wording: m.wording,
    }));
    const ids = matches.map((m) => m.id);
    const own = matches.find((m) => m.id === this.plan.record);
    const matched = own !== undefined;
    let healthy = result.exit === 0 && !result.timedOut;
    // With the signature there the outcome is decided; only a control needs to know that it is a fault as well.
    if (matched && this.acting) healthy = false;
    else if (judge) {
      const root = this.world.people.get('root') ?? personOf(this.world, DEFAULT_ACCOUNT);
      await this.sandbox.put(OUT_FILE, root, '0644', result.output);
      const verdict = await this.step('healthy', judge, judge.body, {
        OUT: OUT_FILE,
        EXIT: String(result.exit),
      });
      healthy = verdict.exit === 0;
    }
    this.say(
      `= ${healthy ? 'healthy' : 'not healthy'}; ${ids.length > 0 ? `matches ${ids.join(', ')}` : 'no record matches'}`,
    );
    return {
      text,
      output: result.output,
      exit: result.exit,
      healthy,
      matched,
      ids,
      wording: own?.wording ?? '',
    };
  }

  private async judge(
    seen: Seen,
    fault: Fault | null,
  ): Promise<{ outcome: Outcome; moved: readonly string[]; firstError: string | null }> {
    if (seen.matched) return { outcome: 'persists', moved: [], firstError: null };
    if (seen.healthy) {
      const guard = await this.brokenGuard();
      if (guard === null) return { outcome: 'fixed', moved: [], firstError: null };
      return { outcome: 'masked', moved: [], firstError: `guard ${guard} fails` };
    }
    const known = `${fault?.text ?? ''}\n${fault?.output ?? ''}`;
    const line = newErrorLine(
      this.book,
      `${seen.text}\n${seen.output === seen.text ? '' : seen.output}`,
      known,
    );
    if (seen.ids.length === 0 && line === null)
      return { outcome: 'masked', moved: [], firstError: 'the message is gone, the fault is not' };
    return { outcome: 'moved', moved: seen.ids, firstError: line };
  }

  /** The name of the first guard that fails; null: all hold. */
  private async brokenGuard(): Promise<string | null> {
    for (const block of this.base()) {
      if (block.verb !== 'guard') continue;
      const result = await this.step(`guard ${block.name}`, block, block.body);
      if (result.exit !== 0) return block.name;
    }
    return null;
  }

  /** What services had as configuration in the end: edits that replaced the cause's own would else look like fixes. */
  private async showConfiguration(): Promise<void> {
    const paths = [...this.services.values()].flatMap(({ config }) => config);
    if (paths.length === 0) return;
    const root = this.world.people.get('root') ?? personOf(this.world, DEFAULT_ACCOUNT);
    const files = paths.map(quote).join(' ');
    const shown = await this.sandbox.run(
      stepOf(
        this.world,
        { as: root.name, in: '/' },
        `find ${files} -type f -size -32k -newer /dev/ptmx -print -exec cat {} + | head -c ${TRIAL_LIMITS.maxConfigurationBytes}`,
        LAB_STEP,
      ),
    );
    this.say(`--- configuration changed since the start\n${shown.output.trimEnd()}`);
  }
}

/** What ended a trial before its action: the outcome and why. Anything else is thrown on. */
export function verdictOf(error: unknown): { readonly outcome: Outcome; readonly why: string } {
  if (error instanceof Verdict) return { outcome: error.outcome, why: error.message };
  if (error instanceof WorldError || error instanceof SandboxError)
    return { outcome: 'lab_failed', why: error.message };
  throw error;
}

/** First 16 hex digits of a transcript's SHA-256. */
export function transcriptDigest(transcript: string): string {
  return createHash('sha256').update(transcript).digest('hex').slice(0, 16);
}

function readingOf(readings: Plan['checks'][string]['readings'], result: StepResult): string {
  if (result.exit === 127) return NO_READING[1];
  for (const { key, regex, exit } of readings) {
    if (exit !== null && exit !== result.exit) continue;
    if (regex === null || matchesLine(regex, result.output)) return key;
  }
  return NO_READING[0];
}

/** Per line and in the language of patterns, as everywhere in a record: what lint admits means the same here. */
function matchesLine(regex: string, text: string): boolean {
  const pattern = automatonOf(regex);
  return text.split('\n').some((line) => pattern.test(line.replace(/\r$/, '')));
}

function groupsOf(book: Book, text: string, id: string): Record<string, string> {
  const finding = diagnose(book, text, { limit: 50 }).findings.find((f) => f.id === id);
  return { ...(finding?.groups ?? {}) };
}

function focusOf(book: Book, text: string): string | null {
  return diagnose(book, text).focus[0]?.text ?? null;
}

function firstLine(text: string): string | null {
  const line = text
    .split('\n')
    .map((l) => l.trim())
    .find((l) => l !== '');
  return line === undefined ? null : line.slice(0, 200);
}

/** Numbers aside: times, ports and process ids differ between two runs of the same thing. */
function shape(line: string): string {
  return line.trim().replace(/\d+/g, '0');
}

/** The first line of a failure that the fault itself had not shown already; null where nothing new is said. */
function newErrorLine(book: Book, text: string, known: string): string | null {
  const old = new Set(known.split('\n').map(shape));
  const fresh = text.split('\n').filter((l) => l.trim() !== '' && !old.has(shape(l)));
  if (fresh.length === 0) return null;
  return firstLine(focusOf(book, fresh.join('\n')) ?? (fresh[0] as string));
}

function quote(path: string): string {
  return `'${path.replaceAll("'", `'\\''`)}'`;
}
