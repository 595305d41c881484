import type { CommandWords, OptionWords } from './grammar';

/** For compinit: a file called `_pgweir` in a folder of `fpath`. */
export function zshScript(commands: readonly CommandWords[]): string {
  const daemon = commands.filter(({ word }) => word === '');
  const tools = commands.filter(({ word }) => word !== '');
  return `#compdef pgweir
# pgweir completion zsh: save it as _pgweir in a folder of fpath
_pgweir() {
  local -a tools=(
${tools.map(({ word, help }) => `    ${quoted(`${word}:${help.replaceAll(':', ' ')}`)}`).join('\n')}
  )
  if (( CURRENT > 2 )); then
    case $words[2] in
${tools.map((tool) => `      ${tool.word}) shift words; (( CURRENT-- )); ${zshArguments(tool)}; return ;;`).join('\n')}
    esac
  elif [[ $words[CURRENT] != -* ]]; then
    _describe -t tools 'what pgweir does' tools
  fi
  ${daemon.map(zshArguments).join('\n')}
}
if [[ $funcstack[1] == _pgweir ]]; then
  _pgweir "$@"
else
  compdef _pgweir pgweir
fi
`;
}

function zshArguments({ options, argument }: CommandWords): string {
  const rest =
    argument.kind === 'file'
      ? ["'1:file:_files'"]
      : argument.kind === 'choice'
        ? [`'1:which:(${argument.choices.join(' ')})'`]
        : [];
  return ['_arguments', ...options.flatMap(zshOption), ...rest].join(' ');
}

/** Each flag excludes the other one of the same option. */
function zshOption({ flags, help, takesValue }: OptionWords): readonly string[] {
  const text = help.replaceAll(/[[\]:]/g, ' ');
  const others = flags.length > 1 ? `(${flags.join(' ')})` : '';
  return flags.map((flag) => quoted(`${others}${flag}[${text}]${takesValue ? ':value: ' : ''}`));
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
