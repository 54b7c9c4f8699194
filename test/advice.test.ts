/**
 * What the whole book says: that its trees repair every fault they can, that walks go as predicted, and that no
 * sentence says more than was measured.
 */
import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { compileBook, matchText } from '../src/book/index.ts';
import {
  commonSelections,
  type Diagnosis,
  diagnose,
  neighboursOf,
  possibleWorlds,
  type TreeNode,
  treeActions,
  treeOf,
} from '../src/diagnosis/index.ts';
import { type EvidenceSummary, observationAt } from '../src/evidence/index.ts';
import { findIsolation } from '../src/lab/index.ts';
import {
  renderExplain,
  renderGithub,
  renderJunit,
  renderMarkdown,
  renderSarif,
  renderSummary,
  renderText,
} from '../src/render/index.ts';
import { readRecords } from '../src/store/index.ts';
import { faultbook, ROOT } from './support/cli.ts';
import { labCache } from './support/lab.ts';

/** Drilled for real in every run: no services, three suites, a few seconds. */
const DRILLED = 'git/dubious-ownership';

const { records: folders } = readRecords(`${ROOT}records`);
const { book } = compileBook(folders);
const proven = folders.filter((f) => f.summary?.table);

describe.each(proven.map((f) => ({ id: f.record.id, folder: f })))('$id', ({ folder }) => {
  const { record } = folder;
  const summary = folder.summary as EvidenceSummary;
  const table = summary.table as NonNullable<EvidenceSummary['table']>;

  test('the tree repairs every fault that an action of the reader’s repairs, whatever is known of the reader', () => {
    const actions = treeActions(record).filter((a) => !a.others);
    for (const possible of commonSelections(summary)) {
      const tree = treeOf(record, summary, possible) as TreeNode;
      for (const world of table.worlds.filter(possible.includes)) {
        const fixable = actions.some(
          (a) => observationAt(table, world, table.actions.indexOf(a.key)).seen === 'fixed',
        );
        let node: TreeNode | undefined = tree;
        let repaired = false;
        while (node && node.kind !== 'stop' && !repaired) {
          const column: number =
            node.kind === 'check'
              ? table.actions.length + table.checks.indexOf(node.key)
              : table.actions.indexOf(node.key);
          const { seen } = observationAt(table, world, column);
          repaired = node.kind === 'action' && seen === 'fixed';
          node = node.branches.find((b) => b.seen === seen)?.node;
        }
        expect(repaired, `${possible.key}: ${world.env}/${world.cause}`).toBe(fixable);
      }
    }
  });

  test('the first step in an answer is the tree’s', () => {
    const sample = folder.samples.find((s) => s.name.startsWith('match.'));
    const text = sample?.text ?? '';
    const found = diagnose(book, text, { limit: 9 }).findings.find((f) => f.id === record.id);
    // The wording in which the sample prints it leaves only some causes.
    const wording = matchText(book, text).find((m) => book.records[m.record]?.id === record.id)?.wording;
    const tree = treeOf(record, summary, possibleWorlds(summary, wording ?? null));
    expect(found?.next.measured).toBe(true);
    if (found?.measured?.environments.length === summary.measured.length && tree)
      expect([found.next.kind, found.next.key]).toEqual([tree.kind, tree.kind === 'stop' ? null : tree.key]);
  });
});

/** Words that say more than cells can: a cell has a verdict, no rate and no chance. */
const FORBIDDEN =
  /success rate|failure rate|fail rate|\bchances? (?:of|that)\b|\blikely to (?:work|help|fix)|guaranteed|always (?:works|fixes|helps)|proven fix|100 ?%|成功率|失败率|几率|概率|保证(?:能|有效|修好)|百分之百/i;
/** A percentage that is no interval and no author's claim. */
const PERCENT = /\d ?%(?! interval)/;

