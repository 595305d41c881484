import type { Clock, Resolver } from '@pgweir/pooler';
import type { Observation, ProbeResult, ServerAddress } from '../observation';
import { type ConnectionAnswer, ProbeConnection, type ProbeLogin } from './probe-connection';
import type { ProbeFailure } from './probe-failure';
import type { PermitAnswer, ProbePermit, ProbePermits } from './probe-permits';
import { PROBE, readProbeAnswer } from './probe-query';
import { ServerMemory } from './server-memory';

export interface ServerProberNeeds {
  readonly address: ServerAddress;
  readonly login: ProbeLogin;
  readonly permits: ProbePermits;
  readonly clock: Clock;
  /** Default: the system's resolver, asked anew for each connection. */
  readonly resolver?: Resolver;
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
  | { readonly kind: 'closed' };

/**
 * Asks one server how it is, on a connection of its own that is kept between probes. A connection that
 * did not answer in time, or answered nonsense, is closed and made anew for the next probe.
 */
export class ServerProber {
  readonly #needs: ServerProberNeeds;
  #phase: Phase = { kind: 'apart' };
  readonly #memory = new ServerMemory();

  constructor(needs: ServerProberNeeds) {
    this.#needs = needs;
  }

  /**
   * Calls `done` exactly once, never within this call and at the latest after `deadlineMs`, which
   * includes everything: the permit, the name, the connection, the login. After `close` no more.
   *
   * One probe at a time: it is an error of the caller to ask for another one meanwhile.
   */
  probe(deadlineMs: number, done: (result: ProbeResult) => void): void {
    const phase = this.#phase;
    if (phase.kind === 'closed') return;
    if (phase.kind !== 'apart' && phase.kind !== 'connected') {
      throw new Error(`a probe of ${nameOf(this.#needs.address)} is running already`);
    }
    const { clock } = this.#needs;
    const stopTimer = clock.after(deadlineMs, () => this.#late(probe));
    const probe: Probe = { deadlineMs, done, stopTimer };
    if (phase.kind === 'connected') this.#ask(probe, phase.connection);
    else this.#acquire(probe);
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
    const { address, login, clock, resolver } = this.#needs;
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
    connection.ask(PROBE, (answer) => this.#answered(probe, connection, answer));
  }

  #answered(probe: Probe, connection: ProbeConnection, answer: ConnectionAnswer): void {
    if (this.#phase.kind !== 'asking' || this.#phase.probe !== probe) return;
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

  #observed(answer: Extract<ConnectionAnswer, { kind: 'rows' }>): Observation | undefined {
    const seen = answer.rows.length === 1 ? readProbeAnswer(answer.rows[0]) : undefined;
    if (seen === undefined) return undefined;
    const times = { askedAtMs: answer.askedAtMs, answeredAtMs: this.#needs.clock.nowMs() };
    return this.#memory.complete(seen, times);
  }

  #late(probe: Probe): void {
    const phase = this.#phase;
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
