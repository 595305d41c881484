import {
  type ClientId,
  type DaemonView,
  databaseName,
  type Holds,
  NOTHING_HELD,
  type PoolerSettings,
  type TrafficControl,
} from '@pgweir/pooler';

/** What an operator orders on the console, or by a signal. Plain data. */
export type Order =
  | {
      readonly kind: 'pause' | 'resume' | 'reconnect' | 'kill' | 'waitClose';
      /** Undefined: all. */
      readonly database: string | undefined;
    }
  | { readonly kind: 'disable' | 'enable'; readonly database: string }
  /** `host` or `host:port`. */
  | { readonly kind: 'ban' | 'unban'; readonly host: string }
  /** `target`: `host` or `host:port`. */
  | { readonly kind: 'switchover'; readonly database: string; readonly target: string }
  | { readonly kind: 'callOffSwitchover' }
  | { readonly kind: 'killClient'; readonly client: number }
  | { readonly kind: 'resetStatements' }
  /** `unsuspend`: the client that has suspended is gone, or wants it no more. */
  | { readonly kind: 'suspend' | 'unsuspend'; readonly client: number };

interface OperatorNeeds {
  readonly traffic: TrafficControl;
  readonly view: DaemonView;
  readonly settings: () => PoolerSettings;
  readonly stopping: () => boolean;
  readonly servers: ServerOrders;
}

/** What is ordered about servers. Whatever it is, the answer is why it was not carried out. */
interface ServerOrders {
  order(kind: 'ban' | 'unban', host: string): string | undefined;
  readonly switchovers: {
    carryOut(database: string, target: string): Promise<string | undefined>;
    callOff(reason: string): string | undefined;
  };
}

const CONSOLE = ['pgbouncer', 'pgweir'];
const PAUSED_ALREADY = 'already suspended/paused';
const STOPPING = 'pooler is shutting down';

/**
 * Decides about the orders of operators, with PgBouncer's words, and knows what is held back. There is
 * one in a daemon, however many workers it has.
 */
export class Operator {
  #holds: Holds = NOTHING_HELD;
  /** The client that has suspended; undefined: nobody has. */
  #suspender: number | undefined;
  readonly #needs: OperatorNeeds;

  constructor(needs: OperatorNeeds) {
    this.#needs = needs;
  }

  get holds(): Holds {
    return this.#holds;
  }

