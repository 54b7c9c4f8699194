/** Annotations as the runner reads them, and GitHub's limits. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileBook } from '../book/index.ts';
import { type Diagnosis, diagnose } from '../diagnosis/index.ts';
import { parseRecord } from '../record/index.ts';
import { type DiagnosedInput, GITHUB_LIMITS, renderGithub, renderSummary } from './index.ts';

const { record } = parseRecord({
  id: 'test/refused',
  domain: 'test',
  origin: 'authored',
  title: 'The upstream, 100 % of it, refused: twice',
  signature: 'upstream refused us',
  regex: 'upstream refused us',
});
if (!record) throw new Error('no record');
const { book } = compileBook([{ record }]);
const known = diagnose(book, 'start\nupstream refused us\n');
const none = diagnose(book, 'all is well\n');

interface Command {
  readonly name: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly message: string;
}

/** What actions/runner makes of a line (ActionCommand.TryParseV2, UnescapeProperty, UnescapeData), said again simply. */
function readCommand(line: string): Command | null {
  const start = line.trimStart();
  if (!start.startsWith('::')) return null;
  const end = start.indexOf('::', 2);
  if (end < 0) return null;
  const [name = '', ...rest] = start.slice(2, end).split(' ');
  const data = (text: string) => text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%');
  const property = (text: string) =>
    text
      .replaceAll('%0D', '\r')
      .replaceAll('%0A', '\n')
      .replaceAll('%3A', ':')
      .replaceAll('%2C', ',')
      .replaceAll('%25', '%');
  const pairs = rest
    .join(' ')
    .split(',')
    .map((p) => [p.slice(0, p.indexOf('=')), property(p.slice(p.indexOf('=') + 1))]);
  return { name, properties: Object.fromEntries(pairs), message: data(start.slice(end + 2)) };
}

function commandsOf(inputs: readonly DiagnosedInput[]): Command[] {
  return renderGithub(inputs, { lang: 'en' })
    .split('\n')
    .flatMap((line) => readCommand(line) ?? []);
}

function many(diagnosis: Diagnosis, count: number): DiagnosedInput[] {
  return Array.from({ length: count }, (_, i) => ({ source: `logs/${i}.log`, diagnosis }));
}

function withFinding(change: object): Diagnosis {
  return { ...known, findings: known.findings.map((f) => ({ ...f, ...change })) };
}

test('an error with file, line, title; what has a meaning in commands is escaped', () => {
  expect(commandsOf([{ source: 'logs/a,b: 100%.log', diagnosis: known }])).toEqual([
    {
      name: 'error',
      properties: { file: 'logs/a,b: 100%.log', line: '2', title: 'Known: test/refused' },
      message: [
        'The upstream, 100 % of it, refused: twice (line 2; claimed: not yet tested in the lab)',
        '> upstream refused us',
        'STOP: no action is known for it',
        'More: faultbook explain test/refused',
      ].join('\n'),
    },
  ]);
});

