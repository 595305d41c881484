import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { certsDir } from '@pgweir/testkit';
import { LdapOptions } from '../../../src/ldap/options';
import { load, loaded, problems, warnings } from '../../support/config-files';

const AT = '/etc/pgweir';
const BASE = '[databases]\n* = host=db\n[pgbouncer]\nlisten_addr = 127.0.0.1\n';
const LDAP = `${BASE}auth_type = ldap\n`;
const HBA = `${BASE}auth_type = hba\nauth_hba_file = hba.conf\n`;
const OPTIONS = 'ldapserver=h ldapbasedn="dc=x,dc=y"';
const REQUIRE =
  'client_tls_sslmode = require\nclient_tls_key_file = server.key\n' +
  'client_tls_cert_file = server.crt\n';
const CLEAR = 'ldap: clients may send passwords in clear text over connections without TLS';

function files(hba = '') {
  const read = (name: string) => [`${AT}/${name}`, readFileSync(join(certsDir(), name), 'utf8')];
  const tls = Object.fromEntries(['server.key', 'server.crt'].map(read));
  return { ...tls, [`${AT}/hba.conf`]: hba };
}

test('auth_ldap_options reach the pooler, and need no auth_file', () => {
  const ini = `${LDAP}auth_ldap_options = ${OPTIONS}\n`;
  const { pooler } = loaded(ini, files());
  expect(pooler.authType).toBe('ldap');
  expect(pooler.directory).toBeInstanceOf(LdapOptions);
  expect(warnings(ini, files())).toEqual([expect.stringContaining(CLEAR)]);
});

test('they are needed, and without auth_type = ldap they are of no effect', () => {
  expect(problems(LDAP)).toEqual(['5: auth_type = ldap needs auth_ldap_options']);
  const ini = `${BASE}auth_file = userlist.txt\nauth_ldap_options = ${OPTIONS}\n`;
  expect(warnings(ini, { [`${AT}/userlist.txt`]: '"a" "b"\n' })).toEqual([
    '6: auth_ldap_options has no effect: it matters only with auth_type = ldap',
  ]);
  expect(loaded(ini, { [`${AT}/userlist.txt`]: '' }).pooler.directory).toBeUndefined();
});

test('a mistake in them has its line, and shows no password', () => {
  const found = problems(`${LDAP}auth_ldap_options = ${OPTIONS} ldapbindpasswd=sesame ldaptsl=1\n`);
  expect(found).toEqual([
    expect.stringMatching(/^6: auth_ldap_options: ldap: ldaptsl= is no option/),
  ]);
  expect(found.join()).not.toContain('sesame');
});

test('a mistake in a rule has its file and line', () => {
  const hba = `local all all ldap ${OPTIONS}\nhost all all all ldap ldapserver=h\nhost all all all ldap\n`;
  const result = load(HBA, files(hba));
  expect(result.kind === 'failed' && result.problems).toMatchObject([
    { file: 'hba.conf', line: 2, message: expect.stringMatching(/^ldap: ldapbasedn, /) },
    { file: 'hba.conf', line: 3, message: expect.stringMatching(/^ldap: ldapserver is missing/) },
  ]);
});

test('each rule has a directory of its own', () => {
  const { accessRules } = loaded(
    HBA,
    files(
      `local all all ldap ${OPTIONS} # here\nhostssl all all all ldap ldapurl="ldap://i/dc=z"\n`,
    ),
  ).pooler;
  const urls = accessRules.map(
    ({ directory }) => directory instanceof LdapOptions && directory.servers.urls,
  );
  expect(urls).toEqual([['ldap://h:389'], ['ldap://i:389']]);
});

test.each([
  [`host all all all ldap ${OPTIONS}`, 1],
  [`host all all all ldap ${OPTIONS}\nhostnossl all all all ldap ${OPTIONS}`, 1],
  [`hostssl all all all ldap ${OPTIONS}\nlocal all all ldap ${OPTIONS}`, 0],
])('%j gives %i warning(s) of passwords in clear text', (hba, count) => {
  const found = warnings(HBA, files(hba));
  expect(found.filter((warning) => warning.includes(CLEAR))).toHaveLength(count);
  expect(found).toHaveLength(count);
});

test('there is no such warning where TLS is required, or nothing comes over the network', () => {
  const options = `auth_ldap_options = ${OPTIONS}\n`;
  expect(warnings(`${LDAP}${options}${REQUIRE}`, files())).toEqual([]);
  const unix = `${LDAP}${options}`.replace('listen_addr = 127.0.0.1\n', '');
  expect(warnings(unix, files())).toEqual([]);
});
