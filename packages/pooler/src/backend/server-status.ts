import type { NoticeFields } from '@pgweir/protocol';

/** The status byte of ReadyForQuery outside a transaction. */
export const STATUS_IDLE = 0x49;
/** The status byte of ReadyForQuery inside a transaction. */
export const STATUS_IN_TRANSACTION = 0x54;
/** The status byte of ReadyForQuery in a failed transaction. */
export const STATUS_FAILED = 0x45;

/** ErrorResponse severities after which the server closes the connection. */
export function endsConnection(error: NoticeFields): boolean {
  return error.severity === 'FATAL' || error.severity === 'PANIC';
}

/** Errors by which PostgreSQL says that it goes, and not that the client has done something. */
const SERVERS_ENDS: ReadonlySet<string> = new Set(['57P01', '57P02', '57P03']);

/** Whether a connection that ends with this SQLSTATE ends for a reason of the server's own. */
export function isServersEnd(code: string): boolean {
  return SERVERS_ENDS.has(code);
}
