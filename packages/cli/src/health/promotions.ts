import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { type Control, Etcd, EtcdLease, Promoter, type PromoterLease } from '@pgweir/control';
import type { Clock, LinkBudget, Logger, ServerPasswords } from '@pgweir/pooler';
import type { DaemonConfig } from '../config/daemon-config';
import { FenceCommand } from './fence-command';
import { FileLease } from './file-lease';
import { openHand } from './hand';

export interface PromotionsNeeds {
  readonly control: Control;
  readonly config: () => DaemonConfig;
  readonly budget: LinkBudget;
  readonly passwords: ServerPasswords;
  readonly clock: Clock;
  readonly log: Logger;
  /** Why nobody may be promoted now; undefined: nothing is in the way. */
  readonly obstacle: () => string | undefined;
}

const NONCE_BYTES = 16;

/** Promotes replicas, where the configuration says so: there is one in a daemon, as of its workers. */
export class Promotions {
  readonly #needs: PromotionsNeeds;
  readonly #fencer: FenceCommand;
  #promoter: { readonly key: string; readonly promoter: Promoter } | undefined;
  /** The lease before has to be given back before it can be had anew. */
  #leaving: Promise<void> = Promise.resolve();
  #isRetired = false;

  constructor(needs: PromotionsNeeds) {
    this.#needs = needs;
    const { clock, config, log } = needs;
    const command = () => config().promotion.fenceCommand;
    this.#fencer = new FenceCommand({ command, clock, log });
    this.reconfigure();
  }

  /** Why nothing else that needs all links and servers as they are may begin now. */
  get underWay(): string | undefined {
    return this.#promoter?.promoter.underWay;
  }

  /** The configuration may be another one. What is the same goes on. */
  reconfigure(): void {
    const config = this.#needs.config();
    const key = config.promotion.isOn && !this.#isRetired ? leaseKey(config) : undefined;
    if (key === this.#promoter?.key) return;
    void this.#leave('the configuration is another one');
    if (key === undefined) return;
    const leaving = this.#leaving;
    void leaving.then(() => this.#begin(key));
  }

  /** Nobody is promoted from here any more: another process takes over, or this one ends. */
  async retire(reason: string): Promise<void> {
    this.#isRetired = true;
    await this.#leave(reason);
  }

  #begin(key: string): void {
    const config = this.#needs.config();
    // There may have been another reload meanwhile.
    if (this.#isRetired || this.#promoter !== undefined) return;
    if (!config.promotion.isOn || leaseKey(config) !== key) return;
    const { control, clock, log, obstacle } = this.#needs;
    const promoter = new Promoter({
      clusters: () => control.promotionClusters(),
      lease: leaseOf(config, { clock, log }),
      fencer: this.#fencer,
      settings: () => {
        const { afterMs, minIntervalMs, fenceTimeoutMs } = this.#needs.config().promotion;
        return { afterMs, minIntervalMs, fenceMs: fenceTimeoutMs };
      },
      open: (server) => openHand(server, this.#needs),
      ...{ clock, log, obstacle },
    });
    this.#promoter = { key, promoter };
  }

  #leave(reason: string): Promise<void> {
    const before = this.#promoter;
    this.#promoter = undefined;
    if (before !== undefined) {
      const closed = before.promoter.close(reason);
      this.#leaving = this.#leaving.then(() => closed);
    }
    return this.#leaving;
  }
}

/** The same for the same lease. Never shown: there may be a password in it. */
function leaseKey({ promotion: { lease, leaseTtlMs }, pooler }: DaemonConfig): string {
  const { ca } = pooler.serverTls.options ?? {};
  return JSON.stringify([lease, leaseTtlMs, ca]);
}

function leaseOf(
  { promotion: { lease, leaseTtlMs: ttlMs }, pooler }: DaemonConfig,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): PromoterLease {
  const holder = `${hostname()} (process ${process.pid})`;
  if (lease.kind === 'file') return new FileLease({ path: lease.path, holder, clock, log });
  if (lease.kind === 'nowhere') throw new Error('nobody promotes without a lease');
  const { ca } = pooler.serverTls.options ?? {};
  const urls = lease.urls.map((url) => new URL(url));
  const tls = ca === undefined ? undefined : { ca };
  const etcd = new Etcd({ urls, login: lease.login, tls, clock });
  const nonce = randomBytes(NONCE_BYTES).toString('hex');
  return new EtcdLease({ etcd, key: lease.key, ttlMs, holder, nonce, clock, log });
}
