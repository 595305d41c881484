import { type Tool, wholeNumberOf } from './tool';

/** For a token by which IAM lets its owner in. */
export interface TokenOptions {
  readonly host: string;
  readonly region: string;
  readonly expires: number;
}

const LIFE_SECONDS_MAX = 900;

export const IAM_TOKEN: Tool<{ readonly kind: 'iam-token'; readonly token: TokenOptions }> = {
  word: 'iam-token',
  usageCode: 1,
  describe: (command) =>
    command
      .description(
        'Prints a password for a pgweir with auth_type = iam, signed with credentials of AWS.',
      )
      .requiredOption('--host <name>', 'name of that pgweir, as its iam_server_name says')
      .requiredOption('--region <region>', 'region whose STS it asks: one of its iam_sts_regions')
      .option(
        '--expires <seconds>',
        'how long the token is accepted',
        wholeNumberOf({ min: 1, max: LIFE_SECONDS_MAX }),
        LIFE_SECONDS_MAX,
      ),
  order: (command) => ({ kind: 'iam-token', token: command.opts<TokenOptions>() }),
};
