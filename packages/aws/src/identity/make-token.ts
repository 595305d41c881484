import { createHash, createHmac } from 'node:crypto';
import {
  API_VERSION,
  escaped,
  isRegion,
  isServerName,
  LIFE_SECONDS_MAX,
  SERVER_HEADER,
  stsHost,
  TOKEN_CHARACTERS_MAX,
  TOKEN_PREFIX,
} from './token-form';

/** Credentials of AWS. Secret. */
export interface SigningCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface IdentityTokenOptions {
  /** The name of the pgweir that it is for, as its `iam_server_name` says. */
  readonly host: string;
  /** Whose STS is asked: one of its `iam_sts_regions`. */
  readonly region: string;
  /** Left out: whatever the standard chain finds (environment, profile, container, instance). */
  readonly credentials?: SigningCredentials | (() => Promise<SigningCredentials>);
  /** How long it is accepted, in seconds: 1 to 900, and 900 when left out. */
  readonly expiresS?: number;
  /** When it is signed; left out: now. */
  readonly at?: Date;
}

/**
 * Makes a password for a pgweir with `auth_type = iam`: a request `sts:GetCallerIdentity`, signed and not
 * sent.
 * Who has it can log in there, as whoever has signed it, until it expires; it is good for nothing else.
 *
 * @throws RangeError where an option is not what it should be
 * @throws Error of the AWS SDK when there are no credentials
 */
export async function makeIdentityToken(options: IdentityTokenOptions): Promise<string> {
  const { region, expiresS = LIFE_SECONDS_MAX, credentials = standardChain } = options;
  const name = options.host.toLowerCase();
  if (!isServerName(name)) throw new RangeError(`host: ${JSON.stringify(name)} is no name`);
  if (!isRegion(region)) throw new RangeError(`region: ${JSON.stringify(region)} is no region`);
  if (!Number.isInteger(expiresS) || expiresS < 1 || expiresS > LIFE_SECONDS_MAX) {
    throw new RangeError(`expires: ${expiresS} is not between 1 and ${LIFE_SECONDS_MAX} seconds`);
  }
  const { SignatureV4 } = await import('@smithy/signature-v4');
  const signer = new SignatureV4({
    ...{ service: 'sts', region, sha256: Sha256 },
    credentials: typeof credentials === 'function' ? await credentials() : credentials,
  });
  const hostname = stsHost(region);
  const { query } = await signer.presign(
    {
      ...{ method: 'GET', protocol: 'https:', hostname, path: '/' },
      query: { Action: 'GetCallerIdentity', Version: API_VERSION },
      headers: { host: hostname, [SERVER_HEADER]: name },
    },
    { expiresIn: expiresS, ...(options.at === undefined ? {} : { signingDate: options.at }) },
  );
  const pairs = Object.entries(query ?? {}).map(([key, value]) => `${key}=${escaped(`${value}`)}`);
  const url = `https://${hostname}/?${pairs.join('&')}#${name}`;
  const token = TOKEN_PREFIX + Buffer.from(url).toString('base64url');
  if (token.length > TOKEN_CHARACTERS_MAX)
    throw new RangeError('credentials: too long for a token');
  return token;
}

async function standardChain(): Promise<SigningCredentials> {
  const { fromNodeProviderChain } = await import('@aws-sdk/credential-providers');
  return await fromNodeProviderChain()();
}

/** The interface that the signer wants of a hash. */
class Sha256 {
  readonly #hash;

  constructor(key?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = key === undefined ? createHash('sha256') : createHmac('sha256', bytesOf(key));
  }

  update(data: string | ArrayBuffer | ArrayBufferView): void {
    this.#hash.update(bytesOf(data));
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }

  reset(): void {
    throw new Error('a hash is made for each use');
  }
}

function bytesOf(data: string | ArrayBuffer | ArrayBufferView): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data);
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
