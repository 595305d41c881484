const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Others come while these are accepted: at some time it has to end. */
const LOOKS_MAX = 1000;

/**
 * Stops listening right after a look at an empty queue: whoever waits there would be reset, and has a
 * right to an answer. Runtimes may accept only one connection in a turn of theirs. `accepted` says how
 * many there were so far. Resolves when the port is free.
 */
export async function stopListening(accepted: () => number, stop: () => void): Promise<void> {
  for (let looks = 0; looks < LOOKS_MAX; looks++) {
    const before = accepted();
    // The first turn may have looked before, the second has not.
    await turn();
    await turn();
    if (accepted() === before) break;
  }
  stop();
  await turn();
}
