import type { ErrorFields } from '@pgweir/protocol';
import { errorFields } from '../errors';
import type { ProofResult, ProofWanted } from '../ports/proof-logins';
import type { ServerPassword } from '../ports/server-passwords';
import type { DialFailure } from './dial-gate';
import type { Waiter } from './wait-queue';

/** A password that waits in a pool's queue for the login that proves it. */
export class ProofWaiter implements Waiter {
  readonly server: ProofWanted['server'];
  readonly password: ServerPassword;
  readonly queryWaitTimeoutMs: number;
  waitingSinceMs: number;
  queueNext: Waiter | undefined;
  queuePrevious: Waiter | undefined;
  queue: unknown;
  /** Given up amid its login, which is the last one. */
  isUnwanted = false;
  readonly #done: (result: ProofResult) => void;
  #isOver = false;

  constructor(
    { server, password }: ProofWanted,
    limits: { readonly waitingSinceMs: number; readonly queryWaitTimeoutMs: number },
    done: (result: ProofResult) => void,
  ) {
    this.server = server;
    this.password = { kind: 'password', password, needsVerifiedTls: true };
    this.waitingSinceMs = limits.waitingSinceMs;
    this.queryWaitTimeoutMs = limits.queryWaitTimeoutMs;
    this.#done = done;
  }

  /** Nobody waits for it any more. */
  get isOver(): boolean {
    return this.#isOver;
  }

  proven(): void {
    this.#end({ kind: 'proven' });
  }

  /** The login has failed, and is not tried again. */
  rejected({ passwordRefused, error, reason }: DialFailure): void {
    this.#end(
      passwordRefused === true ? { kind: 'refused', reason } : { kind: 'failed', error, reason },
    );
  }

  failed(error: ErrorFields): void {
    this.#end({ kind: 'failed', error, reason: error.message });
  }

  /** Only while it waits: a login that has begun is of use for whoever comes next. */
  giveUp(): void {
    this.failed(errorFields('queryWaitTimeout'));
  }

  #end(result: ProofResult): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#done(result);
  }
}
