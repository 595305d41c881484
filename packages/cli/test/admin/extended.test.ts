import { Frontend } from '@pgweir/protocol';
import { ConsoleClient } from '../support/console-client';

const text = (value: string): Buffer => Buffer.from(`${value}\0`);
const int16 = (value: number): Buffer => {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
};
const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
};

const parse = (sql: string, name = '') =>
  [Frontend.Parse, Buffer.concat([text(name), text(sql), int16(0)])] as const;
const bind = ({ statement = '', portal = '', formats = [] as number[], parameters = 0 } = {}) =>
  [
    Frontend.Bind,
    Buffer.concat([
      text(portal),
      text(statement),
      int16(0),
      int16(parameters),
      ...Array.from({ length: parameters }, () => int32(-1)),
      int16(formats.length),
      ...formats.map(int16),
    ]),
  ] as const;
const describe_ = (kind: 'S' | 'P', name = '') => [Frontend.Describe, text(kind + name)] as const;
const execute = (rowsMax = 0, portal = '') =>
  [Frontend.Execute, Buffer.concat([text(portal), int32(rowsMax)])] as const;
const close = (kind: 'S' | 'P', name = '') => [Frontend.Close, text(kind + name)] as const;
const SYNC = [Frontend.Sync, Buffer.alloc(0)] as const;

async function talk(client: ConsoleClient, ...messages: readonly (readonly [number, Buffer])[]) {
  for (const [tag, body] of messages) client.send(tag, body);
  return await client.heard();
}

test('a SHOW is prepared, described, run and closed', async () => {
  const client = new ConsoleClient();
  const prepared = await talk(client, parse('SHOW STATE', 's'), describe_('S', 's'), SYNC);
  expect(prepared.tags).toBe('1tTZ');
  expect(prepared.columns).toEqual(['key', 'value']);
  const ran = await talk(client, bind({ statement: 's' }), describe_('P'), execute(), SYNC);
  expect(ran.tags).toBe('2TDDDCZ');
  expect(ran.rows).toContainEqual(['active', 'yes']);
  expect((await talk(client, close('S', 's'), SYNC)).tags).toBe('3Z');
  const gone = await talk(client, bind({ statement: 's' }), execute(), SYNC);
  expect(gone.tags).toBe('EZ');
  expect(gone.errors[0]?.code).toBe('26000');
});

test('a command without rows says so when it is described, and runs when it is executed', async () => {
  const client = new ConsoleClient();
  const described = await talk(client, parse('PAUSE app'), describe_('S'), SYNC);
  expect(described.tags).toBe('1tnZ');
  expect(client.orders).toEqual([]);
  const ran = await talk(client, parse('PAUSE app'), bind(), describe_('P'), execute(), SYNC);
  expect(ran.tags).toBe('12nCZ');
  expect(client.orders).toEqual([{ kind: 'pause', database: 'app' }]);
});

test('an Execute with a limit gives so many rows, and goes on where it stopped', async () => {
  const client = new ConsoleClient();
  const { tags, rows } = await talk(
    client,
    parse('SHOW STATE'),
    bind(),
    execute(2),
    execute(2),
    execute(2),
    SYNC,
  );
  expect(tags).toBe('12DDsDCCZ');
  expect(rows).toHaveLength(3);
});

test('binary values are those of PostgreSQL', async () => {
  const client = new ConsoleClient({ ini: 'auth_file = /users\n[databases]\na = host=x\n' });
  const lists = await talk(client, parse('SHOW LISTS'), bind({ formats: [1] }), execute(), SYNC);
  const rowOf = (name: string) => {
    const row = lists.messages.find(({ tag, body }) => tag === 'D' && body.includes(name));
    // Count, length and name, length, value.
    return row?.body.subarray(2 + 4 + name.length + 4);
  };
  expect(rowOf('databases')).toEqual(int32(2));
  const totals = await talk(
    client,
    parse('SHOW TOTALS'),
    bind({ formats: [0, 1] }),
    execute(1),
    SYNC,
  );
  const [first] = totals.messages.filter(({ tag }) => tag === 'D');
  // Zero has no digits.
  expect(first?.body.subarray(-8)).toEqual(Buffer.alloc(8));
});

test('an error is one, and everything up to the Sync is skipped', async () => {
  const client = new ConsoleClient();
  const { tags, errors } = await talk(
    client,
    parse('SELECT 1'),
    bind(),
    execute(),
    parse('PAUSE'),
    SYNC,
    parse('SHOW VERSION'),
    bind(),
    execute(),
    SYNC,
  );
  expect(tags).toBe('EZ12DCZ');
  expect(errors[0]).toMatchObject({
    code: '42601',
    message: "invalid command 'SELECT 1', use SHOW HELP;",
  });
  expect(client.orders).toEqual([]);
});

