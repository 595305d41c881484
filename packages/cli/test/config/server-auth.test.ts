import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { databaseName, userName } from '@pgweir/pooler';
import { certsDir } from '@pgweir/testkit';
import { awsLibrary, awsProblem } from '../../src/aws/library';
import { identityOf } from '../../src/aws/server-identity';
import { loaded, problems, warnings } from '../support/config-files';

jest.mock('../../src/aws/library', () => {
  const real = jest.requireActual('../../src/aws/library');
  return { awsLibrary: jest.fn(real.awsLibrary), awsProblem: jest.fn(real.awsProblem) };
});

const pem = (name: string): string => readFileSync(join(certsDir(), name), 'utf8');
const FILES = {
  '/etc/pgweir/ca.crt': pem('ca.crt'),
  '/etc/pgweir/a.key': pem('server.key'),
  '/etc/pgweir/a.crt': pem('server.crt'),
};
const TLS = 'server_tls_sslmode = verify-full\nserver_tls_ca_file = ca.crt\n';
const CLIENTS =
  'client_tls_sslmode = require\nclient_tls_key_file = a.key\nclient_tls_cert_file = a.crt\n';
const ROLE = 'arn:aws:iam::123456789012:role/';

interface Parts {
  /** What the entry `app` says, besides its host. */
  readonly app?: string;
  readonly users?: string;
  readonly globals?: string;
  readonly tls?: string;
}

function ini({ app = '', users = '', globals = '', tls = TLS }: Parts): string {
  const host = app.includes('host=') ? '' : 'host=db.test';
  return (
    `[databases]\napp = ${host} ${app}\n[users]\n${users}\n` +
    `[pgbouncer]\nauth_type = iam\n${CLIENTS}${tls}${globals}\n`
  );
}

/** About what is tested here. */
function said(parts: Parts): readonly string[] {
  const about = (texts: readonly string[]) => texts.filter((text) => text.includes('server_auth'));
  return [...about(problems(ini(parts), FILES)), ...about(warnings(ini(parts), FILES))];
}

const PASSED = 'server_auth=iam-passthrough';

test('region and role of a user go before those of the database, and those before the global ones', () => {
  const { pooler } = loaded(
    ini({
      app: `${PASSED} aws_role_arn=${ROLE}app aws_external_id=of-app`,
      users:
        `ann = server_auth=iam aws_region=eu-west-3 aws_role_arn=${ROLE}ann aws_external_id=of-ann\n` +
        `bob = server_auth=iam aws_role_arn=${ROLE}team/bob`,
      globals:
        `server_auth = iam\naws_region = eu-west-1\naws_role_arn = ${ROLE}all\n` +
        'aws_external_id = of-all',
    }),
    FILES,
  );
  const of = (user: string, database = 'app') =>
    identityOf(pooler, { database: databaseName(database), user: userName(user) });
  expect(of('ann')).toEqual({
    ...{ auth: 'iam', region: 'eu-west-3' },
    role: { roleArn: `${ROLE}ann`, externalId: 'of-ann' },
  });
  // An external id of another role is none of its own.
  expect(of('bob')).toEqual({
    ...{ auth: 'iam', region: 'eu-west-1' },
    role: { roleArn: `${ROLE}team/bob`, externalId: undefined },
  });
  expect(of('eve')).toEqual({
    ...{ auth: 'iam-passthrough', region: 'eu-west-1' },
    role: { roleArn: `${ROLE}app`, externalId: 'of-app' },
  });
  expect(of('eve', 'elsewhere').role).toEqual({ roleArn: `${ROLE}all`, externalId: 'of-all' });
});

test('where nothing is said links log in with passwords, and nothing of AWS is looked at', () => {
  jest.mocked(awsLibrary).mockClear();
  jest.mocked(awsProblem).mockClear();
  const text = '[databases]\napp = host=a\n[pgbouncer]\nauth_type = trust\n';
  const { pooler } = loaded(text);
  const of = { database: databaseName('app'), user: userName('ann') };
  expect(identityOf(pooler, of)).toEqual({ auth: 'password', region: undefined, role: undefined });
  expect(awsLibrary).not.toHaveBeenCalled();
  expect(awsProblem).not.toHaveBeenCalled();
});

test.each<[string, Parts]>([
  ['for all', { globals: 'server_auth = iam-passthrough' }],
  ['for a database', { app: PASSED }],
  ['for a user, with one database that is fit', { app: PASSED, users: 'ann = server_auth=iam' }],
  [
    'of who asks the servers',
    {
      app: `${PASSED} host=a,b target_session_attrs=primary`,
      users: 'h = server_auth=iam',
      globals: 'health_check_user = h',
    },
  ],
])('tokens %s go together with verify-full', (_, parts) => {
  expect(said(parts)).toEqual([]);
  expect(problems(ini(parts), FILES)).toEqual([]);
});

const ASKER = 'h = server_auth=iam';
const ASKS = 'health_check_user = h';
const VERIFIED = 'needs server_tls_sslmode = verify-full';

