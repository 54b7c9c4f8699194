/**
 * SARIF 2.1.0 (OASIS): one run, a rule for each record that was found, a result for each finding. An output that
 * holds nothing known gives no result but a notification, so that a reader can tell silence from not having looked.
 */
import type { Diagnosis, DiagnosisFinding } from '../diagnosis/index.ts';
import { escapeRest } from './json.ts';
import type { Lang } from './messages.ts';
import {
  asList,
  type DiagnosedInput,
  type FindingText,
  findingText,
  moreText,
  NO_FILE,
  noneText,
} from './parts.ts';

/** What GitHub's code scanning keeps of a file (docs.github.com, "SARIF support for code scanning"). */
export const SARIF_LIMITS = {
  /** Results of a run that are shown. Up to 25,000 are accepted; more, and the whole file is refused. */
  results: 5000,
  /** Characters of a rule's descriptions. */
  descriptionChars: 1024,
} as const;

export interface SarifOptions {
  readonly lang: Lang;
  /** Version of Faultbook. */
  readonly version: string;
  /** Address of the official documentation of a record's error; null where there is none. */
  readonly documentation?: (id: string) => string | null;
}

const WORDS = {
  en: {
    tag: 'en-US',
    root: 'The folder in which Faultbook was run.',
    noFile: 'Standard input.',
    cut: (n: number) => `${n} more results left out: GitHub shows ${SARIF_LIMITS.results} of a run.`,
  },
  zh: {
    tag: 'zh-CN',
    root: '运行 Faultbook 的目录。',
    noFile: '标准输入。',
    cut: (n: number) => `另有 ${n} 个结果没有写入：GitHub 每次运行只显示 ${SARIF_LIMITS.results} 个。`,
  },
} as const;

/** Name of the folder that relative paths start from; GitHub takes it for the repository. */
const ROOT_ID = '%SRCROOT%';

/** A finding, in both markups, and where it stands. */
interface Found {
  readonly finding: DiagnosisFinding;
  readonly plain: FindingText;
  readonly markdown: FindingText;
  /** Index of its input. */
  readonly artifact: number;
}

/** @returns a SARIF log, indented, that ends with a newline. */
export function renderSarif(inputs: readonly DiagnosedInput[], options: SarifOptions): string {
  const { lang } = options;
  const words = WORDS[lang];
  const all = inputs.flatMap(({ diagnosis }, artifact) =>
    diagnosis.findings.map((finding) => ({ diagnosis, finding, artifact })),
  );
  const kept = mostCertain(all).map(
    ({ diagnosis, finding, artifact }): Found => ({
      finding,
      plain: findingText(diagnosis, finding, lang, 'plain'),
      markdown: findingText(diagnosis, finding, lang, 'markdown'),
      artifact,
    }),
  );
  const places = inputs.map(({ source }) => placeOf(source));
  const rules = rulesOf(kept, options.documentation);
  const notes: Note[] = [
    ...inputs.flatMap(({ diagnosis }, artifact) => notesOf(diagnosis, artifact, lang)),
    ...(kept.length < all.length
      ? [{ id: 'results-left-out' as const, text: words.cut(all.length - kept.length), artifact: null }]
      : []),
  ];
  const at = (artifact: number) => ({ ...(places[artifact] as Place), index: artifact });
  const run = {
    tool: {
      driver: {
        name: 'Faultbook',
        version: options.version,
        semanticVersion: options.version,
        language: words.tag,
        rules,
      },
    },
    language: words.tag,
    columnKind: 'utf16CodeUnits',
    originalUriBaseIds: { [ROOT_ID]: { description: { text: words.root } } },
    artifacts: inputs.map(({ source }, i) => ({
      location: {
        ...(places[i] as Place),
        ...(source === NO_FILE ? { description: { text: words.noFile } } : {}),
      },
      roles: ['analysisTarget'],
    })),
    invocations: [
      {
        executionSuccessful: true,
        toolExecutionNotifications: notes.map(({ id, text, artifact }) => ({
          descriptor: { id },
          level: 'note',
          message: { text },
          ...(artifact === null
            ? {}
            : { locations: [{ physicalLocation: { artifactLocation: at(artifact) } }] }),
        })),
      },
    ],
    results: kept.map((found) => ({
      ruleId: found.finding.id,
      ruleIndex: rules.findIndex((r) => r.id === found.finding.id),
      ...resultOf(found),
      locations: [
        {
          physicalLocation: {
            artifactLocation: at(found.artifact),
            region: { startLine: found.finding.line, snippet: { text: found.plain.excerpt } },
          },
        },
      ],
    })),
  };
  const log = {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [run],
  };
  return `${escapeRest(JSON.stringify(log, null, 2))}\n`;
}

