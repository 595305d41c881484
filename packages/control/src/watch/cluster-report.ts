import type { Logger } from '@pgweir/pooler';
import { type Failover, primaryOf } from '../failover/failover';
import type { Health } from '../health/health';
import type { Alarm } from '../topology/alarms';
import type { ServerKnowledge } from '../topology/knowledge';

/** Says in the log what has changed: one line for each change, none for what stays. */
export class ClusterReport {
  readonly #log: Logger;
  #alarms: readonly Alarm[] = [];

  constructor(log: Logger) {
    this.#log = log;
  }

  health({ key, health }: ServerKnowledge, before: Health): void {
    if (health.kind === before.kind) return;
    const reason = 'reason' in health ? health.reason : undefined;
    const fields = { server: key, from: before.kind, to: health.kind, reason };
    if (health.kind === 'down') this.#log.warn('server is down', fields);
    else this.#log.info(`server is ${health.kind}`, fields);
  }

  alarms(alarms: readonly Alarm[]): void {
    const had = new Set(this.#alarms.map(({ text }) => text));
    const has = new Set(alarms.map(({ text }) => text));
    for (const { kind, text } of alarms) if (!had.has(text)) this.#log.error(text, { alarm: kind });
    for (const { kind, text } of this.#alarms) {
      if (!has.has(text)) this.#log.info(`over: ${text}`, { alarm: kind });
    }
    this.#alarms = alarms;
  }

  failover(from: Failover, to: Failover, seen: string): void {
    const before = primaryOf(from);
    const after = primaryOf(to);
    switch (to.kind) {
      case 'holding':
        // At the start it is only not known yet.
        if (before === undefined) this.#log.info('looking for the primary', { reason: seen });
        else
          this.#log.warn('no primary: work that needs it waits', { primary: before, reason: seen });
        return;
      case 'switching':
        // It is called off, and the next decision says what follows.
        if (from.kind === 'switching') return;
        this.#log.info('switchover begins', { primary: before, target: to.target });
        return;
      case 'primary-suspect':
      case 'steady':
        if (after === before && from.kind !== 'holding' && from.kind !== 'switching') return;
        this.#log.info('primary', { primary: after, before });
    }
  }
}
