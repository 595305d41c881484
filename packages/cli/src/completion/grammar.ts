import type { Command } from 'commander';

/** What may stand on a command line behind its first words. */
export interface CommandWords {
  /** What picks it; empty: nothing, as it is the daemon itself. */
  readonly word: string;
  readonly help: string;
  readonly options: readonly OptionWords[];
  /** What may stand there that is no option. */
  readonly argument: ArgumentWords;
}

export interface OptionWords {
  /** `-q` and `--quiet`, or one of them. */
  readonly flags: readonly string[];
  readonly help: string;
  readonly takesValue: boolean;
}

export type ArgumentWords =
  | { readonly kind: 'none' }
  | { readonly kind: 'file' }
  | { readonly kind: 'choice'; readonly choices: readonly string[] };

/** Reads it out of what commander knows. */
export function wordsOf(command: Command, word: string): CommandWords {
  const options = command.createHelp().visibleOptions(command);
  const [argument] = command.registeredArguments;
  return {
    word,
    help: oneLine(command.description()),
    options: options.map(({ short, long, description, required, optional }) => ({
      flags: [short, long].filter((flag) => flag !== undefined),
      help: oneLine(description),
      takesValue: required || optional,
    })),
    argument:
      argument === undefined
        ? { kind: 'none' }
        : argument.argChoices === undefined
          ? { kind: 'file' }
          : { kind: 'choice', choices: argument.argChoices },
  };
}

/** Up to the end of the first sentence: a shell has little room. */
function oneLine(text: string): string {
  const whole = text.replaceAll(/\s+/g, ' ').replaceAll(/ \([^)]*\)/g, '');
  return whole.replace(/[.;] .*$/, '').replace(/\.$/, '');
}
