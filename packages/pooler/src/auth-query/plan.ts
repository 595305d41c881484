import { databaseSettingsFor } from '../pool/pool-limits';
import type { DatabaseName, UserName } from '../ports/names';
import type { PoolerSettings } from '../settings/settings';

/** Where, as whom and with which statement the password of a user is asked for. */
export interface AuthQueryPlan {
  readonly database: DatabaseName;
  readonly user: UserName;
  readonly query: string;
}

/**
 * How users that the `CredentialSource` does not know are found for a database; undefined: not at all.
 * For a virtual database, which has no server, only the global settings can say where to ask.
 */
export function authQueryPlan(
  settings: PoolerSettings,
  name: DatabaseName,
  { virtual }: { readonly virtual: boolean },
): AuthQueryPlan | undefined {
  if (virtual) {
    const { authUser, authQuery, authDatabase } = settings;
    if (authUser === undefined || authDatabase === undefined) return undefined;
    return { database: authDatabase, user: authUser, query: authQuery };
  }
  const entry = databaseSettingsFor(settings, name)?.entry;
  const user = entry?.authUser ?? settings.authUser;
  if (entry === undefined || user === undefined) return undefined;
  return {
    database: entry.authDatabase ?? settings.authDatabase ?? name,
    user,
    query: entry.authQuery ?? settings.authQuery,
  };
}
