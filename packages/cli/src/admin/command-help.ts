/** A command of the console that changes something, for its help and the manual. */
interface CommandHelp {
  /** The ways to write it. */
  readonly usage: readonly string[];
  /** PgBouncer has it not. */
  readonly isOurs?: true;
  /** In sentences; text between backticks is code. */
  readonly help: string;
}

/** Every command but SHOW, in the order of SHOW HELP. */
export const COMMAND_HELP = {
  set: {
    usage: ['SET key = arg'],
    help:
      'Changes a setting until the next RELOAD. A value that is not accepted is `SET failed`, and the log says ' +
      'why; settings that need a restart are heard and stay.',
  },
  reload: {
    usage: ['RELOAD [WORKERS]'],
    help:
      'Reads all files again, and puts them in force as a whole or not at all; the log says what is wrong. ' +
      'WORKERS is our own: replaces every worker without refusing a connection.',
  },
  pause: {
    usage: ['PAUSE [<db>]'],
    help:
      "Lets nobody begin anything, and answers when the last connection to PostgreSQL is gone, PostgreSQL's side " +
      'included: from then on the server can be stopped. Transactions, pinned clients and clients in session mode ' +
      'are waited for. A client that has only used a sequence is waited for as long as `sequence_pin_timeout` says. ' +
      '`query_wait_timeout` goes on counting. A cancel request (Ctrl-C in psql) resumes.',
  },
  resume: { usage: ['RESUME [<db>]'], help: 'Goes on after PAUSE, KILL and SUSPEND.' },
  disable: {
    usage: ['DISABLE <db>'],
    help: 'New clients of the database are refused with 57P03; who is there stays.',
  },
  enable: { usage: ['ENABLE <db>'], help: 'Takes DISABLE back.' },
  reconnect: {
    usage: ['RECONNECT [<db>]'],
    help: 'Every connection is replaced as soon as it is free.',
  },
  kill: {
    usage: ['KILL [<db>]'],
    help: 'Drops clients and connections at once, and leaves it paused.',
  },
  kill_client: {
    usage: ['KILL_CLIENT <client_id>'],
    help: 'Drops one client: its `id` or `ptr` in SHOW CLIENTS.',
  },
  reset: {
    usage: ['RESET STATEMENTS'],
    isOurs: true,
    help: 'Counts of SHOW STATEMENTS begin at nothing again.',
  },
  ban: {
    usage: ['BAN <host>[:<port>]'],
    isOurs: true,
    help:
      "Takes a server out of service. What is open there goes on to its end, without a deadline of BAN's own; " +
      'the order does not wait for it. See docs/failover.md.',
  },
  unban: { usage: ['UNBAN <host>[:<port>]'], isOurs: true, help: 'Lets a server back.' },
  switchover: {
    usage: ['SWITCHOVER <db> TO <host>[:<port>]'],
    isOurs: true,
    help:
      'Has the primary hand over to a replica without an error for anybody, and answers when that is primary, or ' +
      'why it is not. A cancel request calls it off before the demotion. See docs/failover.md.',
  },
  suspend: {
    usage: ['SUSPEND'],
    help:
      'Holds up what clients send, inside transactions too, and answers when they have taken what was sent to ' +
      "them. Who does not read for `suspend_timeout` is dropped; nobody's other limits of time run meanwhile. Ends " +
      'with RESUME or when the client that asked for it leaves.',
  },
  shutdown: {
    usage: ['SHUTDOWN', 'SHUTDOWN WAIT_FOR_SERVERS|WAIT_FOR_CLIENTS'],
    help: 'Ends the daemon at once, when its connections are free, or when its clients have left.',
  },
  wait_close: {
    usage: ['WAIT_CLOSE [<db>]'],
    help: 'Answers when no connection is left that was to be replaced.',
  },
} as const satisfies Readonly<Record<string, CommandHelp>>;

export type CommandName = keyof typeof COMMAND_HELP;

/** The table, row by row. */
export const COMMANDS: readonly CommandHelp[] = Object.values(COMMAND_HELP);
