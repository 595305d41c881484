/** How often PostgreSQL refused a connection with 53300. */
export interface Refusals {
  /** By the role that asked for one connection more than its cap. */
  readonly byRole: Readonly<Record<string, number>>;
  /** Because the whole server was full. */
  readonly serverFull: number;
}

const ROLE = / 53300 .*FATAL: {2}too many connections for role "([^"]+)"/;
const OTHER = / 53300 .*FATAL: /;

/** Reads PostgreSQL's log, whose lines have the SQLSTATE before the message. */
export function countRefusals(log: string): Refusals {
  const byRole: Record<string, number> = {};
  let serverFull = 0;
  for (const line of log.split('\n')) {
    const role = ROLE.exec(line)?.[1];
    if (role !== undefined) byRole[role] = (byRole[role] ?? 0) + 1;
    else if (OTHER.test(line)) serverFull += 1;
  }
  return { byRole, serverFull };
}
