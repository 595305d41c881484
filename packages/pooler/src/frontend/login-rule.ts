import { commonName } from '@pgweir/protocol';
import { type AccessRule, findRule, type IdentEntry, mayLogInAs } from '../access/access-rules';
import type { DirectoryOptions, IamOptions } from '../ports/client-verifier';
import type { AuthType } from '../settings/settings';
import type { Session } from './session';
import type { SessionContext } from './session-context';

/** Console logins are matched under this name, by whichever they come. */
const CONSOLE_DATABASE = 'pgbouncer';

/** Who wants to log in, and where. */
export interface Claimed {
  readonly user: string;
  readonly databaseName: string;
  readonly virtual: boolean;
  readonly physicalReplication: boolean;
}

/** How this client has to prove who it is. */
interface LoginRule {
  readonly method: Exclude<AuthType, 'hba'> | AccessRule['method'];
  readonly identMap: readonly IdentEntry[] | undefined;
  readonly directory?: DirectoryOptions | undefined;
  readonly iam?: IamOptions | undefined;
}

/** One under which a client may get in. */
export interface AdmittingRule {
  /** `owner`: who runs this process has proved it by that. */
  readonly method: Exclude<LoginRule['method'], 'reject'> | 'owner';
  /** For `ldap`. */
  readonly directory?: DirectoryOptions | undefined;
  /** For `iam`. */
  readonly iam?: IamOptions | undefined;
}

export const OWNER_RULE: AdmittingRule = { method: 'owner' };

/**
 * The rule under which a client may get in, if it is who it says. Otherwise it has been told why not,
 * before anybody was asked about it.
 */
export function admittingRule(
  context: SessionContext,
  session: Session,
  claimed: Claimed,
): AdmittingRule | undefined {
  const rule = loginRule(context, session, claimed);
  if (rule === undefined) {
    session.fail('noAuthMethod');
    return undefined;
  }
  const { method, identMap, directory, iam } = rule;
  if (session.login !== undefined) session.login.authMethod = method;
  if (method === 'reject') {
    session.fail('loginRejected');
    return undefined;
  }
  if (method === 'cert') {
    const fault = certificateFault(session, claimed.user, identMap);
    if (fault !== undefined) session.fail('certificateFailed', '', fault);
    return fault === undefined ? { method } : undefined;
  }
  if (method === 'peer') {
    const fault = peerFault(context, session, claimed.user, identMap);
    if (fault !== undefined) session.fail('peerFailed', '', fault);
    return fault === undefined ? { method } : undefined;
  }
  if (method === 'iam') {
    // Who reads a token on its way can use it until it ends.
    if (mayBeRead(session)) session.fail('iamNeedsTls');
    return mayBeRead(session) ? undefined : { method, iam };
  }
  return method === 'ldap' ? { method, directory } : { method };
}

/** What the client sends may pass others in clear text. A Unix socket stays within this host. */
function mayBeRead({ wire, remote, via }: Session): boolean {
  return wire.tls === undefined && (remote.kind !== 'unix' || via !== undefined);
}

/** @returns undefined when no rule fits */
function loginRule(
  { settings }: SessionContext,
  session: Session,
  claimed: Claimed,
): LoginRule | undefined {
  const { authType, directory, iam } = settings;
  if (authType !== 'hba') return { method: authType, identMap: undefined, directory, iam };
  const { remote } = session;
  return findRule(settings.accessRules, {
    address: remote.kind === 'tcp' ? remote.host : undefined,
    encrypted: session.wire.tls !== undefined,
    database: claimed.virtual ? CONSOLE_DATABASE : claimed.databaseName,
    user: claimed.user,
    physicalReplication: claimed.physicalReplication && !claimed.virtual,
  });
}

/** Why the client's certificate does not let it in as `user`; undefined when it does. */
function certificateFault(
  session: Session,
  user: string,
  identMap: readonly IdentEntry[] | undefined,
): string | undefined {
  const { tls } = session.wire;
  if (tls === undefined) return 'TLS connection required';
  if (tls.peerCertificate === undefined || !tls.peerVerified) {
    return 'TLS client certificate required';
  }
  const found = commonName(tls.peerCertificate);
  if (found.kind === 'none') return found.why;
  return mayLogInAs(found.name, user, identMap) ? undefined : 'TLS certificate name mismatch';
}

/** Why the client's account on this system does not let it in as `user`; undefined when it does. */
function peerFault(
  { socketPeers }: SessionContext,
  session: Session,
  user: string,
  identMap: readonly IdentEntry[] | undefined,
): string | undefined {
  const { descriptor } = session.wire;
  if (session.remote.kind !== 'unix') return 'not a Unix socket';
  if (session.via !== undefined) return 'the peer is a load balancer';
  const peer = descriptor === undefined ? undefined : socketPeers?.peerOf(descriptor);
  if (peer?.userName === undefined) return 'the user of the peer cannot be told';
  return mayLogInAs(peer.userName, user, identMap) ? undefined : 'peer user mismatch';
}

/** Comes by a Unix socket, as the user that this process runs as. */
export function isOwnUser({ socketPeers }: SessionContext, session: Session): boolean {
  const { descriptor } = session.wire;
  if (session.remote.kind !== 'unix' || session.via !== undefined) return false;
  if (descriptor === undefined) return false;
  return socketPeers?.peerOf(descriptor)?.isOwnUser === true;
}
