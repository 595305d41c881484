import { cancelRequestPacket, sslRequestPacket } from '@pgweir/protocol';
import { socketOptions } from '../backend/dialer';
import type { Link } from '../backend/link';
import type { Clock } from '../ports/clock';
import type { Logger } from '../ports/logger';
import type { TlsInfo, Transport, Wire, WireHandler } from '../ports/transport';
import type { PoolerSettings } from '../settings/settings';

interface Needs {
  readonly transport: Transport;
  readonly settings: PoolerSettings;
  readonly clock: Clock;
  readonly log: Logger;
  readonly over: () => void;
}

const SSL_YES = 0x53;

/**
 * Carries one cancel request to PostgreSQL: to the very address of the link, with TLS where the link
 * has it. It is over when PostgreSQL has closed the connection, which it does after it has signalled
 * the backend; until then the link is not lent to anybody else.
 */
export class CancelWire implements WireHandler {
  readonly #link: Link;
  readonly #needs: Needs;
  readonly #waiting: (() => void)[] = [];
  readonly #wanted: (() => boolean)[] = [];
  #wire: Wire | undefined;
  #cancelTimer: (() => void) | undefined;
  /** The request is on its way: it can hit what ran then, not what somebody wishes away later. */
  sent = false;

  constructor(link: Link, needs: Needs) {
    this.#link = link;
    this.#needs = needs;
  }

  /**
   * Somebody wants the request: `wanted` is asked right before it is sent, `done` is called when it is
   * over. One whose wish has gone does not speak for the others.
   */
  join(wanted: () => boolean, done: () => void): void {
    this.#wanted.push(wanted);
    this.#waiting.push(done);
  }

  start(): void {
    const { clock, settings, transport } = this.#needs;
    const link = this.#link;
    link.cancelsInFlight++;
    if (link.address === undefined || link.identity === undefined) {
      this.closed(undefined);
      return;
    }
    const limitMs = settings.cancelWaitTimeoutMs;
    if (limitMs > 0) this.#cancelTimer = clock.after(limitMs, () => this.#giveUp());
    this.#wire = transport.connect(link.address, socketOptions(settings), this);
  }

  #giveUp(): void {
    this.#wire?.destroy();
    this.#mayStrikeLater();
  }

  /** PostgreSQL may read the request when the link has long been somebody else's. */
  #mayStrikeLater(): void {
    if (this.sent) this.#link.retireReason ??= 'cancel request without an answer';
  }

  connected(): void {
    if (this.#link.wire?.tls === undefined) this.#send();
    else this.#wire?.write(sslRequestPacket());
  }

  received(buffer: Buffer, length: number): void {
    const { serverTls } = this.#needs.settings;
    const wire = this.#wire;
    if (wire?.tls !== undefined) return;
    if (length !== 1 || buffer[0] !== SSL_YES || serverTls === undefined) {
      this.#needs.log.warn('server refused SSL for a cancel request', { link: this.#link.id });
      wire?.destroy();
      return;
    }
    wire?.startClientTls(serverTls, { serverName: this.#link.hostName, alpn: 'postgresql' });
  }

  secured(_info: TlsInfo): void {
    this.#send();
  }

  #send(): void {
    const { identity } = this.#link;
    if (identity === undefined || !this.#wanted.some((wanted) => wanted())) {
      this.#needs.log.debug('not sending cancel request for client that is now idle', {
        link: this.#link.id,
      });
      this.#wire?.destroy();
      return;
    }
    this.sent = true;
    this.#wire?.write(cancelRequestPacket(identity.processId, identity.cancelKey));
  }

  drained(): void {
    // A cancel request is one small packet.
  }

  ended(): void {
    this.#wire?.end();
  }

  closed(cause: Error | undefined): void {
    this.#cancelTimer?.();
    if (cause !== undefined) {
      this.#mayStrikeLater();
      this.#needs.log.warn('cancel request failed', { link: this.#link.id, reason: cause.message });
    }
    const link = this.#link;
    this.#needs.over();
    link.cancelsInFlight--;
    if (link.cancelsInFlight === 0 && link.phase !== 'closed') link.owner.cancelsOver(link);
    for (const done of this.#waiting.splice(0)) done();
  }
}
