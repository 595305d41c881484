import type { Logger } from '@pgweir/pooler';
import type { Order } from './operator';

export type ShutdownKind = 'clients' | 'servers' | 'now';

interface Actions {
  readonly reload: () => void;
  /** Asked again while shutting down: at once. */
  readonly shutDown: (how: ShutdownKind) => void;
  readonly order: (order: Order) => Promise<string | undefined>;
  readonly stopping: () => boolean;
  readonly log: Logger;
}

/** What each signal means; as PgBouncer 1.25. Text between backticks is code. */
export const SIGNALS = {
  SIGHUP: 'Opens the log file again and reloads the configuration, as a whole or not at all.',
  SIGTERM:
    'Shuts down: accepts nobody new, and ends when the last client has left. A second one ends at once.',
  SIGINT:
    'Shuts down: accepts nobody new, and ends when the running transactions have; the clients are ' +
    'disconnected then. A second one ends at once.',
  SIGQUIT: 'Ends at once.',
  SIGUSR1: '`PAUSE`: holds all clients back once their transactions have ended.',
  SIGUSR2: '`RESUME`: takes that back. Ignored during a shutdown.',
} as const;

/** Has the signals act. @returns the way to give the signals back */
export function onSignals(actions: Actions): () => void {
  const { log } = actions;
  const ordered = (name: string, order: Order): void => {
    void actions.order(order).then((problem) => {
      if (problem === undefined) log.info(`${name} is complete`);
      else log.warn(`${name}: ${problem}`);
    });
  };
  const handlers: Readonly<Record<keyof typeof SIGNALS, () => void>> = {
    SIGHUP: actions.reload,
    SIGTERM: () => actions.shutDown('clients'),
    SIGINT: () => actions.shutDown('servers'),
    SIGQUIT: () => actions.shutDown('now'),
    // Without a listener Node.js would open its debugger here.
    SIGUSR1: () => ordered('PAUSE', { kind: 'pause', database: undefined }),
    SIGUSR2: () => {
      if (actions.stopping()) log.info('got SIGUSR2 while shutting down, ignoring');
      else ordered('RESUME', { kind: 'resume', database: undefined });
    },
  };
  const installed: [NodeJS.Signals, () => void][] = [];
  for (const [name, act] of Object.entries(handlers)) {
    const signal = name as NodeJS.Signals;
    const handler = () => {
      log.info(`got ${signal}`);
      act();
    };
    process.on(signal, handler);
    installed.push([signal, handler]);
  }
  return () => {
    for (const [signal, handler] of installed) process.removeListener(signal, handler);
  };
}
