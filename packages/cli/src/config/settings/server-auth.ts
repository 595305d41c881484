import { SERVER_AUTHS } from '@pgweir/pooler';
import { oneOf, type ValueType } from '../value-types';
import { setting } from './row';

const SERVER_AUTH = oneOf(SERVER_AUTHS);

/** What fits is taken as it is; empty: not set. */
function fitting(form: RegExp, accepted: string): ValueType<string> {
  return {
    name: 'text',
    accepted,
    parse: (text) =>
      text === '' || form.test(text) ? { kind: 'ok', value: text } : { kind: 'bad' },
    show: (value) => value,
  };
}

const REGION = fitting(
  /^[a-z]{2}(?:-[a-z]+)+-\d{1,2}$/,
  'the name of a region of AWS, as eu-central-1',
);
const ROLE_ARN = fitting(
  /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/,
  'the ARN of a role: arn:aws:iam::123456789012:role/NAME',
);
const EXTERNAL_ID = fitting(/^[\w+=,.@:/-]{2,1224}$/, '2 to 1224 of A-Z a-z 0-9 _+=,.@:/-');

/** What links log in to PostgreSQL with. */
export const SERVER_AUTH_SETTINGS = {
  server_auth: setting(SERVER_AUTH, {
    default: 'password',
    help:
      'Our own. What links log in with. iam: with a token for RDS that is made for each login, with the ' +
      'credentials of AWS that this process has. iam-passthrough: with the newest token for RDS that a client ' +
      'of the same user has sent as its password, under auth_type = iam. Both need server_tls_sslmode = ' +
      'verify-full. See docs/aws-iam-servers.md.',
  }),
  aws_region: setting(REGION, {
    help:
      'Our own, with server_auth = iam. Region of the databases. Not set: as the name of the host says ' +
      '(*.REGION.rds.amazonaws.com), or else as the environment does (AWS_REGION, the profile).',
  }),
  aws_role_arn: setting(ROLE_ARN, {
    notBySet: true,
    help:
      'Our own, with server_auth = iam. Role to assume for the tokens. Not set: tokens are made with the ' +
      'credentials that the environment has.',
  }),
  aws_external_id: setting(EXTERNAL_ID, {
    notBySet: true,
    help: 'Our own, with aws_role_arn. External id that the trust policy of the role asks for.',
  }),
};

/** The same for one database or one user. */
export const OWN_SERVER_AUTH = {
  server_auth: setting(SERVER_AUTH, { help: 'Our own. As the global setting.' }),
  aws_region: setting(REGION, { help: 'Our own. As the global setting.' }),
  aws_role_arn: setting(ROLE_ARN, { help: 'Our own. As the global setting.' }),
  aws_external_id: setting(EXTERNAL_ID, { help: 'Our own. As the global setting.' }),
};