/** All, or where they are too many the matches before what is only possible. */
function mostCertain<T extends { readonly finding: DiagnosisFinding }>(found: readonly T[]): readonly T[] {
  if (found.length <= SARIF_LIMITS.results) return found;
  const isMatch = (f: T): boolean => f.finding.verdict === 'match';
  return [...found.filter(isMatch), ...found.filter((f) => !isMatch(f))].slice(0, SARIF_LIMITS.results);
}

interface Note {
  readonly id: 'no-known-error' | 'findings-left-out' | 'results-left-out';
  readonly text: string;
  /** Index of the input that it is about; null: about all. */
  readonly artifact: number | null;
}

/** What is to be said about an output that is no finding. */
function notesOf(diagnosis: Diagnosis, artifact: number, lang: Lang): Note[] {
  const more = moreText(diagnosis, lang);
  return [
    ...(diagnosis.findings.length === 0
      ? [{ id: 'no-known-error' as const, text: noneText(diagnosis, lang).join('\n'), artifact }]
      : []),
    ...(more === null ? [] : [{ id: 'findings-left-out' as const, text: more, artifact }]),
  ];
}

/** A rule for each record; its help is the advice. */
function rulesOf(found: readonly Found[], documentation: SarifOptions['documentation']) {
  const byId = new Map<string, Found[]>();
  for (const f of found) {
    const same = byId.get(f.finding.id);
    if (same) same.push(f);
    else byId.set(f.finding.id, [f]);
  }
  return [...byId].map(([id, same]) => {
    const { finding, plain } = same[0] as Found;
    const helpUri = documentation?.(id) ?? '';
    return {
      id,
      shortDescription: { text: plain.title.slice(0, SARIF_LIMITS.descriptionChars) },
      fullDescription: {
        text: `${plain.title}${plain.standing}`.slice(0, SARIF_LIMITS.descriptionChars),
      },
      help: {
        text: common(same.map((f) => f.plain.advice)).join('\n'),
        markdown: asList(common(same.map((f) => f.markdown.advice))),
      },
      ...(/^https?:\/\/[\x21-\x7e]+$/.test(helpUri) ? { helpUri } : {}),
      defaultConfiguration: { level: 'error' },
      properties: {
        tags: ['known-error', id.split('/')[0] as string],
        tier: finding.tier,
        origin: finding.origin,
      },
    };
  });
}

/** The advice that all findings of a rule share: a command may be filled with the values of one log. */
function common(advice: readonly (readonly string[])[]): readonly string[] {
  const [first = [], ...others] = advice;
  return first.filter((line) => others.every((lines) => lines.includes(line)));
}

function resultOf({ finding, plain, markdown }: Found) {
  const fingerprint = fingerprintOf(finding);
  return {
    level: finding.verdict === 'match' ? 'error' : 'warning',
    message: {
      text: [`${plain.title}${plain.standing}`, ...plain.advice].join('\n'),
      markdown: [`${markdown.title}${markdown.standing}`, '', asList(markdown.advice)].join('\n'),
    },
    occurrenceCount: finding.occurrences,
    partialFingerprints: {
      'faultbook/error/v1': fingerprint,
      // The only one that GitHub compares. Left out, it is made there of the log's lines, with their times.
      primaryLocationLineHash: `${fingerprint}:1`,
    },
  };
}

/** A SARIF artifactLocation. */
interface Place {
  readonly uri: string;
  readonly uriBaseId?: string;
}

function placeOf(source: string): Place {
  if (source === NO_FILE) return { uri: 'stdin' };
  const path = source
    .split('/')
    .filter((part) => part !== '.')
    // A lone surrogate has no UTF-8.
    .map((part) => encodeURIComponent(part.replace(/\p{Surrogate}/gu, '\ufffd')))
    .join('/');
  if (source.startsWith('//')) return { uri: `file:${path}` };
  if (source.startsWith('/')) return { uri: `file://${path}` };
  if (/^[A-Za-z]:\//.test(source)) return { uri: `file:///${path.replace('%3A', ':')}` };
  return { uri: path, uriBaseId: ROOT_ID };
}

/** Parts of a line that differ from run to run: names of days and months, hashes and other long hexadecimal, numbers. */
const VARYING =
  /\b(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun)\b|\b0x[\da-f]+\b|\b(?=[a-f-]*\d)[\da-f-]{7,}\b|\d+/g;

/** The same for the same error in another run: made of the record and of the words of the line. */
function fingerprintOf({ id, excerpt }: DiagnosisFinding): string {
  const words = excerpt.toLowerCase().replace(VARYING, '0').replace(/\s+/g, ' ').trim();
  return fnv1a(`${id}\n${words}`);
}

/** FNV-1a of 64 bits over UTF-16 units, as 16 hexadecimal digits. It keeps nothing secret, it only is short. */
function fnv1a(text: string): string {
  let hash = 0xcbf29ce484222325n;
  for (let i = 0; i < text.length; i++)
    hash = BigInt.asUintN(64, (hash ^ BigInt(text.charCodeAt(i))) * 0x100000001b3n);
  return hash.toString(16).padStart(16, '0');
}
