/**
 * Lab page → plan. The page is prose for people and at the same time the test; what cannot be run exactly as it is
 * read is an error with its line, because a typo must never become prose, nor a cell that proves nothing.
 */
import { MIXED, NO_READING, type Outcome, PLACEBOS } from '../evidence/index.ts';
import {
  type FaultRecord,
  findersWithout,
  type Issue,
  type IssueCode,
  placeholdersOf,
} from '../record/index.ts';
import { blocksFor, type CellKey, valueNamesOf, valuesFor } from './cells.ts';
import {
  accountsOf,
  type FrontMatter,
  INVISIBLE,
  isCleanPath,
  type Report,
  readFrontMatter,
  remedyForAccount,
  VALUE_NAME,
} from './front.ts';
import { type Part, readMarkdown } from './markdown.ts';
import { didYouMean, nearest } from './nearest.ts';
import {
  type Block,
  type BlockOf,
  HEALTHY,
  LAB_CONTRACT,
  LAB_LIMITS,
  LISTENS,
  type Plan,
  planSchema,
  type Section,
  type Verb,
} from './plan.ts';

/** Issues of one page that are spelt out; of a hopeless page the first say enough. */
const MAX_ISSUES = 200;
/** In `### For:` and `### On:`: whatever the section's other headings do not name. */
const OTHERS = 'others';
const LAB_FAILED: Outcome = 'lab_failed';
/** What the matrix says of a check in its own words: a reading so named would be taken for that. */
const RESERVED_READINGS: readonly string[] = [...NO_READING, MIXED, LAB_FAILED];

type Place = 'base' | 'cause' | 'action' | 'check';
type Option = 'as' | 'in' | 'mode' | 'config';
type Fence = Extract<Part, { kind: 'fence' }>;

interface VerbRule {
  /** As authors write it. */
  readonly usage: string;
  readonly places: readonly Place[];
  readonly options: readonly Option[];
  /** Words behind the verb: at least and at most. */
  readonly words: readonly [number, number];
  readonly body: 'needed' | 'free' | 'none';
}

/** Verbs whose body a shell reads. */
const FOR_SHELLS: readonly Verb[] = [
  'setup',
  'run',
  'attempt',
  'healthy',
  'guard',
  'applied',
  'undo',
  'ready',
  'probe',
];
const EVERYWHERE: readonly Place[] = ['base', 'cause', 'action', 'check'];
const BASE: readonly Place[] = ['base'];
const CHANGES: readonly Place[] = ['cause', 'action'];
const WHO: readonly Option[] = ['as', 'in'];
const VERBS: Readonly<Record<Verb, VerbRule>> = {
  file: { usage: 'file PATH', places: EVERYWHERE, options: ['as', 'mode'], words: [1, 1], body: 'free' },
  setup: { usage: 'setup', places: BASE, options: WHO, words: [0, 0], body: 'needed' },
  service: {
    usage: 'service NAME PORT',
    places: EVERYWHERE,
    options: [...WHO, 'config'],
    words: [2, 2],
    body: 'needed',
  },
  ready: { usage: 'ready NAME', places: EVERYWHERE, options: WHO, words: [1, 1], body: 'needed' },
  run: { usage: 'run', places: EVERYWHERE, options: WHO, words: [0, 0], body: 'needed' },
  attempt: {
    usage: 'attempt',
    places: ['base', 'cause', 'action'],
    options: WHO,
    words: [0, 1],
    body: 'free',
  },
  symptom: { usage: 'symptom PATH', places: ['base', 'cause'], options: [], words: [1, 1], body: 'none' },
  healthy: { usage: 'healthy', places: BASE, options: WHO, words: [0, 0], body: 'needed' },
  guard: { usage: 'guard NAME', places: BASE, options: WHO, words: [1, 1], body: 'needed' },
  probe: { usage: 'probe NAME', places: BASE, options: WHO, words: [1, 1], body: 'needed' },
  edit: { usage: 'edit FILE @slot', places: CHANGES, options: [], words: [1, 2], body: 'needed' },
  env: { usage: 'env', places: EVERYWHERE, options: [], words: [0, 0], body: 'needed' },
  values: { usage: 'values', places: EVERYWHERE, options: [], words: [0, 0], body: 'needed' },
  restart: { usage: 'restart NAME', places: CHANGES, options: [], words: [1, 1], body: 'none' },
  stop: { usage: 'stop NAME', places: CHANGES, options: [], words: [1, 1], body: 'none' },
  applied: { usage: 'applied', places: ['action'], options: WHO, words: [0, 0], body: 'needed' },
  undo: { usage: 'undo', places: ['action'], options: WHO, words: [0, 0], body: 'needed' },
};
const SECTIONS: Readonly<Record<string, Exclude<Place, 'base'>>> = {
  Cause: 'cause',
  Action: 'action',
  Check: 'check',
};
const VARIANTS = ['For', 'On'];
/** There can be one of these in one place. */
const SINGLE: readonly Verb[] = ['attempt', 'healthy', 'symptom'];
/** Blocks that by themselves change nothing. */
const IDLE: readonly Verb[] = ['values', 'applied', 'undo'];

const NAME = /^[a-z][a-z0-9_-]{0,31}$/;
const PROGRAM = /^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$/;
const SLOT = /^@[A-Za-z][A-Za-z0-9_-]{0,63}$/;
const VARIABLE = /^(?!__proto__$)[A-Za-z_][A-Za-z0-9_]{0,63}$/;
const HUNK = /^@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@/m;

