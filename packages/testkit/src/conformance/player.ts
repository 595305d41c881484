import type { Client } from 'pg';
import { closeOf, type PlayTarget } from '../differential/player';
import { waitFor } from '../wait-for';
import { BackendError, type BackendMessage } from '../wire/backend-message';
import { cancelPacket, type LoginResult } from '../wire/login';
import { RawClient } from '../wire/raw-client';
import { Speller, Status } from './lines';
import type { Awaited, Scenario, SessionSpec, SessionStep, Step } from './scenario';
import type { StepLines, Transcript } from './transcript';

/** Who makes other sessions interfere. */
export interface Interference {
  /** Before a step of a session of this user. */
  before(session: string, user: string): Promise<void>;
  after(session: string, user: string): Promise<void>;
}

export interface PlayOptions {
  /** As whom does not count. */
  readonly target: PlayTarget;
  /** The play's own schema exists. */
  readonly realName: string;
  /** Connected as a superuser to the database itself; for what somebody else does. */
  readonly aside: Client;
  readonly interference?: Interference;
  /** For each step that waits. */
  readonly deadlineMs: number;
}

const DEFAULT_SESSIONS: Readonly<Record<string, SessionSpec>> = { a: {} };

export function sessionsOf(scenario: Scenario): Readonly<Record<string, SessionSpec>> {
  return scenario.sessions ?? DEFAULT_SESSIONS;
}

/** Plays a scenario over new connections. Never throws for what the other side does. */
export async function play(scenario: Scenario, options: PlayOptions): Promise<Transcript> {
  const player = new Player(scenario, options);
  return await player.play();
}

class Player {
  readonly #scenario: Scenario;
  readonly #options: PlayOptions;
  readonly #speller: Speller;
  readonly #sessions = new Map<string, PlayedSession>();
  readonly #seen: StepLines[] = [];
  #step = 0;

  constructor(scenario: Scenario, options: PlayOptions) {
    this.#scenario = scenario;
    this.#options = options;
    this.#speller = new Speller(options.realName);
  }

