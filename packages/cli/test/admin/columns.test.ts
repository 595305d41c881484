import { Frontend } from '@pgweir/protocol';
import { ConsoleClient, FULL } from '../support/console-client';

const OIDS = { t: 25, i: 23, q: 20, N: 1700, b: 17 } as const;

const SOCKET =
  'type t, user t, database t, replication t, state t, addr t, port i, local_addr t, local_port i, ' +
  'connect_time t, request_time t, wait i, wait_us i, close_needed i, ptr t, link t, remote_pid i, ' +
  'tls t, application_name t, prepared_statements i, id i';
const BUFFERS =
  'recv_pos i, pkt_pos i, pkt_remain i, send_pos i, send_remain i, pkt_avail i, send_avail i';

/** Every item of PgBouncer (of its master branch, July 2026), with names, order and types. */
const REFERENCE = {
  version: 'version t',
  state: 'key t, value t',
  stats:
    'database t, total_server_assignment_count N, total_xact_count N, total_query_count N, ' +
    'total_received N, total_sent N, total_xact_time N, total_query_time N, total_wait_time N, ' +
    'total_client_parse_count N, total_server_parse_count N, total_bind_count N, ' +
    'total_client_login_count N, avg_server_assignment_count N, avg_xact_count N, avg_query_count N, ' +
    'avg_recv N, avg_sent N, avg_xact_time N, avg_query_time N, avg_wait_time N, ' +
    'avg_client_parse_count N, avg_server_parse_count N, avg_bind_count N, avg_client_login_count N',
  stats_totals:
    'database t, server_assignment_count N, xact_count N, query_count N, bytes_received N, ' +
    'bytes_sent N, xact_time N, query_time N, wait_time N, client_parse_count N, ' +
    'server_parse_count N, bind_count N, client_login_count N',
  stats_averages:
    'database t, server_assignment_count N, xact_count N, query_count N, bytes_received N, ' +
    'bytes_sent N, xact_time N, query_time N, wait_time N, avg_client_parse_count N, ' +
    'avg_server_parse_count N, avg_bind_count N, avg_client_login_count N',
  totals: 'name t, value N',
  clients: SOCKET,
  servers: SOCKET,
  sockets: `${SOCKET}, ${BUFFERS}`,
  active_sockets: `${SOCKET}, ${BUFFERS}`,
  pools:
    'database t, user t, cl_active i, cl_waiting i, cl_active_cancel_req i, ' +
    'cl_waiting_cancel_req i, sv_active i, sv_active_cancel i, sv_being_canceled i, sv_idle i, ' +
    'sv_used i, sv_tested i, sv_login i, maxwait i, maxwait_us i, pool_mode t, load_balance_hosts t',
  peer_pools:
    'peer_id i, cl_active_cancel_req i, cl_waiting_cancel_req i, sv_active_cancel i, sv_login i',
  peers: 'peer_id i, host t, port i, pool_size i',
  lists: 'list t, items i',
  users:
    'name t, pool_size t, reserve_pool_size t, pool_mode t, max_user_connections i, ' +
    'current_connections i, max_user_client_connections i, current_client_connections i',
  databases:
    'name t, host t, port i, database t, force_user t, pool_size i, min_pool_size i, ' +
    'reserve_pool_size i, server_lifetime i, pool_mode t, load_balance_hosts t, max_connections i, ' +
    'current_connections i, max_client_connections i, current_client_connections i, paused i, disabled i',
  config: 'key t, value t, default t, changeable t',
  mem: 'name t, size i, used i, free i, memtotal i',
  dns_hosts: 'hostname t, ttl q, addrs t',
  dns_zones: 'zonename t, serial q, count i',
  fds:
    'fd i, task t, user t, database t, addr t, port i, cancel q, link i, client_encoding t, ' +
    'std_strings t, datestyle t, timezone t, password t, scram_client_key b, scram_server_key b',
} as const;

const INI =
  'auth_file = /users\npeer_id = 1\n[databases]\na = host=x\nb = host=y,z user=ann\n' +
  '[peers]\n1 = host=x\n2 = host=y\n';

test.each(Object.entries(REFERENCE))(
  'SHOW %s has the columns of PgBouncer',
  async (item, columns) => {
    const wanted = columns.split(', ').map((column) => {
      const [name = '', type = ''] = column.split(' ');
      return [name, OIDS[type as keyof typeof OIDS]];
    });
    const answer = await new ConsoleClient({ picture: FULL, ini: INI }).ask(`SHOW ${item}`);
    expect(answer.columns.map((name, at) => [name, answer.types[at]])).toEqual(wanted);
    expect(answer.completed).toEqual(['SHOW']);
    expect(answer.rows.length).toBeGreaterThan(0);
    for (const row of answer.rows) {
      expect(row).toHaveLength(wanted.length);
      for (const [at, [, type]] of wanted.entries()) {
        const isNumber = type === OIDS.i || type === OIDS.q || type === OIDS.N;
        const value = row[at] ?? null;
        if (isNumber && value !== null) expect(value).toMatch(/^-?\d+$/);
      }
    }
  },
);

