import type { RawClient } from '@pgweir/testkit';
import { enter, value } from './stage';

/** A client that behaves, and asks all the time: bad ones must not be able to disturb it. */
export class Bystander {
  /** Statements that were answered as they should be. */
  served = 0;
  #running = true;
  readonly #client: RawClient;
  readonly #work: Promise<void>;

  private constructor(client: RawClient) {
    this.#client = client;
    this.#work = this.#run();
    // Whoever ends us hears of it; until then it is nobody's fault.
    this.#work.catch((error: unknown) => error);
  }

  static async enter(
    target: { readonly host: string; readonly port: number },
    login: Parameters<typeof enter>[1] = {},
  ): Promise<Bystander> {
    return new Bystander(await enter(target, login));
  }

  async #run(): Promise<void> {
    while (this.#running) {
      const expected = `row ${this.served}`;
      const got = value(await this.#client.query(`SELECT '${expected}' FROM pg_sleep(0.002)`));
      if (got !== expected) throw new Error(`asked for ${expected}, got ${got}`);
      this.served += 1;
      this.#client.forget();
    }
  }

  /** @throws Error when it was disturbed, or got nothing done */
  async leave(): Promise<void> {
    this.#running = false;
    try {
      await this.#work;
      if (this.served === 0) throw new Error('the bystander was never served');
    } finally {
      this.#client.destroy();
    }
  }
}
