import { type Daemon, startDaemon } from '@pgweir/testkit';
import { PASSWORD, USER } from '../postgres/names';
import { linksGone } from '../postgres/roles';
import type { Contestant, Entrance, Place, Running } from './contestant';
import { CAPS, type Door, LOGINS_PER_SECOND, poolBehind } from './doors';
import { DATABASES, type Guard, poolerFiles } from './pooler-files';

/** Of the output of a daemon that has ended. */
const LOG_CHARACTERS = 250;

export interface PoolerProgram {
  readonly name: string;
  readonly version: string;
  readonly command: readonly [string, ...string[]];
  /** Flags before the configuration's name. */
  readonly args?: readonly string[];
  /** Further lines of the configuration. */
  readonly settings?: readonly string[];
}

/** A program that reads `pgbouncer.ini` and says "process up" once it listens. */
export function pooler(program: PoolerProgram): Contestant {
  const { name, version } = program;
  return { name, version, caps: CAPS, start: (place) => startPooler(program, place) };
}

/** Two daemons, because how clients log in is one setting for all of them. */
async function startPooler(program: PoolerProgram, place: Place): Promise<Running> {
  const daemons = new Map<Guard, Daemon>();
  const stop = async (): Promise<void> => {
    // SIGTERM: every PgBouncer understands it, and so do profilers, which write at an orderly end.
    for (const daemon of daemons.values()) await daemon.stop('SIGTERM');
    await linksGone(place.postgres, program.name);
  };
  try {
    for (const guard of ['trust', 'scram'] as const) {
      const { config, userlist } = poolerFiles(place, guard, program.settings ?? []);
      const { command, args = [] } = program;
      daemons.set(guard, await startDaemon({ command, args, config, userlist }));
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { enter: (door) => entrance(daemons, door), stop };
}

function entrance(daemons: ReadonlyMap<Guard, Daemon>, door: Door): Entrance {
  const pool = poolBehind(door);
  const daemon = daemons.get(pool === 'scram' ? 'scram' : 'trust');
  if (daemon === undefined) throw new Error('the daemon has not been started');
  if (daemon.hasEnded) {
    throw new Error(`the daemon has ended: ${daemon.log().slice(-LOG_CHARACTERS)}`);
  }
  const { host, port, pid } = daemon;
  const place = {
    host,
    port,
    user: USER,
    database: DATABASES[pool],
    tls: door === 'tls',
    loginsPerSecond: LOGINS_PER_SECOND,
  };
  const target = pool === 'scram' ? { ...place, password: PASSWORD } : place;
  return { kind: 'open', target, pid };
}