test.each([
  ['a name that is taken', [parse('SHOW STATE', 's'), parse('SHOW STATE', 's')], '42P05'],
  ['parameters', [parse('SHOW STATE'), bind({ parameters: 1 })], '08P01'],
  ['formats for other columns', [parse('SHOW STATE'), bind({ formats: [0, 0, 0] })], '08P01'],
  ['a format that does not exist', [parse('SHOW STATE'), bind({ formats: [2] })], '22023'],
  ['a portal that does not exist', [execute(0, 'p')], '34000'],
  [
    'a portal that is there',
    [parse('SHOW STATE'), bind({ portal: 'p' }), bind({ portal: 'p' })],
    '42P03',
  ],
  ['a message that is cut', [[Frontend.Bind, Buffer.from('x')] as const], '08P01'],
  ['a Describe of nothing', [[Frontend.Describe, Buffer.from('X\0')] as const], '08P01'],
])('%s is refused, and the connection goes on', async (_name, messages, code) => {
  const client = new ConsoleClient();
  const { errors, tags } = await talk(client, ...messages, SYNC);
  expect(errors.map((error) => error.code)).toEqual([code]);
  expect(tags.endsWith('EZ')).toBe(true);
  expect((await client.ask('SHOW VERSION')).tags).toBe('TDCZ');
});

test('nothing but space is an empty query, by which drivers try whether a connection is alive', async () => {
  const client = new ConsoleClient();
  expect((await talk(client, parse(' ; '), bind(), describe_('P'), execute(), SYNC)).tags).toBe(
    '12nIZ',
  );
});

test('portals end with their group', async () => {
  const client = new ConsoleClient();
  await talk(client, parse('SHOW STATE'), bind({ portal: 'p' }), SYNC);
  expect((await talk(client, execute(0, 'p'), SYNC)).errors[0]?.code).toBe('34000');
});

test('a stranger cannot make it keep thousands of names, or megabytes of commands', async () => {
  const client = new ConsoleClient();
  const many = Array.from({ length: 1100 }, (_, at) => [
    parse('SHOW STATE', `s${at}`),
    SYNC,
  ]).flat();
  expect((await talk(client, ...many)).errors.at(-1)?.code).toBe('53000');
  const waiting = new ConsoleClient({
    commands: { order: () => new Promise(() => undefined) },
  });
  waiting.send(Frontend.Query, text('PAUSE'));
  for (let at = 0; at < 5; at++) waiting.send(Frontend.Query, Buffer.alloc(1024 * 1024));
  expect(waiting.closed).toBe('too many console commands at once');
});

test('a kind of message that it does not know ends the connection', async () => {
  const client = new ConsoleClient();
  const { errors } = await talk(client, [Frontend.FunctionCall, Buffer.alloc(4)]);
  expect(errors[0]).toMatchObject({ severity: 'FATAL', code: '08P01' });
  expect(client.closed).toBeDefined();
});

test('a command that has run is not run again by another Execute', async () => {
  const client = new ConsoleClient();
  const { tags, errors } = await talk(
    client,
    parse('PAUSE app'),
    bind(),
    execute(),
    execute(),
    SYNC,
  );
  expect(tags).toBe('12CEZ');
  expect(errors[0]?.code).toBe('55000');
  expect(client.orders).toHaveLength(1);
});

test('an unnamed statement that could not be parsed leaves none behind', async () => {
  const client = new ConsoleClient();
  await talk(client, parse('PAUSE app'), SYNC, parse('nonsense'), SYNC);
  expect((await talk(client, bind(), execute(), SYNC)).errors[0]?.code).toBe('26000');
  expect(client.orders).toEqual([]);
});

test('a simple query behind an error is skipped as everything is up to the Sync', async () => {
  const client = new ConsoleClient();
  const query = [Frontend.Query, text('PAUSE')] as const;
  expect((await talk(client, parse('nonsense'), query, SYNC)).tags).toBe('EZ');
  expect(client.orders).toEqual([]);
});

test('what was asked for behind a command that waits is not done when the client has left', async () => {
  let finish: (problem: undefined) => void = () => undefined;
  const orders: string[] = [];
  const client = new ConsoleClient({
    commands: {
      order: ({ kind }) => {
        orders.push(kind);
        return new Promise((resolve) => {
          finish = resolve;
        });
      },
    },
  });
  client.send(Frontend.Query, text('PAUSE'));
  client.send(Frontend.Query, text('KILL app'));
  await client.heard();
  client.leave();
  finish(undefined);
  await client.heard();
  expect(orders).toEqual(['pause']);
});

test('tens of thousands of empty messages behind a command that waits are too many', async () => {
  const client = new ConsoleClient({ commands: { order: () => new Promise(() => undefined) } });
  client.send(Frontend.Query, text('PAUSE'));
  for (let at = 0; at < 20_000; at++) client.send(...SYNC);
  expect(client.closed).toBe('too many console commands at once');
});
