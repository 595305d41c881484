import { addressText } from '../backend/server-address';
import type { LogFields } from '../ports/logger';
import type { Session } from './session';

/** Who a client is, or says it is, for a log line. */
export function describeClient(session: Session): LogFields {
  const { admission, claimed, remote } = session;
  return {
    client: session.id,
    database: admission?.database.name ?? claimed?.database,
    user: admission?.user ?? claimed?.user,
    address: remote.kind === 'unix' ? 'unix' : addressText(remote),
  };
}
