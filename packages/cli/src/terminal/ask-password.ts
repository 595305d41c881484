import type { ReadStream } from 'node:tty';
import { readKeys } from './keys';

/** Longer ones are no passwords of PostgreSQL. */
const PASSWORD_LENGTH_MAX = 4096;

/** Somebody has pressed Ctrl-C instead. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}

/** Asks for a password, and shows nothing of it. @throws Interrupted */
export function askPassword(
  question: string,
  input: ReadStream,
  output: { write(text: string): unknown },
): Promise<string> {
  output.write(question);
  input.setRawMode(true);
  input.setEncoding('utf8');
  input.resume();
  return new Promise((resolve, reject) => {
    let password = '';
    const finish = (end: () => void): void => {
      input.off('data', read);
      input.off('end', ended);
      input.setRawMode(false);
      input.pause();
      output.write('\n');
      end();
    };
    const ended = (): void => finish(() => reject(new Interrupted('no password')));
    const read = (chunk: string): void => {
      for (const key of readKeys(chunk)) {
        if (key.kind === 'text') password += key.text;
        else if (key.name === 'backspace') password = [...password].slice(0, -1).join('');
        else if (key.name === 'enter') return finish(() => resolve(password));
        else if (key.name === 'interrupt') return ended();
        if (password.length > PASSWORD_LENGTH_MAX) return ended();
      }
    };
    input.on('data', read);
    input.once('end', ended);
  });
}
