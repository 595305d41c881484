/** What a client knows of an entry that it has tried to make. */
export type Fate = 'committed' | 'rolled back' | 'unknown';

/** What clients were told about their entries, to be compared with what is in the table. */
export class Ledger {
  readonly #fates = new Map<string, Fate>();

  note(entry: string, fate: Fate): void {
    this.#fates.set(entry, fate);
  }

  count(fate: Fate): number {
    let count = 0;
    for (const each of this.#fates.values()) if (each === fate) count++;
    return count;
  }

  /** `found`: how often each entry is there. @returns what is wrong, one line each */
  judge(found: ReadonlyMap<string, number>): readonly string[] {
    const wrong: string[] = [];
    for (const [entry, fate] of this.#fates) {
      const count = found.get(entry) ?? 0;
      if (fate === 'committed' && count !== 1)
        wrong.push(`${entry}: committed, found ${count} times`);
      if (fate === 'rolled back' && count !== 0) wrong.push(`${entry}: rolled back, but found`);
      if (count > 1) wrong.push(`${entry}: ${fate}, found ${count} times`);
    }
    for (const entry of found.keys()) {
      if (!this.#fates.has(entry)) wrong.push(`${entry}: found, but nobody has an answer about it`);
    }
    return wrong;
  }
}
