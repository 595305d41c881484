import { Etcd, type HttpAnswer, HttpPeer } from '@pgweir/control';
import type { Clock } from '@pgweir/pooler';
import { IamOptions } from '../aws/iam-options';
import { awsCredentials } from '../aws/rds-tokens';
import { stsEndpoint } from '../aws/sts-endpoint';
import type { DaemonConfig } from '../config/daemon-config';
import { entriesOf } from '../health/askers';
import { LdapConnection } from '../ldap/connection';
import { ldapLibrary } from '../ldap/library';
import { LdapOptions } from '../ldap/options';
import type { Secrets } from '../secrets/secrets';
import { errorCode, reasonOf } from '../system-error';
import { type Diagnosis, fine, found } from './findings';

const ANSWER_MS = 5000;

/** What else is asked beside PostgreSQL, one promise for each, so that none waits for another. */
export function checkServices(
  config: DaemonConfig,
  secrets: Secrets,
  clock: Clock,
): readonly Promise<readonly Diagnosis[]>[] {
  return [
    ...patroniUrls(config).map(({ url, ca }) => checkPatroni(url, ca, clock)),
    checkLease(config, clock),
    ...directories(config).flatMap((options) =>
      options.servers.urls.map((url) => checkDirectory(url, options, clock)),
    ),
    ...stsRegions(config).map((region) => checkSts(region, clock)),
    checkSecrets(secrets),
    checkCredentials(config),
  ];
}

interface PatroniUrl {
  readonly url: string;
  readonly ca: string | undefined;
}

function patroniUrls(config: DaemonConfig): readonly PatroniUrl[] {
  const all = [...entriesOf(config)].flatMap(([, entry]) => {
    const { ca } = (entry.serverTls ?? config.pooler.serverTls).options ?? {};
    return entry.patroniUrls.map((url) => ({ url, ca }));
  });
  return [...new Map(all.map((one) => [one.url, one])).values()];
}

async function checkPatroni(
  url: string,
  ca: string | undefined,
  clock: Clock,
): Promise<readonly Diagnosis[]> {
  const tls = ca === undefined ? undefined : { ca };
  const peer = new HttpPeer({ url: new URL(url), tls, clock, resolver: undefined });
  const answer = await ask(peer, 'cluster');
  const subject = `Patroni ${peer.name}`;
  if (answer.kind === 'failed') return [found('patroni-unreachable', subject, answer.reason)];
  if (answer.status === 200) return [fine('patroni', subject, 'answers')];
  return [found('patroni-unreachable', subject, `HTTP status ${answer.status}`)];
}

function ask(peer: HttpPeer, path: string): Promise<HttpAnswer> {
  return new Promise((done) => {
    peer.ask({ method: 'GET', path, deadlineMs: ANSWER_MS }, done);
  });
}

/** Looks at the key of the lease, and takes nothing. */
async function checkLease(
  { promotion: { lease } }: DaemonConfig,
  clock: Clock,
): Promise<readonly Diagnosis[]> {
  if (lease.kind !== 'etcd') return [];
  const urls = lease.urls.map((url) => new URL(url));
  const subject = `etcd ${urls.map(({ host }) => host).join(', ')}`;
  const etcd = new Etcd({ urls, login: lease.login, tls: undefined, clock });
  try {
    await etcd.look(lease.key);
    return [fine('etcd', subject, 'answers')];
  } catch (error) {
    return [found('etcd-unreachable', subject, reasonOf(error))];
  }
}

function directories({ pooler }: DaemonConfig): readonly LdapOptions[] {
  const all = [pooler.directory, ...pooler.accessRules.map(({ directory }) => directory)];
  return all.filter((options) => options instanceof LdapOptions);
}

/** Binds as whoever searches there, anonymously where nobody does. */
async function checkDirectory(
  url: string,
  { servers, lookup }: LdapOptions,
  clock: Clock,
): Promise<readonly Diagnosis[]> {
  const subject = `directory ${url}`;
  const connection = new LdapConnection(url, servers, clock);
  try {
    const client = await connection.open();
    const { bindDn, password } = lookup.kind === 'searched' ? lookup : { bindDn: '', password: '' };
    await client.bind(bindDn, password);
    return [fine('directory', subject, bindDn === '' ? 'answers' : 'lets ldapbinddn in')];
  } catch (error) {
    const { ResultCodeError } = ldapLibrary();
    if (!(error instanceof ResultCodeError)) {
      const reason = errorCode(error) ?? reasonOf(error).split('\n')[0] ?? '';
      return [found('directory-unreachable', subject, reason)];
    }
    // It has answered. That nobody may bind anonymously is its right.
    const isNeeded = lookup.kind === 'searched' && lookup.bindDn !== '';
    if (!isNeeded) return [fine('directory', subject, 'answers')];
    return [found('directory-unreachable', subject, `ldapbinddn is refused (${error.code})`)];
  } finally {
    connection.close();
  }
}

function stsRegions({ pooler }: DaemonConfig): readonly string[] {
  const all = [pooler.iam, ...pooler.accessRules.map(({ iam }) => iam)];
  return [
    ...new Set(
      all.flatMap((options) => (options instanceof IamOptions ? options.rules.regions : [])),
    ),
  ];
}

/** Whatever it says to a request that says nothing: it is there. */
async function checkSts(region: string, clock: Clock): Promise<readonly Diagnosis[]> {
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const url = new URL(stsEndpoint() || `https://sts.${region}.${domain}/`);
  const peer = new HttpPeer({ url, tls: undefined, clock, resolver: undefined });
  const answer = await ask(peer, '');
  const subject = `STS of ${region}, ${peer.name}`;
  if (answer.kind === 'failed') return [found('sts-unreachable', subject, answer.reason)];
  return [fine('sts', subject, 'answers')];
}

async function checkSecrets(secrets: Secrets): Promise<readonly Diagnosis[]> {
  await secrets.ready();
  return secrets.seen().map(({ place, fault, version }) => {
    const subject = `secret ${place}`;
    if (fault !== undefined) return found('secret-unreadable', subject, fault);
    if (version === undefined) return found('secret-unreadable', subject, 'no answer in time');
    return fine('secret', subject, 'can be read');
  });
}

/** Where tokens are made for logins to PostgreSQL. */
async function checkCredentials(config: DaemonConfig): Promise<readonly Diagnosis[]> {
  const { pooler } = config;
  const all = [pooler, ...pooler.users.values(), ...[...entriesOf(config)].map(([, one]) => one)];
  if (!all.some(({ serverIdentity }) => serverIdentity?.auth === 'iam')) return [];
  try {
    await awsCredentials().of(undefined).get();
    return [fine('credentials', 'AWS', 'there are credentials')];
  } catch (error) {
    return [found('no-credentials', 'AWS', reasonOf(error))];
  }
}
