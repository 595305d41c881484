import type { CommandWords } from './grammar';

/** For bash 4 and later, with bash-completion or without. */
export function bashScript(commands: readonly CommandWords[]): string {
  const tools = commands.map(({ word }) => word).filter((word) => word !== '');
  return `# pgweir completion bash: source it, or save it as
# /usr/share/bash-completion/completions/pgweir
_pgweir() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  local options= valued= choices= files= tool=
  [[ $COMP_CWORD -gt 1 ]] && tool=\${COMP_WORDS[1]}
  case $tool in
${commands
  .filter(({ word }) => word !== '')
  .map(bashCase)
  .join('\n')}
${commands
  .filter(({ word }) => word === '')
  .map(bashCase)
  .join('\n')}
  esac
  [[ $COMP_CWORD -eq 1 ]] && choices='${tools.join(' ')}'
  COMPREPLY=()
  if [[ " $valued " == *" $previous "* ]]; then
    return
  fi
  if [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
    return
  fi
  mapfile -t COMPREPLY < <(
    compgen -W "$choices" -- "$current"
    [[ -n $files ]] && compgen -f -- "$current"
  )
  [[ -n $files ]] && compopt -o filenames 2>/dev/null
  return 0
}
complete -F _pgweir pgweir
`;
}

function bashCase({ word, options, argument }: CommandWords): string {
  const all = options.flatMap(({ flags }) => flags).join(' ');
  const valued = options.flatMap(({ flags, takesValue }) => (takesValue ? flags : [])).join(' ');
  const choices = argument.kind === 'choice' ? argument.choices.join(' ') : '';
  const files = argument.kind === 'file' ? 'yes' : '';
  const values = `options='${all}' valued='${valued}' choices='${choices}' files='${files}'`;
  return `    ${word === '' ? '*' : word}) ${values} ;;`;
}
