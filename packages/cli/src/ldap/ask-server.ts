import type { Clock } from '@pgweir/pooler';
import type { Client } from 'ldapts';
import { errorCode, reasonOf } from '../system-error';
import { LdapConnection } from './connection';
import { ldapLibrary } from './library';
import type { LdapLookup, LdapOptions } from './options';

/** Of all that is said to one server for one login. */
const CONVERSATION_MS = 10_000;
/** Two are as bad as many. */
const ENTRIES_MAX = 2;
/** Result codes of a server that has no time or is not there: another one may be. */
const BUSY = 51;
const UNAVAILABLE = 52;

export type LdapAnswer =
  | { readonly kind: 'accepted' }
  /** `why` is for the log: without passwords, and without what the server says in its own words. */
  | { readonly kind: 'refused'; readonly why: string }
  /** Nobody has judged: another server may be asked. */
  | { readonly kind: 'unreachable'; readonly why: string };

/** Who wants to be believed. */
export interface LdapClaim {
  /** The user's name in the directory, or the filter that finds it. */
  readonly name: string;
  /** Never empty: a bind without a password succeeds, and proves nothing. */
  readonly password: string;
}

/**
 * Asks one server whether a user has a password. Never rejects, and leaves no connection behind, also
 * when `signal` says that nobody wants to know any more.
 */
export async function askServer(
  url: string,
  options: LdapOptions,
  claim: LdapClaim,
  { signal, clock }: { readonly signal: AbortSignal; readonly clock: Clock },
): Promise<LdapAnswer> {
  const { ResultCodeError } = ldapLibrary();
  const connection = new LdapConnection(url, options.servers, clock);
  try {
    return await untilGivenUp(converse(connection, options.lookup, claim), { signal, clock });
  } catch (error) {
    if (!(error instanceof ResultCodeError))
      return { kind: 'unreachable', why: socketFault(error) };
    const unheard = error.code === BUSY || error.code === UNAVAILABLE;
    return { kind: unheard ? 'unreachable' : 'refused', why: resultFault(error) };
  } finally {
    connection.close();
  }
}

/** Rejects as the library does. */
async function converse(
  connection: LdapConnection,
  lookup: LdapLookup,
  claim: LdapClaim,
): Promise<LdapAnswer> {
  const client = await connection.open();
  if (lookup.kind === 'made') {
    await client.bind(claim.name, claim.password);
    return { kind: 'accepted' };
  }
  await bindForSearch(client, lookup);
  const { searchEntries } = await client.search(lookup.baseDn, {
    // No attributes: only the names of the entries.
    ...{ scope: lookup.scope, filter: claim.name, attributes: ['1.1'], sizeLimit: ENTRIES_MAX },
  });
  const [entry] = searchEntries;
  if (searchEntries.length === 1 && entry !== undefined && entry.dn !== '') {
    await client.bind(entry.dn, claim.password);
    return { kind: 'accepted' };
  }
  await bindAsNobody(client, lookup.baseDn, claim.password);
  const found = searchEntries.length === 0 ? 'nobody' : 'more than one entry';
  return { kind: 'refused', why: `the directory has ${found} of that name` };
}

async function bindForSearch(
  client: Client,
  { bindDn, password }: Extract<LdapLookup, { readonly kind: 'searched' }>,
): Promise<void> {
  try {
    await client.bind(bindDn, password);
  } catch (error) {
    const { ResultCodeError } = ldapLibrary();
    if (error instanceof ResultCodeError) error.name = `ldapbinddn: ${error.name}`;
    throw error;
  }
}

/** So that a user who is not there takes as long as one who is. Whatever comes of it, nobody gets in. */
async function bindAsNobody(client: Client, baseDn: string, password: string): Promise<void> {
  try {
    await client.bind(`cn=nobody-of-pgweir,${baseDn}`, password);
  } catch (error) {
    if (!(error instanceof ldapLibrary().ResultCodeError)) throw error;
  }
}

function untilGivenUp<T>(
  work: Promise<T>,
  { signal, clock }: { readonly signal: AbortSignal; readonly clock: Clock },
): Promise<T> {
  let tidy = (): void => undefined;
  const given = new Promise<never>((_, reject) => {
    const stop = (): void => reject(new Error('nobody waits any more'));
    const cancel = clock.after(CONVERSATION_MS, () => reject(new Error('timeout')));
    signal.addEventListener('abort', stop);
    tidy = () => {
      cancel();
      signal.removeEventListener('abort', stop);
    };
    if (signal.aborted) stop();
  });
  return Promise.race([work, given]).finally(() => tidy());
}

function resultFault({ name, code }: { readonly name: string; readonly code: number }): string {
  return `${name.replace(/Error$/, '')} (${code})`;
}

/** The first line: below it the library tells what it was about to send. */
function socketFault(error: unknown): string {
  return errorCode(error) ?? reasonOf(error).split('\n')[0] ?? '';
}
