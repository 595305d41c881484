import {
  availableMajors,
  type Cluster,
  type Daemon,
  frontend,
  RawClient,
  startCluster,
} from '@pgweir/testkit';
import { ask, errorIn, pooler, value } from './support/stage';

/** PostgreSQL reports search_path from 18 on; before, a pooler does not hear of its changes. */
const majors = availableMajors().filter((major) => major === 16 || major === 18);
const OPTIONS = {
  options: '-c search_path=tenant1 -c statement_timeout=777',
  TimeZone: 'Asia/Tokyo',
  application_name: 'mine',
};
const STATE = `SELECT concat_ws(' ', current_setting('search_path'),
  current_setting('statement_timeout'), current_setting('TimeZone'),
  current_setting('application_name'))`;
const OWN = 'tenant1 777ms Asia/Tokyo mine';
/** What a client may do to its settings; afterwards it has its own startup parameters again. */
const RESETS = [
  ['DISCARD ALL'],
  ['RESET ALL'],
  ['RESET search_path', 'RESET statement_timeout', 'RESET timezone', 'RESET application_name'],
  ['SET search_path TO elsewhere', 'RESET search_path'],
  ["SET timezone TO 'Europe/Rome'", 'RESET timezone'],
  ['SET statement_timeout TO 5555', "SET application_name TO 'x'", 'DISCARD ALL'],
  ['BEGIN', 'RESET ALL', 'COMMIT'],
  ['BEGIN', 'RESET search_path', 'ROLLBACK'],
  ['RESET ALL; SELECT 1'],
].map((statements) => ({ name: statements.join(', '), statements }));

for (const major of majors) {
  describe.each(['transaction', 'session'])(`PostgreSQL ${major}, %s mode`, (mode) => {
    let cluster: Cluster;
    let daemon: Daemon;
    let clients: RawClient[] = [];

    beforeAll(async () => {
      cluster = await startCluster({ major, users: [{ name: 'app' }] });
      const settings = { pool_mode: mode, default_pool_size: 6 };
      daemon = await pooler(cluster.primary, { settings });
    });

    afterAll(async () => {
      await daemon.stop();
      await cluster.stop();
    });

    afterEach(async () => {
      await Promise.all(clients.map((client) => client.end()));
      clients = [];
    });

    async function arrive(parameters: Readonly<Record<string, string>> = {}): Promise<RawClient> {
      const client = await RawClient.connect({ host: daemon.host, port: daemon.port });
      clients.push(client);
      await client.login({ user: 'app', database: 'app', parameters });
      return client;
    }

    test.each(RESETS)(
      'a client has its startup parameters again after $name',
      async ({ statements }) => {
        const client = await arrive(OPTIONS);
        expect(await ask(client, STATE)).toBe(OWN);
        for (const sql of statements) expect(errorIn(await client.query(sql))).toBeUndefined();
        expect(await ask(client, STATE)).toBe(OWN);
        // In transaction mode somebody else takes the link, and the client gets another one.
        const other = await arrive();
        await other.query('BEGIN');
        expect(await ask(client, STATE)).toBe(OWN);
        expect(await ask(other, STATE)).not.toContain('tenant1');
        await other.query('ROLLBACK');
        expect(await ask(client, STATE)).toBe(OWN);
      },
    );

    test('the same by the extended protocol', async () => {
      const client = await arrive(OPTIONS);
      for (const sql of ['DISCARD ALL', 'RESET ALL', 'RESET search_path']) {
        client.send(frontend.run(sql), frontend.sync());
        expect(errorIn(await client.until('Z'))).toBeUndefined();
        expect(await ask(client, STATE)).toBe(OWN);
      }
    });

    test('a reset behind which the next statement comes at once', async () => {
      const client = await arrive(OPTIONS);
      for (let i = 0; i < 20; i++) {
        client.send(frontend.query('DISCARD ALL'));
        const first = await client.until('Z');
        client.send(frontend.query(STATE));
        const second = await client.until('Z');
        expect(errorIn(first)).toBeUndefined();
        expect(value(second)).toBe(OWN);
      }
    });

    test('nobody else is left with the settings of a client that has reset its own', async () => {
      const client = await arrive(OPTIONS);
      const other = await arrive();
      const before = await ask(other, STATE);
      await client.query('DISCARD ALL');
      await client.end();
      for (let i = 0; i < 3; i++) expect(await ask(await arrive(), STATE)).toBe(before);
      expect(await ask(other, STATE)).toBe(before);
    });
  });
}