export interface PageResult {
  /** Null where there is an error. */
  readonly plan: Plan | null;
  readonly issues: Issue[];
}

/**
 * Compiles a lab page.
 * @param file the page's name, for issues; their `field` is the line
 */
export function compilePage(text: string, record: FaultRecord, file: string): PageResult {
  const page = new Page(record, file);
  const plan = page.compile(text);
  const lineOf = (issue: Issue) => Number(issue.field.slice('line '.length));
  const issues = page.issues.sort((a, b) => lineOf(a) - lineOf(b));
  return { plan: issues.some((i) => i.severity === 'error') ? null : plan, issues };
}

/** A heading `### For: …; On: …` as written. */
interface Variant {
  readonly line: number;
  readonly for: readonly string[] | null;
  readonly on: readonly string[] | null;
}

interface Draft {
  readonly place: Place;
  readonly key: string;
  readonly line: number;
  readonly variants: Variant[];
  readonly fences: { readonly fence: Fence; readonly variant: Variant | null }[];
}

/** What stands in a world at one point of a cell, as far as the page says. */
interface Scene {
  readonly files: Map<string, string>;
  readonly services: Set<string>;
}

class Page {
  readonly issues: Issue[] = [];
  private readonly record: FaultRecord;
  private readonly file: string;
  private front!: FrontMatter;
  private blocks = 0;
  /** Something was left out, so that what is missing cannot be told from what is misspelt. */
  private holes = false;
  private readonly said = new Set<string>();

  constructor(record: FaultRecord, file: string) {
    this.record = record;
    this.file = file;
  }

  compile(text: string): Plan | null {
    if (!this.readable(text)) return null;
    const parts = readMarkdown(text);
    const front = parts.find((p) => p.kind === 'front');
    this.front = readFrontMatter(front?.text ?? null, front?.line ?? 1, this.report);
    // Environments and accounts would all seem to be misspelt.
    if (this.issues.some((i) => i.code === 'page-front-invalid')) return null;
    this.holes = this.issues.length > 0;
    const drafts = this.sections(parts);
    const plan = this.plan(drafts);
    this.reservedKeys();
    this.alone();
    if (!this.holes) this.cells(plan);
    this.absentCauses(plan);
    const checked = planSchema.safeParse(plan);
    if (!checked.success && !this.issues.some((i) => i.severity === 'error')) {
      const [issue] = checked.error.issues;
      this.report(
        1,
        'page-plan-refused',
        `the plan is refused at ${issue?.path.join('.')}: ${issue?.message}`,
        'the compiler let something pass that the lab does not run',
        'this is a bug of Faultbook; please report it with the page',
      );
    }
    return plan;
  }

  private readonly report: Report = (line, code, problem, why, remedy) => {
    this.say('error', line, code, problem, why, remedy);
  };

  private say(
    severity: Issue['severity'],
    line: number,
    code: IssueCode,
    problem: string,
    why: string,
    remedy: string,
  ): void {
    if (this.issues.length >= MAX_ISSUES) return;
    this.issues.push({ severity, code, file: this.file, field: `line ${line}`, problem, why, remedy });
  }

  /** Once a place, however many cells have it. */
  private readonly once: Report = (line, code, problem, why, remedy) => {
    const key = `${line} ${code}`;
    if (this.said.has(key)) return;
    this.said.add(key);
    this.report(line, code, problem, why, remedy);
  };

  private readable(text: string): boolean {
    const bytes =
      text.length * 3 <= LAB_LIMITS.maxPageBytes ? text.length : new TextEncoder().encode(text).length;
    if (bytes > LAB_LIMITS.maxPageBytes) {
      this.report(
        1,
        'page-too-large',
        `it has ${bytes} bytes, a page may have ${LAB_LIMITS.maxPageBytes}`,
        'nobody reads so much',
        'make long files in setup',
      );
      return false;
    }
    const hidden = text
      .replace(/^\ufeff/, '')
      .split(/\r?\n/)
      .flatMap((l, i) => (INVISIBLE.test(l) ? [i + 1] : []));
    if (hidden[0] === undefined) return true;
    this.report(
      hidden[0],
      'page-character-refused',
      `a character that cannot be seen stands in it${hidden.length > 1 ? ` (and in ${hidden.length - 1} lines below)` : ''}`,
      'a reader would see something else than what is run',
      'remove it; where the world needs it, write it with printf',
    );
    return false;
  }

  // --------------------------------------------------------------------------------------------- sections

