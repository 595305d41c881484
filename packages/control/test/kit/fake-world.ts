import type { Clock } from '@pgweir/pooler';
import type { Observation, ProbeResult, ServerAddress } from '../../src/observation';
import type { Prober, Sampled, ServerProbe } from '../../src/ports/prober';
import type { Position } from '../../src/probe/position-query';
import { type ServerKey, serverKey } from '../../src/server-key';
import { observation, SYSTEM } from './knowledge';

/** What a server really is. Tests change it as they like. */
export interface FakeServer {
  readonly address: ServerAddress;
  readonly key: ServerKey;
  systemIdentifier: string;
  inRecovery: boolean;
  timeline: number;
  readOnly: boolean;
  /** The process runs. */
  isAlive: boolean;
  /** Stopped by a signal, or the disk hangs: accepts, and says nothing. */
  isHung: boolean;
  /** The network between the daemon and this server only. */
  isCut: boolean;
  /** Answers, but lets nobody in. */
  turnsAway: boolean;
  /** Cannot tell its timeline. */
  hidesTimeline: boolean;
  /** How long an answer takes. */
  latencyMs: number;
  /** A primary's log is flushed and inserted, a replica's replayed up to here. */
  position: bigint;
  inserted: bigint;
  commitsUnflushed: boolean;
  /** Says nothing about its position but why. */
  refusal: string | undefined;
  /** How often its position was asked for. */
  samples: number;
  /** What the daemon was told last, and how often it has asked. */
  told: ProbeResult | undefined;
  /** Its last answer, although later probes may have failed. */
  lastSeen: Observation | undefined;
  probes: number;
  lastAskedMs: number;
}

/** Servers that really have timelines and roles, and the prober that asks them. */
export class FakeWorld implements Prober {
  readonly servers: readonly FakeServer[];
  readonly #clock: Clock;
  readonly #open = new Set<FakeProbe>();
  #usedTimeline = 1;

  /** The first one is primary, the others follow it. */
  constructor(clock: Clock, hosts: readonly string[]) {
    this.#clock = clock;
    this.servers = hosts.map((host, at) => ({
      ...{ address: { host, port: 5432 }, key: serverKey({ host, port: 5432 }) },
      ...{ systemIdentifier: SYSTEM, inRecovery: at > 0, timeline: 1, readOnly: false },
      ...{ isAlive: true, isHung: false, isCut: false, turnsAway: false, hidesTimeline: false },
      ...{ position: 0n, inserted: 0n, commitsUnflushed: false, samples: 0, refusal: undefined },
      ...{
        latencyMs: 1,
        told: undefined,
        lastSeen: undefined,
        probes: 0,
        lastAskedMs: Number.NEGATIVE_INFINITY,
      },
    }));
  }

