import {
  databaseName,
  type PasswordVerdict,
  type PoolerSettings,
  type TopologySnapshot,
  userName,
} from '@pgweir/pooler';
import { HandClock } from '@pgweir/testkit';
import { IamOptions } from '../../src/aws/iam-options';
import { PassedRdsTokens } from '../../src/aws/passed-rds-tokens';
import { loaded } from '../support/config-files';

const OPTIONS = new IamOptions({ serverNames: [], regions: [] }, { name: 'iam', entries: [] });
const NOBODY: TopologySnapshot = { generation: 1, servers: new Map(), roles: new Map() };

/** Whether a login as ann is refused for the way in which links of this database log in. */
function isRefused(pooler: PoolerSettings, database: string): boolean {
  const passed = new PassedRdsTokens({
    settings: () => pooler,
    topology: { current: NOBODY, subscribe: () => () => undefined },
    clock: new HandClock(),
    proofs: () => {
      throw new Error('nothing is to be proven');
    },
  });
  let verdict: PasswordVerdict | undefined;
  passed.verify(
    {
      ...{ database: databaseName(database), user: userName('ann'), address: '192.0.2.1' },
      password: 'db.test:5432/?Action=connect',
      judge: { kind: 'iam', options: OPTIONS },
    },
    OPTIONS,
    (said) => {
      verdict = said;
    },
  );
  if (verdict?.kind !== 'refused') throw new Error('the token cannot be read, and is refused');
  return verdict.why.includes('iam-passthrough only');
}

test('a token is nothing for a database whose links are those of a forced user with a password', () => {
  const { pooler } = loaded('[databases]\napp = host=a\nfrc = host=a user=bob password=x\n');
  const [plain] = loaded(
    '[databases]\na = host=a\n[users]\nann = pool_size=1\n',
  ).pooler.users.values();
  if (plain === undefined) throw new Error('no user');
  const identity = { awsRegion: undefined, awsRoleArn: undefined, awsExternalId: undefined };
  const users = new Map([
    [
      userName('ann'),
      { ...plain, serverIdentity: { ...identity, auth: 'iam-passthrough' as const } },
    ],
  ]);
  expect(isRefused({ ...pooler, users }, 'app')).toBe(false);
  expect(isRefused({ ...pooler, users }, 'frc')).toBe(true);
});
