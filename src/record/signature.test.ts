import { expect, test } from 'vitest';
import { parsePattern, signaturePattern, steadyText } from './index.ts';

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
