import type { Clock, Resolver } from '@pgweir/pooler';
import type { Observation, ProbeResult, ServerAddress } from '../observation';
import type { MemberSource } from '../ports/member-source';
import type { Sampled } from '../ports/prober';
import { mayMove } from './host-name';
import { NameWatch } from './name-watch';
import { POSITION, readPosition } from './position-query';
import {
  type ConnectionAnswer,
  type PreparedStatement,
  ProbeConnection,
  type ProbeLogin,
} from './probe-connection';
import type { ProbeFailure } from './probe-failure';
import type { PermitAnswer, ProbePermit, ProbePermits } from './probe-permits';
import { probeFor, readProbeAnswer } from './probe-query';
import { ServerMemory } from './server-memory';

export interface ServerProberNeeds {
  readonly address: ServerAddress;
  readonly login: ProbeLogin;
  readonly permits: ProbePermits;
  readonly clock: Clock;
  /** Default: the system's resolver, asked anew for each connection. */
  readonly resolver?: Resolver;
  /** What tells who the members of the server's cluster are; undefined: that is not asked. */
  readonly source?: MemberSource | undefined;
  /**
   * The connection was lost between two probes, as when PostgreSQL dies: a reason to probe at once.
   * Not called while a probe runs, whose result says the same.
   */
  readonly disturbed?: (reason: string) => void;
}

interface Probe {
  readonly deadlineMs: number;
  readonly done: (result: ProbeResult) => void;
  readonly stopTimer: () => void;
}

type Phase =
  | { readonly kind: 'apart' }
  | { readonly kind: 'waiting'; readonly probe: Probe; readonly withdraw: () => void }
  | { readonly kind: 'asking'; readonly probe: Probe; readonly connection: ProbeConnection }
  | { readonly kind: 'connected'; readonly connection: ProbeConnection }
  | {
      readonly kind: 'sampling';
      readonly connection: ProbeConnection;
      readonly sampled: Sampled;
      /** Begins when the answer is there. */
      next: Probe | undefined;
    }
  | { readonly kind: 'closed' };

type Sampling = Extract<Phase, { readonly kind: 'sampling' }>;

/**
 * Asks one server how it is, on a connection of its own that is kept between probes. A connection that
 * did not answer in time, or answered nonsense, is closed and made anew for the next probe.
 */
export class ServerProber {
  readonly #needs: ServerProberNeeds;
  #phase: Phase = { kind: 'apart' };
  readonly #statement: PreparedStatement;
  readonly #memory = new ServerMemory();
  /** undefined: the server has no name that could lead elsewhere. */
  readonly #name: NameWatch | undefined;

  constructor(needs: ServerProberNeeds) {
    this.#needs = needs;
    const { address, resolver, source } = needs;
    this.#statement = probeFor(source);
    this.#name = mayMove(address.host) ? new NameWatch(address.host, resolver) : undefined;
  }

  /**
   * Calls `done` exactly once, never within this call and at the latest after `deadlineMs`, which
   * includes everything: the permit, the name, the connection, the login. After `close` no more.
   *
   * One probe at a time: it is an error of the caller to ask for another one meanwhile. One that comes
   * while a position is asked for waits for that, within its deadline.
   */
  probe(deadlineMs: number, done: (result: ProbeResult) => void): void {
    const phase = this.#phase;
    if (phase.kind === 'closed') return;
    const isProbing = phase.kind === 'waiting' || phase.kind === 'asking';
    if (isProbing || (phase.kind === 'sampling' && phase.next !== undefined)) {
      throw new Error(`a probe of ${nameOf(this.#needs.address)} is running already`);
    }
    const { clock } = this.#needs;
    const stopTimer = clock.after(deadlineMs, () => this.#late(probe));
    const probe: Probe = { deadlineMs, done, stopTimer };
    if (phase.kind === 'sampling') {
      phase.next = probe;
      return;
    }
    if (phase.kind === 'connected') {
      if (this.#name?.isElsewhere !== true) {
        this.#name?.look(clock.nowMs());
        this.#ask(probe, phase.connection);
        return;
      }
      // The one that the name meant before may go on answering.
      phase.connection.close();
    }
    this.#acquire(probe);
  }

  /**
   * Asks how far the server is, on the connection that the last probe has left. No deadline of its own:
   * the next probe has one, and ends it. Calls `sampled` once, unless `close` comes first, and never
   * within this call; with undefined when the connection was lost or the answer was nonsense.
   *
   * @returns false when there is no such connection now, it is in use, or there is no log: then `sampled`
   *   is not called
   */
  sample(sampled: Sampled): boolean {
    const phase = this.#phase;
    if (phase.kind !== 'connected' || this.#needs.source?.hasLog === false) return false;
    const { connection } = phase;
    const sampling: Sampling = { kind: 'sampling', connection, sampled, next: undefined };
    this.#phase = sampling;
    connection.ask(POSITION, (answer) => {
      if (this.#phase === sampling) this.#sampled(sampling, answer);
    });
    return true;
  }

  /** Ends the connection, and whatever is asked. Idempotent. */
  close(): void {
    const phase = this.#phase;
    this.#phase = { kind: 'closed' };
    switch (phase.kind) {
      case 'waiting':
        phase.probe.stopTimer();
        phase.withdraw();
        return;
      case 'asking':
        phase.probe.stopTimer();
        phase.connection.close();
        return;
      case 'sampling':
        phase.next?.stopTimer();
        phase.connection.close();
        return;
      case 'connected':
        phase.connection.close();
        return;
      case 'apart':
      case 'closed':
        return;
    }
  }

  #acquire(probe: Probe): void {
    let isWithin = true;
    let early: PermitAnswer | undefined;
    const withdraw = this.#needs.permits.acquire(this.#needs.address, (answer) => {
      if (isWithin) early = answer;
      else this.#permitAnswered(probe, answer);
    });
    isWithin = false;
    this.#phase = { kind: 'waiting', probe, withdraw };
    // The result must not come within the caller's call.
    if (early !== undefined) this.#permitAnswered(probe, early);
  }

