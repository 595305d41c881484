/** How bad it is. `note`: nothing to do, but worth knowing. */
export type Verdict = 'problem' | 'warning' | 'note' | 'ok';

interface Kind {
  readonly verdict: Exclude<Verdict, 'ok'>;
  /** What is wrong, in general: for the table of the manual. */
  readonly means: string;
  readonly advice: string;
}

const problem = (means: string, advice: string): Kind => ({ verdict: 'problem', means, advice });
const warning = (means: string, advice: string): Kind => ({ verdict: 'warning', means, advice });
const note = (means: string, advice: string): Kind => ({ verdict: 'note', means, advice });

/** Everything that can be found, by the name that scripts may rely on. */
export const FINDINGS = {
  'config-problem': problem(
    'the configuration cannot be used',
    'correct the file; nothing else was looked at',
  ),
  'config-warning': warning('as --check warns', 'look at the line'),
  'not-examined': warning(
    'no answer in the time that there was',
    'run it again, nearer to the servers or with fewer entries',
  ),

  'open-to-everybody': problem(
    'whoever reaches the port gets in without a password',
    'use auth_type = scram-sha-256, or rules (hba) that trust nobody from a network',
  ),
  'client-tls-off': warning(
    'clients on a network cannot encrypt what they send and read',
    'set client_tls_sslmode, client_tls_key_file and client_tls_cert_file',
  ),
  'page-in-clear': warning(
    'whoever is on the way reads the page, and the password with which it is changed',
    'set metrics_addr to 127.0.0.1, behind a proxy that has TLS, or dashboard = off',
  ),
  'weak-passwords': note(
    'MD5 is what whoever has auth_file can log in with',
    'use auth_type = scram-sha-256 and SCRAM verifiers',
  ),
  'server-not-verified': warning(
    'somebody on the way could pose as the server',
    'set server_tls_sslmode = verify-full and server_tls_ca_file',
  ),
  'waits-for-ever': warning(
    'a client may queue without end when all links are taken',
    'set query_wait_timeout',
  ),
  'links-for-ever': note(
    'links are never replaced, so memory that a backend has taken stays taken',
    'set server_lifetime',
  ),
  'idle-in-transaction': note(
    'a client that stops in the middle of a transaction keeps its link as long as it likes',
    'set idle_transaction_timeout here, or idle_in_transaction_session_timeout on the server',
  ),
  'ignored-parameters': warning(
    'clients believe in settings that never reach the server',
    'leave them out of ignore_startup_parameters: they are kept per client',
  ),
  'untracked-parameters': warning(
    'the server does not report it, so it is not tracked by that',
    'leave it out of track_extra_parameters; session_state = track keeps it anyway',
  ),
  'big-pool': note(
    'more links than a server has cores for make each of them slower',
    'start with two to four times the cores of the server, and measure',
  ),
  'no-admin': note(
    'nobody may use the console but the owner by the Unix socket',
    'name somebody in admin_users',
  ),

  'too-few-descriptors': problem(
    'the system refuses sockets before max_client_conn is reached',
    'raise the limit (LimitNOFILE= of the unit, ulimit -n), or lower max_client_conn',
  ),
  'short-accept-queue': note(
    'the system cuts listen_backlog',
    'raise net.core.somaxconn for bursts of connections',
  ),
  'more-workers-than-cores': warning(
    'workers take turns on the cores',
    'set workers to the number of cores at most',
  ),

  'readable-by-others': problem(
    'others on this machine can read a secret',
    'chmod 600, owned by the user that pgweir runs as',
  ),
  'shared-folder': note(
    'anybody on this machine may put a socket there first, and pose as pgweir',
    'set unix_socket_dir to a folder in which the user that pgweir runs as alone can write',
  ),
  'not-writable': problem(
    'pgweir cannot write there (as the user who runs this)',
    'create the folder, or give it to the user that pgweir runs as',
  ),

  'certificate-expired': problem(
    'whoever verifies it refuses it',
    'renew it, then RELOAD (here) or reload PostgreSQL (there)',
  ),
  'certificate-expires-soon': warning('it ends within 30 days', 'renew it in time'),
  'certificate-untrusted': problem(
    'it does not lead to the authority that is configured',
    'correct server_tls_ca_file, or the chain that the server sends',
  ),
  'certificate-name': problem(
    'it is for other names than the host',
    'use a name of the certificate as host=, or have one issued for it',
  ),
  'certificate-unverified': note(
    'it is not verified now, and could not be',
    'what has to change before server_tls_sslmode can be verify-full',
  ),
  'tls-missing': problem('the server has no TLS, and sslmode asks for it', 'set ssl = on there'),
  'tls-failed': problem('the handshake fails', 'compare the protocols and ciphers of both sides'),
  'tls-old': warning('TLS below 1.2 is not safe any more', 'raise ssl_min_protocol_version there'),

  'name-unknown': problem(
    'the host has no address',
    'correct the name, or the resolver of this machine',
  ),
  'name-slow': warning(
    'looking the name up takes long, and so does every reconnect after dns_max_ttl',
    'look at /etc/resolv.conf and the resolver',
  ),
  'several-addresses': note(
    'the name has several addresses; the first that answers is used',
    'list the hosts one by one where each should be used',
  ),

  unreachable: problem(
    'nobody accepts connections there',
    'check host, port, firewall and listen_addresses of the server',
  ),
  'not-postgres': problem('what answers is not PostgreSQL', 'check host and port'),
  'login-refused': problem(
    'PostgreSQL refuses the login that the entry makes',
    'check user, password, database and pg_hba.conf',
  ),
  'user-refused': warning(
    'PostgreSQL refuses a user of auth_file on this entry',
    'fine if that user never asks for this database',
  ),
  'login-untried': note(
    'no password is known here to try it with',
    'nothing: clients bring their own (SCRAM, tokens)',
  ),
  'server-full': problem(
    'the server has no connection left',
    'lower the caps of whoever uses it, or raise max_connections',
  ),
  'server-busy': warning(
    'the server does not take connections at the moment',
    'wait until it has started',
  ),
  'auth-query-fails': problem(
    'users who are not in auth_file cannot log in',
    'check auth_user, its rights and auth_query',
  ),

  'no-primary': problem(
    'none of the hosts is primary',
    'look which one should be; nothing is written until then',
  ),
  'several-primaries': problem(
    'more than one host takes writes: they drift apart',
    'stop the wrong one at once; BAN it on the console',
  ),
  'not-one-cluster': problem(
    'the hosts of the entry are not copies of one another',
    'list only members of one cluster',
  ),
  'no-replica': warning(
    'reads have no replica to go to',
    'list a replica, or leave read_write_split out',
  ),
  'mixed-roles': warning(
    'writes may go to a standby, where they fail',
    'set target_session_attrs = primary, or read_write_split = on',
  ),
  'only-a-standby': warning(
    'every write fails there',
    'use the primary, or say target_session_attrs = standby',
  ),

  'old-version': warning(
    'that version of PostgreSQL is not maintained any more',
    'upgrade the server',
  ),
  'mixed-versions': note(
    'the servers of the entry are of different major versions',
    'finish the upgrade',
  ),

  'caps-above-server': problem(
    'together the entries may open more connections than the server takes: clients would see its errors',
    'lower default_pool_size, pool_size or max_db_connections, or raise max_connections',
  ),
  'caps-near': warning(
    'with what others use now the caps do not fit',
    'leave room for others, or have them use pgweir as well',
  ),
  'caps-unbounded': warning(
    'each user who logs in, and each database that the entry * serves, gets a pool of its own: their number has no bound',
    'set max_db_connections for users, max_connections_percent for databases of *',
  ),
  'role-limit': problem(
    'the role or the database has a CONNECTION LIMIT below the cap',
    'raise that limit, or lower the cap',
  ),

  'clock-differs': warning(
    'log lines of both do not fit together; tokens and certificates may be refused',
    'have both follow NTP',
  ),
  'replica-behind': warning(
    'reads would not go there, or see old data',
    'look at pg_stat_replication on its primary',
  ),
  'replica-cancels': note(
    'long reads there are cancelled by replay, or hold it up',
    'choose: hot_standby_feedback = on, or a larger max_standby_streaming_delay',
  ),

  'address-not-here': problem('listen_addr is no address of this machine', 'correct listen_addr'),
  'port-taken': problem('something else than a pooler listens there', 'choose another listen_port'),
  'port-unclear': warning(
    'PostgreSQL is spoken there, and whether by pgweir cannot be told',
    'have auth_file know the password of somebody in admin_users or stats_users, or set unix_socket_dir',
  ),
  'low-port': warning(
    'ports below 1024 need root or CAP_NET_BIND_SERVICE',
    'choose a higher port, or grant the capability',
  ),

  'patroni-unreachable': warning(
    'a Patroni of the entry does not answer; others may',
    'check the URL, and that Patroni runs',
  ),
  'etcd-unreachable': problem(
    'nobody can be promoted without the lease',
    'check promoter_lease, and that etcd runs',
  ),
  'directory-unreachable': problem(
    'LDAP logins fail when no server of the directory answers',
    'check host, port and certificate',
  ),
  'secret-unreadable': problem('the password in it cannot be used', 'check place and rights'),
  'no-credentials': problem(
    'AWS is not told who we are',
    'give the process a role, or credentials',
  ),
  'sts-unreachable': problem('IAM logins of clients cannot be verified', 'allow HTTPS to it'),
} as const satisfies Readonly<Record<string, Kind>>;

export type FindingName = keyof typeof FINDINGS;

/** One thing that was looked at. */
export interface Diagnosis {
  readonly verdict: Verdict;
  /** Of a finding its name; of what is well the name of what was looked at. */
  readonly name: string;
  /** What it is about: a server, an entry, a file, a setting. */
  readonly subject: string;
  readonly message: string;
  readonly advice: string | undefined;
}

export function found(name: FindingName, subject: string, message: string): Diagnosis {
  const { verdict, advice } = FINDINGS[name];
  return { verdict, name, subject, message, advice };
}

export function fine(name: string, subject: string, message: string): Diagnosis {
  return { verdict: 'ok', name, subject, message, advice: undefined };
}
