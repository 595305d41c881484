import { setTimeout as delay } from 'node:timers/promises';

export interface WaitOptions {
  /** What is waited for; the error's text names it. */
  readonly what: string;
  /** Default 10,000. */
  readonly deadlineMs?: number;
  /** Pause between two looks. Default 10. */
  readonly everyMs?: number;
}

/**
 * Asks `condition` again and again until it gives something else than `false`, `undefined` or `null`,
 * and returns that.
 *
 * @throws Error naming `what` when the deadline passes first, with the condition's last failure as
 *   `cause`: a condition that throws counts as "not yet"
 */
export async function waitFor<T>(
  condition: () => T | false | undefined | null | Promise<T | false | undefined | null>,
  options: WaitOptions,
): Promise<T> {
  const deadlineMs = options.deadlineMs ?? 10_000;
  const startedMs = performance.now();
  let cause: unknown;
  for (;;) {
    try {
      const got = await condition();
      if (got !== false && got !== undefined && got !== null) return got;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() - startedMs > deadlineMs) {
      const why = cause instanceof Error ? `: ${cause.message}` : '';
      throw new Error(`waited ${deadlineMs} ms in vain for ${options.what}${why}`, { cause });
    }
    await delay(options.everyMs ?? 10);
  }
}
