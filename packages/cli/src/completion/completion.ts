import { daemonCommandLine } from '../command-line';
import type { Shell } from '../tools/completion';
import { commandOf, quiet } from '../tools/tool';
import { TOOLS } from '../tools/tools';
import { bashScript } from './bash';
import { fishScript } from './fish';
import { type CommandWords, wordsOf } from './grammar';
import { zshScript } from './zsh';

const SCRIPTS: Readonly<Record<Shell, (commands: readonly CommandWords[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

export function completionScript(shell: Shell): string {
  const ignored = (): void => undefined;
  const commands = [
    wordsOf(quiet(daemonCommandLine(), ignored), ''),
    ...TOOLS.map((tool) => wordsOf(quiet(commandOf(tool), ignored), tool.word)),
  ];
  return SCRIPTS[shell](commands);
}
