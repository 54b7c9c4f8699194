/** docs/findings.md: advice that circulates, beside what it did in the lab; what a version changed. */
import { cell, table } from './book.mjs';

/** Entries of a section, the strongest first, and of one record; the rest stands in the records. */
const SHOWN = 40;
const SHOWN_OF_A_RECORD = 2;

/** What an action did: per cause over all environments, and to healthy systems. */
function measured({ evidence, causes }, key) {
  const worlds = evidence.matrix.filter((w) => w.outcomes[key] !== undefined);
  const causesOf = (wanted) => new Set(worlds.filter((w) => wanted(w)).map((w) => w.cause)).size;
  return {
    of: new Set(worlds.map((w) => w.cause)).size,
    fixed: causesOf((w) => w.repaired_by.includes(key)),
    masked: causesOf((w) => w.outcomes[key] === 'masked'),
    breaks: evidence.healthy.filter((w) => w.outcomes[key] === 'breaks_healthy').map((w) => w.environment),
    tried: worlds.length > 0 && causes.length > 0,
  };
}

const versionsOf = ({ evidence }) =>
  evidence.measured.map((m) =>
    [m.name, ...Object.entries(m.versions).map(([program, version]) => `${program} ${version}`)].join(' '),
  );

function findingOf(record, action) {
  const m = measured(record, action.key);
  return {
    ...m,
    record,
    action,
    run: `\`faultbook prove ${record.id} --action ${action.key} --check\``,
    says: [
      `fixed ${m.fixed === 0 ? 'none' : m.fixed} of ${m.of} causes`,
      ...(m.masked > 0
        ? [`in ${m.masked} hid the message and left the fault, or took a protection away`]
        : []),
      ...(m.breaks.length > 0
        ? [`broke a healthy system, or took a protection away (${m.breaks.join(', ')})`]
        : []),
    ].join('; '),
  };
}

const advised = ({ action }) =>
  action.sources.length === 0 ? '' : ` ([advised or tried](${action.sources[0]}))`;
const rowOf = (f) => [
  `[${f.record.id}](../records/${f.record.id}/record.json)`,
  `${cell(f.action.action)}${advised(f)}`,
  f.says,
  f.run,
];

/** Where an action fixes a cause on one version and leaves it on another that has the cause too. */
function borders(record) {
  const { matrix } = record.evidence;
  return [...record.workarounds, ...record.dead_ends].flatMap((action) =>
    record.causes.flatMap((cause) => {
      const worlds = matrix.filter((w) => w.cause === cause.key && w.outcomes[action.key] !== undefined);
      const fixes = worlds.filter((w) => w.repaired_by.includes(action.key)).map((w) => w.environment);
      const not = worlds.filter((w) => !w.repaired_by.includes(action.key));
      if (fixes.length === 0 || not.length === 0) return [];
      return [
        {
          record,
          action,
          cause,
          says: `fixed it on ${fixes.join(', ')}; ${[...new Set(not.map((w) => w.outcomes[action.key]))].join(', ')} on ${not.map((w) => w.environment).join(', ')}`,
          run: `\`faultbook prove ${record.id} --cause ${cause.key} --action ${action.key} --check\``,
        },
      ];
    }),
  );
}

