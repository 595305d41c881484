import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { databaseName, userName } from '@pgweir/pooler';
import { certsDir } from '@pgweir/testkit';
import { showConfig } from '../../src/config/show-config';
import { loaded, problems } from '../support/config-files';

const pem = (name: string): string => readFileSync(join(certsDir(), name), 'utf8');

const ini = (lines: readonly string[], entry = '', user = ''): string =>
  [
    ...['[databases]', `app = host=a ${entry}`, '[users]', `ann = pool_size=5 ${user}`],
    ...['[pgbouncer]', 'auth_type = trust', ...lines],
  ].join('\n');

test("each of RDS Proxy's names means the setting of PgBouncer", () => {
  const { pooler } = loaded(
    ini(['connection_borrow_timeout = 7', 'idle_client_timeout = 8', 'init_query = SELECT 1']),
  );
  expect(pooler).toMatchObject({ queryWaitTimeoutMs: 7000, clientIdleTimeoutMs: 8000 });
  expect(pooler.databases.get(databaseName('app'))?.connectQuery).toBe('SELECT 1');
});

test('require_tls is client_tls_sslmode = require', () => {
  const files = { '/etc/pgweir/k': pem('server.key'), '/etc/pgweir/c': pem('server.crt') };
  const tls = ['client_tls_key_file = k', 'client_tls_cert_file = c', 'require_tls = on'];
  expect(loaded(ini(tls), files).pooler.clientTlsMode).toBe('require');
});

test('an entry of its own goes before what holds for all', () => {
  const entry = "connection_borrow_timeout=3 init_query='SELECT 2'";
  const user = 'idle_client_timeout=4 connection_borrow_timeout=5';
  const { pooler } = loaded(ini(['init_query = SELECT 1'], entry, user));
  const app = pooler.databases.get(databaseName('app'));
  expect(app).toMatchObject({ queryWaitTimeoutMs: 3000, connectQuery: 'SELECT 2' });
  const ann = pooler.users.get(userName('ann'));
  expect(ann).toMatchObject({ queryWaitTimeoutMs: 5000, clientIdleTimeoutMs: 4000 });
});

test('both names may say the same, in other words', () => {
  expect(problems(ini(['query_wait_timeout = 60', 'connection_borrow_timeout = 1min']))).toEqual(
    [],
  );
  const tls = ['client_tls_key_file = k', 'client_tls_cert_file = c', 'require_tls = on'];
  const found = problems(ini([...tls, 'client_tls_sslmode = verify-full']));
  expect(found.filter((one) => one.includes('require_tls'))).toEqual([]);
});

test.each([
  [
    ['query_wait_timeout = 60', 'idle_client_timeout = 1', 'connection_borrow_timeout = 30'],
    /9: connection_borrow_timeout = "30" \(.*:9\) and query_wait_timeout = "60" \(.*:7\) are one setting with two values/,
  ],
  [
    ['client_tls_sslmode = prefer', 'require_tls = 1'],
    /8: require_tls = "1" \(.*:8\) and client_tls_sslmode = "prefer" \(.*:7\) are one/,
  ],
  [
    ['client_tls_sslmode = require', 'require_tls = off'],
    /require_tls = "0" \(.*:8\) and client_tls_sslmode = "require" \(.*:7\) are one/,
  ],
])('%j: both set to different values is a problem, with both places', (lines, message) => {
  expect(problems(ini(lines)).join('\n')).toMatch(message);
});

test('in an entry, too', () => {
  const [problem] = problems(ini([], "connect_query='SELECT 1' init_query='SELECT 2'"));
  expect(problem).toMatch(
    /2: database "app": init_query = "SELECT 2" \(.*:2\) and connect_query = "SELECT 1" \(.*:2\) are/,
  );
});

test('SHOW CONFIG shows what is in force under both names', () => {
  const rows = showConfig(loaded(ini(['query_wait_timeout = 7'])).values);
  const shownAs = (name: string) => rows.find(({ key }) => key === name)?.value;
  expect(shownAs('connection_borrow_timeout')).toBe('7');
  expect(shownAs('query_wait_timeout')).toBe('7');
  expect(shownAs('require_tls')).toBe('0');
});

test.each([
  [['max_connections_percent = 50', 'max_idle_connections_percent = 60'], 'is larger than max'],
  [['max_connections_percent = 101'], 'accepted: a whole number from 0 to 100'],
  [['metrics_emf_namespace = AWS/RDS'], 'AWS/ is reserved for AWS itself'],
  [['metrics_emf_namespace ='], 'it must not be empty'],
  [['metrics_emf_proxy_name ='], 'metrics_emf_proxy_name is empty'],
])('%j is refused', (lines, message) => {
  expect(problems(ini(lines)).join('\n')).toContain(message);
});

test('of the parts of an entry, too, the smaller is that for idle links', () => {
  const lines = ['max_connections_percent = 50'];
  expect(problems(ini(lines, 'max_idle_connections_percent=60')).join()).toContain(
    'database "app"',
  );
  expect(problems(ini(lines, 'max_idle_connections_percent=50'))).toEqual([]);
});
