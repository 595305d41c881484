import { timingSafeEqual } from 'node:crypto';
import { randomText } from '@pgweir/protocol';
import type { Link } from '../backend/link';
import type { Session } from '../frontend/session';
import type { CancelIdentity, WorkerIdentity } from '../ports/worker-identity';
import type { CancelMeans } from './cancel-wire';
import { LinkCancel } from './link-cancel';
import { isFromWorker, randomProcessId } from './worker-bits';

/** Length of keys that we give out, by protocol: four bytes in 3.0, long ones from 3.2 on. */
const SHORT_KEY_BYTES = 4;
const LONG_KEY_BYTES = 32;

/** Failed cancel requests of one source address that are logged in one window. */
const FAILURES_MAX = 20;
const FAILURES_WINDOW_MS = 10_000;
const SOURCES_MAX = 10_000;

/** A key that was given out. As text it takes a fraction of a Buffer's memory. */
export interface IssuedKey {
  readonly processId: number;
  /** The bytes of the key, one character each (latin1). */
  readonly secret: string;
}

interface Needs extends CancelMeans {
  readonly worker?: WorkerIdentity | undefined;
}

/** Gives out cancel keys and carries cancel requests to the link of whoever holds the key. */
export class CancelDesk {
  readonly #needs: Needs;
  readonly #sessions = new Map<number, Session>();
  readonly #failures = new Map<string, number>();
  readonly #inFlight = new Map<Link, LinkCancel>();
  #windowStartMs = 0;

  constructor(needs: Needs) {
    this.#needs = needs;
  }

  /** A key that nobody can guess. Both halves are random, but for the bits of the worker. */
  issue(session: Session, minor: number): IssuedKey {
    const worker = this.#needs.worker?.number;
    let processId = randomProcessId(worker);
    while (this.#sessions.has(processId)) processId = randomProcessId(worker);
    this.#sessions.set(processId, session);
    return { processId, secret: randomText(minor >= 2 ? LONG_KEY_BYTES : SHORT_KEY_BYTES) };
  }

  forget({ processId }: IssuedKey): void {
    this.#sessions.delete(processId);
  }

  /** Cancel requests on their way to PostgreSQL. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** A client asks. `done` is called once, when its connection may be closed. */
  request(identity: CancelIdentity, source: string, done: () => void): void {
    const { worker } = this.#needs;
    const answer = (found: boolean): void => {
      if (!found) this.#failed(source);
      done();
    };
    if (worker === undefined || isFromWorker(identity.processId, worker.number)) {
      this.requestOwn(identity, answer);
    } else {
      worker.cancelElsewhere(identity, answer);
    }
  }

  /**
   * A request for a client of this process, wherever it came in. `answer` is called once, when all has
   * been done about it: false when nobody here has that key.
   */
  requestOwn(identity: CancelIdentity, answer: (found: boolean) => void): void {
    const { log } = this.#needs;
    const session = this.#sessions.get(identity.processId);
    const expected = (session?.virtual?.cancelKey ?? session?.admission?.cancel)?.secret;
    if (session === undefined || expected === undefined || !sameKey(expected, identity.key)) {
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
    const cancel = new LinkCancel(link, this.#needs, () => this.#inFlight.delete(link));
    cancel.join(wanted, done);
    this.#inFlight.set(link, cancel);
    cancel.start();
  }

  /**
   * Failures are limited by source address: beyond the limit they are not even logged. Right keys are
   * heard from anywhere, because many clients may share an address; guessing one of 2^53 is hopeless.
   */
  #failed(source: string): void {
    const { clock, log } = this.#needs;
    const nowMs = clock.nowMs();
    if (nowMs - this.#windowStartMs > FAILURES_WINDOW_MS || this.#failures.size > SOURCES_MAX) {
      this.#failures.clear();
      this.#windowStartMs = nowMs;
    }
    const failures = (this.#failures.get(source) ?? 0) + 1;
    this.#failures.set(source, failures);
    if (failures <= FAILURES_MAX) log.info('failed cancel request', { address: source });
    else if (failures === FAILURES_MAX + 1) {
      log.warn('too many failed cancel requests', { address: source });
    }
  }
}

function sameKey(secret: string, actual: Buffer): boolean {
  const expected = Buffer.from(secret, 'latin1');
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}