test.each([
  ...Object.keys(REFERENCE),
  'pins',
  'pin_counts',
  'queue',
  'waits',
  'histograms',
  'traces',
  'statements',
  'replicas',
  'routing',
  'workers',
])('SHOW %s can be had in binary', async (item) => {
  const client = new ConsoleClient({ picture: FULL, ini: INI });
  const text = await client.ask(`SHOW ${item}`);
  const bytes = (value: string) => Buffer.from(`${value}\0`);
  client.send(Frontend.Parse, Buffer.concat([bytes(''), bytes(`SHOW ${item}`), Buffer.alloc(2)]));
  const formats = Buffer.from([0, 0, 0, 0, 0, 1, 0, 1]);
  client.send(Frontend.Bind, Buffer.concat([bytes(''), bytes(''), formats]));
  client.send(Frontend.Execute, Buffer.concat([bytes(''), Buffer.alloc(4)]));
  client.send(Frontend.Sync, Buffer.alloc(0));
  const binary = await client.heard();
  expect(binary.errors).toEqual([]);
  const rows = binary.messages.filter(({ tag }) => tag === 'D');
  expect(rows).toHaveLength(text.rows.length);
  for (const [number, { body }] of rows.entries()) {
    let at = 2;
    for (const [column, type] of text.types.entries()) {
      const length = body.readInt32BE(at);
      at += 4;
      const wanted = text.rows[number]?.[column] ?? null;
      const isLive = item === 'mem' || item === 'workers';
      if (type === OIDS.i && length > 0 && !isLive)
        expect(String(body.readInt32BE(at))).toBe(wanted);
      if (type === OIDS.q && length > 0 && !isLive)
        expect(String(body.readBigInt64BE(at))).toBe(wanted);
      at += Math.max(0, length);
    }
    expect(at).toBe(body.length);
  }
});

describe("pgbouncer_exporter's queries", () => {
  const LABEL_TYPES: readonly number[] = [OIDS.t, OIDS.i];
  const NUMBER_TYPES: readonly number[] = [OIDS.i, OIDS.q, OIDS.N];

  test.each([
    ['SHOW VERSION;', 1],
    ['SHOW LISTS;', 2],
    ['SHOW CONFIG;', 4],
  ])('%s has as many columns as it expects', async (sql, count) => {
    expect((await new ConsoleClient().ask(sql)).columns).toHaveLength(count);
  });

  test('the limits in SHOW CONFIG are numbers', async () => {
    const { rows } = await new ConsoleClient().ask('SHOW CONFIG;');
    for (const name of ['max_client_conn', 'max_user_connections']) {
      const value = rows.find(([key]) => key === name)?.[1];
      expect(value).toMatch(/^\d+(\.\d+)?$/);
    }
  });

  test.each([
    [
      'SHOW databases;',
      ['name', 'host', 'port', 'database', 'force_user', 'pool_mode'],
      [
        'pool_size',
        'reserve_pool_size',
        'max_connections',
        'current_connections',
        'paused',
        'disabled',
      ],
    ],
    [
      'SHOW stats_totals;',
      ['database'],
      [
        ...['query_count', 'query_time', 'bytes_received', 'bytes_sent', 'wait_time', 'xact_count'],
        ...['xact_time', 'client_parse_count', 'server_parse_count', 'bind_count'],
        'server_assignment_count',
      ],
    ],
    [
      'SHOW pools;',
      ['database', 'user'],
      [
        ...[
          'cl_active',
          'cl_active_cancel_req',
          'cl_waiting',
          'cl_waiting_cancel_req',
          'sv_active',
        ],
        ...['sv_active_cancel', 'sv_being_canceled', 'sv_idle', 'sv_used', 'sv_tested', 'sv_login'],
        'maxwait',
      ],
    ],
    ['SHOW CLIENTS;', ['database', 'user', 'state', 'application_name'], []],
  ])('%s has the labels and the numbers that it reads', async (sql, labels, numbers) => {
    const ini = 'auth_file = /users\n[databases]\na = host=x\nb = host=y,z user=ann\n';
    const { columns, types, rows } = await new ConsoleClient({ ini, picture: FULL }).ask(sql);
    for (const name of labels) expect(LABEL_TYPES).toContain(types[columns.indexOf(name)]);
    for (const name of numbers) {
      const at = columns.indexOf(name);
      expect(NUMBER_TYPES).toContain(types[at]);
      for (const row of rows) expect(row[at]).toMatch(/^\d+$/);
    }
  });
});