  /** The base first, then the page's sections. */
  private sections(parts: readonly Part[]): Draft[] {
    const base: Draft = { place: 'base', key: '', line: 1, variants: [], fences: [] };
    const drafts = [base];
    /** Null: under a heading of prose behind a section. */
    let draft: Draft | null = base;
    let variant: Variant | null | 'prose' = null;
    /** Fences under a heading that was refused are judged no further. */
    let lost = false;
    for (const part of parts) {
      switch (part.kind) {
        case 'front':
          break;
        case 'unclosed':
          this.holes = true;
          this.report(
            part.line,
            'page-fence-unclosed',
            `the ${part.what} that begins here has no end`,
            'everything below would be part of it',
            part.what === 'fence' ? 'close it with as many signs as it was opened with' : 'close it with ---',
          );
          break;
        case 'buried':
          if (isVerb(wordsOf(part.info)[0] ?? '')) this.buried(part.line);
          break;
        case 'heading': {
          const heading = this.heading(part.line, part.level, part.text, draft?.place ?? null);
          if (heading === 'refused') {
            this.holes = true;
            // What stands below belongs to what was meant, whatever that is.
            if (part.level <= 2)
              draft = { place: 'action', key: '', line: part.line, variants: [], fences: [] };
            [variant, lost] = [null, part.level > 2];
          } else if (heading === 'prose') {
            if (part.level <= 2) {
              [draft, variant, lost] = [draft === base ? base : null, null, false];
            } else if (part.level === 3) [variant, lost] = [variant === null ? null : 'prose', false];
          } else if ('place' in heading) {
            const same = drafts.find((d) => d.place === heading.place && d.key === heading.key);
            if (same) {
              this.repeated(part.line, `the section of ${heading.place} ${heading.key} (line ${same.line})`);
            }
            [draft, variant, lost] = [heading, null, false];
            drafts.push(heading);
          } else if (draft) {
            [variant, lost] = [heading, false];
            draft.variants.push(heading);
          }
          break;
        }
        case 'fence':
          if (lost || ['', 'text'].includes(wordsOf(part.info)[0] ?? '')) break;
          if (draft && variant !== 'prose') draft.fences.push({ fence: part, variant });
          else this.stray(part);
      }
    }
    return drafts;
  }

  private buried(line: number): void {
    this.holes = true;
    this.report(
      line,
      'page-block-misplaced',
      'a fence with a verb stands in a list, a quotation or indented',
      'readers differ on where it ends, so it is not run',
      'begin it at the left margin',
    );
  }

  private stray(fence: Fence): void {
    this.holes = true;
    this.report(
      fence.line,
      'page-block-misplaced',
      'a block stands under a heading of prose, in no section',
      'nobody can say where it counts',
      'move it into a section, or write text behind the fence if it is for readers only',
    );
  }

  /** What a heading opens. A word that is almost one of ours, or on another level, is refused: it would be prose. */
  private heading(
    line: number,
    level: number,
    text: string,
    place: Place | null,
  ): Draft | Variant | 'prose' | 'refused' {
    const colon = text.indexOf(':');
    const word = text.slice(0, Math.max(0, colon)).trim();
    if (word === '' || word.includes(' ')) return 'prose';
    const known = [...Object.keys(SECTIONS), ...VARIANTS];
    const meant = known.includes(word) ? word : nearest(word, known);
    if (meant === null) return 'prose';
    const wanted = VARIANTS.includes(meant) ? 3 : 2;
    if (meant !== word || level !== wanted) {
      // Short words have many neighbours; on another level they are prose.
      if (meant !== word && level !== wanted) return 'prose';
      this.report(
        line,
        'page-heading-wrong',
        `the heading ${JSON.stringify(text.slice(0, 80))} opens nothing`,
        'what stands below would belong to what stands above',
        `did you mean ${'#'.repeat(wanted)} ${meant}:?`,
      );
      return 'refused';
    }
    const rest = text.slice(colon + 1).trim();
    return wanted === 2
      ? this.section(line, SECTIONS[word] as Exclude<Place, 'base'>, rest)
      : this.variant(line, text, place);
  }

  private section(line: number, place: Exclude<Place, 'base'>, rest: string): Draft | 'refused' {
    const [key = '', next] = rest.split(/\s+/, 2);
    const keys = this.keysOf(place);
    if (!keys.includes(key)) {
      this.unknown(line, `the record has no ${place} ${JSON.stringify(key.slice(0, 64))}`, key, keys);
      return 'refused';
    }
    if (next !== undefined && !/^[—–-]/.test(next)) {
      this.report(
        line,
        'page-heading-wrong',
        `behind the key stands ${JSON.stringify(next.slice(0, 40))}`,
        'a section is of one key',
        `write the title behind a dash: ## ${place[0]?.toUpperCase()}${place.slice(1)}: ${key} — …`,
      );
      return 'refused';
    }
    return { place, key, line, variants: [], fences: [] };
  }

  private keysOf(place: Exclude<Place, 'base'>): string[] {
    const { causes, workarounds, dead_ends, checks } = this.record;
    const of = { cause: causes, action: [...workarounds, ...dead_ends], check: checks };
    return of[place].map((entry) => entry.key);
  }

  private variant(line: number, text: string, place: Place | null): Variant | 'refused' {
    const refused = (problem: string, why: string, remedy: string): 'refused' => {
      this.report(line, 'page-heading-wrong', problem, why, remedy);
      return 'refused';
    };
    if (place === null)
      return refused('it stands in no section', 'it would belong to nothing', 'move it into a section');
    const names = {
      For: [...this.keysOf('cause'), HEALTHY],
      On: Object.keys(this.front.environments),
    };
    const found: { For?: string[]; On?: string[] } = {};
    for (const part of text.split(';')) {
      const [, kind = '', list = ''] = /^\s*(For|On):(.*)$/.exec(part) ?? [];
      if ((kind !== 'For' && kind !== 'On') || found[kind])
        return refused(
          `${JSON.stringify(part.trim().slice(0, 60))} is no condition`,
          'it says for which causes and environments the body counts',
          'write ### For: cause, cause; On: environment',
        );
      if (kind === 'For' && (place === 'base' || place === 'cause'))
        return refused(
          place === 'base' ? 'the healthy world is the same for all causes' : 'a cause is for itself only',
          'For: is for actions and checks',
          'use On:, or move the blocks into sections',
        );
      const wanted = list.split(',').map((n) => n.trim());
      for (const name of wanted) {
        if (name === OTHERS || names[kind].includes(name)) continue;
        const what = kind === 'For' ? 'cause' : 'environment';
        this.unknown(line, `there is no ${what} ${JSON.stringify(name.slice(0, 64))}`, name, [
          ...names[kind],
          OTHERS,
        ]);
        return 'refused';
      }
      found[kind] = wanted;
    }
    return { line, for: found.For ?? null, on: found.On ?? null };
  }

