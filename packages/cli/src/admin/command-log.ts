import type { LogFields, Logger, VirtualClient } from '@pgweir/pooler';
import type { Command } from './command';
import type { Outcome } from './outcome';

/** Words that only look. */
const LOOKS: ReadonlySet<string> = new Set(['show', 'select']);

/** Says who has a command of the console carried out, and why not. What only looks has no line. */
export class CommandLog {
  readonly #log: Logger;
  readonly #client: Pick<VirtualClient, 'id' | 'user'>;

  constructor(log: Logger, client: Pick<VirtualClient, 'id' | 'user'>) {
    this.#log = log;
    this.#client = client;
  }

  issued(command: Command): void {
    const found = described(command);
    if (found === undefined) return;
    this.#log.info(`${found.name} command issued`, { ...this.#who, ...found.fields });
  }

  refused(command: Command, { message: reason }: Extract<Outcome, { kind: 'refused' }>): void {
    const found = described(command);
    if (found === undefined) return;
    this.#log.warn(`${found.name} command failed`, { ...this.#who, ...found.fields, reason });
  }

  get #who(): LogFields {
    return { client: this.#client.id, user: this.#client.user };
  }
}

interface Described {
  readonly name: string;
  readonly fields: LogFields;
}

function described(command: Command): Described | undefined {
  switch (command.kind) {
    case 'bad':
      return undefined;
    case 'set':
      // Its value may be a secret.
      return { name: 'SET', fields: { argument: command.key } };
    case 'switchover':
      return { name: 'SWITCHOVER', fields: { database: command.database, target: command.target } };
    case 'command': {
      const { word, argument } = command;
      return LOOKS.has(word) ? undefined : { name: word.toUpperCase(), fields: { argument } };
    }
  }
}
