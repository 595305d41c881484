import { randomBytes } from 'node:crypto';
import {
  authenticationCleartext,
  authenticationMd5,
  authenticationSasl,
  authenticationSaslContinue,
  authenticationSaslFinal,
  decodePasswordMessage,
  decodeSaslInitialResponse,
  md5ResponseMatches,
  ScramServer,
  type ScramServerFinal,
  scramMechanisms,
  tlsServerEndPoint,
} from '@pgweir/protocol';
import { type ErrorKey, unreachable } from '../errors';
import type { GiveUp, PasswordJudge } from '../ports/client-verifier';
import type { StoredSecret } from '../ports/credential-source';
import type { DatabaseName, UserName } from '../ports/names';
import type { AdmittingRule } from './login-rule';
import type { Session } from './session';
import type { SessionContext } from './session-context';

/** What a login has shown besides that it is right. Secrets. */
export interface Proven {
  /** What the client has to be told before AuthenticationOk. */
  readonly lastMessages: readonly Buffer[];
  readonly clientKey?: Buffer;
  readonly password?: string;
  /** A directory has accepted the password: what is stored of the user has no say in it. */
  readonly byDirectory?: boolean;
  /** By which other name it is known to whoever has vouched for it. */
  readonly identity?: string;
}

export interface Claim {
  readonly user: UserName;
  readonly databaseName: DatabaseName;
  /** Under `auth_type = any` nobody gets in without one. */
  readonly forcedUser: UserName | undefined;
  readonly virtual: boolean;
  /** What is stored of the user's password; undefined: the user is not known. */
  readonly stored: StoredSecret | undefined;
  /** How it has to prove who it is. */
  readonly rule: AdmittingRule;
  readonly proven: (proven: Proven) => void;
}

type Step =
  | { readonly kind: 'fresh' | 'over' | 'cleartext' }
  | { readonly kind: 'md5'; readonly salt: Buffer; readonly secret: StoredSecret }
  | { readonly kind: 'saslFirst' | 'saslFinal'; readonly scram: ScramServer };

type Refused = (why: string, isBusy: boolean | undefined) => void;

const NO_SECRET: StoredSecret = { kind: 'none' };
const MD5_SALT_BYTES = 4;
const NOTHING_LEARNED: Proven = { lastMessages: [] };

/**
 * One client proves who it is. For a user that does not exist the same steps are taken and fail at the
 * end, so that names can't be found out.
 */
export class Authentication {
  #step: Step = { kind: 'fresh' };
  /** Somebody is asked whether the password is right. */
  #giveUp: GiveUp | undefined;
  /** Passwords are read again. */
  #renewal: GiveUp | undefined;
  readonly #session: Session;
  readonly #context: SessionContext;
  readonly #claim: Claim;

  constructor(session: Session, context: SessionContext, claim: Claim) {
    this.#session = session;
    this.#context = context;
    this.#claim = claim;
  }

  /** Nothing more is expected from the client. */
  get over(): boolean {
    return this.#step.kind === 'over';
  }

  /** A password is expected as it is. */
  get isClearText(): boolean {
    return this.#step.kind === 'cleartext';
  }

  begin(): void {
    const { method } = this.#claim.rule;
    switch (method) {
      case 'owner':
        this.#done(NOTHING_LEARNED);
        return;
      case 'any':
        this.#any();
        return;
      case 'trust':
        this.#vouched('trustFailed');
        return;
      case 'cert':
        this.#vouched('certificateFailed');
        return;
      case 'peer':
        this.#vouched('peerFailed');
        return;
      case 'plain':
      case 'ldap':
      case 'iam':
        this.#step = { kind: 'cleartext' };
        this.#session.wire.write(authenticationCleartext());
        return;
      case 'md5':
        this.#md5();
        return;
      case 'scram-sha-256':
        this.#scram();
        return;
      default:
        unreachable(method);
    }
  }

