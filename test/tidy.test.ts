/** The shape of the source: who may import whom, what a pure module may touch, what a file may be called. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

interface Rule {
  /** Modules of ours that it may import (through their index.ts). */
  readonly imports: readonly string[];
  /** npm packages that it may import. */
  readonly packages: readonly string[];
  /** No `node:`, no clock, no randomness, no I/O: runs in a browser. */
  readonly pure: boolean;
  /** May start processes: the lab, which does it in isolation, and its provisioning; `run`, the user's own command. */
  readonly processes?: true;
}

/** Imports go one way: record ← book, evidence ← diagnosis ← render; store and lab use those; doors use everything. */
const MODULES: Readonly<Record<string, Rule>> = {
  // yaml: the rules of a peer are YAML. Bundled into what reads record files, never into a diagnosis.
  record: { imports: [], packages: ['zod', 'yaml'], pure: true },
  book: { imports: ['record', 'evidence'], packages: [], pure: true },
  // What a log said is filled into commands where no secret shows in it.
  diagnosis: { imports: ['record', 'book', 'evidence', 'redact'], packages: ['zod'], pure: true },
  evidence: { imports: ['record'], packages: ['zod'], pure: true },
  render: { imports: ['record', 'evidence', 'diagnosis', 'preflight'], packages: [], pure: true },
  redact: { imports: [], packages: [], pure: true },
  // What is open is compared with what is about to be run; of a finding it keeps what is redacted.
  preflight: { imports: ['diagnosis', 'redact'], packages: [], pure: true },
  store: { imports: ['record', 'book', 'evidence', 'preflight', 'redact'], packages: [], pure: false },
  lab: {
    imports: ['record', 'book', 'evidence', 'diagnosis'],
    packages: ['zod', 'yaml'],
    pure: false,
    processes: true,
  },
  // Logs: reads files, in threads of its own program.
  scan: { imports: ['book', 'diagnosis'], packages: [], pure: false },
  // What the user asks to be run, and nothing else: it knows no record and no book.
  run: { imports: [], packages: [], pure: false, processes: true },
  // A door of its own, which the command line opens: its server knows nothing of the command line.
  mcp: {
    imports: ['record', 'evidence', 'diagnosis', 'render', 'preflight', 'store'],
    packages: ['zod', '@modelcontextprotocol/server', '@modelcontextprotocol/server/stdio'],
    pure: false,
  },
  // A door that agents start before and after each command: it loads little.
  hook: { imports: ['evidence', 'diagnosis', 'preflight', 'render', 'store'], packages: [], pure: false },
  cli: {
    imports: [
      // The verb `hook` is that door by another name.
      'hook',
      'mcp',
      'record',
      'book',
      'evidence',
      'diagnosis',
      'render',
      'redact',
      'preflight',
      'store',
      'lab',
      'run',
      'scan',
    ],
    packages: [],
    pure: false,
  },
};
/** The package's two entries; they only re-export. */
const ENTRIES: Readonly<Record<string, Rule>> = {
  'index.ts': { imports: ['record', 'book', 'evidence', 'diagnosis', 'store'], packages: [], pure: false },
  'pure.ts': { imports: ['record', 'book', 'diagnosis', 'render'], packages: [], pure: true },
};
/** Files that may start a process where their module may not, and why. */
const STARTERS: Readonly<Record<string, string>> = {
  'src/cli/pager.ts': 'a page that is longer than the screen goes through the pager of the person',
};
const PROCESSES = /node:(?:child_process|cluster|vm)|\beval\(|new Function\(/;
const EMPTY_WORDS = /(?:^|\/)(?:utils?|helpers?|common|misc|manager|shared)(?:[./-]|$)/i;

interface Import {
  readonly from: string;
  readonly target: string;
}

function filesUnder(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((e) =>
    e.isDirectory() ? filesUnder(join(folder, e.name)) : [join(folder, e.name)],
  );
}
const sources = filesUnder('src').filter((f) => f.endsWith('.ts') && !f.endsWith('.test.ts'));

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  return [...text.matchAll(/(?:\bfrom\s+|\bimport\s*\(\s*|^import\s+)'([^']+)'/gm)].map((m) => ({
    from: file,
    target: m[1] as string,
  }));
}
function resolved({ from, target }: Import): string {
  return relative(root, resolve(root, dirname(from), target));
}
function moduleOf(file: string): string {
  return file.split('/')[1] as string;
}
function ruleOf(file: string): Rule | undefined {
  const name = moduleOf(file);
  return name.endsWith('.ts') ? ENTRIES[name] : MODULES[name];
}

