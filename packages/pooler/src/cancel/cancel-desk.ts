import type { Link } from '../backend/link';
import type { Session } from '../frontend/session';
import type { PoolerNeeds } from '../pooler-needs';
import type { CancelCountView, PeerPoolView } from '../ports/daemon-view';
import type { CancelIdentity, WorkerIdentity } from '../ports/worker-identity';
import { CancelKeys, type IssuedKey } from './cancel-keys';
import type { CancelMeans } from './cancel-wire';
import { FailureLog } from './failure-log';
import { groupWorkerOf, peerOf } from './group-key';
import { LinkCancel } from './link-cancel';
import type { PeerMeans } from './peer-errand';
import { Peers } from './peers';
import { WORKER_NUMBERS_APART, workerOf } from './worker-bits';

interface Needs extends CancelMeans, PeerMeans {
  readonly worker?: WorkerIdentity | undefined;
  readonly cancelBefore?: PoolerNeeds['cancelBefore'];
}

/**
 * Gives out cancel keys and carries cancel requests to the link of whoever holds the key: here, in
 * another worker or in another instance.
 */
export class CancelDesk {
  readonly #needs: Needs;
  readonly #keys = new CancelKeys();
  readonly #failures: FailureLog;
  readonly #peers: Peers;
  readonly #inFlight = new Map<Link, LinkCancel>();
  readonly #counts = { received: 0, unknown: 0, sent: 0 };

  constructor(needs: Needs) {
    this.#needs = needs;
    this.#failures = new FailureLog(needs);
    this.#peers = new Peers(needs);
  }

  issue(session: Session, minor: number): IssuedKey {
    const { settings, worker } = this.#needs;
    return this.#keys.issue(session, minor, { peerId: settings.peerId, worker });
  }

  forget(key: IssuedKey): void {
    this.#keys.forget(key);
  }

  /** Cancel requests on their way to PostgreSQL. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  peerPools(): readonly PeerPoolView[] {
    return this.#peers.views();
  }

  /** Since start. */
  counts(): readonly CancelCountView[] {
    const { received, unknown, sent } = this.#counts;
    return [
      { what: 'received', count: received },
      { what: 'unknown', count: unknown },
      { what: 'sent', count: sent },
    ];
  }

  /** A client asks, or a peer. `done` is called once, when its connection may be closed. */
  request(identity: CancelIdentity, source: string, done: () => void): void {
    this.#counts.received++;
    const answer = (found: boolean): void => {
      // Right keys are heard from anywhere, because many clients may share an address.
      if (!found) {
        this.#counts.unknown++;
        this.#failures.add('failed cancel request', { address: source });
      }
      done();
    };
    // First, because its key may be older than the settings of the group.
    if (this.#keys.find(identity) !== undefined) {
      this.requestOwn(identity, answer);
      return;
    }
    const { settings, worker, cancelBefore } = this.#needs;
    const peer = settings.peerId === 0 ? undefined : peerOf(identity);
    if (peer !== undefined && peer !== settings.peerId) {
      this.#forward(peer, identity, { source, done });
      return;
    }
    const from = worker === undefined ? undefined : this.#worker(identity, worker, peer);
    if (worker !== undefined && from !== undefined) worker.cancelElsewhere(from, identity, answer);
    else if (cancelBefore !== undefined) cancelBefore(identity, answer);
    else answer(false);
  }

  #forward(
    peer: number,
    identity: CancelIdentity,
    { source, done }: { readonly source: string; readonly done: () => void },
  ): void {
    this.#peers.forward(peer, identity, (failure) => {
      if (failure !== undefined) {
        const { message, peer: at, reason } = failure;
        // What is wrong with a peer is told of the peer, however many clients it concerns.
        const fields = at === undefined ? { address: source } : { peer: at };
        this.#failures.add(message, reason === undefined ? fields : { ...fields, reason });
      }
      done();
    });
  }

  /** The other worker that a key may come from; undefined: none. */
  #worker(
    identity: CancelIdentity,
    own: WorkerIdentity,
    peer: number | undefined,
  ): number | undefined {
    const from =
      peer === undefined ? workerOf(identity.processId) : groupWorkerOf(identity, own.cancelSecret);
    const isOwn = from === own.number % WORKER_NUMBERS_APART;
    return isOwn && own.afterRestart !== true ? undefined : from;
  }

  /**
   * A request for a client of this process, wherever it came in. `answer` is called once, when all has
   * been done about it: false when nobody here has that key.
   */
  requestOwn(identity: CancelIdentity, answer: (found: boolean) => void): void {
    const { log } = this.#needs;
    const session = this.#keys.find(identity);
    if (session === undefined) {
      answer(false);
      return;
    }
    const found = session.cancelRequested();
    if (found === 'idle' || found === 'canceled') {
      if (found === 'idle') log.info('cancel request for idle client', { client: session.id });
      answer(true);
      return;
    }
    const { link } = found;
    if ((link.busyWithOwn && !link.own.forClient) || link.owed.settled) {
      answer(true);
      return;
    }
    // Between now and the moment the request goes out the link may have moved on.
    const wanted = () => link.session === session && !link.owed.settled;
    this.forward(link, wanted, () => answer(true));
  }

  /** Cancels what runs on `link`, if `wanted` still says so when the request can be sent. */
  forward(link: Link, wanted: () => boolean, done: () => void): void {
    const under = this.#inFlight.get(link);
    if (under !== undefined) {
      if (under.sent) under.join(wanted, () => this.forward(link, wanted, done));
      else under.join(wanted, done);
      return;
    }
    this.#counts.sent++;
    const cancel = new LinkCancel(link, this.#needs, () => this.#inFlight.delete(link));
    cancel.join(wanted, done);
    this.#inFlight.set(link, cancel);
    cancel.start();
  }
}
