/** One setting of the startup parameter `options`: name, value. */
export type OptionSetting = readonly [string, string];

const UNSUPPORTED =
  "unsupported options startup parameter: only '-c config=val' and '--config=val' are allowed";

/**
 * The startup parameter `options` as PostgreSQL understands it, as far as it sets parameters:
 * `-c name=value`, `-cname=value` and `--name=value`, split at white space, where a backslash takes the
 * next character literally. In names `-` stands for `_`. Settings come in the order given; a name may
 * come more than once and the last one counts.
 *
 * @see PostgreSQL documentation, anchor libpq-connect-options
 */
export function parseOptions(
  text: string,
): { readonly settings: readonly OptionSetting[] } | { readonly error: string } {
  const words = splitWords(text);
  const settings: OptionSetting[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? '';
    const assignment = word === '-c' ? words[++i] : assignmentOf(word);
    const setting = assignment === undefined ? undefined : parseAssignment(assignment);
    if (setting === undefined) return { error: UNSUPPORTED };
    settings.push(setting);
  }
  return { settings };
}

function assignmentOf(word: string): string | undefined {
  return word.startsWith('-c') || word.startsWith('--') ? word.slice(2) : undefined;
}

function parseAssignment(assignment: string): OptionSetting | undefined {
  const equals = assignment.indexOf('=');
  if (equals <= 0) return undefined;
  return [assignment.slice(0, equals).replaceAll('-', '_'), assignment.slice(equals + 1)];
}

/** The characters of C's isspace, which is what PostgreSQL splits at. */
const SPACES = ' \t\n\v\f\r';

function splitWords(text: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let i = 0; i < text.length; i++) {
    const char = text.charAt(i);
    if (SPACES.includes(char)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (char === '\\') {
      i++;
      word = (word ?? '') + text.charAt(i);
    } else {
      word = (word ?? '') + char;
    }
  }
  if (word !== undefined) words.push(word);
  return words;
}
