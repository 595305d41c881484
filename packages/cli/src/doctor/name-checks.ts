import { isIP } from 'node:net';
import { performance } from 'node:perf_hooks';
import type { Resolver } from '@pgweir/pooler';
import { errorCode, reasonOf } from '../system-error';
import { type Diagnosis, fine, found } from './findings';

const SLOW_MS = 500;
const SHOWN_MAX = 8;

/** Looks one host up, as pgweir would. */
export async function checkName(host: string, resolver: Resolver): Promise<Diagnosis | undefined> {
  if (isIP(host) !== 0 || /^[/@]/.test(host)) return undefined;
  const begunMs = performance.now();
  const answer = await new Promise<Parameters<Parameters<Resolver['resolve']>[1]>[0]>((done) => {
    resolver.resolve(host, done);
  });
  const tookMs = Math.round(performance.now() - begunMs);
  const subject = `host ${host}`;
  if ('error' in answer) {
    const reason = errorCode(answer.error) ?? reasonOf(answer.error);
    return found('name-unknown', subject, `${reason} after ${tookMs} ms`);
  }
  const addresses = [...new Set(answer.addresses)];
  const shown = addresses.slice(0, SHOWN_MAX).join(', ');
  if (tookMs > SLOW_MS) return found('name-slow', subject, `${tookMs} ms for ${shown}`);
  if (addresses.length > 1 && host.toLowerCase() !== 'localhost') {
    return found('several-addresses', subject, `${addresses.length} of them: ${shown}`);
  }
  return fine('name', subject, `${shown}, in ${tookMs} ms`);
}
