import { rmSync } from 'node:fs';
import { type Settings, writeOwned } from './config-file';
import { copyTree } from './copy-tree';
import type { Server } from './server';

/** What a backup leaves out: the server makes it anew, or it belongs to the source alone. */
const LEFT_OUT = new Set(['postmaster.pid', 'postmaster.opts', 'backup_label', 'standby.signal']);
const EMPTIED = ['pg_wal', 'pg_replslot', 'pg_dynshmem', 'pg_notify', 'pg_serial', 'pg_snapshots'];
const EMPTIED_TOO = ['pg_stat_tmp', 'pg_subtrans', 'pgsql_tmp'];

function isLeftOut(path: string): boolean {
  const [top, below] = path.split('/');
  if (top === undefined) return false;
  if (below === undefined) return LEFT_OUT.has(top);
  if (top === 'pg_wal' && (below === 'archive_status' || below === 'summaries')) {
    return path.split('/').length > 2;
  }
  return EMPTIED.includes(top) || EMPTIED_TOO.includes(top);
}

/** Where a replica finds its primary. */
export function replicaSettings(primary: Server, slot: string): Settings {
  const conninfo =
    `host=${primary.socketDir} port=${primary.port} user=${primary.superuser} ` +
    `application_name=${slot}`;
  return { primary_conninfo: conninfo, primary_slot_name: slot };
}

/**
 * Fills `dataDir` with a copy of the running `primary` (a backup by PostgreSQL's own protocol) that
 * will start as its replica, through a slot of the given name.
 */
export async function copyForReplica(
  primary: Server,
  target: { readonly dataDir: string; readonly slot: string },
): Promise<void> {
  rmSync(target.dataDir, { recursive: true, force: true });
  // Reserved before the backup starts, so that the WAL it needs stays.
  await reserveSlot(primary, target.slot);
  const files = { dataDir: target.dataDir, user: primary.user };
  const label = await backup(primary, () =>
    copyTree(primary.dataDir, target.dataDir, {
      owner: primary.user,
      folderMode: 0o700,
      skip: isLeftOut,
    }),
  );
  writeOwned(files, 'backup_label', label);
  writeOwned(files, 'standby.signal', '');
}

/** Makes a primary that has been stopped in order a replica of `primary`, which has all that it wrote. */
export async function makeReplica(server: Server, primary: Server): Promise<void> {
  await follow(server, primary);
  writeOwned({ dataDir: server.dataDir, user: server.user }, 'standby.signal', '');
}

/** Makes a server ask `primary` for what is written, now if it is a running replica. */
export async function follow(server: Server, primary: Server): Promise<void> {
  await reserveSlot(primary, server.name);
  await server.configure(replicaSettings(primary, server.name));
}

/** What a replica has not received yet stays on `primary` from now on. */
async function reserveSlot(primary: Server, slot: string): Promise<void> {
  await primary.query(
    `SELECT pg_create_physical_replication_slot($1, true)
      WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = $1)`,
    [slot],
  );
}

/** Start and end must be said in one session. */
async function backup(primary: Server, copy: () => void): Promise<string> {
  const isOld = primary.major < 15;
  const session = await primary.connect({ host: primary.socketDir });
  try {
    await session.query(
      isOld
        ? "SELECT pg_start_backup('copy', true, false)"
        : "SELECT pg_backup_start('copy', true)",
    );
    copy();
    const result = await session.query(
      isOld
        ? 'SELECT labelfile FROM pg_stop_backup(false, false)'
        : 'SELECT labelfile FROM pg_backup_stop(false)',
    );
    const [row]: unknown[] = result.rows;
    if (typeof row === 'object' && row !== null && 'labelfile' in row) return String(row.labelfile);
    throw new Error('PostgreSQL gave no label for the backup');
  } finally {
    await session.end();
  }
}
