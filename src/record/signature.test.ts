import { expect, test } from 'vitest';
import { parsePattern, proposePattern, signaturePattern, steadyText } from './index.ts';

test.each([
  [
    "fatal: detected dubious ownership in repository at '/srv/site'",
    "fatal: detected dubious ownership in repository at '(?<path>[^']+)'",
    { path: 'path' },
  ],
  [
    "src/a.ts(3,20): error TS2307: Cannot find module './x' or its corresponding type declarations.",
    "src/a\\.ts\\(\\d+,\\d+\\): error TS2307: Cannot find module '(?<path>[^']+)' or its corresponding type declarations\\.",
    { path: 'path' },
  ],
  [
    'Error: connect ECONNREFUSED 127.0.0.1:5432',
    'Error: connect ECONNREFUSED (?<host>[\\w.-]+):(?<port>\\d+)',
    { host: 'host', port: 'port' },
  ],
  [
    'FATAL:  role "deploy" does not exist in "shop"',
    'FATAL:  role "(?<name>[^"]+)" does not exist in "(?<name2>[^"]+)"',
    { name: 'name', name2: 'name' },
  ],
  [
    'open(/var/run/x.sock) failed after 30 seconds',
    'open\\((?<path>/\\S+)\\) failed after \\d+ seconds',
    { path: 'path' },
  ],
  [
    'The public key is not available: NO_PUBKEY 1D5604CFDCD06227',
    'The public key is not available: NO_PUBKEY [0-9a-fA-F]+',
    {},
  ],
  ['fatal: bad object e83c5163316f89bfbde7d9ab23ca2e25604af290', 'fatal: bad object [0-9a-fA-F]+', {}],
])('%s', (line, regex, groups) => {
  expect(proposePattern(line)).toEqual({ regex, groups });
  const { pattern, issue } = parsePattern(regex) as { pattern: unknown; issue?: unknown };
  expect([pattern !== null, issue ?? null]).toEqual([true, null]);
  expect(new RegExp(regex).test(line)).toBe(true);
});

test('too little text is no pattern', () => expect(proposePattern('Error: 13')).toBeNull());

test.each([
  ["error TS2307: Cannot find module './x' at 14:10", 'error TS2307: Cannot find module at'],
  ['error[E0382]: borrow of `v`', 'error[E0382]: borrow of'],
  ['ORA12154 after 30 s on 10.0.0.7:1521', 'ORA12154 after s on'],
  ['cuda12 on node20: 0A000410', 'cuda on node :'],
])('%s keeps its code and loses what varies', (signature, steady) => {
  expect(steadyText(signature).replace(/\s+/g, ' ').trim()).toBe(steady);
});

test('a pattern made of a signature demands its code', () => {
  const { pattern } = parsePattern(signaturePattern("error TS2322: Type '{0}' is not assignable") ?? '', {
    ignoreCase: true,
  });
  const regex = new RegExp(signaturePattern("error TS2322: Type 'X' is not assignable") ?? '', 'i');
  expect(pattern).not.toBeNull();
  expect(regex.test("a.ts(1,2): error TS2322: Type 'string' is not assignable to type 'number'")).toBe(true);
  expect(regex.test("a.ts(1,2): error TS2345: Type 'string' is not assignable to type 'number'")).toBe(false);
});