  /** Resolves when the order has been carried out. @returns why it was not; undefined: it was */
  async carryOut(order: Order): Promise<string | undefined> {
    const { traffic } = this.#needs;
    if ('database' in order && order.database !== undefined) {
      const problem = await this.#problemOf(order.kind, order.database);
      if (problem !== undefined) return problem;
    }
    switch (order.kind) {
      case 'pause':
        return await this.#pause(order.database);
      case 'resume':
        return await this.#resume(order.database);
      case 'kill':
        return await this.#kill(order.database);
      case 'suspend':
        return await this.#suspend(order.client);
      case 'unsuspend':
        if (this.#suspender === order.client) await this.#hold({ suspended: false });
        return undefined;
      case 'reconnect':
        await traffic.reconnect(order.database);
        return undefined;
      case 'waitClose':
        await traffic.untilRenewed(order.database);
        return undefined;
      case 'disable':
      case 'enable':
        await this.#hold({
          disabledDatabases: changed(this.#holds.disabledDatabases, order.database, {
            isIn: order.kind === 'disable',
          }),
        });
        return undefined;
      case 'ban':
      case 'unban':
        return this.#needs.servers.order(order.kind, order.host);
      case 'switchover':
        return await this.#switchOver(order.database, order.target);
      case 'callOffSwitchover':
        return this.#needs.servers.switchovers.callOff('canceled');
      case 'resetStatements':
        await traffic.resetStatements();
        return undefined;
      case 'killClient':
        // Ids come from whoever typed them; one that is none belongs to nobody.
        return (await traffic.killClient(order.client as ClientId))
          ? undefined
          : 'client not found';
    }
  }

  /** These clients are gone, with the process that they were connected to. */
  async clientsGone(are: (client: number) => boolean): Promise<void> {
    if (this.#suspender !== undefined && are(this.#suspender))
      await this.#hold({ suspended: false });
  }

  /** The daemon ends: what is held up is to come to an end as well. */
  async letGo(): Promise<void> {
    // One that has gone too far goes on.
    this.#needs.servers.switchovers.callOff(STOPPING);
    await this.#hold(NOTHING_HELD);
  }

  /** While clients are suspended nobody's transaction would end. */
  async #switchOver(database: string, target: string): Promise<string | undefined> {
    if (this.#needs.stopping()) return STOPPING;
    if (this.#holds.suspended) return PAUSED_ALREADY;
    return await this.#needs.servers.switchovers.carryOut(database, target);
  }

  async #hold(changes: Partial<Holds>): Promise<void> {
    this.#holds = { ...this.#holds, ...changes };
    if (!this.#holds.suspended) this.#suspender = undefined;
    await this.#needs.traffic.hold(this.#holds);
  }

  async #pause(database: string | undefined): Promise<string | undefined> {
    if (this.#needs.stopping()) return STOPPING;
    if (this.#isHeld) return PAUSED_ALREADY;
    await this.#holdDatabase(database, { isPaused: true });
    const quiet = await this.#needs.traffic.untilQuiet(database);
    return quiet ? undefined : 'resumed before everything was closed';
  }

  async #kill(database: string | undefined): Promise<string | undefined> {
    if (this.#needs.stopping()) return STOPPING;
    if (this.#isHeld) return PAUSED_ALREADY;
    await this.#holdDatabase(database, { isPaused: true });
    await this.#needs.traffic.kill(database);
    return undefined;
  }

  async #resume(database: string | undefined): Promise<string | undefined> {
    if (this.#needs.stopping()) return STOPPING;
    if (database !== undefined) {
      if (!this.#holds.pausedDatabases.includes(database)) {
        return `database ${database} is not paused`;
      }
    } else if (!this.#isHeld) return 'pooler is not paused/suspended';
    if (database === undefined) await this.#hold({ paused: false, suspended: false });
    else await this.#holdDatabase(database, { isPaused: false });
    return undefined;
  }

  async #suspend(client: number): Promise<string | undefined> {
    if (this.#needs.stopping()) return STOPPING;
    if (this.#isHeld) return PAUSED_ALREADY;
    if (this.#holds.pausedDatabases.length > 0) return 'cannot suspend with paused databases';
    this.#suspender = client;
    await this.#hold({ suspended: true });
    await this.#needs.traffic.untilFlushed();
    return this.#suspender === client ? undefined : 'resumed before everything was flushed';
  }

  /** All of it is held, not only some databases. */
  get #isHeld(): boolean {
    return this.#holds.paused || this.#holds.suspended;
  }

  async #holdDatabase(
    database: string | undefined,
    { isPaused }: { readonly isPaused: boolean },
  ): Promise<void> {
    if (database === undefined) await this.#hold({ paused: isPaused });
    else {
      const before = this.#holds.pausedDatabases;
      await this.#hold({ pausedDatabases: changed(before, database, { isIn: isPaused }) });
    }
  }

  async #problemOf(kind: Order['kind'], database: string): Promise<string | undefined> {
    if (CONSOLE.includes(database)) {
      if (kind === 'resume') return `database ${database} is not paused`;
      return `cannot ${VERBS[kind]} admin db: ${database}`;
    }
    const { pausedDatabases, disabledDatabases } = this.#holds;
    // One that a reload has removed can still be let go.
    if (kind === 'resume' && pausedDatabases.includes(database)) return undefined;
    if (kind === 'enable' && disabledDatabases.includes(database)) return undefined;
    return (await this.#isKnown(database)) ? undefined : `no such database: ${database}`;
  }

  async #isKnown(database: string): Promise<boolean> {
    const { databases, fallbackDatabase } = this.#needs.settings();
    if (databases.has(databaseName(database)) || fallbackDatabase !== undefined) return true;
    const { stats } = await this.#needs.view.snapshot([]);
    return stats.some((row) => row.database === database);
  }
}

/** In the words of PgBouncer, which calls ENABLE by the name of its opposite. */
const VERBS: Readonly<Record<Order['kind'], string>> = {
  pause: 'pause',
  resume: 'resume',
  reconnect: 'reconnect',
  kill: 'kill',
  waitClose: 'wait in',
  disable: 'disable',
  enable: 'disable',
  killClient: 'kill',
  ban: 'ban',
  unban: 'unban',
  switchover: 'switch over',
  callOffSwitchover: 'switch over',
  suspend: 'suspend',
  unsuspend: 'resume',
  resetStatements: 'reset statements of',
};

function changed(
  names: readonly string[],
  name: string,
  { isIn }: { readonly isIn: boolean },
): readonly string[] {
  const others = names.filter((other) => other !== name);
  return isIn ? [...others, name].sort() : others;
}
