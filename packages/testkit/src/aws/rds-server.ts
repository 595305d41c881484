import { readFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createSecureContext, type SecureContext } from 'node:tls';
import { certsDir } from '../certs';
import { issueCertificate } from './issue-certificate';
import type { AwsKeys } from './keys';
import { type RdsBackend, type RdsFront, type RdsUser, serveRdsSession } from './rds-session';
import { type RdsTokenVerdict, verifyRdsToken } from './rds-token';

export interface RdsServerOptions {
  readonly keys: AwsKeys;
  /** A testkit server, say. Can be changed later, as a failover behind a name does. */
  readonly backend: RdsBackend;
  /** Whom PostgreSQL has granted `rds_iam`: they log in with a token, and with nothing else. */
  readonly iamUsers: Iterable<string>;
  /** Default `us-east-1`. */
  readonly region?: string;
  /**
   * Names that clients know the server by; its certificate and good tokens have them. Default:
   * `localhost` and 127.0.0.1, which the certificate has anyhow.
   */
  readonly names?: readonly string[];
  /** Where it listens. Default 127.0.0.1. */
  readonly address?: string;
  /** Default: a free one. */
  readonly port?: number;
  /** Whether everybody must use TLS, as `rds.force_ssl` says. Users with IAM must. Default true. */
  readonly forceSsl?: boolean;
  /** The policies for `rds-db:connect`. Default: everybody as everybody. */
  readonly allows?: (arn: string, user: string) => boolean;
  /** Milliseconds since the epoch. Default: now. */
  readonly wallMs?: () => number;
}

/** A login that came as far as a name. No token is kept. */
export interface RdsLogin extends RdsUser {
  readonly outcome:
    | { readonly kind: 'joined' }
    | { readonly kind: 'refused'; readonly reason: string };
}

/** As PostgreSQL's authentication_timeout. */
const LOGIN_MS_MAX = 60_000;

export async function startRdsServer(options: RdsServerOptions): Promise<RdsServer> {
  const server = new RdsServer(options);
  await server.start();
  return server;
}

/**
 * PostgreSQL as RDS has it, for who connects: TLS with a certificate of testkit's CA, and tokens for
 * users with `rds_iam`. Behind it is a real PostgreSQL, which all else goes to: passwords of other users,
 * traffic, cancel requests. Use `startRdsServer`.
 */
export class RdsServer {
  readonly address: string;
  readonly names: readonly string[];
  readonly iamUsers: Set<string>;
  /** Every login so far, in order of their ends. */
  readonly logins: RdsLogin[] = [];
  /** Sessions that PostgreSQL serves now, and the most there have been at one time. */
  sessions = 0;
  sessionsMax = 0;
  backend: RdsBackend;
  /** Runs before a token is judged: what it waits for makes logins slow. */
  beforeLogin: () => Promise<void> = () => Promise.resolve();
  readonly #options: RdsServerOptions;
  readonly #secureContext: SecureContext;
  readonly #open = new Set<Socket>();
  #listener: Server | undefined;
  #port: number;

  constructor(options: RdsServerOptions) {
    this.#options = options;
    this.address = options.address ?? '127.0.0.1';
    this.names = options.names ?? ['localhost', '127.0.0.1'];
    this.iamUsers = new Set(options.iamUsers);
    this.backend = options.backend;
    this.#port = options.port ?? 0;
    const read = (name: string): Buffer => readFileSync(join(certsDir(), name));
    this.#secureContext = createSecureContext(
      options.names === undefined
        ? { key: read('server.key'), cert: read('server.crt') }
        : issueCertificate(options.names),
    );
  }

  /** The same after `stop` and `start`. */
  get port(): number {
    return this.#port;
  }

  /** How many logins PostgreSQL took, of users with IAM. */
  get iamLogins(): number {
    return this.logins.filter(({ isIam, outcome }) => isIam && outcome.kind === 'joined').length;
  }

  /** Why logins were refused, in their order. */
  get refusals(): readonly string[] {
    return this.logins.flatMap(({ outcome }) =>
      outcome.kind === 'refused' ? [outcome.reason] : [],
    );
  }

  async start(): Promise<void> {
    const listener = createServer((socket) => this.#accept(socket));
    await new Promise<void>((resolve, reject) => {
      listener.once('error', reject);
      listener.listen(this.#port, this.address, resolve);
    });
    const address = listener.address();
    if (typeof address !== 'object' || address === null) throw new Error('no port to listen on');
    this.#port = address.port;
    this.#listener = listener;
  }

  /** Cuts every connection, as when the host is lost; PostgreSQL behind it runs on. */
  async stop(): Promise<void> {
    const listener = this.#listener;
    if (listener === undefined) return;
    this.#listener = undefined;
    const closed = new Promise((resolve) => listener.close(resolve));
    this.cut();
    await closed;
  }

  /** Cuts every connection, and goes on listening. */
  cut(): void {
    for (const socket of this.#open) socket.destroy();
  }

  #accept(socket: Socket): void {
    this.#open.add(socket);
    socket.setNoDelay(true);
    const timer = setTimeout(() => socket.destroy(), LOGIN_MS_MAX);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      clearTimeout(timer);
      this.#open.delete(socket);
    });
    // Whoever leaves, or finds PostgreSQL down, is just gone, as with a lost host.
    serveRdsSession(socket, this.#front(timer)).catch(() => socket.destroy());
  }

  #front(timer: NodeJS.Timeout): RdsFront {
    return {
      ...{ secureContext: this.#secureContext, forceSsl: this.#options.forceSsl ?? true },
      backend: this.backend,
      isIamUser: (user) => this.iamUsers.has(user),
      judge: (who, token) => this.#judge(who, token),
      refused: (who, reason) => this.logins.push({ ...who, outcome: { kind: 'refused', reason } }),
      joined: (who) => {
        clearTimeout(timer);
        this.logins.push({ ...who, outcome: { kind: 'joined' } });
        this.sessions++;
        this.sessionsMax = Math.max(this.sessionsMax, this.sessions);
        return () => this.sessions--;
      },
    };
  }

  async #judge({ user }: RdsUser, token: string): Promise<RdsTokenVerdict> {
    await this.beforeLogin();
    const { keys, region = 'us-east-1', allows = () => true, wallMs = Date.now } = this.#options;
    const addresses = this.names.map((name) => `${name}:${this.port}`);
    return verifyRdsToken(token, { keys, region, nowMs: wallMs(), user, addresses, allows });
  }
}
