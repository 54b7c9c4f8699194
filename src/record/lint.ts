/** What a record still owes: for use on one machine (`local`), or for the book (`book`). Needs no matcher. */
import type { IssueCode } from './codes.ts';
import type { Issue } from './issue.ts';
import { LITERAL_LIMITS, requiredLiterals } from './literals.ts';
import { PATTERN_LIMITS, parsePattern, topAlternatives } from './pattern.ts';
import type { FaultRecord } from './schema.ts';
import { signaturePattern } from './signature.ts';

export interface LintOptions {
  readonly for: 'local' | 'book';
  readonly file?: string;
  /** Its samples, named `match.<cause>.<environment>.log` or `near-miss.<name>.<environment>.log`, `healthy.<environment>.log`. */
  readonly samples?: readonly { readonly name: string; readonly text: string }[];
}

const HAN = /\p{Script=Han}/u;
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f]/;
/** With as many causes as this, a reader needs a check to tell them apart. */
const CAUSES_THAT_NEED_A_CHECK = 3;
/** Codes that programs print and keep: TS2307, E0382, AH00072, ERESOLVE, EADDRINUSE. */
const STABLE_CODE = /\b(?:[A-Z]{1,4}\d{3,6}|E[A-Z]{4,})\b/;

/** @returns issues in the order of the record; none: nothing is owed. */
export function lintRecord(record: FaultRecord, options: LintOptions): readonly Issue[] {
  const linter = new Linter(record, options);
  linter.local();
  if (options.for === 'book') linter.book();
  return linter.issues;
}

class Linter {
  readonly issues: Issue[] = [];
  private readonly record: FaultRecord;
  private readonly file: string;
  private readonly samples: readonly { readonly name: string }[];
  constructor(record: FaultRecord, options: LintOptions) {
    this.record = record;
    this.file = options.file ?? '-';
    this.samples = options.samples ?? [];
  }

  private owe(
    code: IssueCode,
    field: string,
    problem: string,
    why: string,
    remedy: string,
    severity: Issue['severity'] = 'error',
  ): void {
    this.issues.push({ severity, code, file: this.file, field, problem, why, remedy });
  }

  local(): void {
    const { record } = this;
    // Of a record from elsewhere the words of its signature are looked for too.
    const signature = record.origin === 'authored' ? null : signaturePattern(record.signature);
    const patterns = [record.regex, signature, record.sequence[0], record.wordings[0]];
    if (patterns.every((p) => p === null || p === undefined)) {
      this.owe(
        'pattern-missing',
        'regex',
        'there is no pattern',
        'the record is never found',
        'write a regex for the part of the message that does not vary',
      );
    }
    if (record.workarounds.length + record.dead_ends.length === 0) {
      this.owe(
        'action-missing',
        'workarounds',
        'there is no action',
        'a diagnosis without advice leaves the reader where they were',
        'add a workaround or a dead end',
      );
    }
    if (!this.samples.some((s) => s.name.startsWith('match.'))) {
      this.owe(
        'sample-missing',
        'samples',
        'there is no sample match.*',
        'without real output nobody knows whether the pattern fits',
        'keep the program’s output, byte for byte, as samples/match.<cause>.<environment>.log',
      );
    }
    this.admission();
    this.commands();
  }

