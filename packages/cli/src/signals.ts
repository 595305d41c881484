import type { Logger } from '@pgweir/pooler';

export type ShutdownKind = 'clients' | 'servers' | 'now';

interface Actions {
  readonly reload: () => void;
  /** Asked again while shutting down: at once. */
  readonly shutDown: (how: ShutdownKind) => void;
  readonly log: Logger;
}

/** What each signal means; as PgBouncer 1.25. @returns the way to give the signals back */
export function onSignals(actions: Actions): () => void {
  const { log } = actions;
  const handlers: Readonly<Partial<Record<NodeJS.Signals, () => void>>> = {
    SIGHUP: actions.reload,
    SIGTERM: () => actions.shutDown('clients'),
    SIGINT: () => actions.shutDown('servers'),
    SIGQUIT: () => actions.shutDown('now'),
    // Without a listener Node.js would open its debugger here.
    SIGUSR1: () => log.warn('got SIGUSR1: PAUSE is not available yet'),
    SIGUSR2: () => log.warn('got SIGUSR2: RESUME is not available yet'),
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
