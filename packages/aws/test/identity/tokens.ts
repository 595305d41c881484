import { makeIdentityToken, type SigningCredentials } from '../../src';
import type { IdentityRules } from '../../src/identity/read-token';
import { TOKEN_PREFIX } from '../../src/identity/token-form';

/** When the tokens of these tests are signed, unless they say otherwise. */
export const SIGNED_AT = new Date('2026-01-31T23:59:30Z');
export const HOST = 'pgweir.example.org';
export const RULES: IdentityRules = {
  serverNames: ['other.example.org', HOST],
  regions: ['eu-central-1', 'us-east-1'],
};
export const KEYS: SigningCredentials = {
  accessKeyId: 'AKIDEXAMPLEEXAMPLE12',
  secretAccessKey: 'nobody knows',
};

export function signed(
  options: {
    readonly host?: string;
    readonly region?: string;
    readonly credentials?: SigningCredentials;
    readonly expiresS?: number;
    readonly at?: Date;
  } = {},
): Promise<string> {
  return makeIdentityToken({
    ...{ host: HOST, region: 'us-east-1', credentials: KEYS, at: SIGNED_AT },
    ...options,
  });
}

export function urlOf(token: string): string {
  return Buffer.from(token.slice(TOKEN_PREFIX.length), 'base64url').toString();
}

export function tokenOf(url: string): string {
  return TOKEN_PREFIX + Buffer.from(url).toString('base64url');
}
