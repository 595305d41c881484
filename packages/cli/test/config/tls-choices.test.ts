import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import tls from 'node:tls';
import {
  type Address,
  createTransport,
  type TlsInfo,
  type Wire,
  type WireHandler,
} from '@pgweir/pooler';
import { certsDir } from '@pgweir/testkit';
import { type Files, loaded } from '../support/config-files';

/*
 * What a handshake comes to with each setting of protocols, ciphers and curves, between the sockets of a
 * daemon and those of Node.js.
 */

const CERTS: Files = Object.fromEntries(
  ['server.crt', 'server.key'].map((name) => [
    `/etc/pgweir/${name}`,
    readFileSync(join(certsDir(), name), 'utf8'),
  ]),
);
const IDENTITY = {
  key: readFileSync(join(certsDir(), 'server.key'), 'utf8'),
  cert: readFileSync(join(certsDir(), 'server.crt'), 'utf8'),
};
const TLS_1_2 = { maxVersion: 'TLSv1.2' } as const;
const ANY_PORT: Address = { kind: 'tcp', host: '127.0.0.1', port: 0 };

const transport = createTransport();

function settings(...lines: readonly string[]) {
  const all = [
    ...['[databases]', '* = host=x', '[pgbouncer]', 'client_tls_sslmode = require'],
    ...['client_tls_key_file = server.key', 'client_tls_cert_file = server.crt'],
    ...lines,
  ];
  return loaded(all.join('\n'), CERTS).pooler;
}

/** Begins TLS at once, and tells how it went. */
function handler(connected: () => void, done: (outcome: TlsInfo | 'refused') => void): WireHandler {
  return {
    connected,
    secured: done,
    received: () => undefined,
    drained: () => undefined,
    ended: () => undefined,
    closed: () => done('refused'),
  };
}

/** The handshake of a client of Node.js with a daemon of these settings. */
async function withClient(
  line: string,
  client: tls.ConnectionOptions = {},
): Promise<{ readonly server: TlsInfo | 'refused'; readonly group: string }> {
  const options = settings(line).clientTls;
  if (options === undefined) throw new Error('TLS is off');
  const wires: Wire[] = [];
  let done: (outcome: TlsInfo | 'refused') => void = () => undefined;
  const outcome = new Promise<TlsInfo | 'refused'>((resolve) => {
    done = resolve;
  });
  const listening = { backlog: 5, keepAlive: false, keepIdleSeconds: 0 };
  const listener = await transport.listen(ANY_PORT, listening, (wire) => {
    wires.push(wire);
    wire.handler = handler(() => undefined, done);
    wire.startServerTls(options, undefined);
  });
  if (listener.address.kind !== 'tcp') throw new Error('no port');
  const { host, port } = listener.address;
  const socket = tls.connect({ host, port, rejectUnauthorized: false, ...client });
  socket.on('error', () => undefined);
  const secured = new Promise((resolve) => {
    socket.once('secureConnect', resolve);
    socket.once('close', resolve);
  });
  try {
    const server = await outcome;
    await secured;
    const key = socket.getEphemeralKeyInfo() ?? {};
    return { server, group: 'name' in key ? String(key.name) : Object(key).type };
  } finally {
    socket.destroy();
    for (const wire of wires) wire.destroy();
    await listener.close();
  }
}

/** The handshake of a daemon of these settings with a server of Node.js. */
async function withServer(
  line: string,
  options: tls.TlsOptions = {},
): Promise<TlsInfo | 'refused'> {
  const tlsOptions = settings(line).serverTls.options;
  if (tlsOptions === undefined) throw new Error('TLS is off');
  const server = tls.createServer({ ...IDENTITY, ...options });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const to: Address = { kind: 'tcp', host: '127.0.0.1', port: address.port };
  const how = { serverName: undefined, alpn: undefined };
  let wire: Wire | undefined;
  const outcome = await new Promise<TlsInfo | 'refused'>((resolve) => {
    const begin = (): void => wire?.startClientTls(tlsOptions, how);
    wire = transport.connect(to, { keepAlive: false, keepIdleSeconds: 0 }, handler(begin, resolve));
  });
  wire?.destroy();
  server.close();
  await once(server, 'close');
  return outcome;
}

