import { X509Certificate } from 'node:crypto';
import { type Diagnosis, fine, found } from './findings';

const DAY_MS = 86_400_000;
const SOON_DAYS = 30;

/** How long a certificate still is one. */
export function checkExpiry(subject: string, endsAtMs: number, nowMs: number): Diagnosis {
  const days = Math.floor((endsAtMs - nowMs) / DAY_MS);
  const day = new Date(endsAtMs).toISOString().slice(0, 10);
  if (endsAtMs <= nowMs) return found('certificate-expired', subject, `since ${day}`);
  if (days < SOON_DAYS) {
    return found('certificate-expires-soon', subject, `in ${days} days, on ${day}`);
  }
  return fine('certificate', subject, `good for ${days} days`);
}

/** Our own, of a file: the first one in it. */
export function checkCertificateText(
  subject: string,
  pem: string | undefined,
  nowMs: number,
): readonly Diagnosis[] {
  if (pem === undefined) return [];
  return [checkExpiry(subject, Date.parse(new X509Certificate(pem).validTo), nowMs)];
}
