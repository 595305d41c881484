import { setTimeout as delay } from 'node:timers/promises';
import type { BackendMessage } from '../wire/backend-message';
import { query, sync } from '../wire/frontend';
import { cancelPacket, type LoginResult } from '../wire/login';
import { RawClient, type RawTarget } from '../wire/raw-client';
import { judgeGroup } from './judge';
import type { Attempt } from './model/locks';
import { type SessionIdentity, SessionModel } from './model/session-model';
import type { World } from './model/world';
import type { Statement } from './statement';
import type { Group } from './step';
import { Violation } from './violation';

const DEADLINE_MS = 60_000;
const OWED_DEADLINE_MS = 20_000;
const HISTORY_MAX = 200;
/** Of 2 ms, between two cancel requests. */
const CANCEL_PAUSES = 50;

export interface FuzzTarget {
  readonly address: RawTarget;
  readonly tls: boolean;
}

/**
 * One connection of a client with the model of it: sends groups of statements and compares all that
 * comes back. Whoever opens it must `leave` or `vanish`.
 */
export class FuzzConnection {
  readonly model: SessionModel;
  /** What it did last, oldest first. */
  readonly history: string[] = [];
  readonly #target: FuzzTarget;
  readonly #client: RawClient;
  readonly #login: LoginResult;
  /** By ParameterStatus. */
  readonly #parameters: Map<string, string>;

  private constructor(
    target: FuzzTarget,
    client: RawClient,
    login: LoginResult,
    model: SessionModel,
  ) {
    this.#target = target;
    this.#client = client;
    this.#login = login;
    this.#parameters = new Map(login.parameters);
    this.model = model;
  }

  /** @param parameters of the startup packet */
  static async open(
    target: FuzzTarget,
    world: World,
    identity: SessionIdentity,
    parameters: Readonly<Record<string, string>>,
  ): Promise<FuzzConnection> {
    const client = await connect(target);
    try {
      const login = await client.login({
        user: 'app',
        database: 'app',
        parameters,
        deadlineMs: DEADLINE_MS,
      });
      client.forget();
      world.counts.sessions += 1;
      world.notifications.joined(identity.label);
      const model = new SessionModel(identity, world);
      const connection = new FuzzConnection(target, client, login, model);
      connection.#note(`connected ${JSON.stringify(parameters)}`);
      connection.#checkParameters();
      return connection;
    } catch (error) {
      client.destroy();
      throw error;
    }
  }

  /** Sends all groups in one write, then judges the replies. */
  async play(groups: readonly Group[]): Promise<void> {
    const { model } = this;
    this.#nothingEnded();
    const attempts = this.#beforeSending(groups);
    this.#client.send(...groups.map(framesOf));
    for (const group of groups) {
      await this.#judge(group, attempts);
    }
    model.world.locks.settle(model.label, model.heldLocks);
    this.#ownNotificationsCame();
  }