  async play(): Promise<Transcript> {
    let end: Transcript['end'] = { kind: 'played' };
    try {
      for (const [name, spec] of Object.entries(sessionsOf(this.#scenario)))
        if (spec.opens !== 'step') await this.#open(name);
      for (const step of this.#scenario.steps.flat()) {
        this.#step += 1;
        await this.#take(step);
      }
      this.#step += 1;
      for (const [name, session] of this.#sessions)
        this.#note(name, await session.leave(this.#options.deadlineMs));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      end = { kind: 'stuck', why: `step ${this.#step}: ${why}` };
      for (const [name, session] of this.#sessions) this.#note(name, session.rest());
    } finally {
      for (const session of this.#sessions.values()) session.client.destroy();
    }
    return { steps: this.#seen, end };
  }

  async #take(step: Step): Promise<void> {
    if (step.kind === 'aside') {
      const sql = this.#speller.real(Buffer.from(step.sql)).toString();
      await somebodyElse(this.#options.aside, { ...step, sql }, this.#options.deadlineMs);
      return;
    }
    const { user = 'app' } = sessionsOf(this.#scenario)[step.session] ?? {};
    await this.#options.interference?.before(step.session, user);
    await this.#act(step);
    await this.#options.interference?.after(step.session, user);
  }

  async #act(step: SessionStep): Promise<void> {
    const { deadlineMs } = this.#options;
    if (step.kind === 'open') return await this.#open(step.session);
    const session = this.#sessions.get(step.session);
    if (session === undefined) throw new Error(`session ${step.session} is not there`);
    const note = (lines: readonly string[]): void => this.#note(step.session, lines);
    switch (step.kind) {
      case 'send':
        session.client.send(this.#speller.real(step.bytes));
        return note(await session.await(step.awaits, deadlineMs));
      case 'await':
        return note(await session.await(step.awaits, deadlineMs));
      case 'leave':
        return note(await session.leave(deadlineMs));
      case 'closed':
        await closeOf(session.client, deadlineMs);
        return note(session.rest());
      case 'cancel':
        return await session.cancel(this.#options);
      default:
        return unreachable(step);
    }
  }

  async #open(name: string): Promise<void> {
    const spec = sessionsOf(this.#scenario)[name];
    if (spec === undefined) throw new Error(`no session is called ${name}`);
    const client = await RawClient.connect(this.#options.target);
    const session = new PlayedSession(client, this.#speller);
    this.#sessions.set(name, session);
    const parameters = Object.entries(spec.parameters ?? {}).map(([key, value]) => [
      key,
      this.#speller.real(Buffer.from(value)).toString(),
    ]);
    try {
      session.login = await client.login({
        user: spec.user ?? 'app',
        database: this.#options.target.database,
        parameters: Object.fromEntries(parameters),
        deadlineMs: this.#options.deadlineMs,
      });
    } catch (error) {
      // A refusal is an answer like others.
      if (!(error instanceof BackendError)) throw error;
      await closeOf(client, this.#options.deadlineMs);
    }
    this.#note(name, session.greeting());
  }

  #note(session: string, lines: readonly string[]): void {
    this.#seen.push({ step: this.#step, session, lines });
  }
}

class PlayedSession {
  readonly client: RawClient;
  login: LoginResult | undefined;
  readonly #speller: Speller;
  readonly #status = new Status();

  constructor(client: RawClient, speller: Speller) {
    this.client = client;
    this.#speller = speller;
  }

  async await(awaits: Awaited, deadlineMs: number): Promise<string[]> {
    const { notifications } = awaits;
    let left = awaits.count;
    let owed = notifications ?? 0;
    if (left === 0) return [];
    const isLast = ({ tag }: BackendMessage): boolean => {
      if (tag === 'A' && owed > 0) owed -= 1;
      if (tag === awaits.tag && left > 0) left -= 1;
      return left === 0 && owed === 0;
    };
    const messages = await this.client.until(isLast, { deadlineMs });
    const isNotice = ({ tag }: BackendMessage): boolean => tag === 'A';
    const ordered =
      notifications === undefined
        ? messages
        : [...messages.filter((each) => !isNotice(each)), ...messages.filter(isNotice)];
    return this.#speller.lines(ordered, this.#status, this.login?.processId);
  }

  #written(messages: readonly BackendMessage[]): string[] {
    const lines = this.#speller.lines(messages, this.#status, this.login?.processId);
    return this.client.isClosed ? [...lines, 'closed'] : lines;
  }

  /** What the login brought, also when it was refused. */
  greeting(): string[] {
    this.client.rest();
    return this.#written(this.client.messages);
  }

  /** All that has come and was not waited for. */
  rest(): string[] {
    return this.#written(this.client.rest());
  }

  async leave(deadlineMs: number): Promise<string[]> {
    if (!this.client.isClosed && this.client.socket.writable)
      this.client.socket.end(Buffer.from('5800000004', 'hex'));
    await closeOf(this.client, deadlineMs);
    return this.rest();
  }

  async cancel({ target, deadlineMs }: PlayOptions): Promise<void> {
    if (this.login === undefined) throw new Error('a cancel needs a login');
    const other = await RawClient.connect(target);
    try {
      other.send(cancelPacket(this.login.processId, this.login.cancelKey));
      await closeOf(other, deadlineMs);
    } finally {
      other.destroy();
    }
  }
}

async function somebodyElse(
  client: Client,
  step: { readonly sql: string; readonly until: 'done' | 'true' },
  deadlineMs: number,
): Promise<void> {
  if (step.until === 'done') {
    await client.query(step.sql);
    return;
  }
  const isTrue = async (): Promise<boolean> => {
    const { rows } = await client.query<unknown[]>({ text: step.sql, rowMode: 'array' });
    return rows[0]?.[0] === true;
  };
  await waitFor(isTrue, { what: step.sql, deadlineMs });
}

function unreachable(step: never): never {
  throw new Error(`unknown step ${JSON.stringify(step)}`);
}