  /** Fences → blocks, `others` → names. */
  private resolve(draft: Draft): Section {
    const causes = [...this.keysOf('cause'), HEALTHY];
    const environments = Object.keys(this.front.environments);
    const named = (of: 'for' | 'on') => new Set(draft.variants.flatMap((v) => v[of] ?? []));
    const [inFor, inOn] = [named('for'), named('on')];
    const spelt = (list: readonly string[] | null, all: readonly string[], others: ReadonlySet<string>) =>
      list && all.filter((n) => list.includes(n) || (list.includes(OTHERS) && !others.has(n)));
    for (const of of ['for', 'on'] as const) {
      const twice = draft.variants.filter((v) => v[of]?.includes(OTHERS))[1];
      if (twice) this.repeated(twice.line, OTHERS);
    }
    const resolved = new Map(
      draft.variants.map((v) => [
        v,
        { line: v.line, for: spelt(v.for, causes, inFor), on: spelt(v.on, environments, inOn) },
      ]),
    );
    const blocks = draft.fences.flatMap(({ fence, variant }) => {
      const where = variant ? resolved.get(variant) : undefined;
      const block = this.block(fence, draft.place, where?.for ?? null, where?.on ?? null);
      if (!block) this.holes = true;
      return block ?? [];
    });
    // The base is never without a body: what differs there adds to what all have.
    return {
      line: draft.line,
      variants: draft.place === 'base' ? [] : [...resolved.values()],
      blocks,
    };
  }

  // ----------------------------------------------------------------------------------------------- blocks

  private block(
    fence: Fence,
    place: Place,
    causes: string[] | null,
    environments: string[] | null,
  ): Block | null {
    const { line, body } = fence;
    const [verb = '', ...rest] = wordsOf(fence.info);
    const words = rest.filter((w) => !/^[a-z]+=/.test(w));
    if (!isVerb(verb)) {
      const meant = nearest(verb, Object.keys(VERBS));
      this.report(
        line,
        'page-verb-unknown',
        `there is no verb ${JSON.stringify(verb.slice(0, 40))}`,
        'a fence with a word behind it is run: a typo must not become prose',
        meant ? `did you mean ${meant}?` : 'write text behind the fence if it is for readers only',
      );
      return null;
    }
    const rule = VERBS[verb];
    if (!rule.places.includes(place)) {
      this.misplaced(line, verb, place);
      return null;
    }
    if (this.blocks++ >= LAB_LIMITS.maxBlocks || body.length > LAB_LIMITS.maxBodyChars) {
      this.report(
        line,
        'page-too-large',
        body.length > LAB_LIMITS.maxBodyChars
          ? `the block has ${body.length} characters, it may have ${LAB_LIMITS.maxBodyChars}`
          : `it is one block too many: there may be ${LAB_LIMITS.maxBlocks}`,
        'nobody reads so much',
        'make long files in setup',
      );
      return null;
    }
    const options = this.options(line, verb, rest);
    if (!options || !this.wordsFit(line, verb, words) || !this.bodyFits(line, verb, words, body)) return null;
    const [first = '', second = ''] = words;
    const head = { line, for: causes, on: environments };
    const who = { as: options.as ?? null, in: options.in ?? null };
    switch (verb) {
      case 'file':
        return { verb, ...head, path: first, as: who.as, mode: options.mode ?? '0644', body };
      case 'service': {
        const listens = second === '-' ? [] : second.split(',');
        return {
          verb,
          ...head,
          ...who,
          name: first,
          listens,
          config: options.config?.split(',') ?? [],
          body,
        };
      }
      case 'ready':
      case 'guard':
      case 'probe':
        return { verb, ...head, ...who, name: first, body };
      case 'attempt':
        if (first !== '')
          return this.commandsAttempt(line, place, { verb, ...head, ...who, commands: true, body });
        return { verb, ...head, ...who, commands: false, body };
      case 'symptom':
        return { verb, ...head, path: first };
      case 'edit':
        return { verb, ...head, path: first, slot: second === '' ? null : second.slice(1), body };
      case 'env': {
        const set = this.assignments(line, body, VARIABLE, true);
        return set && { verb, ...head, set };
      }
      case 'values': {
        const set = this.assignments(line, body, VALUE_NAME, false);
        return set && { verb, ...head, set: set as Record<string, string> };
      }
      case 'restart':
      case 'stop':
        return { verb, ...head, name: first };
      default:
        return { verb, ...head, ...who, body };
    }
  }

