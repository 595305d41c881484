import { cancelRequestPacket } from '@pgweir/protocol';
import { socketOptions } from '../backend/dialer';
import { isUnixDirectory, unixSocketAddress } from '../backend/server-address';
import type { Clock } from '../ports/clock';
import type { Resolver } from '../ports/resolver';
import type { Address, Transport, Wire, WireHandler } from '../ports/transport';
import type { CancelIdentity } from '../ports/worker-identity';
import type { PeerSettings, PoolerSettings } from '../settings/settings';

/** What requests are passed on with. */
export interface PeerMeans {
  readonly transport: Transport;
  readonly resolver: Resolver;
  readonly settings: PoolerSettings;
  readonly clock: Clock;
}

interface Errand {
  readonly peer: PeerSettings;
  readonly identity: CancelIdentity;
  /** Called once. `failure`: why the peer has not got the request; undefined: it has dealt with it. */
  readonly over: (failure: string | undefined) => void;
}

/**
 * - `queued`: waits for its turn
 * - `dialing`: on the way to the peer
 * - `sent`: the peer has the request, and has not closed the connection yet
 */
export type ErrandPhase = 'queued' | 'dialing' | 'sent' | 'over';

const NEXT: Readonly<Record<ErrandPhase, readonly ErrandPhase[]>> = {
  queued: ['dialing', 'over'],
  dialing: ['sent', 'over'],
  sent: ['over'],
  over: [],
};

/**
 * Passes one cancel request on to a peer, over a connection of its own and in clear text, as PgBouncer
 * does. The peer closes that when it has dealt with the request.
 */
export class PeerErrand implements WireHandler {
  readonly #errand: Errand;
  readonly #means: PeerMeans;
  readonly #cancelTimer: () => void;
  #phase: ErrandPhase = 'queued';
  #untried: readonly Address[] = [];
  #wire: Wire | undefined;

  /** Its time runs from here on: `cancel_wait_timeout`, over all phases. */
  constructor(errand: Errand, means: PeerMeans) {
    this.#errand = errand;
    this.#means = means;
    const limitMs = means.settings.cancelWaitTimeoutMs;
    const tooLate = (): void => this.#finish('cancel_wait_timeout');
    this.#cancelTimer = limitMs > 0 ? means.clock.after(limitMs, tooLate) : () => undefined;
  }

  get phase(): ErrandPhase {
    return this.#phase;
  }

  /** The end never comes within this call. */
  start(): void {
    this.#enter('dialing');
    const { host, port } = this.#errand.peer;
    if (isUnixDirectory(host)) {
      this.#connectTo([unixSocketAddress(host, port)]);
      return;
    }
    this.#means.resolver.resolve(host, (result) => {
      if (this.#phase !== 'dialing') return;
      if (!('error' in result)) {
        this.#connectTo(result.addresses.map((found) => ({ kind: 'tcp', host: found, port })));
        return;
      }
      const failure = `DNS lookup failed: ${result.error.message}`;
      this.#means.clock.after(0, () => this.#finish(failure));
    });
  }

  /** At least one. */
  #connectTo([address, ...untried]: readonly Address[]): void {
    if (address === undefined) return;
    const { settings, transport } = this.#means;
    this.#untried = untried;
    this.#wire = transport.connect(address, socketOptions(settings), this);
  }

  #enter(phase: ErrandPhase): boolean {
    if (!NEXT[this.#phase].includes(phase)) return false;
    this.#phase = phase;
    return true;
  }

  #finish(failure: string | undefined): void {
    if (!this.#enter('over')) return;
    this.#cancelTimer();
    this.#wire?.destroy();
    this.#errand.over(failure);
  }

  connected(): void {
    if (!this.#enter('sent')) return;
    const { processId, key } = this.#errand.identity;
    this.#wire?.write(cancelRequestPacket(processId, key));
  }

  ended(): void {
    this.#wire?.end();
  }

  closed(cause: Error | undefined): void {
    this.#wire = undefined;
    if (this.#phase === 'dialing' && this.#untried.length > 0) {
      this.#connectTo(this.#untried);
      return;
    }
    const early = this.#phase === 'dialing' ? 'connection closed' : undefined;
    this.#finish(cause?.message ?? early);
  }

  received(): void {
    // Nobody answers a cancel request.
  }

  secured(): void {
    // There is no TLS between peers.
  }

  drained(): void {
    // A cancel request is one small packet.
  }
}
