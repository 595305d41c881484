import type { IncomingHttpHeaders } from 'node:http';

/**
 * Whether a page of somebody else may have made a browser send this. Browsers say where a request comes
 * from, in one way or two; programs that are no browsers say nothing.
 */
export function isCrossSite(headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin') return true;
  const { origin, host } = headers;
  if (origin === undefined) return false;
  return host === undefined || URL.parse(origin)?.host !== host.toLowerCase();
}

export function isJson(headers: IncomingHttpHeaders): boolean {
  return /^application\/json(?:\s*;|$)/i.test(headers['content-type'] ?? '');
}

/** The value of a cookie. */
export function cookieOf(headers: IncomingHttpHeaders, name: string): string | undefined {
  for (const part of headers.cookie?.split(';') ?? []) {
    const at = part.indexOf('=');
    if (at > 0 && part.slice(0, at).trim() === name) return part.slice(at + 1).trim();
  }
  return undefined;
}
