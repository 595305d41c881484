import {
  Backend,
  decodeAuthentication,
  decodeBackendKeyData,
  decodeNotice,
  decodeParameterStatus,
  type NoticeFields,
  ProtocolViolation,
  parseSecret,
  sslRequestPacket,
  startupPacket,
} from '@pgweir/protocol';
import { errorFields } from '../errors';
import { type DialFailure, serverUnreachable } from '../pool/dial-gate';
import type { Pool } from '../pool/pool';
import type { ServerProof } from '../pool/server-keys';
import type { CredentialSource } from '../ports/credential-source';
import type { ServerPassword } from '../ports/server-passwords';
import type { TlsInfo, Wire, WireHandler } from '../ports/transport';
import { BodyCollector } from '../relay/body-collector';
import type { PoolerSettings, ServerTls } from '../settings/settings';
import type { DialPurpose } from './dialer';
import type { Link } from './link';
import { consumeOwn } from './own-replies';
import { ReportedParameters } from './reported-parameters';
import { isUnixDirectory } from './server-address';
import { ServerAuthentication } from './server-authentication';

/** Asked of PostgreSQL: 3.2 brings long cancel keys; older servers negotiate down. */
const PROTOCOL_VERSION = { major: 3, minor: 2 } as const;
const SSL_YES = 0x53;
const SSL_NO = 0x4e;

type LoginPhase = 'connecting' | 'tls-answer' | 'tls' | 'auth' | 'over';

interface LoginNeeds {
  readonly settings: PoolerSettings;
  readonly credentials: CredentialSource;
  /** Made or fetched for this login; undefined: what is configured or was learned. */
  readonly password: ServerPassword | undefined;
  readonly done: (failure?: DialFailure) => void;
  /** Dials the next address of the same server. @returns false when there is none */
  readonly nextAddress: () => boolean;
}

/** One login to PostgreSQL, from the connected socket to the first ReadyForQuery. */
export class LinkLogin implements WireHandler {
  phase: LoginPhase = 'connecting';
  readonly #link: Link;
  readonly #pool: Pool;
  readonly #purpose: DialPurpose;
  readonly #needs: LoginNeeds;
  /** As it was when the login began: what a reload brings says nothing about this connection. */
  readonly #tls: ServerTls;
  readonly #collector = new BodyCollector();
  readonly #parameters = new Map<string, string>();
  #authentication: ServerAuthentication | undefined;
  #processId = 0;
  #cancelKey: Buffer = Buffer.alloc(0);

  constructor(link: Link, pool: Pool, purpose: DialPurpose, needs: LoginNeeds) {
    this.#link = link;
    this.#pool = pool;
    this.#purpose = purpose;
    this.#needs = needs;
    this.#tls = pool.databaseState.settings.serverTls ?? needs.settings.serverTls;
  }

