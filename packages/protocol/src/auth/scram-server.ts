import { equalBytes, equalTokens } from './constant-time';
import { xor } from './scram-keys';
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
import type { ScramSecret } from './secret';
import { sha256 } from './sha256';

export type ScramServerFirst = { readonly kind: 'continue'; readonly data: string } | ScramFailure;
export type ScramServerFinal =
  | {
      readonly kind: 'ok';
      /** The server's last message: its proof that it knows the verifier. */
      readonly data: string;
      /** The client's key, good for logging in elsewhere with the same verifier. A secret. */
      readonly clientKey: Buffer;
    }
  | ScramFailure;

/** What a proof may fit. The verifiers have one salt and one number of iterations. */
export type ScramVerifiers = {
  readonly secret: ScramSecret;
  /** Of another password that is good as well. */
  readonly previous?: ScramSecret | undefined;
};

export type ScramServerOptions = ScramVerifiers & {
  /** Data of `tls-server-end-point` when PLUS is offered to this client. */
  readonly channelBinding: Buffer | undefined;
  /** The server's half of the nonce, for tests. */
  readonly nonce?: string;
};

type Challenge = {
  readonly nonce: string;
  readonly binding: string;
  readonly clientFirstBare: string;
  readonly serverFirst: string;
};

type Exchange = Challenge & { readonly clientFinalWithoutProof: string };

type Phase =
  | { readonly kind: 'fresh' }
  | { readonly kind: 'challenged'; readonly challenge: Challenge }
  | { readonly kind: 'refused'; readonly exchange: Exchange; readonly proof: Buffer }
  | { readonly kind: 'over' };

/** The mechanisms to offer, in PostgreSQL's order. */
export function scramMechanisms(channelBinding: Buffer | undefined): readonly ScramMechanismName[] {
  const { plain, plus } = ScramMechanism;
  return channelBinding === undefined ? [plain] : [plus, plain];
}

/**
 * The server's side of one SCRAM login: `first`, then `final`, and `again` if other passwords have become
 * known. Whatever the client sends, the answer is a result and never an exception; a call out of order
 * fails too. The user name inside the messages is ignored, as in PostgreSQL: the one of the startup
 * packet counts.
 *
 * Reasons are for the log. A client should only learn that its login failed.
 *
 * @see RFC 5802, RFC 7677; PostgreSQL documentation, anchor sasl-scram-sha-256
 */
export class ScramServer {
  readonly #verifiers: ScramVerifiers;
  readonly #channelBinding: Buffer | undefined;
  readonly #nonce: string;
  #phase: Phase = { kind: 'fresh' };

  constructor(options: ScramServerOptions) {
    this.#verifiers = options;
    this.#channelBinding = options.channelBinding;
    this.#nonce = options.nonce ?? newNonce();
  }

  /** Takes the SASLInitialResponse's mechanism and data; `data` answers in AuthenticationSASLContinue. */
  first(mechanism: string, data: Buffer): ScramServerFirst {
    const fresh = this.#phase.kind === 'fresh';
    this.#phase = { kind: 'over' };
    if (!fresh) return failed('SCRAM message out of order');
    const text = messageText(data);
    const flagEnd = text?.indexOf(',') ?? -1;
    if (text === undefined || flagEnd < 0) return failed('malformed client-first-message');
    const refusal = this.#checkBindingFlag(mechanism, text.slice(0, flagEnd));
    if (refusal !== undefined) return failed(refusal);
    if (text[flagEnd + 1] === 'a') return failed('authorization identity is not supported');
    if (text[flagEnd + 1] !== ',') return failed('malformed client-first-message');
    const gs2Header = text.slice(0, flagEnd + 2);
    const clientFirstBare = text.slice(flagEnd + 2);
    return this.#challenge(gs2Header, clientFirstBare, mechanism === ScramMechanism.plus);
  }

