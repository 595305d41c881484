import * as fc from 'fast-check';
import {
  decodeAuthentication,
  decodeBackendKeyData,
  decodeCommandTag,
  decodeNegotiateProtocolVersion,
  decodeNotice,
  decodeParameterStatus,
  decodePasswordMessage,
  decodeQuery,
  decodeSaslInitialResponse,
  ProtocolViolation,
} from '../src';
import { loadTranscripts } from './transcript';

const RUNS = 1000;
const decoders = [
  decodeAuthentication,
  decodeBackendKeyData,
  decodeCommandTag,
  decodeNegotiateProtocolVersion,
  decodeNotice,
  decodeParameterStatus,
  decodePasswordMessage,
  decodeQuery,
  decodeSaslInitialResponse,
] as const;

const recorded = loadTranscripts()
  .flatMap(({ client, server }) => [...client, ...server])
  .map(({ body }) => body);

/** Lengths that break careless code: none, negative, huge, and just beside the limits. */
const lengths = [0, -1, -2, 1, 3, 4, 255, 65536, 0x7fffffff, -0x80000000].map((value) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
});

const anyBytes = fc.uint8Array({ maxLength: 64 }).map((bytes) => Buffer.from(bytes));
const aroundLengths = fc
  .array(fc.oneof(fc.constantFrom(...lengths), anyBytes, fc.constant(Buffer.from('a\0'))), {
    maxLength: 5,
  })
  .map((parts) => Buffer.concat(parts));
const edited = fc
  .record({
    body: fc.constantFrom(...recorded),
    at: fc.nat(),
    removed: fc.nat({ max: 6 }),
    added: fc.oneof(anyBytes, fc.constantFrom(...lengths)),
  })
  .map(({ body, at, removed, added }) => {
    const from = at % (body.length + 1);
    return Buffer.concat([body.subarray(0, from), added, body.subarray(from + removed)]);
  });

/** The body inside a larger buffer, so that a read beyond it finds bytes and not an end. */
function embedded(body: Buffer): Buffer {
  const around = Buffer.alloc(body.length + 32, 0x41);
  body.copy(around, 16);
  return around.subarray(16, 16 + body.length);
}

function outcome(decode: (body: Buffer) => unknown, body: Buffer): unknown {
  try {
    return { value: decode(body) };
  } catch (error) {
    if (!(error instanceof ProtocolViolation)) throw error;
    expect(error).toMatchObject({ key: 'badMessage', sqlstate: '08P01' });
    return { violation: error.message };
  }
}

describe.each(decoders)('%p', (decode) => {
  test('gives a value or a violation, and the same one inside a larger buffer', () => {
    fc.assert(
      fc.property(fc.oneof(anyBytes, aroundLengths, edited), (body) => {
        expect(outcome(decode, embedded(body))).toEqual(outcome(decode, body));
      }),
      {
        numRuns: RUNS,
        examples: [[Buffer.alloc(0)], ...lengths.map((bytes): [Buffer] => [bytes])],
      },
    );
  });
});
