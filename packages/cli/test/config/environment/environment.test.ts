import { databaseName, userName } from '@pgweir/pooler';
import type { Environment } from '../../../src/config/environment/variables';
import { formatFinding } from '../../../src/config/finding';
import { loadConfig } from '../../../src/config/load';
import { recordedFiles } from '../../../src/config/recorded-files';
import { GLOBAL_SETTINGS } from '../../../src/config/settings';
import { CWD, type Files, load, reading } from '../../support/config-files';

const DATABASES = { PGWEIR_DATABASES: 'app = host=db' };

const read = (environment: Environment, files: Files = {}) =>
  loadConfig('env:', { cwd: CWD, readFile: reading(files), environment });

function configOf(environment: Environment, files: Files = {}) {
  const result = read(environment, files);
  if (result.kind === 'ok') return result.config;
  throw new Error(result.problems.map(formatFinding).join('\n'));
}

function problemsOf(environment: Environment, files: Files = {}): readonly string[] {
  const result = read(environment, files);
  return result.kind === 'ok' ? [] : result.problems.map(formatFinding);
}

test('one URL is enough: clients log in as its user, and so do the links', () => {
  const config = configOf({ PGWEIR_DATABASE_URL: 'postgres://ann:one@db:5433/app' });
  expect(config.listen).toMatchObject({ addresses: ['*'], port: 6432, unixSocketDir: undefined });
  expect(config.pooler.authType).toBe('scram-sha-256');
  expect(config.http.address).toEqual({ host: '*', port: 9930 });
  expect(config.pooler.databases.get(databaseName('app'))).toMatchObject({
    ...{ hosts: ['db'], ports: [5433], forcedUser: undefined, password: undefined },
  });
  const secret = config.credentials.lookup(userName('ann'));
  expect(secret).toMatchObject({ kind: 'plain' });
});

test('every setting has a variable, which says whatever a file may say', () => {
  for (const name of Object.keys(GLOBAL_SETTINGS)) {
    const found = problemsOf({ ...DATABASES, [`PGWEIR_${name.toUpperCase()}`]: '\u0001' });
    expect(found.filter((one) => one.includes('unknown variable'))).toEqual([]);
  }
  const { values } = configOf({
    ...{ PGWEIR_POOL_MODE: 'transaction', PGWEIR_QUERY_WAIT_TIMEOUT: '5s' },
    ...{ PGWEIR_LISTEN_ADDR: '127.0.0.1', ...DATABASES },
  });
  expect(values).toMatchObject({
    ...{ pool_mode: 'transaction', query_wait_timeout: 5000, listen_addr: ['127.0.0.1'] },
  });
});

test('sections are lines, or stand on one with ; between', () => {
  const names = (text: string) => [...configOf({ PGWEIR_DATABASES: text }).pooler.databases.keys()];
  const some = "# which\n\na = host=x\r\nb = host=y password='p;''q' ; c = host=z;\n; d = host=w\n";
  expect(names(some)).toEqual(['a', 'b', 'c']);
  const config = configOf({
    ...{ ...DATABASES, PGWEIR_USERS: 'ann = pool_mode=session' },
    ...{ PGWEIR_PEER_ID: '1', PGWEIR_PEERS: '2 = host=other' },
  });
  expect(config.pooler.users.get(userName('ann'))).toMatchObject({ poolMode: 'session' });
  expect([...config.pooler.peers.keys()]).toEqual([2]);
});

test('a secret may be in a file, whose last line end does not count', () => {
  const files = {
    '/run/secrets/url': 'postgres://ann:one@db/app\n',
    '/run/secrets/list': '"bob" "two"\n',
  };
  const config = configOf(
    { PGWEIR_DATABASE_URL_FILE: '/run/secrets/url', PGWEIR_USERLIST_FILE: '/run/secrets/list' },
    files,
  );
  expect(config.userNames).toEqual(['bob', 'ann']);
});

test('a setting whose own name ends in _file is that setting', () => {
  const files = { '/users': '"ann" "one"\n' };
  expect(configOf({ ...DATABASES, PGWEIR_AUTH_FILE: '/users' }, files).userNames).toEqual(['ann']);
});

