import { DIFFERENCES } from '../../src/config/moving-in';
import { SETTINGS } from '../../src/config/settings';
import type { SettingTable } from '../../src/config/settings/row';
import { notes, problems } from '../support/config-files';

const USERS = {
  '/etc/pgweir/userlist.txt': '"app" "secret"\n',
  '/etc/pgweir/hba': 'host all all 10.0.0.0/8 md5\n',
  '/etc/pgweir/hba-cert': 'hostssl all all all cert\n',
  '/etc/pgweir/hba-ldap': 'hostssl all all all ldap ldapserver=x ldapprefix="uid="\n',
  '/etc/pgweir/hba-broken': 'host all all\n',
};
/** Four lines, none of which is different here. */
const BASE = '[databases]\n* = host=10.0.0.1\n[pgbouncer]\nauth_file = userlist.txt\n';

/** `line: subject` of every note. */
const subjects = (ini: string): readonly string[] =>
  notes(ini, USERS).map((note) => note.split(':', 2).join(':'));

const SHARING = ['session state', 'LISTEN', 'prepared statements'];

test('a file that nothing is different for gets no note', () => {
  expect(notes(BASE, USERS)).toEqual([]);
  expect(notes(`${BASE}pool_mode = session\nlisten_port = 7000\n`, USERS)).toEqual([]);
});

test('every difference says whether it is better, worse or the same, and ends as a list item does', () => {
  const tables: readonly SettingTable[] = Object.values(SETTINGS);
  const rows = tables.flatMap((table) => Object.values(table));
  const texts = [
    ...rows.flatMap(({ differs }) => differs ?? []),
    ...DIFFERENCES.map(({ says }) => says),
  ];
  expect(texts.length).toBeGreaterThan(20);
  for (const text of texts) {
    expect(text).toMatch(/\b(better|worse|same result)\b[^:]*: /);
    expect(text).toMatch(/[^.]$/);
  }
  // Only those of [pgbouncer] are looked for.
  const { pgbouncer: _, ...entries } = SETTINGS;
  const others = Object.values(entries).flatMap((table: SettingTable) => Object.values(table));
  expect(others.filter(({ differs }) => differs !== undefined)).toEqual([]);
});

describe('clients that share connections', () => {
  test.each(['transaction', 'statement'])(
    'are told of by pool_mode = %s, where it stands',
    (mode) => {
      expect(subjects(`${BASE}pool_mode = ${mode}\n`)).toEqual(SHARING.map((one) => `5: ${one}`));
    },
  );

  test('may be those of a database or of a user', () => {
    const database = `${BASE}[databases]\na = host=10.0.0.1\nb = host=10.0.0.1 pool_mode=transaction\n`;
    expect(subjects(database)).toEqual(SHARING.map((one) => `7: ${one}`));
    const user = `${BASE}[users]\napp = pool_size=1\nother = pool_mode=transaction\n`;
    expect(subjects(user)).toEqual(SHARING.map((one) => `7: ${one}`));
    const fallback = BASE.replace('10.0.0.1', '10.0.0.1 pool_mode=statement');
    expect(subjects(fallback)).toEqual(SHARING.map((one) => `2: ${one}`));
  });

  test('are told of once, however many ask for it', () => {
    const ini = `${BASE}pool_mode = transaction\n[users]\napp = pool_mode=transaction\n`;
    expect(subjects(ini)).toEqual(SHARING.map((one) => `5: ${one}`));
  });

  test('are no news to a file that speaks of session_state, but for prepared statements', () => {
    const only = ['5: prepared statements'];
    expect(subjects(`${BASE}pool_mode = transaction\nsession_state = leak\n`)).toEqual(only);
    expect(subjects(`${BASE}pool_mode = transaction\nsession_state = track\n`)).toEqual(only);
    const user = `${BASE}[users]\napp = pool_mode=transaction session_state=leak\n`;
    expect(subjects(user)).toEqual(['6: prepared statements']);
  });

  test('have prepared statements as the line for these says', () => {
    const ini = `${BASE}pool_mode = transaction\nmax_prepared_statements =`;
    expect(subjects(`${ini} 50\n`)).toContain('6: prepared statements');
    expect(subjects(`${ini} 0\n`)).toEqual(['5: session state', '5: LISTEN']);
  });

  test('need neither a reset between them nor a list of what is kept', () => {
    const lines = 'server_reset_query_always = 1\ntrack_extra_parameters = search_path\n';
    expect(subjects(`${BASE}${lines}`)).toEqual([]);
    expect(subjects(`${BASE}${lines}pool_mode = transaction\n`)).toEqual([
      '5: server_reset_query_always',
      '6: track_extra_parameters',
      ...SHARING.map((one) => `7: ${one}`),
    ]);
  });
});

