import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FaultRecord, type Issue, parseRecord } from '../record/index.ts';
import { compilePage } from './page.ts';
import { LAB_LIMITS, type Plan, planSchema } from './plan.ts';

function recordOf(changes: Record<string, unknown> = {}): FaultRecord {
  const { record, issues } = parseRecord({
    id: 'git/dubious-ownership',
    domain: 'git',
    origin: 'authored',
    signature: 'fatal: detected dubious ownership',
    regex: 'detected dubious ownership in (?<path>.+)',
    causes: [
      { key: 'other-account', title: 'A' },
      { key: 'sudo-foreign', title: 'B' },
    ],
    workarounds: [
      { key: 'trust-exact', action: 'Trust it', commands: ['git config --global safe.directory {{path}}'] },
    ],
    dead_ends: [
      {
        key: 'chmod-777',
        action: 'Open it',
        commands: ['chmod -R 777 {{path}}'],
        sources: ['https://x.example'],
      },
    ],
    checks: [
      {
        key: 'owner',
        question: 'Whose?',
        command: 'stat -c %U {{path}} </dev/null',
        readings: [{ key: 'mine', exit: 0, means: [] }],
      },
    ],
    ...changes,
  });
  if (!record) throw new Error(JSON.stringify(issues));
  return record;
}
const RECORD = recordOf();
const BASE = '```attempt\ngit status\n```\n';
const APPLIED = '## Action: chmod-777\n```applied\ntrue\n```\n';
const CAUSES = '## Cause: other-account\n```run\ntrue\n```\n## Cause: sudo-foreign\n```run\ntrue\n```\n';
const GOOD = `${BASE}${APPLIED}${CAUSES}`;

const compile = (page: string, record = RECORD) => compilePage(page, record, 'lab.md');
const said = (issues: readonly Issue[]) => issues.map((i) => `${i.field.slice('line '.length)} ${i.code}`);
function planOf(page: string, record = RECORD): Plan {
  const { plan, issues } = compile(page, record);
  expect(issues).toEqual([]);
  return plan as Plan;
}

describe('the first page of docs/lab.md', () => {
  // The worked examples have records of their own: test/examples.test.ts proves them.
  const [docs = ''] = readFileSync(new URL('../../docs/lab.md', import.meta.url), 'utf8').split(
    '# What happens to a page',
  );
  const pages = [...docs.matchAll(/^````md\n(.*?)^````$/gms)].map((m) => m[1] as string);
  test('is found', () => expect(pages.length).toBeGreaterThan(0));
  test.each(pages)('compiles (%#)', (page) => {
    const { plan, issues } = compile(page);
    expect(issues.filter((i) => i.severity === 'error')).toEqual([]);
    expect(plan).not.toBeNull();
  });
  test('the small one, as it is explained', () => {
    const plan = compile(pages[0] as string).plan as Plan;
    expect(plan.environments.debian11).toEqual({ suite: 'bullseye', needs: ['debian:git'], values: {} });
    expect(Object.keys(plan.environments)).toEqual(['debian11', 'debian12', 'debian13']);
    expect(plan.users.map((u) => [u.name, u.uid, u.home])).toEqual([
      ['user', 1000, '/home/user'],
      ['app', 1001, '/home/app'],
      ['deploy', 1002, '/home/deploy'],
    ]);
    expect(plan.base.blocks.map((b) => [b.verb, b.line])).toEqual([
      ['setup', 8],
      ['attempt', 11],
    ]);
    expect(plan.causes['other-account']?.blocks).toEqual([
      {
        verb: 'run',
        line: 16,
        for: null,
        on: null,
        as: 'root',
        in: null,
        body: 'chown -R app /srv/site\n',
      },
    ]);
    expect(Object.keys(plan.actions)).toEqual(['trust-exact', 'chmod-777']);
  });
});

