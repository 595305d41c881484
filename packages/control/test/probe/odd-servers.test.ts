import { waitFor } from '@pgweir/testkit';
import fc from 'fast-check';
import type { ServerProber, ServerProberNeeds } from '../../src/probe/server-prober';
import { CountingPermits } from './kit/counting-permits';
import {
  FakePostgres,
  fatal,
  type Manners,
  PRIMARY_ROW,
  rowAnswer,
  WELCOME,
} from './kit/fake-postgres';
import { ask, observe, proberAt } from './kit/probing';

let fake: FakePostgres | undefined;
const probers: ServerProber[] = [];
let permits = new CountingPermits();

beforeEach(() => {
  permits = new CountingPermits();
});

afterEach(async () => {
  for (const prober of probers.splice(0)) prober.close();
  await fake?.stop();
  fake = undefined;
  await waitFor(() => permits.held === 0, { what: 'all permits to be given back' });
});

async function serverThat(manners: Manners = {}): Promise<FakePostgres> {
  fake = await FakePostgres.start(manners);
  return fake;
}

function prober(port: number, needs: Partial<ServerProberNeeds> = {}): ServerProber {
  const made = proberAt(port, { permits, ...needs });
  probers.push(made);
  return made;
}

const ANSWER = rowAnswer(PRIMARY_ROW);

test('one connection serves all probes, and says who it is', async () => {
  const server = await serverThat();
  const asked = prober(server.port);
  for (let round = 0; round < 5; round++) {
    expect(await observe(asked)).toMatchObject({ timeline: 3, connections: 7, connectionsMax: 97 });
  }
  expect(server.accepted).toBe(1);
  expect(permits.granted).toBe(1);
  expect(server.startups[0]).toContain('application_name\0pgweir health\0');
  expect(server.startups[0]).toContain('statement_timeout\x005000\0lock_timeout\x001000\0');
  asked.close();
  asked.close();
  await waitFor(() => server.goodbyes === 1 && server.sockets.size === 0, { what: 'a goodbye' });
});

test('a server that accepts and says nothing is late, again and again, and holds no permits', async () => {
  const server = await serverThat({ onStartup: () => undefined });
  const asked = prober(server.port);
  for (let round = 1; round <= 3; round++) {
    const result = await ask(asked, 200);
    expect(result).toMatchObject({ why: 'timeout', reason: 'no end of the login in 200 ms' });
    expect(server.accepted).toBe(round);
  }
  asked.close();
  await waitFor(() => permits.held === 0 && server.sockets.size === 0, { what: 'the end' });
});

test('a server that falls silent is late, is left, and is asked anew', async () => {
  const server = await serverThat({ onQuery: (socket, n) => n === 1 && socket.write(ANSWER) });
  const asked = prober(server.port);
  await observe(asked);
  expect(await ask(asked, 200)).toMatchObject({ why: 'timeout', reason: 'no answer in 200 ms' });
  expect(await observe(asked)).toBeDefined();
  expect(server.accepted).toBe(2);
});

test('an answer that comes too late is not taken for that of the next probe', async () => {
  const late: (() => void)[] = [];
  const server = await serverThat({
    onQuery: (socket) => {
      if (server.accepted > 1) socket.write(ANSWER);
      else late.push(() => socket.write(rowAnswer(PRIMARY_ROW.with(10, '90'))));
    },
  });
  const asked = prober(server.port);
  expect(await ask(asked, 200)).toMatchObject({ why: 'timeout' });
  const next = observe(asked);
  for (const answer of late) answer();
  expect((await next).connections).toBe(7);
});

test.each<[string, Manners]>([
  ['another protocol', { onStartup: (s) => s.end('HTTP/1.1 400 Bad Request\r\n\r\n') }],
  ['an unknown message', { onStartup: (s) => s.write(Buffer.from('?\0\0\0\x05x', 'latin1')) }],
  ['a row that is cut off', { onQuery: (s) => s.write(Buffer.from([0x44, 0, 0, 0, 6, 0, 9])) }],
  ['another number of columns', { onQuery: (s) => s.write(rowAnswer(['1'])) }],
  ['an empty identifier', { onQuery: (s) => s.write(rowAnswer(PRIMARY_ROW.with(0, ''))) }],
  ['words for numbers', { onQuery: (s) => s.write(rowAnswer(PRIMARY_ROW.with(10, 'many'))) }],
  ['a primary without timeline', { onQuery: (s) => s.write(rowAnswer(PRIMARY_ROW.with(2, 'x'))) }],
  ['no position', { onQuery: (s) => s.write(rowAnswer(PRIMARY_ROW.with(4, 'here'))) }],
  ['bytes without end', { onQuery: flood }],
  [
    'a message without end',
    { onStartup: (s) => s.write(Buffer.from('Sÿÿÿÿ', 'latin1')) && flood(s) },
  ],
  ['the end in the middle of the login', { onStartup: (s) => s.end(WELCOME.subarray(0, 20)) }],
  ['the end in the middle of an answer', { onQuery: (s) => s.end(ANSWER.subarray(0, 300)) }],
  ['a reset in the middle of an answer', { onQuery: (s) => s.resetAndDestroy() }],
])('%s: the server is lost, and the next probe begins anew', async (_what, manners) => {
  const server = await serverThat(manners);
  const asked = prober(server.port);
  expect(await ask(asked)).toMatchObject({ kind: 'failed', why: 'lost' });
  server.manners = {};
  expect(await observe(asked)).toMatchObject({ timeline: 3 });
  expect(server.accepted).toBe(2);
});