test.each([
  ['listen_backlog = 128', 'listen_backlog'],
  ['max_client_conn = 500', 'errors'],
  ['max_db_connections = 50', 'limits on connections'],
  ['max_user_connections = 50', 'limits on connections'],
  ['server_login_retry = 15', 'server_login_retry'],
  ['ignore_startup_parameters = extra_float_digits', 'ignore_startup_parameters'],
  ['suspend_timeout = 10', 'suspend_timeout'],
  ['auth_user = asker', 'auth_query'],
  ['so_reuseport = 1', 'so_reuseport'],
  ['syslog = 1', 'syslog'],
  ['logfile = /var/log/pgbouncer.log', 'log lines'],
  ['server_tls_ciphers = secure', 'server_tls_ciphers'],
])('%s is told of', (assignment, subject) => {
  expect(subjects(`${BASE}${assignment}\n`)).toEqual([`5: ${subject}`]);
});

test.each([
  'listen_backlog = 4096',
  'max_db_connections = 0',
  'ignore_startup_parameters =',
  'so_reuseport = 0',
  'so_reuseport = 1\nworkers = 2',
  'syslog = 0',
  'auth_hba_file = hba',
  'client_tls_ca_file = ca',
  'client_tls_ciphers = default',
  'server_tls_ciphers = ECDHE-RSA-AES128-GCM-SHA256',
  'server_tls_ciphers = default\nserver_tls_sslmode = disable',
])('%s makes no difference', (assignment) => {
  expect(notes(`${BASE}${assignment}\n`, USERS)).toEqual([]);
});

test('limits may be those of a database or of a user', () => {
  expect(subjects(BASE.replace('10.0.0.1', '10.0.0.1 max_db_connections=5'))).toEqual([
    '2: limits on connections',
  ]);
  expect(subjects(`${BASE}[users]\napp = max_user_connections=5\n`)).toEqual([
    '6: limits on connections',
  ]);
});

test('one line may be about several subjects, and several lines about one', () => {
  const hosts = BASE.replace('10.0.0.1', 'a,b auth_user=asker max_db_connections=5');
  expect(subjects(`${hosts}auth_user = asker\nmax_db_connections = 7\n`)).toEqual([
    '2: lists of hosts',
    '2: names of servers',
    '5: auth_query',
    '6: limits on connections',
  ]);
});

test.each([
  ['10.0.0.1,10.0.0.2', ['2: lists of hosts']],
  ['db', ['2: names of servers']],
  ['localhost', []],
  ['/run/postgresql', []],
  ['::1', []],
])('host=%s', (host, told) => {
  expect(subjects(BASE.replace('10.0.0.1', host))).toEqual(told);
});

describe('rules and certificates', () => {
  const tls = 'client_tls_sslmode = require\nclient_tls_ca_file = ca\n';

  test('a file of rules is told of where rules are used', () => {
    expect(subjects(`${BASE}auth_type = hba\nauth_hba_file = hba\n`)).toEqual(['6: auth_hba_file']);
  });

  test('cert and ldap are told of, asked for by auth_type or by a rule', () => {
    const by = (file: string) => subjects(`${BASE}auth_type = hba\nauth_hba_file = ${file}\n`);
    expect(by('hba-cert')).toEqual(['6: cert', '6: auth_hba_file']);
    expect(by('hba-ldap')).toEqual(['6: ldap', '6: auth_hba_file']);
    expect(subjects(`${BASE}auth_type = cert\n`)).toEqual(['5: cert']);
    const options = 'auth_ldap_options = ldapserver=x ldapprefix="uid="\n';
    expect(subjects(`${BASE}auth_type = ldap\n${options}`)).toEqual([
      '5: ldap',
      '6: auth_ldap_options',
    ]);
  });

  test('TLS brings channel binding, and no question for certificates that nobody needs', () => {
    expect(subjects(`${BASE}${tls}`)).toEqual(['5: TLS', '6: client_tls_ca_file']);
    const hba = `${BASE}${tls}auth_type = hba\nauth_hba_file = hba-cert\n`;
    expect(subjects(hba)).toEqual(['5: TLS', '8: cert', '8: auth_hba_file']);
    expect(subjects(`${BASE}${tls}auth_type = cert\n`)).toEqual([
      '6: client_tls_ca_file',
      '7: cert',
    ]);
  });
});

test('a file that cannot be used is told what would be different all the same', () => {
  const ini = `${BASE}pool_mode = transaction\nauth_type = hba\nauth_hba_file = hba-broken\n`;
  expect(problems(ini, USERS)).toHaveLength(1);
  expect(subjects(ini)).toEqual([...SHARING.map((one) => `5: ${one}`), '7: auth_hba_file']);
});
