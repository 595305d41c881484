import type { Server } from '@pgweir/testkit';
import { waitFor } from '@pgweir/testkit';
import { type Caps, POOLS, type Pool } from '../contestants/doors';
import { PASSWORD, SCRAM_USER, USER } from './names';

/** The role that a contestant's links of one pool log in as. */
export function roleOf(contestant: string, pool: Pool): string {
  return `${contestant.toLowerCase().replaceAll(/[^a-z0-9]+/g, '_')}_${pool}`;
}

/**
 * Makes the roles of a contestant. PostgreSQL itself refuses a link above the cap, with 53300 in its
 * log: no cap can be exceeded unseen, however shortly.
 */
export async function makeRoles(server: Server, contestant: string, caps: Caps): Promise<void> {
  const statements = POOLS.map(
    (pool) =>
      `CREATE ROLE ${roleOf(contestant, pool)} LOGIN CONNECTION LIMIT ${caps[pool]} IN ROLE ${USER}`,
  );
  await server.query(statements.join(';'));
}

/** Waits until PostgreSQL has no process of any of the contestant's roles left. */
export async function linksGone(server: Server, contestant: string): Promise<void> {
  const names = POOLS.map((pool) => roleOf(contestant, pool));
  const sql = 'SELECT count(*)::int AS n FROM pg_stat_activity WHERE usename = ANY($1)';
  await waitFor(async () => (await server.query(sql, [names]))[0]?.n === 0, {
    what: `the links of ${contestant} to end`,
  });
}

/**
 * Gives the user of the SCRAM scenarios a secret, and returns it as PostgreSQL keeps it. One
 * iteration: those that follow from the password alone would be the load generator's work, for no
 * server does them that has the secret.
 */
export async function makeScramSecret(server: Server): Promise<string> {
  const rows = await server.query(
    `GRANT ${USER} TO ${SCRAM_USER};
     SET scram_iterations = 1;
     ALTER ROLE ${SCRAM_USER} PASSWORD '${PASSWORD}';
     SELECT rolpassword FROM pg_authid WHERE rolname = '${SCRAM_USER}'`,
  );
  return String(rows[0]?.rolpassword);
}