function flood(socket: { write(bytes: Buffer): boolean; readonly writable: boolean }): void {
  const body = Buffer.alloc(1000, 'x');
  const parameter = Buffer.concat([Buffer.from([0x53, 0, 0, 3, 236]), body]);
  for (let n = 0; n < 200 && socket.writable; n++) socket.write(parameter);
}

test.each([
  ['57P03', 'busy'],
  ['53300', 'busy'],
  ['57P01', 'lost'],
  ['57P02', 'lost'],
  ['57014', 'timeout'],
  ['55P03', 'timeout'],
  ['08P01', 'lost'],
  ['28000', 'rejected'],
  ['42501', 'rejected'],
  ['XX000', 'rejected'],
])('%s means %s, at the login and in answer to the question', async (code, why) => {
  const server = await serverThat({ onStartup: (socket) => socket.end(fatal(code, 'no')) });
  const asked = prober(server.port);
  expect(await ask(asked)).toMatchObject({ why, reason: `no (${code})` });
  server.manners = { onQuery: (socket) => socket.end(fatal(code, 'no')) };
  expect(await ask(asked)).toMatchObject({ why, reason: `no (${code})` });
});

test.each([
  ['57P03', 'the database system is starting up', true],
  ['57P03', 'the database system is in recovery mode', true],
  ['57P03', 'the database system is not yet accepting connections', true],
  ['57P03', 'the database system is shutting down', undefined],
  ['57P03', 'das Datenbanksystem startet', undefined],
  ['53300', 'the database system is full', undefined],
])('%s, "%s": it is being started: %p', async (code, text, isStarting) => {
  const server = await serverThat({ onStartup: (socket) => socket.end(fatal(code, text)) });
  const result = await ask(prober(server.port));
  expect(result).toMatchObject({ kind: 'failed', why: 'busy' });
  expect(result.kind === 'failed' && result.isStarting).toBe(isStarting);
});

test('a connection that breaks between two probes is a disturbance, and said once', async () => {
  const server = await serverThat();
  const heard: string[] = [];
  const asked = prober(server.port, { disturbed: (reason) => heard.push(reason) });
  await observe(asked);
  for (const socket of server.sockets) socket.end(fatal('57P01', 'shut down'));
  await waitFor(() => heard.length > 0, { what: 'the disturbance' });
  await waitFor(() => permits.held === 0, { what: 'the permit' });
  expect(heard).toEqual(['shut down (57P01)']);
  await observe(asked);
  for (const socket of server.sockets) socket.destroy();
  await waitFor(() => heard.length > 1, { what: 'another one' });
  expect(heard[1]).toBe('PostgreSQL closed the connection');
});

test('when the cap has no room the server is not blamed, and the place is used once it is free', async () => {
  permits = new CountingPermits(1);
  const server = await serverThat();
  const [first, second] = [prober(server.port), prober(server.port)];
  await observe(first);
  expect(await ask(second, 30)).toMatchObject({
    why: 'busy',
    reason: expect.stringContaining('cap'),
  });
  expect(permits.waiting).toBe(0);
  const next = observe(second);
  first.close();
  expect(await next).toBeDefined();
  expect(server.accepted).toBe(2);
});

test('a permit that is refused is no fault of the server either', async () => {
  const asked = proberAt(1, {
    permits: {
      acquire: (_address, answer) => {
        answer({ kind: 'refused', reason: 'closing' });
        return () => undefined;
      },
    },
  });
  const refused = { why: 'busy', reason: 'not allowed to connect: closing' };
  expect(await ask(asked)).toMatchObject(refused);
  expect(await ask(asked)).toMatchObject(refused);
});

test('close ends whatever runs, and no answer comes after it', async () => {
  permits = new CountingPermits(1);
  const server = await serverThat({ onQuery: () => undefined });
  const answered = jest.fn();
  const [asking, waiting, fresh] = [prober(server.port), prober(server.port), prober(server.port)];
  asking.probe(200, answered);
  waiting.probe(200, answered);
  await waitFor(() => server.sockets.size === 1, { what: 'the connection' });
  for (const one of [asking, waiting, fresh]) one.close();
  fresh.probe(1, answered);
  await waitFor(() => permits.held === 0 && server.sockets.size === 0, { what: 'the end' });
  expect(permits.waiting).toBe(0);
  expect(answered).not.toHaveBeenCalled();
});

test('whatever a server sends, each probe is answered once and nothing is thrown at large', async () => {
  const server = await serverThat();
  const transcript = Buffer.concat([WELCOME, ANSWER]);
  const cases = fc.record({
    at: fc.nat(transcript.length),
    garbage: fc.uint8Array({ minLength: 1, maxLength: 40 }),
    ends: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(cases, async ({ at, garbage, ends }) => {
      const send = (part: Buffer, from: number) => (socket: import('node:net').Socket) => {
        const cut = at - from;
        if (cut < 0 || cut > part.length) return void socket.write(part);
        const bytes = Buffer.concat([part.subarray(0, cut), garbage, part.subarray(cut)]);
        if (ends) socket.end(bytes);
        else socket.write(bytes);
      };
      server.manners = { onStartup: send(WELCOME, 0), onQuery: send(ANSWER, WELCOME.length) };
      const asked = proberAt(server.port, { permits });
      const result = await ask(asked, 50);
      asked.close();
      if (result.kind === 'failed') expect(result.reason).not.toBe('');
    }),
    { numRuns: 150 },
  );
  await waitFor(() => permits.held === 0, { what: 'all permits' });
});
