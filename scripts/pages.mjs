#!/usr/bin/env node
/**
 * Writes the pages that are made of evidence: docs/findings.md, docs/overlaps.md, docs/seed.md, its table in README.md, and with `--drill` docs/drill.md
 * (which really runs every drill that was not run since its record changed; `--drill=ID,ID` only these). `--check` writes
 * nothing and fails where one is stale; the figures of drills are then compared with what the cells predict, for nothing can
 * be drilled in a second.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { readBook, row } from './pages/book.mjs';
import { findingsPage } from './pages/findings.mjs';
import { overlapsPage } from './pages/overlaps.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (path) => readFileSync(`${root}${path}`, 'utf8');
const check = process.argv.includes('--check');

/** Standard output of the built command line. */
function faultbook(args, inherit = false) {
  const { stdout, status } = spawnSync(process.execPath, ['dist/faultbook.cjs', ...args], {
    cwd: root,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', inherit ? 'inherit' : 'pipe'],
    env: { ...process.env, FAULTBOOK_ENVIRONMENT: 'any', LANG: 'C.UTF-8' },
  });
  if (status === null || status > 1) throw new Error(`faultbook ${args.join(' ')}: exit ${status}`);
  return stdout;
}

const claims = JSON.parse(read('data/seed-claims.json'));
const seed = JSON.parse(read(claims.seed));
const record = JSON.parse(faultbook(['explain', claims.record, '--format', 'json']));
const { matrix, measured, survey, trials, date } = record.evidence;
const environments = measured.map((m) => m.name);

/** `4 of 15` for each environment: causes that an action repairs, of those that were reproduced there. */
function fixedIn(key) {
  return environments.map((env) => {
    const worlds = matrix.filter((w) => w.environment === env);
    const fixed = worlds.filter((w) => w.repaired_by.includes(key));
    return `${fixed.length} of ${worlds.length}`;
  });
}

/** Log lines of the lab that a pattern finds, for each environment. */
function foundIn(pattern) {
  return environments.map((env) => {
    const lines = record.causes.flatMap(({ key }) => {
      const path = `records/${claims.record}/samples/match.${key}.${env}.log`;
      return existsSync(`${root}${path}`)
        ? read(path)
            .split('\n')
            .filter((l) => l.includes('SSL_do_handshake() failed'))
            .slice(0, 1)
        : [];
    });
    return `${lines.filter((l) => pattern.test(l)).length} of ${lines.length}`;
  });
}

const percent = (rate) => `${Math.round(rate * 100)} %`;
const quoted = (text) => `“${text.replaceAll('\n', ' ').replaceAll('|', '\\|')}”`;
const versions = measured.map((m) => `nginx ${m.versions.nginx}, OpenSSL ${m.versions.openssl}`);

function claimTable() {
  const said = [
    ...seed.workarounds.map((w, i) => [
      quoted(w.action),
      `works, ${percent(w.success_rate)}`,
      ...fixedIn(claims.workarounds[i]),
    ]),
    ...seed.dead_ends.map((d, i) => [
      quoted(d.why_fails),
      `fails, ${percent(d.fail_rate)}`,
      ...fixedIn(claims.dead_ends[i]),
    ]),
  ];
  return [
    row(['the seed', 'claimed', ...versions.map((v) => `fixed on ${v}`)]),
    row(['---', '---', ...versions.map(() => '---')]),
    ...said.map(row),
    row([
      `its pattern \`${seed.regex.replaceAll('|', '\\|')}\``,
      'finds the error',
      ...foundIn(new RegExp(seed.regex)),
    ]),
  ].join('\n');
}

function causeTable() {
  const rows = record.causes.map((cause) => {
    const threads = survey.causes.find((c) => c.key === cause.key)?.threads ?? 0;
    const by = claims.workarounds.filter((key) =>
      matrix.some((w) => w.cause === cause.key && w.repaired_by.includes(key)),
    );
    const where = environments.filter((env) =>
      matrix.some((w) => w.cause === cause.key && w.environment === env),
    );
    return {
      threads,
      cells: [
        cause.title,
        where.length === environments.length ? 'all' : where.join(', '),
        `${threads} of ${survey.settled}`,
        by.length === 0 ? 'none' : by.map((k) => `\`${k}\``).join(', '),
      ],
    };
  });
  return [
    row(['what was really wrong', 'reproduced on', 'public threads', 'repaired by advice of the seed']),
    row(['---', '---', '---', '---']),
    ...rows.toSorted((a, b) => b.threads - a.threads).map((r) => row(r.cells)),
  ].join('\n');
}

