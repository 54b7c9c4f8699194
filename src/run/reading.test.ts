/** Reading what was kept: what a pager painted is gone, the numbers are those of the whole output. */
import { expect, test } from 'vitest';
import { Keeper } from './kept.ts';
import { endsInterrupted, readKept } from './reading.ts';

function read(text: string, fromTerminal = false) {
  const keeper = new Keeper();
  keeper.take(Buffer.from(text));
  return readKept(keeper.kept(), fromTerminal);
}
const ENTER = '\x1b[?1049h';
const LEAVE = '\x1b[?1049l';

test('what was on the second screen is dropped, and line numbers go on behind it', () => {
  const { text, lineOf } = read(`a\n${ENTER}error in a pager\nfatal\n${LEAVE}b\nc\n`);
  expect(text).toBe('a\nb\nc\n');
  expect([1, 2, 3].map(lineOf)).toEqual([1, 4, 5]);
});

test.each([
  ['never left', `a\n${ENTER}fatal: x\n`, 'a\n'],
  ['left without having been entered', `fatal: x\n${LEAVE}b\n`, 'b\n'],
  ['twice', `${ENTER}x${LEAVE}a\n${ENTER}y${LEAVE}b\n`, 'a\nb\n'],
  ['the older modes', '\x1b[?47hx\x1b[?47la\n\x1b[?1047hy\x1b[?1047lb\n', 'a\nb\n'],
  ['nothing of it', 'a\n\x1b[1mb\x1b[0m\n', 'a\n\x1b[1mb\x1b[0m\n'],
])('%s', (_, whole, shown) => {
  expect(read(whole).text).toBe(shown);
});

test('the lines that `script` adds are no output', () => {
  const record =
    'Script started on 2026-11-23 10:00:00+00:00 [COMMAND="x"]\nboom\n\nScript done on 2026 [COMMAND_EXIT_CODE="1"]\n';
  const { text, lineOf } = read(record, true);
  expect(text).toBe('boom\n');
  expect(lineOf(1)).toBe(1);
  expect(read(record).text).toBe(record);
});

test('a Ctrl-C is seen where the terminal showed it last, not where it was long ago', () => {
  expect(endsInterrupted('building\n^Cmake: *** [all] Interrupt\n')).toBe(true);
  expect(endsInterrupted(`^C\n${'x'.repeat(5000)}`)).toBe(false);
});
