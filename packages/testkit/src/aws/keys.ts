import { randomBytes } from 'node:crypto';

/** Access key of a user or of a role's session, and who that is. */
export interface AwsKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials, which are worth nothing without it. */
  readonly sessionToken?: string;
  readonly arn: string;
  readonly account: string;
  readonly userId: string;
  /** Since the epoch; undefined: never. */
  readonly expiresAtMs?: number;
}

export interface AwsSessionOptions {
  /** With its path, as `team/app`; the path is in the ARN of the role only, not in that of a session. */
  readonly role: string;
  /** RoleSessionName. Default `session`. */
  readonly session?: string;
  readonly account?: string;
  readonly expiresAtMs?: number;
}

/** Of everybody who names no account. */
export const TEST_ACCOUNT = '123456789012';

/** Whose signatures are good: what AWS's services share behind their endpoints. */
export class AwsKeys {
  readonly #known = new Map<string, AwsKey>();

  add(key: AwsKey): AwsKey {
    this.#known.set(key.accessKeyId, key);
    return key;
  }

  /** A user with an access key that does not expire. @param name with its path, as `team/ann` */
  addUser(name: string, account = TEST_ACCOUNT): AwsKey {
    return this.add({
      ...{ accessKeyId: randomId('AKIA'), secretAccessKey: randomBytes(30).toString('base64') },
      ...{ arn: `arn:aws:iam::${account}:user/${name}`, account, userId: randomId('AIDA') },
    });
  }

  /** The account itself, whom nobody should let in. */
  addRoot(account = TEST_ACCOUNT): AwsKey {
    return this.add({
      ...{ accessKeyId: randomId('AKIA'), secretAccessKey: randomBytes(30).toString('base64') },
      ...{ arn: `arn:aws:iam::${account}:root`, account, userId: account },
    });
  }

  /** Temporary credentials of a role, as AssumeRole makes them. Default: for an hour. */
  addSession(options: AwsSessionOptions): AwsKey & { readonly sessionToken: string } {
    const { role, session = 'session', account = TEST_ACCOUNT } = options;
    const name = role.slice(role.lastIndexOf('/') + 1);
    const key = {
      ...{ accessKeyId: randomId('ASIA'), secretAccessKey: randomBytes(30).toString('base64') },
      // Real ones are some hundred bytes long and hold characters that URLs must escape.
      sessionToken: `IQoJb3JpZ2luX2Vj//+${randomBytes(300).toString('base64')}`,
      arn: `arn:aws:sts::${account}:assumed-role/${name}/${session}`,
      account,
      userId: `${randomId('AROA')}:${session}`,
      expiresAtMs: options.expiresAtMs ?? Date.now() + 3_600_000,
    };
    this.add(key);
    return key;
  }

  find(accessKeyId: string): AwsKey | undefined {
    return this.#known.get(accessKeyId);
  }

  /** As if somebody had deleted it. */
  remove(accessKeyId: string): void {
    this.#known.delete(accessKeyId);
  }
}

/**
 * What a process needs in its environment to sign with a key in the SDK's standard way, and to look for
 * credentials nowhere else.
 */
export function awsEnvironment(key: AwsKey, region = 'us-east-1'): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: key.accessKeyId,
    AWS_SECRET_ACCESS_KEY: key.secretAccessKey,
    ...(key.sessionToken === undefined ? {} : { AWS_SESSION_TOKEN: key.sessionToken }),
    AWS_REGION: region,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: '/dev/null',
    AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
  };
}

const ID_CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** @param prefix says what the id is of: AKIA, ASIA, AIDA, AROA */
function randomId(prefix: string): string {
  return prefix + [...randomBytes(16)].map((byte) => ID_CHARACTERS[byte % 32]).join('');
}