  get #wire(): Wire {
    const wire = this.#link.wire;
    if (wire === undefined) throw new ProtocolViolation('unexpectedMessage', 0, 0, 'no wire');
    return wire;
  }

  connected(): void {
    if (this.phase === 'over') return;
    this.#link.enter('login');
    if (!this.#link.permit.connected(this.#wire.descriptor)) {
      this.#fail(notWatched());
      return;
    }
    if (this.#tls.mode === 'disable' || isUnixDirectory(this.#link.hostName)) {
      this.#sendStartup();
      return;
    }
    this.phase = 'tls-answer';
    if (this.#link.target !== undefined) this.#link.target.counters.requestsTls++;
    this.#wire.write(sslRequestPacket());
  }

  #tlsAnswer(buffer: Buffer, length: number): void {
    const { mode, options } = this.#tls;
    const required = mode !== 'prefer' && mode !== 'allow';
    const answer = buffer[0];
    if (length > 1 && answer === SSL_YES) {
      // Whoever is in between could have put it there; it would be taken for what TLS protects.
      this.#fail(
        serverUnreachable('server sent unencrypted data after its answer to the SSL request'),
      );
    } else if (answer === SSL_YES && options !== undefined) {
      this.phase = 'tls';
      this.#wire.startClientTls(options, {
        serverName: this.#link.hostName,
        alpn: 'postgresql',
      });
    } else if (answer === SSL_NO && length === 1 && !required) {
      this.#sendStartup();
    } else if (answer === SSL_NO) {
      this.#fail(serverUnreachable('server refused SSL'));
    } else {
      this.#fail(serverUnreachable('server gave no answer to the SSL request'));
    }
  }

  secured(_info: TlsInfo): void {
    if (this.phase === 'tls') this.#sendStartup();
  }

  #sendStartup(): void {
    const { password: own } = this.#needs;
    if (own?.needsVerifiedTls === true && !this.#isServerVerified()) {
      this.#fail(loginFailed('a token may be sent over TLS with verify-full only'));
      return;
    }
    this.phase = 'auth';
    this.#link.startupSent = true;
    const { databaseState } = this.#pool;
    const user = own?.user ?? this.#pool.user;
    const parameters = new Map<string, string>([
      ['user', user],
      ['database', databaseState.serverName],
      ...databaseState.settings.startupParameters,
    ]);
    if (this.#purpose.kind === 'dedicated') {
      for (const [name, value] of this.#purpose.startupParameters) parameters.set(name, value);
    }
    this.#authentication = new ServerAuthentication({
      wire: this.#wire,
      user,
      proof: own ?? this.#configuredProof(),
      failed: (reason) => this.#fail(loginFailed(reason)),
    });
    this.#wire.write(startupPacket(parameters, PROTOCOL_VERSION));
  }

  #configuredProof(): ServerProof {
    const { database, databaseState, serverKeys, user } = this.#pool;
    const { password, forcedUser } = databaseState.settings;
    const configured =
      password !== undefined && forcedUser === user
        ? parseSecret(password)
        : this.#needs.credentials.lookup(user, database);
    return serverKeys.proofFor(configured);
  }

  #isServerVerified(): boolean {
    return this.#wire.tls !== undefined && this.#tls.options?.verify === 'full';
  }

  received(buffer: Buffer, length: number): void {
    if (this.phase === 'tls-answer') {
      this.#tlsAnswer(buffer, length);
      return;
    }
    try {
      this.#read(buffer, length);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      this.#fail(serverUnreachable(`server does not speak the protocol: ${reason}`));
    }
  }

  #read(buffer: Buffer, length: number): void {
    const reader = this.#link.reader;
    this.#link.heardFromServer = true;
    let at = 0;
    while (at < length && this.phase === 'auth') {
      if (reader.bodyLeft === 0) {
        at = reader.readHeader(buffer, at, length);
        if (at < 0) return;
        this.#collector.begin(reader.bodyLength);
      }
      const end = reader.takeBody(at, length);
      this.#collector.add(buffer, at, end);
      at = end;
      if (reader.bodyLeft > 0) return;
      if (reader.tag === Backend.ReadyForQuery) {
        this.#finish(buffer, at, length);
        return;
      }
      this.#message(reader.tag);
    }
  }

  #message(tag: number): void {
    switch (tag) {
      case Backend.Authentication:
        this.#authentication?.request(decodeAuthentication(this.#collector.take()));
        return;
      case Backend.ParameterStatus: {
        const { name, value } = decodeParameterStatus(this.#collector.take());
        this.#parameters.set(name, value);
        return;
      }
      case Backend.BackendKeyData: {
        const { processId, key } = decodeBackendKeyData(this.#collector.take());
        this.#processId = processId;
        this.#cancelKey = key;
        return;
      }
      case Backend.ErrorResponse:
        this.#fail(serverRefused(decodeNotice(this.#collector.takeNotice())));
        return;
      case Backend.NoticeResponse:
      case Backend.NegotiateProtocolVersion:
        // An older server speaks 3.0: nothing of ours depends on 3.2 but the length of the key.
        this.#collector.take();
        return;
      default:
        throw new ProtocolViolation('unexpectedMessage', tag, 0);
    }
  }

  #finish(buffer: Buffer, at: number, length: number): void {
    if (this.#authentication?.succeeded !== true) {
      throw new ProtocolViolation('unexpectedMessage', Backend.ReadyForQuery, 0);
    }
    const link = this.#link;
    link.loggedIn(this.#wire, {
      processId: this.#processId,
      cancelKey: this.#cancelKey,
      parameters: new ReportedParameters(this.#parameters),
    });
    this.#establish(link);
    if (at < length) consumeOwn(link, buffer, at, length);
    this.phase = 'over';
    const { connectQuery } = this.#pool.databaseState.settings;
    if (connectQuery === undefined) {
      this.#needs.done();
      return;
    }
    link.enter('resetting');
    link.onLost = () => this.#needs.done(serverUnreachable('connection lost during connect_query'));
    link.runOwn(connectQuery, (result) => {
      link.onLost = undefined;
      if (result.kind === 'failed') this.#pool.connectQueryFailed(link, result.error.message);
      else link.connectQuery = connectQuery;
      link.rebase();
      this.#needs.done();
    });
  }

  #establish({ permit, address, hostName }: Link): void {
    if (address === undefined) return;
    permit.established({
      address,
      hostName,
      tls: this.#wire.tls !== undefined,
      database: this.#pool.database,
      processId: this.#processId,
      key: this.#cancelKey,
    });
  }

  #fail(failure: DialFailure): void {
    if (this.phase === 'over') return;
    this.phase = 'over';
    this.#needs.done(failure);
  }

  drained(): void {
    // Login messages are small; nobody waits for this.
  }

  ended(): void {
    this.#fail(serverUnreachable('server closed the connection during login'));
  }

  closed(cause: Error | undefined): void {
    const reason = cause?.message ?? 'server closed the connection';
    if (this.phase === 'connecting' && this.#needs.nextAddress()) return;
    // The link hears of it first, so that it does not wait for an end that has come already.
    this.#link.closed(cause);
    this.#fail(
      serverUnreachable(this.phase === 'connecting' ? `connect failed: ${reason}` : reason),
    );
  }
}

