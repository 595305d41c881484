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
import {
  type DatabaseStatsView,
  databaseName,
  type LinkBudget,
  type Logger,
  type ServerLeases,
  type ServerPasswords,
} from '@pgweir/pooler';
import { foundBy } from '../aws/member-source';
import type { DaemonConfig } from '../config/daemon-config';
import { systemClock } from '../runtime/system-clock';
import { entriesOf, serversOf } from './askers';
import { patroniPlan } from './patroni-sources';
import { ConfiguredProber } from './prober';
import { Promotions } from './promotions';
import { Switchovers } from './switchovers';

interface ServerWatchNeeds {
  readonly config: () => DaemonConfig;
  readonly budget: LinkBudget;
  /** For logins of those who ask. */
  readonly passwords: ServerPasswords;
  readonly log: Logger;
  /** As `Switchovers` needs them. */
  readonly countLeases: (of: ServerLeases) => Promise<number>;
  readonly switchoverObstacle: () => string | undefined;
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
  readonly switchovers: Switchovers;
  readonly #promotions: Promotions;
  readonly #needs: ServerWatchNeeds;
  readonly #accounted = new Map<string, SessionCounts>();

  constructor(needs: ServerWatchNeeds) {
    const { budget, config, countLeases, log, passwords, switchoverObstacle: obstacle } = needs;
    const clock = systemClock;
    this.#needs = needs;
    this.control = new Control({
      ...configured(config()),
      prober: new ConfiguredProber({ config, budget, passwords, clock }),
      claimsOf: (servers) => patroniPlan(config(), servers, { clock, log }),
      ...{ clock, log },
    });
    const { control } = this;
    this.switchovers = new Switchovers({
      ...{ control, config, budget, passwords, clock, log, countLeases },
      obstacle: () => this.#promotions.underWay ?? obstacle(),
    });
    this.#promotions = new Promotions({
      ...{ control, config, budget, passwords, clock, log },
      obstacle: () => this.switchovers.underWay,
    });
  }

  /** Why nobody may take over from this process now. */
  get underWay(): string | undefined {
    return this.switchovers.underWay ?? this.#promotions.underWay;
  }

  /** The configuration has changed. */
  reconfigure(): void {
    const { settings, entries } = configured(this.#needs.config());
    this.control.reconfigure(settings, entries);
    this.#promotions.reconfigure();
  }

  /** Another process has taken over: it is the one to promote. */
  async retire(): Promise<void> {
    await this.#promotions.retire('another process has taken over');
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

  async close(): Promise<void> {
    this.switchovers.close();
    const retired = this.#promotions.retire('the pooler has shut down');
    this.control.close();
    await retired;
  }
}

function configured(config: DaemonConfig): {
  readonly settings: ControlSettings;
  readonly entries: readonly DatabaseEntry[];
} {
  const { health, switchover } = config;
  const entries = [...entriesOf(config)].map(([database, entry]) => {
    const found = foundBy(entry);
    return {
      database,
      servers: serversOf(entry),
      source: found.kind === 'source' ? found.source : undefined,
      targetSessionAttrs: entry.targetSessionAttrs,
      readWriteSplit: entry.readWriteSplit,
    };
  });
  return {
    settings: {
      ...CONTROL_DEFAULTS,
      healthCheckIntervalMs: health.intervalMs,
      healthCheckTimeoutMs: health.timeoutMs,
      switchoverLeadMs: switchover.leadMs,
      switchoverTimeoutMs: switchover.timeoutMs,
    },
    entries,
  };
}
