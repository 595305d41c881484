import {
  type ProbeResult,
  type Prober,
  type Sampled,
  type ServerAddress,
  type ServerProbe,
  ServerProber,
} from '@pgweir/control';
import { type Clock, type LinkBudget, linkLimits, poolKey } from '@pgweir/pooler';
import type { DaemonConfig } from '../config/daemon-config';
import { type Asker, askerOf } from './askers';
import { BudgetPermits } from './probe-permits';

interface ConfiguredProberNeeds {
  readonly config: () => DaemonConfig;
  readonly budget: LinkBudget;
  readonly clock: Clock;
}

/** Asks servers as the configuration says, under the caps that it has. */
export class ConfiguredProber implements Prober {
  readonly #needs: ConfiguredProberNeeds;

  constructor(needs: ConfiguredProberNeeds) {
    this.#needs = needs;
  }

  open(address: ServerAddress, disturbed: (reason: string) => void): ServerProbe {
    return new ConfiguredProbe({ ...this.#needs, address, disturbed });
  }
}

interface ConfiguredProbeNeeds extends ConfiguredProberNeeds {
  readonly address: ServerAddress;
  readonly disturbed: (reason: string) => void;
}

/** Asks one server. A reload that changes who asks holds from the next connection on. */
class ConfiguredProbe implements ServerProbe {
  readonly #needs: ConfiguredProbeNeeds;
  readonly #prober: ServerProber;
  #permits: BudgetPermits | undefined;
  #asker: Asker | undefined;
  /** Where TLS may be used and need not be: what the last attempt did not try. */
  #usesTls = true;

  constructor(needs: ConfiguredProbeNeeds) {
    this.#needs = needs;
    const { address, clock, disturbed } = needs;
    const login = () => this.#login();
    this.#prober = new ServerProber({
      ...{ address, clock, disturbed },
      get login() {
        return login();
      },
      permits: {
        acquire: (at, answer) => {
          const permits = this.#permitsNow();
          if (permits !== undefined) return permits.acquire(at, answer);
          answer({ kind: 'refused', reason: 'nobody is configured who may ask' });
          return () => undefined;
        },
      },
    });
  }

  probe(deadlineMs: number, done: (result: ProbeResult) => void): void {
    this.#prober.probe(deadlineMs, (result) => {
      const mode = this.#asker?.tlsMode;
      const isOptional = mode === 'prefer' || mode === 'allow';
      const isRejected = result.kind === 'failed' && result.why === 'rejected';
      if (isOptional && isRejected) this.#usesTls = !this.#usesTls;
      done(result);
    });
  }

  sample(sampled: Sampled): boolean {
    return this.#prober.sample(sampled);
  }

  close(): void {
    this.#prober.close();
    this.#permits?.close();
    this.#permits = undefined;
  }

  #login() {
    const login = this.#asker?.login ?? { database: '', user: '', password: undefined };
    return { ...login, tls: this.#usesTls ? this.#asker?.login.tls : undefined };
  }

  /** Before each connection: for whom it is opened, and under which caps. */
  #permitsNow(): BudgetPermits | undefined {
    const { address, budget, config } = this.#needs;
    const before = this.#asker;
    const asker = askerOf(config(), address);
    this.#asker = asker;
    if (asker?.tlsMode !== before?.tlsMode) this.#usesTls = asker?.tlsMode !== 'allow';
    if (asker?.database === before?.database && asker?.user === before?.user) return this.#permits;
    this.#permits?.close();
    const limits = ({ database, user }: Asker) =>
      linkLimits(config().pooler, { database, user, pool: poolKey(database, user) });
    this.#permits =
      asker === undefined
        ? undefined
        : new BudgetPermits({ budget, ...asker, limits: () => limits(asker) });
    return this.#permits;
  }
}
