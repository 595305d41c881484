/** Waits for something to become so, looked at whenever something has ended. */
interface Wait {
  readonly holds: () => boolean;
  readonly kept: () => void;
}

/** What somebody waits for in a pooler: that clients have left, or links are gone. */
export class Conditions {
  readonly #waits = new Set<Wait>();

  /** Resolves as soon as `holds` is true. It is asked often, so it is to be cheap. */
  until(holds: () => boolean): Promise<void> {
    if (holds()) return Promise.resolve();
    return new Promise((kept) => this.#waits.add({ holds, kept }));
  }

  /** Something has ended. */
  check(): void {
    for (const wait of this.#waits) if (wait.holds()) this.#keep(wait);
  }

  /** Nobody waits any more. */
  end(): void {
    for (const wait of this.#waits) this.#keep(wait);
  }

  #keep(wait: Wait): void {
    this.#waits.delete(wait);
    wait.kept();
  }
}