  open(address: ServerAddress, disturbed: (reason: string) => void): ServerProbe {
    const server = this.server(address.host);
    const probe: FakeProbe = new FakeProbe(server, this.#clock, {
      disturbed,
      closed: () => this.#open.delete(probe),
    });
    this.#open.add(probe);
    return probe;
  }

  server(host: string): FakeServer {
    const found = this.servers.find(({ address }) => address.host === host);
    if (found === undefined) throw new Error(`there is no server ${host}`);
    return found;
  }

  /** The highest timeline that there ever was. */
  get usedTimeline(): number {
    return this.#usedTimeline;
  }

  /** How many probes are open. */
  get probed(): number {
    return this.#open.size;
  }

  /** Ends the process, as kill -9 does; whoever is connected hears of it. */
  kill(server: FakeServer): void {
    server.isAlive = false;
    if (server.isCut) return;
    for (const probe of [...this.#open]) if (probe.server === server) probe.disturb();
  }

  /** Brings a server up as it was: a primary as a primary. */
  start(server: FakeServer): void {
    Object.assign(server, { isAlive: true, isHung: false });
  }

  /** `timeline`: without one, the next that nobody has ever used. */
  promote(server: FakeServer, timeline?: number): void {
    Object.assign(server, { inRecovery: false, timeline: timeline ?? this.#usedTimeline + 1 });
    this.#usedTimeline = Math.max(this.#usedTimeline, server.timeline);
  }

  /** Makes another cluster, or a backup of it, of a server. */
  rebuild(
    server: FakeServer,
    as: Pick<FakeServer, 'systemIdentifier' | 'inRecovery' | 'timeline'>,
  ) {
    Object.assign(server, as);
    this.#usedTimeline = Math.max(this.#usedTimeline, as.timeline);
  }

  /** Makes `server` a replica of `leader`. */
  follow(server: FakeServer, leader: FakeServer): void {
    const { timeline, systemIdentifier } = leader;
    Object.assign(server, { inRecovery: true, timeline, systemIdentifier });
  }
}

interface ProbeEvents {
  readonly disturbed: (reason: string) => void;
  readonly closed: () => void;
}

class FakeProbe implements ServerProbe {
  readonly server: FakeServer;
  readonly #clock: Clock;
  readonly #events: ProbeEvents;
  #cancel: (() => void) | undefined;
  #isConnected = false;
  #sample: { readonly cancel: () => void; readonly lost: () => void } | undefined;

  constructor(server: FakeServer, clock: Clock, events: ProbeEvents) {
    this.server = server;
    this.#clock = clock;
    this.#events = events;
  }

  probe(deadlineMs: number, done: (result: ProbeResult) => void): void {
    const server = this.server;
    if (this.#cancel !== undefined) throw new Error(`${server.key} is asked twice at a time`);
    const askedAtMs = this.#clock.nowMs();
    server.probes++;
    server.lastAskedMs = askedAtMs;
    const isSilent = server.isHung || server.isCut;
    const afterMs = isSilent ? deadlineMs : Math.min(deadlineMs, server.latencyMs);
    this.#cancel = this.#clock.after(afterMs, () => {
      this.#cancel = undefined;
      const result = this.#result(askedAtMs, isSilent || afterMs >= deadlineMs);
      server.told = result;
      if (result.kind === 'seen') server.lastSeen = result.observation;
      this.#isConnected = result.kind === 'seen';
      done(result);
    });
  }

  sample(sampled: Sampled): boolean {
    const { server } = this;
    if (!this.#isConnected || this.#cancel !== undefined || this.#sample !== undefined)
      return false;
    server.samples++;
    const { latencyMs } = server;
    // It is read half way, as far as that takes.
    let position: Position | undefined;
    const cancel = this.#clock.after(latencyMs / 2, () => {
      if (server.isHung || server.isCut) return;
      position = positionOf(server);
      const cancelAnswer = this.#clock.after(latencyMs / 2, () => {
        this.#sample = undefined;
        if (server.refusal === undefined) sampled(position);
        else sampled(undefined, server.refusal);
      });
      this.#sample = { cancel: cancelAnswer, lost };
    });
    const lost = (): void => sampled(undefined);
    this.#sample = { cancel, lost };
    return true;
  }

  close(): void {
    this.#sample?.cancel();
    this.#sample = undefined;
    if (this.#cancel !== undefined) this.#giveUp(this.#cancel);
    this.#cancel = undefined;
    this.#events.closed();
  }

  /** Whoever asked does not wait any longer, and takes that for an answer. */
  #giveUp(cancel: () => void): void {
    cancel();
    const atMs = this.#clock.nowMs();
    this.server.told = { kind: 'failed', atMs, why: 'timeout', reason: 'given up' };
  }

  disturb(): void {
    const sample = this.#sample;
    this.#sample = undefined;
    sample?.cancel();
    sample?.lost();
    if (!this.#isConnected || this.#cancel !== undefined) return;
    this.#isConnected = false;
    this.#events.disturbed('the connection was closed');
  }

  #result(askedAtMs: number, isLate: boolean): ProbeResult {
    const atMs = this.#clock.nowMs();
    const { isAlive, isHung, isCut, turnsAway } = this.server;
    const failed = (why: 'timeout' | 'refused' | 'busy'): ProbeResult => ({
      ...{ kind: 'failed', atMs, why, reason: why },
    });
    if (isLate || isHung || isCut) return failed('timeout');
    if (!isAlive) return failed('refused');
    if (turnsAway) return failed('busy');
    return { kind: 'seen', observation: this.#observation(askedAtMs, atMs) };
  }

  #observation(askedAtMs: number, answeredAtMs: number): Observation {
    const { systemIdentifier, inRecovery, timeline, readOnly, hidesTimeline } = this.server;
    const { position, inserted } = this.server;
    return observation({
      ...{ askedAtMs, answeredAtMs, systemIdentifier, inRecovery },
      timeline: hidesTimeline && inRecovery ? undefined : timeline,
      readOnly: inRecovery || readOnly,
      ...(inRecovery
        ? { replayed: position, received: position }
        : { flushed: position, inserted }),
    });
  }
}

function positionOf(server: FakeServer): Position {
  const { systemIdentifier, timeline, position, inserted, commitsUnflushed } = server;
  if (server.inRecovery) return { kind: 'replica', systemIdentifier, replayed: position };
  const flushed = position;
  return { kind: 'primary', systemIdentifier, timeline, flushed, inserted, commitsUnflushed };
}
