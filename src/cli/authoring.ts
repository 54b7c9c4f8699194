/** `new`, `lint`, `build`: the verbs of those who write records. */
import { existsSync, lstatSync, readFileSync } from 'node:fs';
import { dirname, join, resolve, sep } from 'node:path';
import {
  admitRecord,
  type Book,
  compileBook,
  encodePack,
  matchText,
  scoreOf,
  unitsOf,
} from '../book/index.ts';
import { diagnose, withFirstSteps } from '../diagnosis/index.ts';
import { cellName, type Evidence, parseEvidence } from '../evidence/index.ts';
import type { compilePage } from '../lab/index.ts';
import {
  type FaultRecord,
  ID_PATTERN,
  type Issue,
  lintRecord,
  type ProposedPattern,
  parseRecord,
  proposePattern,
} from '../record/index.ts';
import { renderIssues } from '../render/index.ts';
import {
  InputError,
  openBook,
  type RecordFolder,
  readBackground,
  readRecords,
  writeWhole,
} from '../store/index.ts';
import { readText } from './input.ts';
import { type ColorChoice, colorOf, columnsOf, EXIT, print, warn } from './terminal.ts';

/** Where verbs look and write unless told otherwise; the flag table says so too. */
const DEFAULT_RECORDS = 'records';
const DEFAULT_PACK = 'book.pack';
/** Longest text that becomes the sample of a new record; of more, the part around the error is enough. */
const MAX_NEW_SAMPLE_CHARS = 256 * 1024;
/** Stale cells that are named; of more, how many. */
const STALE_CELLS_NAMED = 4;
/** Records named as near a new one: so many, from this likeness on. */
const NEAREST = { shown: 3, minScore: 0.25 } as const;

/** The folder of a record; its id is its path, and no id leads out of the root. */
export function folderOf(root: string, id: string): string {
  const folder = resolve(root, id);
  if (!new RegExp(ID_PATTERN).test(id) || id.includes('..') || !folder.startsWith(resolve(root) + sep)) {
    throw new InputError(
      `${JSON.stringify(id)} is no id: write domain/slug in lower case, digits and hyphens`,
    );
  }
  // A link inside the tree would lead the write out of it.
  for (let path = folder; path.length > resolve(root).length; path = dirname(path)) {
    if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) {
      throw new InputError(`${path} is a symbolic link; nothing is written through it`);
    }
  }
  return folder;
}

export async function runNew(
  id: string,
  flags: { readonly from?: string; readonly records?: string },
): Promise<number> {
  const folder = folderOf(flags.records ?? DEFAULT_RECORDS, id);
  if (existsSync(join(folder, 'record.json'))) throw new InputError(`${folder} exists already`);
  let text = '';
  if (flags.from !== undefined) {
    await readText(flags.from, (chunk) => {
      text += chunk.slice(0, Math.max(0, MAX_NEW_SAMPLE_CHARS - text.length));
    });
  }
  const book = await openBook();
  const known = matchText(book, text).map((m) => book.records[m.record]?.id);
  const [unit] = unitsOf(diagnose(book, text).focus[0]?.text ?? '').units;
  // Without the prefixes of a log: a record is about the message.
  const signature = (unit?.views.at(-1) ?? '').trim();
  const proposal = proposePattern(signature);
  const draft = {
    id,
    title: '',
    title_zh: '',
    signature,
    regex: proposal?.regex ?? '',
    groups: proposal?.groups ?? {},
    domain: id.split('/')[0],
    category: '',
    root_cause: '',
    root_cause_zh: '',
    causes: [],
    workarounds: [],
    dead_ends: [],
    checks: [],
    origin: 'authored',
    sources: [],
  };
  const file = join(folder, 'record.json');
  writeWhole(file, `${JSON.stringify(draft, null, 2)}\n`);
  if (text !== '') writeWhole(join(folder, 'samples', 'match.unknown-cause.here.log'), text);
  if (known.length > 0) print(`The book answers this output already: ${known.join(', ')}`);
  print(`Wrote ${file}${text === '' ? '' : ' and its first sample'}.`);
  if (proposal) {
    print(
      `Pattern proposed from the line that looks like the failure; read it, and correct it:\n  ${proposal.regex}`,
    );
    print(`  ${findsElsewhere(draft, proposal, flags.records ?? DEFAULT_RECORDS)}`);
  }
  const near = nearestRecords(book, signature);
  if (near.length > 0) print(`Nearest in the book: ${near.join(', ')}`);
  if (text !== '')
    print(
      `Rename the sample when you know its cause, and where it was printed: match.<cause>.<environment>.log`,
    );
  print(`Next: fill it in, then  faultbook lint ${folder}`);
  print(`To see it as a reader does: faultbook explain ${id} --book ${flags.records ?? DEFAULT_RECORDS}`);
  return EXIT.ok;
}

