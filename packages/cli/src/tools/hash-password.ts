import { type Tool, wholeNumberOf } from './tool';

export interface HashOptions {
  /** For a whole line of `auth_file`, and for MD5. */
  readonly user: string | undefined;
  readonly md5: boolean;
  readonly iterations: number;
}

interface Flags {
  readonly user?: string;
  readonly md5?: true;
  readonly iterations: number;
}

/** PostgreSQL's default, which protocol/auth has as well: not loaded for a help text. */
const ITERATIONS = 4096;
const ITERATIONS_MAX = 10_000_000;

export const HASH_PASSWORD: Tool<{ readonly kind: 'hash-password'; readonly hash: HashOptions }> = {
  word: 'hash-password',
  usageCode: 1,
  describe: (command) =>
    command
      .description(
        'Makes a SCRAM verifier of a password, as PostgreSQL and auth_file take it. The password is asked for ' +
          'twice, or read from standard input when that is no terminal.',
      )
      .option('--user <name>', 'print a whole line for auth_file')
      .option('--md5', 'an MD5 hash instead, for servers and clients that know nothing better')
      .option(
        '--iterations <number>',
        'more of them make guessing slower, and logins as well',
        wholeNumberOf({ min: 1, max: ITERATIONS_MAX }),
        ITERATIONS,
      ),
  order(command) {
    const { user, md5 = false, iterations } = command.opts<Flags>();
    if (md5 && user === undefined) {
      return command.error('--md5 needs --user: the name is part of the hash');
    }
    return { kind: 'hash-password', hash: { user, md5, iterations } };
  },
};
