import { spawnSync } from 'node:child_process';
import type { Server } from '@pgweir/testkit';
import { DATABASE, USER } from './names';

const SCALE = 10;
/** Rows of `pgbench_accounts`, whose key runs from 1. */
export const ACCOUNTS = SCALE * 100_000;
export const TELLERS = SCALE * 10;
export const BRANCHES = SCALE;

/** One value of `bench_large`; its row is a few bytes more. */
export const LARGE_BYTES = 1_000_000;
/** What a COPY moves, either way. */
export const COPY_BYTES = 50_000_000;
const COPY_ROW_BYTES = 1000;

/** Makes the tables of `pgbench -i`, with that where present, and our own. */
export async function makeTables(server: Server, pgbench: string | undefined): Promise<void> {
  if (pgbench !== undefined) initWithPgbench(server, pgbench);
  const client = await server.connect({ user: USER, database: DATABASE });
  try {
    if (pgbench === undefined) await client.query(PGBENCH_TABLES);
    await client.query(OWN_TABLES);
    for (const name of ['pgbench_accounts', 'bench_copy']) {
      await client.query(`VACUUM ANALYZE ${name}`);
    }
  } finally {
    await client.end();
  }
}

function initWithPgbench({ host, port }: Server, path: string): void {
  const args = ['-i', '-q', '-s', String(SCALE), '-h', host, '-p', String(port), '-U', USER];
  const { status, stderr } = spawnSync(path, [...args, DATABASE], { encoding: 'utf8' });
  if (status !== 0) throw new Error(`pgbench -i failed:\n${stderr}`);
}

/** What the scripts that we play without pgbench use. */
const PGBENCH_TABLES = `
  CREATE TABLE pgbench_accounts
    (aid int NOT NULL, bid int, abalance int, filler char(84)) WITH (fillfactor = 100);
  CREATE TABLE pgbench_history
    (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22));
  INSERT INTO pgbench_accounts
    SELECT aid, (aid - 1) / 100000 + 1, 0, '' FROM generate_series(1, ${ACCOUNTS}) AS aid;
  ALTER TABLE pgbench_accounts ADD PRIMARY KEY (aid)`;

/** The large value is not compressed, so that PostgreSQL has little to do for it. */
const OWN_TABLES = `
  CREATE TABLE bench_large (id int PRIMARY KEY, payload text);
  ALTER TABLE bench_large ALTER payload SET STORAGE EXTERNAL;
  INSERT INTO bench_large VALUES (1, repeat('x', ${LARGE_BYTES}));
  CREATE UNLOGGED TABLE bench_copy (line text);
  INSERT INTO bench_copy
    SELECT repeat('y', ${COPY_ROW_BYTES - 1})
    FROM generate_series(1, ${COPY_BYTES / COPY_ROW_BYTES})`;
