import type * as tls from 'node:tls';

/**
 * What is used of Bun's sockets. Declared here because Bun's own types would change those of Node
 * for the whole package.
 */
export interface BunRuntime {
  listen(options: BunListenOptions): BunListener;
  /** Rejects with the system's error; otherwise `open` has been called. */
  connect(options: BunConnectOptions): Promise<unknown>;
}

export type BunPlace =
  | { readonly hostname: string; readonly port: number; readonly ipv6Only?: boolean }
  | { readonly unix: string };

interface BunCommonOptions {
  readonly allowHalfOpen: boolean;
  readonly socket: BunHandlers;
  /** Where the handlers find whom an event concerns; of a listener: for each accepted socket. */
  readonly data: BunSocketOwner;
}

export type BunListenOptions = BunCommonOptions & (BunPlace | { readonly fd: number });
export type BunConnectOptions = BunCommonOptions & BunPlace;

export interface BunListener {
  /** Undefined for Unix sockets and for inherited descriptors. */
  readonly port: number | undefined;
  readonly fd: number;
  stop(closeActiveConnections: boolean): void;
}

/** Called by Bun; one object serves all sockets. */
export interface BunHandlers {
  open(socket: BunSocket): void;
  /** `bytes` is a buffer of its own, which Bun does not use again. */
  data(socket: BunSocket, bytes: Buffer): void;
  drain(socket: BunSocket): void;
  end(socket: BunSocket): void;
  close(socket: BunSocket, error: Error | undefined): void;
  error(socket: BunSocket, error: Error): void;
  handshake(socket: BunSocket, success: boolean, fault: Error | null): void;
}

/** Whoever a socket's events concern. */
export interface BunSocketOwner {
  opened(socket: BunSocket): void;
  arrived(bytes: Buffer): void;
  writable(): void;
  peerEnded(): void;
  gone(error: Error | undefined): void;
  failed(error: Error): void;
  handshakeDone(success: boolean, fault: Error | undefined): void;
  /** One of the calls above threw. */
  destroy(): void;
}

export interface BunSocket {
  data: BunSocketOwner;
  readonly fd: number;
  /** The addresses are undefined for Unix sockets and when the peer is gone already. */
  readonly remoteAddress: string | undefined;
  readonly remotePort: number | undefined;
  readonly localAddress: string | undefined;
  readonly localPort: number | undefined;
  readonly alpnProtocol: string | false | null;
  /** @returns how many bytes the kernel took; -1: the connection is broken */
  write(bytes: Uint8Array, offset?: number, length?: number): number;
  pause(): void;
  resume(): void;
  /** Sends FIN. */
  shutdown(): void;
  /** Calls `close` of the handlers before it returns. */
  close(): void;
  setKeepAlive(enable: boolean, initialDelayMs: number): boolean;
  upgradeTLS(options: BunUpgradeOptions): [raw: BunSocket, secured: BunSocket];
  getTLSVersion(): string | null;
  getCipher(): { readonly name: string } | undefined;
  getPeerX509Certificate(): { readonly raw: Buffer } | undefined;
  getPeerCertificate(): tls.PeerCertificate | undefined;
}

export interface BunUpgradeOptions {
  readonly isServer: boolean;
  readonly allowHalfOpen: boolean;
  readonly data: BunSocketOwner;
  readonly socket: BunHandlers;
  /** Bytes that were read before the upgrade and belong to the handshake. */
  readonly initialData?: Buffer;
  readonly tls: {
    /** The native part of what `tls.createSecureContext` makes. */
    readonly secureContext: unknown;
    /** As on the wire: each name behind its length. */
    readonly ALPNProtocols?: Buffer;
    readonly requestCert: boolean;
    readonly rejectUnauthorized: boolean;
    /** For SNI. */
    readonly serverName?: string;
  };
}

declare const Bun: BunRuntime | undefined;

/** @returns undefined on another runtime */
export function bunRuntime(): BunRuntime | undefined {
  return typeof Bun === 'undefined' ? undefined : Bun;
}
