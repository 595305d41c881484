/**
 * Every field that a log line may have, and what it says. Names are those of SHOW and of the metrics, with
 * units last. The type of the logger is made from it, so that no line invents a second word.
 */
export const LOG_FIELDS = {
  // Who and where.
  client: 'Number of the client, as `id` of SHOW CLIENTS.',
  link: 'Number of the link, as `id` of SHOW SERVERS.',
  database: 'Name of the database, as clients say it.',
  user: 'Name of the user.',
  address: 'Address and port of a client; `unix` for a Unix socket.',
  via: 'Address of the load balancer that a client came through.',
  tls: 'Protocol and cipher of the connection. Not there: it has no TLS.',
  identity: 'Who a client has proved to be, where that is another name than the user.',
  server: 'Host and port of a server, of PostgreSQL or LDAP.',
  peer: 'Number of an instance in `[peers]`.',
  patroni: 'URL of a member of Patroni.',
  worker: 'Number of the worker process that the line is of or about.',
  worker_pid: 'Process id of the worker that the line is about.',
  slot: 'Place among the workers, from 0 on: a worker that replaces another has its slot.',
  // Why and with what result.
  sqlstate: 'SQLSTATE of the error that a client was sent, or of PostgreSQL.',
  reason: 'Why, in words.',
  error: 'Text of the error that a client was sent.',
  consequence: 'What follows from it for clients.',
  alarm: 'Kind of an alarm of SHOW TOPOLOGY.',
  line: 'A line that a command of the operator has printed.',
  order: 'What was ordered on the web page.',
  argument: 'What a command on the console is about: a database, a server, a client or a setting.',
  stack: 'Where in the program an internal error was.',
  statement: 'A statement without its literals, shortened.',
  statement_sent:
    'A statement as it was sent, with its literals, shortened. Only with `log_min_duration_literals`.',
  fingerprint: 'Fingerprint of a statement, as in SHOW STATEMENTS.',
  failed: 'A statement has ended with an error.',
  // What has changed.
  changed:
    'Names of the settings that a reload has changed, and `[databases]` and the like; never values.',
  from: 'What it was.',
  to: 'What it is now, or will be.',
  before: 'What it was: a primary, a serial.',
  // Roles and failovers.
  primary: 'Host and port of the primary.',
  target: 'Host and port of the server that is to be primary.',
  lost: 'Host and port of the primary that was lost.',
  promoter: 'Who may promote.',
  holder: 'Who holds the lease to promote.',
  file: 'Path of the file of the lease to promote.',
  path: 'Path of an HTTP request, without its query.',
  members: 'Hosts and ports of the members of a cluster.',
  at: 'When a switchover is scheduled for.',
  // Secrets and names.
  secret: 'Where a secret is; never what it says.',
  version: 'Version of a secret.',
  unused: 'Host and port that a secret names and nobody uses.',
  zone: 'Name of a DNS zone.',
  serial: 'Serial number of a DNS zone.',
  // Numbers.
  bytes: 'Bytes.',
  count: 'How many.',
  waiting: 'Clients that wait for a link.',
  links: 'Links of a pool, whatever they do.',
  age_ms: 'How long a connection has lasted.',
  after_ms: 'How long from now.',
  silent_ms: 'For how long nothing was heard.',
  waited_ms:
    'How long a client has waited for a link, or a statement; of several clients, the one that waits longest.',
  waited_percent: 'Which part of a statement it has waited for a link.',
  server_ms: 'How long PostgreSQL took for a statement.',
  duration_ms: 'How long a statement took, its wait for a link included.',
  rows: 'Rows that a statement has returned or changed.',
  lasted_ms: 'How long a state lasted that is over.',
} as const satisfies Readonly<Record<string, string>>;

export type LogField = keyof typeof LOG_FIELDS;

/** Fields of a log line: ids, reasons, numbers. Never secrets, and SQL text only where it is asked for. */
export type LogFields = { readonly [Name in LogField]?: string | number | boolean | undefined };