describe('what a page means', () => {
  test('without front matter: one environment, one account, the defaults', () => {
    expect(planOf(GOOD)).toMatchObject({
      environments: { debian12: { suite: 'bookworm', needs: [], values: {} } },
      users: [{ name: 'user', uid: 1000 }],
      person: { as: null, in: null },
      timeoutSeconds: LAB_LIMITS.defaultTimeoutSeconds,
      restrictions: { memory: 1024, disk: 512, processes: 200 },
    });
  });
  test('front matter: values as they are written, the environment’s own needs and values win', () => {
    const front = [
      'needs: [npm:typescript, "debian:git"]',
      'values: {port: 0808, on: yes}',
      'environments: {ts5: {needs: ["npm:typescript@5.4.5"], values: {port: 1}}, ts4: {suite: trixie}}',
      'users: [{name: app, uid: 1001, groups: [www-data]}, b]',
      'names: {db.example: "::1"}',
      'person: {as: app, in: /srv}',
      'writable: [/etc]',
      'timeout: 7',
      'restrictions: {disk: 64}',
      'alone: [owner]',
    ];
    expect(planOf(`---\n${front.join('\n')}\n---\n${GOOD}`)).toMatchObject({
      environments: {
        ts5: {
          suite: 'bookworm',
          needs: ['debian:git', 'npm:typescript@5.4.5'],
          values: { port: '1', on: 'yes' },
        },
        ts4: { suite: 'trixie', values: { port: '0808' } },
      },
      users: [
        { name: 'user' },
        { name: 'app', uid: 1001, groups: ['www-data'] },
        { name: 'b', uid: 1002, home: '/home/b' },
      ],
      names: { 'db.example': '::1' },
      person: { as: 'app', in: '/srv' },
      writable: ['/etc'],
      timeoutSeconds: 7,
      restrictions: { memory: 1024, disk: 64 },
      alone: ['owner'],
    });
  });
  test('others: what the other headings of the section do not name', () => {
    const page = `---\nenvironments: {a: {}, b: {}, c: {}}\n---\n${GOOD}
## Action: trust-exact
### For: others; On: b
\`\`\`env
A=1
B
\`\`\`
### For: other-account
### On: others, c
`;
    const others = { for: ['sudo-foreign', 'healthy'], on: ['b'] };
    expect(planOf(page).actions['trust-exact']?.section).toEqual({
      line: 20,
      variants: [
        { line: 21, ...others },
        { line: 26, for: ['other-account'], on: null },
        { line: 27, for: null, on: ['a', 'c'] },
      ],
      blocks: [{ verb: 'env', line: 22, ...others, set: { A: '1', B: null } }],
    });
  });
  test('On: in the healthy world adds to what all have; a heading of prose ends it', () => {
    const page = `---\nenvironments: {a: {}, b: {}}\n---\n### On: a\n\`\`\`run\nx\n\`\`\`\n## Further\n${GOOD}`;
    const { base } = planOf(page);
    expect(base.variants).toEqual([]);
    expect(base.blocks.map((b) => [b.verb, b.on])).toEqual([
      ['run', ['a']],
      ['attempt', null],
    ]);
  });
  test('prose, fences for readers, long fences, tildes, indents, CRLF, closing hashes, a byte order mark', () => {
    const page = `\ufeffText \`\`\`run\n\`\`\`\nfaulty\n\`\`\`\n~~~text\n## Cause: x\n~~~\n  \`\`\`\`attempt\n  git\n    \`\`\`\n  \`\`\`\`\n${APPLIED}${CAUSES}## Ends ##\n`;
    for (const text of [page, page.replaceAll('\n', '\r\n')])
      expect(planOf(text).base.blocks).toMatchObject([{ verb: 'attempt', body: 'git\n  ```\n' }]);
  });
  test('services, their options and verbs', () => {
    const page = `\`\`\`service web 80,443,/run/web.sock as=root config=/etc/web,/etc/x.conf\nweb\n\`\`\`\n\`\`\`ready web\ntrue\n\`\`\`
\`\`\`file /etc/x.conf as=www-data mode=0600\n# @here\n\`\`\`
${GOOD}\`\`\`edit /etc/x.conf @here\nx\n\`\`\`\n\`\`\`restart web\n\`\`\`\n`;
    expect(planOf(page).base.blocks[0]).toMatchObject({
      listens: ['80', '443', '/run/web.sock'],
      config: ['/etc/web', '/etc/x.conf'],
    });
  });
  test('what the record calls untested has no cell, and nothing is asked of it', () => {
    const record = recordOf({
      untested: {
        'cause:sudo-foreign': 'no sudo',
        'action:chmod-777': 'not safe',
        'check:owner': 'no owner',
        'action:trust-exact': 'half of it',
      },
    });
    const page = `${BASE}## Cause: other-account\n\`\`\`run\ntrue\n\`\`\`\n## Action: trust-exact\n`;
    const plan = planOf(page, record);
    expect([plan.causes, plan.actions, plan.checks].map((of) => Object.keys(of))).toEqual([
      ['other-account'],
      ['trust-exact'],
      [],
    ]);
  });
  test('the signature: first entry of a sequence stands for the regex', () => {
    const record = recordOf({ sequence: [{ regex: 'dubious' }, { regex: 'owner' }], ignore_case: true });
    expect(planOf(GOOD, record).signature).toMatchObject({ ignore_case: true, patterns: [] });
    expect(planOf(GOOD).signature.patterns).toEqual([RECORD.regex]);
  });
  test('values from everywhere fill placeholders', () => {
    const record = recordOf({
      workarounds: [
        { key: 'trust-exact', action: 'x', commands: ['a <in >out', 'b <in 2>&1', 'c <one> <two words>'] },
      ],
    });
    const page = `---\nvalues: {one: 1}\n---\n${GOOD}`;
    expect(said(compile(page, record).issues)).toEqual(['1 page-placeholder-empty']);
    expect(compile(page, record).issues[0]?.problem).toContain('<two words>');
    planOf(`${page}## Action: trust-exact\n\`\`\`values\ntwo words=x = y\n\`\`\`\n`, record);
  });
});

