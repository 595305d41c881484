import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { certsDir } from '@pgweir/testkit';
import { IamOptions } from '../../../src/aws/iam-options';
import { load, loaded, problems, warnings } from '../../support/config-files';

const AT = '/etc/pgweir';
const TLS =
  'client_tls_sslmode = require\nclient_tls_key_file = server.key\nclient_tls_cert_file = server.crt\n';
const BASE = `[databases]\n* = host=db\n[pgbouncer]\nlisten_addr = 127.0.0.1\n${TLS}`;
const NAMED =
  'iam_server_name = pgweir.example.org\niam_sts_regions = us-east-1, eu-central-1\niam_map_file = iam.map\n';
const IAM = `${BASE}auth_type = iam\n`;
const HBA = `${BASE}auth_type = hba\nauth_hba_file = hba.conf\n`;
const SESSIONS = 'arn:aws:sts::123456789012:assumed-role';
const MAP = `iam ${SESSIONS}/app/* app\nops ${SESSIONS}/dba/* all\n`;

function files({ map = MAP, hba = '' } = {}) {
  const read = (name: string) => [`${AT}/${name}`, readFileSync(join(certsDir(), name), 'utf8')];
  const tls = Object.fromEntries(['server.key', 'server.crt'].map(read));
  return { ...tls, [`${AT}/iam.map`]: map, [`${AT}/hba.conf`]: hba };
}

function placed(ini: string, given = files()): readonly string[] {
  const result = load(ini, given);
  if (result.kind === 'ok') return [];
  return result.problems.map(({ file, line, message }) => `${file}:${line}: ${message}`);
}

test('names, regions and the map reach the pooler, and need no auth_file', () => {
  const { pooler } = loaded(IAM + NAMED, files());
  expect(pooler.authType).toBe('iam');
  expect(pooler.iam).toBeInstanceOf(IamOptions);
  expect(pooler.iam).toMatchObject({
    rules: { serverNames: ['pgweir.example.org'], regions: ['us-east-1', 'eu-central-1'] },
    mapName: 'iam',
    map: [{ user: { name: 'app' } }],
  });
  expect(warnings(IAM + NAMED, files())).toEqual([]);
});

test('iam_map says which map counts', () => {
  const { pooler } = loaded(`${IAM}${NAMED}iam_map = ops\n`, files());
  expect(pooler.iam).toMatchObject({ mapName: 'ops', map: [{ user: { kind: 'all' } }] });
  expect(problems(`${IAM}${NAMED}iam_map = none\n`, files())).toEqual([
    '8: there is no map "none": "iam.map" has none',
  ]);
});

test('what is missing is a problem', () => {
  expect(problems(IAM, files())).toEqual([
    '8: iam needs iam_server_name',
    '8: iam needs iam_sts_regions',
    '8: iam needs iam_map_file',
  ]);
  const ini = `${IAM}${NAMED}`.replace('iam.map', 'gone.map');
  expect(problems(ini, files())).toEqual([expect.stringMatching(/^11: iam_map_file: cannot read/)]);
});

test('an endpoint for STS that cannot be is a problem at once, and only where IAM is used', () => {
  const at = (stsEndpoint: string, ini = IAM + NAMED) => load(ini, files(), { stsEndpoint });
  for (const bad of ['http://sts.example.org', 'sts.example.org', 'https://host/path']) {
    expect(at(bad)).toMatchObject({
      problems: [{ line: 8, message: expect.stringMatching(/^iam: AWS_ENDPOINT_URL_STS is not/) }],
    });
    const message = expect.stringMatching(/AWS_ENDPOINT_URL_STS/);
    const rule = at(bad, HBA + NAMED);
    expect(rule.kind === 'failed' ? rule.problems : []).not.toContainEqual(
      expect.objectContaining({ message }),
    );
    const used = load(HBA + NAMED, files({ hba: 'hostssl all all all iam\n' }), {
      stsEndpoint: bad,
    });
    expect(used).toMatchObject({ problems: [{ message }] });
  }
  for (const good of ['', 'https://vpce-1.sts.example.org', 'http://127.0.0.1:4566'])
    expect(at(good).kind).toBe('ok');
});

test('names and regions that are none are problems', () => {
  const ini = `${IAM}iam_server_name = a, B\niam_sts_regions = evil.org\niam_map_file = iam.map\n`;
  expect(problems(ini, files())).toEqual([
    '9: iam_server_name: "B" is no name like that of a host, in lower case',
    '10: iam_sts_regions: "evil.org" is no region of AWS',
  ]);
});

test('a mistake in the map has its file and line', () => {
  const map = `iam ${SESSIONS}/app/* app\niam arn:aws:iam::*:user/ann ann\n`;
  expect(placed(IAM + NAMED, files({ map }))).toEqual([
    expect.stringMatching(/^iam\.map:2: the account "\*" is not 12 digits/),
  ]);
});

test('without TLS nobody could log in: a problem for everybody, a warning for a rule', () => {
  const open = (ini: string): string => ini.replace('= require', '= disable');
  expect(problems(open(IAM + NAMED), files())).toEqual([
    '8: auth_type = iam needs client_tls_sslmode: require, or another',
  ]);
  const onlyUnix = open(IAM + NAMED).replace('listen_addr = 127.0.0.1', 'unix_socket_dir = /run');
  expect(problems(onlyUnix, files())).toEqual([]);
  const given = files({ hba: 'local all all iam\nhost all all all iam\n' });
  expect(load(open(HBA + NAMED), given).warnings).toEqual([
    expect.objectContaining({
      ...{ file: 'hba.conf', line: 2 },
      message: 'iam lets nobody in: client_tls_sslmode = disable',
    }),
  ]);
});

test('rules take the map of iam_map, or one of their own', () => {
  const hba = 'hostssl all app all iam\nlocal all all iam map=ops\nhost all all all reject\n';
  const { pooler } = loaded(HBA + NAMED, files({ hba }));
  expect(pooler.accessRules).toMatchObject([
    { method: 'iam', iam: { mapName: 'iam' } },
    { method: 'iam', iam: { mapName: 'ops' } },
    { method: 'reject' },
  ]);
});

test('mistakes in rules have their file and line, and settings are asked for once', () => {
  const hba =
    'hostnossl all all all iam\nhost all all all iam map=none\nhost all all all iam x=y\n';
  expect(placed(HBA + NAMED, files({ hba }))).toEqual([
    'hba.conf:1: iam needs TLS: behind hostnossl it lets nobody in',
    'hba.conf:2: there is no map "none": "iam.map" has none',
    'hba.conf:3: "x=y" is not understood; accepted behind the method: map=NAME',
  ]);
  const twice = 'host all a all iam\nhost all b all iam\n';
  expect(placed(HBA, files({ hba: twice }))).toEqual([
    'hba.conf:1: iam needs iam_server_name',
    'hba.conf:1: iam needs iam_sts_regions',
    'hba.conf:1: iam needs iam_map_file',
  ]);
});

test('where nobody logs in so, the settings have no effect', () => {
  const given = files({ hba: 'host all all all reject\n' });
  expect(warnings(HBA + NAMED, given).filter((text) => text.includes('iam_'))).toEqual(
    ['10: iam_server_name', '11: iam_sts_regions', '12: iam_map_file'].map((name) =>
      expect.stringContaining(`${name} has no effect: it matters only with auth_type = iam`),
    ),
  );
});
