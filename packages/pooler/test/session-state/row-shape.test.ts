import { NO_ROWS, shapeOf } from '../../src/session-state/row-shape';

interface Column {
  readonly name: string;
  readonly table?: number;
  readonly position?: number;
  readonly type?: number;
  readonly length?: number;
  readonly modifier?: number;
  readonly format?: number;
}

function description(...columns: readonly Column[]): Buffer {
  const count = Buffer.alloc(2);
  count.writeUInt16BE(columns.length);
  const parts = columns.map((column) => {
    const {
      name,
      table = 0,
      position = 0,
      type = 23,
      length = 4,
      modifier = -1,
      format = 0,
    } = column;
    const fields = Buffer.alloc(18);
    fields.writeInt32BE(table, 0);
    fields.writeInt16BE(position, 4);
    fields.writeInt32BE(type, 6);
    fields.writeInt16BE(length, 10);
    fields.writeInt32BE(modifier, 12);
    fields.writeInt16BE(format, 16);
    return Buffer.concat([Buffer.from(`${name}\0`), fields]);
  });
  return Buffer.concat([count, ...parts]);
}

const PLAIN = shapeOf(description({ name: 'a' }, { name: 'b', type: 25, length: -1 }));

test('the origin of a column and the format it is sent in do not count', () => {
  const other = description(
    { name: 'a', table: 16_384, position: 3, format: 1 },
    { name: 'b', type: 25, length: -1, format: 1 },
  );
  expect(shapeOf(other)).toBe(PLAIN);
});

test.each([
  ['a name', description({ name: 'c' }, { name: 'b', type: 25, length: -1 })],
  ['a type', description({ name: 'a', type: 20 }, { name: 'b', type: 25, length: -1 })],
  ['a length', description({ name: 'a' }, { name: 'b', type: 25, length: 4 })],
  ['a modifier', description({ name: 'a' }, { name: 'b', type: 25, length: -1, modifier: 9 })],
  ['the order', description({ name: 'b', type: 25, length: -1 }, { name: 'a' })],
  ['the number of columns', description({ name: 'a' })],
])('%s counts', (_what, other) => {
  expect(shapeOf(other)).not.toBe(PLAIN);
});

test('no description has the numbers that mean something else', () => {
  for (let i = 0; i < 2000; i++) {
    const shape = shapeOf(description({ name: `column ${i}`, type: i }));
    expect(shape).not.toBe(0);
    expect(shape).not.toBe(NO_ROWS);
  }
  expect(shapeOf(description())).not.toBe(NO_ROWS);
});

test('a description that is cut is no reason to read beyond it', () => {
  const whole = description({ name: 'a' }, { name: 'b' });
  for (let end = 0; end < whole.length; end++) {
    expect(shapeOf(Buffer.from(whole.subarray(0, end)))).not.toBe(0);
  }
});
