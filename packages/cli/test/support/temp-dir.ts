import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A folder for one test file's tests: fresh before each, gone after it. */
export function tempDir(): { readonly path: string; file(name: string): string } {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(path.join(tmpdir(), 'pgweir-cli-'));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });
  return {
    get path() {
      return directory;
    },
    file: (name) => path.join(directory, name),
  };
}
