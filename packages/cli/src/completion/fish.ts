import type { CommandWords, OptionWords } from './grammar';

/** A file called `pgweir.fish` in ~/.config/fish/completions. */
export function fishScript(commands: readonly CommandWords[]): string {
  const tools = commands.map(({ word }) => word).filter((word) => word !== '');
  const isDaemon = `not __fish_seen_subcommand_from ${tools.join(' ')}`;
  const lines = commands.flatMap((command) => {
    const { word, help, options, argument } = command;
    const when = word === '' ? isDaemon : `__fish_seen_subcommand_from ${word}`;
    return [
      ...(word === ''
        ? []
        : [complete('-n', quoted('__fish_is_first_token'), '-a', word, '-d', quoted(help))]),
      ...options.map((option) => fishOption(option, when)),
      ...(argument.kind === 'file' ? [complete('-n', quoted(when), '-F')] : []),
      ...(argument.kind === 'choice'
        ? [complete('-n', quoted(when), '-a', quoted(argument.choices.join(' ')))]
        : []),
    ];
  });
  return `# pgweir completion fish: save it as ~/.config/fish/completions/pgweir.fish
complete -c pgweir -f
${lines.join('\n')}
`;
}

function complete(...words: readonly string[]): string {
  return ['complete -c pgweir', ...words].join(' ');
}

function fishOption({ flags, help, takesValue }: OptionWords, when: string): string {
  const names = flags.map((flag) =>
    flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
  );
  const value = takesValue ? ['-x'] : [];
  return complete('-n', quoted(when), ...names, ...value, '-d', quoted(help));
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
