import { reasonOf } from '../system-error';

/**
 * The package for AWS. It is loaded, and has to be installed, only where the configuration asks for it.
 *
 * @throws Error for people, when it is not there
 */
export function awsLibrary(): typeof import('@pgweir/aws') {
  try {
    return require('@pgweir/aws');
  } catch (cause) {
    const isMissing =
      cause instanceof Error && 'code' in cause && cause.code === 'MODULE_NOT_FOUND';
    if (!isMissing) throw cause;
    throw new Error('this needs the package @pgweir/aws: npm install @pgweir/aws', { cause });
  }
}

/** Why it cannot be used; undefined: it can. */
export function awsProblem(): string | undefined {
  try {
    awsLibrary();
    return undefined;
  } catch (error) {
    return `server_auth: ${reasonOf(error)}`;
  }
}
