import path from 'node:path';
import type { AccessRule } from '@pgweir/pooler';
import type { LdapOptions } from '../../ldap/options';
import { readLdapOptions } from '../../ldap/read-options';
import { type Findings, type Place, quoted } from '../finding';
import type { FileAccess } from '../ini-file';
import { readSettingFile } from '../setting-file';
import type { GlobalValues } from '../settings';
import { type HbaRule, readHbaFile } from './hba-file';
import { type IamReader, iamReader } from './iam-settings';
import { type IdentMaps, readIdentFile } from './ident-file';
import { LineFault, TokenCursor } from './rule-tokens';

export interface AccessContext {
  readonly access: FileAccess;
  readonly findings: Findings;
  /** Where a setting was assigned; the file as a whole when it was not. */
  readonly place: (name: keyof GlobalValues) => Place;
  /** Why nobody can tell who is at the other end of a Unix socket; undefined: it can be told. */
  readonly peerProblem: () => string | undefined;
  /** Clients may log in with tokens for RDS, which need no other setting of IAM. */
  readonly passesTokens?: boolean;
  /** As `LoadOptions` has it. */
  readonly stsEndpoint?: string | undefined;
}

/** Reads `auth_hba_file` and `auth_ident_file`, where `auth_type` asks for them. */
export function readAccessRules(
  values: GlobalValues,
  context: AccessContext,
): readonly AccessRule[] {
  checkCertificates(values, context);
  if (values.auth_type !== 'hba') {
    warnOfUnused(values, context);
    return [];
  }
  const { access, findings, place } = context;
  if (values.auth_hba_file === '') {
    findings.problem(place('auth_type'), 'auth_type = hba needs auth_hba_file');
    return [];
  }
  const maps = readMaps(values, context);
  const text = readSettingFile('auth_hba_file', values, context);
  if (text === undefined) return [];
  const resolved = path.resolve(access.cwd, values.auth_hba_file);
  const rules = readHbaFile(text, { resolved, shown: values.auth_hba_file }, context);
  if (rules.length === 0) {
    findings.warning({ file: values.auth_hba_file, line: 0 }, 'no rule: nobody can log in');
  }
  checkRules(rules, values, context);
  const iam = iamReader(values, context);
  return rules.map((rule) =>
    rule.rule.method === 'iam'
      ? withIam(rule, iam)
      : { ...rule.rule, identMap: mapOf(rule, maps, values, findings) },
  );
}

/** Reads `auth_ldap_options`, where `auth_type` asks for them. */
export function readDirectory(
  values: GlobalValues,
  { findings, place }: Pick<AccessContext, 'findings' | 'place'>,
): LdapOptions | undefined {
  const name = 'auth_ldap_options';
  const text = values[name];
  if (values.auth_type !== 'ldap') {
    const message = `${name} has no effect: it matters only with auth_type = ldap`;
    if (text !== '') findings.warning(place(name), message);
    return undefined;
  }
  if (text === '') {
    findings.problem(place('auth_type'), `auth_type = ldap needs ${name}`);
    return undefined;
  }
  try {
    return readLdapOptions(new TokenCursor(text, { comments: false }));
  } catch (error) {
    if (!(error instanceof LineFault)) throw error;
    findings.problem(place(name), `${name}: ${error.message}`);
    return undefined;
  }
}

/** Whether clients should be asked for a certificate that they need not have. */
export function asksForCertificates(values: GlobalValues, rules: readonly AccessRule[]): boolean {
  return values.client_tls_ca_file !== '' && rules.some(({ method }) => method === 'cert');
}

/** PostgreSQL's name for it; for clients both are the same. */
const VERIFYING: readonly string[] = ['verify-ca', 'verify-full'];

function checkCertificates(values: GlobalValues, { findings, place }: AccessContext): void {
  if (values.auth_type !== 'cert') return;
  if (!VERIFYING.includes(values.client_tls_sslmode)) {
    const message = 'auth_type = cert needs client_tls_sslmode = verify-full (or verify-ca)';
    findings.problem(place('auth_type'), message);
  }
  if (values.client_tls_ca_file === '') {
    findings.problem(place('auth_type'), 'auth_type = cert needs client_tls_ca_file');
  }
}

function warnOfUnused(values: GlobalValues, { findings, place }: AccessContext): void {
  for (const name of ['auth_hba_file', 'auth_ident_file'] as const) {
    if (values[name] === '') continue;
    findings.warning(place(name), `${name} has no effect: it matters only with auth_type = hba`);
  }
}

function readMaps(values: GlobalValues, context: AccessContext): IdentMaps {
  const text = readSettingFile('auth_ident_file', values, context);
  if (text === undefined) return new Map();
  return readIdentFile(text, values.auth_ident_file, context.findings);
}

function withIam({ rule, mapName, ...place }: HbaRule, iam: IamReader): AccessRule {
  return { ...rule, identMap: undefined, iam: iam(mapName, place) };
}

function mapOf(
  { mapName, ...place }: HbaRule,
  maps: IdentMaps,
  { auth_ident_file: file }: GlobalValues,
  findings: Findings,
): AccessRule['identMap'] {
  if (mapName === undefined) return undefined;
  const found = maps.get(mapName);
  if (found === undefined) {
    const where = file === '' ? 'auth_ident_file is not set' : `${quoted(file)} has none`;
    findings.problem(place, `there is no map ${quoted(mapName)}: ${where}`);
  }
  return found ?? [];
}

function checkRules(rules: readonly HbaRule[], values: GlobalValues, context: AccessContext): void {
  const { findings } = context;
  const peer = rules.find(({ rule }) => rule.method === 'peer');
  const problem = peer === undefined ? undefined : context.peerProblem();
  if (peer !== undefined && problem !== undefined) findings.problem(peer, `peer: ${problem}`);
  const iam = rules.find(({ rule }) => rule.method === 'iam' && rule.connection !== 'local');
  if (iam !== undefined && values.client_tls_sslmode === 'disable') {
    findings.warning(iam, 'iam lets nobody in: client_tls_sslmode = disable');
  }
  const cert = rules.find(({ rule }) => rule.method === 'cert');
  if (cert === undefined) return;
  const off = values.client_tls_sslmode === 'disable';
  if (off || values.client_tls_ca_file === '') {
    const missing = off ? 'client_tls_sslmode = disable' : 'client_tls_ca_file is not set';
    findings.warning(cert, `cert lets nobody in: ${missing}`);
  }
}
