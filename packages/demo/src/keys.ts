import type { ReadStream } from 'node:tty';

export const CTRL_C = '\u0003';

/** What each key does. */
export type Keys = Readonly<Record<string, () => void>>;

/**
 * Calls what belongs to each key that comes in; on a terminal without Enter. Ctrl-C is then a key like the
 * others, and has to be among them.
 *
 * @returns the way to stop, which leaves the terminal as it was
 */
export function listenToKeys(input: ReadStream, keys: Keys): () => void {
  const heard = (chunk: Buffer): void => {
    for (const key of chunk.toString('latin1')) keys[key.toLowerCase()]?.();
  };
  const isTerminal = input.isTTY === true;
  if (isTerminal) input.setRawMode(true);
  input.on('data', heard);
  return () => {
    input.off('data', heard);
    if (isTerminal) input.setRawMode(false);
    input.pause();
  };
}
