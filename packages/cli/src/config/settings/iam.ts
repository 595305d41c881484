import { list, text } from '../value-types';
import { setting } from './row';

/** Clients that log in with what IAM of AWS says of them. */
export const IAM = {
  iam_server_name: setting(list, {
    help:
      'Our own, for auth_type = iam. Names of this pgweir, in lower case: clients sign one of them, so that their ' +
      'token lets nobody in elsewhere. Best the host name that they connect to.',
  }),
  iam_sts_regions: setting(list, {
    help: 'Our own, for auth_type = iam. Regions whose STS may be asked who has signed a token, as eu-central-1.',
  }),
  iam_map_file: setting(text(), {
    help:
      'Our own, for auth_type = iam. File that says which identities of IAM may log in as which users: a map, an ' +
      'ARN and a user on each line. See docs/aws-iam-clients.md.',
  }),
  iam_map: setting(text(), {
    default: 'iam',
    help: 'Our own. Map of iam_map_file for auth_type = iam, and for rules without map=.',
  }),
};