/** Of a sample the lines that its record is found by, without what differs from run to run. */
function wordingOf(text, patterns) {
  const lines = text.split('\n');
  const found = lines.filter((line) => patterns.some((p) => p.test(line)));
  const plain = found.map((line) =>
    line
      .replace(/\/[^\s'":]+/g, '/…')
      .replace(/[0-9a-f]{6,}|\d+/g, 'n')
      .trim(),
  );
  return [...new Set(plain)].sort().join('\n');
}

/** In what the measured versions of a record differ: outcomes of an action for a cause, causes, wordings. */
function differences(record) {
  const { matrix, measured } = record.evidence;
  const worldsOf = (cause) => matrix.filter((w) => w.cause === cause.key);
  const differ = (list) => new Set(list).size > 1;
  const outcomes = record.causes.flatMap((cause) =>
    [...record.workarounds, ...record.dead_ends].filter((action) =>
      differ(worldsOf(cause).flatMap((w) => w.outcomes[action.key] ?? [])),
    ),
  ).length;
  const absent = record.causes.filter((cause) => {
    const there = worldsOf(cause).length;
    return there > 0 && there < measured.length;
  }).length;
  const byCause = new Map();
  const patterns = [
    record.regex,
    ...record.wordings.map((w) => w.regex),
    ...record.sequence.map((s) => s.regex),
  ]
    .filter((source) => source !== null)
    .flatMap((source) => {
      try {
        return [new RegExp(source)];
      } catch {
        return [];
      }
    });
  for (const { name, text } of record.samples) {
    const [, cause] = /^match\.(.+)\.[^.]+\.log$/.exec(name) ?? [];
    if (cause) byCause.set(cause, [...(byCause.get(cause) ?? []), wordingOf(text, patterns)]);
  }
  const wordings = [...byCause.values()].filter((list) => differ(list.filter((text) => text !== ''))).length;
  return { record, outcomes, absent, wordings };
}

export function findingsPage({ records }) {
  const run = records.filter((r) => r.evidence?.matrix);
  const deadEnds = run.flatMap((r) => r.dead_ends.map((d) => findingOf(r, d))).filter((f) => f.tried);
  const harm = deadEnds.filter((f) => f.masked > 0 || f.breaks.length > 0);
  const useless = deadEnds.filter((f) => f.fixed === 0 && !harm.includes(f));
  const strength = (f) => f.masked + 2 * f.breaks.length;
  const sorted = (list, by) => {
    const taken = new Map();
    return list
      .toSorted((a, b) => by(b) - by(a) || (a.record.id < b.record.id ? -1 : 1))
      .filter(({ record }) => {
        taken.set(record.id, (taken.get(record.id) ?? 0) + 1);
        return taken.get(record.id) <= SHOWN_OF_A_RECORD;
      })
      .slice(0, SHOWN);
  };
  const changed = run.flatMap(borders);
  const several = run.filter((r) => r.evidence.measured.length > 1);
  const versions = several.map(differences).filter((d) => d.outcomes + d.absent + d.wordings > 0);
  const proven = run.filter((r) => r.evidence.tier === 'proven').length;
  const disproved = new Set([...harm, ...useless].map((f) => f.record.id)).size;
  const head = ['error', 'advice', 'measured', 'run it again'];
  const count = (shown, list) =>
    shown.length < list.length ? `${shown.length} of ${list.length}` : `${list.length}`;
  const shownHarm = sorted(harm, strength);
  const shownUseless = sorted(useless, (f) => f.of);
  const shownChanged = sorted(changed, () => 0);
  return `# What the lab found

Made by \`npm run pages\` out of the evidence: ${run.length} records, ${run.reduce((sum, r) => sum + r.evidence.trials, 0).toLocaleString('en')} trials. Each line is advice that circulates (one place
that gives or tries it is linked), beside what it did when every cause of the error that we could make was made on purpose. Counts are
causes, never attempts. The command runs those cells again and compares them with the evidence that is committed.

${proven} of the records are proven, in ${new Set(run.map((r) => r.domain)).size} domains; ${run.filter((r) => r.causes.length >= 3).length} have three causes or more. In ${disproved} of them advice that circulates repairs no
cause, hides the fault, or breaks what was healthy. ${several.length} were run on two versions or more, and in ${versions.length} of these the versions [differ](#where-versions-differ).

## Advice that hides the fault, or breaks what was healthy

${count(shownHarm, harm)} dead ends of the book. “Hid the message” means that the program no longer complains and still does not do its job, or that something which must
survive (a check of certificates, data, permissions) did not.

${table(head, shownHarm.map(rowOf))}

## Advice that repairs nothing

${count(shownUseless, useless)} dead ends of the book: none of the causes was repaired by it, on any version. Most causes first.

${table(head, shownUseless.map(rowOf))}

## What a version changed

The same action for the same cause, and another outcome on another version (${count(shownChanged, changed)}).

${table(
  ['error', 'cause', 'action', 'measured', 'run it again'],
  shownChanged.map((c) => [
    `[${c.record.id}](../records/${c.record.id}/record.json)`,
    cell(c.cause.title),
    cell(c.action.action),
    c.says,
    c.run,
  ]),
)}

## Where versions differ

Counted per record: pairs of a cause and an action with another outcome on another version, causes that only some of the versions have, and
causes that another version words otherwise (numbers and paths apart).

${table(
  ['error', 'versions', 'outcomes', 'causes', 'wordings'],
  versions.map((d) => [
    d.record.id,
    d.record.evidence.measured.map((m) => m.name).join(', '),
    `${d.outcomes || ''}`,
    `${d.absent || ''}`,
    `${d.wordings || ''}`,
  ]),
)}

## Where it was measured

${table(
  ['error', 'environments'],
  run.map((r) => [r.id, versionsOf(r).join('; ')]),
)}
`;
}
