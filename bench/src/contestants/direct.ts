import type { Target } from '../load/target';
import { DATABASE, PASSWORD, SCRAM_USER, USER } from '../postgres/names';
import type { Contestant } from './contestant';
import type { Door } from './doors';

/** PostgreSQL makes a process for each. */
const LOGINS_PER_SECOND = 125;

/** Clients connect to PostgreSQL itself. */
export function direct(version: string): Contestant {
  return {
    name: 'direct',
    version,
    caps: undefined,
    start: ({ postgres: { host, port } }) => {
      const target = (door: Door): Target => {
        const tls = door === 'tls';
        const place = { host, port, database: DATABASE, tls, loginsPerSecond: LOGINS_PER_SECOND };
        if (door !== 'scram' && door !== 'tls') return { ...place, user: USER };
        return { ...place, user: SCRAM_USER, password: PASSWORD };
      };
      return Promise.resolve({
        enter: (door) => ({ kind: 'open', target: target(door), pid: undefined }),
        stop: () => Promise.resolve(),
      });
    },
  };
}
