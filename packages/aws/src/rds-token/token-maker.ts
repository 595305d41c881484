import { Signer } from '@aws-sdk/rds-signer';
import type { AssumedRole, AwsCredentials } from '../credentials/aws-credentials';
import { awsReason } from '../credentials/reason';
import { rdsRegionOf } from './rds-region';

/** One login to a database of RDS. */
export interface TokenWanted {
  /** Of the instance or the cluster, as RDS names it: an alias is not what RDS compares with. */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** undefined: as the host's name says, or else the environment. */
  readonly region: string | undefined;
  /** undefined: whoever this process is. */
  readonly role: Omit<AssumedRole, 'region'> | undefined;
}

const NO_REGION = /%2F\d{8}%2F%2Frds-db%2F/;

/** Makes the tokens that RDS takes as passwords, one for each login. They are secrets. */
export class RdsTokenMaker {
  readonly #credentials: AwsCredentials;

  constructor(credentials: AwsCredentials) {
    this.#credentials = credentials;
  }

  /** @throws Error that says for the log why there is none; without secrets, and in bounded time */
  async make(wanted: TokenWanted): Promise<string> {
    const { port, user } = wanted;
    const hostname = wanted.host.toLowerCase().replace(/\.$/, '');
    const region = regionOf(wanted);
    // Of now: a token is good no longer than the credentials that signed it.
    const credentials = await this.#credentials.of(roleOf(wanted)).get();
    const signer = new Signer({
      ...{ hostname, port, username: user, credentials },
      ...(region === undefined ? {} : { region }),
    });
    try {
      const token = await signer.getAuthToken();
      // An environment variable may be there and be empty.
      if (NO_REGION.test(token)) throw new Error('Region is missing');
      return token;
    } catch (error) {
      const hint = region === undefined ? ' (aws_region is not set)' : '';
      throw new Error(`no RDS token: ${awsReason(error)}${hint}`);
    }
  }

  /** PostgreSQL has refused one: the credentials may have been replaced before their time. */
  refused(wanted: TokenWanted): void {
    this.#credentials.of(roleOf(wanted)).doubt();
  }
}

function regionOf({ host, region }: TokenWanted): string | undefined {
  return region ?? rdsRegionOf(host);
}

function roleOf(wanted: TokenWanted): AssumedRole | undefined {
  return wanted.role === undefined ? undefined : { ...wanted.role, region: regionOf(wanted) };
}