  private misplaced(line: number, verb: Verb, place: Place): void {
    const judge = verb === 'healthy' || verb === 'guard';
    const { places } = VERBS[verb];
    const where = { base: 'the healthy world', cause: 'causes', action: 'actions', check: 'checks' };
    this.report(
      line,
      'page-block-misplaced',
      `${verb} stands in ${place === 'base' ? where.base : `the section of ${place === 'action' ? 'an' : 'a'} ${place}`}`,
      judge && place === 'action'
        ? 'an action must not judge itself: what it says of its success would count as success'
        : judge
          ? 'the judge must be the same for every cell, or the cells cannot be compared'
          : `${verb} has a meaning in ${places.map((p) => where[p]).join(' and ')} only`,
      judge
        ? `move it before the first section${place === 'action' ? '; to see that an action took effect, use applied' : ''}`
        : `move it to ${places.map((p) => where[p]).join(' or ')}`,
    );
  }

  private options(line: number, verb: Verb, rest: readonly string[]): Partial<Record<Option, string>> | null {
    const found: Partial<Record<Option, string>> = {};
    let fine = true;
    const wrong = (code: IssueCode, problem: string, remedy: string): void => {
      fine = false;
      this.report(line, code, problem, 'the block would be run in another way than it is read', remedy);
    };
    for (const word of rest) {
      const [, name = '', value = ''] = /^([a-z]+)=(.*)$/.exec(word) ?? [];
      if (name === '') continue;
      const option = VERBS[verb].options.find((o) => o === name);
      if (!option) {
        const known = VERBS[verb].options.map((o) => `${o}=`);
        const remedy = known.length > 0 ? didYouMean(`${name}=`, known) : `${verb} has no options`;
        wrong('page-option-unknown', `${verb} has no option ${name}=`, remedy);
      } else if (found[option] !== undefined) this.repeated(line, `${option}=`);
      else found[option] = value;
    }
    const { as, in: folder, mode, config } = found;
    if (as !== undefined && !accountsOf(this.front.users).includes(as)) {
      // The block stands; only who runs it is not known.
      this.report(
        line,
        'page-account-unknown',
        `there is no account ${JSON.stringify(as.slice(0, 40))}`,
        'nobody could run the block',
        remedyForAccount(as, this.front.users),
      );
      delete found.as;
    }
    for (const path of [...(folder === undefined ? [] : [folder]), ...(config?.split(',') ?? [])])
      if (!isCleanPath(path))
        wrong(
          'page-argument-wrong',
          `${JSON.stringify(path.slice(0, 80))} is no absolute path`,
          'begin with /, without . or .. or an end in /',
        );
    if (mode !== undefined && !/^0?[0-7]{3,4}$/.test(mode))
      wrong('page-argument-wrong', `mode=${mode.slice(0, 20)} is no mode`, 'write it like mode=0640');
    return fine ? found : null;
  }

  private wordsFit(line: number, verb: Verb, words: readonly string[]): boolean {
    const { usage, words: count } = VERBS[verb];
    const [first = '', second = ''] = words;
    const problem = ((): string | null => {
      if (words.length < count[0]) return `${verb} lacks a word`;
      if (words.length > count[1])
        return `${JSON.stringify(words[count[1]]?.slice(0, 40))} is one word too many`;
      switch (verb) {
        case 'file':
        case 'symptom':
        case 'edit':
          if (!isCleanPath(first) || first === '/')
            return `${JSON.stringify(first)} is no absolute path of a file`;
          return second === '' || SLOT.test(second) ? null : `${JSON.stringify(second)} is no slot`;
        case 'service':
          if (!NAME.test(first)) return `${JSON.stringify(first)} is no name`;
          return second === '-' || second.split(',').every(isListener)
            ? null
            : `${JSON.stringify(second)} is neither a port, nor a socket’s path, nor -`;
        case 'ready':
        case 'guard':
        case 'restart':
        case 'stop':
          return NAME.test(first) ? null : `${JSON.stringify(first)} is no name`;
        case 'probe':
          return PROGRAM.test(first) ? null : `${JSON.stringify(first)} is no name`;
        case 'attempt':
          return first === '' || first === 'commands' ? null : `${JSON.stringify(first)} is not "commands"`;
        default:
          return null;
      }
    })();
    if (problem === null) return true;
    this.report(
      line,
      'page-argument-wrong',
      problem.slice(0, 200),
      'the lab would have to guess what is meant',
      `write ${usage}${verb === 'attempt' ? ', or attempt commands' : verb === 'edit' ? ', or edit FILE with a diff' : ''}`,
    );
    return false;
  }

  private bodyFits(line: number, verb: Verb, words: readonly string[], body: string): boolean {
    const empty = body.trim() === '';
    const alone = words[0] === 'commands' && verb === 'attempt';
    const kind = verb === 'attempt' ? (alone ? 'none' : 'needed') : VERBS[verb].body;
    const wrong = (problem: string, why: string, remedy: string): false => {
      this.report(line, 'page-body-wrong', problem, why, remedy);
      return false;
    };
    if (kind === 'needed' && empty)
      return wrong(`${verb} has no body`, 'there is nothing to run', 'write it, or remove the block');
    if (kind === 'none' && !empty)
      return wrong(
        `${alone ? 'attempt commands' : verb} has a body`,
        'it would not be run',
        alone ? 'remove it: the commands stand in the record' : 'remove it, or put it into a run block',
      );
    if (verb === 'edit' && words.length === 1 && !HUNK.test(body))
      return wrong(
        'the diff has no hunk',
        'it would change nothing',
        'write a unified diff with lines @@ -1,3 +1,4 @@, or name a slot: edit FILE @slot',
      );
    return true;
  }

