import type { LogFields, Logger } from '@pgweir/pooler';

/** Keeps every line, as text. */
export class CollectingLogger implements Logger {
  readonly lines: string[] = [];

  error = (message: string, fields?: LogFields): void => this.#keep('error', message, fields);
  warn = (message: string, fields?: LogFields): void => this.#keep('warn', message, fields);
  info = (message: string, fields?: LogFields): void => this.#keep('info', message, fields);
  debug = (message: string, fields?: LogFields): void => this.#keep('debug', message, fields);

  #keep(level: string, message: string, fields: LogFields = {}): void {
    this.lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  }
}
