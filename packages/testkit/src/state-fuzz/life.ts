import { setTimeout as delay } from 'node:timers/promises';
import { Random } from '../random';
import { FuzzConnection, type FuzzTarget } from './connection';
import { Generator } from './generator';
import type { SessionModel } from './model/session-model';
import { tenantOf } from './model/setting-kinds';
import type { World } from './model/world';
import { failed } from './outcome';
import { releaseStatements } from './release';
import type { Statement } from './statement';
import { rollingBack } from './statements/transactions';

/** A session that holds a link gives it back after so many batches. */
const PINNED_BATCHES_MAX = 20;
const BATCHES_MAX = 400;
const LEAVE_CHANCE = 0.003;
const VANISH_CHANCE = 0.004;
const CANCEL_CHANCE = 0.004;
const AWAIT_CHANCE = 0.03;
const REST_CHANCE = 0.1;
const REST_MS_MAX = 5;

export interface ClientOptions {
  readonly who: number;
  readonly seed: number;
  readonly target: FuzzTarget;
  readonly world: World;
  readonly goesOn: () => boolean;
}

/** What went wrong, and what the session had done before. */
export class Finding extends Error {
  readonly history: readonly string[];

  constructor(message: string, history: readonly string[], options: { cause: unknown }) {
    super(message, options);
    this.history = history;
  }
}

/**
 * Connects, does this and that, leaves or vanishes, and again, until told to stop.
 *
 * @throws Finding
 */
export async function runClient(options: ClientOptions): Promise<void> {
  const { who, seed, target, world, goesOn } = options;
  const random = new Random(seed * 100_003 + who);
  for (let life = 1; goesOn(); life++) {
    const label = `s${who}x${life}`;
    const start = startOf(who, random, world);
    const identity = { label, who, startSettings: start.settings };
    let connection: FuzzConnection | undefined;
    try {
      connection = await FuzzConnection.open(target, world, identity, start.parameters);
      await new Life(connection, random, goesOn).run();
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Finding(`${label}: ${why}`, connection?.history ?? [], { cause });
    } finally {
      connection?.vanish();
    }
  }
}

interface Start {
  readonly parameters: Readonly<Record<string, string>>;
  readonly settings: ReadonlyMap<string, string>;
}

/** What a connection asks for in its startup packet. */
function startOf(who: number, random: Random, world: World): Start {
  const { defaults, without } = world.options;
  const parameters: Record<string, string> = {};
  const settings = new Map(defaults);
  const give = (name: string, value: string): void => {
    parameters[name] = value;
    settings.set(name, value);
  };
  if (!without.has('startup-parameters') && random.chance(0.5)) {
    if (random.chance(0.5)) give('application_name', `start${who}`);
    if (random.chance(0.3)) give('TimeZone', `<ZON${who}>-01:${String(who % 60).padStart(2, '0')}`);
    if (random.chance(0.3)) give('search_path', tenantOf(who));
    if (random.chance(0.3)) give('DateStyle', 'ISO, DMY');
  }
  if (!without.has('startup-options') && random.chance(0.2)) {
    parameters.options = `-c work_mem=${90_001 + who * 2}kB -c my.a=start${who}`;
    settings.set('work_mem', `${90_001 + who * 2}kB`);
    settings.set('my.a', `start${who}`);
  }
  return { parameters, settings };
}

/** One connection's life. */
class Life {
  readonly #connection: FuzzConnection;
  readonly #model: SessionModel;
  readonly #random: Random;
  readonly #goesOn: () => boolean;
  readonly #generator: Generator;
  #hasPermit = false;
  #pinnedBatches = 0;

  constructor(connection: FuzzConnection, random: Random, goesOn: () => boolean) {
    this.#connection = connection;
    this.#model = connection.model;
    this.#random = random;
    this.#goesOn = goesOn;
    this.#generator = new Generator(this.#model, { random, mayPin: () => this.#mayPin() });
  }

  async run(): Promise<void> {
    try {
      for (let batches = 0; batches < BATCHES_MAX && this.#goesOn(); batches++) {
        if (this.#random.chance(VANISH_CHANCE)) return this.#vanish();
        if (this.#random.chance(LEAVE_CHANCE)) break;
        await this.#once();
        if (!(await this.#keepPermit())) break;
      }
      // The connection of one that leaves must have had all that was due to it.
      if (this.#model.status === 'I') await this.#connection.awaitNotifications();
      await this.#connection.leave();
    } finally {
      if (this.#hasPermit) this.#model.world.givePermit();
    }
  }

  async #once(): Promise<void> {
    const random = this.#random;
    if (random.chance(REST_CHANCE)) await delay(random.between(0, REST_MS_MAX));
    if (random.chance(CANCEL_CHANCE) && this.#model.status !== 'E') await this.#cancel();
    const isListening = this.#model.status === 'I' && random.chance(AWAIT_CHANCE);
    if (isListening) await this.#connection.awaitNotifications();
    await this.#connection.play(this.#generator.batch());
  }

  async #cancel(): Promise<void> {
    if (this.#model.world.options.without.has('cancel')) return;
    await this.#connection.playCancelled({
      name: 'cancel',
      sql: 'SELECT pg_sleep(30)::text',
      returnsRows: true,
      expect: () => [failed('57014')],
    });
  }

  #vanish(): void {
    const random = this.#random;
    this.#model.world.counts.vanished += 1;
    this.#connection.vanish(random.chance(0.5) ? 'reset' : 'close');
  }

  #mayPin(): boolean {
    if (!this.#hasPermit) this.#hasPermit = this.#model.world.takePermit();
    return this.#hasPermit;
  }

  /** @returns whether the session may go on */
  async #keepPermit(): Promise<boolean> {
    if (!this.#hasPermit) return true;
    const model = this.#model;
    this.#pinnedBatches += 1;
    if (model.isPinned && this.#pinnedBatches > PINNED_BATCHES_MAX) {
      if (model.status !== 'I') await this.#send(rollingBack('ROLLBACK'));
      for (const statement of releaseStatements(model, this.#random)) await this.#send(statement);
    }
    if (model.status === 'I' && model.isPinned && this.#pinnedBatches > PINNED_BATCHES_MAX) {
      return false;
    }
    if (!model.isPinned && model.status === 'I') {
      this.#hasPermit = false;
      this.#pinnedBatches = 0;
      model.world.givePermit();
    }
    return true;
  }

  async #send(statement: Statement): Promise<void> {
    await this.#connection.play([{ kind: 'simple', statements: [statement] }]);
  }
}