  #permitAnswered(probe: Probe, answer: PermitAnswer): void {
    if (this.#phase.kind !== 'waiting' || this.#phase.probe !== probe) {
      // It was given up in the same moment.
      if (answer.kind === 'granted') answer.permit.release();
      return;
    }
    if (answer.kind === 'granted') {
      this.#ask(probe, this.#connect(answer.permit));
      return;
    }
    const failure: ProbeFailure = {
      why: 'busy',
      reason: `not allowed to connect: ${answer.reason}`,
    };
    this.#needs.clock.after(0, () => {
      if (this.#phase.kind !== 'waiting' || this.#phase.probe !== probe) return;
      this.#phase = { kind: 'apart' };
      this.#fail(probe, failure);
    });
  }

  #connect(permit: ProbePermit): ProbeConnection {
    const { address, login, clock } = this.#needs;
    const resolver = this.#name ?? this.#needs.resolver;
    const connection: ProbeConnection = new ProbeConnection({
      ...{ address, login, clock, resolver, permit },
      lost: (failure) => {
        if (this.#phase.kind !== 'connected' || this.#phase.connection !== connection) return;
        this.#phase = { kind: 'apart' };
        this.#needs.disturbed?.(failure.reason);
      },
    });
    return connection;
  }

  #ask(probe: Probe, connection: ProbeConnection): void {
    this.#phase = { kind: 'asking', probe, connection };
    connection.ask(this.#statement, (answer) => this.#answered(probe, connection, answer));
  }

  #answered(probe: Probe, connection: ProbeConnection, answer: ConnectionAnswer): void {
    if (this.#phase.kind !== 'asking' || this.#phase.probe !== probe) return;
    if (answer.kind === 'rows') this.#name?.answeredAt(connection.remoteAddress);
    const observation = answer.kind === 'rows' ? this.#observed(answer) : undefined;
    if (observation === undefined) {
      this.#phase = { kind: 'apart' };
      connection.close();
      this.#fail(probe, answer.kind === 'failed' ? answer.failure : NONSENSE);
      return;
    }
    this.#phase = { kind: 'connected', connection };
    probe.stopTimer();
    probe.done({ kind: 'seen', observation });
  }

  #sampled(sampling: Sampling, answer: ConnectionAnswer): void {
    const { connection, sampled, next } = sampling;
    const position = answer.kind === 'rows' ? readPosition(answer.rows[0]) : undefined;
    if (position === undefined) {
      const { why, reason } = answer.kind === 'failed' ? answer.failure : NONSENSE;
      connection.close();
      this.#phase = { kind: 'apart' };
      if (next !== undefined) this.#acquire(next);
      // A server that does not like the question is not ill.
      else if (why === 'lost') this.#needs.disturbed?.(reason);
      if (why !== 'lost') return sampled(undefined, reason);
    } else {
      this.#phase = { kind: 'connected', connection };
      if (next !== undefined) this.#ask(next, connection);
    }
    sampled(position);
  }

  #observed(answer: Extract<ConnectionAnswer, { kind: 'rows' }>): Observation | undefined {
    const seen =
      answer.rows.length === 1 ? readProbeAnswer(answer.rows[0], this.#needs.source) : undefined;
    if (seen === undefined) return undefined;
    const times = { askedAtMs: answer.askedAtMs, answeredAtMs: this.#needs.clock.nowMs() };
    const observation = this.#memory.complete(seen, times);
    return this.#name === undefined ? observation : { ...observation, moves: this.#name.moves };
  }

  #late(probe: Probe): void {
    const phase = this.#phase;
    if (phase.kind === 'sampling' && phase.next === probe) {
      this.#phase = { kind: 'apart' };
      phase.connection.close();
      const reason = `${MISSING.open} in ${probe.deadlineMs} ms`;
      this.#fail(probe, { why: 'timeout', reason });
      phase.sampled(undefined);
      return;
    }
    if ((phase.kind !== 'waiting' && phase.kind !== 'asking') || phase.probe !== probe) return;
    this.#phase = { kind: 'apart' };
    if (phase.kind === 'waiting') {
      phase.withdraw();
      const reason = `the cap left no room for a connection in ${probe.deadlineMs} ms`;
      this.#fail(probe, { why: 'busy', reason });
      return;
    }
    const { stage } = phase.connection;
    phase.connection.close();
    this.#fail(probe, { why: 'timeout', reason: `${MISSING[stage]} in ${probe.deadlineMs} ms` });
  }

  #fail(probe: Probe, failure: ProbeFailure): void {
    probe.stopTimer();
    probe.done({ kind: 'failed', atMs: this.#needs.clock.nowMs(), ...failure });
  }
}

const NONSENSE: ProbeFailure = { why: 'lost', reason: 'an answer that PostgreSQL does not give' };

const MISSING = { dialing: 'no connection', login: 'no end of the login', open: 'no answer' };

function nameOf({ host, port }: ServerAddress): string {
  return `${host}:${port}`;
}