/** Lines and rules; the last is part of a remedy. */
const WRONG: [what: string, page: string, issues: string[], remedy?: string][] = [
  ['a verb misspelt', '```atempt\nx\n```', ['1 page-verb-unknown'], 'did you mean attempt?'],
  ['a fence of another kind', '```bash\nx\n```', ['1 page-verb-unknown'], 'write text'],
  ['an option misspelt', '```run a=root\nx\n```', ['1 page-option-unknown'], 'did you mean as=?'],
  ['an option of another verb', '```run mode=0644\nx\n```', ['1 page-option-unknown']],
  ['an option twice', '```run as=root as=root\nx\n```', ['1 page-repeated']],
  ['no path', '```file\nx\n```', ['1 page-argument-wrong'], 'write file PATH'],
  ['a relative path', '```file etc/x\nx\n```', ['1 page-argument-wrong']],
  ['a path that climbs', '```file /etc/../x\nx\n```', ['1 page-argument-wrong']],
  ['two paths', '```file /a /b\nx\n```', ['1 page-argument-wrong']],
  ['a mode that is none', '```file /a mode=rw\nx\n```', ['1 page-argument-wrong']],
  ['a folder that is none', '```run in=srv\nx\n```', ['1 page-argument-wrong']],
  ['no port', '```service web\nx\n```', ['1 page-argument-wrong'], 'write service NAME PORT'],
  ['port 0', '```service web 0\nx\n```', ['1 page-argument-wrong']],
  ['a name in capitals', '```guard Data\nx\n```', ['1 page-argument-wrong']],
  ['no body', '```run\n\n```', ['1 page-body-wrong']],
  ['a body too many', '```symptom /var/log/x\ny\n```', ['1 page-body-wrong']],
  ['an account misspelt', '```run as=rooot\nx\n```', ['1 page-account-unknown'], 'did you mean root?'],
  ['an account that is not', '```run as=zoe\nx\n```', ['1 page-account-unknown'], 'users'],
  ['env without a name', '```env\nA=1\n2=3\n```', ['3 page-body-wrong']],
  ['env twice', '```env\nA=1\nA=2\n```', ['3 page-repeated']],
  ['a prototype', '```env\n__proto__=1\n```', ['2 page-body-wrong']],
  ['a value without one', '```values\nname\n```', ['2 page-body-wrong']],
  ['undo in the base', '```undo\nx\n```', ['1 page-block-misplaced']],
  ['edit in the base', '```edit /a @b\nx\n```', ['1 page-block-misplaced']],
  ['attempt commands in the base', '```attempt commands\n```', ['1 page-block-misplaced']],
  ['an indented fence', '    ```run\n    x\n    ```', ['1 page-block-misplaced']],
  ['a fence in a list', '- ```run\n  x\n  ```\n```', ['1 page-block-misplaced']],
  ['a fence in a quotation', '> ```run\n> x\n> ```', ['1 page-block-misplaced']],
  ['an open fence', '```attempt\n## Cause: other-account\n', ['1 page-fence-unclosed']],
  ['a fence closed by less', '````attempt\n```\n', ['1 page-fence-unclosed']],
  ['open front matter', '---\nneeds: []\n', ['1 page-fence-unclosed']],
  ['an escape sequence', 'a\n\x1b[2J', ['2 page-character-refused']],
  ['text in another order', '```attempt\n\u202etrue\n```', ['2 page-character-refused']],
  ['too much', 'x'.repeat(LAB_LIMITS.maxPageBytes + 1), ['1 page-too-large']],
  ['too much in other letters', '字'.repeat(LAB_LIMITS.maxPageBytes / 2), ['1 page-too-large']],
  ['too much for a block', `\`\`\`run\n${'x'.repeat(LAB_LIMITS.maxBodyChars)}\n\`\`\``, ['1 page-too-large']],
  ['For: in the base', '### For: other-account', ['1 page-heading-wrong']],
  ['an environment that is not', '### On: debian21', ['1 page-name-unknown'], 'did you mean debian12?'],
];
describe('what stands before the sections', () => {
  test.each(WRONG)('%s', (_, page, issues, remedy = '') => {
    const result = compile(page);
    expect(said(result.issues).filter((i) => i !== '1 page-cause-missing')).toEqual(
      // A whole page is asked for only where every block could be read.
      issues.includes('1 page-account-unknown') || issues.some((i) => i.endsWith('page-repeated'))
        ? [...issues, '1 page-attempt-missing', '1 page-applied-missing'].sort(byLine)
        : issues,
    );
    expect(result.plan).toBeNull();
    expect(result.issues.map((i) => i.remedy).join()).toContain(remedy);
  });
});
function byLine(a: string, b: string): number {
  return Number.parseInt(a, 10) - Number.parseInt(b, 10);
}

