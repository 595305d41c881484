import type { AccessMethod, AccessRule } from '@pgweir/pooler';
import { readLdapOptions } from '../../ldap/read-options';
import { type Findings, type Place, quoted } from '../finding';
import type { FileAccess } from '../ini-file';
import { readRuleLines } from './rule-lines';
import { NameLists, type OpenFile } from './rule-names';
import { readNetwork } from './rule-network';
import { LineFault, type TokenCursor } from './rule-tokens';

/** A rule as it stands in the file: its map is only a name yet. */
export interface HbaRule extends Place {
  readonly rule: Omit<AccessRule, 'identMap'>;
  readonly mapName: string | undefined;
}

const RULES_MAX = 10_000;

/**
 * Reads an HBA file. Every bad line is a problem, and the others are still read: a configuration with a
 * problem is not used, since a rule that is left out may be the one that keeps somebody out.
 *
 * @param file - name as messages show it, and the absolute one
 */
export function readHbaFile(
  text: string,
  file: Pick<OpenFile, 'resolved' | 'shown'>,
  { access, findings }: { readonly access: FileAccess; readonly findings: Findings },
): readonly HbaRule[] {
  const names = new NameLists(access, findings);
  const opened = { ...file, outer: [] };
  const options = { findings, max: RULES_MAX, noun: 'rules' };
  return readRuleLines(text, file.shown, options, (cursor, place) => ({
    ...place,
    ...readRule(cursor, { names, file: opened, line: place.line }),
  }));
}

interface RuleContext {
  readonly names: NameLists;
  readonly file: OpenFile;
  readonly line: number;
}

const CONNECTIONS = ['local', 'host', 'hostssl', 'hostnossl'] as const;

function readRule(
  cursor: TokenCursor,
  { names, ...where }: RuleContext,
): Omit<HbaRule, keyof Place> {
  const connection = connectionOf(cursor);
  const databases = names.read(cursor, { of: 'database', ...where });
  const users = names.read(cursor, { of: 'user', ...where });
  const network = connection === 'local' ? undefined : readNetwork(cursor);
  const method = methodOf(cursor);
  if (method === 'ldap') {
    const directory = readLdapOptions(cursor);
    const rule = { connection, databases, users, network, method, directory };
    return { rule, mapName: undefined };
  }
  const mapName = readOptions(cursor, method);
  if (method === 'peer' && connection !== 'local') {
    throw new LineFault(`peer works with local only: behind ${connection} it lets nobody in`);
  }
  if (method === 'iam' && connection === 'hostnossl') {
    throw new LineFault('iam needs TLS: behind hostnossl it lets nobody in');
  }
  if (method === 'cert' && (connection === 'local' || connection === 'hostnossl')) {
    throw new LineFault(`cert needs TLS: behind ${connection} it lets nobody in`);
  }
  return { rule: { connection, databases, users, network, method }, mapName };
}

function connectionOf(cursor: TokenCursor): AccessRule['connection'] {
  const { kind, text } = cursor.name('the kind of connection');
  const found = CONNECTIONS.find((name) => kind === 'word' && name === text);
  if (found !== undefined) return found;
  const accepted = CONNECTIONS.join(', ');
  throw new LineFault(`${quoted(text)} is no kind of connection; accepted: ${accepted}`);
}

const METHODS: ReadonlyMap<string, AccessMethod> = new Map([
  ['trust', 'trust'],
  ['reject', 'reject'],
  ['md5', 'md5'],
  ['password', 'plain'],
  ['peer', 'peer'],
  ['cert', 'cert'],
  ['scram-sha-256', 'scram-sha-256'],
  ['ldap', 'ldap'],
  ['iam', 'iam'],
]);

function methodOf(cursor: TokenCursor): AccessMethod {
  const { kind, text } = cursor.name('the method');
  const found = kind === 'word' ? METHODS.get(text) : undefined;
  if (found !== undefined) return found;
  const missing = text === 'pam' ? ' is not supported' : ' is no method';
  throw new LineFault(`${quoted(text)}${missing}; accepted: ${[...METHODS.keys()].join(', ')}`);
}

/** @returns the name of the map */
function readOptions(cursor: TokenCursor, method: AccessMethod): string | undefined {
  if (cursor.atEnd) return undefined;
  const { kind, text } = cursor.name('an option');
  const name = kind === 'word' ? /^map=(.+)$/.exec(text)?.[1] : undefined;
  if (name === undefined) {
    throw new LineFault(`${quoted(text)} is not understood; accepted behind the method: map=NAME`);
  }
  if (method !== 'cert' && method !== 'peer' && method !== 'iam') {
    throw new LineFault('map= means something with cert, peer and iam only');
  }
  if (!cursor.atEnd) throw new LineFault('nothing may stand behind map=NAME');
  return name;
}
