import { databaseName, userName } from '../src/ports/names';
import type { PoolerSettings } from '../src/settings/settings';
import { query } from './kit/messages';
import { Rig } from './kit/rig';
import { databaseSettings, NO_USER_SETTINGS } from './kit/settings';

/*
 * A reload that changes how links log in, or as whom, replaces those that are there.
 */

type Changes = Partial<PoolerSettings>;
type Identity = NonNullable<PoolerSettings['serverIdentity']>;

const NO_IDENTITY: Identity = {
  auth: undefined,
  awsRegion: undefined,
  awsRoleArn: undefined,
  awsExternalId: undefined,
};
const ARN = 'arn:aws:iam::123456789012:role';

function database(changes: Parameters<typeof databaseSettings>[0]): Changes {
  return { databases: new Map([[databaseName('app'), databaseSettings(changes)]]) };
}

function user(changes: Partial<typeof NO_USER_SETTINGS>): Changes {
  return { users: new Map([[userName('alice'), { ...NO_USER_SETTINGS, ...changes }]]) };
}

function identity(changes: Partial<Identity>): { readonly serverIdentity: Identity } {
  return { serverIdentity: { ...NO_IDENTITY, ...changes } };
}

/** How many of two links, one idle and one lent, are there after a reload, and when that one is back. */
async function left(before: Changes, after: Changes, who = 'alice'): Promise<readonly number[]> {
  const rig = await Rig.open({ poolSize: 5, ...before });
  const clients = [await rig.client({ user: who }), await rig.client({ user: who })];
  for (const client of clients) client.send(query('BEGIN'));
  await rig.settle();
  clients[0]?.send(query('COMMIT'));
  await rig.settle();
  expect(rig.server.open).toBe(2);
  rig.pooler.reload({ ...rig.pooler.settings, ...after }, rig.pooler.credentials);
  await rig.settle();
  const lent = rig.server.open;
  clients[1]?.send(query('COMMIT'));
  await rig.settle();
  return [lent, rig.server.open];
}

test.each<readonly [string, Changes, Changes]>([
  ['secret of the database', database({ secret: 'file:/a' }), database({ secret: 'file:/b' })],
  ['secret of the user', user({ secret: 'file:/a' }), user({ secret: 'file:/b' })],
  ['server_auth for all', {}, identity({ auth: 'iam' })],
  ['server_auth of the database', {}, database(identity({ auth: 'iam' }))],
  ['server_auth of the user', identity({ auth: 'iam' }), user(identity({ auth: 'password' }))],
  [
    'aws_role_arn',
    identity({ auth: 'iam', awsRoleArn: `${ARN}/a` }),
    database(identity({ awsRoleArn: `${ARN}/b` })),
  ],
])('another %s: links are replaced, lent ones when they come back', async (_, before, after) => {
  expect(await left(before, after)).toEqual([1, 0]);
});

test.each<readonly [string, string, Changes, Changes]>([
  ['nothing', 'alice', database({ secret: 'file:/a' }), database({ secret: 'file:/a' })],
  ['the role that reads a secret', 'alice', database({}), database({ secretRoleArn: `${ARN}/a` })],
  ['the usual way, in words', 'alice', {}, identity({ auth: 'password' })],
  ['a role that nobody assumes', 'alice', {}, identity({ awsRoleArn: `${ARN}/a` })],
  ['another user', 'bob', user({ secret: 'file:/a' }), user({ secret: 'file:/b' })],
  [
    'what the entry says itself',
    'alice',
    database(identity({ auth: 'password' })),
    identity({ auth: 'iam' }),
  ],
])('a change of %s leaves links alone', async (_, who, before, after) => {
  expect(await left(before, after, who)).toEqual([2, 2]);
});
