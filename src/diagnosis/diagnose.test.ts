import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileBook } from '../book/index.ts';
import { recordSchema } from '../record/index.ts';
import { type Diagnosis, DiagnosisSession, diagnose, diagnosisSchema } from './index.ts';
import { diagnosisJsonSchema } from './json-schema.ts';

function bookOf(...records: Record<string, unknown>[]) {
  return compileBook(
    records.map((r) => ({
      record: recordSchema.parse({ domain: 'test', signature: 's', origin: 'authored', ...r }),
    })),
  ).book;
}
const validate = new Ajv2020({ strict: false }).compile(diagnosisJsonSchema());
/** Every answer is one of the published shape, to zod and to an independent judge. */
function valid(diagnosis: Diagnosis): Diagnosis {
  expect(diagnosisSchema.safeParse(diagnosis).error).toBeUndefined();
  expect(validate(diagnosis), JSON.stringify(validate.errors)).toBe(true);
  return diagnosis;
}

const UPSTREAM = {
  id: 'test/upstream',
  regex: 'upstream (?<host>\\S+) said boom',
  title: 'The upstream said boom',
  title_zh: '上游返回了 boom',
  groups: { host: 'host' },
  causes: [
    { key: 'tired', title: 'It is tired' },
    { key: 'gone', title: 'It is gone' },
    { key: 'odd', title: 'It is odd' },
  ],
  checks: [
    {
      key: 'weak',
      question: 'Is it there?',
      command: 'ping {{host}}',
      readings: [{ key: 'yes', exit: 0, means: ['tired', 'odd'] }],
    },
    {
      key: 'strong',
      question: 'What does it say?',
      command: 'ask {{host}}',
      readings: [
        { key: 'yawn', regex: 'yawn', means: ['tired'] },
        { key: 'silence', exit: 7, means: ['gone'] },
      ],
    },
  ],
  workarounds: [
    { key: 'call', action: 'Call them', by: 'operator of the upstream', for: ['tired', 'gone', 'odd'] },
    { key: 'wake', action: 'Wake it', commands: ['wake {{host}} <how>'], for: ['tired'] },
    { key: 'wipe', action: 'Wipe it', risk: 'high', for: ['gone', 'odd'] },
  ],
  dead_ends: [
    {
      key: 'shout',
      action: 'Shout',
      commands: ['shout {{host}}'],
      why_fails: 'It cannot hear',
      fail_rate: 0.7,
    },
  ],
};

describe('one finding', () => {
  const { findings, verdict } = valid(
    diagnose(bookOf(UPSTREAM), 'x\nupstream db.local said boom\nupstream db.local said boom'),
  );
  const finding = findings[0];

  test('says what, where, how often', () => {
    expect(verdict).toBe('match');
    expect(finding).toMatchObject({
      id: 'test/upstream',
      line: 2,
      occurrences: 2,
      tier: 'claimed',
      groups: { host: 'db.local' },
    });
  });
  test('asks the check that leaves the fewest causes, and says what each reading means', () => {
    expect(finding?.next).toMatchObject({ kind: 'check', key: 'strong', commands: ['ask db.local'] });
    expect(finding?.next.readings.map((r) => [r.expect, r.means, r.actions])).toEqual([
      ['yawn', ['tired'], ['wake', 'call']],
      ['exit 7', ['gone'], ['call', 'wipe']],
    ]);
  });
  test('tries low risk and one’s own work first', () => {
    expect(finding?.try.map((t) => t.key)).toEqual(['wake', 'call', 'wipe']);
    expect(finding?.try[0]?.commands).toEqual(['wake db.local <how>']);
  });
  test('shows a claimed rate as claimed and nothing as measured', () => {
    expect(finding?.avoid[0]).toMatchObject({ key: 'shout', claimed: 0.7, lab: null });
  });
});

test('in Chinese the plain fields are Chinese where there is any', () => {
  const [finding] = valid(diagnose(bookOf(UPSTREAM), 'upstream db.local said boom', { lang: 'zh' })).findings;
  expect([finding?.title, finding?.avoid[0]?.action]).toEqual(['上游返回了 boom', 'Shout']);
});

test('a hostile value stays out of commands and of the typed groups', () => {
  const [finding] = valid(diagnose(bookOf(UPSTREAM), 'upstream $(id) said boom')).findings;
  expect(finding?.next.commands).toEqual(['ask <host>']);
  expect([finding?.typed_groups, finding?.groups]).toEqual([{}, { host: '$(id)' }]);
});

test('without a check the next step is the least risky action; up to others only: stop', () => {
  const bare = { ...UPSTREAM, checks: [] };
  expect(diagnose(bookOf(bare), 'upstream h said boom').findings[0]?.next).toMatchObject({
    kind: 'action',
    key: 'wake',
  });
  const others = { ...bare, workarounds: UPSTREAM.workarounds.slice(0, 1) };
  expect(diagnose(bookOf(others), 'upstream h said boom').findings[0]?.next).toMatchObject({
    kind: 'stop',
    key: null,
  });
});

