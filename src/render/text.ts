/** The diagnosis for a person at a terminal: what it is, where, and what to do first, in the first lines. */
import type { AvoidAnswer, Diagnosis, DiagnosisFinding, NextStep, TryAnswer } from '../diagnosis/index.ts';
import { inLang, type Lang, type Messages, messagesOf } from './messages.ts';
import { safeLines, visible } from './safe.ts';
import { type Style, styleOf } from './style.ts';
import { widthOf, wrap } from './width.ts';

export interface TextOptions {
  readonly lang: Lang;
  readonly color: boolean;
  /** Columns of the terminal. */
  readonly columns: number;
  /** Records in the book, for an answer that says "none of …". */
  readonly records: number;
  /** Name of the input, where there are several. */
  readonly source?: string;
}

/** Shown of each kind; the page has all of them. */
export const SHOWN = {
  avoid: 4,
  try: 4,
  causes: 6,
  keysInALine: 3,
  actionsOfAReading: 2,
  alternatives: 2,
  /** Kinds of unknown trouble. */
  shapes: 5,
} as const;
const INDENT = '  ';
/** A reason goes on until it has so many columns, and not beyond so many. */
const ENOUGH_COLUMNS = 70;
const MAX_REASON_COLUMNS = 220;

/** @returns text that ends with a newline. */
export function renderText(diagnosis: Diagnosis, options: TextOptions): string {
  const writer = new Writer(options);
  if (options.source !== undefined) writer.line(writer.style.dim(`${visible(options.source)}:`));
  const [first, ...others] = diagnosis.findings;
  if (first) writer.finding(first, others, diagnosis.more);
  else writer.none(diagnosis);
  return writer.text();
}

class Writer {
  readonly style: Style;
  private readonly m: Messages;
  private readonly lang: Lang;
  private readonly columns: number;
  private readonly records: number;
  private readonly out: string[] = [];
  constructor({ lang, color, columns, records }: TextOptions) {
    this.style = styleOf(color);
    this.m = messagesOf(lang);
    this.lang = lang;
    this.columns = Math.max(40, columns);
    this.records = records;
  }

  text(): string {
    return `${this.out.join('\n')}\n`;
  }

  line(text: string): void {
    this.out.push(text);
  }

  /** Prose, wrapped, each line indented. */
  private prose(text: string, indent: string, style: (t: string) => string = (t) => t): void {
    for (const line of safeLines(text, this.columns - indent.length)) this.line(indent + style(line));
  }

  /** Commands are never wrapped: what is copied must be whole. */
  private commands(commands: readonly string[], indent: string): void {
    for (const command of commands) {
      for (const part of command.split('\n'))
        this.line(`${indent}${this.style.command(visible(part, 4000))}`);
    }
  }

  /** One entry of a list: the first line stands out, the others hang below it. */
  private item(text: string, indent: string): void {
    const lines = safeLines(text, this.columns - indent.length - 2, { first: '- ', rest: '  ' });
    for (const line of lines) this.line(indent + line);
  }

  /** Some cause keys, and how many more. */
  private keys(keys: readonly string[]): string {
    const shown = keys.slice(0, SHOWN.keysInALine).join(' / ');
    return keys.length > SHOWN.keysInALine ? this.m.andMore(shown, keys.length - SHOWN.keysInALine) : shown;
  }

  private heading(text: string): void {
    this.line('');
    this.line(this.style.bold(text));
  }

