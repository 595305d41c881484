import { isIPv6 } from 'node:net';
import { LineFault, type TokenCursor } from '../config/access/rule-tokens';
import { ldapLibrary } from './library';
import { type LdapLookup, LdapOptions, type LdapServers, type SearchScope } from './options';
import { readLdapUrl } from './url';

const NAMES = [
  ...['ldapserver', 'ldapport', 'ldapscheme', 'ldaptls', 'ldapprefix', 'ldapsuffix'],
  ...['ldapbasedn', 'ldapbinddn', 'ldapbindpasswd', 'ldapsearchattribute', 'ldapsearchfilter'],
  'ldapurl',
] as const;
/** Servers of one directory. */
const SERVERS_MAX = 16;
const IN_QUOTES = 'a value with blanks or commas stands in "quotes"';

type Given = ReadonlyMap<string, string>;

/**
 * Reads the options of LDAP, as PostgreSQL has them in pg_hba.conf, up to the end of the line. Commas
 * may stand between them.
 *
 * @throws LineFault, which shows nothing that might be part of a secret
 */
export function readLdapOptions(cursor: TokenCursor): LdapOptions {
  const given = new Map<string, string>();
  const give = (name: string, value: string): void => {
    if (given.has(name)) throw new LineFault(`ldap: ${name} is given twice`);
    given.set(name, value);
  };
  let scope: SearchScope = 'sub';
  while (!cursor.atEnd) {
    if (cursor.comma()) continue;
    const { name, value } = readPair(cursor.option('an option of ldap'));
    if (name !== 'ldapurl') {
      give(name, value);
      continue;
    }
    const url = readLdapUrl(value);
    if (url === undefined)
      throw new LineFault('ldap: ldapurl is no URL of a kind that is understood');
    scope = url.scope;
    give('ldapurl', value);
    give('ldapscheme', url.scheme);
    for (const [part, said] of [
      ['ldapserver', url.server],
      ['ldapport', url.port],
      ['ldapbasedn', url.baseDn],
      ['ldapsearchattribute', url.attribute],
      ['ldapsearchfilter', url.filter],
    ] as const) {
      if (said !== undefined) give(part, said);
    }
  }
  return new LdapOptions(serversOf(given), lookupOf(given, scope));
}

function readPair(text: string): { readonly name: string; readonly value: string } {
  const at = text.indexOf('=');
  const name = NAMES.find((known) => known === text.slice(0, at));
  if (name === undefined) {
    // It may be the rest of a password.
    const shown = /^ldap[a-z]{0,30}=/.exec(text)?.[0] ?? 'what follows a blank or a comma';
    const accepted = `accepted: ${NAMES.join(', ')}`;
    throw new LineFault(`ldap: ${shown} is no option; ${accepted}; ${IN_QUOTES}`);
  }
  const value = text.slice(at + 1);
  if (value === '') throw new LineFault(`ldap: ${name} is empty`);
  return { name, value };
}

function serversOf(given: Given): LdapServers {
  const scheme = given.get('ldapscheme') ?? 'ldap';
  if (scheme !== 'ldap' && scheme !== 'ldaps') {
    throw new LineFault('ldap: ldapscheme is neither ldap nor ldaps');
  }
  const startTls = given.get('ldaptls') ?? '0';
  if (startTls !== '0' && startTls !== '1') throw new LineFault('ldap: ldaptls is neither 0 nor 1');
  if (startTls === '1' && scheme === 'ldaps') {
    throw new LineFault('ldap: ldaptls=1 begins TLS on ldap, and ldaps has it from the start');
  }
  const port = given.get('ldapport') ?? (scheme === 'ldaps' ? '636' : '389');
  if (!/^[1-9]\d{0,4}$/.test(port) || Number(port) > 65_535) {
    throw new LineFault('ldap: ldapport is no port');
  }
  const hosts = (given.get('ldapserver') ?? '').split(' ').filter((host) => host !== '');
  if (hosts.length === 0) {
    throw new LineFault('ldap: ldapserver is missing; servers are not looked for in DNS');
  }
  if (hosts.length > SERVERS_MAX) throw new LineFault(`ldap: more than ${SERVERS_MAX} servers`);
  return { urls: hosts.map((host) => serverUrl(scheme, host, port)), startTls: startTls === '1' };
}

function serverUrl(scheme: string, host: string, port: string): string {
  const inBrackets = isIPv6(host) ? `[${host}]` : host;
  const isName = /^[A-Za-z0-9._-]{1,253}$/.test(host);
  if (isName || isIPv6(inBrackets.slice(1, -1))) return `${scheme}://${inBrackets}:${port}`;
  throw new LineFault('ldap: ldapserver is a list of host names and addresses, without ports');
}

const OF_SEARCH = [
  ...['ldapbasedn', 'ldapbinddn', 'ldapbindpasswd', 'ldapsearchattribute', 'ldapsearchfilter'],
  'ldapurl',
] as const;

function lookupOf(given: Given, scope: SearchScope): LdapLookup {
  const [prefix, suffix] = [given.get('ldapprefix'), given.get('ldapsuffix')];
  if (prefix !== undefined || suffix !== undefined) {
    const mixed = OF_SEARCH.find((name) => given.has(name));
    if (mixed !== undefined) {
      throw new LineFault(`ldap: ${mixed} cannot be used together with ldapprefix or ldapsuffix`);
    }
    return { kind: 'made', prefix: prefix ?? '', suffix: suffix ?? '' };
  }
  const baseDn = given.get('ldapbasedn');
  if (baseDn === undefined) {
    throw new LineFault('ldap: ldapbasedn, ldapprefix or ldapsuffix has to be given');
  }
  const [bindDn, password] = [given.get('ldapbinddn'), given.get('ldapbindpasswd')];
  if ((bindDn === undefined) !== (password === undefined)) {
    throw new LineFault('ldap: ldapbinddn and ldapbindpasswd need each other');
  }
  return {
    ...{ kind: 'searched', baseDn, scope, filter: filterOf(given) },
    ...{ bindDn: bindDn ?? '', password: password ?? '' },
  };
}

function filterOf(given: Given): string {
  const attribute = given.get('ldapsearchattribute');
  const filter = given.get('ldapsearchfilter');
  if (filter === undefined) {
    const name = attribute ?? 'uid';
    if (/^[A-Za-z0-9][A-Za-z0-9.;-]*$/.test(name)) return `(${name}=$username)`;
    throw new LineFault('ldap: ldapsearchattribute is no name of an attribute');
  }
  if (attribute !== undefined) {
    throw new LineFault('ldap: ldapsearchattribute and ldapsearchfilter exclude each other');
  }
  if (!filter.includes('$username')) {
    throw new LineFault(
      'ldap: ldapsearchfilter lacks $username: it would find the same for everybody',
    );
  }
  try {
    ldapLibrary().FilterParser.parseString(filter.replaceAll('$username', 'user'));
  } catch {
    throw new LineFault('ldap: ldapsearchfilter is no filter');
  }
  return filter;
}
