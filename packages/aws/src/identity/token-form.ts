/** What a token begins with; behind it stands a URL in base64url. */
export const TOKEN_PREFIX = 'pgweir-iam-v1.';
/** The signed header that binds a token to one pgweir. */
export const SERVER_HEADER = 'x-pgweir-server-id';
/** Longer ones are refused before anything of them is decoded. Most of it is the session token of AWS. */
export const TOKEN_CHARACTERS_MAX = 16_384;
/** STS accepts no request that was signed longer ago, whatever X-Amz-Expires says. */
export const LIFE_SECONDS_MAX = 900;
export const ALGORITHM = 'AWS4-HMAC-SHA256';
export const SIGNED_HEADERS = `host;${SERVER_HEADER}`;
export const API_VERSION = '2011-06-15';

/** The endpoint of STS for a region: tokens are made for these only. */
export function stsHost(region: string): string {
  return `sts.${region}.amazonaws.com${region.startsWith('cn-') ? '.cn' : ''}`;
}

export function isRegion(text: string): boolean {
  return text.length <= 32 && /^[a-z]{2,4}(-[a-z]{2,12}){1,3}-\d{1,2}$/.test(text);
}

/** Whether a pgweir may be called so in tokens: like a host, in lower case. */
export function isServerName(text: string): boolean {
  return /^[a-z0-9]([a-z0-9._-]{0,251}[a-z0-9])?$/.test(text);
}

/** As AWS escapes names and values of a query. */
export function escaped(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
