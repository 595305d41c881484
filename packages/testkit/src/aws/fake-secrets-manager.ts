import { randomBytes } from 'node:crypto';
import {
  type AwsAnswer,
  AwsEndpoint,
  type AwsEndpointOptions,
  type AwsRequest,
} from './http-endpoint';
import { type AwsKey, type AwsKeys, TEST_ACCOUNT } from './keys';
import {
  type SecretStage,
  type SecretValue,
  type SecretVersion,
  SecretVersions,
} from './secret-versions';
import { type SigV4Refusal, verifySigV4 } from './sigv4';

export interface FakeSecretsManagerOptions extends AwsEndpointOptions {
  readonly keys: AwsKeys;
  /** Default `us-east-1`. */
  readonly region?: string;
}

/** Steps of a rotation that change the database; see `rotate`. */
export interface RotationSteps {
  /** Makes the database take the new value. */
  setSecret(pending: string, current: string): Promise<void>;
  /** Throws when the database does not take it. */
  testSecret?(pending: string): Promise<void>;
}

type SecretDenial = 'AccessDeniedException' | 'DecryptionFailure';

/** Errors of JSON services have other names. */
const JSON_NAME: Readonly<Record<SigV4Refusal, string>> = {
  SignatureDoesNotMatch: 'InvalidSignatureException',
  InvalidClientTokenId: 'UnrecognizedClientException',
  ExpiredToken: 'ExpiredTokenException',
  RequestExpired: 'InvalidSignatureException',
  MissingAuthenticationToken: 'MissingAuthenticationTokenException',
  IncompleteSignature: 'IncompleteSignatureException',
};

export async function startFakeSecretsManager(
  options: FakeSecretsManagerOptions,
): Promise<FakeSecretsManager> {
  const manager = new FakeSecretsManager(options);
  await manager.endpoint.start();
  return manager;
}

/**
 * Secrets Manager of one region, for GetSecretValue and DescribeSecret. Checks every signature in full.
 * A test owns the secrets, and rotates them as AWS's Lambda functions do. Use `startFakeSecretsManager`.
 */
export class FakeSecretsManager {
  /** What came, accidents, stop and start. */
  readonly endpoint: AwsEndpoint;
  readonly keys: AwsKeys;
  readonly #region: string;
  readonly #secrets = new Map<string, SecretVersions>();
  readonly #denied = new Map<string, SecretDenial>();

  constructor(options: FakeSecretsManagerOptions) {
    this.keys = options.keys;
    this.#region = options.region ?? 'us-east-1';
    const service = {
      answer: (request: AwsRequest) => this.#answer(request),
      throttled: () => failure('ThrottlingException', 'Rate exceeded'),
      unavailable: () =>
        failure('InternalServiceError', 'An error occurred on the server side.', 500),
    };
    this.endpoint = new AwsEndpoint(service, options);
  }

  /** For AWS_ENDPOINT_URL_SECRETS_MANAGER. */
  get url(): string {
    return this.endpoint.url;
  }

  stop(): Promise<void> {
    return this.endpoint.stop();
  }

  /** Makes a secret, or a new AWSCURRENT of one that is there. @returns its ARN */
  put(name: string, value: SecretValue): string {
    const nowMs = this.endpoint.wallMs();
    const secret = this.#secrets.get(name) ?? this.#create(name, nowMs);
    secret.label('AWSCURRENT', secret.add(value, nowMs).id);
    return secret.arn;
  }

  /** First step of a rotation: AWSPENDING is there. @returns its version */
  createSecret(name: string, value: SecretValue): string {
    const secret = this.#known(name);
    const { id } = secret.add(value, this.endpoint.wallMs());
    secret.label('AWSPENDING', id);
    return id;
  }

  /** Last step: AWSCURRENT moves to where AWSPENDING is. `keepPending`: that stays there as well. */
  finishSecret(name: string, { keepPending = false } = {}): void {
    const secret = this.#known(name);
    const pending = secret.at('AWSPENDING');
    if (pending === undefined) throw new Error(`no rotation of ${name} is under way`);
    secret.label('AWSCURRENT', pending.id);
    if (!keepPending) secret.unlabel('AWSPENDING');
  }

  /** All four steps, in the order that AWS keeps: the database changes before AWSCURRENT does. */
  async rotate(name: string, value: SecretValue, steps: RotationSteps): Promise<void> {
    this.createSecret(name, value);
    const [pending, current] = [this.text(name, 'AWSPENDING'), this.text(name, 'AWSCURRENT')];
    await steps.setSecret(pending, current);
    await steps.testSecret?.(pending);
    this.finishSecret(name);
  }

  /** @throws Error when there is none, or it is binary */
  text(name: string, stage: SecretStage = 'AWSCURRENT'): string {
    const value = this.#known(name).at(stage)?.value;
    if (typeof value !== 'string') throw new Error(`no text of ${name} at ${stage}`);
    return value;
  }

  /** Takes a label away, as if AWS had forgotten the version. */
  unlabel(name: string, stage: SecretStage): void {
    this.#known(name).unlabel(stage);
  }

  /** Deleted with a recovery window: it can be restored. */
  delete(name: string): void {
    this.#known(name).deletedMs = this.endpoint.wallMs();
  }

  restore(name: string): void {
    this.#known(name).deletedMs = undefined;
  }

  /** Deleted for good. */
  forget(name: string): void {
    this.#secrets.delete(name);
  }

