import { randomBytes, randomInt, timingSafeEqual } from 'node:crypto';
import type { Link } from '../backend/link';
import type { Session } from '../frontend/session';
import type { Clock } from '../ports/clock';
import type { Logger } from '../ports/logger';
import type { Transport } from '../ports/transport';
import type { PoolerSettings } from '../settings/settings';
import { CancelWire } from './cancel-wire';

/** What a client is told with BackendKeyData. */
export interface CancelIdentity {
  readonly processId: number;
  readonly key: Buffer;
}

/** Length of keys that we give out, by protocol: four bytes in 3.0, long ones from 3.2 on. */
const SHORT_KEY_BYTES = 4;
const LONG_KEY_BYTES = 32;

/** Failed cancel requests of one source address that are logged in one window. */
const FAILURES_MAX = 20;
const FAILURES_WINDOW_MS = 10_000;
const SOURCES_MAX = 10_000;

interface Needs {
  readonly settings: PoolerSettings;
  readonly clock: Clock;
  readonly log: Logger;
  readonly transport: Transport;
}

/** Gives out cancel keys and carries cancel requests to the link of whoever holds the key. */
export class CancelDesk {
  readonly #needs: Needs;
  readonly #sessions = new Map<number, Session>();
  readonly #failures = new Map<string, number>();
  readonly #inFlight = new Map<Link, CancelWire>();
  #windowStartMs = 0;

  constructor(needs: Needs) {
    this.#needs = needs;
  }

  /** A key that nobody can guess. Both halves are random. */
  issue(session: Session, minor: number): CancelIdentity {
    let processId = randomInt(1, 0x7fffffff);
    while (this.#sessions.has(processId)) processId = randomInt(1, 0x7fffffff);
    this.#sessions.set(processId, session);
    return { processId, key: randomBytes(minor >= 2 ? LONG_KEY_BYTES : SHORT_KEY_BYTES) };
  }

  forget(identity: CancelIdentity): void {
    this.#sessions.delete(identity.processId);
  }

  /** Cancel requests on their way to PostgreSQL. */
  get inFlight(): number {
    return this.#inFlight.size;
  }

  /** A client asks. `done` is called once, when its connection may be closed. */
  request(identity: CancelIdentity, source: string, done: () => void): void {
    const { log } = this.#needs;
    const session = this.#sessions.get(identity.processId);
    const expected = session?.admission?.cancel.key;
    if (session === undefined || expected === undefined || !sameKey(expected, identity.key)) {
      this.#failed(source);
      done();
      return;
    }
    const found = session.cancelRequested();
    if (found === 'idle' || found === 'canceled') {
      if (found === 'idle') log.info('cancel request for idle client', { client: session.id });
      done();
      return;
    }
    const { link } = found;
    if (link.busyWithOwn || link.owed.settled) {
      done();
      return;
    }
    // Between now and the moment the request goes out the link may have moved on.
    this.forward(link, () => link.session === session && !link.owed.settled, done);
  }

  /** Cancels what runs on `link`, if `wanted` still says so when the request can be sent. */
  forward(link: Link, wanted: () => boolean, done: () => void): void {
    const under = this.#inFlight.get(link);
    if (under !== undefined) {
      if (under.sent) under.join(wanted, () => this.forward(link, wanted, done));
      else under.join(wanted, done);
      return;
    }
    const wire = new CancelWire(link, {
      transport: this.#needs.transport,
      settings: this.#needs.settings,
      clock: this.#needs.clock,
      log: this.#needs.log,
      over: () => {
        this.#inFlight.delete(link);
      },
    });
    wire.join(wanted, done);
    this.#inFlight.set(link, wire);
    wire.start();
  }

  /**
   * Failures are limited by source address: beyond the limit they are not even logged. Right keys are
   * heard from anywhere, because many clients may share an address; guessing one of 2^62 is hopeless.
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

function sameKey(expected: Buffer, actual: Buffer): boolean {
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}
