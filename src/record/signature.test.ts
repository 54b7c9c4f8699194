import { expect, test } from 'vitest';
import { parsePattern, proposePattern } from './index.ts';

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
])('%s', (line, regex, groups) => {
  expect(proposePattern(line)).toEqual({ regex, groups });
  const { pattern, issue } = parsePattern(regex) as { pattern: unknown; issue?: unknown };
  expect([pattern !== null, issue ?? null]).toEqual([true, null]);
  expect(new RegExp(regex).test(line)).toBe(true);
});

test('too little text is no pattern', () => expect(proposePattern('Error: 13')).toBeNull());
