import {
  type Control,
  type Demoter,
  Switchover,
  type SwitchoverMaker,
  type SwitchoverOutcome,
} from '@pgweir/control';
import {
  type Clock,
  databaseName,
  type LinkBudget,
  type Logger,
  type ServerLeases,
  type ServerPasswords,
} from '@pgweir/pooler';
import type { DaemonConfig } from '../config/daemon-config';
import { FALLBACK } from './askers';
import { DemoteCommand } from './demote-command';
import { openHand } from './hand';

export interface SwitchoversNeeds {
  readonly control: Control;
  readonly config: () => DaemonConfig;
  readonly budget: LinkBudget;
  readonly passwords: ServerPasswords;
  readonly clock: Clock;
  readonly log: Logger;
  /** Over all workers. Rejects when one of them does not say. */
  readonly countLeases: (of: ServerLeases) => Promise<number>;
  /** Why there must be none now; undefined: nothing is in its way. */
  readonly obstacle: () => string | undefined;
}

const UNDER_WAY = 'a switchover is under way';

/** Carries out SWITCHOVER: one at a time in a daemon, however many workers it has. */
export class Switchovers {
  readonly #needs: SwitchoversNeeds;
  #running: Switchover | undefined;

  constructor(needs: SwitchoversNeeds) {
    this.#needs = needs;
  }

  /** Why nothing else that needs all links and servers as they are may begin now. */
  get underWay(): string | undefined {
    return this.#running === undefined ? undefined : UNDER_WAY;
  }

  /** Resolves when it is over. @returns why the target is not primary; undefined: it is */
  async carryOut(database: string, target: string): Promise<string | undefined> {
    const { control, config, obstacle, log, clock } = this.#needs;
    const reason = this.underWay ?? obstacle();
    if (reason !== undefined) return reason;
    const { pooler, switchover: settings } = config();
    const name = databaseName(database);
    const entry = pooler.databases.has(name) ? name : FALLBACK;
    const plan = control.planSwitchover(entry, target);
    if (plan.kind === 'refused') return plan.reason;
    const { cluster } = plan;
    const of = { databases: cluster.databases, ...cluster.primary };
    const switchover = new Switchover({
      ...{ database, cluster, clock, log },
      demoter: this.#demoterOf(cluster.maker),
      limits: { beforeDemotionMs: settings.timeoutMs, demotionMs: settings.demoteTimeoutMs },
      countLeases: () => this.#needs.countLeases(of),
      open: (server) => openHand(server, this.#needs),
    });
    this.#running = switchover;
    try {
      return textOf(await switchover.run());
    } finally {
      this.#running = undefined;
    }
  }

  /** @returns why it goes on, or there is none */
  callOff(reason: string): string | undefined {
    if (this.#running === undefined) return 'no switchover is under way';
    return this.#running.cancel(reason) ? undefined : 'it is too late to call the switchover off';
  }

  /** The daemon ends, whatever is under way. */
  close(): void {
    const running = this.#running;
    if (running === undefined || running.cancel('the pooler has shut down')) return;
    const advice = running.adviceIfAbandoned;
    if (advice !== undefined) this.#needs.log.error(`the pooler ends in a switchover: ${advice}`);
  }

  #demoterOf(maker: SwitchoverMaker | undefined): Demoter {
    const { config, clock, log } = this.#needs;
    if (maker === undefined) {
      return new DemoteCommand({ command: config().switchover.demoteCommand, clock, log });
    }
    return {
      promotes: true,
      obstacle: ({ target }) => maker.switchoverObstacle(target),
      demote: ({ target }, deadlineMs) => maker.switchover(target, deadlineMs),
    };
  }
}

function textOf(outcome: SwitchoverOutcome): string | undefined {
  switch (outcome.kind) {
    case 'done':
      return undefined;
    case 'called off':
      return `switchover called off: ${outcome.reason}`;
    case 'unfinished':
      return `switchover not finished: ${outcome.reason}`;
  }
}
