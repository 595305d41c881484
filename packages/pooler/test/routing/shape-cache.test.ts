import { Shape } from '../../src/routing/shape';
import { ShapeCache } from '../../src/routing/shape-cache';

function shapeOf(text: string): Shape {
  const shape = new Shape();
  const bytes = Buffer.from(text);
  expect(shape.read(bytes, 0, bytes.length)).toBe(true);
  return shape;
}

test('what was added is found under its shape, and under no other', () => {
  const cache = new ShapeCache<number>({ shapesMax: 4096, weightMax: 10_000 });
  // So few that no place has more than it can keep, wherever the random hashes put them.
  for (let i = 0; i < 100; i++) cache.add(shapeOf(`a${i}`), i, 1);
  for (let i = 0; i < 100; i++) expect(cache.get(shapeOf(`a${i}`))).toBe(i);
  expect(cache.get(shapeOf('a100'))).toBeUndefined();
  expect(cache.get(shapeOf('/* pgweir: primary */a1'))).toBeUndefined();
  expect(cache).toMatchObject({ size: 100, weight: 100 });
});

test('it keeps no more than it may, and of one place what was used', () => {
  const cache = new ShapeCache<number>({ shapesMax: 4, weightMax: 100 });
  for (let i = 0; i < 4; i++) cache.add(shapeOf(`a${i}`), i, 1);
  for (let round = 0; round < 4; round++) expect(cache.get(shapeOf('a3'))).toBe(3);
  for (let i = 4; i < 20; i++) cache.add(shapeOf(`a${i}`), i, 1);
  expect(cache).toMatchObject({ size: 4, weight: 4 });
  expect(cache.get(shapeOf('a3'))).toBe(3);
  expect(cache.get(shapeOf('a19'))).toBe(19);
  expect(cache.get(shapeOf('a10'))).toBeUndefined();
});

test('it forgets everything when it gets too heavy, and does not take what is too heavy alone', () => {
  const cache = new ShapeCache<number>({ shapesMax: 64, weightMax: 10 });
  for (let i = 0; i < 3; i++) cache.add(shapeOf(`a${i}`), i, 4);
  expect(cache.weight).toBe(4);
  expect(cache.get(shapeOf('a2'))).toBe(2);
  cache.add(shapeOf('b'), 7, 11);
  expect(cache.get(shapeOf('b'))).toBeUndefined();
  expect(cache.get(shapeOf('a2'))).toBe(2);
});