function loginFailed(reason: string): DialFailure {
  return {
    kind: 'rejected',
    reason: `server login failed: ${reason}`,
    error: errorFields('serverLoginFailed', reason),
  };
}

/** Nobody was even asked. */
export function noPassword(
  reason: string,
  hint: string | undefined,
  loggedReason: string = reason,
): DialFailure {
  const { error } = loginFailed(reason);
  return {
    ...loginFailed(loggedReason),
    error: hint === undefined ? error : { ...error, hint },
  };
}

/** Nobody would see the end of this connection if this process died: it must not begin. */
function notWatched(): DialFailure {
  const reason = 'the connection could not be handed to the supervisor';
  return { kind: 'busy', reason, error: errorFields('serverDown', reason) };
}

/** PostgreSQL said no: 57P03 and the like pass, the rest stays until somebody changes something. */
function serverRefused(error: NoticeFields): DialFailure {
  const busy = error.code === '57P03' || error.code.startsWith('53');
  return {
    kind: busy ? 'busy' : 'rejected',
    passwordRefused: PASSWORD_REFUSED.has(error.code),
    reason: `${error.code}: ${error.message}`,
    error: {
      severity: 'FATAL',
      code: error.code,
      message: error.message,
      ...(error.detail === undefined ? {} : { detail: error.detail }),
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    },
  };
}

/** SQLSTATEs of a password that is not good: RDS says 28000 of a token. */
const PASSWORD_REFUSED: ReadonlySet<string> = new Set(['28P01', '28000']);