  /** Structure of the patterns; how noisy they are is measured on the background corpus. */
  private admission(): void {
    const { record } = this;
    const patterns: [string, string][] = [
      ...(record.regex === null || record.sequence.length > 0
        ? []
        : ([['regex', record.regex]] as [string, string][])),
      ...record.sequence.map((s, i): [string, string] => [`sequence[${i}].regex`, s.regex]),
      ...record.wordings.map((w, i): [string, string] => [`wordings[${i}].regex`, w.regex]),
      ...record.not_if.map((n, i): [string, string] => [`not_if[${i}].regex`, n.regex]),
    ];
    for (const [field, source] of patterns) {
      const { pattern } = parsePattern(source, { ignoreCase: record.ignore_case });
      if (pattern && pattern.states > PATTERN_LIMITS.comfortableStates) {
        this.owe(
          'pattern-large',
          field,
          `it unrolls to ${pattern.states} states`,
          'it is slow to build, at the first line that it is tried on',
          'write + or * where the count does not matter',
          'warning',
        );
      }
      for (const node of pattern ? topAlternatives(pattern) : []) {
        const members = requiredLiterals({ node })?.members ?? [];
        const shortest = Math.min(...members.map((m) => m.length));
        if (members.length === 0 || shortest < LITERAL_LIMITS.minChars) {
          this.owe(
            'pattern-without-literal',
            field,
            `an alternative has no text of ${LITERAL_LIMITS.minChars} characters that must occur`,
            'it would have to be tried on every line, and fits too many',
            'add the words of the message around it',
          );
        } else if (members.length > LITERAL_LIMITS.maxMembers) {
          this.owe(
            'literals-too-many',
            field,
            `${members.length} texts stand for it`,
            'it costs every search',
            'split it into wordings',
          );
        } else if (shortest < LITERAL_LIMITS.comfortableChars) {
          this.owe(
            'literal-short',
            field,
            `the text that must occur has only ${shortest} characters`,
            'short texts occur by chance',
            `make it ${LITERAL_LIMITS.comfortableChars} or more`,
            'warning',
          );
        }
      }
    }
  }

  private commands(): void {
    const groups = groupsOf(this.record);
    for (const [field, command] of commandsOf(this.record)) {
      if (CONTROL.test(command)) {
        this.owe(
          'value-refused',
          field,
          'a command holds a control character',
          'it would reach a terminal',
          'remove it',
        );
      }
      for (const { name, quoted } of placeholdersOf(command)) {
        if (quoted) {
          this.owe(
            'placeholder-in-quotes',
            field,
            `{{${name}}} stands inside quotes`,
            'it is filled as a quoted word of its own; inside quotes that breaks open',
            'take it out of the quotes',
          );
        }
        if (!groups.has(name)) {
          this.owe(
            'placeholder-unknown',
            field,
            `no pattern names a group ${JSON.stringify(name)}`,
            'it is never filled',
            `name it in the regex: (?<${name}>…), or write <${name}> for the reader to fill`,
          );
        } else if (!Object.hasOwn(this.record.groups, name)) {
          this.owe(
            'group-untyped',
            'groups',
            `the group ${name} has no type`,
            'only a value that fits a type goes into a command',
            `add it to groups, e.g. "${name}": "name"`,
          );
        }
      }
    }
  }

  book(): void {
    this.texts();
    this.causes();
    this.actions();
    this.measured();
    this.sampleNames();
    const { record } = this;
    if (record.official_doc_url === null) {
      this.owe(
        'doc-missing',
        'official_doc_url',
        'no official page is named',
        'the reader wants to see what the makers say',
        'name the page that describes the message or the setting',
        'warning',
      );
    }
    if (record.error_code === null && STABLE_CODE.test(record.regex ?? '')) {
      this.owe(
        'code-missing',
        'error_code',
        'the pattern holds a code that error_code does not name',
        'codes survive translation, and people search for them',
        'write the code',
        'warning',
      );
    }
    if (record.sources.length === 0) {
      this.owe(
        'sources-missing',
        'sources',
        'the record cites nothing',
        'nobody can check where it comes from',
        'cite documentation and threads',
      );
    }
  }

