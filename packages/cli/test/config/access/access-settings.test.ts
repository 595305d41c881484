import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { certsDir } from '@pgweir/testkit';
import { load, loaded, problems, warnings } from '../../support/config-files';

const AT = '/etc/pgweir';
const BASE = '[databases]\n* = host=db\n[pgbouncer]\nauth_file = userlist.txt\n';
const HBA = `${BASE}auth_type = hba\nauth_hba_file = hba.conf\n`;
const MAPPED = `${HBA}auth_ident_file = ident.conf\n`;
const USERS = { [`${AT}/userlist.txt`]: '"app" "secret"\n' };
const TLS_FILES = Object.fromEntries(
  ['server.key', 'server.crt', 'ca.crt'].map((name) => [
    `${AT}/${name}`,
    readFileSync(join(certsDir(), name), 'utf8'),
  ]),
);
const PAIR = 'client_tls_key_file = server.key\nclient_tls_cert_file = server.crt\n';

function files(hba: string, ident = '') {
  const access = { [`${AT}/hba.conf`]: hba, [`${AT}/ident.conf`]: ident };
  return { ...USERS, ...TLS_FILES, ...access };
}

/** `file:line: message` of every problem. */
function placed(ini: string, given: Parameters<typeof load>[1]): readonly string[] {
  const result = load(ini, given);
  if (result.kind === 'ok') return [];
  return result.problems.map(({ file, line, message }) => `${file}:${line}: ${message}`);
}

test('rules reach the pooler with their maps, as plain data', () => {
  const given = files('local all root peer map=ops\nhost a b 10.0.0.0/8 reject\n', 'ops root dba');
  const { pooler } = loaded(MAPPED, given);
  expect(pooler.authType).toBe('hba');
  expect(pooler.accessRules).toMatchObject([
    { method: 'peer', identMap: [{ systemName: 'root', user: 'dba' }] },
    { method: 'reject', network: { address: [10, 0, 0, 0] }, identMap: undefined },
  ]);
  expect(JSON.parse(JSON.stringify(pooler.accessRules))).toMatchObject([{}, { method: 'reject' }]);
});

test('a bad line refuses the whole configuration, by file and line', () => {
  expect(placed(HBA, files('local all all trust\nhost all mallory 10.0.0.0/40 reject\n'))).toEqual([
    expect.stringMatching(/^hba\.conf:2: \/40 is no mask/),
  ]);
  expect(placed(MAPPED, files('local all all trust', 'ops root'))).toEqual([
    expect.stringMatching(/^ident\.conf:1: the name of the user is missing/),
  ]);
});

test('a rule whose map does not exist is a problem', () => {
  const rule = 'local all all trust\nlocal all all peer map=ops';
  expect(placed(MAPPED, files(rule, 'other root dba'))).toEqual([
    'hba.conf:2: there is no map "ops": "ident.conf" has none',
  ]);
  expect(placed(HBA, files(rule))).toEqual([
    'hba.conf:2: there is no map "ops": auth_ident_file is not set',
  ]);
});

test('auth_type = hba needs its file, and can read what it names', () => {
  expect(problems(`${BASE}auth_type = hba`, USERS)).toEqual([
    '5: auth_type = hba needs auth_hba_file',
  ]);
  expect(problems(MAPPED, USERS)).toEqual([
    expect.stringContaining('6: auth_hba_file: cannot read "hba.conf"'),
    expect.stringContaining('7: auth_ident_file: cannot read "ident.conf"'),
  ]);
});

test('the files have no effect with another auth_type, and are not read then', () => {
  const ini = `${BASE}auth_hba_file = hba.conf\nauth_ident_file = ident.conf`;
  expect(warnings(ini, USERS)).toEqual([
    '5: auth_hba_file has no effect: it matters only with auth_type = hba',
    '6: auth_ident_file has no effect: it matters only with auth_type = hba',
  ]);
});

test('a file without a rule is fine, but lets nobody in', () => {
  expect(warnings(HBA, files('# nothing\n'))).toEqual(['0: no rule: nobody can log in']);
});

test('peer where the system cannot tell who is there is a problem', () => {
  const result = load(HBA, files('local all all trust\nlocal all all peer'), {
    peerProblem: () => 'not on this system',
  });
  expect(result).toMatchObject({
    kind: 'failed',
    problems: [{ file: 'hba.conf', line: 2, message: 'peer: not on this system' }],
  });
});

describe('certificates', () => {
  const CERT = `${BASE}auth_type = cert\n`;
  const CA = 'client_tls_ca_file = ca.crt\n';

  test('auth_type = cert needs an authority and a mode that demands certificates', () => {
    expect(problems(CERT, USERS)).toEqual([
      '5: auth_type = cert needs client_tls_sslmode = verify-full (or verify-ca)',
      '5: auth_type = cert needs client_tls_ca_file',
    ]);
    const ini = `${CERT}client_tls_sslmode = require\n${PAIR}${CA}`;
    expect(problems(ini, files(''))).toEqual([expect.stringContaining('verify-full')]);
    for (const mode of ['verify-ca', 'verify-full']) {
      const { pooler } = loaded(`${CERT}client_tls_sslmode = ${mode}\n${PAIR}${CA}`, files(''));
      expect(pooler).toMatchObject({
        authType: 'cert',
        clientTls: { clientCertificate: 'require' },
      });
    }
  });

  test('a rule with cert has clients asked for one, where an authority is known', () => {
    const ini = `${HBA}client_tls_sslmode = prefer\n${PAIR}`;
    const wanted = (text: string, hba: string) =>
      loaded(text, files(hba)).pooler.clientTls?.clientCertificate;
    expect(wanted(`${ini}${CA}`, 'hostssl all all all cert')).toBe('request');
    expect(wanted(`${ini}${CA}`, 'hostssl all all all md5')).toBe('none');
    expect(wanted(ini, 'hostssl all all all cert')).toBe('none');
  });

  test('a rule with cert that can let nobody in is worth a warning', () => {
    const hba = files('hostssl all all all cert');
    const ini = `${HBA}client_tls_sslmode = prefer\n${PAIR}`;
    expect(warnings(ini, hba)).toEqual(['1: cert lets nobody in: client_tls_ca_file is not set']);
    expect(warnings(HBA, hba)).toEqual(['1: cert lets nobody in: client_tls_sslmode = disable']);
    expect(warnings(`${ini}${CA}`, hba)).toEqual([]);
  });
});
