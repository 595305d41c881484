import { addressText } from '../backend/server-address';
import type { LogFields } from '../ports/log-fields';
import type { Address } from '../ports/transport';
import type { Session } from './session';

/** Who a client is, or says it is, for a log line. */
export function describeClient(session: Session): LogFields {
  const { admission, claimed, remote, via } = session;
  return {
    client: session.id,
    database: admission?.database.name ?? claimed?.database,
    user: admission?.user ?? claimed?.user,
    address: shown(remote),
    via: via === undefined ? undefined : shown(via),
  };
}

function shown(address: Address): string {
  return address.kind === 'unix' ? 'unix' : addressText(address);
}
