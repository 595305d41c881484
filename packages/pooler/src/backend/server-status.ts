import type { NoticeFields } from '@pgweir/protocol';

/** The status byte of ReadyForQuery outside a transaction. */
export const STATUS_IDLE = 0x49;

/** ErrorResponse severities after which the server closes the connection. */
export function endsConnection(error: NoticeFields): boolean {
  return error.severity === 'FATAL' || error.severity === 'PANIC';
}
