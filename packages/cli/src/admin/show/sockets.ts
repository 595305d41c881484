import type { ClientView, LinkView, SocketView } from '@pgweir/pooler';
import type { Column, Row, Value } from '../table';
import { restMicroseconds, type Scene, type ShowItems, timestamp, wholeSeconds } from './item';

/** Columns of SHOW CLIENTS and SHOW SERVERS. */
const SOCKET: readonly Column[] = [
  ['type', 'text'],
  ['user', 'text'],
  ['database', 'text'],
  ['replication', 'text'],
  ['state', 'text'],
  ['addr', 'text'],
  ['port', 'int4'],
  ['local_addr', 'text'],
  ['local_port', 'int4'],
  ['connect_time', 'text'],
  ['request_time', 'text'],
  ['wait', 'int4'],
  ['wait_us', 'int4'],
  ['close_needed', 'int4'],
  ['ptr', 'text'],
  ['link', 'text'],
  ['remote_pid', 'int4'],
  ['tls', 'text'],
  ['application_name', 'text'],
  ['prepared_statements', 'int4'],
  ['id', 'int4'],
];

/** What SHOW SOCKETS has besides. Read buffers are shared, so that nothing of one waits in them. */
const BUFFERS: readonly Column[] = [
  ['recv_pos', 'int4'],
  ['pkt_pos', 'int4'],
  ['pkt_remain', 'int4'],
  ['send_pos', 'int4'],
  ['send_remain', 'int4'],
  ['pkt_avail', 'int4'],
  ['send_avail', 'int4'],
];

/** PgBouncer shows addresses in its memory; ours are made of ids, and lead from one table to the other. */
const clientPointer = (id: number): string => `c${id}`;
const linkPointer = (id: number): string => `s${id}`;

function socket(
  of: SocketView & { readonly id: number },
  {
    type,
    pointer,
    peer,
  }: { readonly type: string; readonly pointer: string; readonly peer: string },
  state = of.state,
): Row {
  return [
    type,
    of.user,
    of.database,
    of.replication,
    state,
    of.address,
    of.port,
    of.localAddress,
    of.localPort,
    timestamp(of.connectedAtMs),
    timestamp(of.requestedAtMs),
    wholeSeconds(of.waitMs),
    restMicroseconds(of.waitMs),
    of.closing ? 1 : 0,
    pointer,
    peer,
    of.processId,
    of.tls,
    of.applicationName,
    of.preparedStatements,
    of.id,
  ];
}

function clientRow(client: ClientView, state?: string): Row {
  const { link } = client;
  const peer = link === undefined ? '' : linkPointer(link);
  return socket(client, { type: 'C', pointer: clientPointer(client.id), peer }, state);
}

function linkRow(link: LinkView, state?: string): Row {
  const { client } = link;
  const peer = client === undefined ? '' : clientPointer(client);
  return socket(link, { type: 'S', pointer: linkPointer(link.id), peer }, state);
}

/** The name of the list that PgBouncer keeps it on. */
const onList = (prefix: 'cl' | 'sv', state: string): string =>
  `${prefix}_${state === 'new' ? 'login' : state === 'idle' && prefix === 'cl' ? 'active' : state}`;

function allSockets(
  { picture }: Scene,
  { onlyActive }: { readonly onlyActive: boolean },
): readonly Row[] {
  const wanted = ({ congested }: SocketView) => congested || !onlyActive;
  const buffers = ({ congested }: SocketView): readonly Value[] => {
    // How much it is, only the runtime knows.
    const waits = congested ? 1 : 0;
    return [0, 0, 0, 0, waits, 0, waits];
  };
  return [
    ...picture.clients
      .filter(wanted)
      .map((client) => [...clientRow(client, onList('cl', client.state)), ...buffers(client)]),
    ...picture.links
      .filter(wanted)
      .map((link) => [...linkRow(link, onList('sv', link.state)), ...buffers(link)]),
  ];
}

export const SOCKETS: ShowItems = {
  clients: {
    help: 'Each client. `link` leads to the `ptr` of SHOW SERVERS, `id` is what KILL_CLIENT takes.',
    columns: SOCKET,
    parts: ['clients'],
    rows: ({ picture }) => picture.clients.map((client) => clientRow(client)),
  },
  servers: {
    help: 'Each link to PostgreSQL. `link` leads to the `ptr` of SHOW CLIENTS.',
    columns: SOCKET,
    parts: ['links'],
    rows: ({ picture }) => picture.links.map((link) => linkRow(link)),
  },
  sockets: {
    help:
      'Clients and links, with buffers. Read buffers are shared, so what is received is always ' +
      '0; `send_remain` is 1 where the other side does not read.',
    columns: [...SOCKET, ...BUFFERS],
    parts: ['clients', 'links'],
    rows: (scene) => allSockets(scene, { onlyActive: false }),
  },
  active_sockets: {
    help: 'Those of SHOW SOCKETS whose other side does not read.',
    columns: [...SOCKET, ...BUFFERS],
    parts: ['clients', 'links'],
    rows: (scene) => allSockets(scene, { onlyActive: true }),
  },
  fds: {
    help:
      'Clients and links as PgBouncer hands them over. Descriptors, keys and passwords are NULL ' +
      'here.',
    columns: [
      ['fd', 'int4'],
      ['task', 'text'],
      ['user', 'text'],
      ['database', 'text'],
      ['addr', 'text'],
      ['port', 'int4'],
      ['cancel', 'int8'],
      ['link', 'int4'],
      ['client_encoding', 'text'],
      ['std_strings', 'text'],
      ['datestyle', 'text'],
      ['timezone', 'text'],
      ['password', 'text'],
      ['scram_client_key', 'bytea'],
      ['scram_server_key', 'bytea'],
    ],
    parts: ['clients', 'links'],
    forAdmins: true,
    // Descriptors and secrets are handed over elsewhere, never here.
    rows: ({ picture }) => {
      const row = (task: string, of: SocketView, link: number | undefined): Row => [
        null,
        task,
        of.user,
        of.database,
        of.address,
        of.port,
        null,
        link ?? null,
        ...[null, null, null, null, null, null, null],
      ];
      return [
        ...picture.clients.map((client) => row('client', client, client.link)),
        ...picture.links.map((link) => row('server', link, link.client)),
      ];
    },
  },
};
