/** What the service manager that started this process has left in its environment. */
export interface ServiceEnvironment {
  /** Where to tell how we are; undefined: nobody wants to know. */
  readonly notifySocket: string | undefined;
  /** Every so often a sign of life is expected; undefined: never. */
  readonly watchdogMs: number | undefined;
  /** Sockets that it has opened for us: so many descriptors from 3 on. */
  readonly socketCount: number;
}

/** Started by hand. */
export const NO_SERVICE: ServiceEnvironment = {
  notifySocket: undefined,
  watchdogMs: undefined,
  socketCount: 0,
};

/** Those of systemd: `sd_notify(3)`, `sd_watchdog_enabled(3)`, `sd_listen_fds(3)`. */
const VARIABLES = [
  ...['NOTIFY_SOCKET', 'WATCHDOG_USEC', 'WATCHDOG_PID'],
  ...['LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES', 'LISTEN_PIDFDID'],
];

/**
 * Takes the variables out of `env`: they are meant for this process alone, so its children must not
 * inherit them. Variables that name another process are none of ours.
 */
export function takeServiceEnvironment(env: NodeJS.ProcessEnv, pid: number): ServiceEnvironment {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, WATCHDOG_PID, LISTEN_FDS, LISTEN_PID } = env;
  for (const name of VARIABLES) delete env[name];
  const watchdogUs = wholeNumber(WATCHDOG_USEC);
  const watched = WATCHDOG_PID === undefined || wholeNumber(WATCHDOG_PID) === pid;
  return {
    notifySocket: NOTIFY_SOCKET === '' ? undefined : NOTIFY_SOCKET,
    watchdogMs: watched && watchdogUs > 0 ? watchdogUs / 1000 : undefined,
    socketCount: wholeNumber(LISTEN_PID) === pid ? wholeNumber(LISTEN_FDS) : 0,
  };
}

/** 0 where it is none. */
function wholeNumber(text: string | undefined): number {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : 0;
}
