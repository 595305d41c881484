import type { PeerSettings } from '@pgweir/pooler';
import { readEntry, unixSocketProblem } from './databases';
import { type Findings, type Place, quoted } from './finding';
import type { IniEntry } from './ini-assignment';
import { type GlobalValues, PEER_PARAMETERS } from './settings';

const PEER_ID_MAX = 16_383;
const DEFAULT_PORT = 6432;

export interface PeersContext {
  readonly values: GlobalValues;
  readonly place: (name: keyof GlobalValues) => Place;
  readonly findings: Findings;
}

/**
 * Reads the entries of `[peers]` and sees that they fit the settings of `[pgbouncer]`. The last entry of
 * an id counts, as a whole. Our own id may be among them.
 */
export function readPeers(
  entries: readonly IniEntry[],
  { values: globals, place, findings }: PeersContext,
): ReadonlyMap<number, PeerSettings> {
  const peers = new Map<number, PeerSettings>();
  for (const entry of entries) {
    const id = Number(entry.key);
    if (!/^\d+$/.test(entry.key) || id < 1 || id > PEER_ID_MAX) {
      const message = `peer ${quoted(entry.key)}: the name of a peer is a number from 1 to 16383`;
      findings.problem(entry, message);
    }
    const subject = `peer ${quoted(entry.key)}: `;
    const values = readEntry(entry, PEER_PARAMETERS, subject, findings);
    if (values === undefined) continue;
    const { host, port = DEFAULT_PORT, pool_size: poolSize = globals.default_pool_size } = values;
    const problem = host === undefined ? 'host is missing' : hostProblem(host, port);
    if (problem !== undefined) findings.problem(entry, `${subject}${problem}`);
    else if (host !== undefined) peers.set(id, { id, host, port, poolSize });
  }
  const [first] = entries;
  if (first !== undefined && globals.peer_id === 0) {
    const message = '[peers] has no effect without peer_id: cancel requests are not passed on';
    findings.warning(first, message);
  }
  if (globals.so_reuseport && globals.peer_id === 0) {
    const message =
      'so_reuseport without peer_id: a cancel request that another instance gets is lost';
    findings.warning(place('so_reuseport'), message);
  }
  return new Map([...peers].sort(([a], [b]) => a - b));
}

function hostProblem(host: string, port: number): string | undefined {
  const message = unixSocketProblem(host, port);
  return message === undefined ? undefined : `host: ${message}`;
}
