import type { LdapLookup } from './options';

/** As PostgreSQL has it: `(`, `)`, `*`, `\` and `/` in a user's name are not searched for. */
const NOT_SEARCHED = /[*()\\/]/;
/** What a name of the directory has a meaning of its own for. */
const SPECIAL_IN_DN = /[,+"\\<>;=]/;
/** Invisible: control characters, marks of direction, half characters and the like. */
const INVISIBLE = /\p{C}/u;
/** The prefix ends where the value of an attribute begins: `uid=`, `ou=people,cn=`. */
const BEFORE_VALUE = /(?:^|[,+])\s*[A-Za-z0-9][A-Za-z0-9.-]*=$/;
/** Taken for the name of a SASL mechanism where a name of the directory is expected. */
const MECHANISM = /^(?:EXTERNAL|PLAIN|DIGEST-MD5|SCRAM-SHA-1)$/;

export type DirectoryName =
  | { readonly kind: 'ok'; readonly name: string }
  /** `why` is for the log. */
  | { readonly kind: 'refused'; readonly why: string };

/** What the lookup of a user begins with: the name itself, or the filter that finds it. */
export function directoryName(user: string, lookup: LdapLookup): DirectoryName {
  if (lookup.kind === 'made') return madeName(user, lookup);
  return searchFilter(user, lookup.filter);
}

/** A value as it stands in a name of the directory. @see RFC 4514, 2.4 */
export function dnValue(text: string): string {
  const last = text.length > 1 && text.endsWith(' ') ? '\\ ' : '';
  const rest = last === '' ? text : text.slice(0, -1);
  const escaped = rest.replace(/[,+"\\<>;=]/g, '\\$&').replaceAll('\0', '\\00');
  return escaped.replace(/^[ #]/, '\\$&') + last;
}

/** A value as it stands in a filter. @see RFC 4515, 3 */
export function filterValue(text: string): string {
  return text.replace(/[*()\\\0]/g, (character) => {
    return `\\${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

/** The name that a user has, made from a prefix and a suffix. */
function madeName(
  user: string,
  { prefix, suffix }: { readonly prefix: string; readonly suffix: string },
): DirectoryName {
  const why = unlikelyName(user);
  if (why !== undefined) return { kind: 'refused', why };
  const inDn = BEFORE_VALUE.test(prefix);
  // Elsewhere (`DOMAIN\`, `@example.org`) there is nothing to escape with.
  if (!inDn && SPECIAL_IN_DN.test(user)) return invalid();
  const name = `${prefix}${inDn ? dnValue(user) : user}${suffix}`;
  return MECHANISM.test(name) ? invalid() : { kind: 'ok', name };
}

/** The filter that finds a user. */
function searchFilter(user: string, filter: string): DirectoryName {
  const why = unlikelyName(user);
  if (why !== undefined) return { kind: 'refused', why };
  if (NOT_SEARCHED.test(user)) return invalid();
  return { kind: 'ok', name: filter.replaceAll('$username', () => filterValue(user)) };
}

/** Directories overlook blanks around a name, and much that is invisible: somebody else would be meant. */
function unlikelyName(user: string): string | undefined {
  if (user === '' || user !== user.trim() || INVISIBLE.test(user)) return invalid().why;
  return undefined;
}

function invalid() {
  return { kind: 'refused', why: 'invalid character in the user name' } as const;
}
