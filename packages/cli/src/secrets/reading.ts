import type { SecretFault, SecretStage, SecretStore } from '@pgweir/pooler';
import { parseSecretText, type SecretValue } from './secret-value';

/** A version of a secret that makes sense. Secret. */
export interface KeptVersion extends SecretValue {
  readonly id: string;
  readonly text: string;
  readonly createdAtMs: number | undefined;
}

export type StageReading =
  | { readonly kind: 'read'; readonly version: KeptVersion }
  | { readonly kind: 'none' }
  | { readonly kind: 'failed'; readonly why: SecretFault; readonly reason: string };

export const TOO_SLOW: StageReading = {
  kind: 'failed',
  why: 'unreachable',
  reason: 'no answer in time',
};

/** Reads one version of a secret, and what it says. Never rejects; ends when `signal` is aborted. */
export async function readStage(
  store: SecretStore,
  stage: SecretStage,
  signal: AbortSignal,
): Promise<StageReading> {
  const late = new Promise<StageReading>((resolve) => {
    signal.addEventListener('abort', () => resolve(TOO_SLOW), { once: true });
  });
  return await Promise.race([late, readNow(store, stage, signal)]);
}

async function readNow(
  store: SecretStore,
  stage: SecretStage,
  signal: AbortSignal,
): Promise<StageReading> {
  const reading = await store.read(stage, signal);
  if (reading.kind === 'failed' && signal.aborted) return TOO_SLOW;
  if (reading.kind !== 'read') return reading;
  const { version } = reading;
  const parsed = parseSecretText(version.text, { mayBePlain: !store.hasStages });
  if (parsed.kind === 'bad') return { kind: 'failed', why: 'unusable', reason: parsed.reason };
  return { kind: 'read', version: { ...version, ...parsed.value } };
}
