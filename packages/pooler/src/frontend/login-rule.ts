import { commonName } from '@pgweir/protocol';
import { type AccessRule, findRule, type IdentEntry, mayLogInAs } from '../access/access-rules';
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
export interface LoginRule {
  readonly method: Exclude<AuthType, 'hba'> | AccessRule['method'];
  readonly identMap: readonly IdentEntry[] | undefined;
}

/** @returns undefined when no rule fits */
export function loginRule(
  { settings }: SessionContext,
  session: Session,
  claimed: Claimed,
): LoginRule | undefined {
  const { authType } = settings;
  if (authType !== 'hba') return { method: authType, identMap: undefined };
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
export function certificateFault(
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
export function peerFault(
  { socketPeers }: SessionContext,
  session: Session,
  user: string,
  identMap: readonly IdentEntry[] | undefined,
): string | undefined {
  const { descriptor } = session.wire;
  if (session.remote.kind !== 'unix') return 'not a Unix socket';
  const peer = descriptor === undefined ? undefined : socketPeers?.peerOf(descriptor);
  if (peer?.userName === undefined) return 'the user of the peer cannot be told';
  return mayLogInAs(peer.userName, user, identMap) ? undefined : 'peer user mismatch';
}

/** Comes by a Unix socket, as the user that this process runs as. */
export function isOwnUser({ socketPeers }: SessionContext, session: Session): boolean {
  const { descriptor } = session.wire;
  if (session.remote.kind !== 'unix' || descriptor === undefined) return false;
  return socketPeers?.peerOf(descriptor)?.isOwnUser === true;
}