  finding(finding: DiagnosisFinding, others: readonly DiagnosisFinding[], more: number): void {
    const { m, style } = this;
    const label =
      finding.verdict === 'match' ? style.bad(style.bold(m.match)) : style.note(style.bold(m.possible));
    const where = m.atLine(finding.line, finding.occurrences - 1);
    const standing = m.from(finding) || m.standing(finding.tier, finding.flags);
    this.line(`${label} ${style.bold(visible(finding.id))}  ${style.dim(m.aside(`${where}; ${standing}`))}`);
    this.prose(inLang(this.lang, finding.title, finding.title_zh), INDENT, style.bold);
    this.line(
      `${INDENT}${style.dim(`> ${visible(finding.excerpt.trim(), Math.min(160, this.columns - 4))}`)}`,
    );
    if (finding.verdict === 'possible') this.prose(m.onlyPossible, INDENT, style.note);
    this.standing(finding);
    this.next(finding, finding.next);
    this.avoid(finding);
    this.try(finding);
    // After a check's readings the list of causes says nothing new: the page has it.
    if (finding.next.kind !== 'check') this.causes(finding);
    if (others.length > 0) {
      this.heading(m.alsoFound);
      for (const other of others) {
        const place = m.atLine(other.line, other.occurrences - 1);
        this.line(`${INDENT}${other.id}  ${style.dim(place)}`);
        this.prose(inLang(this.lang, other.title, other.title_zh), INDENT.repeat(2));
      }
    }
    if (more > 0) this.line(`${INDENT}${m.more(more, others.length + 1 + more)}`);
    this.line('');
    if (finding.measured && finding.measured.environments.length > 0) {
      const { environments, trials, date } = finding.measured;
      for (const line of wrap(visible(m.measuredOn(versionsLine(environments), trials, date)), this.columns))
        this.line(style.dim(line));
    }
    this.line(style.dim(m.page(finding.id)));
  }

  /** What is known of the causes beforehand, and whether any of it was measured where the reader is. */
  private standing({ causes, survey, measured }: DiagnosisFinding): void {
    const { m, style } = this;
    const [first] = causes;
    if (survey && first?.counts && first.counts.cases > 0)
      this.prose(m.survey(first.key, first.counts.cases, survey), INDENT, style.dim);
    if (measured?.known === 'other') this.prose(m.notYours, INDENT, style.note);
    if (measured?.known === 'yours')
      this.prose(m.yours(measured.environments.map((e) => e.name).join(', ')), INDENT, style.dim);
  }

  private next(finding: DiagnosisFinding, next: NextStep): void {
    const { m, style } = this;
    const titles = new Map(finding.causes.map((c) => [c.key, inLang(this.lang, c.title, c.title_zh)]));
    if (next.kind === 'check') {
      this.heading(`${m.checkFirst} [${next.key}]`);
      this.commands(next.commands, INDENT.repeat(2));
      this.prose(inLang(this.lang, next.why, next.why_zh), INDENT, style.dim);
      for (const reading of next.readings) {
        const status = /^exit (\d+)$/.exec(reading.expect)?.[1];
        const seen =
          inLang(this.lang, reading.title, reading.title_zh) ||
          (reading.key === 'unclear' ? m.seenUnclear : '') ||
          (reading.key === 'unavailable' ? m.seenUnavailable : '') ||
          (status ? m.exit(status) : `${m.prints} /${reading.expect}/`);
        const means =
          reading.means.length > SHOWN.keysInALine ? m.anyOf(reading.means.length) : m.means(reading.means);
        this.item(`${seen}${m.colon}${means}${this.thenOf(reading.after)}`, INDENT);
      }
      if (next.measured) this.prose(m.unseen, INDENT, style.dim);
      this.alternatives(next);
    } else if (next.kind === 'action') {
      const action = finding.try.find((t) => t.key === next.key);
      const causes = titles.size > 1 && action ? m.forCauses(this.keys(action.for)) : '';
      const head = `${m.doFirst} [${next.key}]`;
      const fits = widthOf(head) + widthOf(causes) + 2 <= this.columns;
      this.heading(causes !== '' && fits ? `${head}  ${style.dim(causes)}` : head);
      if (!fits) this.prose(causes, INDENT, style.dim);
      if (action) this.prose(inLang(this.lang, action.action, action.action_zh), INDENT);
      this.commands(next.commands, INDENT.repeat(2));
      this.prose(inLang(this.lang, next.why, next.why_zh), INDENT, style.dim);
      // What the lab made of it is in the reason already.
      if (action)
        for (const note of this.notesOf({ ...action, lab: null }, finding))
          this.prose(note, INDENT, style.dim);
      if (next.readings.length > 0) this.line(`${INDENT}${m.ifNot}${m.colon.trimEnd()}`);
      for (const { key, means, after } of next.readings) {
        const [outcome = '', ids] = key.split(':');
        const seen = `${m.outcomes[outcome] ?? outcome}${ids === undefined ? '' : ` ${m.aside(ids)}`}`;
        const left = means.length > SHOWN.keysInALine ? m.anyOf(means.length) : m.means(means);
        this.item(`${seen}${m.colon}${left}${this.thenOf(after)}`, INDENT);
      }
      this.alternatives(next);
    } else {
      this.heading(m.stop);
      this.prose(inLang(this.lang, next.why, next.why_zh), INDENT, style.dim);
    }
  }

