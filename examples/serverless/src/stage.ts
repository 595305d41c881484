import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  type AwsKeys,
  awsEnvironment,
  type Cluster,
  certsDir,
  type Daemon,
  type FakeSts,
  type RdsServer,
  startDaemon,
  startFakeSts,
  startRdsServer,
  TEST_ACCOUNT,
} from '@pgweir/testkit';
import type { Environment } from './handler';
import { fillTemplate } from './template';

export const USER = 'shop_app';
export const DATABASE = 'shop';
const HOST = '127.0.0.1';
const REGION = 'eu-central-1';
/** The role of the functions, and that of pgweir. */
const FUNCTION_ROLE = 'shop-function';
const PGWEIR_ROLE = 'pgweir-task';
/** About what it takes inside a region. */
const STS_ANSWER_MS = 10;

/** STS as far as this example goes. Every signature is checked. */
export async function startSts(keys: AwsKeys): Promise<FakeSts> {
  const sts = await startFakeSts({ keys, region: REGION, tls: {} });
  sts.endpoint.setAccident({ kind: 'delay', ms: STS_ANSWER_MS });
  return sts;
}

/** PostgreSQL as RDS has it: the user must bring a token of IAM, and only pgweir's role may make one. */
export function startRds(keys: AwsKeys, { primary }: Cluster): Promise<RdsServer> {
  return startRdsServer({
    ...{ keys, region: REGION, iamUsers: [USER] },
    backend: { port: primary.port },
    allows: (arn, user) => user === USER && arn.includes(`:assumed-role/${PGWEIR_ROLE}/`),
  });
}

/** pgweir with the configuration that Terraform uses too. */
export function startPgweir(options: {
  readonly keys: AwsKeys;
  readonly sts: FakeSts;
  readonly rds: RdsServer;
  readonly links: number;
  readonly workers: number;
}): Promise<Daemon> {
  const { keys, sts, rds } = options;
  const config = fillTemplate('pgweir.ini.tftpl', {
    ...{ name: 'example', db_host: HOST, db_port: String(rds.port), db_ca_file: '{certs}/ca.crt' },
    ...{ listen_addr: HOST, listen_port: '{port}', server_name: HOST, region: REGION },
    ...{ tls_key_file: '{certs}/server.key', tls_cert_file: '{certs}/server.crt', dir: '{dir}' },
    ...{ links: String(options.links), workers: String(options.workers) },
  });
  return startDaemon({
    config,
    files: {
      'iam.map': fillTemplate('iam.map.tftpl', {
        ...{ partition: 'aws', account: TEST_ACCOUNT, role: FUNCTION_ROLE, user: USER },
      }),
    },
    env: {
      ...awsEnvironment(keys.addSession({ role: PGWEIR_ROLE, session: 'task' }), REGION),
      // Whoever tries this may have one.
      AWS_PROFILE: '',
      AWS_ENDPOINT_URL_STS: sts.url,
      NODE_EXTRA_CA_CERTS: join(certsDir(), 'ca.crt'),
    },
  });
}

/** What Lambda gives to execution environments of a function: credentials of their own, and settings. */
export function environments(count: number, keys: AwsKeys, pgweir: Daemon): readonly Environment[] {
  const settings = {
    ...{ PGWEIR_HOST: HOST, PGWEIR_PORT: String(pgweir.port) },
    ...{ PGWEIR_USER: USER, PGWEIR_DATABASE: DATABASE },
    PGWEIR_CA: readFileSync(join(certsDir(), 'ca.crt'), 'utf8'),
  };
  return Array.from({ length: count }, () => {
    const session = keys.addSession({ role: FUNCTION_ROLE, session: FUNCTION_ROLE });
    return { ...settings, ...awsEnvironment(session, REGION) };
  });
}
