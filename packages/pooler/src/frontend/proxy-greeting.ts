import { type ProxySource, parseProxyHeader } from '@pgweir/protocol';
import type { TlsInfo, WireHandler } from '../ports/transport';
import type { Session } from './session';

const NOTHING = Buffer.alloc(0);

/**
 * The PROXY header with which a load balancer begins each connection, before anything that its client
 * says: from here on the session knows where the client really is. Nobody gets past it without one.
 */
export class ProxyGreeting implements WireHandler {
  readonly #session: Session;
  /** Reads what is behind the header. */
  readonly #next: WireHandler;
  /** The beginning of a header whose rest has not arrived; the parser bounds it. */
  #header: Buffer = NOTHING;

  constructor(session: Session, next: WireHandler) {
    this.#session = session;
    this.#next = next;
  }

  received(buffer: Buffer, length: number): void {
    const session = this.#session;
    if (session.phase === 'closed') return;
    const chunk = buffer.subarray(0, length);
    const bytes = this.#header.length === 0 ? chunk : Buffer.concat([this.#header, chunk]);
    const header = parseProxyHeader(bytes);
    switch (header.kind) {
      case 'partial':
        // What is our own already is not copied again.
        this.#header = bytes === chunk ? Buffer.from(chunk) : bytes;
        return;
      case 'bad':
        session.fail('badProxyHeader', '', header.reason);
        return;
      case 'whole': {
        this.#header = NOTHING;
        this.#tell(header.source);
        session.wire.handler = this.#next;
        const rest = bytes.subarray(header.length);
        if (rest.length > 0) this.#next.received(rest, rest.length);
        return;
      }
    }
  }

  #tell(source: ProxySource): void {
    const session = this.#session;
    if (source.kind === 'local') return;
    session.via = session.wire.remote;
    if (source.kind === 'tcp') session.remote = source;
  }

  secured(_info: TlsInfo): void {
    // TLS comes behind the header.
  }

  connected(): void {
    // Accepted wires are connected from the start.
  }

  drained(): void {
    // Nothing has been written.
  }

  ended(): void {
    this.#session.close('client unexpected eof');
  }

  closed(cause: Error | undefined): void {
    this.#session.closed(cause);
  }
}