  private commandsAttempt(line: number, place: Place, block: BlockOf<'attempt'>): Block | null {
    if (place === 'action') return block;
    this.report(
      line,
      'page-block-misplaced',
      `attempt commands stands outside the section of an action`,
      'only actions have commands',
      'write the attempt’s own commands as the body of attempt',
    );
    return null;
  }

  private assignments(
    line: number,
    body: string,
    names: RegExp,
    alone: boolean,
  ): Record<string, string | null> | null {
    const set: Record<string, string | null> = {};
    for (const [i, text] of body.split('\n').entries()) {
      if (text.trim() === '') continue;
      const at = text.indexOf('=');
      const name = (at < 0 ? text : text.slice(0, at)).trim();
      if (!names.test(name) || (at < 0 && !alone)) {
        this.report(
          line + i + 1,
          'page-body-wrong',
          `${JSON.stringify(text.slice(0, 60))} sets nothing`,
          'every line is one name with its value',
          alone ? 'write NAME=value, or NAME alone to take it away' : 'write name=value',
        );
        return null;
      }
      if (Object.hasOwn(set, name)) this.repeated(line + i + 1, name);
      set[name] = at < 0 ? null : text.slice(at + 1);
    }
    return set;
  }

  // ------------------------------------------------------------------------------------------------ plan

  private plan(drafts: readonly Draft[]): Plan {
    const { record, front } = this;
    const sections = new Map<string, Section>();
    for (const draft of drafts) {
      const name = `${draft.place}:${draft.key}`;
      if (!sections.has(name)) sections.set(name, this.resolve(draft));
    }
    const nowhere: Section = { line: 0, variants: [], blocks: [] };
    const sectionOf = (place: Place, key: string) => sections.get(`${place}:${key}`) ?? nowhere;
    /** What the lab cannot run has no cells, unless the page has a section for it. */
    const tried = (place: Place, { key }: { readonly key: string }) =>
      sections.has(`${place}:${key}`) || !Object.hasOwn(record.untested, `${place}:${key}`);
    const actions = [
      ...record.workarounds.map((w) => ({ ...w, kind: 'workaround' as const })),
      ...record.dead_ends.map((d) => ({ ...d, kind: 'dead_end' as const })),
    ];
    return {
      schema: 'plan.v1',
      contract: LAB_CONTRACT,
      record: record.id,
      environments: front.environments,
      users: front.users,
      names: front.names,
      person: front.person,
      writable: front.writable,
      timeoutSeconds: front.timeoutSeconds,
      settleMs: front.settleMs,
      restrictions: front.restrictions,
      alone: front.alone.map((a) => a.key),
      signature: {
        groups: record.groups,
        ignore_case: record.ignore_case,
        patterns: [
          record.sequence.length > 0 ? null : record.regex,
          ...record.wordings.map((w) => w.regex),
        ].filter((p) => p !== null),
        sequence: record.sequence,
        not_if: record.not_if,
      },
      base: sectionOf('base', ''),
      causes: Object.fromEntries(
        record.causes
          .filter((c) => sections.has(`cause:${c.key}`))
          .map((c) => [c.key, sectionOf('cause', c.key)]),
      ),
      actions: Object.fromEntries(
        actions
          .filter((a) => tried('action', a))
          .map(({ key, kind, commands }) => [key, { kind, commands, section: sectionOf('action', key) }]),
      ),
      checks: Object.fromEntries(
        record.checks
          .filter((c) => tried('check', c))
          .map(({ key, command, readings }) => [
            key,
            {
              command,
              readings: readings.map((r) => ({ key: r.key, regex: r.regex ?? null, exit: r.exit ?? null })),
              section: sectionOf('check', key),
            },
          ]),
      ),
    };
  }

  private reservedKeys(): void {
    const reserved: readonly [Exclude<Place, 'base'>, readonly string[]][] = [
      ['cause', [HEALTHY, OTHERS]],
      ['action', PLACEBOS],
    ];
    const found = reserved.flatMap(([place, keys]) =>
      this.keysOf(place).flatMap((key) => (keys.includes(key) ? [{ key, among: `its ${place}s` }] : [])),
    );
    for (const { key: check, readings } of this.record.checks)
      for (const { key } of readings)
        if (RESERVED_READINGS.includes(key)) found.push({ key, among: `the readings of ${check}` });
    for (const { key, among } of found)
      this.report(
        1,
        'page-key-reserved',
        `the record has a key ${JSON.stringify(key)} among ${among}`,
        'in the matrix that word has a meaning of its own',
        `rename it in the record, e.g. ${key}-${this.record.domain}`,
      );
  }

  private alone(): void {
    const keys = [...this.keysOf('cause'), ...this.keysOf('action'), ...this.keysOf('check')];
    for (const { key, line } of this.front.alone)
      if (!keys.includes(key))
        this.unknown(line, `alone names ${JSON.stringify(key.slice(0, 64))}, which is no key`, key, keys);
  }

  private absentCauses(plan: Plan): void {
    for (const { key } of this.record.causes) {
      if (Object.hasOwn(plan.causes, key) || Object.hasOwn(this.record.untested, `cause:${key}`)) continue;
      this.say(
        'warning',
        1,
        'page-cause-missing',
        `the cause ${key} has no section`,
        'the lab never sees it',
        `write ## Cause: ${key}, or say in the record’s untested ("cause:${key}") why the lab cannot`,
      );
    }
  }

