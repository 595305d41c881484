import type { DaemonConfig, LoadResult } from '../../src/config/daemon-config';
import { formatFinding } from '../../src/config/finding';
import { type LoadOptions, loadConfig } from '../../src/config/load';

export const CWD = '/etc/pgweir';

/** Files in memory, by absolute path. */
export type Files = Readonly<Record<string, string>>;

/** A `readFile` that knows only these files. */
export function reading(files: Files): (file: string) => string {
  return (file) => {
    const text = Object.hasOwn(files, file) ? files[file] : undefined;
    if (text !== undefined) return text;
    throw Object.assign(new Error(`ENOENT: no such file or directory, open '${file}'`), {
      code: 'ENOENT',
    });
  };
}

/** Loads `/etc/pgweir/pgweir.ini` from memory; relative names start in `/etc/pgweir`. */
export function load(
  ini: string,
  files: Files = {},
  options: Partial<LoadOptions> = {},
): LoadResult {
  return loadConfig('pgweir.ini', {
    cwd: CWD,
    readFile: reading({ [`${CWD}/pgweir.ini`]: ini, ...files }),
    accounts: {
      user: (name) => (name === 'postgres' ? { name, uid: 70, gid: 71 } : undefined),
      group: (name) => (name === 'postgres' ? 71 : undefined),
    },
    ...options,
  });
}

/** @throws Error with every problem when the configuration has any */
export function loaded(
  ini: string,
  files: Files = {},
  options: Partial<LoadOptions> = {},
): DaemonConfig {
  const result = load(ini, files, options);
  if (result.kind === 'ok') return result.config;
  throw new Error(result.problems.map(formatFinding).join('\n'));
}

/** `line: message` of every problem; empty when there is none. */
export function problems(ini: string, files: Files = {}): readonly string[] {
  const result = load(ini, files);
  if (result.kind === 'ok') return [];
  return result.problems.map((finding) => `${finding.line}: ${finding.message}`);
}

/** `line: message` of every note. */
export function notes(ini: string, files: Files = {}): readonly string[] {
  return load(ini, files).notes.map((finding) => `${finding.line}: ${finding.message}`);
}

/** `line: message` of every warning. */
export function warnings(ini: string, files: Files = {}): readonly string[] {
  return load(ini, files).warnings.map((finding) => `${finding.line}: ${finding.message}`);
}
