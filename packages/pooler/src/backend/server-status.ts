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