test.each<[string, Parts, string]>([
  ['without verify-full', { app: PASSED, tls: 'server_tls_sslmode = require\n' }, VERIFIED],
  ['without TLS', { app: PASSED, tls: '' }, VERIFIED],
  ['where an entry has less', { app: `${PASSED} server_tls_sslmode=verify-ca` }, VERIFIED],
  ['through a Unix socket', { app: `${PASSED} host=/tmp` }, 'needs a host with TLS'],
  [
    'of a user, with no database that is fit',
    { users: 'ann = server_auth=iam', tls: '' },
    VERIFIED,
  ],
  ['of clients for a forced user', { app: `${PASSED} user=ann` }, 'cannot be had with user='],
  [
    'of clients for several servers',
    { app: `${PASSED} host=a,b read_write_split=on`, globals: 'health_check_user = h' },
    'cannot be had with read_write_split',
  ],
  [
    'of clients for members that are found',
    { app: `${PASSED} topology=aurora target_session_attrs=primary`, users: ASKER, globals: ASKS },
    'cannot be had with topology = aurora',
  ],
  [
    'of clients for any of several hosts',
    { app: `${PASSED} host=a,b` },
    'needs target_session_attrs with several hosts',
  ],
  [
    'of clients for any of several hosts, though they are watched',
    { app: `${PASSED} host=a,b target_session_attrs=any`, users: ASKER, globals: ASKS },
    'needs target_session_attrs with several hosts',
  ],
  [
    'of one user, with no database that is fit',
    {
      app: 'host=a,b read_write_split=on',
      users: `ann = ${PASSED}\n${ASKER}`,
      globals: ASKS,
    },
    'user "ann": server_auth = iam-passthrough cannot be had with read_write_split',
  ],
  [
    'of clients for who looks users up',
    { app: PASSED, globals: 'auth_user = asker' },
    'auth_user "asker" gets no token from a client',
  ],
  [
    'of clients for who looks users up there',
    { app: `${PASSED} auth_user=asker` },
    'auth_user "asker" gets no token from a client',
  ],
  [
    'of clients for who asks the servers',
    { app: `${PASSED} host=a,b target_session_attrs=any`, globals: 'health_check_user = h' },
    '"h", who asks the servers, gets no token from a client',
  ],
])('tokens %s: refused', (_, parts, message) => {
  const found = problems(ini(parts), FILES);
  expect(found.filter((text) => text.includes(message))).toHaveLength(1);
});

test('what has no effect, or may have none, is a warning', () => {
  const app = 'server_auth=iam user=ann password=tea';
  expect(said({ app })).toEqual([expect.stringContaining('password has no effect')]);
  expect(said({ app: 'server_auth=iam secret=file:/a' })).toEqual([
    expect.stringContaining('secret is for clients only'),
  ]);
  expect(said({ users: 'ann = server_auth=iam secret=file:/a' })).toEqual([
    expect.stringContaining('secret is for clients only'),
  ]);
  const split = `host=a,b read_write_split=on\nfit = host=db.test`;
  expect(
    said({ app: split, users: `ann = ${PASSED}\n${ASKER}`, globals: ASKS }).filter((text) =>
      text.includes('"ann"'),
    ),
  ).toEqual([expect.stringMatching(/cannot be had with read_write_split: .* use database "app"/)]);
  const users = 'ann = server_auth=iam';
  const second = `server_tls_sslmode=require\nfit = host=db.test ${PASSED}`;
  expect(said({ app: second, users })).toEqual([
    expect.stringMatching(/user "ann": .* it cannot use database "app"/),
  ]);
  const trusting = ini({ app: PASSED }).replace('auth_type = iam', 'auth_type = trust');
  expect(warnings(trusting, FILES)).toEqual(
    expect.arrayContaining([expect.stringContaining('nobody else may show a token')]),
  );
});

test.each([
  ['aws_region', 'us-east-1a'],
  ['aws_region', 'Frankfurt'],
  ['aws_role_arn', 'arn:aws:iam::1234:role/x'],
  ['aws_role_arn', 'arn:aws:sts::123456789012:assumed-role/x/y'],
  ['aws_external_id', 'x'],
  ['server_auth', 'token'],
])('%s = %s is refused', (name, value) => {
  const text = ini({ globals: `${name} = ${value}` }).replace(
    'auth_type = iam',
    'auth_type = trust',
  );
  expect(problems(text, FILES)).toEqual([
    expect.stringContaining(`${name} = "${value}" is not a valid value`),
  ]);
});

test('a library that is not there is named, and only where it is needed', () => {
  jest.mocked(awsProblem).mockReturnValueOnce('this needs the package @pgweir/aws');
  expect(problems(ini({ app: PASSED }), FILES)).toEqual([
    expect.stringContaining('this needs the package @pgweir/aws'),
  ]);
  expect(problems('[databases]\na = host=a\n[pgbouncer]\nauth_type = trust\n')).toEqual([]);
});