  // ------------------------------------------------------------------------------------------------ cells

  /** Walks through every cell as the lab will, and looks what would go wrong there whatever the software does. */
  private cells(plan: Plan): void {
    for (const env of Object.keys(plan.environments)) {
      const base = blocksFor(plan.base, HEALTHY, env) ?? [];
      this.single(base);
      if (!base.some((b) => b.verb === 'attempt'))
        this.once(
          1,
          'page-attempt-missing',
          `the healthy world of ${env} has no attempt`,
          'nobody knows what fails',
          'before the first section, write a fence attempt with the command that the person runs',
        );
      const healthy: Scene = { files: new Map(), services: new Set() };
      this.enact(base, healthy, []);
      for (const cause of [...Object.keys(plan.causes), HEALTHY]) {
        const section = plan.causes[cause];
        const blocks = section && cause !== HEALTHY ? blocksFor(section, cause, env) : [];
        if (blocks === null) continue;
        if (section && cause !== HEALTHY && blocks.every((b) => IDLE.includes(b.verb)))
          this.once(
            section.line,
            'page-cause-empty',
            `the cause ${cause} changes nothing in ${env}`,
            'it would be the healthy world again',
            'write the blocks that break it, or On: headings for where it exists',
          );
        this.single(blocks);
        const scene = copyOf(healthy);
        this.enact(blocks, scene, base);
        for (const key of Object.keys(plan.actions))
          this.action(plan, env, cause, key, scene, [...base, ...blocks]);
        if (cause !== HEALTHY)
          for (const [key, { command, section: own }] of Object.entries(plan.checks)) {
            const found = blocksFor(own, cause, env);
            if (!found) continue;
            this.single(found);
            this.enact(found, copyOf(scene), [...base, ...blocks]);
            this.filled(own.line, plan, { env, cause, kind: 'check', key }, [command]);
          }
      }
    }
  }

  private action(
    plan: Plan,
    env: string,
    cause: string,
    key: string,
    scene: Scene,
    above: readonly Block[],
  ): void {
    const { kind, commands, section } = plan.actions[key] as Plan['actions'][string];
    const blocks = blocksFor(section, cause, env);
    if (!blocks) return;
    const line = Math.max(1, section.line);
    this.single(blocks);
    this.enact(blocks, copyOf(scene), above);
    const called = blocks.find((b) => b.verb === 'attempt' && b.commands);
    if (called && commands.length === 0)
      this.once(
        called.line,
        'page-argument-wrong',
        `the action ${key} has no commands`,
        'there is nothing that could take the attempt’s place',
        'write them into the record, or give attempt a body',
      );
    else if (commands.length === 0 && blocks.every((b) => IDLE.includes(b.verb)))
      this.inAction(
        line,
        key,
        'page-action-empty',
        `the action ${key} has neither commands nor blocks for ${placeOf(cause, env)}`,
        'the cell would be that of nothing',
      );
    if (kind === 'dead_end' && !called && !blocks.some((b) => b.verb === 'applied'))
      this.inAction(
        line,
        key,
        'page-applied-missing',
        `the dead end ${key} has no applied for ${placeOf(cause, env)}`,
        'a typo would prove that it does not help',
      );
    this.filled(line, plan, { env, cause, kind: 'action', key }, commands);
  }

  private inAction(line: number, key: string, code: IssueCode, problem: string, why: string): void {
    if (this.said.has(`${code} ${key}`)) return;
    this.said.add(`${code} ${key}`);
    const what =
      code === 'page-applied-missing' ? 'applied, exit 0 where it took effect,' : 'blocks that do it';
    this.report(
      line,
      code,
      problem,
      why,
      `write ${what} under ## Action: ${key}, or say in the record’s untested ("action:${key}") why the lab cannot`,
    );
  }

  /** Every placeholder must stand for something in every cell. */
  private filled(section: number, plan: Plan, cell: CellKey, commands: readonly string[]): void {
    const values = valuesFor(plan, cell);
    const line = Math.max(1, section);
    const own = cell.kind === 'action' ? plan.actions[cell.key]?.section : plan.checks[cell.key]?.section;
    this.unfilled((own && blocksFor(own, cell.cause, cell.env)) ?? [], values);
    for (const name of commands.flatMap(valueNamesOf)) {
      // Actions without a section share a line: one of them speaks for all that lack this value.
      const key = `${line} <${name}>`;
      if (Object.hasOwn(values, name) || this.said.has(key)) continue;
      this.said.add(key);
      const meant = nearest(name, Object.keys(values));
      this.report(
        line,
        'page-placeholder-empty',
        `<${name}> in the commands of ${cell.kind} ${cell.key} has no value for ${placeOf(cell.cause, cell.env)}`,
        'the lab cannot type it',
        meant === null
          ? `add it to values in the front matter, or to a values block of the base, the cause or the ${cell.kind}`
          : `did you mean ${meant} in values?`,
      );
    }
    for (const { name } of commands.flatMap((c) => placeholdersOf(c))) {
      const lacking = Object.hasOwn(values, name) ? [] : findersWithout(this.record, name);
      // One command speaks for all that use this group.
      const key = `{{${name}}}`;
      if (lacking.length === 0 || this.said.has(key)) continue;
      this.said.add(key);
      this.say(
        'warning',
        line,
        'page-group-missing',
        `{{${name}}} in the commands of ${cell.kind} ${cell.key} is a group that ${lacking.join(', ')} does not name`,
        'where the error comes in that wording, the lab cannot type the command',
        `name the group there, or give ${name} a value on the page for that case`,
      );
    }
  }