describe('order', () => {
  const book = bookOf(
    { id: 'test/follower', regex: 'quite a special and long follower message \\d+' },
    { id: 'test/root', regex: 'root boom', transition_graph: { leads_to: ['test/follower'] } },
    { id: 'test/other', regex: 'another boom message' },
    { id: 'test/fourth', regex: 'fourth' },
  );
  const text = 'quite a special and long follower message 7\nroot boom\nanother boom message\nfourth';
  test('a finding that another leads to stands behind it; three by default, the rest counted', () => {
    const { findings, more } = valid(diagnose(book, text));
    expect(findings.map((f) => f.id)).not.toContain('test/follower');
    expect(more).toBe(1);
    expect(
      diagnose(book, text, { limit: 9 })
        .findings.map((f) => f.id)
        .at(-1),
    ).toBe('test/follower');
  });
});

describe('none', () => {
  const book = bookOf(UPSTREAM);
  test('is an answer, with the lines where the failure seems to be', () => {
    const text =
      'compiling\n0 errors\nsrc/x.c:14:10: fatal error: zlib.h: No such file or directory\nmake: *** [Makefile:7] Error 1\ndone';
    const { verdict, focus, hint } = valid(diagnose(book, text));
    expect([verdict, hint]).toEqual(['none', null]);
    expect(focus.map((f) => f.line)).toEqual([3, 4]);
  });
  test('hints at LC_ALL=C where the failure speaks another language', () => {
    expect(diagnose(book, '致命错误：无法读取 x').hint).toBe('localised');
  });
  test('has no focus where nothing looks like a failure', () => {
    expect(diagnose(book, 'all good\n12 passed, 0 failed\n').focus).toEqual([]);
  });
  test.each([
    'Main process exited, code=killed, status=9/KILL',
    "'cl' is not recognized as an internal or external command,",
    'The command returned a non-zero code: 100',
    'remote: rejected by the pre-receive hook',
    'checksum mismatch for downloaded artefact',
    'The nightly job is currently failing',
    'worker 3 crashed',
  ])('sees a failure in: %s', (line) => {
    expect(diagnose(book, `start\n${line}\ndone`).focus.map((f) => f.line)).toEqual([2]);
  });
  test('shows three faults rather than three places of one', () => {
    const lines = [1, 2, 3, 4].map((n) => `fatal: worker ${n} cannot open /run/${n}.sock`);
    const text = [...lines, 'error: the journal is missing', 'done'].join('\n');
    expect(diagnose(book, text).focus.map((f) => f.line)).toEqual([1, 5]);
  });
  test('of nothing', () => {
    expect(valid(diagnose(book, '')).lines).toBe(0);
  });
});

describe('words beside patterns', () => {
  const foreign = (id: string, signature: string, regex: string) => ({
    id: `test/${id}`,
    signature,
    regex,
    origin: 'imported',
  });
  const near = foreign(
    'near',
    'zorkd: the frobnicator overheated: call the plumber',
    'frobnicator overheated',
  );
  const exact = foreign(
    'exact',
    'zorkd: frobnicator overheated while gnusto was casting: cool it down first',
    'overheated while gnusto was casting: cool it down first',
  );
  const cut = 'zorkd: frobnicator overheated while gnusto was casting: cool';
  test('a pattern from elsewhere does not hide the record whose message is closer', () => {
    const { verdict, findings } = valid(diagnose(bookOf(near, exact), cut));
    expect(verdict).toBe('match');
    expect(findings.map((f) => [f.id, f.basis])).toEqual([
      ['test/near', 'signature'],
      ['test/exact', 'words'],
    ]);
  });
  test('one of ours stands for itself', () => {
    const { findings } = diagnose(bookOf({ ...near, origin: 'authored' }, exact), cut);
    expect(findings.map((f) => f.id)).toEqual(['test/near']);
  });
  test('a closer match is not accompanied', () => {
    const { findings } = diagnose(bookOf(near, exact), near.signature);
    expect(findings.map((f) => f.id)).toEqual(['test/near']);
  });
  test('a line that does not read like a failure is compared as well', () => {
    const calm = foreign('calm', 'zorkd: gnusto left the spell book open overnight', 'never seen');
    const { verdict, findings } = diagnose(
      bookOf(calm),
      'ok\nzorkd: gnusto left spell book open overnight\nok',
    );
    expect([verdict, findings[0]?.id, findings[0]?.line]).toEqual(['possible', 'test/calm', 2]);
  });
});

test('chunks of any size give the answer of the whole', () => {
  const book = bookOf(UPSTREAM);
  const piece = fc.constantFrom('upstream h said boom', '\n', '\r', 'error: x', '\x1b[1m', '错误', 'x', '\0');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      const session = new DiagnosisSession(book);
      for (const p of pieces) for (const char of p) session.push(char);
      expect(session.end()).toEqual(diagnose(book, pieces.join('')));
    }),
  );
});
