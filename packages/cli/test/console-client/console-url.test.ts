import { checkServerIdentity, type PeerCertificate } from 'node:tls';
import type { ConsoleTarget, TlsChoice } from '../../src/console-client/console-connection';
import { readConsoleUrl } from '../../src/console-client/console-url';

const FILES: Readonly<Record<string, string>> = { 'ca.pem': 'AUTHORITY' };
const read = (text: string) =>
  readConsoleUrl(text, {
    readFile: (file) => {
      const content = FILES[file];
      if (content === undefined) throw Object.assign(new Error('gone'), { code: 'ENOENT' });
      return content;
    },
  });

function target(text: string): ConsoleTarget {
  const found = read(text);
  if ('why' in found) throw new Error(found.why);
  return found;
}

/** For each way that is tried: off, or what is verified. */
function verified(choice: TlsChoice): string {
  if (choice === false) return 'off';
  if (choice.rejectUnauthorized !== true) return 'any';
  const names = choice.checkServerIdentity ?? checkServerIdentity;
  // A certificate for another name, of which nothing else is looked at.
  const other = {
    subjectaltname: 'DNS:elsewhere',
    subject: { CN: 'elsewhere' },
  } as PeerCertificate;
  return names('db', other) === undefined ? 'chain' : 'chain and name';
}

test.each([
  ['', ['any', 'off']],
  ['?sslmode=disable', ['off']],
  ['?sslmode=allow', ['off', 'any']],
  ['?sslmode=prefer', ['any', 'off']],
  ['?sslmode=require', ['any']],
  ['?sslmode=require&sslrootcert=ca.pem', ['chain']],
  ['?sslmode=verify-ca&sslrootcert=ca.pem', ['chain']],
  ['?sslmode=verify-full', ['chain and name']],
])('TLS with %j', (query, ways) => {
  expect(target(`postgres://dba@db:7000${query}`).tls.map(verified)).toEqual(ways);
});

test('an address is compared with the addresses of a certificate', () => {
  const [tls] = target('postgres://dba@10.0.0.7?sslmode=verify-full').tls;
  if (tls === false || tls.checkServerIdentity === undefined) throw new Error('no verification');
  expect(tls.servername).toBeUndefined();
  const of = (subjectaltname: string) =>
    tls.checkServerIdentity?.('localhost', { subjectaltname, subject: {} } as PeerCertificate);
  expect(of('IP Address:10.0.0.7')).toBeUndefined();
  expect(of('DNS:localhost')).toHaveProperty('code', 'ERR_TLS_CERT_ALTNAME_INVALID');
});

test('authorities are those of the file', () => {
  const [tls] = target('postgres://dba@db?sslmode=verify-full&sslrootcert=ca.pem').tls;
  expect(tls).toMatchObject({ ca: 'AUTHORITY', servername: 'db' });
});

test.each([
  ['postgres://dba@db', { host: 'db', port: 6432, user: 'dba', password: undefined }],
  ['postgresql://a%40b:p%2Fw@[::1]:7000/pgbouncer', { host: '::1', user: 'a@b', password: 'p/w' }],
  ['postgres://dba@localhost?host=/run/pgweir', { host: '/run/pgweir', tls: [false] }],
  ['postgres://dba@localhost?host=@pgweir&sslmode=require', { host: '@pgweir', tls: [false] }],
])('%s', (text, expected) => {
  expect(target(text)).toMatchObject({ ...expected, proof: 'any' });
});

test.each([
  ['mysql://dba:hunter2@db', 'is not postgres://user@host:port'],
  ['postgres://db', 'is not postgres://user@host:port'],
  ['postgres://dba:hunter2%zz@db', 'is not postgres://user@host:port'],
  ['postgres://dba:hunter2@db?sslmode=verify_full', 'accepted for sslmode: disable, allow'],
  ['postgres://dba:hunter2@db?sslmode=', 'accepted for sslmode'],
  ['postgres://dba:hunter2@db?ssl=true', 'ssl is not known; accepted: sslmode'],
  ['postgres://dba:hunter2@db?sslrootcert=no.pem', 'sslrootcert: no such file'],
  ['postgres://dba:hunter2@db/app', 'the console is the database pgbouncer'],
])('%s is refused, and nothing of the password is shown', (text, why) => {
  const refused = read(text);
  expect(refused).toEqual({ why: expect.stringContaining(why) });
  expect(JSON.stringify(refused)).not.toContain('hunter2');
});
