const REASON_CHARACTERS_MAX = 300;

/** Access keys, and what a presigned request carries. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/\b(?:AKIA|ASIA)[A-Z0-9]{8,}/g, '***'],
  [/\b(X-Amz-(?:Signature|Security-Token|Credential)=)[^&\s"']+/gi, '$1***'],
];

/** What AWS, or its library, says went wrong: on one line, bounded, and without secrets. */
export function awsReason(error: unknown): string {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  const isTelling = name !== '' && name !== 'Error' && !name.startsWith('CredentialsProvider');
  let text = isTelling ? `${name}: ${message}` : message;
  for (const [secret, shown] of SECRETS) text = text.replace(secret, shown);
  return text.replace(/\s+/g, ' ').trim().slice(0, REASON_CHARACTERS_MAX);
}
