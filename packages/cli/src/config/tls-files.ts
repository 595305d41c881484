import { createPrivateKey, getCurves, X509Certificate } from 'node:crypto';
import tls from 'node:tls';
import type { ServerTls, TlsClientOptions, TlsServerOptions } from '@pgweir/pooler';
import { reasonOf } from '../system-error';
import { type Findings, type Place, quoted } from './finding';
import type { FileAccess } from './ini-file';
import { readSettingFile } from './setting-file';
import type { GlobalValues } from './settings';
import type { TlsRange } from './tls-protocols';

export interface TlsContext {
  readonly access: FileAccess;
  readonly findings: Findings;
  /** Where a setting was assigned; the file as a whole when it was not. */
  readonly place: (name: keyof GlobalValues) => Place;
}

type FileSetting = Extract<keyof GlobalValues, `${string}_tls_${string}_file`>;

/** Reads what `client_tls_*` names. undefined: TLS is off, or a problem was reported. */
export function readServerSide(
  values: GlobalValues,
  context: TlsContext & { readonly asksForCertificates: boolean },
): TlsServerOptions | undefined {
  const mode = values.client_tls_sslmode;
  if (mode === 'disable') return undefined;
  const { findings, place } = context;
  for (const name of ['client_tls_key_file', 'client_tls_cert_file'] as const) {
    if (values[name] !== '') continue;
    const message = `client_tls_sslmode = ${mode} needs ${name}`;
    findings.problem(place('client_tls_sslmode'), message);
  }
  const verified = mode === 'verify-ca' || mode === 'verify-full';
  if (verified && values.client_tls_ca_file === '') {
    const message = `client_tls_sslmode = ${mode} needs client_tls_ca_file`;
    findings.problem(place('client_tls_sslmode'), message);
  }
  warnOfSuites13('client_tls13_ciphers', values, context);
  const pair = readPair('client_tls_key_file', 'client_tls_cert_file', values, context);
  const ca = readCertificates('client_tls_ca_file', values, context);
  const options = {
    ca,
    clientCertificate: clientCertificate({ verified, asked: context.asksForCertificates }),
    ...versions(values.client_tls_protocols),
    ciphers: ciphers(values.client_tls_ciphers, values.client_tls13_ciphers, {
      range: values.client_tls_protocols,
    }),
    ecdhCurve: readCurve(values.client_tls_ecdhcurve, context),
    dhparam: values.client_tls_dheparams === 'auto' ? ('auto' as const) : undefined,
  };
  if (!accepted(options, place('client_tls_ciphers'), 'client_tls', context)) return undefined;
  if (pair.key === undefined || pair.cert === undefined) return undefined;
  return { key: pair.key, cert: pair.cert, ...options };
}

function clientCertificate(wanted: {
  readonly verified: boolean;
  readonly asked: boolean;
}): TlsServerOptions['clientCertificate'] {
  if (wanted.verified) return 'require';
  return wanted.asked ? 'request' : 'none';
}

/** Reads what `server_tls_*` names. undefined: TLS is off, or a problem was reported. */
export function readClientSide(values: GlobalValues, context: TlsContext): ServerTls {
  const mode = values.server_tls_sslmode;
  return { mode, options: mode === 'disable' ? undefined : clientOptions(mode, values, context) };
}

function clientOptions(
  mode: string,
  values: GlobalValues,
  context: TlsContext,
): TlsClientOptions | undefined {
  const { findings, place } = context;
  const verified = mode === 'verify-ca' || mode === 'verify-full';
  if (verified && values.server_tls_ca_file === '') {
    const message = `server_tls_sslmode = ${mode} needs server_tls_ca_file`;
    findings.problem(place('server_tls_sslmode'), message);
  }
  const hasKey = values.server_tls_key_file !== '';
  if (hasKey !== (values.server_tls_cert_file !== '')) {
    const [present, absent] = hasKey
      ? (['server_tls_key_file', 'server_tls_cert_file'] as const)
      : (['server_tls_cert_file', 'server_tls_key_file'] as const);
    findings.problem(place(present), `${present} needs ${absent}`);
  }
  warnOfSuites13('server_tls13_ciphers', values, context);
  const pair = readPair('server_tls_key_file', 'server_tls_cert_file', values, context);
  const ca = readCertificates('server_tls_ca_file', values, context);
  const options = {
    ...pair,
    ca,
    verify: verify(mode),
    ...versions(values.server_tls_protocols),
    ciphers: ciphers(values.server_tls_ciphers, values.server_tls13_ciphers, {
      range: values.server_tls_protocols,
    }),
  };
  return accepted(options, place('server_tls_ciphers'), 'server_tls', context)
    ? options
    : undefined;
}

function verify(mode: string): TlsClientOptions['verify'] {
  if (mode === 'verify-full') return 'full';
  return mode === 'verify-ca' ? 'ca' : 'none';
}

function versions(range: TlsRange): Pick<TlsServerOptions, 'minVersion' | 'maxVersion'> {
  return { minVersion: range.min, maxVersion: range.max };
}