test('what stands in a log or a path is read back as it was, and never as a command or property', () => {
  const text = fc
    .array(
      fc.oneof(
        fc.constantFrom('%', '%0A', '%25', '::', ':', ',', '=', ',line=7', '::error::', ' ', '\r', '\\'),
        fc.string({ maxLength: 6 }),
      ),
      { minLength: 1, maxLength: 10 },
    )
    .map((parts) => parts.join('').replaceAll('\n', ' '));
  // What cannot be seen is shown otherwise: not of interest here.
  const printable = text.filter((t) => /^[\x21-\x7e]+$/.test(t) && t !== '-' && !/^::|##\w*\[/.test(t));
  fc.assert(
    fc.property(printable, printable, (source, excerpt) => {
      const commands = commandsOf([{ source, diagnosis: withFinding({ excerpt }) }]);
      expect(commands).toHaveLength(1);
      expect(Object.keys(commands[0]?.properties ?? {})).toEqual(['file', 'line', 'title']);
      expect(commands[0]?.properties.file).toBe(source);
      expect(commands[0]?.message.split('\n')[1]).toBe(`> ${excerpt}`);
    }),
    { numRuns: 300 },
  );
});

test('standard input has no file; possible is a warning; nothing known is plain text', () => {
  expect(commandsOf([{ source: '-', diagnosis: known }])[0]?.properties).toEqual({
    title: 'Known: test/refused',
  });
  expect(commandsOf([{ source: '-', diagnosis: withFinding({ verdict: 'possible' }) }])[0]).toMatchObject({
    name: 'warning',
    properties: { title: 'Possibly: test/refused' },
  });
  expect(renderGithub([{ source: 'a.log', diagnosis: none }], { lang: 'en' })).toBe(
    'a.log: faultbook: none. No known error in 1 line.\n',
  );
});

test('ten of a kind; the others are counted in the step’s log', () => {
  const inputs = [...many(known, 13), ...many(withFinding({ verdict: 'possible' }), 11)];
  const kinds = commandsOf(inputs).map((c) => c.name);
  expect(kinds.filter((k) => k === 'error')).toHaveLength(GITHUB_LIMITS.annotationsPerKind);
  expect(kinds.filter((k) => k === 'warning')).toHaveLength(GITHUB_LIMITS.annotationsPerKind);
  const text = renderGithub(inputs, { lang: 'en' });
  expect(text).toContain('\n3 more of kind error not annotated:');
  expect(text).toContain('\n1 more of kind warning not annotated:');
});

test('a message is cut by us, with a mark, before the runner cuts it', () => {
  const long = withFinding({
    next: { ...known.findings[0]?.next, kind: 'stop' },
    try: Array.from({ length: 60 }, (_, i) => ({
      key: `k${i}`,
      action: 'Do it',
      action_zh: null,
      // Spaces cost no tokens, so only the limit of characters holds here.
      commands: [`x${' '.repeat(150)}y`],
      lab: null,
      claimed: null,
      risk: 'low',
      by: 'you',
      for: ['a'],
      how: null,
      how_zh: null,
    })),
  });
  const [command] = commandsOf([{ source: 'a.log', diagnosis: long }]);
  expect(command?.message).toHaveLength(GITHUB_LIMITS.messageChars);
  expect(command?.message).toMatch(/…$/);
});

test('a summary fits what it is given, in whole sections, and counts the rest', () => {
  const inputs = many(known, 40);
  const whole = renderSummary(inputs, { lang: 'en' });
  const size = new TextEncoder().encode(whole).length;
  expect(whole.match(/^### /gm)).toHaveLength(40);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: size }), fc.constantFrom('en', 'zh'), (maxBytes, lang) => {
      const text = renderSummary(inputs, { lang, maxBytes });
      expect(new TextEncoder().encode(text).length).toBeLessThanOrEqual(maxBytes);
      const shown = text.match(/^### /gm)?.length ?? 0;
      if (text !== '' && shown < 40) expect(text).toMatch(new RegExp(`(?:^|\\D)${40 - shown} `));
      expect((text.match(/^```/gm) ?? []).length).toBe(2 * shown);
    }),
  );
  // A whole log tree's worth of sections stays below GitHub's megabyte.
  const huge = renderSummary(many(known, 10_000), { lang: 'en' });
  expect(new TextEncoder().encode(huge).length).toBeLessThanOrEqual(GITHUB_LIMITS.summaryBytes);
  expect(huge).toMatch(/\n\d+ more entries are not shown: GitHub shows no summary of more than 1 MiB\.\n$/);
});

test('a summary has no link and no image that a log or a foreign record wrote', () => {
  const excerpt = '``` ![x](http://evil/x) [y](http://evil/y) <img src=x> https://evil/z @someone #7';
  const text = renderSummary(
    [
      { source: '`![a](http://evil/a)`.log', diagnosis: withFinding({ excerpt }) },
      {
        source: 'https://evil/b',
        diagnosis: withFinding({ origin: 'imported', trusted: false, title: 'see https://evil/c ![x](y)' }),
      },
    ],
    { lang: 'en' },
  );
  // Without fenced blocks and code spans nothing of it is left.
  const prose = text.replace(/^(`{3,})text\n.*?\n\1$/gms, '').replace(/(?<!`)(`+)(?!`).+?(?<!`)\1(?!`)/g, '');
  expect(prose).not.toMatch(/evil|<img|@someone/);
});
