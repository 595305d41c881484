import type { SearchScope } from './options';

/** What an LDAP URL says. Absent: it does not say. */
export interface LdapUrl {
  readonly scheme: string;
  readonly server?: string;
  readonly port?: string;
  readonly baseDn?: string;
  readonly attribute?: string;
  readonly scope: SearchScope;
  readonly filter?: string;
}

const SHAPE = /^(ldaps?):\/\/(\[[0-9a-f:.]+\]|[^/?:[\]]*)(?::(\d+))?(?:\/(.*))?$/is;
const SCOPES: ReadonlyMap<string, SearchScope> = new Map([
  // What the standard says, though it finds only a user that is the base itself.
  ['', 'base'],
  ['base', 'base'],
  ['one', 'one'],
  ['sub', 'sub'],
]);

/**
 * Reads `ldap[s]://host[:port]/basedn[?attribute[?scope[?filter]]]`.
 *
 * @returns undefined when it is none, or wants extensions
 * @see RFC 4516
 */
export function readLdapUrl(text: string): LdapUrl | undefined {
  const [, scheme, server, port, rest = ''] = SHAPE.exec(text) ?? [];
  if (scheme === undefined) return undefined;
  const parts = decoded(rest.split('?'));
  if (parts === undefined || parts.length > 4) return undefined;
  const [baseDn = '', attributes = '', scopeName = '', filter = ''] = parts;
  const scope = SCOPES.get(scopeName.toLowerCase());
  if (scope === undefined) return undefined;
  // As PostgreSQL has it, the first of several counts.
  const [attribute] = attributes.split(',');
  return {
    scheme: scheme.toLowerCase(),
    scope,
    ...(server ? { server } : {}),
    ...(port ? { port } : {}),
    ...(baseDn === '' ? {} : { baseDn }),
    ...(attribute ? { attribute } : {}),
    ...(filter === '' ? {} : { filter }),
  };
}

function decoded(parts: readonly string[]): readonly string[] | undefined {
  try {
    return parts.map((part) => decodeURIComponent(part));
  } catch {
    // A % without two hexadecimal digits behind it.
    return undefined;
  }
}