  /** Nobody may read it. `DecryptionFailure`: nobody may use its key in KMS. */
  deny(name: string, how: SecretDenial = 'AccessDeniedException'): void {
    this.#denied.set(name, how);
  }

  allow(name: string): void {
    this.#denied.delete(name);
  }

  #create(name: string, nowMs: number): SecretVersions {
    const suffix = randomBytes(3).toString('hex');
    const arn = `arn:aws:secretsmanager:${this.#region}:${TEST_ACCOUNT}:secret:${name}-${suffix}`;
    const secret = new SecretVersions(name, arn, nowMs);
    this.#secrets.set(name, secret);
    return secret;
  }

  #known(name: string): SecretVersions {
    const secret = this.#secrets.get(name);
    if (secret === undefined) throw new Error(`there is no secret ${name}`);
    return secret;
  }

  #answer(request: AwsRequest): AwsAnswer {
    const verdict = verifySigV4(request, {
      ...{ keys: this.keys, service: 'secretsmanager', region: this.#region },
      nowMs: this.endpoint.wallMs(),
    });
    if (verdict.kind === 'refused') return failure(JSON_NAME[verdict.code], verdict.message);
    const target = request.headers.find(([name]) => name.toLowerCase() === 'x-amz-target')?.[1];
    const [service, action] = (target ?? '').split('.');
    const isAsked =
      request.method === 'POST' && request.url === '/' && service === 'secretsmanager';
    if (!isAsked) return failure('UnknownOperationException', 'No such operation');
    const input = objectIn(request.body);
    if (input === undefined) return failure('SerializationException', 'The body is no JSON object');
    if (action === 'GetSecretValue') return this.#getSecretValue(input, verdict.by);
    if (action === 'DescribeSecret') return this.#describeSecret(input, verdict.by);
    return failure('UnknownOperationException', 'No such operation');
  }

  #getSecretValue(input: Input, by: AwsKey): AwsAnswer {
    const secret = this.#readable(input, { by, action: 'GetSecretValue' });
    if (!(secret instanceof SecretVersions)) return secret;
    const { VersionId: id, VersionStage: given } = input;
    const stage = given ?? (id === undefined ? 'AWSCURRENT' : undefined);
    const version = id === undefined ? atStage(secret, stage) : secret.byId(`${id}`);
    const stages = version === undefined ? [] : secret.stagesOf(version.id);
    const isBoth = stage === undefined || stages.some((known) => known === stage);
    if (version === undefined || !isBoth) {
      const what = id === undefined ? `staging label: ${stage}` : `VersionId: ${id}`;
      const text = `Secrets Manager can't find the specified secret value for ${what}`;
      return failure('ResourceNotFoundException', text);
    }
    const { value, createdMs } = version;
    return json({
      ...{ ARN: secret.arn, Name: secret.name, VersionId: version.id, VersionStages: stages },
      CreatedDate: createdMs / 1000,
      ...(typeof value === 'string'
        ? { SecretString: value }
        : { SecretBinary: value.toString('base64') }),
    });
  }

  #describeSecret(input: Input, by: AwsKey): AwsAnswer {
    const secret = this.#readable(input, { by, action: 'DescribeSecret' });
    if (!(secret instanceof SecretVersions)) return secret;
    const { arn, name, createdMs, labelled } = secret;
    return json({
      ...{ ARN: arn, Name: name, CreatedDate: createdMs / 1000, RotationEnabled: true },
      VersionIdsToStages: Object.fromEntries(labelled.map(({ id }) => [id, secret.stagesOf(id)])),
    });
  }

  #readable(
    { SecretId: id }: Input,
    { by, action }: { readonly by: AwsKey; readonly action: string },
  ): SecretVersions | AwsAnswer {
    const secret = [...this.#secrets.values()].find(({ arn, name }) => id === arn || id === name);
    if (secret === undefined) {
      const text = "Secrets Manager can't find the specified secret.";
      return failure('ResourceNotFoundException', text);
    }
    const how = this.#denied.get(secret.name);
    if (how === 'DecryptionFailure' && action === 'GetSecretValue') {
      return failure(how, "Secrets Manager can't decrypt the protected secret text.");
    }
    if (how === 'AccessDeniedException') {
      const text =
        `User: ${by.arn} is not authorized to perform: secretsmanager:${action} on resource: ` +
        `${secret.arn} because no identity-based policy allows the action`;
      return failure(how, text);
    }
    if (secret.deletedMs !== undefined && action === 'GetSecretValue') {
      const text =
        "You can't perform this operation on the secret because it was marked for deletion.";
      return failure('InvalidRequestException', text);
    }
    return secret;
  }
}

type Input = Readonly<Record<string, unknown>>;

function objectIn(text: string): Input | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null) return undefined;
    return Object.fromEntries(Object.entries(value));
  } catch {
    return undefined;
  }
}

function atStage(secret: SecretVersions, stage: unknown): SecretVersion | undefined {
  switch (stage) {
    case 'AWSCURRENT':
    case 'AWSPENDING':
    case 'AWSPREVIOUS':
      return secret.at(stage);
    default:
      return undefined;
  }
}

const JSON_TYPE = 'application/x-amz-json-1.1';

function json(body: Input): AwsAnswer {
  return { status: 200, contentType: JSON_TYPE, body: JSON.stringify(body) };
}

function failure(name: string, text: string, status = 400): AwsAnswer {
  // DecryptionFailure and its like say `Message`, others `message`; SDKs take both.
  return { status, contentType: JSON_TYPE, body: JSON.stringify({ __type: name, Message: text }) };
}
