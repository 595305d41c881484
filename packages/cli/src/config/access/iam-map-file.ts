import type { IamMapEntry, IamPrincipal, IamUser, NamePattern } from '../../aws/iam-map';
import { type Findings, quoted } from '../finding';
import { readRuleLines } from './rule-lines';
import { LineFault, type NameToken, type TokenCursor } from './rule-tokens';

export type IamMaps = ReadonlyMap<string, readonly IamMapEntry[]>;

const ENTRIES_MAX = 100_000;
/** That the trust policy of a role leaves nobody a choice of how its sessions are called. */
const FIXED = 'session-is-fixed';
const CAPTURED = '\\1';

/**
 * Reads `iam_map_file`: `map-name ARN user` on each line, and perhaps `session-is-fixed`. Every bad line
 * is a problem, and the others are still read.
 */
export function readIamMapFile(text: string, file: string, findings: Findings): IamMaps {
  const maps = new Map<string, IamMapEntry[]>();
  const options = { findings, max: ENTRIES_MAX, noun: 'lines' };
  for (const { mapName, entry } of readRuleLines(text, file, options, readEntry)) {
    const known = maps.get(mapName);
    if (known === undefined) maps.set(mapName, [entry]);
    else known.push(entry);
  }
  return maps;
}

function readEntry(cursor: TokenCursor) {
  const mapName = cursor.name('the name of the map').text;
  const arn = cursor.name('the ARN').text;
  const user = cursor.name('the name of the user');
  if (mapName === '' || user.text === '') throw new LineFault('a name is empty');
  const isFixed = !cursor.atEnd && isKeyword(cursor.name('an option'), FIXED);
  if (!cursor.atEnd) throw new LineFault(`nothing may stand behind ${FIXED}`);
  const principal = principalOf(arn, { isFixed });
  return { mapName, entry: { principal, user: userOf(user, principal) } };
}

function isKeyword({ kind, text }: NameToken, keyword: string): true {
  if (kind === 'word' && text === keyword) return true;
  throw new LineFault(`${quoted(text)} is not understood; accepted behind the user: ${keyword}`);
}

const FORMS =
  'accepted: arn:aws:sts::ACCOUNT:assumed-role/ROLE/*, arn:aws:iam::ACCOUNT:user/NAME, ' +
  'arn:aws:iam::ACCOUNT:root';

function principalOf(arn: string, { isFixed }: { readonly isFixed: boolean }): IamPrincipal {
  const match = /^arn:(aws[a-z-]{0,20}):(iam|sts)::([^:]*):([!-~]+)$/.exec(arn);
  if (match === null) throw new LineFault(`${quoted(arn)} is no ARN of an identity; ${FORMS}`);
  const [, partition, service, account = '', resource = ''] = match;
  if (!/^\d{12}$/.test(account)) {
    const why = 'everybody who has an account at AWS can sign';
    throw new LineFault(`the account ${quoted(account)} is not 12 digits: ${why}`);
  }
  const [kind, ...names] = resource.split('/');
  const isRole = service === 'sts' && kind === 'assumed-role' && names.length === 2;
  if (isRole) {
    const [role = '', session = ''] = names;
    return {
      ...{ kind: 'role', prefix: `arn:${partition}:sts::${account}:assumed-role/` },
      ...{ role: patternOf(role), session: sessionOf(session, { isFixed }) },
    };
  }
  if (isFixed) throw new LineFault(`${FIXED} means something with assumed-role only`);
  if (service === 'iam' && kind === 'role') {
    const name = names.at(-1) ?? '';
    const right = `arn:${partition}:sts::${account}:assumed-role/${name}/*`;
    throw new LineFault(`sessions of a role are written without its path: ${right}`);
  }
  const isUser = service === 'iam' && kind === 'user' && names.every((name) => name !== '');
  if (!(isUser && names.length > 0) && !(service === 'iam' && resource === 'root')) {
    throw new LineFault(`${quoted(arn)} is no ARN of a kind that is known; ${FORMS}`);
  }
  if (resource.includes('*')) throw new LineFault('* may stand in names of roles only');
  return { kind: 'exact', arn };
}

/** @returns undefined: whatever it is called */
function sessionOf(
  session: string,
  { isFixed }: { readonly isFixed: boolean },
): NamePattern | undefined {
  if (isFixed) return patternOf(session);
  if (session === '*') return undefined;
  throw new LineFault(
    `whoever assumes the role chooses the name of the session: write /*, or, if the role's trust policy ` +
      `fixes it, ${FIXED} behind the user`,
  );
}

function patternOf(text: string): NamePattern {
  const [before = '', after, ...more] = text.split('*');
  if (!/^[\w+=,.@*-]{1,64}$/.test(text))
    throw new LineFault(`${quoted(text)} is no name in an ARN`);
  if (more.length > 0) throw new LineFault(`${quoted(text)}: there may be one *`);
  return after === undefined ? { kind: 'literal', text } : { kind: 'starred', before, after };
}

function userOf({ kind, text }: NameToken, principal: IamPrincipal): IamUser {
  if (kind === 'quoted') return { kind: 'name', name: text };
  if (text === 'all') return { kind: 'all' };
  if (text.startsWith('+')) {
    throw new LineFault(`${quoted(text)}: roles are not asked for members`);
  }
  if (text.startsWith('/')) {
    throw new LineFault(`${quoted(text)}: regular expressions are not supported`);
  }
  const [before = '', after, ...more] = text.split(CAPTURED);
  if (after === undefined) return { kind: 'name', name: text };
  const patterns = principal.kind === 'role' ? [principal.role, principal.session] : [];
  const stars = patterns.filter((pattern) => pattern?.kind === 'starred').length;
  if (more.length > 0 || stars !== 1) {
    throw new LineFault(
      `${CAPTURED} stands for what one * has matched: there has to be one that counts`,
    );
  }
  return { kind: 'made', before, after };
}