  private texts(): void {
    const { record } = this;
    this.bilingual('title', record.title, record.title_zh);
    this.bilingual('root_cause', record.root_cause, record.root_cause_zh);
    if (record.signature_zh === null || !HAN.test(record.signature_zh)) this.noChinese('signature_zh');
    record.causes.forEach((c, i) => {
      this.bilingual(`causes[${i}].title`, c.title, c.title_zh);
      this.bilingual(`causes[${i}].explanation`, c.explanation, c.explanation_zh);
    });
    record.workarounds.forEach((w, i) => {
      this.bilingual(`workarounds[${i}].action`, w.action, w.action_zh);
      if (w.how !== null) this.bilingual(`workarounds[${i}].how`, w.how, w.how_zh);
      if (w.why_works !== null) this.bilingual(`workarounds[${i}].why_works`, w.why_works, w.why_works_zh);
    });
    record.dead_ends.forEach((d, i) => {
      this.bilingual(`dead_ends[${i}].action`, d.action, d.action_zh);
      this.bilingual(`dead_ends[${i}].why_fails`, d.why_fails, d.why_fails_zh);
    });
    record.checks.forEach((c, i) => {
      this.bilingual(`checks[${i}].question`, c.question, c.question_zh);
    });
  }

  private bilingual(field: string, english: string | null, chinese: string | null): void {
    if (english === null || english.trim() === '') {
      this.owe('text-missing', field, 'the text is missing', 'a reader needs it to act', 'write it');
    } else if (chinese === null || !HAN.test(chinese)) this.noChinese(`${field}_zh`);
  }

  private noChinese(field: string): void {
    this.owe(
      'chinese-missing',
      field,
      'there is no Chinese text',
      'the book speaks both languages',
      'write it as somebody who thinks in Chinese would say it',
    );
  }

  private causes(): void {
    const { record } = this;
    if (record.causes.length === 0) {
      this.owe(
        'causes-missing',
        'causes',
        'no cause is named',
        'a fix works for some causes only',
        'write down each thing that can be wrong',
      );
    }
    record.causes.forEach((cause, i) => {
      const fixed = record.workarounds.some((w) => w.for.includes(cause.key));
      if (!fixed && record.untested[`cause:${cause.key}`] === undefined) {
        this.owe(
          'cause-without-fix',
          `causes[${i}]`,
          `no workaround is for ${JSON.stringify(cause.key)}`,
          'who has this cause is left without advice',
          'add one, or say in untested why there is none',
        );
      }
    });
    if (record.causes.length >= CAUSES_THAT_NEED_A_CHECK && record.checks.length === 0) {
      this.owe(
        'check-missing',
        'checks',
        `${record.causes.length} causes and no check`,
        'the reader has to guess which one it is',
        'add a read-only command whose output differs between them',
      );
    }
  }