  /** Steps that are nearly as good, for whom the first does not suit. */
  private alternatives({ alternatives }: NextStep): void {
    if (alternatives.length === 0) return;
    const shown = alternatives.slice(0, SHOWN.alternatives).map((a) => `[${a}]`);
    this.prose(this.m.alternatives(shown.join(' ')), INDENT, this.style.dim);
  }

  /** What follows a reading: a check, or actions in turn. */
  private thenOf(after: NextStep['readings'][number]['after']): string {
    const { m } = this;
    const steps = after.slice(0, SHOWN.actionsOfAReading).map(({ kind, key }) => {
      if (kind === 'check') return m.thenCheck(key ?? '');
      if (kind === 'stop') return key === null ? m.thenNothing : m.thenOthers(key);
      return `[${key}]`;
    });
    return steps.length === 0 ? '' : ` → ${steps.join(m.orElse)}`;
  }

  private causes({ causes }: DiagnosisFinding): void {
    if (causes.length === 0) return;
    this.heading(this.m.causes(causes.length));
    for (const cause of causes.slice(0, SHOWN.causes)) {
      this.item(`${cause.key}${this.m.colon}${inLang(this.lang, cause.title, cause.title_zh)}`, INDENT);
    }
    this.rest(causes.length - SHOWN.causes);
  }

  private rest(count: number): void {
    if (count > 0) this.line(`${INDENT}${this.style.dim(this.m.moreItems(count))}`);
  }

  /** Where an action was tried, where that is not everywhere. */
  private whereTried(
    lab: NonNullable<TryAnswer['lab']>,
    { measured }: DiagnosisFinding,
  ): readonly string[] | null {
    const same = measured?.environments.length === lab.environments.length;
    return same ? null : lab.environments;
  }

  private avoid(finding: DiagnosisFinding): void {
    const avoid: readonly AvoidAnswer[] = finding.avoid;
    const { m, style } = this;
    if (avoid.length === 0) return;
    this.heading(style.bad(m.avoid));
    for (const a of avoid.slice(0, SHOWN.avoid)) {
      const why = inLang(this.lang, a.why, a.why_zh);
      const action = inLang(this.lang, a.action, a.action_zh);
      const notes = [
        ...(a.except.length > 0 ? [m.except(this.keys(a.except))] : []),
        ...(a.lab ? [m.lab(a.lab, this.whereTried(a.lab, finding))] : []),
        ...(a.claimed === null ? [] : [m.claimed(Math.round(a.claimed * 100))]),
        ...(a.field ? [m.field(a.field)] : []),
      ];
      this.item(
        `[${a.key}] ${action || why}${action === '' || why === '' ? '' : `${m.because}${opening(why)}`}`,
        INDENT,
      );
      for (const note of notes) this.prose(note, INDENT.repeat(2), style.dim);
    }
    this.rest(avoid.length - SHOWN.avoid);
  }

