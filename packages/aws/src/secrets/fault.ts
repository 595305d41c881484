import type { SecretFault } from '@pgweir/pooler';

/** Of a secret, or of a version, that is not there. */
export const NO_SUCH_VERSION = 'ResourceNotFoundException';

const WHY: Readonly<Record<string, SecretFault>> = {
  [NO_SUCH_VERSION]: 'missing',
  // So it says of a secret that is marked for deletion.
  InvalidRequestException: 'missing',
  AccessDeniedException: 'denied',
  AccessDenied: 'denied',
  DecryptionFailure: 'denied',
  CredentialsProviderError: 'denied',
  UnrecognizedClientException: 'denied',
  InvalidClientTokenId: 'denied',
  ExpiredToken: 'denied',
  ExpiredTokenException: 'denied',
  InvalidSignatureException: 'denied',
  SignatureDoesNotMatch: 'denied',
  ThrottlingException: 'throttled',
  Throttling: 'throttled',
  TooManyRequestsException: 'throttled',
};

/** Those whose messages have nothing in them that is secret: others may show what was signed. */
const MAY_BE_SHOWN: ReadonlySet<string> = new Set([
  NO_SUCH_VERSION,
  'InvalidRequestException',
  'AccessDeniedException',
  'AccessDenied',
  'DecryptionFailure',
  'CredentialsProviderError',
  'ThrottlingException',
]);

const REASON_CHARACTERS_MAX = 300;

/** What an error of the SDK means. */
export function faultOf(error: unknown): { readonly why: SecretFault; readonly reason: string } {
  if (!(error instanceof Error)) return { why: 'unreachable', reason: 'an unknown error' };
  const { name } = error;
  const why = WHY[name] ?? 'unreachable';
  if (MAY_BE_SHOWN.has(name)) {
    return { why, reason: `${name}: ${error.message}`.slice(0, REASON_CHARACTERS_MAX) };
  }
  return { why, reason: codeOf(error) ?? name };
}

/** Of the system, where no connection came about: `ECONNREFUSED`. */
function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
