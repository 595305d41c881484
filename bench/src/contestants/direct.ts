import { DATABASE } from '../table';
import type { Contestant } from './contestant';

/** Clients connect to PostgreSQL itself. */
export function direct(version: string): Contestant {
  return {
    name: 'direct',
    version,
    start: ({ host, port }) =>
      Promise.resolve({
        target: () => ({ host, port, database: DATABASE }),
        pid: undefined,
        stop: () => Promise.resolve(),
      }),
  };
}
