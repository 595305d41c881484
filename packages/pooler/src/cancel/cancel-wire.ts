import { cancelRequestPacket, sslRequestPacket } from '@pgweir/protocol';
import { socketOptions } from '../backend/dialer';
import { serverTlsOf } from '../pool/pool-limits';
import type { Clock } from '../ports/clock';
import type { CancelTarget } from '../ports/link-budget';
import type { LogFields } from '../ports/log-fields';
import type { Logger } from '../ports/logger';
import type { TlsInfo, Transport, Wire, WireHandler } from '../ports/transport';
import type { PoolerSettings } from '../settings/settings';

/** What a cancel request is carried with. */
export interface CancelMeans {
  readonly transport: Transport;
  readonly settings: PoolerSettings;
  readonly clock: Clock;
  readonly log: Logger;
}

interface CancelErrand {
  readonly target: CancelTarget;
  /** Asked right before the request is sent. */
  readonly wanted: () => boolean;
  /**
   * Called once. `mayStrikeLater`: PostgreSQL has not said that it has dealt with the request, and may
   * still read it.
   */
  readonly over: (end: { readonly mayStrikeLater: boolean }) => void;
  /** Says in the log whose request it is. */
  readonly fields: LogFields;
}

const SSL_YES = 0x53;

/**
 * Carries one cancel request to PostgreSQL: to the very address of a connection, with TLS where that has
 * it. It is over when PostgreSQL has closed the connection, which it does after it has signalled the
 * backend.
 */
export class CancelWire implements WireHandler {
  readonly #errand: CancelErrand;
  readonly #means: CancelMeans;
  #wire: Wire | undefined;
  #cancelTimer: (() => void) | undefined;
  #mayStrikeLater = false;
  /** The request is on its way: it can hit what ran then, not what somebody wishes away later. */
  sent = false;

  constructor(errand: CancelErrand, means: CancelMeans) {
    this.#errand = errand;
    this.#means = means;
  }

  /** The end never comes within this call. */
  start(): void {
    const { clock, settings, transport } = this.#means;
    const limitMs = settings.cancelWaitTimeoutMs;
    if (limitMs > 0) this.#cancelTimer = clock.after(limitMs, () => this.#giveUp());
    this.#wire = transport.connect(this.#errand.target.address, socketOptions(settings), this);
  }

  #giveUp(): void {
    this.#wire?.destroy();
    this.#mayStrikeLater = this.sent;
  }

  connected(): void {
    if (!this.#errand.target.tls) this.#send();
    else this.#wire?.write(sslRequestPacket());
  }

  received(buffer: Buffer, length: number): void {
    const { target } = this.#errand;
    const { options } = serverTlsOf(this.#means.settings, target.database);
    const wire = this.#wire;
    if (wire?.tls !== undefined) return;
    if (length !== 1 || buffer[0] !== SSL_YES || options === undefined) {
      this.#means.log.warn('server refused SSL for a cancel request', this.#errand.fields);
      wire?.destroy();
      return;
    }
    wire?.startClientTls(options, { serverName: target.hostName, alpn: 'postgresql' });
  }

  secured(_info: TlsInfo): void {
    this.#send();
  }

  #send(): void {
    const { target, wanted, fields } = this.#errand;
    if (!wanted()) {
      this.#means.log.debug('not sending cancel request for client that is now idle', fields);
      this.#wire?.destroy();
      return;
    }
    this.sent = true;
    this.#wire?.write(cancelRequestPacket(target.processId, target.key));
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
      this.#mayStrikeLater = this.sent;
      const { fields } = this.#errand;
      this.#means.log.warn('cancel request failed', { ...fields, reason: cause.message });
    }
    this.#errand.over({ mayStrikeLater: this.#mayStrikeLater });
  }
}
