import type { PeerPoolView } from '../ports/daemon-view';
import type { CancelIdentity } from '../ports/worker-identity';
import type { PeerSettings } from '../settings/settings';
import { ttlOf, withTtl } from './group-key';
import { PeerErrand, type PeerMeans } from './peer-errand';

/** Requests that may wait for one peer. One that takes none must not gather them without an end. */
const QUEUED_MAX = 1000;
/** Connections to one peer where `pool_size` is 0, which means no limit of one's own. */
const CONNECTIONS_MAX = 1000;

/** Why a request has come to nothing; `peer`: where it should have gone. */
export interface PeerFailure {
  readonly message: string;
  readonly peer: number | undefined;
  readonly reason: string | undefined;
}

/** The requests for one peer, in the order in which they came. */
class PeerPool {
  readonly #running = new Set<PeerErrand>();
  readonly #queued = new Set<PeerErrand>();

  get isEmpty(): boolean {
    return this.#running.size + this.#queued.size === 0;
  }

  get isFull(): boolean {
    return this.#queued.size >= QUEUED_MAX;
  }

  add(errand: PeerErrand, peer: PeerSettings): void {
    this.#queued.add(errand);
    this.#next(peer);
  }

  over(errand: PeerErrand, peer: PeerSettings): void {
    this.#queued.delete(errand);
    this.#running.delete(errand);
    this.#next(peer);
  }

  #next({ poolSize }: PeerSettings): void {
    const most = poolSize > 0 ? poolSize : CONNECTIONS_MAX;
    for (const errand of this.#queued) {
      if (this.#running.size >= most) return;
      this.#queued.delete(errand);
      this.#running.add(errand);
      errand.start();
    }
  }

  view(peer: number): PeerPoolView {
    const sent = [...this.#running].filter(({ phase }) => phase === 'sent').length;
    const dialing = this.#running.size - sent;
    return { peer, sent, dialing, queued: this.#queued.size };
  }
}

/** Passes cancel requests on to the instances that know what they are about. */
export class Peers {
  readonly #means: PeerMeans;
  /** Of those that have something to do. */
  readonly #pools = new Map<number, PeerPool>();

  constructor(means: PeerMeans) {
    this.#means = means;
  }

  /** `over` is called once, without a failure when the peer has dealt with the request. */
  forward(
    id: number,
    { processId, key }: CancelIdentity,
    over: (failure: PeerFailure | undefined) => void,
  ): void {
    const drop = (message: string): void => over({ message, peer: undefined, reason: undefined });
    const ttl = ttlOf(key);
    if (ttl === 0) {
      drop('failed to forward cancel request because its TTL was exhausted');
      return;
    }
    const peer = this.#means.settings.peers.get(id);
    if (peer === undefined) {
      drop('could not find peer to forward request to');
      return;
    }
    const pool = this.#pools.get(id) ?? new PeerPool();
    const failed = (reason: string): void =>
      over({ message: 'failed to forward cancel request', peer: id, reason });
    if (pool.isFull) {
      failed('too many wait');
      return;
    }
    this.#pools.set(id, pool);
    const identity = { processId, key: withTtl(key, ttl - 1) };
    const ended = (failure: string | undefined): void => {
      pool.over(errand, peer);
      if (pool.isEmpty) this.#pools.delete(id);
      if (failure === undefined) over(undefined);
      else failed(failure);
    };
    const errand: PeerErrand = new PeerErrand({ peer, identity, over: ended }, this.#means);
    pool.add(errand, peer);
  }

  /** Of those that have something to do. */
  views(): readonly PeerPoolView[] {
    return [...this.#pools].map(([id, pool]) => pool.view(id));
  }
}
