import { readFileSync } from 'node:fs';
import { errorCode, reasonOf } from '../system-error';

/** What reading one file gave. */
export type FileText =
  | { readonly file: string; readonly text: string }
  | { readonly file: string; readonly code: string | undefined; readonly reason: string };

/** Reads files, and remembers what it read: another process can then load the very same. */
export class FileRecorder {
  readonly #read = new Map<string, FileText>();
  readonly #before: ReadonlyMap<string, FileText>;

  /** `before`: what was read earlier, and is not read again. */
  constructor(before: readonly FileText[] = []) {
    this.#before = new Map(before.map((read) => [read.file, read]));
  }

  /** @throws the system's error with `code` */
  readonly readFile = (file: string): string => {
    const before = this.#before.get(file);
    if (before !== undefined && 'text' in before) {
      this.#read.set(file, before);
      return before.text;
    }
    try {
      const text = readFileSync(file, 'utf8');
      this.#read.set(file, { file, text });
      return text;
    } catch (error) {
      this.#read.set(file, { file, code: errorCode(error), reason: reasonOf(error) });
      throw error;
    }
  };

  get files(): readonly FileText[] {
    return [...this.#read.values()];
  }
}

/** Reads from what another process has read, and nothing else. */
export function recordedFiles(files: readonly FileText[]): (file: string) => string {
  const byName = new Map(files.map((read) => [read.file, read]));
  return (file) => {
    const read = byName.get(file) ?? { file, code: 'ENOENT', reason: 'no such file' };
    if ('text' in read) return read.text;
    throw Object.assign(new Error(read.reason), { code: read.code });
  };
}
