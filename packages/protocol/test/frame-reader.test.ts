import * as fc from 'fast-check';
import { FrameReader, HEADER_BYTES, ProtocolViolation } from '../src';
import { type Frame, readFrames, wireBytes } from './transcript';

const BODY_BYTES_MAX = 1000;

function header(tag: number, length: number): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES);
  bytes[0] = tag;
  bytes.writeInt32BE(length, 1);
  return bytes;
}

test('a whole header gives tag and length and the offset behind it', () => {
  const reader = new FrameReader(BODY_BYTES_MAX);
  const chunk = Buffer.concat([Buffer.alloc(3), header(0x51, 10), Buffer.alloc(2)]);
  expect(reader.readHeader(chunk, 3, chunk.length)).toBe(8);
  expect(reader).toMatchObject({ tag: 0x51, bodyLength: 6, bodyLeft: 6, headerWasCut: false });
  expect(reader.takeBody(8, chunk.length)).toBe(10);
  expect(reader.bodyLeft).toBe(4);
  expect(reader.atBoundary).toBe(false);
});

test('a frame without a body ends with its header', () => {
  const reader = new FrameReader(BODY_BYTES_MAX);
  expect(reader.readHeader(header(0x53, 4), 0, 5)).toBe(5);
  expect(reader.bodyLeft).toBe(0);
  expect(reader.atBoundary).toBe(true);
});

test('a header is not read beyond the end that the caller names', () => {
  const reader = new FrameReader(BODY_BYTES_MAX);
  expect(reader.readHeader(header(0x51, 10), 0, 4)).toBe(-1);
  expect(reader.heldLength).toBe(4);
  expect(reader.atBoundary).toBe(false);
});

test.each([1, 2, 3, 4])('a header cut after %d bytes is held, completed and given back', (cut) => {
  const reader = new FrameReader(BODY_BYTES_MAX);
  const bytes = header(0x44, 9);
  expect(reader.readHeader(bytes, 0, cut)).toBe(-1);
  const chunk = Buffer.concat([bytes.subarray(cut), Buffer.alloc(5)]);
  expect(reader.readHeader(chunk, 0, chunk.length)).toBe(HEADER_BYTES - cut);
  expect(reader).toMatchObject({ tag: 0x44, bodyLeft: 5, headerWasCut: true, heldLength: 0 });
  expect(reader.headerBytes()).toEqual(bytes);
});

test("the header's bytes are the caller's, and do not change with the next frame", () => {
  const reader = new FrameReader(BODY_BYTES_MAX);
  reader.readHeader(header(0x44, 9), 0, 5);
  const bytes = reader.headerBytes();
  reader.takeBody(0, 5);
  reader.readHeader(header(0x45, 4), 0, 5);
  expect(bytes).toEqual(header(0x44, 9));
  expect(reader.headerBytes()).toEqual(header(0x45, 4));
});

test('an empty chunk changes nothing', () => {
  const reader = new FrameReader(BODY_BYTES_MAX);
  expect(reader.readHeader(Buffer.alloc(0), 0, 0)).toBe(-1);
  expect(reader.atBoundary).toBe(true);
  reader.readHeader(header(0x44, 4).subarray(0, 2), 0, 2);
  expect(reader.readHeader(Buffer.alloc(0), 0, 0)).toBe(-1);
  expect(reader.heldLength).toBe(2);
});

test('a header that comes whole after a cut one is not called cut', () => {
  const reader = new FrameReader(BODY_BYTES_MAX);
  for (const byte of header(0x44, 4)) reader.readHeader(Buffer.of(byte), 0, 1);
  reader.readHeader(header(0x45, 4), 0, 5);
  expect(reader.headerWasCut).toBe(false);
});

const badLengths = [
  0,
  1,
  3,
  -1,
  -2147483648,
  2147483647,
  BODY_BYTES_MAX + 5,
  0x48545450, // an HTTP request's first bytes
];

describe.each(badLengths)('a length of %d', (length) => {
  test('is a violation that names tag and length, in one chunk', () => {
    const reader = new FrameReader(BODY_BYTES_MAX);
    expect(violationOf(() => reader.readHeader(header(0x51, length), 0, 5))).toMatchObject({
      key: 'badFrameLength',
      sqlstate: '08P01',
      tag: 0x51,
      length,
    });
  });

  test('is a violation one byte at a time too', () => {
    const reader = new FrameReader(BODY_BYTES_MAX);
    const bytes = [...header(0x51, length)];
    const last = bytes.pop() ?? 0;
    for (const byte of bytes) expect(reader.readHeader(Buffer.of(byte), 0, 1)).toBe(-1);
    expect(violationOf(() => reader.readHeader(Buffer.of(last), 0, 1))).toMatchObject({ length });
  });
});

test.each([4, BODY_BYTES_MAX + 4])('a length of %d is within the limits', (length) => {
  const reader = new FrameReader(BODY_BYTES_MAX);
  expect(reader.readHeader(header(0x51, length), 0, 5)).toBe(5);
  expect(reader.bodyLeft).toBe(length - 4);
});

test('a limit that changes counts for the next frame', () => {
  const reader = new FrameReader(10);
  reader.readHeader(header(0x51, 14), 0, 5);
  reader.bodyBytesMax = 9;
  reader.takeBody(0, 10);
  expect(() => reader.readHeader(header(0x51, 14), 0, 5)).toThrow(ProtocolViolation);
});

test('a reset forgets a cut header and a body in progress', () => {
  const reader = new FrameReader(BODY_BYTES_MAX);
  reader.readHeader(header(0x51, 10), 0, 3);
  reader.reset();
  expect(reader.atBoundary).toBe(true);
  reader.readHeader(header(0x51, 10), 0, 5);
  reader.reset();
  expect(reader.atBoundary).toBe(true);
  expect(reader.readHeader(header(0x58, 4), 0, 5)).toBe(5);
  expect(reader.tag).toBe(0x58);
});

test('any frames come out of any chunking as they went in', () => {
  const frame: fc.Arbitrary<Frame> = fc.record({
    tag: fc.integer({ min: 0, max: 255 }).map((byte) => String.fromCharCode(byte)),
    body: fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
  });
  const sizes = fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 60 });
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 12 }), sizes, (frames, chunkSizes) => {
      const bytes = wireBytes(frames);
      const chunks: Buffer[] = [];
      let at = 0;
      for (const size of chunkSizes) {
        chunks.push(bytes.subarray(at, at + size));
        at = Math.min(bytes.length, at + size);
      }
      chunks.push(bytes.subarray(at));
      const reader = new FrameReader(BODY_BYTES_MAX);
      expect(readFrames(reader, chunks)).toEqual(frames);
      expect(reader.atBoundary).toBe(true);
    }),
  );
});

test('any bytes in any chunking are frames or a violation, and at most a header is held', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 20 }), (arrays) => {
      const reader = new FrameReader(BODY_BYTES_MAX);
      const chunks = arrays.map((bytes) => Buffer.from(bytes));
      try {
        readFrames(reader, chunks);
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolViolation);
      }
      expect(reader.heldLength).toBeLessThan(HEADER_BYTES);
      expect(reader.bodyLeft).toBeLessThanOrEqual(BODY_BYTES_MAX);
    }),
  );
});

function violationOf(action: () => void): unknown {
  try {
    action();
  } catch (error) {
    expect(error).toBeInstanceOf(ProtocolViolation);
    return error;
  }
  throw new Error('no violation');
}
