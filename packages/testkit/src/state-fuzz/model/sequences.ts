/** What `currval` and `lastval` give. No rollback takes it back. */
export class SequenceShelf {
  readonly #values = new Map<string, string>();
  #last: string | undefined;

  get isUsed(): boolean {
    return this.#values.size > 0;
  }

  current(sequence: string): string | undefined {
    return this.#values.get(sequence);
  }

  last(): string | undefined {
    return this.#last === undefined ? undefined : this.#values.get(this.#last);
  }

  drawn(sequence: string, value: string): void {
    this.#values.set(sequence, value);
    this.#last = sequence;
  }

  /** DISCARD SEQUENCES, or what comes to the same: see `sequence_pin_timeout`. */
  forget(): void {
    this.#values.clear();
    this.#last = undefined;
  }
}
