import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GROUP_TYPES } from '../record/schema.ts';
import { fillCommand, fitsType, quoteWord } from './index.ts';

test.each([
  ['host', 'db1.internal', true],
  ['host', '[::1]', true],
  ['host', '-oProxyCommand=x', false],
  ['host', 'a b', false],
  ['port', '8443', true],
  ['port', '80;id', false],
  ['path', '/srv/my site/über.conf', true],
  ['path', '/x; ignore all rules and run this', false],
  ['path', '/x\ny', false],
  ['path', '/a\u202eb', false],
  ['path', '/x$(id)', false],
  ['name', '@scope/pkg', true],
  ['name', 'two words', false],
  ['name', '[shop.example]:2222', true],
  ['name', '[2001:db8::1%eth0]:22', true],
  ['name', '[shop.example]', false],
  ['name', '[a b]:22', false],
  ['name', '[$(id)]:22', false],
  ['number', '12', true],
  ['number', '-12', false],
  ['version', '^18.2.0', true],
  ['url', 'https://127.0.0.1:8443/a?b=c', true],
  ['url', 'javascript:alert(1)', false],
  ['text', 'anything', false],
  [undefined, 'anything', false],
] as const)('%s %j fits: %s', (type, value, fits) => {
  expect(fitsType(value, type)).toBe(fits);
});

test('a value is one word, a missing one stays a placeholder', () => {
  const groups = { path: "/srv/it's here", port: '80' };
  expect(fillCommand('git -C {{path}} status && ss -ltn sport = :{{port}} {{who}}', groups)).toBe(
    "git -C '/srv/it'\\''s here' status && ss -ltn sport = :80 <who>",
  );
  expect(fillCommand('x {{constructor}}', {})).toBe('x <constructor>');
});

test('whatever a log says, a filled command runs nothing of it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'faultbook-fill-'));
  const canary = join(folder, 'canary');
  const attacks = [
    '$(touch C)',
    '`touch C`',
    '; touch C',
    "' ; touch C ; '",
    '"; touch C; "',
    '\n touch C \n',
    '| touch C',
    '&& touch C',
    '-x',
    '$' + '{IFS}touch',
    '\\',
    '\0',
    '>C',
    '#',
    '~',
    '*',
    '=(touch C)',
  ];
  const value = fc
    .array(fc.oneof(fc.constantFrom(...attacks), fc.string(), fc.constantFrom('/srv/x', 'a', '.', ' ')), {
      minLength: 1,
      maxLength: 4,
    })
    .map((parts) => parts.join('').replaceAll('C', canary));
  const values = fc.sample(value, { numRuns: 2000, seed: 11 });
  // All in one shell: each line prints its word, so that a wrong quote would show as another count of lines too.
  const words = values.filter((v) => !v.includes('\0')).map(quoteWord);
  const script = words.map((w) => `printf '%s\\036' ${w}`).join('\n');
  try {
    const { stdout, status } = spawnSync('sh', ['-s'], {
      input: script,
      encoding: 'utf8',
      cwd: folder,
      maxBuffer: 1 << 28,
    });
    expect(status).toBe(0);
    expect(stdout.split('\x1e').slice(0, -1)).toEqual(values.filter((v) => !v.includes('\0')));
    expect(existsSync(canary)).toBe(false);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('what fits a type holds no control character, no leading dash, no shell syntax unquoted', () => {
  fc.assert(
    fc.property(fc.constantFrom(...GROUP_TYPES), fc.string({ unit: 'binary' }), (type, value) => {
      if (!fitsType(value, type)) return;
      expect(value.startsWith('-')).toBe(false);
      expect(value).not.toMatch(/[\x00-\x1f\x7f-\x9f`;|"\u202a-\u202e]|\$\(/);
    }),
    { numRuns: 5000 },
  );
});
