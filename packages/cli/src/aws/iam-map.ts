/** Text with at most one `*`, which stands for any characters but `/`, also for none. */
export type NamePattern =
  | { readonly kind: 'literal'; readonly text: string }
  | { readonly kind: 'starred'; readonly before: string; readonly after: string };

/** Whom an entry is about. Its account is always literal: everybody who has an account at AWS can sign. */
export type IamPrincipal =
  /** One ARN. */
  | { readonly kind: 'exact'; readonly arn: string }
  /** Sessions of roles. */
  | {
      readonly kind: 'role';
      /** With the slash: `arn:aws:sts::123456789012:assumed-role/`. */
      readonly prefix: string;
      readonly role: NamePattern;
      /** Undefined: whatever the session is called. Whoever assumes a role may choose that. */
      readonly session: NamePattern | undefined;
    };

export type IamUser =
  | { readonly kind: 'all' }
  | { readonly kind: 'name'; readonly name: string }
  /** With what the `*` of the entry has matched in the middle. */
  | { readonly kind: 'made'; readonly before: string; readonly after: string };

/** An identity of IAM, and the user of the database as whom it may log in. */
export interface IamMapEntry {
  readonly principal: IamPrincipal;
  readonly user: IamUser;
}

/** Whether who has this ARN may log in as `user`. */
export function mayBe(arn: string, user: string, map: readonly IamMapEntry[]): boolean {
  return map.some((entry) => {
    const match = matched(entry.principal, arn);
    return match !== undefined && fits(entry.user, user, match.captured);
  });
}

interface Match {
  /** What the `*` stands for; undefined: there is none. */
  readonly captured: string | undefined;
}

/** @returns undefined when the entry is about others */
function matched(principal: IamPrincipal, arn: string): Match | undefined {
  if (principal.kind === 'exact') {
    return principal.arn === arn ? { captured: undefined } : undefined;
  }
  const { prefix, role, session } = principal;
  if (!arn.startsWith(prefix)) return undefined;
  const [roleName = '', sessionName = '', ...more] = arn.slice(prefix.length).split('/');
  if (sessionName === '' || more.length > 0) return undefined;
  const ofRole = matchedName(role, roleName);
  const ofSession = session === undefined ? NOTHING : matchedName(session, sessionName);
  if (ofRole === undefined || ofSession === undefined) return undefined;
  return { captured: ofRole.captured ?? ofSession.captured };
}

const NOTHING: Match = { captured: undefined };

function matchedName(pattern: NamePattern, name: string): Match | undefined {
  if (pattern.kind === 'literal') return pattern.text === name ? NOTHING : undefined;
  const { before, after } = pattern;
  const isLongEnough = name.length >= before.length + after.length;
  if (!isLongEnough || !name.startsWith(before) || !name.endsWith(after)) return undefined;
  return { captured: name.slice(before.length, name.length - after.length) };
}

function fits(wanted: IamUser, user: string, captured: string | undefined): boolean {
  if (wanted.kind === 'all') return true;
  if (wanted.kind === 'name') return wanted.name === user;
  if (captured === undefined || captured === '') return false;
  return wanted.before + captured + wanted.after === user;
}
