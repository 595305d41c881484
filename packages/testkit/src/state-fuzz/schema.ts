import type { Server } from '../postgres/server';
import { rowValues } from '../wire/backend-message';
import { RawClient } from '../wire/raw-client';
import { SETTING_KINDS, TENANTS, tenantOf } from './model/setting-kinds';

/** Schemas, roles and tables that all sessions find, the same names with other rows for each. */
export async function setUp(primary: Server): Promise<void> {
  const client = await primary.connect({ database: 'app' });
  try {
    const schemas = ['public'];
    for (let who = 0; who < TENANTS; who++) {
      const tenant = tenantOf(who);
      schemas.push(tenant, `${tenant}x`);
      await client.query(
        `CREATE ROLE ${tenant}; GRANT ${tenant} TO app; CREATE SCHEMA ${tenant}; CREATE SCHEMA ${tenant}x`,
      );
    }
    for (const schema of schemas) {
      await client.query(
        ['items', 'things']
          .map(
            (table) =>
              `CREATE TABLE ${schema}.${table} AS SELECT '${schema}.${table}'::text AS v; ` +
              `GRANT SELECT ON ${schema}.${table} TO PUBLIC; GRANT USAGE ON SCHEMA ${schema} TO PUBLIC`,
          )
          .join('; '),
      );
    }
    await client.query(
      'CREATE TABLE public.secure (tenant text, v text); ' +
        'ALTER TABLE public.secure ENABLE ROW LEVEL SECURITY; ' +
        "CREATE POLICY own ON public.secure USING (tenant = current_setting('my.tenant', true)); " +
        'GRANT SELECT ON public.secure TO PUBLIC; ' +
        `INSERT INTO public.secure SELECT 't' || g, 'secure t' || g FROM generate_series(0, ${TENANTS - 1}) g; ` +
        'CREATE SEQUENCE public.seq_a; CREATE SEQUENCE public.seq_b START 1000000; ' +
        'GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO PUBLIC',
    );
  } finally {
    await client.end();
  }
}

/**
 * Lets so many connections have temporary tables at once. The first on each of PostgreSQL's places for
 * a connection makes a schema, upon which every other connection throws its plans away, and reads the
 * constants of its prepared statements again: no model can foresee that.
 */
export async function warmUp(primary: Server, connections: number): Promise<void> {
  const clients = await Promise.all(
    Array.from({ length: connections }, () => primary.connect({ database: 'app' })),
  );
  await Promise.all(clients.map((client) => client.query('CREATE TEMP TABLE warm ()')));
  await Promise.all(clients.map((client) => client.end()));
}

/** What PostgreSQL gives a connection that asks for nothing. */
export async function defaultSettings(primary: Server): Promise<ReadonlyMap<string, string>> {
  const client = await RawClient.connect({ host: primary.host, port: primary.port });
  try {
    await client.login({ user: 'app', database: 'app' });
    const settings = new Map<string, string>();
    for (const name of ['role', ...SETTING_KINDS.map((kind) => kind.name)]) {
      const sql = `SELECT coalesce(current_setting('${name}', true), '')`;
      const row = (await client.query(sql)).find(({ tag }) => tag === 'D');
      settings.set(name, (row === undefined ? undefined : rowValues(row)[0]) ?? '');
    }
    return settings;
  } finally {
    await client.end();
  }
}
