import type { Clock, Logger, ResolvedZoneView } from '@pgweir/pooler';

export interface ZoneWatchNeeds {
  readonly clock: Clock;
  readonly log: Logger;
  /** `dns_zone_check_period`; 0: zones are not looked at. */
  readonly periodMs: () => number;
  /** Names whose addresses are remembered. */
  readonly names: () => Iterable<string>;
  /** The serial in the SOA record of a zone. Rejects where there is none, or no answer. */
  readonly askSerial: (zone: string) => Promise<number>;
  /** The addresses of these names have to be looked up anew. */
  readonly forget: (names: readonly string[]) => void;
}

/**
 * Asks for the serials of the zones that servers' names are in: when one has changed, the addresses of its
 * names are no longer trusted, however long they would be remembered otherwise. As in PgBouncer the zone
 * is what stands behind the first dot.
 */
export class ZoneWatch {
  readonly #needs: ZoneWatchNeeds;
  /** Of zones that have answered. */
  readonly #serials = new Map<string, number>();
  #nextMs = 0;
  #asking = false;

  constructor(needs: ZoneWatchNeeds) {
    this.#needs = needs;
  }

  /** Called about once a second. A round that takes longer than the period puts the next one off. */
  tick(): void {
    const { clock, periodMs } = this.#needs;
    const nowMs = clock.nowMs();
    if (periodMs() === 0 || this.#asking || nowMs < this.#nextMs) return;
    this.#nextMs = nowMs + periodMs();
    this.#asking = true;
    void this.#round().then(() => {
      this.#asking = false;
    });
  }

  /** The zones at the moment; their serial is 0 until they have answered. */
  zones(): readonly ResolvedZoneView[] {
    if (this.#needs.periodMs() === 0) return [];
    return [...this.#namesByZone()].map(([zone, names]) => ({
      zone,
      serial: this.#serials.get(zone) ?? 0,
      hosts: names.length,
    }));
  }

  /** One after the other: nobody is in a hurry, and a name server that is down is asked once at a time. */
  async #round(): Promise<void> {
    const zones = this.#namesByZone();
    for (const zone of this.#serials.keys()) if (!zones.has(zone)) this.#serials.delete(zone);
    for (const zone of zones.keys()) await this.#ask(zone);
  }

  async #ask(zone: string): Promise<void> {
    const { log, askSerial, forget } = this.#needs;
    try {
      const serial = await askSerial(zone);
      const before = this.#serials.get(zone);
      this.#serials.set(zone, serial);
      if (before === undefined || before === serial) return;
      log.info('zone serial changed', { zone, before, serial });
      // Those of this moment: more may have come while the answer was on its way.
      forget(this.#namesByZone().get(zone) ?? []);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      log.debug('no serial of a zone', { zone, reason });
    }
  }

  #namesByZone(): ReadonlyMap<string, readonly string[]> {
    const zones = new Map<string, string[]>();
    for (const name of this.#needs.names()) {
      const zone = zoneOf(name);
      if (zone === undefined) continue;
      const names = zones.get(zone);
      if (names === undefined) zones.set(zone, [name]);
      else names.push(name);
    }
    return zones;
  }
}

function zoneOf(name: string): string | undefined {
  const zone = name.slice(name.indexOf('.') + 1);
  return zone === name || zone === '' ? undefined : zone;
}
