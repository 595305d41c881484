import type { Link } from '../backend/link';
import type { ClientId } from '../ports/names';
import { cleanSlateSql, type Profile, transitionSql } from './profile';

/**
 * What has to be run on a link before a session with `profile` may use it; undefined when the link is
 * as the session expects it.
 */
export function preparationSql(
  link: Link,
  client: ClientId,
  profile: Profile,
  { readsSequences }: { readonly readsSequences: boolean } = { readsSequences: false },
): string | undefined {
  const settings = settingsSql(link, client, profile);
  if (!readsSequences || link.sequencesOf === client) return settings;
  return settings === undefined ? 'DISCARD SEQUENCES' : `${settings};DISCARD SEQUENCES`;
}

function settingsSql(link: Link, client: ClientId, profile: Profile): string | undefined {
  if (link.changedBy !== 0 && link.changedBy !== client) {
    link.wasReset = false;
    return cleanSlateSql(profile, link.connectQuery);
  }
  if (link.profile === profile) return undefined;
  if (link.profile.key === profile.key) {
    // The next comparison is one of identities.
    link.profile = profile;
    return undefined;
  }
  const parameters = link.identity?.parameters;
  // A connect query may have changed what RESET does not bring back.
  const rebased = link.connectQuery !== undefined;
  return transitionSql(link.profile, profile, (name) =>
    rebased ? parameters?.initial(name) : undefined,
  );
}
