import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import tls from 'node:tls';
import { certsDir } from '@pgweir/testkit';
import { type Files, loaded, problems } from '../support/config-files';

const CERTS: Files = Object.fromEntries(
  ['ca.crt', 'server.crt', 'server.key', 'client.crt', 'client.key', 'other-ca.crt'].map((name) => [
    `/etc/pgweir/${name}`,
    readFileSync(join(certsDir(), name), 'utf8'),
  ]),
);
const SERVER = ['client_tls_key_file = server.key', 'client_tls_cert_file = server.crt'];

const ini = (...lines: readonly string[]): string =>
  ['[databases]', '* = host=x', '[pgbouncer]', ...lines].join('\n');

test('files towards clients become plain PEM text', () => {
  const { pooler } = loaded(ini('client_tls_sslmode = require', ...SERVER), CERTS);
  expect(pooler.clientTlsMode).toBe('require');
  expect(pooler.clientTls).toEqual({
    key: CERTS['/etc/pgweir/server.key'],
    cert: CERTS['/etc/pgweir/server.crt'],
    ca: undefined,
    clientCertificate: 'none',
    minVersion: 'TLSv1.2',
    maxVersion: 'TLSv1.3',
    ciphers: undefined,
    ecdhCurve: undefined,
    dhparam: 'auto',
  });
});

test.each(['verify-ca', 'verify-full'])('%s towards clients demands a certificate', (mode) => {
  const lines = [`client_tls_sslmode = ${mode}`, ...SERVER];
  expect(problems(ini(...lines), CERTS)).toEqual([
    `4: client_tls_sslmode = ${mode} needs client_tls_ca_file`,
  ]);
  const { pooler } = loaded(ini(...lines, 'client_tls_ca_file = ca.crt'), CERTS);
  expect(pooler.clientTls).toMatchObject({
    clientCertificate: 'require',
    ca: CERTS['/etc/pgweir/ca.crt'],
  });
});

test('files are not read while TLS is off', () => {
  const lines = [
    'client_tls_key_file = gone',
    'server_tls_sslmode = disable',
    'server_tls_ca_file = gone',
  ];
  const { pooler } = loaded(ini(...lines));
  expect(pooler).toMatchObject({
    clientTls: undefined,
    serverTls: { mode: 'disable', options: undefined },
  });
});

test('what is missing, unreadable or not PEM is a problem of its line', () => {
  expect(
    problems(
      ini(
        'client_tls_sslmode = prefer',
        'client_tls_key_file = gone.key',
        'client_tls_cert_file = ca.txt',
        'server_tls_sslmode = verify-full',
        'server_tls_key_file = ca.crt',
      ),
      { ...CERTS, '/etc/pgweir/ca.txt': 'hello' },
    ),
  ).toEqual([
    '5: client_tls_key_file: cannot read "gone.key": no such file',
    '6: client_tls_cert_file: "ca.txt" holds no certificate in PEM',
    '7: server_tls_sslmode = verify-full needs server_tls_ca_file',
    '8: server_tls_key_file needs server_tls_cert_file',
    expect.stringContaining('8: server_tls_key_file: "ca.crt" holds no private key in PEM'),
  ]);
});

test('a key that does not belong to its certificate is a problem', () => {
  const lines = [
    'client_tls_sslmode = require',
    'client_tls_key_file = client.key',
    'client_tls_cert_file = server.crt',
  ];
  expect(problems(ini(...lines), CERTS)).toEqual([
    '5: client_tls_key_file: the key does not belong to the certificate of client_tls_cert_file',
  ]);
});

test.each([
  ['disable', undefined],
  ['allow', 'none'],
  ['prefer', 'none'],
  ['require', 'none'],
  ['verify-ca', 'ca'],
  ['verify-full', 'full'],
])('towards servers %s verifies %s', (mode, verify) => {
  const { pooler } = loaded(
    ini(`server_tls_sslmode = ${mode}`, 'server_tls_ca_file = ca.crt'),
    CERTS,
  );
  expect(pooler.serverTls.options?.verify).toBe(verify);
});

test('a certificate for servers is read with its key', () => {
  const lines = ['server_tls_key_file = client.key', 'server_tls_cert_file = client.crt'];
  expect(loaded(ini(...lines), CERTS).pooler.serverTls.options).toMatchObject({
    key: CERTS['/etc/pgweir/client.key'],
    cert: CERTS['/etc/pgweir/client.crt'],
  });
});

test('ciphers of both kinds become one list that leaves TLS 1.3 on', () => {
  const { pooler } = loaded(ini('server_tls_ciphers = ECDHE-RSA-AES256-GCM-SHA384'));
  const ciphers = pooler.serverTls.options?.ciphers ?? '';
  expect(ciphers).toMatch(/^TLS_AES_256_GCM_SHA384:.*:ECDHE-RSA-AES256-GCM-SHA384$/);
  expect(() => tls.createSecureContext({ ciphers })).not.toThrow();
  const only = loaded(ini('server_tls13_ciphers = TLS_AES_128_GCM_SHA256')).pooler.serverTls
    .options;
  expect(only?.ciphers).toMatch(/^TLS_AES_128_GCM_SHA256:ECDHE/);
});

test('words for ciphers are understood', () => {
  expect(
    loaded(ini('server_tls_ciphers = secure')).pooler.serverTls.options?.ciphers,
  ).toBeUndefined();
  expect(loaded(ini('server_tls_ciphers = all')).pooler.serverTls.options?.ciphers).toContain(
    'ALL:!aNULL',
  );
});

test('ciphers and curves that OpenSSL does not know are problems', () => {
  expect(
    problems(
      ini(
        'client_tls_sslmode = prefer',
        ...SERVER,
        'client_tls_ciphers = ROT13',
        'client_tls_ecdhcurve = round',
      ),
      CERTS,
    ),
  ).toEqual([
    expect.stringContaining('7: client_tls_ciphers'),
    expect.stringContaining('8: client_tls_ecdhcurve = "round" is not a valid value'),
  ]);
  const { pooler } = loaded(
    ini('client_tls_sslmode = prefer', ...SERVER, 'client_tls_ecdhcurve = prime256v1'),
    CERTS,
  );
  expect(pooler.clientTls?.ecdhCurve).toBe('prime256v1');
});

test('old versions of TLS work when they are asked for, although OpenSSL is wary of them', async () => {
  const lines = ['client_tls_sslmode = require', ...SERVER, 'client_tls_protocols = tlsv1.0'];
  const { pooler } = loaded(ini(...lines, 'server_tls_protocols = all'), CERTS);
  const server = tls.createServer(withoutUndefined(pooler.clientTls ?? {}), (socket) => {
    socket.end(socket.getProtocol() ?? '');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const { minVersion, maxVersion, ciphers } = pooler.serverTls.options ?? {};
  const options = withoutUndefined({ minVersion, maxVersion, ciphers });
  const socket = tls.connect({ port: address.port, rejectUnauthorized: false, ...options });
  const [said] = await once(socket, 'data');
  expect(String(said)).toBe('TLSv1');
  socket.destroy();
  server.close();
  await once(server, 'close');
});

function withoutUndefined<T extends object>(
  options: T,
): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  const present = Object.entries(options).filter(([, value]) => value !== undefined);
  // Only entries of `options` are left.
  return Object.fromEntries(present) as { [Key in keyof T]?: Exclude<T[Key], undefined> };
}
