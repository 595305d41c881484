import { DatabaseError } from 'pg';
import { StreamFault } from './probe-socket';

/** Why a probe brought nothing. `reason` is for logs and people, and names no secret. */
export interface ProbeFailure {
  readonly why: 'refused' | 'timeout' | 'busy' | 'rejected' | 'lost';
  readonly reason: string;
  /** It is the password, or the user, that PostgreSQL does not take. */
  readonly isPasswordRefused?: boolean;
  /** PostgreSQL is being started: whatever it did before has ended. */
  readonly isStarting?: boolean;
}

/** How far a connection had come. */
export type ProbeStage = 'dialing' | 'login' | 'open';

/** Errors of the system about a connection that was there. */
const LOST_CODES = new Set([
  ...['ECONNRESET', 'EPIPE', 'ECONNABORTED', 'ENOTCONN', 'ENETDOWN', 'ENETUNREACH'],
  ...['EHOSTUNREACH', 'EHOSTDOWN', 'ENETRESET', 'ESHUTDOWN', 'EBADF', 'EIO'],
]);

/** SQLSTATEs of a password that is not good: RDS says 28000 of a token. */
const PASSWORD_REFUSED = new Set(['28P01', '28000']);

/** Says what an error of `pg` or of the system means. `ended`: the other side closed the connection. */
export function failureOf(
  error: unknown,
  at: { readonly stage: ProbeStage; readonly ended: boolean },
): ProbeFailure {
  const text = error instanceof Error ? error.message : String(error);
  if (error instanceof StreamFault) return { why: 'lost', reason: `not PostgreSQL: ${text}` };
  if (error instanceof DatabaseError) {
    // Without a code it is `pg` that complains, about a message that PostgreSQL does not have.
    if (error.code === undefined) return { why: 'lost', reason: `not PostgreSQL: ${text}` };
    const isPasswordRefused = PASSWORD_REFUSED.has(error.code);
    return {
      why: ofSqlState(error.code),
      reason: `${text} (${error.code})`,
      ...(isPasswordRefused ? { isPasswordRefused } : {}),
      ...(isStarting(error.code, text) ? { isStarting: true } : {}),
    };
  }
  const code = codeOf(error);
  const reason = text === '' ? (code ?? 'unknown error') : text;
  if (code === 'ETIMEDOUT') return { why: 'timeout', reason };
  if (at.stage === 'dialing') {
    // A Unix socket whose queue is full says so.
    return { why: code === 'EAGAIN' ? 'busy' : 'refused', reason };
  }
  if (code !== undefined && LOST_CODES.has(code)) return { why: 'lost', reason };
  if (at.ended) return { why: 'lost', reason: 'PostgreSQL closed the connection' };
  // Certificates, no TLS on the other side, a password that neither side can use.
  return { why: at.stage === 'login' ? 'rejected' : 'lost', reason };
}

/**
 * While it shuts down it says 57P03 as well, and what has begun may still write then: only the text keeps
 * them apart. One in another language says nothing.
 */
function isStarting(code: string, text: string): boolean {
  const isEnglish = text.startsWith('the database system is ');
  return code === '57P03' && isEnglish && !text.includes('shutting down');
}

/** @see PostgreSQL documentation, anchor errcodes-appendix */
function ofSqlState(code: string): ProbeFailure['why'] {
  switch (code) {
    case '57P03': // cannot_connect_now: starting up, shutting down, not accepting connections
      return 'busy';
    case '57014': // statement_timeout
    case '55P03': // lock_timeout
      return 'timeout';
    case '57P01': // an administrator or a shutdown ended the connection
    case '57P02': // another process of PostgreSQL crashed
    case '57P05': // idle_session_timeout
      return 'lost';
    default:
      break;
  }
  // Too many connections, no memory: it lives, and may have room in a moment.
  if (code.startsWith('53')) return 'busy';
  return code.startsWith('08') ? 'lost' : 'rejected';
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('code' in error && typeof error.code === 'string') return error.code;
  // All addresses of a name were tried.
  return error instanceof AggregateError ? codeOf(error.errors[0]) : undefined;
}
