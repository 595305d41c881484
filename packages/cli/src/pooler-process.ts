import { resolveSoa } from 'node:dns/promises';
import type { ProvenToken } from '@pgweir/aws';
import {
  createTransport,
  type DaemonSnapshot,
  type Grammar,
  type LinkBudget,
  Pooler,
  type PoolerNeeds,
  type PoolerSettings,
  type PositionSource,
  type SnapshotPart,
  SqlKnowledge,
  type TopologySource,
  type WorkerIdentity,
  type WorkerSlot,
} from '@pgweir/pooler';
import type { ConsoleCommands } from './admin/commands';
import { AdminConsole } from './admin/console';
import { IamPasswords } from './aws/iam-passwords';
import { IamVerifier } from './aws/iam-verifier';
import { PassedRdsTokens } from './aws/passed-rds-tokens';
import { stsEndpoint } from './aws/sts-endpoint';
import { StsIdentities } from './aws/sts-identities';
import { VerifierDesk } from './client-verifier';
import type { DaemonConfig } from './config/daemon-config';
import { firstThatKnows } from './first-that-knows';
import { LdapVerifier } from './ldap/verifier';
import type { DaemonLogger } from './log/logger';
import { ProcessFacts } from './process/process-facts';
import { withExactNames } from './runtime/abstract-names';
import { DnsResolver } from './runtime/dns-resolver';
import { systemQueueLength } from './runtime/queue-length';
import { systemSocketPeers } from './runtime/socket-peers';
import { systemClock } from './runtime/system-clock';
import { ZoneWatch } from './runtime/zone-watch';
import type { Secrets } from './secrets/secrets';
import { TransactionTraces } from './tracing/transaction-traces';

/** Of a process on its way out, while another serves: it keeps no links for nobody. */
export const NO_SLOT: WorkerSlot = {
  index: Number.MAX_SAFE_INTEGER,
  count: Number.MAX_SAFE_INTEGER,
};

export interface PoolerProcessNeeds {
  readonly config: DaemonConfig;
  readonly log: DaemonLogger;
  readonly budget: LinkBudget;
  readonly grammar: Grammar;
  readonly commands: ConsoleCommands;
  /** Which of the processes of the daemon it is. */
  readonly place: { readonly role: 'daemon' | 'worker'; readonly slot?: number };
  /** Passwords that are not in the configuration. */
  readonly secrets: Secrets;
  /** Which servers there are, and what they are. */
  readonly topology: TopologySource;
  /** How far they are. */
  readonly positions: PositionSource;
  /** Absent: this process is the whole daemon. */
  readonly worker?: WorkerIdentity;
  /** As `PoolerNeeds` has it. */
  readonly cancelBefore?: PoolerNeeds['cancelBefore'];
  /** Told of each token of a client that was proven here. Absent: this process is the whole daemon. */
  readonly tokenProven?: (token: ProvenToken) => void;
  /** What this process makes of the settings. */
  readonly adapt?: (settings: PoolerSettings) => PoolerSettings;
}

/** How often it is looked whether zones are to be asked. */
const ZONE_TICK_MS = 1000;

/** A whole pooler with its console, built from its parts: the daemon, or one of its workers. */
export class PoolerProcess {
  config: DaemonConfig;
  readonly pooler: Pooler;
  readonly passedTokens: PassedRdsTokens;
  readonly #needs: PoolerProcessNeeds;
  readonly #resolver = new DnsResolver(systemClock, () => this.config.dns);
  readonly #zones: ZoneWatch;
  readonly #facts = new ProcessFacts();
  readonly #traces: TransactionTraces;

  constructor(needs: PoolerProcessNeeds) {
    this.#needs = needs;
    this.config = needs.config;
    this.#measure();
    this.#zones = new ZoneWatch({
      clock: systemClock,
      log: needs.log,
      periodMs: () => this.config.dns.zoneCheckMs,
      names: () => this.#resolver.names(),
      askSerial: async (zone) => (await resolveSoa(zone)).serial,
      forget: (names) => this.#resolver.forget(names),
    });
    systemClock.every(ZONE_TICK_MS, () => this.#zones.tick());
    const settings = (): PoolerSettings => this.config.pooler;
    const { secrets } = needs;
    this.passedTokens = new PassedRdsTokens({
      ...{ settings, clock: systemClock, topology: needs.topology },
      proven: needs.tokenProven,
      proofs: () => this.pooler.proofs,
    });
    const passed = this.passedTokens;
    this.#traces = new TransactionTraces({
      ...{ clock: systemClock, log: needs.log },
      worker: needs.worker?.number,
    });
    this.#traces.configure(needs.config.tracing);
    this.pooler = new Pooler({
      settings: this.#settings(),
      credentials: secrets.clientPasswords,
      serverPasswords: firstThatKnows(
        new IamPasswords({ settings, passed }),
        secrets.serverPasswords,
      ),
      verifier: verifierOf(needs.log, passed),
      transport: withExactNames(createTransport(systemQueueLength(needs.log)), needs.log),
      resolver: this.#resolver,
      budget: needs.budget,
      ...{ topology: needs.topology, positions: needs.positions },
      clock: systemClock,
      log: needs.log,
      sql: new SqlKnowledge(needs.grammar),
      virtualDatabases: [this.#console()],
      socketPeers: systemSocketPeers(needs.log),
      observer: this.#traces,
      ...(needs.worker === undefined ? {} : { worker: needs.worker }),
      ...(needs.cancelBefore === undefined ? {} : { cancelBefore: needs.cancelBefore }),
    });
  }

  #settings(): PoolerSettings {
    const { adapt = (settings) => settings } = this.#needs;
    return adapt(this.config.pooler);
  }

  #console(): AdminConsole {
    return new AdminConsole({
      ...this.#needs.commands,
      config: () => this.config,
      log: this.#needs.log,
    });
  }

  async snapshot(parts: readonly SnapshotPart[]): Promise<DaemonSnapshot> {
    const snapshot = await this.pooler.snapshot(parts);
    const { slot = 0, role } = this.#needs.place;
    const processes = parts.includes('processes') ? [await this.#facts.view(role, slot)] : [];
    const seen = { ...snapshot, processes };
    if (!parts.includes('resolvedHosts')) return seen;
    const resolvedZones = this.#zones.zones();
    return { ...seen, resolvedHosts: this.#resolver.resolved(), resolvedZones };
  }

  #measure(): void {
    this.#facts.configure({ isWanted: this.config.http.address !== undefined });
  }

  /** Puts a configuration in force as a whole. */
  configure(config: DaemonConfig): void {
    this.config = config;
    this.#measure();
    this.#needs.log.configure(config.log);
    this.#needs.secrets.reconfigure();
    this.#traces.configure(config.tracing);
    this.pooler.reload(this.#settings(), this.#needs.secrets.clientPasswords);
  }

  /** Closes everything at once; what has been noted of transactions is still sent, within two seconds. */
  async stop(): Promise<void> {
    await this.pooler.stop();
    await this.#traces.close();
  }
}

function verifierOf(log: DaemonLogger, passed: PassedRdsTokens): VerifierDesk {
  return new VerifierDesk({
    directory: new LdapVerifier(systemClock, log),
    iam: new IamVerifier([new StsIdentities(systemClock, stsEndpoint()), passed]),
  });
}
