import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Cluster, type Daemon, startCluster } from '@pgweir/testkit';
import { codeOf, startDaemonFor, withPg } from './support/rig';

const PAGE = join(__dirname, '..', '..', '..', '..', 'docs', 'security.md');

/** What is between the fences of that language, the one that mentions `word`. */
function block(language: string, word: string): string {
  const blocks = readFileSync(PAGE, 'utf8').matchAll(/^```(\w+)\n(.*?)^```/gms);
  for (const [, found, text = ''] of blocks) {
    if (found === language && text.includes(word)) return text;
  }
  throw new Error(`docs/security.md has no block of ${language} with ${word}`);
}

let cluster: Cluster;
let daemon: Daemon;

beforeAll(async () => {
  cluster = await startCluster({
    users: [
      { name: 'ann', password: 'one' },
      { name: 'boss', password: 'two', superuser: true },
    ],
    hba: ['host all all 127.0.0.1/32 scram-sha-256'],
  });
  await cluster.primary.query(block('sql', 'pgweir_lookup'));
  const query = /^auth_query = (.*)$/m.exec(block('ini', 'auth_query'))?.[1] ?? '';
  daemon = await startDaemonFor(cluster.primary, {
    databases: { app: '{server} dbname=postgres' },
    settings: {
      auth_type: 'scram-sha-256',
      auth_user: 'pgweir_lookup',
      auth_dbname: 'app',
      auth_query: query,
    },
    userlist: '"pgweir_lookup" "its own"\n',
  });
});

afterAll(async () => {
  await daemon?.stop();
  await cluster?.stop();
});

const login = (user: string, password: string) =>
  withPg({ host: '127.0.0.1', port: daemon.port, user, password, database: 'app' }, (client) =>
    client.query('SELECT 1'),
  );

test('the function of the page on security finds users, and no superusers', async () => {
  expect((await login('ann', 'one')).rowCount).toBe(1);
  expect(await codeOf(login('ann', 'two'))).toBe('28P01');
  expect(await codeOf(login('boss', 'two'))).toBe('28P01');
});

test('the user of that function may not do anything else with passwords', async () => {
  const direct = {
    host: cluster.primary.host,
    port: cluster.primary.port,
    user: 'pgweir_lookup',
    password: 'its own',
    database: 'postgres',
  };
  const read = withPg(direct, (client) => client.query('SELECT rolpassword FROM pg_authid'));
  expect(await codeOf(read)).toBe('42501');
});
