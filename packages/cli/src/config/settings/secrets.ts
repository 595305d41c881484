import { roleArn } from '../secret-place';
import { time } from '../value-types';
import { setting } from './row';

const REFRESH_MS_MIN = 1000;

/** Passwords that are not in files of the configuration: `secret` in the entries. */
export const SECRETS = {
  secrets_refresh: setting(time({ minMs: REFRESH_MS_MIN }), {
    default: '300',
    help:
      'How often a secret is read again. Besides, it is read at once when PostgreSQL or a client shows that its ' +
      'password has been changed, and a file as soon as it changes.',
  }),
  secret_overlap: setting(time(), {
    default: '3600',
    help:
      'How long clients may still log in with the password before, when that of their secret has been changed. ' +
      '0: not at all.',
  }),
  secret_role_arn: setting(roleArn, {
    notBySet: true,
    help:
      'The role of AWS IAM that is assumed to read secrets of AWS Secrets Manager. Not set: they are read as ' +
      'whoever this process is. Cannot be changed by SET.',
  }),
};