  /** `<name>` is filled in the record's commands; a shell takes it for files to read and to write. */
  private unfilled(blocks: readonly Block[], values: Readonly<Record<string, string>>): void {
    for (const block of blocks) {
      if (!FOR_SHELLS.includes(block.verb) || !('body' in block)) continue;
      for (const name of valueNamesOf(block.body)) {
        const key = `${block.line} unfilled ${name}`;
        if (!Object.hasOwn(values, name) || this.said.has(key)) continue;
        this.said.add(key);
        this.say(
          'warning',
          block.line,
          'page-placeholder-literal',
          `<${name}> stands in a block of the page, where nothing is filled in`,
          'bash reads it as a redirection; values are for the commands of the record',
          'write what it stands for',
        );
      }
    }
  }

  /** At most one of a kind, and of a name, among the blocks that meet in one place. */
  private single(blocks: readonly Block[]): void {
    const seen = new Map<string, number>();
    for (const block of blocks) {
      const named =
        block.verb === 'service' ||
        block.verb === 'guard' ||
        block.verb === 'probe' ||
        block.verb === 'ready';
      if (!named && !SINGLE.includes(block.verb)) continue;
      const what = named ? `${block.verb} ${block.name}` : block.verb;
      const before = seen.get(what);
      seen.set(what, block.line);
      if (before === undefined) continue;
      this.once(
        block.line,
        'page-block-repeated',
        `there is a second ${what} in one place (the other is in line ${before})`,
        'only one of the two would count',
        'remove one, or put each under a heading of its own (### On: …)',
      );
    }
  }

  /** Follows what blocks do to files and services, and complains of what they ask for in vain. */
  private enact(blocks: readonly Block[], scene: Scene, above: readonly Block[]): void {
    const served = [...above, ...blocks].flatMap((b) => (b.verb === 'service' ? [b.name] : []));
    for (const block of blocks) {
      switch (block.verb) {
        case 'file':
          scene.files.set(block.path, block.body);
          break;
        case 'service':
          scene.services.add(block.name);
          break;
        case 'ready':
          if (!served.includes(block.name)) this.noService(block, served);
          break;
        case 'restart':
        case 'stop':
          if (!scene.services.has(block.name)) this.noService(block, [...scene.services]);
          break;
        case 'edit':
          this.edit(block, scene);
          break;
        default:
          break;
      }
    }
  }

  private noService(block: BlockOf<'ready' | 'restart' | 'stop'>, known: readonly string[]): void {
    this.once(
      block.line,
      'page-name-unknown',
      `${block.verb} names ${block.name}, which no service block has begun`,
      'the lab knows nothing that it could act on',
      known.length > 0 ? didYouMean(block.name, known) : 'write a service block before it',
    );
  }

  private edit(block: BlockOf<'edit'>, scene: Scene): void {
    const text = scene.files.get(block.path);
    if (text === undefined) return;
    if (block.slot === null) {
      // What a diff makes of it is patch’s business.
      scene.files.delete(block.path);
      return;
    }
    const lines = text.split('\n');
    const slots = lines.map((l) => [...l.matchAll(/@([A-Za-z][\w-]*)/g)].map((m) => m[1]));
    const at = slots.flatMap((names, i) => (names.includes(block.slot as string) ? [i] : []));
    if (at.length === 1) {
      lines.splice((at[0] as number) + 1, 0, block.body.replace(/\n$/, ''));
      scene.files.set(block.path, lines.join('\n'));
      return;
    }
    const known = [...new Set(slots.flat())] as string[];
    this.once(
      block.line,
      'page-slot-missing',
      `${block.path} has ${at.length === 0 ? 'no line' : `${at.length} lines`} with @${block.slot}`,
      'the lab does not know where the edit goes',
      at.length > 0
        ? 'give each its own name'
        : known.length > 0
          ? didYouMean(block.slot, known)
          : 'write @slot into a comment of that file',
    );
  }

  private unknown(line: number, problem: string, word: string, known: readonly string[]): void {
    this.report(
      line,
      'page-name-unknown',
      problem,
      'what is misspelt would count nowhere',
      didYouMean(word, known),
    );
  }

  private repeated(line: number, what: string): void {
    this.report(
      line,
      'page-repeated',
      `${what} is there twice`,
      'one of the two would silently count',
      'put them together',
    );
  }
}

function isVerb(word: string): word is Verb {
  return Object.hasOwn(VERBS, word);
}

function wordsOf(info: string): string[] {
  return info.split(/\s+/).filter((w) => w !== '');
}

function isListener(word: string): boolean {
  const port = LISTENS.test(word) ? /(?:^|:)(\d+)$/.exec(word)?.[1] : undefined;
  return port === undefined ? word !== '/' && isCleanPath(word) : Number(port) >= 1 && Number(port) <= 65535;
}

function copyOf({ files, services }: Scene): Scene {
  return { files: new Map(files), services: new Set(services) };
}

function placeOf(cause: string, env: string): string {
  return cause === HEALTHY ? `the healthy world in ${env}` : `the cause ${cause} in ${env}`;
}
