import {
  type BackendMessage,
  cancelPacket,
  noticeFields,
  RawClient,
  rowValues,
  startupPacket,
  waitFor,
} from '@pgweir/testkit';
import { Client } from 'pg';
import { pgWay, type Rig, rawTarget, startRig } from './support/rig';

const SETTINGS = {
  auth_type: 'trust',
  pool_mode: 'transaction',
  login_notify_message: 'maintenance at noon',
  application_name_add_host: '1',
};
const DATABASES = { shop: '{server} dbname=postgres' };
const LOGIN = { user: 'postgres', database: 'shop' } as const;

let rig: Rig;

beforeAll(async () => {
  rig = await startRig({
    settings: SETTINGS,
    databases: DATABASES,
    userlist: '"postgres" ""\n',
  });
});

afterAll(() => rig?.stop());

async function connected<T>(use: (client: RawClient) => Promise<T>): Promise<T> {
  const client = await RawClient.connect(rawTarget(rig.daemon));
  try {
    return await use(client);
  } finally {
    client.destroy();
  }
}

interface Asked {
  readonly minor: number;
  readonly parameters: Readonly<Record<string, string>>;
}

/** A startup packet with another protocol version. */
function startup({ minor, parameters }: Asked, database: string): Buffer {
  const packet = startupPacket({ user: 'postgres', database, parameters });
  packet.writeInt32BE(0x30000 + minor, 4);
  return packet;
}

test.each([
  ['3.0', 4],
  ['3.2', 32],
] as const)('protocol %s: a cancel key of %i bytes, which cancels', async (protocol, length) => {
  await connected(async (client) => {
    const { cancelKey, processId } = await client.login({ ...LOGIN, protocol });
    expect(cancelKey).toHaveLength(length);
    const answer = client.query(`SELECT pg_sleep(20) -- ${protocol}`);
    await waitFor(
      async () => {
        const rows = await rig.cluster.primary.query(
          "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND query LIKE $1",
          [`%-- ${protocol}`],
        );
        return rows.length > 0;
      },
      { what: 'the statement to run' },
    );
    await connected(async (other) => {
      other.send(cancelPacket(processId, Buffer.alloc(length, 1)));
      await other.closed;
    });
    await connected(async (other) => {
      other.send(cancelPacket(processId, cancelKey));
      await other.closed;
      expect(other.messages).toEqual([]);
    });
    const [error] = (await answer).filter(({ tag }) => tag === 'E');
    expect(error && noticeFields(error).C).toBe('57014');
  });
});

const NEGOTIATED: readonly (readonly [string, Asked])[] = [
  ['a newer minor version', { minor: 9, parameters: {} }],
  ['protocol options', { minor: 0, parameters: { '_pq_.compression': 'on', '_pq_.two': '2' } }],
  ['both', { minor: 5, parameters: { '_pq_.compression': 'on' } }],
];

test.each(NEGOTIATED)('%s: the answer is that of PostgreSQL 18', async (_what, asked) => {
  const answers: BackendMessage[][] = [];
  for (const [target, database] of [
    [rig.cluster.primary, 'postgres'],
    [rawTarget(rig.daemon), 'shop'],
  ] as const) {
    const client = await RawClient.connect(target);
    try {
      client.send(startup(asked, database));
      const messages = await client.until('Z');
      answers.push(messages.filter(({ tag }) => tag === 'v'));
      const key = messages.find(({ tag }) => tag === 'K');
      // The key's length follows what was agreed on; four bytes are the process id.
      expect(key?.body.length).toBe(asked.minor === 0 ? 8 : 36);
    } finally {
      client.destroy();
    }
  }
  expect(answers[0]).toHaveLength(1);
  expect(answers[1]).toEqual(answers[0]);
});

test('protocol 3.2 alone is not negotiated', async () => {
  await connected(async (client) => {
    const { messages } = await client.login({ ...LOGIN, protocol: '3.2' });
    expect(messages.filter(({ tag }) => tag === 'v')).toEqual([]);
  });
});

test('login_notify_message is a NOTICE right before the first ReadyForQuery', async () => {
  await connected(async (client) => {
    const { messages } = await client.login(LOGIN);
    expect(messages.slice(-3).map(({ tag }) => tag)).toEqual(['K', 'N', 'Z']);
    const notice = messages.at(-2);
    expect(notice && noticeFields(notice)).toMatchObject({
      S: 'NOTICE',
      V: 'NOTICE',
      C: '00000',
      M: 'maintenance at noon',
    });
  });
  const notices: (string | undefined)[] = [];
  const client = new Client({ ...pgWay(rig.daemon, 'tcp'), ...LOGIN });
  client.on('notice', ({ message }) => notices.push(message));
  await client.connect();
  await client.end();
  expect(notices).toEqual(['maintenance at noon']);
});

test.each(['tcp', 'unix'] as const)(
  'application_name_add_host: the server sees name and address of a client over %s',
  async (way) => {
    const client = await RawClient.connect(rawTarget(rig.daemon, way));
    try {
      const parameters = { application_name: 'invoices' };
      const result = await client.login({ ...LOGIN, parameters });
      const { localPort } = client.socket;
      const host = way === 'unix' ? 'unix(@.*)?(:\\d+)?' : `127\\.0\\.0\\.1:${localPort}`;
      const expected = new RegExp(`^invoices - ${host}$`);
      expect(result.parameters.get('application_name')).toMatch(expected);
      const messages = await client.query(
        'SELECT application_name FROM pg_stat_activity WHERE pid = pg_backend_pid()',
      );
      const [row] = messages.filter(({ tag }) => tag === 'D').map(rowValues);
      expect(row?.[0]).toMatch(expected);
    } finally {
      client.destroy();
    }
  },
);

test('without login_notify_message and application_name_add_host nothing is added', async () => {
  await rig.daemon.reload(
    rig.config({
      settings: { ...SETTINGS, login_notify_message: '', application_name_add_host: '0' },
      databases: DATABASES,
    }),
  );
  await connected(async (client) => {
    const parameters = { application_name: 'invoices' };
    const result = await client.login({ ...LOGIN, parameters });
    expect(result.messages.filter(({ tag }) => tag === 'N')).toEqual([]);
    expect(result.parameters.get('application_name')).toBe('invoices');
  });
});

test('the parameters that are reported at login are those of the server', async () => {
  const direct = await RawClient.connect(rig.cluster.primary);
  const expected = await direct.login({ user: 'postgres', database: 'postgres' });
  direct.destroy();
  for (const way of ['tcp', 'unix'] as const) {
    const client = await RawClient.connect(rawTarget(rig.daemon, way));
    const got = await client.login(LOGIN);
    client.destroy();
    expect(Object.fromEntries(got.parameters)).toEqual(Object.fromEntries(expected.parameters));
  }
});
