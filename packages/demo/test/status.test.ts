import { type AddressInfo, createServer, type Server } from 'node:net';
import {
  authenticationOk,
  commandComplete,
  dataRow,
  readyForQuery,
  rowDescription,
} from '@pgweir/protocol';
import { formatStatus, StatusReader } from '../src/status';

/** Answers every query whose text holds a key with that table; the first row names the columns. */
type Tables = Record<string, string[][]>;

function fakeConsole(tables: Tables): Server {
  return createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (chunk) => {
      if (chunk[0] === 0) socket.write(Buffer.concat([authenticationOk(), readyForQuery('I')]));
      if (chunk[0] !== 0x51) return;
      const text = chunk.toString('latin1');
      const table = Object.entries(tables).find(([name]) => text.includes(name))?.[1] ?? [];
      const [names = [], ...rows] = table;
      const columns = names.map((name) => ({ name, typeOid: 25, typeLength: -1 }));
      socket.write(
        Buffer.concat([
          rowDescription(columns),
          ...rows.map((row) => dataRow(row)),
          commandComplete('SHOW'),
          readyForQuery('I'),
        ]),
      );
    });
  });
}

test('figures are summed over the pools, without the console itself', async () => {
  const stats = [
    ['database', 'xact_count'],
    ['demo', '100'],
    ['pgbouncer', '9'],
  ];
  const console = fakeConsole({
    'SHOW POOLS': [
      ['database', 'cl_active', 'cl_waiting', 'sv_active', 'sv_idle', 'sv_used', 'sv_login'],
      ['demo', '5', '2', '3', '4', '1', '1'],
      ['demo_replica', '1', '0', '1', '0', '0', '0'],
      ['pgbouncer', '1', '0', '0', '0', '0', '0'],
    ],
    'SHOW STATS_TOTALS': stats,
  });
  await new Promise<void>((resolve) => console.listen(0, '127.0.0.1', resolve));
  const reader = new StatusReader((console.address() as AddressInfo).port);
  try {
    const first = await reader.read();
    expect(first).toEqual({
      clients: 8,
      waiting: 2,
      links: 10,
      activeLinks: 4,
      transactionsPerSecond: 0,
    });
    stats[1] = ['demo', '1000100'];
    expect((await reader.read()).transactionsPerSecond).toBeGreaterThan(1000);
  } finally {
    await reader.close();
    console.close();
  }
});

test('without a console, reading fails and can be tried again', async () => {
  const console = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => console.listen(0, '127.0.0.1', resolve));
  const reader = new StatusReader((console.address() as AddressInfo).port);
  await expect(reader.read()).rejects.toThrow();
  await expect(reader.read()).rejects.toThrow();
  console.close();
});

test('the status line shows clients, links and speed', () => {
  const status = {
    clients: 1203,
    waiting: 7,
    links: 50,
    activeLinks: 49,
    transactionsPerSecond: 10234,
  };
  expect(formatStatus(status)).toBe(
    'clients 1,203 (7 waiting) · links 50 (49 active) · 10,234 transactions/s',
  );
});
