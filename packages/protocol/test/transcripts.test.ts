import {
  authenticationMd5,
  authenticationOk,
  authenticationSasl,
  authenticationSaslContinue,
  authenticationSaslFinal,
  Backend,
  backendKeyData,
  commandComplete,
  dataRow,
  decodeAuthentication,
  decodeBackendKeyData,
  decodeCommandTag,
  decodeNegotiateProtocolVersion,
  decodeNotice,
  decodeParameterStatus,
  decodePasswordMessage,
  decodeQuery,
  emptyQueryResponse,
  FrameReader,
  Frontend,
  md5Hash,
  md5Response,
  negotiateProtocolVersion,
  parameterStatus,
  parseStartup,
  query,
  readyForQuery,
  rowDescription,
  startupPacket,
} from '../src';
import {
  bodyOf,
  type Frame,
  loadTranscript,
  loadTranscripts,
  readFrames,
  wireBytes,
} from './transcript';

const BODY_BYTES_MAX = 1 << 20;
const streams = loadTranscripts().flatMap(({ name, client, server }) => [
  { name: `${name}, client`, frames: client.filter(({ tag }) => tag !== '-') },
  { name: `${name}, server`, frames: server },
]);

describe.each(streams)('the recorded stream "$name"', ({ frames }) => {
  const bytes = wireBytes(frames);
  const expected = textOf(frames);

  test('is not empty', () => {
    expect(frames.length).toBeGreaterThan(0);
  });

  test('reads the same in one chunk and in every two-way split', () => {
    for (let at = 0; at <= bytes.length; at++) {
      const reader = new FrameReader(BODY_BYTES_MAX);
      const chunks = [bytes.subarray(0, at), bytes.subarray(at)];
      expect(textOf(readFrames(reader, chunks))).toBe(expected);
      expect(reader.atBoundary).toBe(true);
    }
  });

  test.each([1, 2, 3, 4, 5, 7])('reads the same in chunks of %d bytes', (size) => {
    const chunks: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
    expect(textOf(readFrames(new FrameReader(BODY_BYTES_MAX), chunks))).toBe(expected);
  });

  test('has tags that the tables know', () => {
    const known = new Set<number>([...Object.values(Frontend), ...Object.values(Backend)]);
    for (const { tag } of frames) expect(known).toContain(tag.charCodeAt(0));
  });
});

