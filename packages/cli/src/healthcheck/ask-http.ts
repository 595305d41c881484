import { get } from 'node:http';
import { reasonOf } from '../system-error';
import type { Health, SocketAddress } from './health-target';

/** Of a body that says why. */
const SHOWN_BYTES_MAX = 200;

/** GET /readyz: 200 is well, anything else is an answer of somebody who does not serve. */
export function askHttp(address: SocketAddress, timeoutMs: number): Promise<Health> {
  return new Promise((resolve) => {
    const target =
      address.path === undefined
        ? { host: address.host, port: address.port }
        : { socketPath: address.path };
    const request = get({ ...target, path: '/readyz', agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => {
        body += text.slice(0, SHOWN_BYTES_MAX - body.length);
      });
      // What was said before the end counts, even when the end never comes.
      response.once('close', () => {
        clearTimeout(timer);
        const { statusCode } = response;
        if (statusCode === 200) resolve({ kind: 'serving' });
        else resolve({ kind: 'rejecting', why: `${statusCode} ${oneLine(body)}`.trim() });
      });
    });
    const timer = setTimeout(() => {
      request.destroy(new Error(`no answer within ${timeoutMs / 1000} s`));
    }, timeoutMs);
    request.once('error', (error) => {
      clearTimeout(timer);
      resolve({ kind: 'silent', why: reasonOf(error) });
    });
  });
}

function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\s]+/gu, ' ');
}
