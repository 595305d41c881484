import { isOutdated } from './backend/outdated';
import type { Pool } from './pool/pool';
import type { Pooler } from './pooler';
import type { ClientId, DatabaseName } from './ports/names';
import {
  type Holds,
  NOTHING_HELD,
  type ServerLeases,
  type TrafficControl,
} from './ports/traffic-control';

/** Who has leases of our own. */
const NOBODY = 0;

/** Carries out what an operator orders in one pooler. */
export class Orders implements TrafficControl {
  /** Whatever clients send is held up. */
  suspended = false;
  #holds: Holds = NOTHING_HELD;
  readonly #pooler: Pooler;

  constructor(pooler: Pooler) {
    this.#pooler = pooler;
  }

  /** Its clients wait, and it keeps no links. */
  isPaused(database: DatabaseName): boolean {
    return this.#holds.paused || this.#holds.pausedDatabases.includes(database);
  }

  /** Nobody new gets in. */
  isDisabled(database: DatabaseName): boolean {
    return this.#holds.disabledDatabases.includes(database);
  }

  async hold(holds: Holds): Promise<void> {
    this.#holds = holds;
    this.#suspend(holds.suspended);
    for (const pool of this.#pooler.everyPool()) {
      const paused = this.isPaused(pool.database);
      if (pool.paused === paused) continue;
      pool.paused = paused;
      if (!paused) pool.supply.gate.reset(this.#pooler.clock.nowMs());
      pool.supply.renew();
      if (paused) for (const link of [...pool.idleLinks]) link.close('database paused');
      pool.databaseState.listening?.tick(this.#pooler.clock.nowMs());
    }
    this.#pooler.conditions.check();
  }

  #suspend(suspended: boolean): void {
    const pooler = this.#pooler;
    if (this.suspended === suspended) return;
    this.suspended = suspended;
    if (suspended) return;
    for (const session of [...pooler.sessions.values()]) {
      // What others have sent ahead is for their login.
      if (session.admission !== undefined && session.login === undefined) session.resumeKept();
    }
  }

  async untilFlushed(): Promise<void> {
    const { clock, conditions, sessions, settings } = this.#pooler;
    const deadlineMs = clock.nowMs() + settings.suspendTimeoutMs;
    const congested = () => [...sessions.values()].filter(({ wire }) => wire.congested);
    await conditions.until(() => congested().length === 0 || clock.nowMs() >= deadlineMs);
    if (this.#holds.suspended) for (const session of congested()) session.fail('suspendTimeout');
  }

  async untilQuiet(database: string | undefined): Promise<boolean> {
    const isHeld = () =>
      this.#holds.paused ||
      (database !== undefined && this.#holds.pausedDatabases.includes(database));
    const isQuiet = () => this.#pools(database).every((pool) => pool.links.size === 0);
    await this.#pooler.conditions.until(() => !isHeld() || isQuiet());
    return isHeld();
  }

  async reconnect(database: string | undefined): Promise<void> {
    for (const pool of this.#pools(database)) {
      pool.retireAll('RECONNECT');
      pool.databaseState.listening?.tick(this.#pooler.clock.nowMs());
      pool.supply.renew();
    }
  }

  async untilRenewed(database: string | undefined): Promise<void> {
    const isRenewed = (pool: Pool): boolean => {
      for (const link of pool.links) if (isOutdated(link)) return false;
      return true;
    };
    await this.#pooler.conditions.until(() => this.#pools(database).every(isRenewed));
  }

  async kill(database: string | undefined): Promise<void> {
    for (const session of [...this.#pooler.sessions.values()]) {
      const name = session.admission?.database.name;
      if (name !== undefined && (database ?? name) === name) session.fail('databaseRemoved');
    }
    for (const pool of this.#pools(database)) {
      for (const link of [...pool.links]) link.close('KILL');
    }
  }

  async killClient(id: ClientId): Promise<boolean> {
    const session = this.#pooler.sessions.get(id);
    if (session === undefined) return false;
    session.fail('killed');
    return true;
  }

  async resetStatements(): Promise<void> {
    this.#pooler.statements.reset();
  }

  async countLeases({ databases, host, port }: ServerLeases): Promise<number> {
    let count = 0;
    for (const pool of this.#pooler.everyPool()) {
      if (!databases.includes(pool.databaseState.entry)) continue;
      for (const link of pool.links) {
        // What we have lent to ourselves (to listen, to look a user up) nobody would miss.
        if (link.phase !== 'leased' || link.session?.id === NOBODY) continue;
        if (link.origin?.host === host && link.origin.port === port) count++;
      }
    }
    return count;
  }

  #pools(database: string | undefined): readonly Pool[] {
    const all = this.#pooler.everyPool();
    return database === undefined ? all : all.filter((pool) => pool.database === database);
  }
}
