import type { LogFields, Logger } from '@pgweir/pooler';

interface Line {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly message: string;
  readonly fields: LogFields | undefined;
}

/** Keeps every line. */
export class CollectingLogger implements Logger {
  readonly lines: Line[] = [];

  error(message: string, fields?: LogFields): void {
    this.lines.push({ level: 'error', message, fields });
  }

  warn(message: string, fields?: LogFields): void {
    this.lines.push({ level: 'warn', message, fields });
  }

  info(message: string, fields?: LogFields): void {
    this.lines.push({ level: 'info', message, fields });
  }

  debug(message: string, fields?: LogFields): void {
    this.lines.push({ level: 'debug', message, fields });
  }

  count(text: string): number {
    return this.lines.filter(({ message }) => message.includes(text)).length;
  }
}
