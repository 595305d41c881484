import {
  parseStartup,
  STARTUP_BYTES_MAX,
  type StartupRequest,
  startupLength,
} from '@pgweir/protocol';
import type { TlsInfo, WireHandler } from '../ports/transport';
import { Login } from './login';
import type { Session } from './session';
import type { SessionContext } from './session-context';

const YES = Buffer.from('S');
const NO = Buffer.from('N');
/** First byte of a TLS record that begins a handshake. */
const TLS_HANDSHAKE = 0x16;
const LENGTH_BYTES = 4;
const NOTHING = Buffer.alloc(0);

/**
 * The first packets of a client, which have no tag: SSLRequest, GSSENCRequest, CancelRequest or the
 * startup packet; or a TLS handshake without asking (direct TLS).
 *
 * @see PostgreSQL documentation, anchor protocol-flow-start-up
 */
export class Startup implements WireHandler {
  readonly #session: Session;
  readonly #context: SessionContext;
  /** The beginning of a packet whose rest has not arrived. */
  #packet: Buffer = NOTHING;
  #direct = false;
  #sslAnswered = false;
  #gssAnswered = false;

  constructor(session: Session, context: SessionContext) {
    this.#session = session;
    this.#context = context;
  }

  received(buffer: Buffer, length: number): void {
    const session = this.#session;
    if (session.phase === 'closed') return;
    const first = this.#packet.length === 0 ? buffer[0] : undefined;
    const mayBeDirect = !this.#sslAnswered && session.wire.tls === undefined;
    if (first === TLS_HANDSHAKE && mayBeDirect && this.#tlsOffered) {
      this.#direct = true;
      this.#startTls(buffer.subarray(0, length));
      return;
    }
    const chunk = buffer.subarray(0, length);
    const held = this.#packet;
    this.#packet = NOTHING;
    this.#next(held.length === 0 ? chunk : Buffer.concat([held, chunk]));
  }

  /** `bytes` may be borrowed: what has to wait for the rest of it is copied. */
  #next(bytes: Buffer): void {
    const claimed = startupLength(bytes, bytes.length);
    const tooSmall = claimed !== undefined && claimed < 2 * LENGTH_BYTES;
    if (tooSmall || (claimed ?? 0) > STARTUP_BYTES_MAX + LENGTH_BYTES) {
      this.#session.fail('badPacketHeader', bytes.subarray(0, 8).toString('hex'));
      return;
    }
    if (claimed === undefined || bytes.length < claimed) {
      this.#packet = Buffer.from(bytes);
      return;
    }
    this.#request(parseStartup(bytes.subarray(0, claimed)), bytes.subarray(claimed));
  }

  #request(request: StartupRequest, rest: Buffer): void {
    const session = this.#session;
    switch (request.kind) {
      case 'ssl':
        this.#sslRequest(rest);
        return;
      case 'gss':
        this.#gssRequest(rest);
        return;
      case 'cancel':
        this.#context.cancels.request(request, this.#source(), () =>
          session.close('cancel request'),
        );
        return;
      case 'malformed':
        session.fail('badStartupLayout', request.reason);
        return;
      case 'unsupported':
        if (request.major === 2) session.fail('oldProtocol');
        else session.fail('unsupportedProtocol', `${request.major}.${request.minor}`);
        return;
      case 'startup': {
        const login = new Login(session, this.#context);
        login.start(request);
        // A client may send its password along, or statements where none is asked for.
        // Login may be over already: whoever has the wire now gets it.
        if (rest.length > 0) session.wire.handler.received(rest, rest.length);
        return;
      }
    }
  }

  #source(): string {
    const { remote } = this.#session;
    return remote.kind === 'tcp' ? remote.host : 'unix';
  }

  get #tlsOffered(): boolean {
    const { settings } = this.#context;
    return settings.clientTls !== undefined && settings.clientTlsMode !== 'disable';
  }

  #sslRequest(rest: Buffer): void {
    const session = this.#session;
    if (rest.length > 0) {
      // Whoever is in between could have put it there; it would be taken for what TLS protects.
      session.fail('unencryptedAfterSsl');
      return;
    }
    if (this.#sslAnswered || session.wire.tls !== undefined) {
      session.fail('unsupportedProtocol', '1234.5679');
      return;
    }
    this.#sslAnswered = true;
    if (!this.#tlsOffered || session.remote.kind === 'unix') {
      session.wire.write(NO);
      return;
    }
    session.wire.write(YES);
    this.#startTls(undefined);
  }

  #gssRequest(rest: Buffer): void {
    if (rest.length > 0) {
      this.#session.fail('unencryptedAfterGss');
      return;
    }
    if (this.#gssAnswered) {
      this.#session.fail('unsupportedProtocol', '1234.5680');
      return;
    }
    this.#gssAnswered = true;
    this.#session.wire.write(NO);
  }

  #startTls(unread: Buffer | undefined): void {
    const { clientTls } = this.#context.settings;
    if (clientTls === undefined) return;
    this.#session.enter('tls');
    this.#session.wire.startServerTls(clientTls, unread);
  }

  secured(info: TlsInfo): void {
    const session = this.#session;
    if (session.phase === 'closed') return;
    session.enter('startup');
    if (this.#direct && info.alpn !== 'postgresql') session.fail('directTlsNeedsAlpn');
  }

  connected(): void {
    // Accepted wires are connected from the start.
  }

  drained(): void {
    // Nothing of startup is large.
  }

  ended(): void {
    this.#session.close('client unexpected eof');
  }

  closed(cause: Error | undefined): void {
    this.#session.closed(cause);
  }
}
