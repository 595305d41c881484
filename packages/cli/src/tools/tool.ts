import { Command, CommanderError, InvalidArgumentError } from 'commander';

/** What else the program does than being a pooler. The first word of the command line picks one. */
export interface Tool<Order> {
  readonly word: string;
  /** How it exits when its command line makes no sense. */
  readonly usageCode: number;
  /** Arguments, options and help of `command`, which has its name already. */
  readonly describe: (command: Command) => Command;
  readonly order: (command: Command) => Order;
}

/** Help, version, or a command line that makes no sense. */
export interface Exit {
  readonly kind: 'exit';
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Tells commander not to print and not to exit. */
export function quiet(command: Command, writeOut: (text: string) => void): Command {
  return command
    .helpOption('-h, --help', 'show this help and exit')
    .exitOverride()
    .configureOutput({ writeOut, writeErr: () => undefined });
}

export function commandOf(tool: Tool<unknown>): Command {
  return tool.describe(new Command(`pgweir ${tool.word}`).allowExcessArguments(false));
}

/** Reads the arguments behind the words that picked `command`. Prints nothing and never exits. */
export function parseWith<Order>(
  command: Command,
  args: readonly string[],
  order: (command: Command) => Order,
  usageCode: number,
): Order | Exit {
  let stdout = '';
  quiet(command, (text) => {
    stdout += text;
  });
  try {
    command.parse(args, { from: 'user' });
    return order(command);
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return { kind: 'exit', code: 0, stdout, stderr: '' };
    return refuse(command, error.message.replace(/^error: /, ''), usageCode);
  }
}

export function refuse(command: Command, message: string, code: number): Exit {
  const stderr = `pgweir: ${message}\nTry "${command.name()} --help" for more information.\n`;
  return { kind: 'exit', code, stdout: '', stderr };
}

/** For options that take a number. */
export function wholeNumberOf(range: { readonly min: number; readonly max: number }) {
  return (text: string): number => {
    const count = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (count >= range.min && count <= range.max) return count;
    throw new InvalidArgumentError(`accepted: ${range.min} to ${range.max}`);
  };
}
