import {
  type DaemonSnapshot,
  databaseName,
  type Logger,
  type ServerCapView,
  type TopologySnapshot,
} from '@pgweir/pooler';
import type { DaemonConfig } from '../config/daemon-config';
import { LineFile } from '../log/line-file';
import { reasonOf } from '../system-error';
import { AvailabilityBook } from './availability';
import { emfLine } from './emf-line';
import { rdsMetrics } from './rds-metrics';

export interface EmfWriterNeeds {
  readonly log: Logger;
  readonly serverCaps: () => readonly ServerCapView[];
  /** Calls back whenever what is known of servers has changed. */
  readonly topology: {
    readonly current: TopologySnapshot;
    subscribe(changed: (snapshot: TopologySnapshot) => void): () => void;
  };
}

/** Writes the metrics of RDS Proxy at the end of each `stats_period`, of all workers together. */
export class EmfWriter {
  readonly #needs: EmfWriterNeeds;
  readonly #availability = new AvailabilityBook(() => performance.now());
  #config: DaemonConfig | undefined;
  #file: LineFile | undefined;
  #before: DaemonSnapshot | undefined;
  #isRetired = false;

  constructor(needs: EmfWriterNeeds) {
    this.#needs = needs;
    this.#availability.published(needs.topology.current);
    needs.topology.subscribe((snapshot) => this.#availability.published(snapshot));
  }

  /** Goes by `config` from now on, and opens its file again. */
  configure(config: DaemonConfig): void {
    this.#config = config;
    try {
      this.#open(config.emf?.file);
    } catch (error) {
      this.#needs.log.error('metrics_emf_file cannot be opened', { reason: reasonOf(error) });
    }
  }

  /** Another process serves: servers are its matter, clients that have stayed are still this one's. */
  retire(): void {
    this.#isRetired = true;
  }

  /** A period is over, and this is what there is. */
  periodEnds(now: DaemonSnapshot): void {
    const before = this.#before;
    this.#before = now;
    const measured = this.#availability.take();
    const { emf, pooler } = this.#config ?? {};
    if (emf === undefined || pooler === undefined) return;
    const records = rdsMetrics({
      proxyName: emf.proxyName,
      now,
      before,
      serverCaps: this.#isRetired ? [] : this.#needs.serverCaps(),
      availability: this.#isRetired ? [] : measured,
      entryOf: (database) => (pooler.databases.has(databaseName(database)) ? database : '*'),
    });
    const at = { namespace: emf.namespace, wallMs: Date.now() };
    for (const record of records) this.#file?.write(`${emfLine(record, at)}\n`);
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }

  /** The one before stays where another one cannot be opened. */
  #open(path: string | undefined): void {
    if (this.#file !== undefined && this.#file.path === path) {
      this.#file.reopen();
      return;
    }
    const fresh = path === undefined ? LineFile.stdout() : LineFile.open(path);
    this.#file?.close();
    this.#file = fresh;
  }
}
