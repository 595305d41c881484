import type { SecretReading, SecretStage, SecretStore } from '@pgweir/pooler';
import { CollectingLogger, HandClock } from '@pgweir/testkit';
import { KeptSecret } from '../../src/secrets/kept-secret';

/** A secret of a store, as a test wants it. */
export class HandStore implements SecretStore {
  readonly hasStages: boolean;
  readonly asked: SecretStage[] = [];
  /** Texts by stage; the text is the id, too. */
  readonly texts: Partial<Record<SecretStage, string>> = {};
  createdAtMs: number | undefined;
  fault: Extract<SecretReading, { kind: 'failed' }> | undefined;
  /** Called after each version that was looked up. */
  lookedUp: () => void = () => undefined;
  /** False: nobody is answered any more. */
  answers = true;

  constructor(current: string | undefined, { hasStages = true } = {}) {
    this.hasStages = hasStages;
    if (current !== undefined) this.texts.current = current;
  }

  async read(stage: SecretStage): Promise<SecretReading> {
    this.asked.push(stage);
    if (!this.answers) return await new Promise(() => undefined);
    if (this.fault !== undefined) return this.fault;
    const text = this.texts[stage];
    this.lookedUp();
    if (text === undefined) return { kind: 'none' };
    return { kind: 'read', version: { id: text, text, createdAtMs: this.createdAtMs } };
  }

  /** Makes a version the current one, as a rotation does. */
  rotate(text: string): void {
    const { current } = this.texts;
    if (current !== undefined) this.texts.previous = current;
    this.texts.current = text;
    delete this.texts.pending;
  }
}

/** The text of a secret. `null`: it names no user. */
export const json = (password: string, username: string | null = 'app'): string =>
  JSON.stringify({ ...(username === null ? {} : { username }), password });

export const DENIED = { kind: 'failed', why: 'denied', reason: 'not for you' } as const;

/** Lets promises that are settled already have their consequences. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}

export class KeptStage {
  readonly clock = new HandClock();
  readonly log = new CollectingLogger();
  readonly settings = { refreshMs: 300_000, overlapMs: 3_600_000, roleArn: undefined };
  readonly store: HandStore;
  readonly kept: KeptSecret;

  constructor(store: HandStore) {
    this.store = store;
    this.kept = new KeptSecret({
      ...{ store, clock: this.clock, log: this.log, name: 'the-secret' },
      settings: () => this.settings,
      random: () => 0.5,
      changed: () => undefined,
    });
  }

  static async open(store: HandStore): Promise<KeptStage> {
    const stage = new KeptStage(store);
    await stage.pass(0);
    return stage;
  }

  /** Lets time pass; promises settle after every timer. */
  async pass(ms: number): Promise<void> {
    await letPass(this.clock, ms);
  }
}

/** Lets time pass by a clock; promises settle after every timer. */
export async function letPass(clock: HandClock, ms: number): Promise<void> {
  const untilMs = clock.nowMs() + ms;
  await settle();
  for (let due = clock.nextDueMs; due !== undefined && due <= untilMs; due = clock.nextDueMs) {
    clock.advance(Math.max(0, due - clock.nowMs()));
    await settle();
  }
  clock.advance(untilMs - clock.nowMs());
  await settle();
}
