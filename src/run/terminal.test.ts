/** Words for a shell, against real shells. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { shellWord } from './terminal.ts';

const SHELLS = ['/bin/sh', '/bin/dash', '/bin/bash'].filter((shell) => existsSync(shell));
/** No NUL: no argument can hold one. */
const word = fc.oneof(
  fc.string({ unit: 'binary' }).filter((w) => !w.includes('\0')),
  fc.string({
    unit: fc.constantFrom("'", '"', '\\', '$', '`', '\n', ' ', '!', '*', '~', '-', 'a', '\r', '(', ';', '&'),
  }),
);

test.each(SHELLS)('%s gets every word as it is, and runs nothing of it', (shell) => {
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 20 }), (words) => {
      const { stdout } = spawnSync(shell, ['-c', `eval "$WORDS"\nprintf '%s\\0' "$@"`], {
        env: { WORDS: `set -- ${words.map(shellWord).join(' ')}` },
        encoding: 'utf8',
      });
      expect(stdout).toBe(words.map((w) => `${w}\0`).join(''));
    }),
    { numRuns: 150 },
  );
});
