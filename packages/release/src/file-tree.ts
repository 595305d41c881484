import {
  chmodSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  readdirSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

const FOLDER_MODE = 0o755;
const GZIP_LEVEL = 9;

/** What a file is made of: a text, or another file; `same` is that file itself, which may be changed. */
export type Content =
  | { readonly text: string | Buffer }
  | { readonly copyOf: string }
  | { readonly same: string };

/** A folder that becomes an archive: the same files give the same bytes, whoever makes it and when. */
export class FileTree {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
    mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
  }

  add(path: string, content: Content, mode = 0o644): void {
    const file = join(this.folder, path);
    mkdirSync(dirname(file), { recursive: true, mode: FOLDER_MODE });
    if ('text' in content) writeFileSync(file, content.text);
    else if ('same' in content) linkSync(content.same, file);
    else copyFileSync(content.copyOf, file);
    chmodSync(file, mode);
  }

  /** A compressed file, without a time in it. */
  addGzipped(path: string, text: string | Buffer): void {
    this.add(`${path}.gz`, { text: gzipSync(text, { level: GZIP_LEVEL }) });
  }

  /** Every file and folder bears this time from here on; folders the usual mode, but for `modes`. */
  seal(epoch: number, modes: Readonly<Record<string, number>> = {}): void {
    const visit = (path: string): void => {
      for (const entry of readdirSync(join(this.folder, path), { withFileTypes: true })) {
        const inner = join(path, entry.name);
        if (entry.isDirectory()) visit(inner);
        else if (entry.isFile()) utimesSync(join(this.folder, inner), epoch, epoch);
      }
      chmodSync(join(this.folder, path), modes[path] ?? FOLDER_MODE);
      utimesSync(join(this.folder, path), epoch, epoch);
    };
    visit('');
  }
}
