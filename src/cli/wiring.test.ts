import { describe, expect, test } from 'vitest';
import { hookCommand, WIRINGS, withHooks, withoutHooks } from './wiring.ts';

const NAMES = Object.keys(WIRINGS) as (keyof typeof WIRINGS)[];
const COMMAND = (name: (typeof NAMES)[number]) =>
  hookCommand(name, '/usr/bin/node', '/opt/x/hook.cjs', false);

/** Files as people have them: what stands in them beside our entries must not change by a byte. */
const FILES = [
  '{}\n',
  '{}',
  '{"a":1}',
  '{ "a": [1, 2], "b": "}" }\n',
  '{\n  "permissions": {\n    "allow": ["Bash(ls)"]\n  }\n}\n',
  '{\r\n\t"a": "\\"hooks\\": {",\r\n\t"b": {"c": [{}]}\r\n}\r\n',
  '{\n  "hooks": {\n    "Stop": [\n      {\n        "hooks": [\n          {\n            "type": "command",\n            "command": "say done"\n          }\n        ]\n      }\n    ]\n  },\n  "z": null\n}\n',
];

describe.each(NAMES)('%s', (name) => {
  test('a new file is valid JSON with our command in it, and goes when it is taken back', () => {
    const text = withHooks(null, name, COMMAND(name)) as string;
    expect(JSON.parse(text)).toHaveProperty('hooks');
    expect(text).toContain('/usr/bin/node /opt/x/hook.cjs');
    expect(text).not.toContain('npx');
    expect(withoutHooks(text, name)).toBeNull();
  });

  test.each(FILES)('what is put into %j and taken back leaves no trace', (before) => {
    const after = withHooks(before, name, COMMAND(name)) as string;
    const value = JSON.parse(after);
    for (const [key, kept] of Object.entries(JSON.parse(before)))
      if (key !== 'hooks') expect(value[key]).toEqual(kept);
    expect(withHooks(after, name, COMMAND(name)), 'twice is once').toBe(after);
    const back = withoutHooks(after, name);
    if (JSON.stringify(JSON.parse(before)) === JSON.stringify(WIRINGS[name].skeleton))
      expect(back).toBeNull();
    else if (before.trim() === '{}') expect(JSON.parse(back as string)).toEqual({});
    else expect(back).toBe(before);
  });

  test('a newer place replaces the older one', () => {
    const old = withHooks(null, name, COMMAND(name)) as string;
    const now = withHooks(old, name, hookCommand(name, '/n', "/it's here/hook.cjs", false)) as string;
    expect(now).not.toContain('/opt/x');
    expect(withoutHooks(now, name)).toBeNull();
  });
});

test.each([
  ['[]'],
  ['{"hooks": []}'],
  ['{"hooks": {"PostToolUse": {}}}'],
  ['// settings\n{}'],
  ['{"a": 1,}'],
])('%s is not touched', (text) => {
  expect(withHooks(text, 'claude-code', 'x')).toBeNull();
  expect(withoutHooks(text, 'claude-code')).toBeUndefined();
});

test('paths are quoted for the shell that reads them', () => {
  expect(hookCommand('codex', '/a b/node', "/it's/hook.cjs", false)).toBe(
    `'/a b/node' '/it'\\''s/hook.cjs' codex`,
  );
  expect(hookCommand('codex', 'C:\\Program Files\\node.exe', 'C:\\x\\hook.cjs', true)).toBe(
    '"C:\\Program Files\\node.exe" C:\\x\\hook.cjs codex',
  );
});