const stated = ['--stated', claims.workarounds.join(',')];
const drilled = JSON.parse(
  faultbook(['drill', claims.record, '--predicted', '--format', 'json', ...stated]),
)[0];
const { equal } = drilled.policies;
const share = (f) => `${Math.round(f.repaired * drilled.fixable)} of ${drilled.fixable}`;

const seedPage = `# The record that this project began with, claim by claim

Made by \`npm run pages\` from [its record](../records/${claims.record}/record.json), the evidence beside it and the
[seed document](../${claims.seed}) as it was published. ${trials} trials, ${date}; run them again with
\`faultbook prove ${claims.record}\`.

The seed is one page of a public list of errors and fixes. Its rates have no source. Here each of its claims stands beside
what real nginx did: the error was produced in ${record.causes.length} different ways, on ${environments.length} generations of nginx and OpenSSL,
and the advice was applied to each. A cell counts causes, never attempts: “4 of 15” means that the advice repaired four of the
fifteen causes that were reproduced there.

${claimTable()}

The last row counts the log lines of these trials that the pattern finds; the record of ours finds all of them.

## What it leaves out

The seed names cipher mismatch, protocol version and certificate validation as causes. In ${survey.settled} public threads with a
settled cause (${survey.found} found; threads are no random sample, and some name two causes) it was:

${causeTable()}

## Following it

Of ${drilled.worlds} faults (a cause on a generation), ${drilled.fixable} can be repaired on nginx's side. Trying the seed's three pieces of
advice in its order repairs ${share(equal.stated)}, after ${equal.stated.vain.toFixed(2)} changes in vain on average. If all other actions follow in random
order, it is ${equal['stated-completed'].vain.toFixed(2)} in vain, and ${(equal['stated-completed'].repaired * drilled.fixable).toFixed(1)} of ${drilled.fixable} repaired (on average; some actions cannot be taken back). The
troubleshooting tree repairs ${share(equal.tree)}, after ${equal.tree.vain.toFixed(2)} changes in vain and ${equal.tree.checks.toFixed(2)} checks read. [drill.md](drill.md)
has all policies, walked for real; this is composition in our lab, not benefit in the field.
`;

const readmeBlock = `<!-- seed -->\n${claimTable()}\n<!-- /seed -->`;
const readme = read('README.md').replace(/<!-- seed -->[\s\S]*?<!-- \/seed -->/, () => readmeBlock);

const drillHead = `# Drills: does following the advice repair what is broken?

Made by \`npm run pages -- --drill\`, which breaks real software in every reproduced way, in every environment, and follows a
policy step by step, running its checks, actions and undos, until the fault is repaired or the policy has no further step.
Below each record stands how many walks went as predicted; where it says that nothing was run, the figures come from the cells.

- **The tree** is what \`faultbook explain\` shows: with the reader's environment known, and without.
- **The best fixed order** takes the same actions, reads no check, and is the best of all orders for that environment.
- **Random order** is the mean over all orders of these actions, computed from the cells.
- **The order of a foreign record** is that of its workarounds, alone and then followed by the others at random.

“Changes in vain” are actions that did not repair the fault, over the faults that some action of the reader's repairs; where none
does, the right end is to stop, and the last column says what was done in vain before. An action that cannot be taken back and did not
help ends a walk: so a fixed order does not repair everything. Every fault counts once, or by the survey's shares
where there is a survey. This tests composition in our lab, not benefit in the field.
`;

