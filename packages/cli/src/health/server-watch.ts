import {
  type ClusterView,
  CONTROL_DEFAULTS,
  Control,
  type ControlSettings,
  type DatabaseEntry,
  type FailoverView,
  type OrderOutcome,
  type SessionCounts,
} from '@pgweir/control';
import { type DatabaseStatsView, databaseName, type LinkBudget, type Logger } from '@pgweir/pooler';
import type { DaemonConfig } from '../config/daemon-config';
import { systemClock } from '../runtime/system-clock';
import { entriesOf, serversOf } from './askers';
import { ConfiguredProber } from './prober';

interface ServerWatchNeeds {
  readonly config: () => DaemonConfig;
  readonly budget: LinkBudget;
  readonly log: Logger;
}

const NOBODY: SessionCounts = { moved: 0, retried: 0, failed: 0 };

/** What is known of servers whose roles are followed. Plain data. */
export interface ServersSeen {
  readonly clusters: readonly ClusterView[];
  readonly failovers: readonly FailoverView[];
}

/** Watches the servers of a configuration: there is one in a daemon, however many workers it has. */
export class ServerWatch {
  readonly control: Control;
  readonly #needs: ServerWatchNeeds;
  readonly #accounted = new Map<string, SessionCounts>();

  constructor(needs: ServerWatchNeeds) {
    const { budget, config, log } = needs;
    this.#needs = needs;
    this.control = new Control({
      ...configured(config()),
      prober: new ConfiguredProber({ config, budget, clock: systemClock }),
      clock: systemClock,
      log,
    });
  }

  /** The configuration has changed. */
  reconfigure(): void {
    const { settings, entries } = configured(this.#needs.config());
    this.control.reconfigure(settings, entries);
  }

  /** What became of sessions since the last time, by the totals of databases: in the last failover. */
  account(totals: readonly DatabaseStatsView[]): void {
    for (const { database, moved, retried, failed } of totals) {
      const before = this.#accounted.get(database) ?? NOBODY;
      this.#accounted.set(database, { moved, retried, failed });
      const counts = {
        moved: moved - before.moved,
        retried: retried - before.retried,
        failed: failed - before.failed,
      };
      if (counts.moved + counts.retried + counts.failed > 0)
        this.control.addSessions(databaseName(database), counts);
    }
  }

  seen(): ServersSeen {
    return { clusters: this.control.topology(), failovers: this.control.failovers() };
  }

  /** An operator's order. @returns why it was not carried out; undefined: it was */
  order(kind: 'ban' | 'unban', host: string): string | undefined {
    const outcome: OrderOutcome =
      kind === 'ban' ? this.control.ban(host) : this.control.unban(host);
    return outcome.kind === 'refused' ? outcome.reason : undefined;
  }

  close(): void {
    this.control.close();
  }
}

function configured(config: DaemonConfig): {
  readonly settings: ControlSettings;
  readonly entries: readonly DatabaseEntry[];
} {
  const { intervalMs, timeoutMs } = config.health;
  const entries = [...entriesOf(config)].map(([database, entry]) => ({
    database,
    servers: serversOf(entry),
    targetSessionAttrs: entry.targetSessionAttrs,
    readWriteSplit: false,
  }));
  return {
    settings: {
      ...CONTROL_DEFAULTS,
      healthCheckIntervalMs: intervalMs,
      healthCheckTimeoutMs: timeoutMs,
    },
    entries,
  };
}
