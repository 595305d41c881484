import { reasonOf } from '../system-error';
import type { TokenOptions } from '../tools/iam-token';
import { awsLibrary } from './library';

interface Output {
  write(text: string): unknown;
}

/** Prints a token and nothing else, or why there is none. @returns the status to exit with */
export async function printToken(
  { host, region, expires }: TokenOptions,
  stdout: Output,
  stderr: Output,
): Promise<number> {
  try {
    const token = await awsLibrary().makeIdentityToken({ host, region, expiresS: expires });
    stdout.write(`${token}\n`);
    return 0;
  } catch (error) {
    stderr.write(`pgweir: ${reasonOf(error)}\n`);
    return 1;
  }
}