const FRONT: [string, string[], string?][] = [
  ['neds: []', ['2 page-name-unknown'], 'did you mean needs?'],
  ['needs: []\nneeds: []', ['3 page-front-invalid']],
  ['needs: &a []\nvalues: *a', ['3 page-front-invalid']],
  ['needs: !x []', ['2 page-front-invalid']],
  ['needs: [', ['2 page-front-invalid']],
  ['- needs', ['2 page-value-refused']],
  ['needs: debian:git', ['2 page-value-refused'], 'write [one, two]'],
  ['needs:\n  - debian:git\n  - debian:--force-yes', ['4 page-need-refused']],
  ['needs: [npm:a@1.0.0, npm:a]', ['2 page-repeated']],
  ['needs: [{a: 1}]', ['2 page-value-refused']],
  ['environments:\n  a:\n    suite: bookwurm', ['4 page-value-refused'], 'did you mean bookworm?'],
  ['environments: {a: {suit: trixie}}', ['2 page-name-unknown'], 'did you mean suite?'],
  ['environments: {A b: {}}', ['2 page-value-refused']],
  ['environments: {others: {}}', ['2 page-value-refused']],
  ['users: [user]', ['2 page-repeated']],
  ['users: [a, a]', ['2 page-repeated']],
  ['users: [www-data]', ['2 page-repeated']],
  ['users: [{name: a, uid: 1000}]', ['2 page-repeated']],
  ['users: [{uid: 7}]', ['2 page-value-refused']],
  ['users: [{name: a, uid: 70000}]', ['2 page-value-refused']],
  ['users: [{name: a, home: home}]', ['2 page-value-refused']],
  ['names: {a.example: 10.0.0.1}', ['2 page-value-refused'], '127.0.0.0/8'],
  ['names: {a.example: 127.0.0.256}', ['2 page-value-refused']],
  ['names: ["a b"]', ['2 page-value-refused']],
  ['names: [a, a]', ['2 page-repeated']],
  ['person: {as: zoe}', ['2 page-account-unknown']],
  ['person: {at: /}', ['2 page-name-unknown']],
  ['writable: [etc]', ['2 page-value-refused']],
  ['writable: [/var]', ['2 page-value-refused']],
  ['writable: [/etc/../usr]', ['2 page-value-refused']],
  ['values: {A: 1}', ['2 page-value-refused']],
  ['values: {a: }', ['2 page-value-refused']],
  ['values: {a: "x\\ny"}', ['2 page-value-refused']],
  ['values: {a: "\\e[1m"}', ['2 page-value-refused']],
  ['timeout: 0', ['2 page-value-refused']],
  ['timeout: 1e9', ['2 page-value-refused']],
  ['timeout: "7"', ['2 page-value-refused']],
  ['restrictions: {memory: 99999}', ['2 page-value-refused']],
  ['alone: [owners]', ['2 page-name-unknown'], 'did you mean owner?'],
  ['? [a]\n: b', ['2 page-front-invalid']],
  [`a: ${'['.repeat(30_000)}`, ['2 page-front-invalid']],
  [`values: {${'a: 1,'.repeat(10_000)}}`, ['2 page-front-invalid']],
];
describe('front matter', () => {
  test.each(FRONT)('%.60s', (yaml, issues, remedy = '') => {
    const result = compile(`---\n${yaml}\n---\n${GOOD}`);
    expect([...new Set(said(result.issues))]).toEqual(issues);
    expect(result.plan).toBeNull();
    expect(result.issues.map((i) => i.remedy).join()).toContain(remedy);
  });
});