  /** The session ends. */
  leave(): void {
    this.#giveUp?.();
    this.#giveUp = undefined;
    this.#renewal?.();
    this.#renewal = undefined;
  }

  /** Nothing is asked of the client, but it must be known. */
  #vouched(failure: ErrorKey): void {
    if (this.#claim.stored !== undefined) this.#done(NOTHING_LEARNED);
    else this.#session.fail(failure, '', 'no such user');
  }

  #any(): void {
    const { forcedUser, virtual } = this.#claim;
    if (virtual || forcedUser !== undefined) {
      this.#done(NOTHING_LEARNED);
      return;
    }
    this.#context.log.error('auth_type=any requires forced user', {
      database: this.#claim.databaseName,
    });
    this.#session.fail('configError');
  }

  #md5(): void {
    const secret = this.#claim.stored ?? NO_SECRET;
    if (secret.kind === 'scram') {
      this.#scram();
      return;
    }
    const salt = randomBytes(MD5_SALT_BYTES);
    this.#step = { kind: 'md5', salt, secret };
    this.#session.wire.write(authenticationMd5(salt));
  }

  #scram(): void {
    const { scramSecrets, settings } = this.#context;
    const { user, stored } = this.#claim;
    const verifiers = scramSecrets.verifiersFor(user, stored, settings.scramIterations);
    const certificate = this.#session.wire.tls?.localCertificate;
    const channelBinding = certificate === undefined ? undefined : tlsServerEndPoint(certificate);
    this.#step = { kind: 'saslFirst', scram: new ScramServer({ ...verifiers, channelBinding }) };
    this.#session.wire.write(authenticationSasl(scramMechanisms(channelBinding)));
  }

  /**
   * The body of a PasswordMessage or SASL message.
   *
   * @throws ProtocolViolation when it is malformed
   */
  message(body: Buffer): void {
    const step = this.#step;
    // One guess a connection: whatever comes of it, this step is over.
    this.#step = { kind: 'over' };
    switch (step.kind) {
      case 'cleartext':
        this.#checkClearText(decodePasswordMessage(body));
        return;
      case 'md5': {
        this.#checkMd5(step, decodePasswordMessage(body));
        return;
      }
      case 'saslFirst':
        this.#saslFirst(step.scram, body);
        return;
      case 'saslFinal':
        this.#saslFinal(step.scram, body);
        return;
      default:
        this.#session.fail('unknownPacket');
    }
  }

  #checkMd5({ salt, secret }: Extract<Step, { kind: 'md5' }>, response: string): void {
    if (response === '') {
      this.#session.fail('emptyPassword');
      return;
    }
    const fits = (stored: StoredSecret) =>
      md5ResponseMatches(stored, this.#claim.user, { salt, response });
    if (fits(secret)) this.#done(NOTHING_LEARNED);
    else {
      this.#once('passwordFailed', '', (stored) => {
        if (fits(stored)) this.#done(NOTHING_LEARNED);
        else this.#wrong('passwordFailed', '');
      });
    }
  }

  #checkClearText(password: string): void {
    if (password === '') {
      this.#session.fail('emptyPassword');
      return;
    }
    const judge = this.#judge();
    this.#verify(password, judge, (why, isBusy) => {
      if (judge.kind !== 'secret') {
        this.#session.fail(this.#failure(isBusy), '', why);
        return;
      }
      this.#once('passwordFailed', why, (stored) => {
        this.#verify(password, { kind: 'secret', stored }, () =>
          this.#wrong('passwordFailed', why),
        );
      });
    });
  }

  #verify(password: string, judge: PasswordJudge, refused: Refused): void {
    const { remote } = this.#session;
    this.#giveUp = this.#context.verifier.verify(
      {
        database: this.#claim.databaseName,
        user: this.#claim.user,
        password,
        judge,
        address: remote.kind === 'tcp' ? remote.host : 'unix',
      },
      (verdict) => {
        if (this.#session.phase === 'closed') return;
        if (verdict.kind === 'accepted') this.#accepted(password, verdict.identity);
        else if (verdict.kind === 'undecided') this.#session.failWith(verdict.error, verdict.why);
        else refused(verdict.why, verdict.isBusy);
      },
    );
  }

  #accepted(password: string, identity: string | undefined): void {
    const { method } = this.#claim.rule;
    const known = identity === undefined ? {} : { identity };
    // A token opens nothing else, and ends.
    if (method === 'iam') this.#done({ ...NOTHING_LEARNED, ...known });
    else this.#done({ password, byDirectory: method === 'ldap', lastMessages: [], ...known });
  }

  /** What a client whose clear-text password is refused is told. */
  #failure(isBusy = false): ErrorKey {
    const { method } = this.#claim.rule;
    if (method === 'iam') return isBusy ? 'iamBusy' : 'iamFailed';
    return method === 'ldap' ? 'ldapFailed' : 'passwordFailed';
  }

  /** Its password is longer than messages of a login may be: it is not read. */
  tooLong(bodyBytes: number): void {
    this.#step = { kind: 'over' };
    this.#session.fail(this.#failure(), '', `a password message of ${bodyBytes} bytes`);
  }

  /**
   * What the client has shown does not fit. If passwords may have been changed a moment ago, it is
   * compared once more, with what is stored by then.
   */
  #once(failure: ErrorKey, why: string, again: (stored: StoredSecret) => void): void {
    const { credentials } = this.#context;
    const { user, databaseName } = this.#claim;
    this.#renewal = credentials.renew?.(user, databaseName, () => {
      this.#renewal = undefined;
      if (this.#session.phase === 'closed') return;
      again(credentials.lookup(user, databaseName) ?? NO_SECRET);
    });
    if (this.#renewal === undefined) this.#wrong(failure, why);
  }

  /** Nobody, known or not, is told which passwords they are that cannot be read. */
  #wrong(failure: ErrorKey, why: string): void {
    const lacks = this.#context.credentials.lacks?.(this.#claim.databaseName) === true;
    this.#session.fail(lacks ? 'passwordsLacking' : failure, '', why);
  }

  #judge(): PasswordJudge {
    const { rule, stored } = this.#claim;
    if (rule.method === 'iam') return { kind: 'iam', options: rule.iam };
    if (rule.method === 'ldap') return { kind: 'directory', options: rule.directory };
    return { kind: 'secret', stored };
  }

  #saslFirst(scram: ScramServer, body: Buffer): void {
    const { mechanism, data } = decodeSaslInitialResponse(body);
    const answer = scram.first(mechanism, data ?? Buffer.alloc(0));
    if (answer.kind === 'failed') {
      const unknown = !mechanism.startsWith('SCRAM-SHA-256');
      this.#session.fail(unknown ? 'badSaslMechanism' : 'saslFailed', '', answer.reason);
      return;
    }
    this.#step = { kind: 'saslFinal', scram };
    this.#session.wire.write(authenticationSaslContinue(answer.data));
  }

  #saslFinal(scram: ScramServer, body: Buffer): void {
    const answer = scram.final(body);
    if (answer.kind === 'ok') this.#scramDone(answer);
    else if (!scram.isPasswordWrong) this.#session.fail('saslFailed', '', answer.reason);
    else {
      this.#once('saslFailed', answer.reason, (stored) => {
        const { scramSecrets, settings } = this.#context;
        const { scramIterations } = settings;
        const verifiers = scramSecrets.verifiersFor(this.#claim.user, stored, scramIterations);
        const second = scram.again(verifiers);
        if (second.kind === 'ok') this.#scramDone(second);
        else this.#wrong('saslFailed', answer.reason);
      });
    }
  }

  #scramDone({ clientKey, data }: Extract<ScramServerFinal, { kind: 'ok' }>): void {
    this.#done({ clientKey, lastMessages: [authenticationSaslFinal(data)] });
  }

  #done(proven: Proven): void {
    this.#step = { kind: 'over' };
    this.#claim.proven(proven);
  }
}