test('client_tls_protocols are the versions that clients may speak', async () => {
  const line = 'client_tls_protocols = tlsv1.3';
  expect((await withClient(line)).server).toMatchObject({ protocol: 'TLSv1.3' });
  expect((await withClient(line, TLS_1_2)).server).toBe('refused');
  expect((await withClient('', TLS_1_2)).server).toMatchObject({ protocol: 'TLSv1.2' });
});

test('client_tls_ciphers are those that clients up to TLS 1.2 may use', async () => {
  const line = 'client_tls_ciphers = ECDHE-ECDSA-AES128-GCM-SHA256';
  expect((await withClient(line, TLS_1_2)).server).toMatchObject({
    cipher: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  });
  const other = { ...TLS_1_2, ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' };
  expect((await withClient(line, other)).server).toBe('refused');
});

test('client_tls13_ciphers are those that clients of TLS 1.3 may use', async () => {
  const line = 'client_tls13_ciphers = TLS_CHACHA20_POLY1305_SHA256';
  expect((await withClient(line)).server).toMatchObject({ cipher: 'TLS_CHACHA20_POLY1305_SHA256' });
  const other = { minVersion: 'TLSv1.3', ciphers: 'TLS_AES_128_GCM_SHA256' } as const;
  expect((await withClient(line, other)).server).toBe('refused');
});

test('client_tls_ecdhcurve is the curve of the key exchange', async () => {
  for (const [curve, name] of [
    ['secp384r1', 'secp384r1'],
    ['prime256v1', 'prime256v1'],
  ] as const) {
    const { group } = await withClient(`client_tls_ecdhcurve = ${curve}`, TLS_1_2);
    expect(group).toBe(name);
  }
  const other = { ...TLS_1_2, ecdhCurve: 'prime256v1' };
  expect((await withClient('client_tls_ecdhcurve = secp384r1', other)).server).toBe('refused');
});

test('client_tls_dheparams = none leaves out what needs them, auto does not', async () => {
  // The only such cipher that needs no key of another kind.
  const ciphers = 'ADH-AES256-GCM-SHA384:@SECLEVEL=0';
  const outcomeOf = (parameters: string) =>
    withClient(`client_tls_ciphers = ${ciphers}\nclient_tls_dheparams = ${parameters}`, {
      ...TLS_1_2,
      ciphers,
    });
  expect((await outcomeOf('auto')).server).toMatchObject({ cipher: 'ADH-AES256-GCM-SHA384' });
  expect((await outcomeOf('none')).server).toBe('refused');
});

test('server_tls_protocols are the versions that links may speak', async () => {
  const line = 'server_tls_protocols = tlsv1.3';
  expect(await withServer(line)).toMatchObject({ protocol: 'TLSv1.3' });
  expect(await withServer(line, TLS_1_2)).toBe('refused');
  expect(await withServer('', TLS_1_2)).toMatchObject({ protocol: 'TLSv1.2' });
});

test('server_tls_ciphers are those that links up to TLS 1.2 may use', async () => {
  const line = 'server_tls_ciphers = ECDHE-ECDSA-AES128-GCM-SHA256';
  expect(await withServer(line, TLS_1_2)).toMatchObject({
    cipher: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  });
  const other = { ...TLS_1_2, ciphers: 'ECDHE-ECDSA-AES256-GCM-SHA384' };
  expect(await withServer(line, other)).toBe('refused');
});

test('server_tls13_ciphers are those that links of TLS 1.3 may use', async () => {
  const line = 'server_tls13_ciphers = TLS_CHACHA20_POLY1305_SHA256';
  expect(await withServer(line)).toMatchObject({ cipher: 'TLS_CHACHA20_POLY1305_SHA256' });
  const other = { minVersion: 'TLSv1.3', ciphers: 'TLS_AES_128_GCM_SHA256' } as const;
  expect(await withServer(line, other)).toBe('refused');
});
