import type {
  DatabaseName,
  DatabaseSettings,
  PoolerSettings,
  ServerAuth,
  ServerIdentity,
  UserName,
  UserSettings,
} from '@pgweir/pooler';

/** As whom a pool's links log in at AWS, if they do. */
export interface PoolIdentity {
  readonly auth: ServerAuth;
  readonly region: string | undefined;
  readonly role: { readonly roleArn: string; readonly externalId: string | undefined } | undefined;
}

interface Said {
  readonly user?: Pick<UserSettings, 'serverIdentity'> | undefined;
  readonly entry?: Pick<DatabaseSettings, 'serverIdentity'> | undefined;
  readonly all: Pick<PoolerSettings, 'serverIdentity'>;
}

/** What the user has goes before what the database has, and that before what stands for all. */
export function mergedIdentity({ user, entry, all }: Said): PoolIdentity {
  const said = [user?.serverIdentity, entry?.serverIdentity, all.serverIdentity];
  const first = <Name extends keyof ServerIdentity>(name: Name): ServerIdentity[Name] =>
    said.find((one) => one?.[name] !== undefined)?.[name];
  // An external id belongs to the role that stands beside it.
  const role = said.find((one) => one?.awsRoleArn !== undefined);
  return {
    auth: first('auth') ?? 'password',
    region: first('awsRegion'),
    role:
      role?.awsRoleArn === undefined
        ? undefined
        : { roleArn: role.awsRoleArn, externalId: role.awsExternalId },
  };
}

export function identityOf(
  settings: PoolerSettings,
  of: { readonly database: DatabaseName; readonly user: UserName },
): PoolIdentity {
  return mergedIdentity({
    user: settings.users.get(of.user),
    entry: settings.databases.get(of.database) ?? settings.fallbackDatabase,
    all: settings,
  });
}
