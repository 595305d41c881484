import { statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { userName } from '@pgweir/pooler';
import type { DaemonConfig } from '../config/daemon-config';
import type { ConsoleTarget } from './console-connection';

/** How the owner of the process logs in by the Unix socket, without a password. */
const OWNER = 'pgbouncer';

/**
 * The console of the pgweir that runs with a configuration, the likeliest way to it first: by TCP as
 * somebody whose password is known there, where it can be proven without being shown; by the Unix
 * socket; by TCP otherwise. Empty: nobody may use it
 */
export function findConsoles(config: DaemonConfig): readonly ConsoleTarget[] {
  const tcp = byTcp(config);
  const socket = bySocket(config);
  const isSure = tcp?.password !== undefined && provesByScram(config);
  return (isSure ? [tcp, socket] : [socket, tcp]).filter((target) => target !== undefined);
}

/** Nobody is asked there for more than a proof of the password, or for a certificate. */
function provesByScram({ pooler: { authType, clientTlsMode } }: DaemonConfig): boolean {
  return (
    ['scram-sha-256', 'trust', 'any'].includes(authType) && !clientTlsMode.startsWith('verify')
  );
}

interface Somebody {
  readonly user: string;
  readonly password: string | undefined;
}

/** One of those who may use it, and of these one whose password the configuration has. */
function somebody({ adminUsers, statsUsers, credentials }: DaemonConfig): Somebody | undefined {
  const users = [...adminUsers, ...statsUsers];
  const known = users.flatMap((user) => {
    const secret = credentials.lookup(userName(user));
    return secret?.kind === 'plain' ? [{ user, password: secret.password }] : [];
  });
  return known[0] ?? (users[0] === undefined ? undefined : { user: users[0], password: undefined });
}

function byTcp(config: DaemonConfig): ConsoleTarget | undefined {
  const { listen, pooler } = config;
  const who = somebody(config);
  const [address] = listen.addresses;
  if (who === undefined || address === undefined) return undefined;
  const isRequired = !['disable', 'allow', 'prefer'].includes(pooler.clientTlsMode);
  return {
    ...{ ...who, host: address === '*' ? '127.0.0.1' : address, port: listen.port },
    // It is this machine's own certificate, for a name that need not be the one we connect by.
    ...{ tls: [isRequired && { rejectUnauthorized: false }], proof: 'scram' },
  };
}

function bySocket(config: DaemonConfig): ConsoleTarget | undefined {
  const { unixSocketDir: host, port } = config.listen;
  if (host === undefined) return undefined;
  const how = { host, port, tls: [false] } as const;
  if (isOwner(config)) return { ...how, user: OWNER, password: '', proof: 'scram' };
  const who = somebody(config);
  return who && { ...how, ...who, proof: isGuarded(host) ? 'any' : 'scram' };
}

/** Not everybody on this machine can put a socket there, and pose as pgweir. */
function isGuarded(dir: string): boolean {
  const mode = dir.startsWith('/') ? statSync(dir, { throwIfNoEntry: false })?.mode : undefined;
  return mode !== undefined && (mode & OTHERS_WRITE) === 0;
}

const OTHERS_WRITE = 0o002;

/** Whoever runs this is the one whom pgweir runs as, or would. */
function isOwner({ user }: DaemonConfig): boolean {
  return user === undefined || user === userInfo().username;
}