/** What stands behind GOOD; lines are counted from there. */
const BEHIND: [what: string, text: string, issues: string[], remedy?: string][] = [
  ['a cause that is not', '## Cause: other-acount', ['1 page-name-unknown'], 'did you mean other-account?'],
  ['an action that is not', '## Action: owner', ['1 page-name-unknown']],
  ['a section misspelt', '## Acton: trust-exact', ['1 page-heading-wrong'], 'did you mean ## Action:?'],
  ['a section in small letters', '## action: trust-exact', ['1 page-heading-wrong'], '## Action:'],
  ['a section on another level', '### Action: trust-exact', ['1 page-heading-wrong'], '## Action:'],
  [
    'what stands below is not judged',
    '## Cause: x\n### For: y\n```healthy\nx\n```',
    ['1 page-name-unknown', '2 page-name-unknown'],
  ],
  ['a title without a dash', '## Action: trust-exact now', ['1 page-heading-wrong'], '— …'],
  ['a section twice', '## Cause: sudo-foreign — again', ['1 page-repeated']],
  ['a block in no section', '## Notes\n```run\nx\n```', ['2 page-block-misplaced']],
  ['a variant in no section', '## Notes\n### On: debian12', ['2 page-heading-wrong']],
  [
    'healthy in an action',
    '## Action: trust-exact\n```healthy\nx\n```',
    ['2 page-block-misplaced'],
    'applied',
  ],
  ['guard in a cause', '```guard data\nx\n```', ['1 page-block-misplaced'], 'before the first section'],
  ['setup in a cause', '```setup\nx\n```', ['1 page-block-misplaced']],
  ['applied in a cause', '```applied\nx\n```', ['1 page-block-misplaced']],
  ['symptom in an action', '## Action: trust-exact\n```symptom /x\n```', ['2 page-block-misplaced']],
  ['attempt in a check', '## Check: owner\n```attempt\nx\n```', ['2 page-block-misplaced']],
  ['attempt commands in a cause', '```attempt commands\n```', ['1 page-block-misplaced']],
  [
    'attempt commands with a body',
    '## Action: trust-exact\n```attempt commands\nx\n```',
    ['2 page-body-wrong'],
  ],
  ['For: in a cause', '### For: sudo-foreign', ['1 page-heading-wrong']],
  ['For: nobody', '## Action: trust-exact\n### For: sudo-foriegn', ['2 page-name-unknown'], 'sudo-foreign?'],
  [
    'For: twice in one heading',
    '## Action: trust-exact\n### For: healthy; For: healthy',
    ['2 page-heading-wrong'],
  ],
  ['For misspelt', '## Action: trust-exact\n### for: healthy', ['2 page-heading-wrong'], '### For:'],
  ['others twice', '## Action: trust-exact\n### For: others\n### For: others', ['3 page-repeated']],
  [
    'a block under a third kind of heading',
    '### On: debian12\n### Why\n```run\nx\n```',
    ['3 page-block-misplaced'],
  ],
  ['a diff without a hunk', '```edit /etc/x\n+a\n```', ['1 page-body-wrong'], '@@'],
  ['a slot that is none', '```edit /etc/x here\na\n```', ['1 page-argument-wrong']],
  ['restart of nothing', '```restart web\n```', ['1 page-name-unknown']],
  ['stop before it begins', '```stop web\n```\n```service web -\nx\n```', ['1 page-name-unknown']],
  ['ready of nothing', '```ready web\nx\n```', ['1 page-name-unknown']],
  ['a second attempt', '```attempt\nx\n```\n```attempt\ny\n```', ['4 page-block-repeated']],
  [
    'a second attempt for the same place',
    '```attempt\nx\n```\n### On: debian12\n```attempt\ny\n```',
    ['5 page-block-repeated'],
  ],
  ['one service twice', '```service a -\nx\n```\n```service a -\ny\n```', ['4 page-block-repeated']],
];
describe('behind a good page', () => {
  test('the page is good', () => expect(said(compile(GOOD).issues)).toEqual([]));
  test.each(BEHIND)('%s', (_, text, issues, remedy = '') => {
    const result = compile(`${GOOD}${text}\n`);
    const before = GOOD.split('\n').length - 1;
    expect(said(result.issues).map((i) => i.replace(/^\d+/, (n) => `${Number(n) - before}`))).toEqual(issues);
    expect(result.plan).toBeNull();
    expect(result.issues.map((i) => i.remedy).join()).toContain(remedy);
  });
});