test('every folder of src is a module of the table, and the other way round', () => {
  const folders = readdirSync(join(root, 'src'), { withFileTypes: true });
  expect(
    folders
      .filter((f) => f.isDirectory())
      .map((f) => f.name)
      .sort(),
  ).toEqual(Object.keys(MODULES).sort());
  expect(
    folders
      .filter((f) => f.isFile())
      .map((f) => f.name)
      .sort(),
  ).toEqual(Object.keys(ENTRIES).sort());
});

describe.each(sources)('%s', (file) => {
  const text = readFileSync(join(root, file), 'utf8');
  const rule = ruleOf(file) as Rule;

  test('imports what its module may', () => {
    for (const i of importsOf(file)) {
      if (i.target.startsWith('node:')) expect(rule.pure, i.target).toBe(false);
      else if (!i.target.startsWith('.')) expect(rule.packages, i.target).toContain(i.target);
      else {
        const target = resolved(i);
        if (moduleOf(target) === moduleOf(file)) continue;
        expect(rule.imports, target).toContain(moduleOf(target));
        expect(target, 'modules meet at their index.ts').toMatch(/^src\/[a-z]+\/index\.ts$/);
      }
    }
  });

  test('has no `export *`, and is named after what it holds', () => {
    expect(text).not.toMatch(/^export \*/m);
    expect(file).not.toMatch(EMPTY_WORDS);
  });

  test('starts no process', () => {
    const forbidden =
      rule.processes || Object.hasOwn(STARTERS, file)
        ? /node:(?:cluster|vm)|\beval\(|new Function\(/
        : PROCESSES;
    expect(text).not.toMatch(forbidden);
  });

  if (rule.pure) {
    test('is pure: no clock, no randomness, no environment', () => {
      expect(text).not.toMatch(
        /\bDate\.now|new Date\(\)|Math\.random|performance\.now|\bprocess\.|\bBuffer\b|\bfetch\(/,
      );
    });
  }
});

test('there are no import cycles', () => {
  const edges = new Map(
    sources.map((f) => [
      f,
      importsOf(f)
        .filter((i) => i.target.startsWith('.'))
        .map(resolved),
    ]),
  );
  const state = new Map<string, 'open' | 'done'>();
  const visit = (file: string, path: readonly string[]): void => {
    if (state.get(file) === 'done') return;
    expect(state.get(file), [...path, file].join(' → ')).toBeUndefined();
    state.set(file, 'open');
    for (const next of edges.get(file) ?? []) visit(next, [...path, file]);
    state.set(file, 'done');
  };
  for (const file of sources) visit(file, []);
});

test('every import names a file that is there', () => {
  const known = new Set(filesUnder('src'));
  for (const file of sources) {
    for (const i of importsOf(file))
      if (i.target.startsWith('.')) expect(known, `${file}: ${i.target}`).toContain(resolved(i));
  }
});

describe('the package', () => {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const pkg = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));

  test('has no run-time dependency with an install script, and runs none itself', () => {
    for (const name of Object.keys(pkg.dependencies ?? {})) {
      expect(lock.packages[`node_modules/${name}`].hasInstallScript, name).toBeUndefined();
    }
    expect(Object.keys(pkg.scripts).filter((s) => /^(?:pre|post)?install$|^prepare$/.test(s))).toEqual([]);
  });

  test('pins every dependency exactly', () => {
    for (const version of Object.values({ ...pkg.dependencies, ...pkg.devDependencies })) {
      expect(version).toMatch(/^\d+\.\d+\.\d+$/);
    }
  });

  test('the lock file names no download address', () => {
    expect(JSON.stringify(lock)).not.toMatch(/"resolved":"http/);
  });
});
