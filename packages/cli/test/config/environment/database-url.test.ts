import { readDatabaseUrl } from '../../../src/config/environment/database-url';

const entryOf = (url: string) => {
  const read = readDatabaseUrl(url);
  if (read.kind === 'bad') throw new Error(read.message);
  return `${read.name} = ${read.entry}`;
};

test.each([
  ['postgres://db/app', "app = host='db' port='5432'"],
  ['postgresql://ann:one@db:5433/app', "app = host='db' port='5433'"],
  ['postgres://h1,h2:5433/app', "app = host='h1,h2' port='5432,5433'"],
  ['postgres://[::1]:5433,[fe80::1]/app', "app = host='::1,fe80::1' port='5433,5432'"],
  ['postgres://%2Fvar%2Frun/app', "app = host='/var/run' port='5432'"],
  ['postgres:///app?host=/tmp', "app = host='/tmp'"],
  ['postgres://db/my%20app', "my app = host='db' port='5432'"],
  [
    'postgres://db/app?sslmode=verify-full&sslrootcert=/ca&pool_size=7',
    "app = host='db' port='5432' server_tls_sslmode='verify-full' server_tls_ca_file='/ca' pool_size='7'",
  ],
  [
    "postgres://db/app?application_name=it's",
    "app = host='db' port='5432' application_name='it''s'",
  ],
])('%s is an entry', (url, entry) => {
  expect(entryOf(url)).toBe(entry);
});

test('a user with a password may log in, both decoded; a user alone may not', () => {
  expect(readDatabaseUrl('postgres://a%40b:p%2F%22w@db/app')).toMatchObject({
    login: { user: 'a@b', password: 'p/"w' },
  });
  for (const url of ['postgres://ann@db/app', 'postgres://db/app', 'postgres://ann:@db/app']) {
    expect(readDatabaseUrl(url)).toMatchObject({ kind: 'ok', login: undefined });
  }
});

test.each([
  ['mysql://hunter2@db/app', 'expected postgres://'],
  ['db.example.org', 'expected postgres://'],
  ['postgres://ann:hunter2@extra@db/app', 'expected postgres://'],
  ['postgres://ann:hunter2/x@db/app', 'expected postgres://'],
  ['postgres://ann:hunter2@db', 'it names no database'],
  ['postgres://ann:hunter2@db:port/app', 'a host or its port'],
  ['postgres://ann:hunter2@db/app?a%20b=c', 'the name of a parameter'],
  ['postgres://ann:hunter2%zz@db/app', 'a % is not followed'],
  ['postgres://ann:hunter2@%2/app', 'a % is not followed'],
  ['postgres://ann:hunter2@db%2Fx%ff/app', 'a % is not followed'],
  ['postgres://ann:hunter2@db/app%', 'a % is not followed'],
  ['postgres://ann:hunter2%0A@db/app', 'has a line end'],
])('%s is refused, and no message shows any of it', (url, message) => {
  const read = readDatabaseUrl(url);
  expect(read).toMatchObject({ kind: 'bad', message: expect.stringContaining(message) });
  expect(JSON.stringify(read)).not.toContain('hunter2');
});
