import { setTimeout as delay } from 'node:timers/promises';
import { waitFor } from '@pgweir/testkit';
import {
  consoleRows,
  FIRST_PASSWORD,
  PASSWORD_MARK,
  type SecretsStage,
  secretOf,
  startSecretsStage,
} from './support/secrets-stage';

let stage: SecretsStage;

afterEach(() => stage?.stop());

const SETTINGS = {
  pool_mode: 'transaction',
  default_pool_size: '4',
  server_lifetime: '0.2',
  secrets_refresh: '60',
};

/** Clients that come and go, each with the password that `password` says at that moment. */
class Load {
  logins = 0;
  readonly failures: string[] = [];
  readonly names = new Set<string>();
  #going = true;
  readonly #loops: readonly Promise<void>[];

  constructor(count: number, login: () => Promise<string>) {
    this.#loops = Array.from({ length: count }, async () => {
      while (this.#going) {
        try {
          this.names.add(await login());
          this.logins++;
        } catch (error) {
          this.failures.push(String(error));
        }
        await delay(5);
      }
    });
  }

  /** Waits for that many more logins. */
  async more(count: number): Promise<void> {
    const target = this.logins + count;
    await waitFor(() => this.logins >= target || this.failures.length > 0, {
      what: `${count} logins`,
      deadlineMs: 20_000,
    });
  }

  async end(): Promise<void> {
    this.#going = false;
    await Promise.all(this.#loops);
  }
}

function passwordIn(text: string): string {
  return JSON.parse(text).password;
}

/** Of the links that PostgreSQL has now, none is older than this moment. */
async function linksAreNew(): Promise<void> {
  const { primary } = stage.rig.cluster;
  const [now] = await primary.query('SELECT clock_timestamp()::text AS at');
  await waitFor(
    async () => {
      const [row] = await primary.query(
        `SELECT count(*) FILTER (WHERE backend_start < $1)::int AS old, count(*)::int AS all_of_them
         FROM pg_stat_activity WHERE usename LIKE 'app%'`,
        [now?.at],
      );
      return row?.old === 0 && Number(row?.all_of_them) > 0;
    },
    { what: 'new links', deadlineMs: 15_000 },
  );
}

describe.each([1, 2])('with %i worker(s)', (workers) => {
  test('a rotation of one user under load: no login fails, and new links use the new password', async () => {
    stage = await startSecretsStage({
      settings: { ...SETTINGS, workers: `${workers}` },
      databases: { shop: '{server} dbname=postgres secret={arn}' },
    });
    const { manager } = stage;
    const current = new Load(4, () => stage.whoAmI('app', passwordIn(manager.text('db'))));
    let kept = FIRST_PASSWORD;
    const late = new Load(1, () => stage.whoAmI('app', kept));
    await current.more(20);
    for (const round of [1, 2]) {
      await manager.rotate('db', secretOf('app', `${PASSWORD_MARK}-${round}`), {
        setSecret: async (pending) => {
          await stage.setPassword('app', passwordIn(pending));
          await linksAreNew();
          await current.more(20);
        },
      });
      await linksAreNew();
      await current.more(20);
      await late.more(2);
      kept = passwordIn(manager.text('db'));
      await late.more(2);
    }
    await current.end();
    await late.end();
    expect([...current.failures, ...late.failures]).toEqual([]);
    expect(stage.rig.daemon.log()).toContain('the secret has changed');
    expect(stage.rig.daemon.log()).not.toContain(PASSWORD_MARK);
  }, 90_000);

  test('a rotation between two users under load: no login fails, and the pool keeps its name', async () => {
    stage = await startSecretsStage({
      settings: { ...SETTINGS, workers: `${workers}`, auth_type: 'any', secrets_refresh: '1' },
      databases: { shop: '{server} dbname=postgres user=app secret={arn}' },
    });
    const { manager, rig } = stage;
    const load = new Load(4, () => stage.whoAmI('whoever', ''));
    await load.more(20);
    expect([...load.names]).toEqual(['app']);
    for (const [round, user] of ['app_clone', 'app', 'app_clone'].entries()) {
      await manager.rotate('db', secretOf(user, `${PASSWORD_MARK}-${round}`), {
        setSecret: (pending) => stage.setPassword(user, passwordIn(pending)),
      });
      load.names.clear();
      await waitFor(() => load.names.has(user), { what: `a link of ${user}` });
      await load.more(20);
    }
    await load.end();
    expect(load.failures).toEqual([]);
    const pools = await consoleRows(rig.daemon, 'SHOW POOLS');
    expect(pools.map(({ database, user }) => `${database} ${user}`)).toContain('shop app');
    expect(pools.map(({ user }) => user)).not.toContain('app_clone');
  }, 90_000);
});
