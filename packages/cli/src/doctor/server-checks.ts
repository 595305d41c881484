import type { ProbeFailure } from '@pgweir/control';
import type { DaemonConfig } from '../config/daemon-config';
import { checkExpiry } from './certificates';
import { addressName, type Examined, type ExaminedLogin } from './examine';
import { type Diagnosis, type FindingName, fine, found } from './findings';
import { staysHere } from './networks';
import type { TlsReach } from './reach';
import type { ServerFacts } from './server-facts';

/** What one server said to one entry. */
export function checkServer(
  examined: Examined,
  config: DaemonConfig,
  nowMs: number,
): readonly Diagnosis[] {
  const { address, name, reach } = examined;
  const subject = `server ${addressName(address)}`;
  switch (reach.kind) {
    case 'unreachable':
      return [found('unreachable', subject, reach.reason)];
    case 'not-postgres':
      return [
        found('not-postgres', subject, 'it answers the question for TLS with neither S nor N'),
      ];
    case 'reached': {
      const mode = (examined.entry.serverTls ?? config.pooler.serverTls).mode;
      const ms = reach.tookMs.toFixed(1);
      return [
        fine('server', subject, `connected in ${ms} ms${tlsWords(reach.tls)}`),
        ...checkTls(subject, reach.tls, { mode, host: address.host, nowMs }),
        ...checkLogins(examined, `${subject}, database ${name}`),
      ];
    }
  }
}

function tlsWords(tls: TlsReach): string {
  return tls.kind === 'on' ? `, ${tls.protocol}` : tls.kind === 'refused' ? ', no TLS' : '';
}

function checkTls(
  subject: string,
  tls: TlsReach,
  { mode, host, nowMs }: { readonly mode: string; readonly host: string; readonly nowMs: number },
): readonly Diagnosis[] {
  const isVerified = mode === 'verify-ca' || mode === 'verify-full';
  const isWanted = isVerified || mode === 'require';
  switch (tls.kind) {
    case 'off':
      return [];
    case 'refused':
      return isWanted ? [found('tls-missing', subject, `sslmode = ${mode}`)] : [];
    case 'failed':
      return [found('tls-failed', subject, tls.reason)];
    case 'on': {
      const diagnoses = [checkExpiry(`certificate of ${subject}`, tls.endsAtMs, nowMs)];
      if (/^(?:SSL|TLSv1$|TLSv1\.1$)/.test(tls.protocol)) {
        diagnoses.push(found('tls-old', subject, tls.protocol));
      }
      const { chainFault, nameFault } = tls;
      if (isVerified && chainFault !== undefined) {
        diagnoses.push(found('certificate-untrusted', subject, chainFault));
      }
      if (mode === 'verify-full' && nameFault !== undefined) {
        diagnoses.push(found('certificate-name', subject, nameFault));
      }
      const faults = [chainFault, nameFault].filter((fault) => fault !== undefined);
      if (mode !== 'verify-full' && faults.length > 0 && !staysHere(host)) {
        diagnoses.push(found('certificate-unverified', subject, faults.join('; ')));
      }
      return diagnoses;
    }
  }
}

function checkLogins({ logins, entry }: Examined, subject: string): readonly Diagnosis[] {
  const untried = logins.filter(({ outcome }) => outcome.kind === 'untried');
  const tried = logins.filter(({ outcome }) => outcome.kind !== 'untried');
  const isNobodyIn = tried.every(({ outcome }) => outcome.kind !== 'in');
  const diagnoses = tried.flatMap((login) => checkLogin(login, subject, isNobodyIn));
  if (untried.length > 0 || logins.length === 0) {
    const users = untried.map(({ user }) => user).join(', ');
    const whom = users === '' ? 'nobody to log in as' : users;
    // Where nobody is forced, clients bring what they log in with.
    if (isNobodyIn || entry.forcedUser !== undefined) {
      diagnoses.push(found('login-untried', subject, whom));
    }
  }
  return diagnoses;
}

function checkLogin(
  { user, kind, outcome }: ExaminedLogin,
  subject: string,
  isNobodyIn: boolean,
): readonly Diagnosis[] {
  const whose = `${subject}, user ${user}`;
  if (outcome.kind === 'untried') return [];
  if (outcome.kind === 'failed') {
    const { failure } = outcome;
    return [found(failureName(failure, kind === 'own' || isNobodyIn), whose, failure.reason)];
  }
  const { facts, authQuery } = outcome;
  const diagnoses = [fine('login', whose, serverWords(facts))];
  if (authQuery?.kind === 'fails') {
    diagnoses.push(found('auth-query-fails', whose, authQuery.reason));
  } else if (authQuery?.kind === 'works') {
    diagnoses.push(fine('auth-query', whose, 'auth_query gives what is wanted'));
  }
  return diagnoses;
}

function failureName({ why, reason }: ProbeFailure, isNeeded: boolean): FindingName {
  if (reason.includes('(53300)')) return 'server-full';
  switch (why) {
    case 'busy':
      return 'server-busy';
    case 'refused':
    case 'timeout':
    case 'lost':
      return reason.startsWith('not PostgreSQL') ? 'not-postgres' : 'unreachable';
    case 'rejected':
      return isNeeded ? 'login-refused' : 'user-refused';
  }
}

function serverWords({ versionText, inRecovery, readOnly }: ServerFacts): string {
  const role = inRecovery ? 'standby' : readOnly ? 'primary, read-only' : 'primary';
  return `PostgreSQL ${versionText}, ${role}`;
}
