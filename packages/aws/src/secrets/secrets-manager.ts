import {
  GetSecretValueCommand,
  type GetSecretValueCommandOutput,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { fromTemporaryCredentials } from '@aws-sdk/credential-providers';
import type { SecretReading, SecretStage, SecretStore } from '@pgweir/pooler';
import { faultOf, NO_SUCH_VERSION } from './fault';

/** One secret of AWS Secrets Manager. */
export interface SecretsManagerSecret {
  readonly arn: string;
  /** The role to assume for it; undefined: the standard credentials of this process. */
  readonly roleArn: string | undefined;
}

/** Where a value has a stage, it has this label. */
const LABELS: Readonly<Record<SecretStage, string>> = {
  current: 'AWSCURRENT',
  pending: 'AWSPENDING',
  previous: 'AWSPREVIOUS',
};

/** Whoever reads has a longer breath of his own: he tries again, and later. */
const ATTEMPTS_MAX = 2;
const CONNECT_MS = 2_000;
const ANSWER_MS = 4_000;
/** As CloudTrail shows us where a role is assumed. */
const SESSION_NAME = 'pgweir';
/** The place of the region in an ARN. */
const REGION_AT = 3;

/** Reads secrets with the standard credentials, or in a role. Clients are shared by region and role. */
export class SecretsManager {
  readonly #clients = new Map<string, SecretsManagerClient>();

  /** One secret, as a store of its own. */
  secret({ arn, roleArn }: SecretsManagerSecret): SecretStore {
    const client = this.#client(arn.split(':')[REGION_AT] ?? '', roleArn);
    return { hasStages: true, read: (stage, signal) => readStage(client, { arn, stage, signal }) };
  }

  /** Ends connections that are kept open. */
  close(): void {
    for (const client of this.#clients.values()) client.destroy();
    this.#clients.clear();
  }

  #client(region: string, roleArn: string | undefined): SecretsManagerClient {
    const key = `${region} ${roleArn ?? ''}`;
    const known = this.#clients.get(key);
    if (known !== undefined) return known;
    const client = new SecretsManagerClient({
      region,
      maxAttempts: ATTEMPTS_MAX,
      requestHandler: { connectionTimeout: CONNECT_MS, requestTimeout: ANSWER_MS },
      ...(roleArn === undefined
        ? {}
        : {
            credentials: fromTemporaryCredentials({
              params: { RoleArn: roleArn, RoleSessionName: SESSION_NAME },
              clientConfig: { region },
            }),
          }),
    });
    this.#clients.set(key, client);
    return client;
  }
}

interface Wanted {
  readonly arn: string;
  readonly stage: SecretStage;
  readonly signal: AbortSignal;
}

async function readStage(
  client: SecretsManagerClient,
  { arn, stage, signal }: Wanted,
): Promise<SecretReading> {
  try {
    const command = new GetSecretValueCommand({ SecretId: arn, VersionStage: LABELS[stage] });
    return readingOf(await client.send(command, { abortSignal: signal }));
  } catch (error) {
    // A secret that is not there at all has no current version either.
    if (stage !== 'current' && error instanceof Error && error.name === NO_SUCH_VERSION)
      return { kind: 'none' };
    return { kind: 'failed', ...faultOf(error) };
  }
}

function readingOf(answer: GetSecretValueCommandOutput): SecretReading {
  const { CreatedDate: created, SecretString: text, VersionId: id } = answer;
  if (text === undefined) {
    return { kind: 'failed', why: 'unusable', reason: 'the secret is binary, not text' };
  }
  if (id === undefined) {
    return { kind: 'failed', why: 'unreachable', reason: 'an answer without the id of a version' };
  }
  return { kind: 'read', version: { id, text, createdAtMs: created?.getTime() } };
}
