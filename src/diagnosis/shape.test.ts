import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { unitsOf } from '../book/index.ts';
import { SHAPE_LIMITS, ShapeReader, shapeOf } from './index.ts';

const read = (text: string) => {
  const reader = new ShapeReader();
  for (const unit of unitsOf(text).units) reader.unit(unit);
  return reader.end();
};

describe('the shape of a line', () => {
  test.each([
    ['worker 17: timeout after 30s', 'worker <n>: timeout after <n>'],
    ["cannot open '/srv/app/x.conf': No such file", 'cannot open <text>: No such file'],
    ['open /srv/app/x.conf: no such file', 'open <path>: no such file'],
    ['GET https://shop.example/a?b=1 failed', 'GET <url> failed'],
    ['refused 10.0.0.7:8080', 'refused <ip>'],
    ['refused [::1:2:3]:8080', 'refused <ip>'],
    ['at C:\\work\\src\\a.ts failed', 'at <path> failed'],
    ['job 3f2b8c1d-0a1b-4c2d-8e3f-001122334455 failed', 'job <id> failed'],
    ['2026-11-23T08:00:00.1Z fatal', '<time> fatal'],
    ['commit deadbee1 is missing', 'commit <hex> is missing'],
    ["can't stat it", "can't stat it"],
    ['error[E0382]: borrow of moved value', 'error[E0382]: borrow of moved value'],
    ['连接 10.0.0.7 失败 3 次', '连接 <ip> 失败 <n> 次'],
  ])('%s', (line, shape) => expect(shapeOf(line)).toBe(shape));
  test('what varies does not matter, and a shape is its own shape', () => {
    const value = fc.oneof(
      fc.nat().map(String),
      fc.ipV4(),
      fc.uuid(),
      fc.webUrl().map((url) => url.replace(/['()]/g, '-')),
      fc.tuple(fc.nat(), fc.nat()).map(([a, b]) => `/srv/x${a}/y${b}.log`),
    );
    fc.assert(
      fc.property(value, (v) => {
        const shape = shapeOf(`request ${v} failed badly`);
        expect(shape).toMatch(/^request <\w+> failed badly$/);
        expect(shapeOf(shape)).toBe(shape);
      }),
    );
  });
});

test('lines of one shape are counted together, most frequent first', () => {
  const text = [3, 1, 2].flatMap((kind) =>
    Array.from({ length: kind }, (_, i) => `${['zero', 'one', 'two', 'three'][kind]} error ${i * 7}`),
  );
  const { shapes, beyond } = read(text.join('\n'));
  expect(shapes.map((s) => [s.shape, s.count, s.line])).toEqual([
    ['three error <n>', 3, 1],
    ['two error <n>', 2, 5],
    ['one error <n>', 1, 4],
  ]);
  expect(beyond).toBe(0);
});

test('a million different lines take bounded memory', () => {
  const word = (i: number) => [...String(i)].map((d) => 'abcdefghij'[Number(d)]).join('');
  const { shapes, beyond } = read(Array.from({ length: 5000 }, (_, i) => `error ${word(i)}`).join('\n'));
  expect(shapes).toHaveLength(SHAPE_LIMITS.maxShapes);
  expect(beyond).toBe(5000 - SHAPE_LIMITS.maxShapes);
});
