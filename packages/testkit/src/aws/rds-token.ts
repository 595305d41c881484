import { queryOf } from './canonical-request';
import type { AwsKeys } from './keys';
import { verifySigV4 } from './sigv4';

export type RdsTokenVerdict =
  | { readonly kind: 'good'; readonly arn: string }
  | { readonly kind: 'refused'; readonly reason: string };

export interface RdsTokenRules {
  readonly keys: AwsKeys;
  readonly region: string;
  readonly nowMs: number;
  /** Who logs in. */
  readonly user: string;
  /** `host:port` as clients know the server. */
  readonly addresses: readonly string[];
  /** The policy `rds-db:connect`. */
  allows(arn: string, user: string): boolean;
}

const LIFE_S_MAX = 900;

/**
 * Whether RDS would take `token` as a password. It is a presigned URL without its scheme:
 * `host:port/?Action=connect&DBUser=…&X-Amz-…`.
 *
 * @see AWS documentation, "Creating database accounts using IAM authentication"
 */
export function verifyRdsToken(token: string, rules: RdsTokenRules): RdsTokenVerdict {
  const [, address = '', query = ''] = /^([^/?#@\s]+)\/\?([!-~]+)$/.exec(token) ?? [];
  if (query === '') return refused('no token');
  if (!rules.addresses.includes(address)) return refused(`for another host: ${address}`);
  const verdict = verifySigV4(
    { method: 'GET', url: `/?${query}`, headers: [['host', address]], body: '' },
    { keys: rules.keys, service: 'rds-db', region: rules.region, nowMs: rules.nowMs },
  );
  if (verdict.kind === 'refused') return refused(`${verdict.code}: ${verdict.message}`);
  const values = (wanted: string): readonly string[] =>
    queryOf(`?${query}`)
      .filter(([name]) => name === wanted)
      .map(([, value]) => value);
  const is = (name: string, value: string): boolean =>
    values(name).length === 1 && values(name)[0] === value;
  if (!is('Action', 'connect')) return refused('for another action');
  if (!is('DBUser', rules.user)) return refused(`for another user: ${values('DBUser').join(', ')}`);
  if (Number(values('X-Amz-Expires')[0]) > LIFE_S_MAX) return refused('good for too long');
  const { arn } = verdict.by;
  if (!rules.allows(arn, rules.user)) return refused(`${arn} may not connect as ${rules.user}`);
  return { kind: 'good', arn };
}

function refused(reason: string): RdsTokenVerdict {
  return { kind: 'refused', reason };
}
