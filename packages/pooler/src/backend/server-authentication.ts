import {
  type AuthenticationRequest,
  chooseMechanism,
  md5Hash,
  md5Response,
  passwordMessage,
  ScramClient,
  saslInitialResponse,
  saslResponse,
  tlsServerEndPoint,
} from '@pgweir/protocol';
import type { ServerProof } from '../pool/server-keys';
import type { Wire } from '../ports/transport';

interface Needs {
  readonly wire: Wire;
  readonly user: string;
  readonly proof: ServerProof;
  /** The exchange can't go on. */
  readonly failed: (reason: string) => void;
}

/**
 * Answers PostgreSQL's authentication requests for one link.
 *
 * @see PostgreSQL documentation, anchor protocol-flow-start-up
 */
export class ServerAuthentication {
  /** AuthenticationOk has come, and a SCRAM exchange (if any) proved the server's side too. */
  succeeded = false;
  readonly #needs: Needs;
  #scram: ScramClient | undefined;
  #serverProven = true;

  constructor(needs: Needs) {
    this.#needs = needs;
  }

  request(request: AuthenticationRequest): void {
    const { wire, failed } = this.#needs;
    switch (request.kind) {
      case 'ok':
        if (this.#serverProven) this.succeeded = true;
        else failed('failed to verify server signature');
        return;
      case 'cleartext':
        this.#clearText();
        return;
      case 'md5':
        this.#md5(request.salt);
        return;
      case 'sasl':
        this.#beginScram(request.mechanisms);
        return;
      case 'saslContinue':
        if (this.#scram === undefined) failed('SCRAM message out of order');
        else
          this.#scram.continue(request.data, (result) => {
            if (result.kind === 'failed') failed(result.reason);
            else wire.write(saslResponse(result.data));
          });
        return;
      case 'saslFinal': {
        const result = this.#scram?.final(request.data);
        if (result?.kind === 'ok') this.#serverProven = true;
        else failed(result?.reason ?? 'SCRAM message out of order');
        return;
      }
      case 'unsupported':
        failed(`authentication method ${request.code} is not supported`);
        return;
    }
  }

  #clearText(): void {
    const { proof, wire, failed } = this.#needs;
    if (proof.kind === 'password') wire.write(passwordMessage(proof.password));
    else failed('wrong password type');
  }

  #md5(salt: Buffer): void {
    const { proof, wire, user, failed } = this.#needs;
    if (proof.kind === 'md5') {
      wire.write(passwordMessage(md5Response(proof.hash, salt)));
    } else if (proof.kind === 'password') {
      wire.write(passwordMessage(md5Response(md5Hash(proof.password, user), salt)));
    } else {
      failed('wrong password type');
    }
  }

  #beginScram(mechanisms: readonly string[]): void {
    const { proof, wire, failed } = this.#needs;
    if (proof.kind !== 'password' && proof.kind !== 'scramKeys') {
      failed('wrong password type');
      return;
    }
    const certificate = wire.tls?.peerCertificate;
    const channelBinding = certificate === undefined ? undefined : tlsServerEndPoint(certificate);
    const mechanism = chooseMechanism(mechanisms, channelBinding);
    if (mechanism === undefined) {
      failed("none of the server's SASL authentication mechanisms are supported");
      return;
    }
    const credentials =
      proof.kind === 'password'
        ? { kind: 'password' as const, password: proof.password }
        : { kind: 'keys' as const, clientKey: proof.clientKey, serverKey: proof.serverKey };
    this.#scram = new ScramClient({ mechanism, credentials, channelBinding });
    this.#serverProven = false;
    const first = this.#scram.first();
    wire.write(saslInitialResponse(first.mechanism, first.data));
  }
}