  /** Sends a simple query that takes long, and cancels it until it ends. */
  async playCancelled(sleep: Statement): Promise<void> {
    const { model } = this;
    const group: Group = { kind: 'simple', statements: [sleep] };
    const attempts = this.#beforeSending([group]);
    this.#client.send(framesOf(group));
    const state = { isOver: false };
    const judged = this.#judge(group, attempts).finally(() => {
      state.isOver = true;
    });
    await Promise.all([judged, this.#cancelUntil(() => state.isOver)]);
    model.world.counts.cancels += 1;
    model.world.locks.settle(model.label, model.heldLocks);
  }

  /** Waits for the notifications that must come while nothing is asked. */
  async awaitNotifications(): Promise<void> {
    const { label, world } = this.model;
    const owed = world.notifications.owedTo(label);
    const deadline = Date.now() + OWED_DEADLINE_MS;
    while (world.notifications.owedTo(label).some((note) => owed.includes(note))) {
      const left = deadline - Date.now();
      try {
        this.#takeUnasked(await this.#client.until('A', { deadlineMs: Math.max(1, left) }));
      } catch (cause) {
        if (cause instanceof Violation) throw cause;
        const missing = world.notifications.owedTo(label).filter((note) => owed.includes(note));
        const names = missing.map(({ channel, payload }) => `${payload} on ${channel}`);
        throw new Violation(`notifications did not come: ${names.join(', ')}`, { cause });
      }
      this.#client.forget();
    }
  }

  /** Terminate, in good order. */
  async leave(): Promise<void> {
    this.#forget();
    await this.#client.end();
  }

  /** Gone without a word, whatever goes on. */
  vanish(how: 'close' | 'reset' = 'close'): void {
    this.#forget();
    this.#client.destroy(how);
  }

  #forget(): void {
    const { label, world, state, tx } = this.model;
    if (world.notifications.left(label)) {
      world.locks.gone(label);
      if (tx.kind === 'open') for (const note of state.notifies) world.notifications.undone(note);
    }
  }

  #beforeSending(groups: readonly Group[]): ReadonlyMap<Statement, Attempt> {
    const { model } = this;
    const { locks, notifications } = model.world;
    const attempts = new Map<Statement, Attempt>();
    const statements = groups.flatMap(statementsOf);
    const steps = groups.flatMap((group) => (group.kind === 'extended' ? group.steps : []));
    const isQuiet =
      statements.every((statement) => statement.isQuiet === true) &&
      steps.every((step) => step.statement !== undefined);
    if (!isQuiet) locks.shake(model.label, model.heldLocks);
    for (const statement of statements) {
      if (statement.locks === undefined) continue;
      attempts.set(statement, locks.attempt(model.label, statement.locks));
    }
    const sentAt = notifications.tick();
    if (model.status === 'I') model.busySince = sentAt;
    for (const group of groups) this.#note(textOf(group));
    return attempts;
  }

  async #judge(group: Group, attempts: ReadonlyMap<Statement, Attempt>): Promise<void> {
    const { model } = this;
    const before = new Set(model.world.notifications.channelsOf(model.label));
    const statusBefore = model.status;
    const messages = await this.#untilReady();
    model.world.counts.groups += 1;
    const outcomes: string[] = [];
    const onOutcome = (outcome: string): void => {
      outcomes.push(outcome);
    };
    try {
      judgeGroup(group, messages, { model, attempts, onOutcome });
    } finally {
      this.#note(`  -> ${outcomes.join('; ')} ${model.status}`);
    }
    for (const message of messages) this.#takeAnytime(message, before);
    const isWithin = statusBefore !== 'I' && model.status !== 'I' && !mayEndTransaction(group);
    if (isWithin && messages.some(({ tag }) => tag === 'A')) {
      throw new Violation('a notification came within a transaction');
    }
    this.#checkParameters();
  }

  async #untilReady(): Promise<readonly BackendMessage[]> {
    try {
      const messages = await this.#client.until('Z', { deadlineMs: DEADLINE_MS });
      this.#client.forget();
      return messages;
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Violation(why, { cause });
    }
  }

  #takeUnasked(messages: readonly BackendMessage[]): void {
    const { label, world } = this.model;
    const channels = new Set(world.notifications.channelsOf(label));
    for (const message of messages) {
      if (!'NSA'.includes(message.tag)) throw new Violation(`${message.tag} came unasked`);
      this.#takeAnytime(message, channels);
    }
  }

  #takeAnytime({ tag, body }: BackendMessage, channels: ReadonlySet<string>): void {
    const { label, world } = this.model;
    if (tag === 'S') {
      const [name = '', value = ''] = body.toString().split('\0');
      this.#parameters.set(name, value);
      world.counts.parameters += 1;
    } else if (tag === 'A') {
      const [channel = '', payload = ''] = body.toString('utf8', 4).split('\0');
      world.counts.notifications += 1;
      this.#note(`  notified ${channel} ${payload}`);
      world.notifications.received(label, { channel, payload }, channels);
      const isOwn = payload.startsWith(`${label}#`);
      const isToldOwn = body.readInt32BE(0) === this.#login.processId;
      if (isOwn !== isToldOwn) {
        throw new Violation(`notification ${payload} has the process id of somebody else`);
      }
    }
  }

  /** PostgreSQL passes on a session's own before it says that it is ready. */
  #ownNotificationsCame(): void {
    const { label, world, status } = this.model;
    if (status !== 'I') return;
    const late = world.notifications.owedTo(label).find(({ sender }) => sender === label);
    if (late !== undefined) {
      throw new Violation(`its own notification ${late.payload} has not come by ReadyForQuery`);
    }
  }

  #checkParameters(): void {
    for (const [name, value] of this.#parameters) {
      const due = this.model.startSettings.has(name)
        ? this.model.shown(name)
        : this.#login.parameters.get(name);
      if (value !== due) {
        throw new Violation(`ParameterStatus said last that ${name} is ${value}, it is ${due}`);
      }
    }
  }

  #nothingEnded(): void {
    if (this.#client.isClosed) throw new Violation('the connection was closed');
  }

  async #cancelUntil(isOver: () => boolean): Promise<void> {
    const { processId, cancelKey } = this.#login;
    while (!isOver()) {
      const other = await connect(this.#target);
      other.send(cancelPacket(processId, cancelKey));
      const timer = setTimeout(() => other.destroy(), DEADLINE_MS);
      // Once that is closed, the request can hit nothing that is sent later.
      await other.closed;
      clearTimeout(timer);
      for (let pause = 0; pause < CANCEL_PAUSES && !isOver(); pause++) await delay(2);
    }
  }

  #note(what: string): void {
    this.history.push(what);
    if (this.history.length > HISTORY_MAX * 2) this.history.splice(0, HISTORY_MAX / 2);
  }
}

async function connect({ address, tls }: FuzzTarget): Promise<RawClient> {
  return await RawClient.connect(address, tls ? { tls: { start: 'request' } } : {});
}

function framesOf(group: Group): Buffer {
  if (group.kind === 'simple') return query(group.statements.map(({ sql }) => sql).join('; '));
  return Buffer.concat([...group.steps.map(({ frames }) => frames), sync()]);
}

function textOf(group: Group): string {
  if (group.kind === 'simple')
    return group.statements.map(({ label, sql }) => label ?? sql).join('; ');
  return `[${group.steps.map(({ text }) => text).join(' | ')}]`;
}

function statementsOf(group: Group): readonly Statement[] {
  if (group.kind === 'simple') return group.statements;
  return group.steps.flatMap(({ statement }) => statement ?? []);
}

function mayEndTransaction(group: Group): boolean {
  if (statementsOf(group).some(({ exits }) => exits === true)) return true;
  return group.kind === 'extended' && group.steps.some(({ statement }) => statement === undefined);
}