  /** Why the client's choice of mechanism and its binding flag do not go with what we offered. */
  #checkBindingFlag(mechanism: string, flag: string): string | undefined {
    const offered = this.#channelBinding !== undefined;
    const plus = mechanism === ScramMechanism.plus;
    if (!plus && mechanism !== ScramMechanism.plain) return 'unknown SASL mechanism';
    if (plus && !offered) return 'channel binding was not offered';
    if (flag.startsWith('p=')) {
      if (!plus) return 'channel binding data without SCRAM-SHA-256-PLUS';
      return flag === `p=${CHANNEL_BINDING_TYPE}` ? undefined : 'unsupported channel binding type';
    }
    if (flag !== 'n' && flag !== 'y') return 'malformed channel binding flag';
    if (plus) return 'SCRAM-SHA-256-PLUS without channel binding data';
    // Somebody in between may have struck PLUS from our list.
    if (flag === 'y' && offered) return 'client thinks that channel binding was not offered';
    return undefined;
  }

  #challenge(gs2Header: string, clientFirstBare: string, bound: boolean): ScramServerFirst {
    const [userPart, noncePart, ...extensions] = clientFirstBare.split(',');
    if (attribute(userPart, 'm') !== undefined) return failed('unsupported SCRAM extension');
    if (attribute(userPart, 'n') === undefined) return failed('malformed client-first-message');
    const clientNonce = attribute(noncePart, 'r');
    if (clientNonce === undefined || !isNonce(clientNonce)) return failed('malformed client nonce');
    if (!areExtensions(extensions)) return failed('malformed client-first-message');
    const nonce = clientNonce + this.#nonce;
    const { salt, iterations } = this.#verifiers.secret;
    const serverFirst = `r=${nonce},s=${salt.toString('base64')},i=${iterations}`;
    const binding = channelBindingValue(gs2Header, bound ? this.#channelBinding : undefined);
    this.#phase = {
      kind: 'challenged',
      challenge: { nonce, binding, clientFirstBare, serverFirst },
    };
    return { kind: 'continue', data: serverFirst };
  }

  /** Takes the SASLResponse; on success `data` goes out in AuthenticationSASLFinal. */
  final(data: Buffer): ScramServerFinal {
    const phase = this.#phase;
    this.#phase = { kind: 'over' };
    if (phase.kind !== 'challenged') return failed('SCRAM message out of order');
    const { challenge } = phase;
    const parts = messageText(data)?.split(',') ?? [];
    const proofPart = parts.pop();
    const [bindingPart, noncePart, ...extensions] = parts;
    const binding = attribute(bindingPart, 'c');
    const nonce = attribute(noncePart, 'r');
    const proof = base64Attribute(proofPart, 'p');
    if (binding === undefined || nonce === undefined || !areExtensions(extensions))
      return failed('malformed client-final-message');
    if (proof?.length !== this.#verifiers.secret.storedKey.length) return failed('malformed proof');
    if (!equalTokens(binding, challenge.binding)) return failed('channel binding does not match');
    if (!equalTokens(nonce, challenge.nonce)) return failed('nonce does not match');
    const exchange = { ...challenge, clientFinalWithoutProof: parts.join(',') };
    return this.#verify(exchange, proof, this.#verifiers);
  }

  /** All was well but for the password: `again` makes sense. */
  get isPasswordWrong(): boolean {
    return this.#phase.kind === 'refused';
  }

  /** Compares the proof that `final` has refused with other verifiers: still one guess of the client's. */
  again(verifiers: ScramVerifiers): ScramServerFinal {
    const phase = this.#phase;
    if (phase.kind !== 'refused') return failed('SCRAM message out of order');
    const { salt, iterations } = this.#verifiers.secret;
    const { secret } = verifiers;
    if (iterations !== secret.iterations || !salt.equals(secret.salt))
      return failed('wrong password');
    this.#phase = { kind: 'over' };
    return this.#verify(phase.exchange, phase.proof, verifiers);
  }

  #verify(
    exchange: Exchange,
    proof: Buffer,
    { secret, previous = secret }: ScramVerifiers,
  ): ScramServerFinal {
    // All of it for both, so that the time does not tell who has two passwords.
    const answers = [secret, previous].map(({ storedKey, serverKey }) => {
      const clientKey = xor(proof, signature(storedKey, exchange));
      const serverSignature = signature(serverKey, exchange);
      return { clientKey, serverSignature, fits: equalBytes(sha256(clientKey), storedKey) };
    });
    const answer = answers.find(({ fits }) => fits);
    if (answer === undefined) {
      this.#phase = { kind: 'refused', exchange, proof };
      return failed('wrong password');
    }
    const { clientKey, serverSignature } = answer;
    return { kind: 'ok', data: `v=${serverSignature.toString('base64')}`, clientKey };
  }
}
