import { bindText } from '../../src/session-state/bind-values';
import type { Message } from '../../src/session-state/statement-messages';

interface Shape {
  readonly portal?: string;
  readonly name?: string;
  readonly formats?: readonly number[];
  readonly values: readonly (string | null)[];
  readonly resultFormats?: readonly number[];
}

const int16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
};

const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

function bindBody({ portal = '', name = '', formats = [], values, resultFormats = [] }: Shape) {
  return Buffer.concat([
    Buffer.from(`${portal}\0${name}\0`),
    int16(formats.length),
    ...formats.map(int16),
    int16(values.length),
    ...values.map((value) => {
      if (value === null) return int32(-1);
      const bytes = Buffer.from(value);
      return Buffer.concat([int32(bytes.length), bytes]);
    }),
    int16(resultFormats.length),
    ...resultFormats.map(int16),
  ]);
}

/** The body somewhere inside a larger chunk, between bytes that are not its own. */
function message(body: Buffer, arrived = body.length): Message {
  const buffer = Buffer.concat([
    Buffer.alloc(3, 0),
    body.subarray(0, arrived),
    Buffer.alloc(40, 1),
  ]);
  return { buffer, start: 3, end: 3 + arrived, bodyLength: body.length };
}

const SHAPES: readonly Shape[] = [
  { values: ['work_mem', '1MB'] },
  { values: ['work_mem', '1MB'], name: 's1', portal: 'p1' },
  { values: ['work_mem', '1MB'], formats: [1] },
  { values: ['work_mem', '1MB'], formats: [0, 1], resultFormats: [1] },
  { values: ['work_mem', ''], formats: [0], name: 'é', resultFormats: [0, 1, 1] },
  { values: ['', 'x'] },
  { values: ['é日💡', 'x'] },
];

test.each(SHAPES)('each parameter of %j is found by its number', (shape) => {
  const body = message(bindBody(shape));
  for (const [index, value] of shape.values.entries())
    expect(bindText(body, index + 1)).toBe(value);
});

test('NULL has no text, and the parameter behind it is found', () => {
  const body = message(bindBody({ values: [null, 'b', null, 'd'] }));
  expect([1, 2, 3, 4].map((number) => bindText(body, number))).toEqual([
    undefined,
    'b',
    undefined,
    'd',
  ]);
});

test('a number that is not there has no text', () => {
  expect(bindText(message(bindBody({ values: [] })), 1)).toBeUndefined();
  expect(bindText(message(bindBody({ values: ['a'] })), 2)).toBeUndefined();
  expect(bindText(message(bindBody({ values: ['a'] })), 65_535)).toBeUndefined();
});

test.each(SHAPES)('of %j cut anywhere nothing is read that has not arrived', (shape) => {
  const body = bindBody(shape);
  for (let arrived = 0; arrived < body.length; arrived++) {
    const cut = message(body, arrived);
    for (const [index, value] of shape.values.entries()) {
      // What is there in full may be read; nothing else may be made of the rest.
      expect([value, undefined]).toContain(bindText(cut, index + 1));
    }
  }
});

test('lengths that make no sense are read by nobody', () => {
  const huge = Buffer.concat([Buffer.from('\0\0'), int16(0), int16(1), int32(0x7fffffff)]);
  expect(bindText(message(huge), 1)).toBeUndefined();
  const below = Buffer.concat([Buffer.from('\0\0'), int16(0), int16(2), int32(-5), int32(-1)]);
  expect(bindText(message(below), 1)).toBeUndefined();
  const formats = Buffer.concat([Buffer.from('\0\0'), int16(65_535), int16(1)]);
  expect(bindText(message(formats), 1)).toBeUndefined();
  expect(bindText(message(Buffer.alloc(0)), 1)).toBeUndefined();
  expect(bindText(message(Buffer.from('no end')), 1)).toBeUndefined();
});