/** The texts that a report for CI shows, without its own syntax: line by line what a person reads. */
function reportTexts(diagnosis: Diagnosis, lang: 'en' | 'zh'): [string, string][] {
  const inputs = [{ source: 'build.log', diagnosis }];
  const strings = (node: unknown): string[] =>
    typeof node === 'string'
      ? [node]
      : node && typeof node === 'object'
        ? Object.entries(node).flatMap(([key, value]) => (key === 'snippet' ? [] : strings(value)))
        : [];
  return [
    ['sarif', strings(JSON.parse(renderSarif(inputs, { lang, version: '1.2.3' }))).join('\n')],
    ['junit', renderJunit(inputs, { lang }).replace(/^ +/gm, '').replaceAll('&gt;', '>')],
    ['github', renderGithub(inputs, { lang }).replaceAll('%0A', '\n').replaceAll('%25', '%')],
    ['summary', renderSummary(inputs, { lang }).replace(/^(`{3,})text\n.*\n\1$/gm, '')],
  ];
}

test('no answer says more than was measured', () => {
  const pages: [string, string][] = [];
  for (const { record, summary, samples } of folders) {
    for (const lang of ['en', 'zh'] as const) {
      for (const format of ['text', 'markdown'] as const)
        pages.push([
          `explain ${record.id} ${lang} ${format}`,
          renderExplain(record, {
            lang,
            format,
            color: false,
            columns: 80,
            evidence: summary ?? null,
            possible: summary ? possibleWorlds(summary, null) : null,
            neighbours: neighboursOf(book, book.records.indexOf(record)),
            standing: null,
          }),
        ]);
      for (const sample of samples) {
        if (!sample.name.startsWith('match.')) continue;
        for (const environment of [{}, { environment: 'debian12' }]) {
          const diagnosis = diagnose(book, sample.text, { environment });
          pages.push(
            [
              `text ${record.id} ${sample.name}`,
              renderText(diagnosis, { lang, color: false, columns: 80, records: 9 }),
            ],
            [`markdown ${record.id} ${sample.name}`, renderMarkdown(diagnosis, { lang })],
            ...reportTexts(diagnosis, lang).map(([format, text]): [string, string] => [
              `${format} ${record.id} ${sample.name}`,
              text,
            ]),
          );
        }
      }
    }
  }
  const wrong = pages.flatMap(([page, text]) =>
    text
      .split('\n')
      // Program output, commands and addresses are not ours.
      .filter((line) => !/^\s*(?:>|[-*]? ?<?https?:)|^ {4,}\S/.test(line))
      .filter((line) => FORBIDDEN.test(line) || (PERCENT.test(line) && !/claimed|自称|区间/.test(line)))
      .map((line) => `${page}: ${line}`),
  );
  expect(wrong).toEqual([]);
  expect(pages.length).toBeGreaterThan(100);
});

test('every figure of the lab stands with what it is out of', () => {
  for (const { record, samples } of folders) {
    const sample = samples.find((s) => s.name.startsWith('match.'));
    if (!sample) continue;
    const text = renderText(diagnose(book, sample.text), {
      lang: 'en',
      color: false,
      columns: 400,
      records: 9,
    });
    for (const line of text.split('\n').filter((l) => /in the lab this fixed|fixed none/i.test(l)))
      expect(line, record.id).toMatch(/(?:\d+|none) of (?:the )?\d+ reproduced causes/);
  }
});

const isolation = findIsolation();
test.skipIf(isolation.mode === 'none')(
  `${DRILLED}: every walk of a drill goes as the cells say`,
  { timeout: 600_000 },
  async () => {
    const done = await faultbook(['drill', DRILLED, '--format', 'json'], {
      env: { FAULTBOOK_CACHE: labCache() },
    });
    if (done.status === 2) {
      console.log(`skipped: drill of ${DRILLED}: ${done.stderr.trim()}`);
      return;
    }
    expect(done.status, done.stdout).toBe(0);
    const [report] = JSON.parse(done.stdout);
    expect(report.asPredicted).toBe(report.walks);
    expect(report.unrepaired).toEqual([]);
    expect(report.policies.equal.tree.vain).toBeLessThanOrEqual(report.policies.equal.order.vain);
  },
);
if (isolation.mode === 'none') console.log(`skipped: drills: ${isolation.why}`);

test('what the drill prints is Markdown too', () => {
  const done = spawnSync(
    process.execPath,
    [`${ROOT}dist/faultbook.cjs`, 'drill', DRILLED, '--predicted', '--format', 'markdown'],
    { cwd: ROOT, encoding: 'utf8' },
  );
  expect(done.stdout).toMatch(/^## git\/dubious-ownership\n/);
  expect(done.stdout).toContain('Nothing was run');
});
