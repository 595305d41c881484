type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

interface Line {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly message: string;
  readonly fields: LogFields | undefined;
}

/** Keeps every line: a `Logger` of the pooler's ports. */
export class CollectingLogger {
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

  /** Each line as one text: level, message and fields. */
  get texts(): readonly string[] {
    return this.lines.map(
      ({ level, message, fields = {} }) => `${level} ${message} ${JSON.stringify(fields)}`,
    );
  }

  count(text: string): number {
    return this.lines.filter(({ message }) => message.includes(text)).length;
  }
}
