import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { type AwsKey, awsEnvironment, type SignedRequest } from '@pgweir/testkit';
import { SignatureV4 } from '@smithy/signature-v4';

/** What the SDK's signer computes with. */
class Sha256 {
  readonly #state: Hash | Hmac;

  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    if (secret === undefined) this.#state = createHash('sha256');
    else if (typeof secret === 'string') this.#state = createHmac('sha256', secret);
    else this.#state = createHmac('sha256', bytesOf(secret));
  }

  update(chunk: Uint8Array): void {
    this.#state.update(chunk);
  }

  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#state.digest());
  }
}

function bytesOf(data: ArrayBuffer | ArrayBufferView): Uint8Array {
  if (!ArrayBuffer.isView(data)) return new Uint8Array(data);
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

export interface SignOptions {
  readonly service?: string;
  readonly region?: string;
  readonly at?: Date;
  readonly expiresS?: number;
}

export interface Unsigned {
  readonly method?: string;
  readonly path?: string;
  readonly query?: Readonly<Record<string, string | string[]>>;
  /** With the host. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** By the SDK's own signer, in the Authorization header or in the query; as it is on the wire. */
export async function signed(
  form: 'header' | 'presigned',
  unsigned: Unsigned,
  key: AwsKey,
  options: SignOptions = {},
): Promise<SignedRequest> {
  const { service = 'sts', region = 'us-east-1', at = new Date(), expiresS = 60 } = options;
  const { accessKeyId, secretAccessKey, sessionToken } = key;
  const known = { accessKeyId, secretAccessKey };
  const credentials = sessionToken === undefined ? known : { ...known, sessionToken };
  const signer = new SignatureV4({ service, region, sha256: Sha256, credentials });
  const { method = 'GET', path = '/', query = {}, headers, body = '' } = unsigned;
  const request = {
    ...{ method, path, body, protocol: 'http:', hostname: 'ignored' },
    ...{ query: { ...query }, headers: { ...headers } },
  };
  const done =
    form === 'header'
      ? await signer.sign(request, { signingDate: at })
      : await signer.presign(request, { signingDate: at, expiresIn: expiresS });
  const parts = Object.entries(done.query ?? {}).flatMap(([name, value]) =>
    [value ?? ''].flat().map((one) => `${encodeURIComponent(name)}=${encodeURIComponent(one)}`),
  );
  return {
    method,
    url: parts.length === 0 ? path : `${path}?${parts.join('&')}`,
    headers: Object.entries(done.headers),
    body,
  };
}

/** Runs `work` with the SDK's standard variables set in this process. */
export async function withEnvironment<T>(
  key: AwsKey,
  more: Readonly<Record<string, string>>,
  work: () => Promise<T>,
): Promise<T> {
  const before = { ...process.env };
  const set = { ...awsEnvironment(key), ...more };
  Object.assign(process.env, set);
  try {
    return await work();
  } finally {
    for (const name of Object.keys(set)) delete process.env[name];
    Object.assign(process.env, before);
  }
}
