import type { AwsCredentials, RdsTokenMaker } from '@pgweir/aws';
import type { DatabaseName, PoolerSettings, UserName } from '@pgweir/pooler';
import { systemClock } from '../runtime/system-clock';
import { awsLibrary } from './library';
import { identityOf } from './server-identity';

let credentials: AwsCredentials | undefined;
let maker: RdsTokenMaker | undefined;

/** Who this process is at AWS: one for all who need it, so that they share what is fetched. */
export function awsCredentials(): AwsCredentials {
  const { AwsCredentials } = awsLibrary();
  credentials ??= new AwsCredentials(systemClock);
  return credentials;
}

export function rdsTokenMaker(): RdsTokenMaker {
  const { RdsTokenMaker } = awsLibrary();
  maker ??= new RdsTokenMaker(awsCredentials());
  return maker;
}

/** Makes the password for a connection of our own; undefined: it logs in by no token. */
export function tokenFor(
  settings: PoolerSettings,
  login: {
    readonly database: DatabaseName;
    readonly user: UserName;
    readonly host: string;
    readonly port: number;
  },
): (() => Promise<string>) | undefined {
  const { auth, region, role } = identityOf(settings, login);
  if (auth !== 'iam') return undefined;
  const { host, port, user } = login;
  return () => rdsTokenMaker().make({ host, port, user, region, role });
}
