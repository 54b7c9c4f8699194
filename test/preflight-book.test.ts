/** Every dead end of the book, said in the ways in which any command can be said: each is recognised, and no workaround is. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { type Book, decodePack } from '../src/book/index.ts';
import { checksOf, diagnose } from '../src/diagnosis/index.ts';
import { type FaultAction, type OpenFault, openFaultsOf, preflight } from '../src/preflight/index.ts';
import { ROOT } from './support/cli.ts';

const WHERE = { project: '/srv/site', folder: '/srv/site', home: '/home/dev' };
const quoted = (line: string): string => `'${line.replaceAll("'", "'\\''")}'`;

/** Ways to say a list of commands that change nothing of what is done. */
const WAYS: Readonly<Record<string, (commands: readonly string[]) => string>> = {
  'as it is': (c) => c.join(' && '),
  'one a line': (c) => c.join('\n'),
  'whatever happens': (c) => `${c.join('; ')} || true`,
  'in its folder': (c) => `cd /srv/site && ${c.join(' && ')}`,
  'shortened output': (c) => `(${c.join(' && ')}) 2>&1 | tail -20`,
  'in a shell': (c) => `bash -lc ${quoted(c.join(' && '))}`,
  'in a group': (c) => `{ ${c.join('; ')}; } > out.log 2>&1`,
  'in a condition': (c) => `if [ -f x ]; then ${c.join(' && ')}; fi`,
  'in a loop': (c) => `for i in 1 2 3; do ${c.join(' && ')} && break; done`,
  'after another': (c) => `git status && ${c.join(' && ')} && git diff --stat`,
  'in a here document': (c) => `bash <<'END'\n${c.join('\n')}\nEND`,
};

/** What a reader would put for a placeholder, one word each. */
function filled(command: string): string {
  return command.replace(/<([A-Za-z](?:[A-Za-z0-9 :._-]{0,60}[A-Za-z0-9])?)>/g, (_, name: string) =>
    name.replace(/[^A-Za-z0-9]+/g, '-').toLowerCase(),
  );
}

function faults(): readonly OpenFault[] {
  const book = decodePack(readFileSync(`${ROOT}dist/book.pack`), { trusted: true }).book as Book;
  return book.records.flatMap(({ id }) => {
    const folder = `${ROOT}records/${id}/samples/`;
    const sample = readdirSync(folder).find((name) => name.startsWith('match.'));
    if (sample === undefined) return [];
    const found = diagnose(book, readFileSync(folder + sample, 'utf8'));
    return openFaultsOf(found, (finding) => ({
      command: 'make all',
      below: '',
      nowMs: 0,
      checks: checksOf(finding, book.records),
    })).filter((fault) => fault.id === id);
  });
}

/** Whether it says what it does by itself: what is the failing command, or nothing but a program's name, says too little. */
function isKnown({ commands }: FaultAction): boolean {
  return commands.length > 0 && !/^(?:sudo )?<[^>]*>$/.test(commands[0] as string);
}

test('every dead end of the book is recognised in all the ways in which a command can be said', {
  timeout: 120_000,
}, () => {
  const missed: string[] = [];
  let said = 0;
  let others = 0;
  const wrong: string[] = [];
  for (const fault of faults())
    for (const action of fault.actions.filter(isKnown)) {
      const commands = action.commands.map(filled);
      // Of what is no dead end a few ways will do.
      const ways = Object.entries(WAYS).slice(0, action.kind === 'avoid' ? undefined : 3);
      for (const [way, say] of ways) {
        const line = say(commands);
        const warning = preflight(line, [fault], WHERE);
        if (action.kind === 'avoid') {
          said++;
          if (!warning) missed.push(`${fault.id}#${action.key} (${way})  ${line}`);
        } else {
          others++;
          if (warning) wrong.push(`${fault.id}#${action.key} is ${warning.action.key} (${way})  ${line}`);
        }
      }
    }
  console.log(
    [
      `caught ${said - missed.length} of ${said}, warned in vain of ${wrong.length} of ${others}`,
      ...missed,
      '',
      ...wrong,
    ].join('\n'),
  );
  // What is missed is another action's too (`apt-get install <package>`), or names no program.
  expect(missed.length / said).toBeLessThan(0.05);
  expect(wrong.length / others).toBeLessThan(0.01);
});
