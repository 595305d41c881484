import {
  type FoundCluster,
  type ProbeLogin,
  type ProbeResult,
  type Prober,
  type Sampled,
  type ServerAddress,
  type ServerProbe,
  ServerProber,
} from '@pgweir/control';
import {
  type Clock,
  type LinkBudget,
  linkLimits,
  poolKey,
  type ServerPasswords,
} from '@pgweir/pooler';
import type { DaemonConfig } from '../config/daemon-config';
import { type Asker, askerOf } from './askers';
import { LoginTrial } from './login-trial';
import { BudgetPermits } from './probe-permits';

interface ConfiguredProberNeeds {
  readonly config: () => DaemonConfig;
  readonly budget: LinkBudget;
  readonly passwords: ServerPasswords;
  readonly clock: Clock;
}

/** Asks servers as the configuration says, under the caps that it has. */
export class ConfiguredProber implements Prober {
  readonly #needs: ConfiguredProberNeeds;

  constructor(needs: ConfiguredProberNeeds) {
    this.#needs = needs;
  }

  open(
    address: ServerAddress,
    disturbed: (reason: string) => void,
    cluster: () => FoundCluster | undefined = () => undefined,
  ): ServerProbe {
    return new ConfiguredProbe({ ...this.#needs, address, disturbed, cluster });
  }
}

interface ConfiguredProbeNeeds extends ConfiguredProberNeeds {
  readonly address: ServerAddress;
  readonly disturbed: (reason: string) => void;
  readonly cluster: () => FoundCluster | undefined;
}

/** Asks one server. A reload that changes who asks holds from the next connection on. */
class ConfiguredProbe implements ServerProbe {
  readonly #needs: ConfiguredProbeNeeds;
  readonly #prober: ServerProber;
  #permits: BudgetPermits | undefined;
  #asker: Asker | undefined;
  /** The login of the connection that is opened; undefined: it is known how it has ended. */
  #trial: LoginTrial | undefined;
  /** Where TLS may be used and need not be: what the last attempt did not try. */
  #usesTls = true;

  constructor(needs: ConfiguredProbeNeeds) {
    this.#needs = needs;
    const { address, clock, disturbed, cluster } = needs;
    const login = () => this.#login();
    this.#prober = new ServerProber({
      ...{ address, clock, disturbed, source: cluster()?.source },
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
      if (result.kind === 'failed' && result.isPasswordRefused === true) this.#judge('refused');
      else this.#judge(result.kind === 'failed' ? 'other' : 'accepted');
      done(result);
    });
  }

  sample(sampled: Sampled): boolean {
    return this.#prober.sample(sampled);
  }

  close(): void {
    this.#judge('other');
    this.#prober.close();
    this.#permits?.close();
    this.#permits = undefined;
  }

  /** Of the next connection. */
  #login(): ProbeLogin {
    this.#judge('other');
    if (this.#asker === undefined) {
      return { database: '', user: '', password: undefined, tls: undefined };
    }
    const { address, clock, passwords } = this.#needs;
    // A server must not count as silent because of that: it is asked again in a moment.
    this.#trial = new LoginTrial(passwords, this.#asker, address, 'none');
    const { login } = this.#trial;
    const { password } = login;
    return {
      ...login,
      password: typeof password === 'function' ? () => soonOr(password, clock) : password,
      tls: this.#usesTls ? login.tls : undefined,
    };
  }

  #judge(how: Parameters<LoginTrial['ended']>[0]): void {
    this.#trial?.ended(how);
    this.#trial = undefined;
  }

  /** Before each connection: for whom it is opened, and under which caps. */
  #permitsNow(): BudgetPermits | undefined {
    const { address, budget, cluster, config } = this.#needs;
    const before = this.#asker;
    const asker = askerOf(config(), address, cluster()?.seeds);
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

/** So long a server waits for a token, made with credentials that may have to be fetched first. */
const TOKEN_MS = 300;

/** A server must not count as silent because of that: rejects when it takes longer. */
function soonOr(password: () => Promise<string>, clock: Clock): Promise<string> {
  return new Promise((resolve, reject) => {
    const stop = clock.after(TOKEN_MS, () => reject(new Error('its token is still being made')));
    password().then(resolve, reject).finally(stop);
  });
}
