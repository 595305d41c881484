import type { Clock } from '@pgweir/pooler';
import { awsReason } from './reason';

/** What requests are signed with. Secret. */
export interface AwsIdentity {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** Absent: they do not expire. */
  readonly expiration?: Date;
}

/**
 * Finds credentials. `isRenewal`: those that it gave last are not wanted any more, whatever it remembers.
 */
export type FindCredentials = (ask: { readonly isRenewal: boolean }) => Promise<AwsIdentity>;

/** They are renewed so long before they expire, or when a third of their life is left if that is less. */
const AHEAD_MS = 5 * 60_000;
/** Those that have less left are not signed with: what they sign might come too late. */
const USABLE_MS = 10_000;
/** Those that never expire are looked for again after that time: files of an operator may have changed. */
const LASTING_MS = 10 * 60_000;
/** How long somebody waits for them. */
export const CREDENTIALS_WAIT_MS = 10_000;
/** Pause after a failure; it doubles up to the longest with each further one. */
const RETRY_MS = 1_000;
const RETRY_MAX_MS = 15_000;
/** Credentials that somebody doubts are fetched anew when they are older than that. */
const DOUBT_MS = 60_000;

interface Known {
  readonly identity: AwsIdentity;
  readonly fetchedAtMs: number;
  /** When they are to be renewed; of the wall clock, as all times here. */
  readonly renewAtMs: number;
  readonly expiresAtMs: number;
}

interface Failure {
  readonly error: Error;
  readonly retryAtMs: number;
  readonly pauseMs: number;
}

/**
 * The credentials of one identity, for all who sign in its name. Renewed in the background before they
 * expire; looked for once at a time. Secrets.
 */
export class CachedCredentials {
  readonly #find: FindCredentials;
  readonly #clock: Clock;
  #known: Known | undefined;
  #failure: Failure | undefined;
  #fetching: Promise<AwsIdentity> | undefined;

  constructor(find: FindCredentials, clock: Clock) {
    this.#find = find;
    this.#clock = clock;
  }

  /** @throws Error that says for the log why there are none; at the latest after CREDENTIALS_WAIT_MS */
  async get(): Promise<AwsIdentity> {
    const nowMs = this.#clock.wallMs();
    const known = this.#known;
    const mayFetch = this.#failure === undefined || nowMs >= this.#failure.retryAtMs;
    if (known !== undefined && known.expiresAtMs - nowMs > USABLE_MS) {
      // The old ones serve meanwhile, and as long as they are good if it fails.
      if (nowMs >= known.renewAtMs && mayFetch) this.#fetch().catch(ignored);
      return known.identity;
    }
    if (this.#fetching === undefined && !mayFetch) throw this.#failure?.error;
    return this.#inTime(this.#fetch());
  }

  /** What was signed with them was refused: they may have been replaced before their time. */
  doubt(): void {
    const known = this.#known;
    if (known === undefined || this.#clock.wallMs() - known.fetchedAtMs < DOUBT_MS) return;
    this.#known = { ...known, renewAtMs: 0 };
    this.get().catch(ignored);
  }

  #fetch(): Promise<AwsIdentity> {
    if (this.#fetching !== undefined) return this.#fetching;
    const fetching = this.#find({ isRenewal: this.#known !== undefined }).then(
      (identity) => {
        if (this.#fetching === fetching) this.#fetching = undefined;
        return this.#take(identity);
      },
      (error: unknown) => {
        if (this.#fetching === fetching) this.#fetching = undefined;
        throw this.#failed(awsReason(error));
      },
    );
    this.#fetching = fetching;
    return fetching;
  }

  #take(identity: AwsIdentity): AwsIdentity {
    const nowMs = this.#clock.wallMs();
    const expiresAtMs = identity.expiration?.getTime() ?? Number.POSITIVE_INFINITY;
    if (expiresAtMs - nowMs <= USABLE_MS) throw this.#failed('those that were found have expired');
    const aheadMs = Math.min(AHEAD_MS, (expiresAtMs - nowMs) / 3);
    const renewAtMs = Number.isFinite(expiresAtMs) ? expiresAtMs - aheadMs : nowMs + LASTING_MS;
    this.#known = { identity, fetchedAtMs: nowMs, renewAtMs, expiresAtMs };
    this.#failure = undefined;
    return identity;
  }

  #failed(reason: string): Error {
    const before = this.#failure?.pauseMs;
    const pauseMs = before === undefined ? RETRY_MS : Math.min(2 * before, RETRY_MAX_MS);
    const error = new Error(`no AWS credentials: ${reason}`);
    this.#failure = { error, pauseMs, retryAtMs: this.#clock.wallMs() + pauseMs };
    return error;
  }

  /** Whoever is asked may never answer: the next one who wants them has it asked anew then. */
  #inTime(fetching: Promise<AwsIdentity>): Promise<AwsIdentity> {
    return new Promise((resolve, reject) => {
      const cancel = this.#clock.after(CREDENTIALS_WAIT_MS, () => {
        if (this.#fetching === fetching) this.#fetching = undefined;
        reject(this.#failed(`no answer in ${CREDENTIALS_WAIT_MS / 1000} s`));
      });
      fetching.then(resolve, reject).finally(cancel);
    });
  }
}

function ignored(): void {
  // It is remembered as a failure, and those who need them hear of it.
}
