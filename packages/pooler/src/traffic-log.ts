import type { ErrorFields } from '@pgweir/protocol';
import type { Link } from './backend/link';
import { describeClient } from './frontend/describe';
import type { Session } from './frontend/session';
import type { Pool } from './pool/pool';
import type { Clock } from './ports/clock';
import type { Logger } from './ports/logger';
import type { DatabaseName } from './ports/names';
import type { PoolerSettings } from './settings/settings';
import { StrangerLines } from './stranger-lines';

interface Needs {
  readonly log: Logger;
  readonly clock: Clock;
  readonly settings: PoolerSettings;
}

/** One line for each connection that comes and goes, and for each error that is sent to a client. */
export class TrafficLog {
  readonly #needs: Needs;
  readonly #strangers = new StrangerLines();

  /** `needs` is live: its settings are read at each line. */
  constructor(needs: Needs) {
    this.#needs = needs;
  }

  /** Of how many clients something is remembered: they are there, and have not been let in. */
  get remembered(): number {
    return this.#strangers.remembered;
  }

  admitted(session: Session, identity: string | undefined): void {
    const { log, settings } = this.#needs;
    if (!settings.logConnections) return;
    const { wire } = session;
    const tls = wire.tls === undefined ? undefined : `${wire.tls.protocol}/${wire.tls.cipher}`;
    log.info('login attempt', { ...describeClient(session), tls, identity });
  }

  clientClosed(session: Session, reason: string): void {
    const { clock, log, settings } = this.#needs;
    // Whatever is logged: nothing is remembered of who is gone.
    const isSilent = this.#strangers.forget(session.id);
    if (isSilent || !settings.logDisconnections || reason === 'cancel request') return;
    const nowMs = clock.nowMs();
    if (isStranger(session) && !this.#strangers.endHasLine(nowMs)) return;
    const age_ms = Math.round(nowMs - session.connectedAtMs);
    log.info(`closing because: ${reason}`, { ...describeClient(session), reason, age_ms });
  }

  clientFailed(session: Session, error: ErrorFields, why: string): void {
    const { clock, log, settings } = this.#needs;
    if (!settings.logPoolerErrors) return;
    const { id } = session;
    if (isStranger(session) && !this.#strangers.errorHasLine(id, error.code, clock.nowMs())) return;
    log.warn(`pooler error: ${error.message}`, {
      ...describeClient(session),
      error: error.message,
      sqlstate: error.code,
      reason: why === '' ? undefined : why,
    });
  }

  linkClosing(pool: Pool, link: Link): void {
    const { clock, log, settings } = this.#needs;
    if (!settings.logDisconnections) return;
    const reason = link.retireReason ?? 'unknown';
    log.info(`closing server connection because: ${reason}`, {
      link: link.id,
      database: pool.database,
      user: pool.user,
      reason,
      age_ms: Math.round(clock.nowMs() - link.connectedAtMs),
    });
  }

  /** Anybody can name databases, and where there is an entry `*` each name is one. */
  databaseRegistered(database: DatabaseName): void {
    const { clock, log } = this.#needs;
    if (!this.#strangers.hasRoom(clock.nowMs())) return;
    log.info('registered new auto-database', { database });
  }

  /** Now and then: says how much has had no line of its own. */
  tick(): void {
    const { clock, log } = this.#needs;
    for (const { count, sqlstate } of this.#strangers.summary(clock.nowMs())) {
      log.warn('clients were refused without a line for each', { count, sqlstate });
    }
  }
}

/** It has not been let in. */
function isStranger({ admission, virtual }: Session): boolean {
  return admission === undefined && virtual === undefined;
}
