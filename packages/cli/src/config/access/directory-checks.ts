import type { AccessRule } from '@pgweir/pooler';
import type { GlobalValues } from '../settings';
import type { AccessContext } from './access-settings';

const WITHOUT_TLS: readonly string[] = ['disable', 'allow', 'prefer'];

/** Whether a directory or IAM may vouch for users whom nothing else knows. */
export function othersVouch({ auth_type }: GlobalValues, rules: readonly AccessRule[]): boolean {
  return [auth_type, ...rules.map(({ method }) => method)].some(
    (method) => method === 'ldap' || method === 'iam',
  );
}

/** With LDAP clients send their passwords as they are. One warning, however many rules. */
export function warnOfClearPasswords(
  values: GlobalValues,
  rules: readonly AccessRule[],
  { findings, place }: Pick<AccessContext, 'findings' | 'place'>,
): void {
  if (values.listen_addr.length === 0 || !WITHOUT_TLS.includes(values.client_tls_sslmode)) return;
  const open = rules.some(
    ({ method, connection }) =>
      method === 'ldap' && (connection === 'host' || connection === 'hostnossl'),
  );
  if (values.auth_type !== 'ldap' && !open) return;
  const ways = values.auth_type === 'hba' ? ', or have ldap behind hostssl and local only' : '';
  const message = 'ldap: clients may send passwords in clear text over connections without TLS';
  const remedy = `set client_tls_sslmode = require${ways}`;
  findings.warning(place('auth_type'), `${message}: ${remedy}`);
}
