import {
  type AwsAnswer,
  AwsEndpoint,
  type AwsEndpointOptions,
  type AwsRequest,
} from './http-endpoint';
import { type AwsKey, type AwsKeys, TEST_ACCOUNT } from './keys';
import { type SigV4Refusal, verifySigV4 } from './sigv4';

export interface FakeStsOptions extends AwsEndpointOptions {
  /** Who can sign; AssumeRole adds to it. */
  readonly keys: AwsKeys;
  /** Default `us-east-1`. */
  readonly region?: string;
}

/** A role with what its trust policy says. */
export interface StsRole {
  /** With its path, as `team/app`. */
  readonly name: string;
  /** Default `TEST_ACCOUNT`. */
  readonly account?: string;
  /** ARNs that may assume it. Default: everybody. */
  readonly trusts?: readonly string[];
  readonly externalId?: string;
  /** How long its sessions last, instead of DurationSeconds, which is 900 s at least. */
  readonly sessionLifeMs?: number;
}

/** STS holds to this whatever X-Amz-Expires says. */
const PRESIGNED_LIFE_MS = 15 * 60_000;
const NAMESPACE = 'https://sts.amazonaws.com/doc/2011-06-15/';

const STATUS: Readonly<Record<SigV4Refusal, number>> = {
  SignatureDoesNotMatch: 403,
  InvalidClientTokenId: 403,
  ExpiredToken: 403,
  RequestExpired: 403,
  MissingAuthenticationToken: 403,
  IncompleteSignature: 400,
};

export async function startFakeSts(options: FakeStsOptions): Promise<FakeSts> {
  const sts = new FakeSts(options);
  await sts.endpoint.start();
  return sts;
}

/**
 * STS of one region, as far as GetCallerIdentity and AssumeRole go, for requests in any form that it
 * takes. Checks every signature in full. Use `startFakeSts`.
 */
export class FakeSts {
  /** What came, accidents, stop and start. */
  readonly endpoint: AwsEndpoint;
  readonly keys: AwsKeys;
  readonly #region: string;
  readonly #roles = new Map<string, StsRole>();
  #requestCount = 0;

  constructor(options: FakeStsOptions) {
    this.keys = options.keys;
    this.#region = options.region ?? 'us-east-1';
    const service = {
      answer: (request: AwsRequest) => this.#answer(request),
      throttled: () => this.#error(400, 'Throttling', 'Rate exceeded'),
      unavailable: () => this.#error(503, 'ServiceUnavailable', 'Service is unavailable'),
    };
    this.endpoint = new AwsEndpoint(service, options);
  }

  /** For AWS_ENDPOINT_URL_STS. */
  get url(): string {
    return this.endpoint.url;
  }

  /** @returns its ARN */
  addRole(role: StsRole): string {
    const arn = `arn:aws:iam::${role.account ?? TEST_ACCOUNT}:role/${role.name}`;
    this.#roles.set(arn, role);
    return arn;
  }

  stop(): Promise<void> {
    return this.endpoint.stop();
  }

  #answer(request: AwsRequest): AwsAnswer {
    const verdict = verifySigV4(request, {
      ...{ keys: this.keys, service: 'sts', region: this.#region },
      ...{ nowMs: this.endpoint.wallMs(), presignedLifeMs: PRESIGNED_LIFE_MS },
    });
    if (verdict.kind === 'refused') {
      const { code, message } = verdict;
      const name = code === 'RequestExpired' ? 'SignatureDoesNotMatch' : code;
      return this.#error(STATUS[code], name, message);
    }
    const target = new URL(request.url, 'http://sts');
    const isKnown = target.pathname === '/' && ['GET', 'POST'].includes(request.method);
    if (!isKnown) return this.#error(404, 'UnknownOperationException', 'No such operation');
    // A form counts only when it is one: the query is read as well, as for any of these requests.
    const parameters = [...target.searchParams, ...new URLSearchParams(request.body)];
    return this.#act(parameters, verdict.by);
  }

