import type { Block } from './pages';

/** One command of a page, on one line, without what is said about it behind `#`. */
export interface ShellCommand {
  readonly place: string;
  readonly text: string;
}

/** Ends a command: a line end, `&&` or `;`. Inside of quotes nothing does. */
export function commandsOf({ page, line, text }: Pick<Block, 'page' | 'line' | 'text'>) {
  const commands: ShellCommand[] = [];
  let current = '';
  let at = line + 1;
  let began = at;
  let quote = '';
  const end = (): void => {
    const command = current.replace(/\s+/g, ' ').trim();
    if (command !== '') commands.push({ place: `${page}:${began}`, text: command });
    current = '';
  };
  for (let index = 0; index < text.length; index++) {
    const character = text.charAt(index);
    const next = text.charAt(index + 1);
    if (current.trim() === '') began = at;
    if (character === '\n') at++;
    if (quote !== '') {
      if (character === quote) quote = '';
      current += character;
    } else if (character === "'" || character === '"') {
      quote = character;
      current += character;
    } else if (character === '\\' && next === '\n') {
      index++;
      at++;
      current += ' ';
    } else if (character === '#' && /(^|\s)$/.test(current)) {
      while (index + 1 < text.length && text.charAt(index + 1) !== '\n') index++;
    } else if (character === '\n' || character === ';') end();
    else if (character === '&' && next === '&') {
      index++;
      end();
    } else current += character;
  }
  end();
  return commands;
}
