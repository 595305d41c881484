import {
  type PreparedStatement,
  ProbeConnection,
  type ProbeFailure,
  type ProbeLogin,
  type ServerAddress,
  type TextRow,
} from '@pgweir/control';
import type { Clock, Resolver } from '@pgweir/pooler';

export const APPLICATION_NAME = 'pgweir doctor';
/** For the connection, the login and all its answers. */
export const ANSWER_MS = 5000;

export type ServerAnswer =
  | {
      readonly kind: 'rows';
      /** Of each statement. By `clock`: when it was asked, and when the answer was there. */
      readonly results: readonly (readonly TextRow[])[];
      readonly askedAtMs: number;
      readonly answeredAtMs: number;
    }
  | { readonly kind: 'failed'; readonly failure: ProbeFailure };

interface Means {
  readonly clock: Clock;
  readonly resolver: Resolver;
}

/** Logs in, asks one thing after the other, and leaves. Never rejects. */
export function askServer(
  address: ServerAddress,
  login: ProbeLogin,
  statements: readonly PreparedStatement[],
  { clock, resolver }: Means,
): Promise<ServerAnswer> {
  return new Promise((resolve) => {
    let hasLeft = false;
    const leave = (answer: ServerAnswer): void => {
      if (hasLeft) return;
      hasLeft = true;
      stopTimer();
      connection.close();
      leaving = answer;
      if (isReleased) resolve(answer);
    };
    let leaving: ServerAnswer | undefined;
    let isReleased = false;
    const results: (readonly TextRow[])[] = [];
    const stopTimer = clock.after(ANSWER_MS, () => {
      leave(failed({ why: 'timeout', reason: `no answer in ${ANSWER_MS} ms` }));
    });
    const connection = new ProbeConnection({
      ...{ address, login, clock, resolver, applicationName: APPLICATION_NAME },
      permit: {
        // The next connection to that server begins when this one is gone.
        release: () => {
          isReleased = true;
          if (leaving !== undefined) resolve(leaving);
        },
      },
      lost: (failure) => leave(failed(failure)),
    });
    const ask = (at: number): void => {
      const statement = statements[at];
      if (statement === undefined) return;
      connection.ask(statement, (answer) => {
        if (answer.kind === 'failed') return leave(answer);
        results.push(answer.rows);
        if (at + 1 < statements.length) return ask(at + 1);
        const answeredAtMs = clock.nowMs();
        leave({ kind: 'rows', results, askedAtMs: answer.askedAtMs, answeredAtMs });
      });
    };
    ask(0);
  });
}

function failed(failure: ProbeFailure): ServerAnswer {
  return { kind: 'failed', failure };
}
