import { databaseName, type ServerEndpoint } from '@pgweir/pooler';
import { CollectingLogger, HandClock } from '@pgweir/testkit';
import { Control } from '../../src/control';
import type { DatabaseEntry } from '../../src/entry';
import { CONTROL_DEFAULTS } from '../../src/settings';
import { FakeMembers, memberSource, SEED } from './fake-members';

export const FOUND = databaseName('found');

export function foundEntry(changes: Partial<DatabaseEntry> = {}): DatabaseEntry {
  return {
    ...{ database: FOUND, servers: [SEED], source: memberSource() },
    ...{ targetSessionAttrs: 'read-write', readWriteSplit: false },
    ...changes,
  };
}

/** Instances that tell of each other, and the control that knows nothing but the cluster's name. */
export class MembersRig {
  readonly clock = new HandClock();
  readonly log = new CollectingLogger();
  readonly world: FakeMembers;
  readonly control: Control;

  constructor(
    names: readonly string[],
    {
      entry = foundEntry(),
      random = () => 0.5,
    }: { entry?: DatabaseEntry; random?: () => number } = {},
  ) {
    this.world = new FakeMembers(this.clock, names);
    this.control = new Control({
      ...{ settings: CONTROL_DEFAULTS, entries: [entry], prober: this.world },
      ...{ clock: this.clock, log: this.log, random },
    });
  }

  after(ms: number): this {
    this.clock.advance(ms);
    return this;
  }

  get endpoints(): readonly ServerEndpoint[] {
    return this.control.current.servers.get(FOUND) ?? [];
  }

  get hosts(): readonly string[] {
    return this.endpoints.map(({ host }) => host);
  }

  get writer(): string | undefined {
    return this.#inService('primary')[0];
  }

  get readers(): readonly string[] {
    return this.#inService('replica');
  }

  get isHolding(): boolean | undefined {
    return this.control.current.roles.get(FOUND)?.holding;
  }

  get epoch(): number | undefined {
    return this.control.current.roles.get(FOUND)?.epoch;
  }

  get alarms(): readonly string[] {
    return this.control.topology().flatMap(({ alarms }) => alarms.map(({ text }) => text));
  }

  outOfService(name: string): string | undefined {
    return this.endpoints.find(({ host }) => host === name)?.outOfService;
  }

  lagMs(name: string): number | undefined {
    const servers = this.control.topology().flatMap((cluster) => cluster.servers);
    return servers.find(({ host }) => host === name)?.lagMs;
  }

  #inService(role: string): readonly string[] {
    return this.endpoints
      .filter((endpoint) => endpoint.role === role && endpoint.outOfService === undefined)
      .map(({ host }) => host);
  }
}
