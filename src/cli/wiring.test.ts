import { describe, expect, test } from 'vitest';
import { outlineOf } from './toml.ts';
import { filesOf, hookCommand, type Programs, unwired, WIRINGS, wired } from './wiring.ts';

const NAMES = Object.keys(WIRINGS) as (keyof typeof WIRINGS)[];
const PROGRAMS: Programs = {
  node: '/usr/bin/node',
  hook: '/opt/x/hook.cjs',
  cli: '/opt/x/faultbook.cjs',
  windows: false,
};
const ELSEWHERE: Programs = {
  ...PROGRAMS,
  node: '/n',
  hook: "/it's here/hook.cjs",
  cli: "/it's/faultbook.cjs",
};
/** Agent and file, of all that are JSON. */
const JSON_FILES = NAMES.flatMap((name) =>
  filesOf(name)
    .filter((file) => file.endsWith('.json'))
    .map((file) => [name, file] as const),
);
const TOML = '.codex/config.toml';

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

describe.each(JSON_FILES)('%s, %s', (name, file) => {
  const { file: hookFile, serverFile, skeleton } = WIRINGS[name];

  test('a new file is valid JSON with what is ours in it, and goes when it is taken back', () => {
    const text = wired(null, name, file, PROGRAMS) as string;
    const value = JSON.parse(text);
    if (file === hookFile) expect(JSON.stringify(value.hooks)).toContain('/usr/bin/node /opt/x/hook.cjs');
    if (file === serverFile)
      expect(value.mcpServers.faultbook).toMatchObject({
        command: '/usr/bin/node',
        args: ['/opt/x/faultbook.cjs', 'mcp'],
      });
    expect(text).not.toContain('npx');
    expect(unwired(text, name, file)).toBeNull();
  });

  test.each(FILES)('what is put into %j and taken back leaves no trace', (before) => {
    const after = wired(before, name, file, PROGRAMS) as string;
    const value = JSON.parse(after);
    for (const [key, kept] of Object.entries(JSON.parse(before)))
      if (key !== 'hooks' && key !== 'mcpServers') expect(value[key]).toEqual(kept);
    expect(wired(after, name, file, PROGRAMS), 'twice is once').toBe(after);
    const back = unwired(after, name, file);
    const bare = file === hookFile ? skeleton : {};
    if (JSON.stringify(JSON.parse(before)) === JSON.stringify(bare)) expect(back).toBeNull();
    else if (before.trim() === '{}') expect(JSON.parse(back as string)).toEqual({});
    else expect(back).toBe(before);
  });

  test('a newer place replaces the older one', () => {
    const old = wired(null, name, file, PROGRAMS) as string;
    const now = wired(old, name, file, ELSEWHERE) as string;
    expect(now).not.toContain('/opt/x');
    expect(unwired(now, name, file)).toBeNull();
  });
});

describe('the table of Codex', () => {
  test.each([
    '',
    'model = "m"\n',
    'model = "m"',
    '# mine\n[mcp_servers.other]\ncommand = "x" # [mcp_servers.faultbook]\nargs = [\n  "a",\n  # b ]\n]\n\n[a."b.c"]\nt = """\n[mcp_servers.faultbook]\n"""\n',
    'a = 1\r\n\r\n[[b]]\r\nc = { d = "]" }\r\n',
    "s = '''\n[x]\n'''\n\n\n",
  ])('what is put into %j and taken back leaves no trace', (before) => {
    const after = wired(before, 'codex', TOML, PROGRAMS) as string;
    expect(after.startsWith(before)).toBe(true);
    expect(outlineOf(after)?.tables.at(-1)?.path).toEqual(['mcp_servers', 'faultbook']);
    expect(outlineOf(after)?.keys.slice(-2)).toEqual([
      ['mcp_servers', 'faultbook', 'command'],
      ['mcp_servers', 'faultbook', 'args'],
    ]);
    expect(wired(after, 'codex', TOML, PROGRAMS), 'twice is once').toBe(after);
    const moved = wired(after, 'codex', TOML, ELSEWHERE) as string;
    expect(moved).not.toContain('/opt/x');
    expect(moved).toContain(`command = "/n"`);
    for (const text of [after, moved])
      expect(unwired(text, 'codex', TOML)).toBe(before === '' ? null : before);
  });

  test('what stands behind it stays, and what was added below it goes with it', () => {
    const ours = wired('a = 1\n', 'codex', TOML, PROGRAMS) as string;
    const more = `${ours}enabled = false\n\n[mcp_servers.faultbook.env]\nA = "b"\n\n[z]\ny = 1\n`;
    expect(unwired(more, 'codex', TOML)).toBe('a = 1\n[z]\ny = 1\n');
  });

  test.each([
    'model = ',
    '[a\n',
    'a = "b\n',
    'a = [1\n',
    "a = '''\n",
    'just words\n',
    '[mcp_servers.faultbook]\ncommand = "theirs"\n',
    '[mcp_servers]\nfaultbook = { command = "theirs" }\n',
    'mcp_servers.faultbook.command = "theirs"\n',
    'mcp_servers = {}\n',
    '[mcp_servers."faultbook"]\n',
  ])('%j is not touched', (text) => {
    expect(wired(text, 'codex', TOML, PROGRAMS)).toBeNull();
    expect(unwired(text, 'codex', TOML)).toBeUndefined();
  });
});

test('other servers stay as they are, byte for byte', () => {
  const before =
    '{\n  "mcpServers" : {\n      "b": {"command":   "x"},\n      "a": { }\n  },\n  "z": [1,2]\n}\n';
  for (const name of NAMES.filter((n) => n !== 'codex')) {
    const file = WIRINGS[name].serverFile;
    const after = wired(before, name, file, PROGRAMS) as string;
    expect(after).toContain('"b": {"command":   "x"},\n      "a": { },\n      "faultbook": {');
    expect(JSON.parse(after).mcpServers.faultbook.command).toBe('/usr/bin/node');
    expect(unwired(after, name, file)).toBe(before);
  }
});

test.each([
  ['.claude/settings.local.json', '[]'],
  ['.claude/settings.local.json', '{"hooks": []}'],
  ['.claude/settings.local.json', '{"hooks": {"PostToolUse": {}}}'],
  ['.claude/settings.local.json', '// settings\n{}'],
  ['.mcp.json', '{"a": 1,}'],
  ['.mcp.json', '{"mcpServers": []}'],
  ['.mcp.json', '{"mcpServers": {"faultbook": {"command": "theirs"}}}'],
])('%s: %s is not touched', (file, text) => {
  expect(wired(text, 'claude-code', file, PROGRAMS)).toBeNull();
  expect(unwired(text, 'claude-code', file)).toBeUndefined();
});

test('paths are quoted for the shell that reads them', () => {
  expect(hookCommand('codex', '/a b/node', "/it's/hook.cjs", false)).toBe(
    `'/a b/node' '/it'\\''s/hook.cjs' codex`,
  );
  expect(hookCommand('codex', 'C:\\Program Files\\node.exe', 'C:\\x\\hook.cjs', true)).toBe(
    '"C:\\Program Files\\node.exe" C:\\x\\hook.cjs codex',
  );
});
