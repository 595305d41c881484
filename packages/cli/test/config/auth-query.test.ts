import { databaseName } from '@pgweir/pooler';
import { loaded, problems, warnings } from '../support/config-files';

const USERS = { '/etc/pgweir/userlist.txt': '"app" "secret"\n' };
const BASE = '[databases]\n* = host=db\n[pgbouncer]\nauth_file = userlist.txt\n';

describe('auth_query', () => {
  test('what holds for all and what a database says of its own', () => {
    const { pooler } = loaded(
      `${BASE}auth_user = lookup\nauth_query = SELECT a, b FROM f($1)\nauth_dbname = a\n` +
        "[databases]\na = host=x auth_user=other auth_query='SELECT 1, $1' auth_dbname=b\nb = host=y\n",
      USERS,
    );
    expect(pooler).toMatchObject({
      authUser: 'lookup',
      authQuery: 'SELECT a, b FROM f($1)',
      authDatabase: 'a',
    });
    expect(pooler.databases.get(databaseName('a'))).toMatchObject({
      authUser: 'other',
      authQuery: 'SELECT 1, $1',
      authDatabase: 'b',
    });
    expect(pooler.databases.get(databaseName('b'))).toMatchObject({
      authUser: undefined,
      authQuery: undefined,
      authDatabase: undefined,
    });
  });

  test('by default nobody is looked up, and if so in pg_authid with VALID UNTIL', () => {
    const { pooler } = loaded(BASE, USERS);
    expect(pooler).toMatchObject({ authUser: undefined, authDatabase: undefined });
    expect(pooler.authQuery).toMatch(/rolvaliduntil < now\(\).* FROM pg_authid WHERE rolname=\$1/);
  });

  test.each(['pgbouncer', 'pgweir'])('auth_dbname = %s is refused', (name) => {
    const ini = `${BASE}auth_dbname = ${name}\n[databases]\na = host=x auth_dbname=${name}\n`;
    const reason = `auth_dbname = "${name}": the console cannot run auth_query`;
    expect(problems(ini, USERS)).toEqual([`5: ${reason}`, `7: database "a": ${reason}`]);
  });

  test('an empty query is refused', () => {
    expect(problems(`${BASE}auth_query =\n`, USERS)).toEqual([
      expect.stringContaining('5: auth_query is empty'),
    ]);
  });

  test('no auth_file is worth no warning where a secret has passwords', () => {
    const ini = '[databases]\na = host=x\n[users]\nann =\n[pgbouncer]\nlisten_addr = *\n';
    const nobody = expect.stringContaining('nobody can log in');
    expect(warnings(ini, {})).toEqual([nobody]);
    expect(warnings(ini.replace('host=x', 'host=x secret=file:/a'), {})).toEqual([]);
    expect(warnings(ini.replace('ann =', 'ann = secret=file:/a'), {})).toEqual([]);
  });

  test('no auth_file is worth a warning only where nobody is looked up', () => {
    const ini = '[databases]\na = host=x auth_user=lookup\n[pgbouncer]\nlisten_addr = *\n';
    expect(warnings(ini, {})).toEqual([]);
    expect(warnings(ini.replace('auth_user=lookup', ''), {})).toEqual([
      expect.stringContaining('without auth_file: nobody can log in'),
    ]);
  });
});
