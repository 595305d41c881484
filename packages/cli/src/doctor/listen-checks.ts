import { isIP } from 'node:net';
import type { DaemonConfig } from '../config/daemon-config';
import { type HttpAddress, shownAddress } from '../config/http-address';
import {
  ConsoleConnection,
  type ConsoleTarget,
  PasswordWouldShow,
} from '../console-client/console-connection';
import { findConsoles } from '../console-client/find-console';
import { askHttp } from '../healthcheck/ask-http';
import { askListener } from '../healthcheck/ask-listener';
import { errorCode, reasonOf } from '../system-error';
import { type Diagnosis, fine, found } from './findings';
import type { HostFacts } from './host-checks';

const ANSWER_MS = 3000;
const PRIVILEGED_BELOW = 1024;

/** Whether pgweir can listen where it is to, or listens there already. */
export async function checkListening(
  config: DaemonConfig,
  host: HostFacts,
): Promise<readonly Diagnosis[]> {
  const { addresses, port } = config.listen;
  const diagnoses: Diagnosis[] = [];
  if (addresses.length > 0 && port > 0 && port < PRIVILEGED_BELOW && !host.isRoot) {
    diagnoses.push(found('low-port', `listen_port ${port}`, 'and this is not root'));
  }
  const strange = addresses.filter(
    (address) => isIP(address) !== 0 && !isWildcard(address) && !host.addresses.includes(address),
  );
  for (const address of strange) {
    diagnoses.push(found('address-not-here', `listen_addr ${address}`, 'no interface has it'));
  }
  const [first] = addresses.filter((address) => !strange.includes(address));
  if (first !== undefined && port > 0) diagnoses.push(await checkPort(config, first));
  const { metrics_addr: metrics } = config.values;
  if (metrics !== undefined && metrics.port > 0) diagnoses.push(await checkMetrics(metrics));
  return diagnoses;
}

function isWildcard(address: string): boolean {
  return address === '*' || address === '0.0.0.0' || address === '::';
}

function reachable(address: string): string {
  return address === '::' ? '::1' : isWildcard(address) ? '127.0.0.1' : address;
}

async function checkPort(config: DaemonConfig, address: string): Promise<Diagnosis> {
  const { port } = config.listen;
  const subject = `port ${address}:${port}`;
  const health = await askListener({ host: reachable(address), port }, ANSWER_MS);
  if (health.kind === 'silent') {
    const isFree = health.why.includes('ECONNREFUSED');
    return isFree ? fine('port', subject, 'is free') : found('port-taken', subject, health.why);
  }
  return await whoListens(config, subject);
}

/** What somebody has said who was asked whether it is a pooler. */
type Identity =
  | { readonly kind: 'pooler'; readonly words: string }
  | { readonly kind: 'other'; readonly why: string }
  | { readonly kind: 'unclear'; readonly why: string };

/** Asks who it is, if somebody is known who may. */
async function whoListens(config: DaemonConfig, subject: string): Promise<Diagnosis> {
  let unclear = 'nobody is known who may ask who it is';
  for (const target of findConsoles(config)) {
    const identity = await askIdentity(target, config);
    if (identity.kind === 'pooler') return fine('port', subject, identity.words);
    const message = `PostgreSQL is spoken there: ${identity.why}`;
    if (identity.kind === 'other') return found('port-taken', subject, message);
    unclear = identity.why;
  }
  return found('port-unclear', subject, `PostgreSQL is spoken there: ${unclear}`);
}

async function askIdentity(target: ConsoleTarget, config: DaemonConfig): Promise<Identity> {
  const console = new ConsoleConnection(target, 'pgweir doctor');
  let isIn = false;
  try {
    await console.open();
    isIn = true;
    const version = (await console.show('VERSION'))[0]?.version ?? '';
    if (!/^(?:pgweir|PgBouncer) \d/.test(version)) {
      return { kind: 'other', why: 'it is no pooler by SHOW VERSION' };
    }
    const states = await console.show('STATE');
    const on = states.filter(({ value }) => value === 'yes').map(({ key }) => key);
    return { kind: 'pooler', words: `${version} runs there, ${on.join(', ')}` };
  } catch (error) {
    const why = `as ${target.user}: ${reasonOf(error)}`;
    return isForeign(error, { isIn, target, config })
      ? { kind: 'other', why }
      : { kind: 'unclear', why };
  } finally {
    console.close();
  }
}

/** Whoever has this configuration would know the user and the console, and ask for a proof by SCRAM. */
function isForeign(
  error: unknown,
  at: {
    readonly isIn: boolean;
    readonly target: ConsoleTarget;
    readonly config: DaemonConfig;
  },
): boolean {
  if (error instanceof PasswordWouldShow) return at.config.pooler.authType === 'scram-sha-256';
  const code = errorCode(error) ?? '';
  if (at.isIn) return SQLSTATE.test(code);
  return at.target.password !== undefined && NOT_ITS_USERS.has(code);
}

/** The system's codes (EPIPE) begin otherwise. */
const SQLSTATE = /^[0-9FHPX][0-9A-Z]{4}$/;
/** The user, its password or the database is not known there. */
const NOT_ITS_USERS = new Set(['28P01', '28000', '3D000']);

async function checkMetrics(metrics: HttpAddress): Promise<Diagnosis> {
  const subject = `metrics_addr ${shownAddress(metrics)}`;
  const health = await askHttp({ host: reachable(metrics.host), port: metrics.port }, ANSWER_MS);
  if (health.kind === 'serving') return fine('metrics', subject, 'a pgweir answers there');
  if (health.kind === 'rejecting') return fine('metrics', subject, `answers ${health.why}`);
  const isFree = health.why.includes('ECONNREFUSED');
  return isFree ? fine('metrics', subject, 'is free') : found('port-taken', subject, health.why);
}
