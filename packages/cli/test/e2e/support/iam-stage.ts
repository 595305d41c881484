import { join } from 'node:path';
import { makeIdentityToken } from '@pgweir/aws';
import {
  type AwsKey,
  AwsKeys,
  BackendError,
  certsDir,
  type Daemon,
  type FakeSts,
  RawClient,
  startFakeSts,
} from '@pgweir/testkit';
import { CLIENT_TLS, type Rig, rawTarget, startDaemonFor, startRig, type Way } from './rig';

/** The name of pgweir in tokens. */
export const HOST = 'pgweir.example.org';
export const REGION = 'us-east-1';
export const PREFIX = 'pgweir-iam-v1.';
export const FAILED = '28000 IAM authentication failed';
export const MAP = [
  'iam arn:aws:sts::123456789012:assumed-role/app-*/* app',
  'iam arn:aws:iam::123456789012:user/team/ann ann',
  '',
].join('\n');

const DATABASES = {
  shop: '{server} dbname=postgres user=postgres',
  own: '{server} dbname=postgres',
};

export type Settings = Readonly<Record<string, string>>;

export interface TokenChoice {
  /** Default: those of `session`. */
  readonly credentials?: AwsKey;
  readonly host?: string;
  readonly region?: string;
  readonly expiresS?: number;
  /** When it is signed, seconds from now. Default: at a time of its own, some minutes ago at most. */
  readonly inS?: number;
}

export interface Attempt {
  readonly user?: string;
  readonly database?: string;
  readonly way?: Way;
  /** Default: that of the stage. */
  readonly daemon?: Daemon;
}

/** PostgreSQL, a pgweir with `auth_type = iam` before it, and a stand-in of STS with HTTPS. */
export class IamStage {
  readonly sts: FakeSts;
  readonly rig: Rig;
  /** Of a role that may log in as `app`. */
  readonly session: AwsKey & { readonly sessionToken: string };
  /** May log in as `ann`, who is an administrator. */
  readonly ann: AwsKey;
  readonly #begunMs = Date.now();
  #signed = 0;

  private constructor(sts: FakeSts, rig: Rig) {
    this.sts = sts;
    this.rig = rig;
    this.session = sts.keys.addSession({ role: 'app-shop', session: 'i-0123' });
    this.ann = sts.keys.addUser('team/ann');
  }

  static async open(): Promise<IamStage> {
    const sts = await startFakeSts({ keys: new AwsKeys(), tls: {} });
    try {
      const rig = await startRig({
        cluster: {
          users: [{ name: 'app', password: 'tea' }],
          hba: ['host all app 127.0.0.1/32 scram-sha-256', 'host all all 127.0.0.1/32 trust'],
        },
        ...{ settings: settingsOf(), databases: DATABASES, env: environment(sts) },
        files: { 'iam.map': MAP },
      });
      return new IamStage(sts, rig);
    } catch (error) {
      await sts.stop();
      throw error;
    }
  }

  async close(): Promise<void> {
    await this.rig.stop();
    await this.sts.stop();
  }

  /** Another pgweir; `env` instead of what makes it trust the stand-in. */
  startDaemon(more: Settings = {}, env: Settings = environment(this.sts)): Promise<Daemon> {
    return startDaemonFor(this.rig.cluster.primary, {
      ...{ settings: settingsOf(more), databases: DATABASES, env },
      files: { 'iam.map': MAP },
    });
  }

  /** The stand-in behaves again, and has counted nothing. */
  forget(): void {
    this.sts.endpoint.setAccident(undefined);
    this.sts.endpoint.requests.length = 0;
  }

  /** How often STS was asked. */
  get asked(): number {
    return this.sts.endpoint.requests.length;
  }

  async use(more: Settings = {}, until = 'configuration reloaded'): Promise<void> {
    const text = this.rig.config({ settings: settingsOf(more), databases: DATABASES });
    await this.rig.daemon.reload(text, until);
  }

  /** No two are the same: those that are signed within one second would be. */
  token({ inS, ...choice }: TokenChoice = {}): Promise<string> {
    this.#signed++;
    const ownMs = this.#begunMs - this.#signed * 1000;
    const at = new Date(inS === undefined ? ownMs : Date.now() + inS * 1000);
    const usual = { host: HOST, region: REGION, credentials: this.session };
    return makeIdentityToken({ ...usual, at, ...choice });
  }

  async changedToken(change: (url: string) => string, choice: TokenChoice = {}): Promise<string> {
    const encoded = (await this.token(choice)).slice(PREFIX.length);
    const url = Buffer.from(encoded, 'base64url').toString();
    if (change(url) === url) throw new Error('nothing is changed');
    return PREFIX + Buffer.from(change(url)).toString('base64url');
  }

  /** `in`, or SQLSTATE and text of the error. */
  async attempt(password: string, options: Attempt = {}): Promise<string> {
    const { user = 'app', database = 'shop', way = 'tls', daemon = this.rig.daemon } = options;
    const tls = { start: 'request' as const, options: {} };
    const client = await RawClient.connect(rawTarget(daemon, way), way === 'tls' ? { tls } : {});
    try {
      await client.login({ user, database, password });
      const sql = database === 'pgbouncer' ? 'SHOW VERSION' : 'SELECT 1';
      const rows = (await client.query(sql)).filter(({ tag }) => tag === 'D');
      return rows.length === 1 ? 'in' : 'no row';
    } catch (error) {
      if (!(error instanceof BackendError)) throw error;
      return `${error.code} ${error.fields.M}`;
    } finally {
      client.destroy();
    }
  }
}

function environment(sts: FakeSts): Settings {
  return { AWS_ENDPOINT_URL_STS: sts.url, NODE_EXTRA_CA_CERTS: join(certsDir(), 'ca.crt') };
}

function settingsOf(more: Settings = {}): Settings {
  return {
    ...{ auth_type: 'iam', iam_server_name: HOST, iam_sts_regions: `eu-west-1, ${REGION}` },
    ...{ iam_map_file: '{dir}/iam.map', pool_mode: 'transaction', admin_users: 'ann' },
    server_login_retry: '1',
    ...{ ...CLIENT_TLS, client_tls_sslmode: 'prefer', ...more },
  };
}
