import type { Clock, Resolver } from '@pgweir/pooler';
import type { ServerAddress } from '../observation';
import {
  type Position,
  type PrimaryPosition,
  positionStatement,
  readPosition,
} from './position-query';
import {
  type ConnectionAnswer,
  type PreparedStatement,
  ProbeConnection,
  type ProbeLogin,
} from './probe-connection';
import type { PermitAnswer, ProbePermits } from './probe-permits';

/** After a failure nothing is tried for that long. */
const RETRY_MS = 500;

/** A position, and between which two moments the server was there; of the monotonic clock. */
export interface PositionSample extends Position {
  /** What was acknowledged before this moment is covered by a primary's position. */
  readonly requestedAtMs: number;
  readonly answeredAtMs: number;
}

export interface PositionSamplerNeeds {
  readonly address: ServerAddress;
  readonly login: ProbeLogin;
  readonly permits: ProbePermits;
  readonly clock: Clock;
  readonly resolver?: Resolver;
  /** Default `flushed`. */
  readonly primaryPosition?: PrimaryPosition;
  /** Between two questions; longer when an answer takes longer. Default 10. */
  readonly periodMs?: number;
  /** For one answer, or for the connection. Default 1000. */
  readonly timeoutMs?: number;
}

/** Told of each sample, and `undefined` when the last one is not good any more. */
export type SampleListener = (sample: PositionSample | undefined) => void;

type Phase =
  /** Nobody listens. */
  | { readonly kind: 'idle' }
  | { readonly kind: 'waiting'; readonly giveUp: () => void }
  | {
      readonly kind: 'asking';
      readonly connection: ProbeConnection;
      readonly stopTimer: () => void;
    }
  | {
      readonly kind: 'resting';
      readonly connection: ProbeConnection;
      readonly stopTimer: () => void;
    }
  | { readonly kind: 'failed'; readonly stopTimer: () => void }
  | { readonly kind: 'closed' };

/**
 * Asks one server many times a second how far its write-ahead log is, on a connection of its own, as
 * long as somebody wants to know.
 */
export class PositionSampler {
  readonly #needs: PositionSamplerNeeds;
  readonly #statement: PreparedStatement;
  readonly #listeners = new Set<SampleListener>();
  #phase: Phase = { kind: 'idle' };
  #latest: PositionSample | undefined;

  constructor(needs: PositionSamplerNeeds) {
    this.#needs = needs;
    this.#statement = positionStatement(needs.primaryPosition ?? 'flushed');
  }

  /** undefined: nothing is known, as nobody listens, or the server does not answer. */
  get latest(): PositionSample | undefined {
    return this.#latest;
  }

  /** Samples as long as somebody listens. Returns the way to leave, which may be called twice. */
  subscribe(listener: SampleListener): () => void {
    // The same function may listen twice.
    const own: SampleListener = (sample) => listener(sample);
    this.#listeners.add(own);
    if (this.#phase.kind === 'idle') this.#connect();
    return () => {
      const wasThere = this.#listeners.delete(own);
      if (wasThere && this.#listeners.size === 0 && this.#phase.kind !== 'closed') {
        this.#leave({ kind: 'idle' });
      }
    };
  }

  /** Ends the connection; nobody is told anything any more. Idempotent. */
  close(): void {
    this.#listeners.clear();
    this.#leave({ kind: 'closed' });
  }

  #leave(next: Phase): void {
    const phase = this.#phase;
    this.#phase = next;
    this.#latest = undefined;
    if (phase.kind === 'waiting') phase.giveUp();
    if (phase.kind === 'asking' || phase.kind === 'resting') phase.connection.close();
    if ('stopTimer' in phase) phase.stopTimer();
  }

  #connect(): void {
    const waiting = { kind: 'waiting', giveUp: (): void => withdraw() } as const;
    this.#phase = waiting;
    let withdraw = (): void => undefined;
    withdraw = this.#needs.permits.acquire(this.#needs.address, (answer) => {
      if (this.#phase === waiting) this.#permitAnswered(answer);
      else if (answer.kind === 'granted') answer.permit.release();
    });
  }

  #permitAnswered(answer: PermitAnswer): void {
    if (answer.kind === 'refused') return this.#failed();
    const { address, login, clock, resolver } = this.#needs;
    const connection: ProbeConnection = new ProbeConnection({
      ...{ address, login, clock, resolver, permit: answer.permit },
      lost: () => {
        if (this.#phase.kind === 'resting' && this.#phase.connection === connection) this.#failed();
      },
    });
    this.#ask(connection);
  }

  #ask(connection: ProbeConnection): void {
    const { clock, timeoutMs = 1000 } = this.#needs;
    const stopTimer = clock.after(timeoutMs, () => this.#failed());
    this.#phase = { kind: 'asking', connection, stopTimer };
    connection.ask(this.#statement, (answer) => this.#answered(connection, answer));
  }

  #answered(connection: ProbeConnection, answer: ConnectionAnswer): void {
    const phase = this.#phase;
    if (phase.kind !== 'asking' || phase.connection !== connection) return;
    const position = answer.kind === 'rows' ? readPosition(answer.rows[0]) : undefined;
    if (answer.kind === 'failed' || position === undefined) return this.#failed();
    phase.stopTimer();
    const { clock, periodMs = 10 } = this.#needs;
    const [requestedAtMs, answeredAtMs] = [answer.askedAtMs, clock.nowMs()];
    const restMs = Math.max(0, requestedAtMs + periodMs - answeredAtMs);
    const stopTimer = clock.after(restMs, () => this.#ask(connection));
    this.#phase = { kind: 'resting', connection, stopTimer };
    this.#tell({ ...position, requestedAtMs, answeredAtMs });
  }

  #failed(): void {
    const stopTimer = this.#needs.clock.after(RETRY_MS, () => this.#connect());
    this.#leave({ kind: 'failed', stopTimer });
    this.#tell(undefined);
  }

  #tell(sample: PositionSample | undefined): void {
    this.#latest = sample;
    for (const listener of [...this.#listeners]) {
      // One that was told before may have closed everything.
      if (this.#listeners.has(listener)) listener(sample);
    }
  }
}