  private actions(): void {
    const { record } = this;
    record.workarounds.forEach((w, i) => {
      if (w.for.length === 0) {
        this.owe(
          'for-missing',
          `workarounds[${i}].for`,
          'it names no cause',
          'no action is good in itself, only for a cause',
          'name the causes that it removes',
        );
      }
      if (w.commands.length === 0 && w.by === 'you') {
        this.owe(
          'commands-missing',
          `workarounds[${i}].commands`,
          'there is no command',
          'what is not exact cannot be tried',
          'write what a person types; for an edit, the line to write goes into how',
        );
      }
    });
    if (record.dead_ends.length === 0) {
      this.owe(
        'dead-end-missing',
        'dead_ends',
        'no dead end is recorded',
        'people and agents repeat what does not help',
        'find the advice that circulates, and try it',
      );
    }
    record.dead_ends.forEach((d, i) => {
      if (!d.sources.some((s) => /^https?:\/\//.test(s))) {
        this.owe(
          'dead-end-unsourced',
          `dead_ends[${i}].sources`,
          'no thread or page is cited',
          'a dead end that nobody advises is a straw man',
          'cite somebody who advises or tries it',
        );
      }
      if (d.commands.length === 0) {
        this.owe(
          'commands-missing',
          `dead_ends[${i}].commands`,
          'there is no command',
          'what is not exact cannot be recognised before it is run',
          'write what people type',
          'warning',
        );
      }
    });
  }

  /** Numbers come from trials; in our own records nobody types them. */
  private measured(): void {
    const { record } = this;
    const typed = [
      ['confidence', record.confidence],
      ['fix_success_rate', record.fix_success_rate],
      ['evidence_count', record.evidence_count],
      ...record.workarounds.map((w, i) => [`workarounds[${i}].success_rate`, w.success_rate]),
      ...record.dead_ends.map((d, i) => [`dead_ends[${i}].fail_rate`, d.fail_rate]),
    ] as [string, number | null][];
    for (const [field, value] of typed) {
      if (value === null) continue;
      this.owe(
        'rate-typed',
        field,
        `it is the typed number ${value}`,
        'every number in the book comes out of trials',
        'remove it',
      );
    }
  }

  private sampleNames(): void {
    const causes = new Set(this.record.causes.map((c) => c.key));
    for (const { name } of this.samples) {
      const parts =
        /^(?:match|near-miss)\.([^.]+)\.(.+)\.log$/.exec(name) ?? /^healthy\.(.+)\.log$/.exec(name);
      if (!parts || (name.startsWith('match.') && !causes.has(parts[1] as string))) {
        this.owe(
          'sample-name',
          `samples/${name}`,
          'its name does not say which cause, or where it was printed',
          'samples are the proof of causes',
          'match.<cause key>.<environment>.log, near-miss.<name>.<environment>.log or healthy.<environment>.log',
        );
      }
    }
    if (!this.samples.some((s) => s.name.startsWith('near-miss.'))) {
      this.owe(
        'near-miss-missing',
        'samples',
        'there is no sample near-miss.*',
        'only a different error that looks alike shows that the pattern is not too wide',
        'keep the output of a neighbouring error',
      );
    }
  }
}

/** The patterns by which a record may be found, each with its field and the groups that it names. */
function findersOf(
  record: FaultRecord,
): readonly { readonly field: string; readonly groups: readonly string[] }[] {
  const own: [string, string][] =
    record.sequence[0] !== undefined
      ? [['sequence[0].regex', record.sequence[0].regex]]
      : record.regex === null
        ? []
        : [['regex', record.regex]];
  const wordings = record.wordings.map((w, i): [string, string] => [`wordings[${i}] (${w.key})`, w.regex]);
  return [...own, ...wordings].map(([field, source]) => ({
    field,
    groups: parsePattern(source).pattern?.groups ?? [],
  }));
}

function groupsOf(record: FaultRecord): ReadonlySet<string> {
  return new Set(findersOf(record).flatMap((f) => f.groups));
}

/**
 * Fields of the patterns that do not name a group which others name: found by one of these, `{{group}}` in a command is
 * not filled. Of a group that none names `placeholder-unknown` speaks.
 */
export function findersWithout(record: FaultRecord, group: string): readonly string[] {
  const lacking = findersOf(record).filter((f) => !f.groups.includes(group));
  return lacking.length < findersOf(record).length ? lacking.map((f) => f.field) : [];
}

function commandsOf(record: FaultRecord): [string, string][] {
  return [
    ...record.workarounds.flatMap((w, i) =>
      w.commands.map((c, j): [string, string] => [`workarounds[${i}].commands[${j}]`, c]),
    ),
    ...record.dead_ends.flatMap((d, i) =>
      d.commands.map((c, j): [string, string] => [`dead_ends[${i}].commands[${j}]`, c]),
    ),
    ...record.checks.map((c, i): [string, string] => [`checks[${i}].command`, c.command]),
  ];
}

/** The `{{group}}` placeholders of a shell command, and whether each stands inside quotes. */
export function placeholdersOf(
  command: string,
): readonly { readonly name: string; readonly quoted: boolean }[] {
  const found: { name: string; quoted: boolean }[] = [];
  let quote = '';
  for (let i = 0; i < command.length; i++) {
    const c = command[i] as string;
    const placeholder = /^\{\{([a-z][a-z0-9_]{0,31})\}\}/.exec(command.slice(i, i + 40));
    if (placeholder) {
      found.push({ name: placeholder[1] as string, quoted: quote !== '' });
      i += placeholder[0].length - 1;
    } else if (c === '\\' && quote !== "'") i++;
    else if (quote === '' && (c === "'" || c === '"' || c === '`')) quote = c;
    else if (c === quote) quote = '';
  }
  return found;
}
