import type { Clock } from '@pgweir/pooler';
import type { EtcdLeaseNeeds } from '../../src/lease/etcd-lease';
import type { EtcdTransaction } from '../../src/sources/etcd';
import type { EtcdAnswer, EtcdValue } from '../../src/sources/etcd-answers';

interface Kept extends EtcdValue {
  readonly lease: string | undefined;
}

/** What etcd does, in its own time, without the network. */
export class FakeStore {
  readonly #clock: Clock;
  readonly #keys = new Map<string, Kept>();
  readonly #leases = new Map<string, number>();
  #revision = 1;
  #leaseCount = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  grant(seconds: number): { id: string; seconds: number } {
    this.#leaseCount++;
    const id = String(this.#leaseCount);
    this.#leases.set(id, this.#clock.nowMs() + seconds * 1_000);
    return { id, seconds };
  }

  look(key: string): EtcdAnswer {
    this.#expire();
    return { succeeded: false, revision: String(this.#revision), found: this.#keys.get(key) };
  }

  transact({ conditions, what, otherwise }: EtcdTransaction): EtcdAnswer {
    this.#expire();
    const holds = conditions.every(({ key, target, revision }) => {
      const kept = this.#keys.get(key);
      const { createRevision = '0', modRevision = '0' } = kept ?? {};
      return revision === (target === 'CREATE' ? createRevision : modRevision);
    });
    if (!holds) return this.look(otherwise);
    if (what.kind === 'put' && what.lease !== undefined && !this.#leases.has(what.lease)) {
      throw new Error('HTTP status 404 etcdserver: requested lease not found');
    }
    this.#revision++;
    const modRevision = String(this.#revision);
    if (what.kind === 'delete') this.#keys.delete(what.key);
    else {
      const { createRevision = modRevision } = this.#keys.get(what.key) ?? {};
      const { value, lease } = what;
      this.#keys.set(what.key, { value, lease, createRevision, modRevision });
    }
    return { succeeded: true, revision: modRevision, found: undefined };
  }

  /** As somebody does by hand. */
  put(key: string, value: string): void {
    this.delete(key);
    this.#revision++;
    const revision = String(this.#revision);
    this.#keys.set(key, {
      ...{ value, lease: undefined, createRevision: revision, modRevision: revision },
    });
  }

  delete(key: string): void {
    this.#keys.delete(key);
    this.#revision++;
  }

  valueOf(key: string): string | undefined {
    return this.look(key).found?.value;
  }

  /** How many leases live. */
  get leases(): number {
    this.#expire();
    return this.#leases.size;
  }

  #expire(): void {
    const nowMs = this.#clock.nowMs();
    for (const [id, untilMs] of this.#leases) if (untilMs <= nowMs) this.#leases.delete(id);
    for (const [key, { lease }] of this.#keys) {
      if (lease !== undefined && !this.#leases.has(lease)) this.#keys.delete(key);
    }
  }
}

/** The way to a store: each question and each answer takes as long as it is told to, or gets lost. */
export class FakeEtcd implements Pick<EtcdLeaseNeeds, 'etcd'>, FakeEtcdPort {
  readonly #store: FakeStore;
  readonly #clock: Clock;
  thereMs: () => number = () => 1;
  backMs: () => number = () => 1;
  /** What the asker waits for at the most. */
  patienceMs = 1_000;
  isCut = false;
  asked = 0;

  constructor(store: FakeStore, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  get etcd(): FakeEtcdPort {
    return this;
  }

  async grant(seconds: number) {
    return await this.#ask(() => this.#store.grant(seconds));
  }

  async look(key: string) {
    return await this.#ask(() => this.#store.look(key));
  }

  async transact(transaction: EtcdTransaction) {
    return await this.#ask(() => this.#store.transact(transaction));
  }

  /** What gets there late happens all the same. */
  async #ask<T>(act: () => T): Promise<T> {
    this.asked++;
    const clock = this.#clock;
    return await new Promise((resolve, reject) => {
      const stopWaiting = clock.after(this.patienceMs, () => reject(new Error('no answer')));
      if (this.isCut) return;
      clock.after(this.thereMs(), () => {
        const done = attempt(act);
        clock.after(this.backMs(), () => {
          stopWaiting();
          if ('value' in done) resolve(done.value);
          else reject(done.error);
        });
      });
    });
  }
}

type FakeEtcdPort = EtcdLeaseNeeds['etcd'];

function attempt<T>(act: () => T): { readonly value: T } | { readonly error: unknown } {
  try {
    return { value: act() };
  } catch (error) {
    return { error };
  }
}