  /** Whose work an action is, what it risks, what is known of it. */
  private notesOf(
    { by, risk, lab, claimed, field }: TryAnswer,
    finding: DiagnosisFinding,
  ): readonly string[] {
    const { m } = this;
    return [
      ...(by === 'you' ? [] : [m.by(by)]),
      ...(risk === 'high' ? [m.highRisk] : []),
      ...(lab ? [m.lab(lab, this.whereTried(lab, finding))] : []),
      ...(claimed === null ? [] : [m.claimed(Math.round(claimed * 100))]),
      ...(field ? [m.field(field)] : []),
    ];
  }

  private try(finding: DiagnosisFinding): void {
    const { m, style } = this;
    // The action that stands above, as what to do first, need not stand here again.
    const first = finding.next.kind === 'action' ? finding.next.key : null;
    const actions: readonly TryAnswer[] = finding.try.filter((a) => a.key !== first);
    if (actions.length === 0) return;
    this.heading(style.good(first === null ? m.try : m.otherwise));
    for (const a of actions.slice(0, SHOWN.try)) {
      this.item(`[${a.key}] ${inLang(this.lang, a.action, a.action_zh)}`, INDENT);
      this.commands(a.commands, INDENT.repeat(3));
      const causes = a.for.length > 0 ? [m.forCauses(this.keys(a.for))] : [];
      for (const note of [...causes, ...this.notesOf(a, finding)])
        this.prose(note, INDENT.repeat(2), style.dim);
    }
    this.rest(actions.length - SHOWN.try);
  }

  /** Where there is more trouble than the focus shows: what kinds, how often, and since which line. */
  private shapes(shapes: Diagnosis['shapes'], focus: Diagnosis['focus']): void {
    const { m, style } = this;
    const lines = shapes.reduce((sum, s) => sum + s.count, 0);
    if (lines <= focus.length) return;
    this.line(m.shapes(shapes.length, lines));
    const digits = String(Math.max(...shapes.map((s) => s.count))).length;
    for (const s of shapes.slice(0, SHOWN.shapes)) {
      const from = m.fromLine(s.line);
      const room = Math.min(160, this.columns - digits - 7 - widthOf(from));
      this.line(
        `${INDENT}${String(s.count).padStart(digits)} ×  ${visible(s.shape, room)}  ${style.dim(from)}`,
      );
    }
    if (shapes.length > SHOWN.shapes)
      this.line(`${INDENT}${style.dim(m.moreShapes(shapes.length - SHOWN.shapes))}`);
  }

  none({ focus, lines, hint, shapes }: Diagnosis): void {
    const { m, style } = this;
    this.line(style.bold(lines === 0 ? m.nothing : m.unknown(this.records, lines)));
    if (lines === 0) return;
    if (focus.length === 0) {
      this.line(m.noFocus);
      return;
    }
    this.line(m.focus);
    const digits = String(Math.max(...focus.map((f) => f.line))).length;
    for (const f of focus) {
      const number = String(f.line).padStart(digits);
      this.line(
        `${INDENT}${style.dim(number)}  ${visible(f.text, Math.min(160, this.columns - digits - 4))}`,
      );
    }
    this.shapes(shapes, focus);
    if (hint === 'localised') this.line(style.note(m.localised));
    this.line(style.dim(m.keep));
  }
}

/** `nginx 1.18.0, 1.22.1; openssl 3.0.22`: programs with the versions that were measured, in their order. */
export function versionsLine(
  environments: readonly { readonly versions: Readonly<Record<string, string>> }[],
): string {
  const programs = new Map<string, Set<string>>();
  for (const { versions } of environments) {
    for (const [program, version] of Object.entries(versions))
      programs.set(program, (programs.get(program) ?? new Set()).add(version));
  }
  return [...programs].map(([program, versions]) => `${program} ${[...versions].join(', ')}`).join('; ');
}

/** Whole sentences from the start, enough of them to give a reason. */
function opening(text: string): string {
  const sentences = text.split(/(?<=[.!?] )|(?<=[。！？])/u);
  let out = '';
  for (const sentence of sentences) {
    if (out !== '' && (widthOf(out) >= ENOUGH_COLUMNS || widthOf(out + sentence) > MAX_REASON_COLUMNS)) break;
    out += sentence;
  }
  return out.trim();
}