/** What a proposed pattern finds that it should not: ordinary lines, and what other records are about. */
function findsElsewhere(draft: object, { regex }: ProposedPattern, root: string): string {
  const background = readBackground();
  const { record } = parseRecord({ ...draft, regex });
  if (!record) return '';
  const { book } = compileBook([{ record }], { background: null });
  const hits = (texts: readonly string[]) => texts.filter((t) => matchText(book, t).length > 0).length;
  const others = existsSync(root) ? readRecords(root).records.filter((r) => r.record.id !== record.id) : [];
  const found = others.filter(
    (r) => hits(r.samples.filter((s) => s.name.startsWith('match.')).map((s) => s.text)) > 0,
  );
  return [
    `It finds ${hits(background.lines)} of ${background.lines.length} ordinary lines`,
    `samples of ${found.length} of ${others.length} other records${found.length > 0 ? ` (${found.map((r) => r.record.id).join(', ')})` : ''}.`,
  ].join(', and ');
}

/** The records whose message is most like a line, with the likeness (0 to 1). */
function nearestRecords(book: Book, line: string): readonly string[] {
  const likeness = new Map<string, number>();
  for (const phrase of book.phrases) {
    const { id } = book.records[phrase.record] as FaultRecord;
    const score = scoreOf(phrase, line);
    if (score >= NEAREST.minScore) likeness.set(id, Math.max(score, likeness.get(id) ?? 0));
  }
  return [...likeness]
    .sort((a, b) => b[1] - a[1])
    .slice(0, NEAREST.shown)
    .map(([id, score]) => `${id} (${score.toFixed(2)})`);
}

export async function runLint(
  paths: readonly string[],
  flags: { readonly for?: 'local' | 'book'; readonly format?: 'text' | 'json'; readonly color?: ColorChoice },
): Promise<number> {
  const issues: Issue[] = [];
  const folders: RecordFolder[] = [];
  for (const path of paths.length > 0 ? paths : [DEFAULT_RECORDS]) {
    const read = readPath(path);
    issues.push(...read.issues);
    // Of YAML and text files most are meant for others; JSON in a tree of records is probably one that is broken.
    issues.push(...read.passed.filter((i) => /\.(?:json|jsonl|ndjson)$/.test(i.file)));
    folders.push(...read.records);
  }
  const background = readBackground();
  for (const folder of folders) {
    const { record, file, samples } = folder;
    issues.push(...lintRecord(record, { for: flags.for ?? 'local', file, samples }));
    issues.push(...admitRecord(folder, samples, background));
  }
  const pages = await compiledPages(folders);
  for (const folder of folders) issues.push(...pageIssues(folder, pages.get(folder.record.id)));
  if (flags.for === 'book') issues.push(...staleEvidence(folders, pages));
  const all = distinct([...issues, ...(flags.for === 'book' ? crossMatch(folders) : [])]);
  if (flags.format === 'json') print(JSON.stringify({ records: folders.length, issues: all }, null, 2));
  else {
    print(renderIssues(all, { color: colorOf(flags.color), columns: columnsOf() }));
    if (all.length === 0)
      print(`${folders.length} record${folders.length === 1 ? '' : 's'}: nothing to mend.`);
  }
  return all.some((i) => i.severity === 'error') ? EXIT.issues : EXIT.ok;
}

/** Every record is silent on every other record's samples, unless both say that they overlap. */
function crossMatch(folders: readonly RecordFolder[]): Issue[] {
  const { book } = compileBook(folders);
  const issues: Issue[] = [];
  for (const { record, file, samples } of folders) {
    const declared = new Set(record.transition_graph.frequently_confused_with);
    for (const { name, text } of samples) {
      for (const match of matchText(book, text)) {
        const other = book.records[match.record] as FaultRecord;
        if (other.id === record.id || declared.has(other.id)) continue;
        // A near-miss is another error: that its own record finds it is right.
        if (name.startsWith('near-miss.')) continue;
        issues.push({
          severity: 'error',
          code: 'overlap-undeclared',
          file,
          field: `samples/${name}`,
          problem: `the record ${other.id} matches it too (line ${match.line})`,
          why: 'of two answers to one output at least one is beside the point',
          remedy:
            'tell the two apart in the pattern, or declare it in transition_graph.frequently_confused_with',
        });
      }
    }
  }
  return issues;
}

function distinct(issues: readonly Issue[]): Issue[] {
  const seen = new Map(issues.map((i) => [`${i.file}\0${i.field}\0${i.code}\0${i.problem}`, i]));
  return [...seen.values()];
}

