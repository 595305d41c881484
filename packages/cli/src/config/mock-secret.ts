import { createHash, scryptSync } from 'node:crypto';

/** What the secret of mock authentication derives from; empty where there is none. */
export interface MockSecretSources {
  /** Content of `mock_auth_secret_file`. When present nothing else counts. */
  readonly own: string;
  readonly authFile: string;
  readonly tlsKey: string;
  /** Random id of the machine, unknown to those outside. */
  readonly machineId: string;
}

/**
 * The secret from which salts for unknown users derive. All processes and every restart get the same
 * one from the same files, with nothing to store.
 *
 * A salt is shown to anybody, so it must not help to guess what the secret was made of: weak passwords
 * in auth_file. Hence the key and the machine's id, which no outsider can guess, and scrypt, which makes
 * each guess expensive for those inside.
 */
export function mockSecret(sources: MockSecretSources): Buffer {
  const parts =
    sources.own === ''
      ? ['derived', sources.authFile, sources.tlsKey, sources.machineId]
      : ['own', sources.own];
  const hash = createHash('sha256').update('pgweir mock authentication');
  // Each part is hashed by itself, so that moving a byte from one to the next changes the result.
  for (const part of parts) hash.update(createHash('sha256').update(part).digest());
  return stretched(hash.digest());
}

/** The last result: scrypt takes tens of milliseconds, and a reload rarely changes the files. */
let last: { readonly input: Buffer; readonly secret: Buffer } | undefined;

function stretched(input: Buffer): Buffer {
  if (last?.input.equals(input)) return last.secret;
  const secret = scryptSync(input, 'pgweir', 32, { N: 16_384, r: 8, p: 1 });
  last = { input, secret };
  return secret;
}