describe('what every cell needs', () => {
  const fails = (page: string, issues: string[], record = RECORD) =>
    expect(said(compile(page, record).issues)).toEqual(issues);
  test('an attempt', () => {
    fails(`${APPLIED}${CAUSES}`, ['1 page-attempt-missing']);
    const two = '---\nenvironments: {a: {}, b: {}}\n---\n### On: a\n';
    fails(`${two}${GOOD}`, ['1 page-attempt-missing']);
    fails(`${two}\`\`\`attempt\nx\n\`\`\`\n### On: b\n${GOOD}`, []);
    fails(`\`\`\`attempt\nx\n\`\`\`\n${GOOD}`, ['4 page-block-repeated']);
  });
  test('causes that do something; without a section they are only missed', () => {
    fails(`${GOOD}`.replace('```run\ntrue\n```', ''), ['8 page-cause-empty']);
    const { plan, issues } = compile(`${BASE}${APPLIED}## Cause: sudo-foreign\n\`\`\`run\nx\n\`\`\`\n`);
    expect(issues.map((i) => `${i.severity} ${i.code}`)).toEqual(['warning page-cause-missing']);
    expect(Object.keys(plan?.causes ?? {})).toEqual(['sudo-foreign']);
  });
  test('dead ends that show that they were applied, in every place', () => {
    fails(`${BASE}${CAUSES}`, ['1 page-applied-missing']);
    fails(`${BASE}## Action: chmod-777\n### For: other-account\n\`\`\`applied\nx\n\`\`\`\n${CAUSES}`, []);
    fails(
      `${BASE}## Action: chmod-777\n### For: other-account\n\`\`\`applied\nx\n\`\`\`\n### For: others\n${CAUSES}`,
      ['4 page-applied-missing'],
    );
    fails(`${BASE}## Action: chmod-777\n\`\`\`attempt commands\n\`\`\`\n${CAUSES}`, []);
  });
  test('actions that do something', () => {
    const record = recordOf({ workarounds: [{ key: 'trust-exact', action: 'x' }] });
    fails(GOOD, ['1 page-action-empty'], record);
    fails(`${GOOD}## Action: trust-exact\n\`\`\`run\nx\n\`\`\`\n`, [], record);
    fails(`${GOOD}## Action: trust-exact\n\`\`\`undo\nx\n\`\`\`\n`, ['16 page-action-empty'], record);
    fails(
      `${GOOD}## Action: trust-exact\n\`\`\`attempt commands\n\`\`\`\n`,
      ['17 page-argument-wrong'],
      record,
    );
  });
  test('keys that the matrix does not use itself', () => {
    fails(
      GOOD,
      ['1 page-key-reserved'],
      recordOf({ workarounds: [{ key: 'restart', action: 'x', commands: ['y'] }] }),
    );
    fails(
      GOOD,
      ['1 page-key-reserved', '1 page-cause-missing'],
      recordOf({ causes: [...RECORD.causes, { key: 'healthy', title: 'H' }] }),
    );
    const reading = (key: string) =>
      recordOf({ checks: [{ key: 'owner', question: '?', command: 'x', readings: [{ key, exit: 0 }] }] });
    fails(GOOD, ['1 page-key-reserved'], reading('mixed'));
    fails(GOOD, ['1 page-key-reserved'], reading('unclear'));
    fails(GOOD, [], reading('some'));
  });
  test('values, in the healthy world too', () => {
    const record = recordOf({
      checks: [{ key: 'owner', question: '?', command: 'stat <file>', readings: [] }],
      dead_ends: [],
      workarounds: [{ key: 'trust-exact', action: 'x', commands: ['trust <file>'] }],
    });
    const page = `${BASE}${CAUSES}`.replaceAll('```run', '```values\nfile=x\n```\n```run');
    fails(page, ['1 page-placeholder-empty'], record);
    expect(compile(page, record).issues[0]?.problem).toContain(
      'action trust-exact has no value for the healthy world',
    );
    fails(`${page}## Action: trust-exact\n### For: other-account, sudo-foreign\n`, [], record);
  });
  test('a group that a wording does not name, until the page has a value for it', () => {
    const record = recordOf({ wordings: [{ key: 'old-git', regex: 'unsafe repository of somebody else' }] });
    const { issues } = compile(GOOD, record);
    expect(issues.map((i) => [i.severity, i.code])).toEqual([['warning', 'page-group-missing']]);
    expect(issues[0]?.problem).toContain('{{path}}');
    expect(issues[0]?.problem).toContain('wordings[0] (old-git)');
    fails(`---\nvalues: {path: /srv}\n---\n${GOOD}`, [], record);
  });
  test('a placeholder in a block, where nothing fills it in', () => {
    const page = (applied: string) =>
      `---\nvalues: {file: /srv/x}\n---\n${GOOD}`.replace('```applied\ntrue', `\`\`\`applied\n${applied}`);
    fails(page('test -e <file>'), ['8 page-placeholder-literal']);
    fails(page('cat <other >x; cat <in>out'), []);
  });
  test('slots: one line each, as the cell has the file', () => {
    const file = (body: string) => `\`\`\`file /etc/x\n${body}\n\`\`\`\n`;
    const edit = '```edit /etc/x @a\nnew\n```\n';
    const page = (body: string, inCause = edit) => `${file(body)}${GOOD}${inCause}`;
    planOf(page('# @a'));
    planOf(page('# @a-b\n# @a'));
    fails(page('# @a-b'), ['19 page-slot-missing']);
    fails(page('# @a\n; @a'), ['20 page-slot-missing']);
    fails(page('# @a', '```edit /etc/x @a\n# @a\n```\n```edit /etc/x @a\nx\n```\n'), [
      '22 page-slot-missing',
    ]);
    expect(compile(page('# @aa')).issues[0]?.remedy).toBe('did you mean aa?');
    planOf(page('x', `${file('# @a')}${edit}`));
    planOf(page('x', '```edit /etc/y @a\nnew\n```\n'));
    planOf(page('# @a', '```edit /etc/x\n@@ -1 +1 @@\n-# @a\n+# b\n```\n'));
    // An action meets the files that the cause wrote.
    const inAction = `${file('# @a')}${BASE}## Cause: sudo-foreign\n${file('# b')}## Cause: other-account\n\`\`\`run\nx\n\`\`\`\n${APPLIED}## Action: trust-exact\n`;
    fails(`${inAction}${edit}`, ['20 page-slot-missing']);
    fails(`${inAction}### For: other-account, healthy\n${edit}`, []);
  });
  test('services that are there in that cell', () => {
    const page = `${BASE}## Cause: sudo-foreign\n\`\`\`service holder 80\nx\n\`\`\`\n## Cause: other-account\n\`\`\`run\nx\n\`\`\`\n${APPLIED}## Action: trust-exact\n`;
    fails(`${page}\`\`\`stop holder\n\`\`\`\n`, ['17 page-name-unknown']);
    fails(`${page}### For: sudo-foreign\n\`\`\`stop holder\n\`\`\`\n### For: others\n`, []);
  });
});

