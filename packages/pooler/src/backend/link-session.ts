import type { ErrorInstead } from '../errors';
import type { ClientId } from '../ports/names';
import type { StatementMeter } from '../statements/statement-meter';
import type { Link } from './link';

/** What a link needs of the session that it is lent to. */
export interface LinkSession {
  readonly id: ClientId;
  readonly mode: 'session' | 'transaction' | 'statement';
  /** What it leaves on the link is found and dealt with. */
  readonly tracksState: boolean;
  /** What the client was told to be its process. */
  readonly toldProcessId: number;
  /** ReadyForQuery is not forwarded: `sayReady` is called instead. */
  readonly interposes: boolean;
  /** What it leaves on the link stays there for the next one. */
  readonly leaksState: boolean;
  /** ParameterStatus and the next ReadyForQuery do not go to the client yet. */
  readonly withholds: boolean;
  /** Prepared statements have other names on the link than for the client. */
  readonly renamesStatements: boolean;
  /** It has to know of each answer whether something of it was sent on: each is by itself. */
  readonly tellsAnswersApart: boolean;
  /** Measures its statements. Undefined: nobody wants to know. */
  readonly meter?: StatementMeter | undefined;
  /** An ErrorResponse with this body, as the client has to see it. */
  inClientsWords(body: Buffer): Buffer;
  /** Sends `bytes[start, end)` to the client. @returns false when the client does not keep up */
  fromLink(bytes: Buffer, start: number, end: number): boolean;
  /** A reported parameter changed while the link was lent. */
  parameterChanged(link: Link, name: string, value: string): void;
  /** ReadyForQuery arrived, and the session is the one who sends it on, when it sees fit. */
  sayReady(link: Link): void;
  /**
   * ReadyForQuery arrived (and was forwarded, unless more replies are owed). The session ends its lease
   * here, if its mode says so, by `link.session = undefined` and `link.releaseAtEndOfChunk()`.
   */
  ready(link: Link): void;
  /** A notification came on its link; `body` is the message's. */
  notified(link: Link, body: Buffer): void;
  /** DEALLOCATE of one statement has run. */
  statementDeallocated(): void;
  /** DEALLOCATE ALL has run; `everything`: as a part of DISCARD ALL. */
  statementsDropped(link: Link, everything: boolean): void;
  /** PostgreSQL has begun to read CopyData. The session may end its lease here, as in `ready`. */
  copyInBegan(link: Link): void;
  /**
   * Whether it goes on without this link, which PostgreSQL ends with an error of this SQLSTATE: then the
   * client does not hear of that one, and `linkLost` follows.
   */
  survives(code: string): boolean;
  /**
   * Whether what is under way is to be run on another server because of an error of this SQLSTATE: then
   * nothing of the answer goes to the client, the link is given up, and `linkLost` follows.
   */
  takesBack(link: Link, code: string): boolean;
  /**
   * An ErrorResponse with this SQLSTATE arrived and has been counted; `instead`: what the client has been
   * told in its place. The session may end its lease here, as in `ready`.
   */
  failed(link: Link, code: string, instead: ErrorInstead | undefined): void;
  /** The kernel has taken everything that was written to the link. */
  linkDrained(): void;
  /** The link is not to be kept for longer than what is under way takes. */
  letGo(link: Link): void;
  /** The connection to the server is gone or unusable. The lease is over. */
  linkLost(link: Link, reason: string): void;
}