function readPair(
  keyName: FileSetting,
  certName: FileSetting,
  values: GlobalValues,
  context: TlsContext,
): { readonly key: string | undefined; readonly cert: string | undefined } {
  const keyText = readSettingFile(keyName, values, context);
  const certText = readSettingFile(certName, values, context);
  const key = keyText === undefined ? undefined : parsed(createPrivateKey, keyText);
  const cert = certText === undefined ? undefined : parsed(certificate, certText);
  const { findings, place } = context;
  if (keyText !== undefined && key === undefined) {
    const message = `${keyName}: ${quoted(values[keyName])} holds no private key in PEM`;
    findings.problem(place(keyName), `${message} (keys with a pass phrase cannot be used)`);
  }
  if (certText !== undefined && cert === undefined) {
    const message = `${certName}: ${quoted(values[certName])} holds no certificate in PEM`;
    findings.problem(place(certName), message);
  }
  if (key === undefined || cert === undefined) return { key: undefined, cert: undefined };
  if (!cert.checkPrivateKey(key)) {
    const message = `${keyName}: the key does not belong to the certificate of ${certName}`;
    findings.problem(place(keyName), message);
  }
  return { key: keyText, cert: certText };
}

function readCertificates(
  name: FileSetting,
  values: GlobalValues,
  context: TlsContext,
): string | undefined {
  const pem = readSettingFile(name, values, context);
  if (pem === undefined) return undefined;
  if (parsed(certificate, pem) === undefined) {
    const message = `${name}: ${quoted(values[name])} holds no certificate in PEM`;
    context.findings.problem(context.place(name), message);
  }
  return pem;
}

function certificate(pem: string): X509Certificate {
  return new X509Certificate(pem);
}

/** undefined: not in that format. Why is in OpenSSL's own words, which help nobody. */
function parsed<T>(parse: (pem: string) => T, pem: string): T | undefined {
  try {
    return parse(pem);
  } catch {
    return undefined;
  }
}

/** Words for which OpenSSL has no list of that name. */
const CIPHER_WORDS: ReadonlyMap<string, string | undefined> = new Map([
  ['default', undefined],
  ['secure', undefined],
  ['fast', undefined],
  ['normal', 'HIGH:MEDIUM:!aNULL:!eNULL'],
  ['all', 'ALL:!aNULL:!eNULL'],
]);

/** One list for both kinds, as the runtime wants it: suites of TLS 1.3 are those that begin with TLS_. */
function ciphers(
  upTo12: string,
  suites13: string,
  { range }: { readonly range: TlsRange },
): string | undefined {
  const word = upTo12.toLowerCase();
  const chosen = CIPHER_WORDS.has(word) ? CIPHER_WORDS.get(word) : upTo12;
  // OpenSSL refuses the signatures of TLS 1.0 and 1.1 unless asked for in this way.
  const old = range.min === 'TLSv1' || range.min === 'TLSv1.1';
  if ((chosen === undefined || chosen === '') && suites13 === '' && !old) return undefined;
  const usual = tls.DEFAULT_CIPHERS.split(':');
  const suites = suites13 === '' ? usual.filter(isSuite13).join(':') : suites13;
  const rest = chosen || usual.filter((name) => !isSuite13(name)).join(':');
  return `${suites}:${rest}${old ? ':@SECLEVEL=0' : ''}`;
}

/** Better said than believed to be in force. */
function warnOfSuites13(
  name: 'client_tls13_ciphers' | 'server_tls13_ciphers',
  values: GlobalValues,
  { findings, place }: TlsContext,
): void {
  if (values[name] === '' || process.versions.bun === undefined) return;
  findings.warning(place(name), `${name} has no effect on Bun, which offers all suites of TLS 1.3`);
}

function isSuite13(name: string): boolean {
  return name.startsWith('TLS_');
}

function readCurve(curve: string, { findings, place }: TlsContext): string | undefined {
  if (curve.toLowerCase() === 'auto' || curve === '') return undefined;
  const known = new Set([...getCurves(), 'X25519', 'X448', 'P-256', 'P-384', 'P-521']);
  const unknown = curve.split(':').filter((name) => !known.has(name));
  if (unknown.length > 0) {
    const message =
      `client_tls_ecdhcurve = ${quoted(curve)} is not a valid value; ` +
      'accepted: auto, or names of curves as OpenSSL has them with colons between';
    findings.problem(place('client_tls_ecdhcurve'), message);
    return undefined;
  }
  return curve;
}

/** Asks OpenSSL, so that a list of ciphers that it does not know is found now and not at a login. */
function accepted(
  options: Pick<TlsClientOptions, 'ciphers' | 'minVersion' | 'maxVersion'>,
  place: Place,
  side: string,
  { findings }: TlsContext,
): boolean {
  const { ciphers: names, minVersion, maxVersion } = options;
  try {
    tls.createSecureContext({
      minVersion,
      maxVersion,
      ...(names === undefined ? {} : { ciphers: names }),
    });
    return true;
  } catch (error) {
    const what = `${side}_ciphers, ${side}13_ciphers and ${side}_protocols`;
    findings.problem(place, `${what} do not fit together: ${reasonOf(error)}`);
    return false;
  }
}
