import { equalBytes } from './constant-time';
import { type DerivedKeys, deriveKeys, xor } from './scram-keys';
import {
  areExtensions,
  attribute,
  base64Attribute,
  CHANNEL_BINDING_TYPE,
  channelBindingValue,
  failed,
  isNonce,
  messageText,
  newNonce,
  type ScramFailure,
  ScramMechanism,
  type ScramMechanismName,
  signature,
} from './scram-text';
import { sha256 } from './sha256';

/**
 * What we log in with: a password, or the keys of a client's own SCRAM login against the same verifier
 * (pass-through: its client key and the verifier's server key).
 */
export type ScramCredentials =
  | { readonly kind: 'password'; readonly password: string }
  | { readonly kind: 'keys'; readonly clientKey: Buffer; readonly serverKey: Buffer };

export type ScramClientOptions = {
  /** Of `chooseMechanism`. */
  readonly mechanism: ScramMechanismName;
  readonly credentials: ScramCredentials;
  /** Data of `tls-server-end-point`; undefined without TLS, or where binding is not wanted. */
  readonly channelBinding: Buffer | undefined;
  /** The client's nonce, for tests. */
  readonly nonce?: string;
  /** The name inside the messages, for tests. Empty, as libpq sends it, when not given. */
  readonly messageUser?: string;
};

export type ScramResponse = { readonly kind: 'response'; readonly data: string } | ScramFailure;

/** The most iterations that a server may ask of us: a few seconds of one core. */
export const SCRAM_ITERATIONS_MAX = 10_000_000;

type Challenge = {
  readonly kind: 'challenge';
  readonly text: string;
  readonly nonce: string;
  readonly salt: Buffer;
  readonly iterations: number;
};
type Keys = { readonly clientKey: Buffer; readonly serverKey: Buffer };

type Phase =
  | { readonly kind: 'fresh' }
  | { readonly kind: 'deriving' }
  | { readonly kind: 'proven'; readonly serverSignature: Buffer }
  | { readonly kind: 'over' };

/** The best mechanism of a server's list, or undefined when it has none that we can do. */
export function chooseMechanism(
  mechanisms: readonly string[],
  channelBinding: Buffer | undefined,
): ScramMechanismName | undefined {
  const { plain, plus } = ScramMechanism;
  if (channelBinding !== undefined && mechanisms.includes(plus)) return plus;
  return mechanisms.includes(plain) ? plain : undefined;
}

/**
 * The client's side of one SCRAM login: `first`, `continue`, `final`. Whatever the server sends, the
 * answer is a result and never an exception; a call out of order fails too.
 *
 * @see RFC 5802, RFC 7677; PostgreSQL documentation, anchor sasl-scram-sha-256
 */
export class ScramClient {
  readonly #mechanism: ScramMechanismName;
  readonly #credentials: ScramCredentials;
  readonly #gs2Header: string;
  readonly #binding: string;
  readonly #nonce: string;
  readonly #clientFirstBare: string;
  #phase: Phase = { kind: 'fresh' };

  constructor(options: ScramClientOptions) {
    const { mechanism, credentials, channelBinding } = options;
    const plus = mechanism === ScramMechanism.plus;
    if (plus && channelBinding === undefined)
      throw new RangeError('SCRAM-SHA-256-PLUS needs channel binding data');
    this.#mechanism = mechanism;
    this.#credentials = credentials;
    this.#gs2Header = gs2Header(mechanism, channelBinding);
    this.#binding = channelBindingValue(this.#gs2Header, plus ? channelBinding : undefined);
    this.#nonce = options.nonce ?? newNonce();
    this.#clientFirstBare = `n=${options.messageUser ?? ''},r=${this.#nonce}`;
  }

