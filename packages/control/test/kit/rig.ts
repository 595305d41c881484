import { type DatabaseName, databaseName, type ServerEndpoint } from '@pgweir/pooler';
import { CollectingLogger, HandClock } from '@pgweir/testkit';
import { Control, type ControlNeeds } from '../../src/control';
import type { DatabaseEntry } from '../../src/entry';
import { CONTROL_DEFAULTS } from '../../src/settings';
import { FakeWorld } from './fake-world';

export const APP: DatabaseName = databaseName('app');

export function entry(
  hosts: readonly string[],
  changes: Partial<DatabaseEntry> = {},
): DatabaseEntry {
  return {
    database: APP,
    servers: hosts.map((host) => ({ host, port: 5432 })),
    targetSessionAttrs: 'read-write',
    readWriteSplit: false,
    ...changes,
  };
}

/** A world of fake servers, and the control that watches them. */
export class Rig {
  readonly clock = new HandClock();
  readonly log = new CollectingLogger();
  readonly world: FakeWorld;
  readonly control: Control;

  constructor(
    hosts: readonly string[],
    { entries = [entry(hosts)], ...needs }: Partial<ControlNeeds> = {},
  ) {
    this.world = new FakeWorld(this.clock, hosts);
    this.control = new Control({
      settings: CONTROL_DEFAULTS,
      ...{ entries, prober: this.world, clock: this.clock, log: this.log, random: () => 0.5 },
      ...needs,
    });
  }

  /** Time passes. The first probes of all servers are answered within a few milliseconds. */
  after(ms: number): this {
    this.clock.advance(ms);
    return this;
  }

  /** Another configuration. */
  reload(entries: readonly DatabaseEntry[]): void {
    this.control.reconfigure(CONTROL_DEFAULTS, entries);
  }

  endpoints(database = APP): readonly ServerEndpoint[] {
    return this.control.current.servers.get(database) ?? [];
  }

  /** The host that takes writes, as the snapshot says. */
  primary(database = APP): string | undefined {
    const inService = this.endpoints(database).filter(({ outOfService }) => !outOfService);
    return inService.find(({ role }) => role === 'primary')?.host;
  }

  replicas(database = APP): readonly string[] {
    return this.endpoints(database)
      .filter(({ role, outOfService }) => role === 'replica' && !outOfService)
      .map(({ host }) => host);
  }

  isHolding(database = APP): boolean | undefined {
    return this.control.current.roles.get(database)?.holding;
  }

  epoch(database = APP): number | undefined {
    return this.control.current.roles.get(database)?.epoch;
  }

  /** How long it takes until `isSo`, in steps of 5 ms. */
  until(isSo: () => boolean, limitMs = 60_000): number {
    let passedMs = 0;
    for (; !isSo(); passedMs += 5) {
      if (passedMs > limitMs) throw new Error(`not so after ${limitMs} ms`);
      this.clock.advance(5);
    }
    return passedMs;
  }
}
