import { lookup } from 'node:dns';
import type { Resolver } from '@pgweir/pooler';

/** Between two questions while a connection is open. */
const LOOK_EVERY_MS = 1000;
/** Of a name with several addresses an answer may bring but some: so many have to be without one. */
const ABSENCES_MAX = 3;

type Answer = Parameters<Parameters<Resolver['resolve']>[1]>[0];

/** The system's, asked anew each time. */
export const SYSTEM_RESOLVER: Resolver = {
  resolve(host, done) {
    lookup(host, { all: true, verbatim: true }, (error, found) => {
      done(error === null ? { addresses: found.map(({ address }) => address) } : { error });
    });
  },
};

/**
 * Follows where the name of one server leads. A name that leads elsewhere means another machine, as
 * after a failover of RDS or of a Kubernetes service, also while the one before still answers on
 * connections that are open. An answer that does not come says nothing, and is waited for.
 */
export class NameWatch implements Resolver {
  /** How often the name has come to lead to another address, in place of the one before. */
  moves = 0;
  readonly #host: string;
  readonly #resolver: Resolver;
  #address: string | undefined;
  /** Who waits for the answer that is due. */
  readonly #waiting: ((answer: Answer) => void)[] = [];
  /** Answers in a row without the address of the connection. */
  #absences = 0;
  #isSingle = false;
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(host: string, resolver: Resolver = SYSTEM_RESOLVER) {
    this.#host = host;
    this.#resolver = resolver;
  }

  /** As its resolver, one question at a time: whoever asks meanwhile gets the same answer. */
  resolve(host: string, done: (answer: Answer) => void): void {
    this.#waiting.push(done);
    if (this.#waiting.length > 1) return;
    this.#resolver.resolve(host, (answer) => {
      this.#note(answer);
      for (const each of this.#waiting.splice(0)) each(answer);
    });
  }

  /** Asks once more where the name leads, unless that was done just now. */
  look(nowMs: number): void {
    if (this.#waiting.length > 0 || nowMs - this.#lookedAtMs < LOOK_EVERY_MS) return;
    this.#lookedAtMs = nowMs;
    this.resolve(this.#host, () => undefined);
  }

  /** The server has answered at this address. */
  answeredAt(address: string | undefined): void {
    if (address === undefined || address === this.#address) return;
    if (this.#address !== undefined && this.#absences > 0) this.moves++;
    this.#address = address;
    this.#absences = 0;
  }

  /** The name does not lead to where the server has answered any more. */
  get isElsewhere(): boolean {
    return this.#absences >= (this.#isSingle ? 1 : ABSENCES_MAX);
  }

  #note(answer: Answer): void {
    if ('error' in answer || answer.addresses.length === 0 || this.#address === undefined) return;
    this.#isSingle = answer.addresses.length === 1;
    this.#absences = answer.addresses.includes(this.#address) ? 0 : this.#absences + 1;
  }
}