  /** What goes into the SASLInitialResponse. */
  first(): { readonly mechanism: ScramMechanismName; readonly data: string } {
    return { mechanism: this.#mechanism, data: this.#gs2Header + this.#clientFirstBare };
  }

  /**
   * Takes the data of AuthenticationSASLContinue. `done` is called once: later when keys have to be
   * derived from a password, and before `continue` returns otherwise. A caller whose connection is gone
   * by then ignores the call.
   */
  continue(data: Buffer, done: (result: ScramResponse) => void): void {
    const challenge = this.#readChallenge(data);
    if (challenge.kind === 'failed') {
      this.#phase = { kind: 'over' };
      done(challenge);
    } else if (this.#credentials.kind === 'keys') {
      done(this.#prove(this.#credentials, challenge));
    } else {
      this.#phase = { kind: 'deriving' };
      const { salt, iterations } = challenge;
      deriveKeys(this.#credentials.password, salt, iterations, (derived) =>
        done(this.#proveDerived(derived, challenge)),
      );
    }
  }

  #proveDerived(derived: DerivedKeys, challenge: Challenge): ScramResponse {
    const waiting = this.#phase.kind === 'deriving';
    this.#phase = { kind: 'over' };
    if (!waiting) return failed('SCRAM message out of order');
    return derived.kind === 'failed' ? derived : this.#prove(derived.keys, challenge);
  }

  #readChallenge(data: Buffer): Challenge | ScramFailure {
    if (this.#phase.kind !== 'fresh') return failed('SCRAM message out of order');
    const text = messageText(data);
    if (text === undefined) return failed('malformed server-first-message');
    const [noncePart, saltPart, iterationsPart, ...extensions] = text.split(',');
    if (attribute(noncePart, 'm') !== undefined) return failed('unsupported SCRAM extension');
    const nonce = attribute(noncePart, 'r');
    const salt = base64Attribute(saltPart, 's');
    const iterationsText = attribute(iterationsPart, 'i');
    if (nonce === undefined || salt === undefined || iterationsText === undefined)
      return failed('malformed server-first-message');
    if (!areExtensions(extensions)) return failed('malformed server-first-message');
    if (!isNonce(nonce) || !nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length)
      return failed('invalid server nonce');
    if (!/^[1-9]\d{0,9}$/.test(iterationsText)) return failed('invalid iteration count');
    const iterations = Number(iterationsText);
    if (iterations > SCRAM_ITERATIONS_MAX)
      return failed(`server asks for ${iterations} iterations, more than ${SCRAM_ITERATIONS_MAX}`);
    return { kind: 'challenge', text, nonce, salt, iterations };
  }

  #prove({ clientKey, serverKey }: Keys, challenge: Challenge): ScramResponse {
    const clientFinalWithoutProof = `c=${this.#binding},r=${challenge.nonce}`;
    const exchange = {
      clientFirstBare: this.#clientFirstBare,
      serverFirst: challenge.text,
      clientFinalWithoutProof,
    };
    const proof = xor(clientKey, signature(sha256(clientKey), exchange)).toString('base64');
    this.#phase = { kind: 'proven', serverSignature: signature(serverKey, exchange) };
    return { kind: 'response', data: `${clientFinalWithoutProof},p=${proof}` };
  }

  /** Takes the data of AuthenticationSASLFinal: the server proves that it knows the verifier. */
  final(data: Buffer): { readonly kind: 'ok' } | ScramFailure {
    const phase = this.#phase;
    this.#phase = { kind: 'over' };
    if (phase.kind !== 'proven') return failed('SCRAM message out of order');
    const [part, ...extensions] = messageText(data)?.split(',') ?? [];
    const error = attribute(part, 'e');
    if (error !== undefined) return failed(`server refused the login: ${error}`);
    const actual = base64Attribute(part, 'v');
    if (actual === undefined || !areExtensions(extensions))
      return failed('malformed server-final-message');
    if (!equalBytes(actual, phase.serverSignature)) return failed('incorrect server signature');
    return { kind: 'ok' };
  }
}

/** `y` says "I could bind, but you did not offer it", so that a server can notice a struck offer. */
function gs2Header(mechanism: ScramMechanismName, channelBinding: Buffer | undefined): string {
  if (mechanism === ScramMechanism.plus) return `p=${CHANNEL_BINDING_TYPE},,`;
  return channelBinding === undefined ? 'n,,' : 'y,,';
}