describe('what PostgreSQL sent', () => {
  const scram = loadTranscript('login-scram');
  const simple = loadTranscript('simple-query');
  const errors = loadTranscript('errors');

  test('parameter statuses and the key decode and encode to the same bytes', () => {
    const login = scram.server.filter(({ tag }) => tag === 'S' || tag === 'K');
    expect(login).toHaveLength(16);
    for (const frame of login) {
      const encoded =
        frame.tag === 'S'
          ? parameterStatusAgain(frame.body)
          : backendKeyAgain(decodeBackendKeyData(frame.body));
      expect(encoded).toEqual(wireBytes([frame]));
    }
    expect(decodeBackendKeyData(bodyOf(scram, 'K')).key).toHaveLength(32);
    expect(decodeBackendKeyData(bodyOf(loadTranscript('login-md5'), 'K')).key).toHaveLength(4);
  });

  test('authentication requests decode and encode to the same bytes', () => {
    const requests = [...scram.server, ...loadTranscript('login-md5').server].filter(
      ({ tag }) => tag === 'R',
    );
    expect(requests).toHaveLength(6);
    for (const frame of requests)
      expect(authenticationAgain(frame.body)).toEqual(wireBytes([frame]));
  });

  test('a startup packet decodes and encodes to the same bytes', () => {
    const packet = scram.client[0]?.body ?? Buffer.alloc(0);
    const request = parseStartup(packet);
    if (request.kind !== 'startup') throw new Error(`startup packet is ${request.kind}`);
    expect(request.minor).toBe(2);
    expect([...request.parameters]).toEqual([
      ['user', 'postgres'],
      ['database', 'postgres'],
      ['application_name', 'héllo'],
    ]);
    expect(startupPacket(request.parameters, request)).toEqual(packet);
  });

  test('a negotiated version decodes and encodes to the same bytes', () => {
    const body = bodyOf(loadTranscript('login-negotiated'), 'v');
    const { minor, unrecognized } = decodeNegotiateProtocolVersion(body);
    expect({ minor, unrecognized }).toEqual({ minor: 2, unrecognized: ['_pq_.one', '_pq_.two'] });
    expect(negotiateProtocolVersion(minor, unrecognized)).toEqual(wireBytes([{ tag: 'v', body }]));
  });

  test('an MD5 login answered with the password is what was accepted', () => {
    const md5 = loadTranscript('login-md5');
    const request = decodeAuthentication(bodyOf(md5, 'R'));
    const answer = md5.client.find(({ tag }) => tag === 'p')?.body ?? Buffer.alloc(0);
    if (request.kind !== 'md5') throw new Error(`request is ${request.kind}`);
    expect(decodePasswordMessage(answer)).toBe(
      md5Response(md5Hash('secret', 'md5user'), request.salt),
    );
  });

  test('rows, command tags and readiness encode to the same bytes', () => {
    const expected = [
      rowDescription([
        { name: 'one', typeOid: 23, typeLength: 4 },
        { name: 'nothing', typeOid: 25, typeLength: -1 },
        { name: 'text', typeOid: 25, typeLength: -1 },
      ]),
      dataRow(['1', null, 'grüße']),
      commandComplete('SELECT 1'),
      readyForQuery('I'),
      emptyQueryResponse(),
      readyForQuery('I'),
    ];
    const recorded = loadTranscript('simple-query').server;
    const answers = recorded.slice(recorded.findIndex(({ tag }) => tag === 'T'));
    expect(wireBytes(answers.slice(0, 6))).toEqual(Buffer.concat(expected));
  });

  test('queries decode and encode to the same bytes', () => {
    const queries = simple.client.filter(({ tag }) => tag === 'Q');
    expect(queries).toHaveLength(8);
    for (const frame of queries) expect(query(decodeQuery(frame.body))).toEqual(wireBytes([frame]));
  });

  test('command tags read as psql shows them', () => {
    const tags = simple.server.filter(({ tag }) => tag === 'C');
    expect(tags.map(({ body }) => decodeCommandTag(body))).toEqual([
      'SELECT 1',
      'SELECT 1',
      'SELECT 1',
      'DO',
      'BEGIN',
      'SELECT 1',
      'COMMIT',
      'SET',
    ]);
  });

  test('errors and notices decode', () => {
    expect(decodeNotice(bodyOf(simple, 'N'))).toEqual({
      severity: 'NOTICE',
      code: '00000',
      message: 'hello',
      detail: 'd',
      hint: 'h',
    });
    const seen = errors.server
      .filter(({ tag }) => tag === 'E')
      .map(({ body }) => decodeNotice(body));
    expect(seen.map(({ severity, code }) => `${severity} ${code}`)).toEqual([
      'ERROR 42703',
      'ERROR 22012',
      'ERROR 42601',
      'ERROR 26000',
      'FATAL 57P01',
    ]);
    expect(decodeNotice(bodyOf(loadTranscript('login-refused'), 'E'))).toEqual({
      severity: 'FATAL',
      code: '28P01',
      message: 'password authentication failed for user "clear"',
    });
  });
});

/** One text to compare: thousands of deep comparisons take seconds. */
function textOf(frames: readonly Frame[]): string {
  return frames.map(({ tag, body }) => `${tag} ${body.toString('hex')}`).join('\n');
}

function parameterStatusAgain(body: Buffer): Buffer {
  const { name, value } = decodeParameterStatus(body);
  return parameterStatus(name, value);
}

function backendKeyAgain(data: { readonly processId: number; readonly key: Buffer }): Buffer {
  return backendKeyData(data.processId, data.key);
}

function authenticationAgain(body: Buffer): Buffer {
  const request = decodeAuthentication(body);
  switch (request.kind) {
    case 'ok':
      return authenticationOk();
    case 'md5':
      return authenticationMd5(request.salt);
    case 'sasl':
      return authenticationSasl(request.mechanisms);
    case 'saslContinue':
      return authenticationSaslContinue(request.data);
    case 'saslFinal':
      return authenticationSaslFinal(request.data);
    default:
      throw new Error(`not recorded: ${request.kind}`);
  }
}
