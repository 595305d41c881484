import type { Link } from './backend/link';
import { STATUS_IDLE } from './backend/server-status';
import type { Pooler } from './pooler';
import type {
  DaemonSnapshot,
  EntryClientsView,
  TargetLinksView,
  TlsCountView,
} from './ports/daemon-view';
import { entryOf } from './stats/client-traffic';

/** Clients and links that are there now, by entry and by server. */
export function gauges(
  pooler: Pooler,
): Pick<DaemonSnapshot, 'entryClients' | 'targetLinks' | 'tls'> {
  const clients = new Map<string, EntryClientsView>();
  const pinned = new Set<Link>();
  const tls = new TlsCounts();
  for (const session of pooler.sessions.values()) {
    if (session.admission === undefined) continue;
    const entry = entryOf(session);
    const before = clients.get(entry) ?? { entry, clients: 0, clientsTls: 0 };
    const hasTls = session.wire.tls === undefined ? 0 : 1;
    tls.count('client', session.wire.tls?.protocol);
    const counts = { clients: before.clients + 1, clientsTls: before.clientsTls + hasTls };
    clients.set(entry, { entry, ...counts });
    if (session.pin !== undefined && session.link !== undefined) pinned.add(session.link);
  }
  const links = targetLinks(pooler, pinned, tls);
  return { entryClients: [...clients.values()], targetLinks: links, tls: tls.view() };
}

function targetLinks(
  pooler: Pooler,
  pinned: ReadonlySet<Link>,
  tls: TlsCounts,
): readonly TargetLinksView[] {
  const rows = new Map<string, TargetLinksView>();
  for (const { databaseState, links } of pooler.everyPool()) {
    const { entry } = databaseState;
    for (const link of links) {
      const server = link.target?.server;
      if (server === undefined || link.identity === undefined || link.phase === 'closing') continue;
      tls.count('server', link.wire?.tls?.protocol);
      const key = `${entry}\0${server}`;
      const row = rows.get(key) ?? { entry, server, ...NO_LINKS };
      const borrowed = link.phase === 'leased';
      rows.set(key, {
        entry,
        server,
        links: row.links + 1,
        linksTls: row.linksTls + (link.wire?.tls === undefined ? 0 : 1),
        borrowed: row.borrowed + (borrowed ? 1 : 0),
        inTransaction: row.inTransaction + (borrowed && link.status !== STATUS_IDLE ? 1 : 0),
        pinned: row.pinned + (pinned.has(link) ? 1 : 0),
      });
    }
  }
  return [...rows.values()];
}

class TlsCounts {
  readonly #rows = new Map<string, TlsCountView>();

  count(side: TlsCountView['side'], version = 'none'): void {
    const key = `${side} ${version}`;
    const count = (this.#rows.get(key)?.count ?? 0) + 1;
    this.#rows.set(key, { side, version, count });
  }

  view(): readonly TlsCountView[] {
    return [...this.#rows.values()];
  }
}

const NO_LINKS = { links: 0, linksTls: 0, borrowed: 0, inTransaction: 0, pinned: 0 };
