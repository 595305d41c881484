import {
  AwsKeys,
  awsEnvironment,
  type Daemon,
  type FakeSecretsManager,
  startFakeSecretsManager,
} from '@pgweir/testkit';
import { Client } from 'pg';
import { type Rig, type RigOptions, startRig } from './rig';

export const FIRST_PASSWORD = 'first-p4ssword';
/** What secrets and databases of tests have that must be seen nowhere. */
export const PASSWORD_MARK = 'p4ssword';

export interface SecretsStageOptions extends Omit<RigOptions, 'cluster' | 'env' | 'databases'> {
  /** Roles of the server that log in with SCRAM and `FIRST_PASSWORD`. Default: app and app_clone. */
  readonly roles?: readonly string[];
  /** More secrets, with the same text as `db`. */
  readonly secrets?: readonly string[];
  /** In them `{arn}` is that of the secret `db`, and `{arn of x}` that of the secret x. */
  readonly databases: Readonly<Record<string, string>>;
  readonly users?: Readonly<Record<string, string>>;
  /** The text of the secret `db`. Default: that of app. */
  readonly secret?: Readonly<Record<string, unknown>> | string | Buffer;
  /** Whether Secrets Manager is there when the daemon starts. Default: yes. */
  readonly isStoreUp?: boolean;
  /** More variables of the environment, for this Secrets Manager. */
  readonly variables?: (keys: AwsKeys) => Promise<Readonly<Record<string, string>>>;
}

/** PostgreSQL with passwords, a Secrets Manager that has them, and a pgweir that has none. */
export interface SecretsStage {
  readonly rig: Rig;
  readonly manager: FakeSecretsManager;
  readonly arn: string;
  arnOf(secret: string): string;
  /** Of the daemon. */
  readonly env: Readonly<Record<string, string>>;
  /** A configuration to reload. */
  config(parts: Pick<SecretsStageOptions, 'databases' | 'settings' | 'users'>): string;
  /** Gives a role of the server another password. */
  setPassword(role: string, password: string): Promise<void>;
  /** Logs in through pgweir, and asks who it is on the server. */
  whoAmI(user: string, password: string, database?: string): Promise<string>;
  stop(): Promise<void>;
}

export function secretOf(username: string, password: string) {
  return { engine: 'postgres', username, password };
}

export async function startSecretsStage(options: SecretsStageOptions): Promise<SecretsStage> {
  const { roles = ['app', 'app_clone'], isStoreUp = true } = options;
  const keys = new AwsKeys();
  const manager = await startFakeSecretsManager({ keys });
  const { arn, arnOf, filled } = putSecrets(manager, options);
  try {
    const env = {
      ...awsEnvironment(keys.addUser('pgweir')),
      AWS_ENDPOINT_URL_SECRETS_MANAGER: manager.url,
      ...(await options.variables?.(keys)),
    };
    if (!isStoreUp) await manager.stop();
    const rig = await startRig({
      cluster: {
        users: roles.map((name) => ({
          ...{ name, password: FIRST_PASSWORD, encryption: 'scram-sha-256' as const },
        })),
        hba: roles.map((name) => `host all ${name} 127.0.0.1/32 scram-sha-256`),
      },
      userlist: '"chief" "x"\n',
      ...options,
      env,
      settings: { auth_type: 'scram-sha-256', admin_users: 'chief', ...options.settings },
      databases: filled(options.databases),
      users: filled(options.users ?? {}),
    });
    const { primary } = rig.cluster;
    return {
      ...{ rig, manager, arn, arnOf, env },
      config: ({ databases, settings, users = {} }) =>
        rig.config({
          settings: {
            ...{ auth_type: 'scram-sha-256', admin_users: 'chief' },
            ...options.settings,
            ...settings,
          },
          databases: filled(databases),
          users: filled(users),
        }),
      setPassword: async (role, password) => {
        await primary.query(`ALTER ROLE ${role} PASSWORD '${password}'`);
      },
      whoAmI: async (user, password, database = 'shop') => {
        const { host, port } = rig.daemon;
        const client = new Client({ host, port, user, password, database });
        client.on('error', () => undefined);
        await client.connect();
        try {
          const { rows } = await client.query('SELECT current_user AS name');
          return `${rows[0]?.name}`;
        } finally {
          await client.end();
        }
      },
      stop: async () => {
        await rig.stop();
        await manager.stop();
      },
    };
  } catch (error) {
    await manager.stop();
    throw error;
  }
}

/** Makes the secrets; `filled` puts their ARNs into entries. */
function putSecrets(manager: FakeSecretsManager, options: SecretsStageOptions) {
  const text = options.secret ?? secretOf('app', FIRST_PASSWORD);
  const arn = manager.put('db', text);
  const arns = new Map([['db', arn]]);
  for (const name of options.secrets ?? []) arns.set(name, manager.put(name, text));
  const arnOf = (name: string): string => {
    const known = arns.get(name);
    if (known === undefined) throw new Error(`this stage has no secret ${name}`);
    return known;
  };
  const filled = (entries: Readonly<Record<string, string>>) =>
    Object.fromEntries(
      Object.entries(entries).map(([name, entry]) => [
        name,
        entry
          .replaceAll('{arn}', arn)
          .replaceAll(/\{arn of (.+?)\}/g, (_, secret: string) => arnOf(secret)),
      ]),
    );
  return { arn, arnOf, filled };
}

/** What the console shows to an administrator. */
export async function consoleRows(
  { host, port }: Daemon,
  sql: string,
  login: { readonly user: string; readonly password: string } = { user: 'chief', password: 'x' },
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const client = new Client({ host, port, ...login, database: 'pgbouncer' });
  client.on('error', () => undefined);
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}
