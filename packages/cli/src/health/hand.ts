import {
  type ProbeLogin,
  type ProbePermits,
  type ServerAddress,
  ServerHand,
  type SwitchoverServer,
} from '@pgweir/control';
import {
  type Clock,
  type LinkBudget,
  linkLimits,
  poolKey,
  type ServerPasswords,
} from '@pgweir/pooler';
import type { DaemonConfig } from '../config/daemon-config';
import { type Asker, askerOf } from './askers';
import { loginWithPassword } from './login-trial';
import { BudgetPermits } from './probe-permits';

interface HandNeeds {
  readonly config: () => DaemonConfig;
  readonly budget: LinkBudget;
  readonly passwords: ServerPasswords;
  readonly clock: Clock;
}

/** Whoever asks a server how it is also tells it things, on one more connection under the same caps. */
export function openHand(
  address: ServerAddress,
  { config, budget, clock, passwords }: HandNeeds,
): SwitchoverServer {
  const asker = askerOf(config(), address);
  if (asker === undefined)
    return new ServerHand({ address, clock, logins: [], permits: NO_PERMITS });
  const { database, user } = asker;
  const limits = () =>
    linkLimits(config().pooler, { database, user, pool: poolKey(database, user) });
  const permits = new BudgetPermits({ budget, database, user, limits });
  const closed = () => permits.close();
  const login = loginWithPassword(passwords, asker, address);
  return new ServerHand({ address, clock, permits, closed, logins: loginsOf({ ...asker, login }) });
}

/** Nobody asks for one without a login. */
const NO_PERMITS: ProbePermits = { acquire: () => () => undefined };

/** Where TLS may be used and need not be, there are two ways. */
function loginsOf({ login, tlsMode }: Asker): readonly ProbeLogin[] {
  const plain = { ...login, tls: undefined };
  if (login.tls === undefined) return [plain];
  if (tlsMode === 'prefer') return [login, plain];
  return tlsMode === 'allow' ? [plain, login] : [login];
}
