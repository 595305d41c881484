/** The TLS a wire speaks, as seen after the handshake. */
export interface TlsInfo {
  /** For example `TLSv1.3`. */
  readonly protocol: string;
  /** OpenSSL's name of the cipher suite. */
  readonly cipher: string;
  /** The negotiated application protocol; `undefined` when none was. */
  readonly alpn: string | undefined;
  /** The peer's certificate (DER); `undefined` when it sent none. */
  readonly peerCertificate: Buffer | undefined;
  /** There is one, and it is signed by the authority that our options name. */
  readonly peerVerified: boolean;
  /** Our own certificate (DER) as the peer saw it; `undefined` where we sent none. */
  readonly localCertificate: Buffer | undefined;
}

/** What a listening side needs for TLS. Plain data: PEM text, no paths. Compared by identity. */
export interface TlsServerOptions {
  readonly key: string;
  readonly cert: string;
  readonly ca: string | undefined;
  /** `require`: a client without a certificate signed by `ca` is refused during the handshake. */
  readonly clientCertificate: 'none' | 'request' | 'require';
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  /** OpenSSL cipher list for TLS 1.2 and below together with 1.3 suites; `undefined`: default. */
  readonly ciphers: string | undefined;
  readonly ecdhCurve: string | undefined;
  readonly dhparam: 'auto' | undefined;
}

/** What a dialling side needs for TLS. Plain data, compared by identity. */
export interface TlsClientOptions {
  readonly key: string | undefined;
  readonly cert: string | undefined;
  readonly ca: string | undefined;
  /** `none`: encrypt only. `ca`: chain to `ca`. `full`: chain and host name. */
  readonly verify: 'none' | 'ca' | 'full';
  readonly minVersion: TlsVersion;
  readonly maxVersion: TlsVersion;
  readonly ciphers: string | undefined;
}

export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';

/** One end of a connection. A Unix path may start with `@` (Linux abstract name space). */
export type Address =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** Low-level socket options; 0 or `undefined` leaves the system's default. */
export interface SocketOptions {
  readonly keepAlive: boolean;
  readonly keepIdleSeconds: number;
}

/**
 * Reacts to what happens on one wire. All calls are synchronous and never re-entrant from within
 * `Wire.write`: a failed write surfaces later as `closed`.
 */
export interface WireHandler {
  /** A dialled wire is up. Not called for accepted wires. */
  connected(): void;
  /** TLS is up on this wire, after `startServerTls` or `startClientTls`. */
  secured(info: TlsInfo): void;
  /**
   * Bytes `buffer[0, length)` arrived. They are borrowed: valid until return, except as arguments of
   * `Wire.write`, which takes care of itself.
   */
  received(buffer: Buffer, length: number): void;
  /** Everything written so far has been taken by the kernel, after `write` had answered false. */
  drained(): void;
  /** The peer has finished sending (FIN); writing may still work. */
  ended(): void;
  /**
   * The wire is gone, for whatever reason: exactly once, and the last call. `cause` is undefined
   * for an orderly end.
   */
  closed(cause: Error | undefined): void;
}

/** One connection. Owned by whoever set `handler`. */
export interface Wire {
  handler: WireHandler;
  readonly remote: Address;
  readonly local: Address;
  readonly tls: TlsInfo | undefined;
  /** Bytes written but not yet taken by the kernel exist. */
  readonly congested: boolean;
  /**
   * The socket's file descriptor, for handing a duplicate of it to another process; `undefined` where
   * the runtime does not tell or the wire is not connected.
   */
  readonly descriptor: number | undefined;
  /**
   * Sends `bytes[start, end)`; all of it where they are left out. The buffer that is just being
   * delivered by `received`, or a view of it, may be passed: the transport guarantees that its bytes
   * are not overwritten before they are sent. Any other buffer must stay untouched by the caller for
   * good.
   *
   * @returns false when the kernel did not take everything: stop, and go on at `drained`.
   */
  write(bytes: Buffer, start?: number, end?: number): boolean;
  /** Stops `received` and `ended`, at once, also within the current `received`. Idempotent. */
  pause(): void;
  resume(): void;
  /** Sends what is queued, then FIN. Reading goes on until the peer closes. */
  end(): void;
  /** Drops the connection now; queued bytes are lost. `closed` follows asynchronously. */
  destroy(): void;
  /**
   * Becomes a TLS server on this connection. `unread` holds bytes that arrived already and belong to
   * the handshake (direct TLS); it is copied.
   */
  startServerTls(options: TlsServerOptions, unread: Buffer | undefined): void;
  /** Becomes a TLS client on this connection. `serverName` is for SNI and `verify: 'full'`. */
  startClientTls(
    options: TlsClientOptions,
    how: { readonly serverName: string | undefined; readonly alpn: string | undefined },
  ): void;
}

export interface Listener {
  readonly address: Address;
  /** For connections that are accepted from now on. */
  tune(options: SocketOptions): void;
  /** Stops accepting; resolves when the port is free. Accepted wires live on. */
  close(): Promise<void>;
}

export interface ListenOptions extends SocketOptions {
  readonly backlog: number;
  /**
   * A descriptor that listens at the address already, inherited from whoever opened it: it is accepted
   * on instead of opening another one. Closing the listener closes it in this process only.
   */
  readonly descriptor?: number | undefined;
}

/** The socket operations of one runtime. */
export interface Transport {
  /** @throws the system's error (`EADDRINUSE`, `EACCES` …) with `code` */
  listen(
    address: Address,
    options: ListenOptions,
    accepted: (wire: Wire) => void,
  ): Promise<Listener>;
  /** Dials. `handler.connected` or `handler.closed` follows, never within this call. */
  connect(address: Address, options: SocketOptions, handler: WireHandler): Wire;
}