/** Of a page with drills, what follows from the cells alone. */
const figures = (text) =>
  text
    .split('\n')
    .filter((l) => /^(?:#|\|)/.test(l))
    .join('\n');

/** Drills take minutes: what the page has stays as long as record, lab page, evidence and predicted figures do. */
function drillSection(id, predicted, run, page) {
  const hash = createHash('sha256');
  for (const file of ['record.json', 'lab.md', 'evidence.json']) hash.update(read(`records/${id}/${file}`));
  const mark = `<!-- walked with ${hash.digest('hex').slice(0, 24)} -->`;
  const kept = page
    .split(/\n(?=## )/)
    .find((section) => section.startsWith(`## ${id}\n`) && section.includes(mark));
  if (kept && figures(kept) === figures(predicted)) return kept.trimEnd();
  return run ? `${drillOf(id, [])}\n\n${mark}` : predicted;
}

function drillOf(id, extra) {
  const more = id === claims.record ? stated : [];
  return faultbook(['drill', id, '--format', 'markdown', ...more, ...extra], true).trimEnd();
}

/** From how many causes and fixing actions on a check can be worth its cost; the issue that asked for drills says so. */
const COMPARED = { causes: 3, actions: 3, checks: 1 };

/** Record by record on one line, and the means over them: what the sections below say, side by side. */
function overview(ids) {
  const reports = JSON.parse(faultbook(['drill', ...ids, '--predicted', '--format', 'json']));
  const compared = reports.filter(
    (r) =>
      r.fixable > 0 &&
      r.causes >= COMPARED.causes &&
      r.actions >= COMPARED.actions &&
      r.checks >= COMPARED.checks,
  );
  const mean = (of) => (compared.reduce((sum, r) => sum + of(r), 0) / compared.length).toFixed(2);
  const columns = [
    (r) => r.policies.equal.tree.vain,
    (r) => r.policies.equal.tree.checks,
    (r) => r.policies.equal.order.vain,
    (r) => r.policies.equal.random.vain,
  ];
  const repaired = ({ fixable, policies }, policy) =>
    `${Math.round(policies.equal[policy].repaired * fixable)} of ${fixable}`;
  return [
    '## Side by side',
    '',
    `Changes made in vain, every fault once, environment known. The records with at least ${COMPARED.causes} causes, ${COMPARED.actions} actions that repair something`,
    `and ${COMPARED.checks === 1 ? 'a check' : `${COMPARED.checks} checks`}. Where one gentle action repairs nearly every cause, trying it costs less than reading a check, and the tree is`,
    'then hardly better than a fixed order.',
    '',
    row(['record', 'tree', 'its checks', 'repaired', 'best fixed order', 'repaired', 'random order']),
    row(['---', '---', '---', '---', '---', '---', '---']),
    ...compared.map((r) => {
      const [tree, checks, order, random] = columns.map((of) => of(r).toFixed(2));
      return row([r.record, tree, checks, repaired(r, 'tree'), order, repaired(r, 'order'), random]);
    }),
    row([
      `mean over ${compared.length} records`,
      mean(columns[0]),
      mean(columns[1]),
      '',
      mean(columns[2]),
      '',
      mean(columns[3]),
    ]),
  ].join('\n');
}

/** @param {(id: string) => boolean} run which are drilled now, where they were not */
function drills(run) {
  const page = existsSync(`${root}docs/drill.md`) ? read('docs/drill.md') : '';
  const ids = JSON.parse(faultbook(['list', '--format', 'json']))
    .map((r) => r.id)
    .filter((id) => existsSync(`${root}records/${id}/evidence.json`));
  // All at once, but for the one that has an order of its own: most of a call is reading the records.
  const predicted = faultbook(['drill', ...ids, '--predicted', '--format', 'markdown'])
    .split(/\n(?=## )/)
    .map((section) => section.trimEnd());
  const sections = ids.map((id, i) => {
    const own = id === claims.record ? drillOf(id, ['--predicted']) : predicted[i];
    return drillSection(id, own, run(id), page);
  });
  return [overview(ids), ...sections].join('\n\n');
}

const stale = [];
function put(path, text, same = (a, b) => a === b) {
  const before = existsSync(`${root}${path}`) ? read(path) : '';
  if (same(before, text)) return;
  if (check) stale.push(path);
  else writeFileSync(`${root}${path}`, text);
}
const whole = await readBook();
put('docs/findings.md', findingsPage(whole));
put('docs/overlaps.md', overlapsPage(whole));
put('docs/seed.md', seedPage);
put('README.md', readme);
const wanted = process.argv.find((a) => /^--drill(?:=|$)/.test(a));
const named = wanted?.split('=')[1]?.split(',');
if (check)
  put('docs/drill.md', `${drillHead}\n${drills(() => false)}\n`, (a, b) => figures(a) === figures(b));
else if (wanted) put('docs/drill.md', `${drillHead}\n${drills((id) => !named || named.includes(id))}\n`);
if (stale.length > 0) {
  console.error(
    `Stale: ${stale.join(', ')}. Run: npm run build && npm run pages${stale.includes('docs/drill.md') ? ' -- --drill' : ''}`,
  );
  process.exit(1);
}
console.log('Pages made of evidence are fresh.');