/** @throws {InputError} where the path cannot be read */
export function readPath(path: string): ReturnType<typeof readRecords> {
  try {
    return readRecords(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw new InputError(`${path}: ${code === 'ENOENT' ? 'there is no such file or folder' : message}`);
  }
}

export async function runBuild(flags: { readonly records?: string; readonly out?: string }): Promise<number> {
  const out = flags.out ?? DEFAULT_PACK;
  const { records, issues } = readPath(flags.records ?? DEFAULT_RECORDS);
  const compiled = compileBook(records, { background: readBackground() });
  const all = [...issues, ...compiled.issues];
  if (all.length > 0)
    warn(renderIssues(all, { color: colorOf('auto', process.stderr), columns: columnsOf(process.stderr) }));
  const { book } = compiled;
  const stale = staleByRecord(records, await compiledPages(records));
  const alike = lookAlikes(book, records);
  // Trees are computed once, here, and not at every answer.
  const evidence = book.evidence.map((summary, i) => {
    const record = book.records[i] as FaultRecord;
    return (
      summary && {
        ...withFirstSteps(record, summary),
        stale: stale.get(record.id)?.cells.length ?? 0,
        confused_with: [...(alike.get(record.id) ?? [])].sort(),
      }
    );
  });
  writeWhole(out, encodePack({ ...book, evidence }));
  const left = all.filter((i) => i.severity === 'error').length;
  print(
    `${out}: ${compiled.book.records.length} records, ${compiled.book.patterns.length} patterns${left > 0 ? `, ${left} left out` : ''}.`,
  );
  return left > 0 ? EXIT.issues : EXIT.ok;
}

/** Evidence that a change of the record or the page has overtaken. */
function staleEvidence(folders: readonly RecordFolder[], pages: Pages): Issue[] {
  const stale = staleByRecord(folders, pages);
  return folders.flatMap(({ record, file }): Issue[] => {
    const { cells, unmeasured } = stale.get(record.id) ?? { cells: [], unmeasured: [] };
    if (cells.length === 0) return [];
    const named = cells.slice(0, STALE_CELLS_NAMED);
    const more = cells.length - named.length;
    const shown = `${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
    return [
      {
        severity: 'error',
        code: 'evidence-stale',
        file: join(dirname(file), 'evidence.json'),
        field: 'cells',
        problem:
          (unmeasured.length > 0 ? `nothing was run on ${unmeasured.join(', ')}; ` : '') +
          `${cells.length} cell${cells.length === 1 ? '' : 's'} not of what the page and the record say now: ${shown}`,
        why: 'what is shown to a reader is what was run',
        remedy: `faultbook prove ${record.id} --changed`,
      },
    ];
  });
}

/** What of a record's evidence was made from something else than its page says now. */
interface Stale {
  /** Names of cells. */
  readonly cells: readonly string[];
  /** Environments of the page of which there is no evidence at all. */
  readonly unmeasured: readonly string[];
}

function staleByRecord(folders: readonly RecordFolder[], pages: Pages): ReadonlyMap<string, Stale> {
  const stale = new Map<string, Stale>();
  for (const { record, file } of folders.filter((f) => f.summary)) {
    const { evidence } = parseEvidence(readFileSync(join(dirname(file), 'evidence.json'), 'utf8'), file);
    const page = pages.get(record.id);
    // Without a page that compiles nobody can run any of it again.
    const cells = page?.plan ? page.stale(evidence) : (evidence?.cells ?? []).map(cellName);
    const measured = new Set(evidence?.cells.map((c) => c.env));
    const unmeasured = Object.keys(page?.plan?.environments ?? {}).filter((env) => !measured.has(env));
    stale.set(record.id, { cells, unmeasured });
  }
  return stale;
}

/** Issues of a lab page; what might go wrong in a run is none where everything has been run since. */
function pageIssues({ file, summary }: RecordFolder, page: Page | undefined): readonly Issue[] {
  if (!page || !summary || page.issues.every((i) => i.code !== 'page-group-missing'))
    return page?.issues ?? [];
  const { evidence } = parseEvidence(readFileSync(join(dirname(file), 'evidence.json'), 'utf8'), file);
  const allRun = page.stale(evidence).length === 0;
  return page.issues.filter((i) => i.code !== 'page-group-missing' || !allRun);
}

interface Page extends ReturnType<typeof compilePage> {
  /** Names of the cells of some evidence that are of something else than the page and the record say. */
  readonly stale: (evidence: Evidence | null) => readonly string[];
}
type Pages = ReadonlyMap<string, Page>;

/** Record → its lab page, for those that have one. The lab is loaded for them only. */
async function compiledPages(folders: readonly RecordFolder[]): Promise<Pages> {
  const pages = new Map<string, Page>();
  const withPage = folders.filter((f) => existsSync(join(dirname(f.file), 'lab.md')));
  if (withPage.length === 0) return pages;
  const { compilePage, nameOf, staleCells } = await import('../lab/index.ts');
  for (const { record, file } of withPage) {
    const page = join(dirname(file), 'lab.md');
    const { plan, issues } = compilePage(readFileSync(page, 'utf8'), record, page);
    pages.set(record.id, {
      plan,
      issues,
      stale: (evidence) => (plan ? staleCells(plan, evidence).map(nameOf) : []),
    });
  }
  return pages;
}

/** Record → records that are found in its samples, near-misses included, or it in theirs. */
function lookAlikes(book: Book, folders: readonly RecordFolder[]): ReadonlyMap<string, ReadonlySet<string>> {
  const alike = new Map<string, Set<string>>();
  const link = (from: string, to: string) => alike.set(from, (alike.get(from) ?? new Set()).add(to));
  for (const { record, samples } of folders) {
    for (const { text } of samples) {
      for (const match of matchText(book, text)) {
        const other = (book.records[match.record] as FaultRecord).id;
        if (other === record.id) continue;
        link(record.id, other);
        link(other, record.id);
      }
    }
  }
  return alike;
}