test('mistakes are all told at once, by the name of the variable', () => {
  expect(
    problemsOf({
      PGWEIR_DATABASES: 'a = host=x prot=1\nno assignment hunter2',
      PGWEIR_DEFAULT_POOL_SIZ: '3',
      PGWEIR_pool_mode: 'session',
      PGWEIR_MAX_CLIENT_CONN: 'many',
      PGWEIR_USERLIST: '"ann" hunter2',
      PGWEIR_LOGFILE: '/a',
      PGWEIR_LOGFILE_FILE: '/b',
      PGWEIR_AUTH_USER_FILE: '/nowhere',
    }),
  ).toEqual([
    expect.stringMatching(
      /^PGWEIR_AUTH_USER_FILE: problem: cannot read "\/nowhere": no such file$/,
    ),
    'PGWEIR_DEFAULT_POOL_SIZ: problem: unknown variable, did you mean "PGWEIR_DEFAULT_POOL_SIZE"?',
    'PGWEIR_LOGFILE_FILE: problem: PGWEIR_LOGFILE is set as well: only one of both can hold',
    'PGWEIR_pool_mode: problem: unknown variable, did you mean "PGWEIR_POOL_MODE"?',
    'PGWEIR_DATABASES:1: problem: database "a": unknown parameter "prot", did you mean "port"?',
    'PGWEIR_DATABASES:2: problem: syntax error: expected key = value, [section], %include FILE or a comment',
    expect.stringMatching(
      /^PGWEIR_MAX_CLIENT_CONN: problem: max_client_conn = "many" is not a valid value/,
    ),
    expect.stringMatching(/^env:PGWEIR_USERLIST:1: problem: syntax error/),
  ]);
});

test('users come from one place', () => {
  const url = { PGWEIR_DATABASE_URL: 'postgres://ann:hunter2@db/app' };
  const files = { '/users': '"ann" "one"\n' };
  expect(problemsOf({ ...url, PGWEIR_AUTH_FILE: '/users' }, files)).toEqual([
    'PGWEIR_DATABASE_URL: problem: PGWEIR_AUTH_FILE is set as well: users come from one of both',
  ]);
});

test('without a database there is nothing to serve', () => {
  expect(problemsOf({ PATH: '/bin' })).toEqual([
    'env:: problem: no database: set PGWEIR_DATABASE_URL or PGWEIR_DATABASES',
  ]);
});

test('what Kubernetes tells of services named pgweir is no configuration', () => {
  const links = {
    PGWEIR_SERVICE_HOST: '10.0.0.1',
    PGWEIR_SERVICE_PORT: '6432',
    PGWEIR_SERVICE_PORT_POSTGRES: '6432',
    PGWEIR_PORT: 'tcp://10.0.0.1:6432',
    PGWEIR_PORT_6432_TCP: 'tcp://10.0.0.1:6432',
    PGWEIR_PORT_6432_TCP_PROTO: 'tcp',
    PGWEIR_METRICS_SERVICE_HOST: '10.0.0.2',
    PGWEIR_METRICS_PORT: 'tcp://10.0.0.2:9930',
  };
  expect(problemsOf({ ...DATABASES, ...links })).toEqual([]);
});

test('a file may read the variables in its middle: what stands behind that holds', () => {
  const ini = `[databases]
app = host=first
[pgbouncer]
pool_mode = session
auth_type = trust
%include env:
default_pool_size = 7
`;
  const environment = {
    ...{ PGWEIR_POOL_MODE: 'transaction', PGWEIR_DEFAULT_POOL_SIZE: '3' },
    ...{ PGWEIR_DATABASES: 'app = host=second', PGWEIR_USERLIST: '"ann" "one"' },
  };
  const result = load(ini, {}, { environment });
  if (result.kind === 'failed') throw new Error(result.problems.map(formatFinding).join('\n'));
  expect(result.warnings).toEqual([]);
  // The defaults of an environment alone do not hold here.
  expect(result.config.values).toMatchObject({
    ...{ pool_mode: 'transaction', default_pool_size: 7 },
    ...{ auth_type: 'trust', listen_addr: [], unix_socket_dir: '/tmp' },
  });
  expect(result.config.pooler.databases.get(databaseName('app'))?.hosts).toEqual(['second']);
  expect(result.config.userNames).toEqual(['ann']);
});

test('a file that does not read them says which variables have no effect', () => {
  const ini = '[databases]\n* = host=x user=u\n[pgbouncer]\nauth_type = any\n';
  const environment = { PGWEIR_POOL_MODE: 'session', PGWEIR_ELSEWHERE: '1' };
  expect(load(ini, {}, { environment }).warnings.map(formatFinding)).toEqual([
    'pgweir.ini: warning: PGWEIR_POOL_MODE: without effect, as this file has no line %include env:',
  ]);
});

test('a worker, which has the same environment, loads the same', () => {
  const files = { '/list': '"bob" "two"\n' };
  const environment = { ...DATABASES, PGWEIR_USERLIST_FILE: '/list' };
  const recorded = recordedFiles([{ file: '/list', text: files['/list'] }]);
  const worker = loadConfig('env:', { cwd: CWD, readFile: recorded, environment });
  expect(worker).toMatchObject({ kind: 'ok', config: { userNames: ['bob'] } });
});

test('a secret setting does not show', () => {
  const [problem] = problemsOf({
    ...DATABASES,
    PGWEIR_AUTH_TYPE: 'ldap',
    PGWEIR_AUTH_LDAP_OPTIONS: 'hunter2',
  });
  expect(problem).not.toContain('hunter2');
});