describe('whatever the bytes', () => {
  const words = [
    ...'---|### On: debian12|### For: others|## Cause: other-account|## Action: chmod-777|## Check: owner'.split(
      '|',
    ),
    ...'```|~~~|```run|```run as=root|```service a 80|```edit /x @a|```attempt|```env|```values|```applied'.split(
      '|',
    ),
    ...'needs: [debian:git]|users: [a]|environments: {a: {}, b: {suite: trixie}}|A=1|# @a|x|{|*a|"|\t|\r'.split(
      '|',
    ),
  ];
  const page = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 300 }),
    fc
      .array(
        fc.oneof({ weight: 9, arbitrary: fc.constantFrom(...words) }, { weight: 1, arbitrary: fc.string() }),
        { maxLength: 30 },
      )
      .map((l) => l.join('\n')),
  );
  test('it never throws, a plan is what the schema accepts, and every issue has its line', () => {
    fc.assert(
      fc.property(page, (text) => {
        const { plan, issues } = compile(text);
        const count = text.split('\n').length;
        for (const i of issues) {
          expect(i.code).not.toBe('page-plan-refused');
          const [, line] = /^line (\d+)$/.exec(i.field) ?? [];
          expect(Number(line)).toBeGreaterThan(0);
          expect(Number(line)).toBeLessThanOrEqual(count + 1);
          for (const part of [i.problem, i.why, i.remedy]) expect(part).not.toBe('');
        }
        expect(plan === null).toBe(issues.some((i) => i.severity === 'error'));
        if (plan) expect(planSchema.parse(plan)).toEqual(plan);
      }),
      { numRuns: 400 },
    );
  });
  test('a large page of anything is no work', () => {
    const start = process.cpuUsage();
    for (const piece of [
      '```\n',
      '```run\n```\n',
      '# ',
      '### On: debian12\n',
      '- ',
      '> ',
      '[',
      '---\n',
      '~~~~ x\n',
      '## Cause: a\n',
      '`',
      ' ',
    ])
      compile(piece.repeat(Math.floor(LAB_LIMITS.maxPageBytes / piece.length)));
    expect(process.cpuUsage(start).user).toBeLessThan(10_000_000);
  });
});
