/** What a network would do later: done when the test says so, in order. */
export class TaskQueue {
  #tasks: (() => void)[] = [];

  push(task: () => void): void {
    this.#tasks.push(task);
  }

  get empty(): boolean {
    return this.#tasks.length === 0;
  }

  /** Does everything that is to be done now, and what follows from it; microtasks stay behind. */
  run(): void {
    for (let i = 0; i < TASKS_MAX; i++) {
      const task = this.#tasks.shift();
      if (task === undefined) return;
      task();
    }
    throw new Error(
      `more than ${TASKS_MAX} events without an end: something goes round in circles`,
    );
  }

  /** Does the next thing alone. */
  runOne(): void {
    const task = this.#tasks.shift();
    if (task === undefined) throw new Error('nothing is to be done');
    task();
  }

  /** Does everything, microtasks included. */
  async settle(): Promise<void> {
    do {
      this.run();
      for (let i = 0; i < 5; i++) await Promise.resolve();
    } while (!this.empty);
  }
}

const TASKS_MAX = 200_000;
