import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

/**
 * The client's side of SCRAM-SHA-256 for one login, for ASCII passwords.
 *
 * @see RFC 5802 section 3 and 5, RFC 7677
 */
export class ScramClient {
  readonly #password: string;
  /** Hash of the server's certificate: the PLUS variant. undefined: plain. */
  readonly #binding: Buffer | undefined;
  readonly #nonce = randomBytes(18).toString('base64');
  #serverSignature = '';

  constructor(password: string, binding: Buffer | undefined) {
    this.#password = password;
    this.#binding = binding;
  }

  /** Body of SASLInitialResponse. */
  first(): Buffer {
    const mechanism = this.#binding === undefined ? 'SCRAM-SHA-256' : 'SCRAM-SHA-256-PLUS';
    const text = Buffer.from(`${this.#header()}${this.#bare()}`);
    const length = Buffer.alloc(4);
    length.writeInt32BE(text.length);
    return Buffer.concat([Buffer.from(`${mechanism}\0`), length, text]);
  }

  /** Body of SASLResponse to the server's first message. */
  final(serverFirst: string): Buffer {
    const fields = attributes(serverFirst);
    const [nonce, salt] = [fields.get('r') ?? '', Buffer.from(fields.get('s') ?? '', 'base64')];
    if (!nonce.startsWith(this.#nonce)) throw new Error('the server changed our SCRAM nonce');
    const salted = saltedPassword(this.#password, salt, Number(fields.get('i')));
    const clientKey = hmac(salted, 'Client Key');
    const storedKey = createHash('sha256').update(clientKey).digest();
    const bound = Buffer.concat([Buffer.from(this.#header()), this.#binding ?? Buffer.alloc(0)]);
    const withoutProof = `c=${bound.toString('base64')},r=${nonce}`;
    const signed = `${this.#bare()},${serverFirst},${withoutProof}`;
    const signature = hmac(storedKey, signed);
    const proof = Buffer.from(clientKey.map((byte, i) => byte ^ (signature[i] ?? 0)));
    this.#serverSignature = hmac(hmac(salted, 'Server Key'), signed).toString('base64');
    return Buffer.from(`${withoutProof},p=${proof.toString('base64')}`);
  }

  /** @throws Error when the server does not know the password either */
  verify(serverFinal: string): void {
    if (attributes(serverFinal).get('v') !== this.#serverSignature) {
      throw new Error('the server could not prove that it knows the password');
    }
  }

  #header(): string {
    return this.#binding === undefined ? 'n,,' : 'p=tls-server-end-point,,';
  }

  #bare(): string {
    return `n=,r=${this.#nonce}`;
  }
}

let last: { readonly key: string; readonly salted: Buffer } | undefined;

/** Kept for the next login: a thousand clients of one user would take seconds of CPU otherwise. */
function saltedPassword(password: string, salt: Buffer, iterations: number): Buffer {
  const key = `${iterations} ${salt.toString('hex')} ${password}`;
  if (last?.key !== key) {
    last = { key, salted: pbkdf2Sync(password, salt, iterations, 32, 'sha256') };
  }
  return last.salted;
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function attributes(text: string): Map<string, string> {
  return new Map(text.split(',').map((part) => [part.slice(0, 1), part.slice(2)]));
}
