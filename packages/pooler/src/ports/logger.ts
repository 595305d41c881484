/** Fields of a log line: ids, reasons, numbers. Never secrets, never SQL text. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** One line per change of state or decision. */
export interface Logger {
  error(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  debug(message: string, fields?: LogFields): void;
}
