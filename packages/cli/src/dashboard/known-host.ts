import { isIP } from 'node:net';
import type { HttpSettings } from '../config/daemon-config';

/** In `dashboard_hosts`: every name is good, for instance because a proxy looks at it. */
const ANY = '*';

/**
 * Whether the page may be asked for by what stands in `Host`. Somebody else's page may have a name that is
 * made to point here (DNS rebinding): then a browser takes ours for a part of theirs, and lets them read
 * it. An address is no name, and `localhost` points nowhere else.
 */
export function isKnownHost(
  host: string | undefined,
  { address, dashboardHosts }: Pick<HttpSettings, 'address' | 'dashboardHosts'>,
): boolean {
  if (dashboardHosts.includes(ANY)) return true;
  const name = URL.parse(`http://${host ?? ''}/`)?.hostname;
  if (name === undefined || name === '') return false;
  // In a URL an IPv6 address stands in brackets.
  if (isIP(name.replace(/^\[(.*)\]$/, '$1')) > 0) return true;
  const own = [address?.host ?? '', ...dashboardHosts].map((known) => known.toLowerCase());
  return name === 'localhost' || name.endsWith('.localhost') || own.includes(name);
}
