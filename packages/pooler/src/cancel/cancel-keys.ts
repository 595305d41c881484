import { timingSafeEqual } from 'node:crypto';
import { randomText } from '@pgweir/protocol';
import type { Session } from '../frontend/session';
import type { CancelIdentity, WorkerIdentity } from '../ports/worker-identity';
import { groupLocator, newGroupKey, TTL_MAX, withTtl } from './group-key';
import { randomProcessId } from './worker-bits';

/** Length of keys that we give out, by protocol: four bytes in 3.0, long ones from 3.2 on. */
const SHORT_KEY_BYTES = 4;
const LONG_KEY_BYTES = 32;

/** A key that was given out. As text it takes a fraction of a Buffer's memory. */
export interface IssuedKey {
  readonly processId: number;
  /** The bytes of the key, one character each (latin1). */
  readonly secret: string;
  /** Where `CancelKeys` has it. */
  readonly locator: number;
}

interface Origin {
  /** 0: there is no group. */
  readonly peerId: number;
  readonly worker: WorkerIdentity | undefined;
}

/** The cancel keys of the clients of this process. */
export class CancelKeys {
  readonly #sessions = new Map<number, Session>();

  /**
   * A key that nobody can guess. Without a group both halves are random, but for the bits of the worker:
   * at least 53 bits. In a group: `group-key.ts`.
   */
  issue(session: Session, minor: number, origin: Origin): IssuedKey {
    const keyBytes = minor >= 2 ? LONG_KEY_BYTES : SHORT_KEY_BYTES;
    let key = fresh(keyBytes, origin);
    while (this.#sessions.has(key.locator)) key = fresh(keyBytes, origin);
    this.#sessions.set(key.locator, session);
    return key;
  }

  forget({ locator }: IssuedKey): void {
    this.#sessions.delete(locator);
  }

  /** Whose key it is, however often the request has been passed on; undefined: nobody's here. */
  find(identity: CancelIdentity): Session | undefined {
    const alone = this.#holder(identity.processId, identity.key);
    if (alone !== undefined) return alone;
    const locator = groupLocator(identity);
    return locator === undefined
      ? undefined
      : this.#holder(locator, withTtl(identity.key, TTL_MAX));
  }

  #holder(locator: number, key: Buffer): Session | undefined {
    const session = this.#sessions.get(locator);
    const issued = session?.virtual?.cancelKey ?? session?.admission?.cancel;
    if (issued === undefined || !sameKey(issued.secret, key)) return undefined;
    return session;
  }
}

function fresh(keyBytes: number, { peerId, worker }: Origin): IssuedKey {
  if (peerId === 0) {
    const processId = randomProcessId(worker?.number);
    return { processId, secret: randomText(keyBytes), locator: processId };
  }
  const identity = newGroupKey({ peerId, worker }, keyBytes);
  const { processId, key } = identity;
  return {
    processId,
    secret: key.toString('latin1'),
    locator: groupLocator(identity) ?? processId,
  };
}

function sameKey(secret: string, actual: Buffer): boolean {
  const expected = Buffer.from(secret, 'latin1');
  return expected.length === actual.length && timingSafeEqual(expected, actual);
}
