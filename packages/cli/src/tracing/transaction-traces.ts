import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { isDeepStrictEqual } from 'node:util';
import type {
  Clock,
  Logger,
  ObservedTransaction,
  TraceCountView,
  TransactionObserver,
} from '@pgweir/pooler';
import type { TracingSettings } from '../config/daemon-config';
import { reasonOf } from '../system-error';
import type { ExportNews } from './counting-exporter';
import { tracingLibrary } from './library';
import { openExport, QUEUED_MAX, type SpanExport, type TraceSource } from './span-export';

/** A collector that is down is worth a line of the log, but not one for each batch. */
const LOG_EVERY_MS = 60_000;
/** What is queued at the end may take so long. */
const CLOSE_MS = 2_000;

export interface TransactionTracesNeeds {
  readonly clock: Clock;
  readonly log: Logger;
  /** Undefined: this process is the whole daemon. */
  readonly worker: number | undefined;
}

/** Where spans go at present: to an exporter that is loaded, or is being loaded. */
type Target =
  | { readonly kind: 'none' }
  | { readonly kind: 'loading'; readonly early: ObservedTransaction[] }
  | { readonly kind: 'open'; readonly spans: SpanExport };

/**
 * Turns transactions into spans, and sends them to a collector of OpenTelemetry. Nothing of that library
 * is loaded as long as there is no collector. A collector that is slow or away costs spans, which are
 * counted, and nothing else.
 */
export class TransactionTraces implements TransactionObserver {
  readonly #needs: TransactionTracesNeeds;
  readonly #source: TraceSource;
  readonly #underWay = new Set<Promise<void>>();
  #settings: TracingSettings | undefined;
  #target: Target = { kind: 'none' };
  /** Ended, and neither exported nor dropped. */
  #queued = 0;
  #exported = 0;
  #dropped = 0;
  #wasOn = false;
  #loggedAtMs = Number.NEGATIVE_INFINITY;
  #droppedUnlogged = 0;

  constructor(needs: TransactionTracesNeeds) {
    this.#needs = needs;
    this.#source = {
      'service.instance.id': randomUUID(),
      'host.name': hostname(),
      'process.pid': process.pid,
      ...(needs.worker === undefined ? {} : { 'pgweir.worker': needs.worker }),
    };
  }

  /** Puts settings in force; undefined: no traces. What is queued still goes where it was meant to go. */
  configure(settings: TracingSettings | undefined): void {
    if (isDeepStrictEqual(settings, this.#settings)) return;
    this.#settings = settings;
    this.#leave();
    if (settings === undefined) return;
    this.#wasOn = true;
    const target: Target = { kind: 'loading', early: [] };
    this.#target = target;
    this.#await(this.#open(settings, target));
  }

  async #open(
    settings: TracingSettings,
    target: Extract<Target, { kind: 'loading' }>,
  ): Promise<void> {
    const how = { source: this.#source, news: this.#news };
    try {
      const spans = openExport(await tracingLibrary(), settings, how);
      for (const transaction of target.early) spans.add(transaction);
      if (this.#target === target) this.#target = { kind: 'open', spans };
      else await this.#close(spans);
    } catch (error) {
      this.#lose(target.early.length, reasonOf(error));
      if (this.#target === target) this.#target = { kind: 'none' };
    }
  }

  get #news(): ExportNews {
    return {
      exported: (spans) => {
        this.#queued -= spans;
        this.#exported += spans;
      },
      failed: (spans, reason) => this.#lose(spans, reason),
    };
  }

  ended(transaction: ObservedTransaction): void {
    const target = this.#target;
    this.#queued++;
    if (target.kind === 'none') this.#lose(1, 'there is no exporter');
    else if (this.#queued > QUEUED_MAX) this.#lose(1, 'the collector is too slow');
    else if (target.kind === 'open') target.spans.add(transaction);
    else target.early.push(transaction);
  }

  #lose(spans: number, reason: string): void {
    this.#queued -= spans;
    this.#dropped += spans;
    this.#droppedUnlogged += spans;
    const nowMs = this.#needs.clock.nowMs();
    if (nowMs - this.#loggedAtMs < LOG_EVERY_MS) return;
    this.#loggedAtMs = nowMs;
    this.#needs.log.warn('traces are lost', { count: this.#droppedUnlogged, reason });
    this.#droppedUnlogged = 0;
  }

  counts(): readonly TraceCountView[] {
    if (!this.#wasOn) return [];
    return [
      { what: 'exported', count: this.#exported },
      { what: 'dropped', count: this.#dropped },
    ];
  }

  #leave(): void {
    if (this.#target.kind === 'open') this.#await(this.#close(this.#target.spans));
    this.#target = { kind: 'none' };
  }

  async #close(spans: SpanExport): Promise<void> {
    try {
      await spans.close();
    } catch (error) {
      // Each batch has been counted, and has said so.
      this.#needs.log.debug('the last traces could not be sent', { reason: reasonOf(error) });
    }
  }

  /** `work` never fails. */
  #await(work: Promise<void>): void {
    this.#underWay.add(work);
    void work.then(() => this.#underWay.delete(work));
  }

  /** Sends what is queued, within two seconds; the rest is lost. */
  async close(): Promise<void> {
    this.configure(undefined);
    if (this.#underWay.size === 0) return;
    let stopWaiting = (): void => undefined;
    const limit = new Promise<void>((resolve) => {
      stopWaiting = this.#needs.clock.after(CLOSE_MS, resolve);
    });
    await Promise.race([Promise.all(this.#underWay), limit]);
    stopWaiting();
  }
}
