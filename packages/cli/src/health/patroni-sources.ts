import { type ClaimPlan, PatroniClaims, type ServerAddress, serverKey } from '@pgweir/control';
import { type Clock, type Logger, wantedRole } from '@pgweir/pooler';
import type { DaemonConfig } from '../config/daemon-config';
import { entriesOf, serversOf } from './askers';

interface Means {
  readonly clock: Clock;
  readonly log: Logger;
}

/** Who is asked about the cluster of these servers: the Patroni of the first entry that names one. */
export function patroniPlan(
  config: DaemonConfig,
  servers: readonly ServerAddress[],
  { clock, log }: Means,
): ClaimPlan | undefined {
  const wanted = nameOf(servers);
  for (const [, entry] of entriesOf(config)) {
    const { patroniUrls } = entry;
    if (patroniUrls.length === 0 || wantedRole(entry) === undefined) continue;
    if (nameOf(serversOf(entry)) !== wanted) continue;
    const { ca } = (entry.serverTls ?? config.pooler.serverTls).options ?? {};
    return {
      key: JSON.stringify([patroniUrls, ca]),
      open: () => {
        const urls = patroniUrls.map((url) => new URL(url));
        return new PatroniClaims({ urls, tls: ca === undefined ? undefined : { ca }, clock, log });
      },
    };
  }
  return undefined;
}

/** The same for the same servers, in whatever order they are listed. */
function nameOf(servers: readonly ServerAddress[]): string {
  return [...new Set(servers.map(serverKey))].sort().join(' ');
}