  #act(parameters: readonly (readonly [string, string])[], by: AwsKey): AwsAnswer {
    // STS does not mind the case of names, which has let attackers past careless checks.
    const get = (wanted: string): string | undefined =>
      parameters.find(([name]) => name.toLowerCase() === wanted.toLowerCase())?.[1];
    const action = get('Action') ?? '';
    if (get('Version') !== '2011-06-15') return this.#noAction(action);
    switch (action) {
      case 'GetCallerIdentity': {
        const { arn, userId, account } = by;
        return this.#result(action, { Arn: arn, UserId: userId, Account: account });
      }
      case 'AssumeRole':
        return this.#assumeRole(get, by);
      default:
        return this.#noAction(action);
    }
  }

  #assumeRole(get: (name: string) => string | undefined, by: AwsKey): AwsAnswer {
    const arn = get('RoleArn') ?? '';
    const session = get('RoleSessionName') ?? '';
    const seconds = Number(get('DurationSeconds') ?? 3600);
    if (!/^[\w+=,.@-]{2,64}$/.test(session)) {
      return this.#error(400, 'ValidationError', 'roleSessionName does not satisfy its constraint');
    }
    if (!Number.isInteger(seconds) || seconds < 900 || seconds > 43_200) {
      return this.#error(400, 'ValidationError', 'durationSeconds does not satisfy its constraint');
    }
    const role = this.#roles.get(arn);
    const isTrusted = role?.trusts?.includes(by.arn) ?? true;
    const isMeant = role?.externalId === undefined || role.externalId === get('ExternalId');
    if (role === undefined || !isTrusted || !isMeant) {
      const text = `User: ${by.arn} is not authorized to perform: sts:AssumeRole on resource: ${arn}`;
      return this.#error(403, 'AccessDenied', text);
    }
    const expiresAtMs = this.endpoint.wallMs() + (role.sessionLifeMs ?? seconds * 1000);
    const key = this.keys.addSession({
      ...{ role: role.name, session, account: role.account ?? TEST_ACCOUNT, expiresAtMs },
    });
    return this.#result('AssumeRole', {
      Credentials: {
        AccessKeyId: key.accessKeyId,
        SecretAccessKey: key.secretAccessKey,
        SessionToken: key.sessionToken,
        Expiration: new Date(expiresAtMs).toISOString(),
      },
      AssumedRoleUser: { AssumedRoleId: key.userId, Arn: key.arn },
    });
  }

  #noAction(action: string): AwsAnswer {
    return this.#error(400, 'InvalidAction', `Could not find operation ${action}`);
  }

  #result(action: string, values: XmlTree): AwsAnswer {
    return this.#xml(200, `${action}Response`, {
      [`${action}Result`]: values,
      ResponseMetadata: { RequestId: this.#nextId() },
    });
  }

  #error(status: number, code: string, message: string): AwsAnswer {
    return this.#xml(status, 'ErrorResponse', {
      Error: { Type: status < 500 ? 'Sender' : 'Receiver', Code: code, Message: message },
      RequestId: this.#nextId(),
    });
  }

  #xml(status: number, root: string, tree: XmlTree): AwsAnswer {
    const body = `<${root} xmlns="${NAMESPACE}">\n${xml(tree, '  ')}</${root}>\n`;
    return { status, contentType: 'text/xml', body };
  }

  #nextId(): string {
    this.#requestCount++;
    return `00000000-0000-4000-8000-${`${this.#requestCount}`.padStart(12, '0')}`;
  }
}

interface XmlTree {
  readonly [name: string]: string | XmlTree;
}

function xml(tree: XmlTree, indent: string): string {
  return Object.entries(tree)
    .map(([name, value]) => {
      const inner =
        typeof value === 'string' ? escaped(value) : `\n${xml(value, `${indent}  `)}${indent}`;
      return `${indent}<${name}>${inner}</${name}>\n`;
    })
    .join('');
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
