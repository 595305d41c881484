import { lstatSync } from 'node:fs';
import { errorCode } from '../system-error';
import { ENVIRONMENT } from './ini-file';

/** For every command line that names a configuration. */
export const FROM_ENV = {
  flag: '--from-env',
  help: 'where there is no such file, or none is named, the configuration is in variables PGWEIR_*',
} as const;

/** The configuration that a command line means; undefined: none. */
export function chooseConfig(
  named: string | undefined,
  { fromEnv }: { readonly fromEnv: boolean },
): string | undefined {
  if (!fromEnv) return named;
  return named === undefined || isMissing(named) ? ENVIRONMENT : named;
}

/** One that is there and cannot be read is no reason to do without it. */
function isMissing(file: string): boolean {
  try {
    lstatSync(file);
    return false;
  } catch (error) {
    return errorCode(error) === 'ENOENT';
  }
}
