import { unreachable } from '../errors';
import type { FollowedRoles, ServerEndpoint, ServerRole } from '../ports/topology-source';
import type { DatabaseSettings, TargetSessionAttrs } from '../settings/settings';

/** What a database asks for, and what is known about its servers. */
export interface RoleQuestion {
  readonly wanted: TargetSessionAttrs;
  readonly servers: readonly ServerEndpoint[];
  /** Undefined: nobody watches the servers; then any of them will do, as there is nothing to choose by. */
  readonly roles: FollowedRoles | undefined;
}

/**
 * - `go`: to one of these servers
 * - `hold`: there is none now, and one is expected
 * - `none`: there is none, and nothing to wait for
 */
export type RoleAnswer =
  | { readonly kind: 'go'; readonly servers: readonly ServerEndpoint[] }
  | { readonly kind: 'hold' }
  | { readonly kind: 'none' };

const HOLD: RoleAnswer = { kind: 'hold' };
const NONE: RoleAnswer = { kind: 'none' };

/** Which servers a database may use. */
export function fitServers({ wanted, servers, roles }: RoleQuestion): RoleAnswer {
  if (roles === undefined) return servers.length === 0 ? NONE : { kind: 'go', servers };
  if (needsPrimary(wanted) && roles.holding) return HOLD;
  const fit = choose(wanted, servers);
  if (fit.length > 0) return { kind: 'go', servers: fit };
  // One whose role nobody has seen yet may turn out to be what is wanted.
  const mayCome = roles.holding || servers.some(({ role }) => role === 'unknown');
  return mayCome ? HOLD : NONE;
}

/** Which servers the sessions of an entry begin at; undefined: nobody looks at what they are. */
export function wantedRole({
  targetSessionAttrs,
  readWriteSplit,
}: Pick<DatabaseSettings, 'targetSessionAttrs' | 'readWriteSplit'>):
  | TargetSessionAttrs
  | undefined {
  return targetSessionAttrs ?? (readWriteSplit ? 'read-write' : undefined);
}

/** Only the primary will do. */
export function needsPrimary(wanted: TargetSessionAttrs): boolean {
  return wanted === 'read-write' || wanted === 'primary';
}

function choose(
  wanted: TargetSessionAttrs,
  servers: readonly ServerEndpoint[],
): readonly ServerEndpoint[] {
  const inService = servers.filter(
    ({ outOfService, isLeaving }) => outOfService === undefined && isLeaving !== true,
  );
  const of = (role: ServerRole) => inService.filter((server) => server.role === role);
  switch (wanted) {
    case 'read-write':
    case 'primary':
      return of('primary');
    case 'read-only':
    case 'standby':
      return of('replica');
    case 'prefer-standby': {
      const replicas = of('replica');
      return replicas.length > 0 ? replicas : of('primary');
    }
    case 'any':
      return inService.filter(({ role }) => role !== 'unknown');
    default:
      return unreachable(wanted);
  }
}

/** Where a link leads, and what its server was when it was opened. */
export interface LinkOrigin {
  readonly host: string;
  readonly port: number;
  readonly role: ServerRole;
  readonly epoch: number;
}

/** The link leads to a server that was a replica when it was opened. */
export function isOfReplica({ origin }: { readonly origin: LinkOrigin | undefined }): boolean {
  return origin?.role === 'replica';
}

/**
 * What becomes of a link by what is known now.
 *
 * - `fit`: it is used
 * - `unfit`: it is not lent again
 * - `deposed`: its server is not what it was, or is lost: nothing that it says may reach a client
 */
export type LinkFitness = 'fit' | 'unfit' | 'deposed';

export function fitnessOf(origin: LinkOrigin, question: RoleQuestion): LinkFitness {
  const { roles, servers, wanted } = question;
  if (roles === undefined) return 'fit';
  const { host, port } = origin;
  const server = servers.find((one) => one.host === host && one.port === port);
  const isReplaced = origin.role === 'primary' && roles.epoch !== origin.epoch;
  if (isReplaced) return 'deposed';
  if (server === undefined) return 'unfit';
  if (origin.role === 'primary' && server.isSilent === true) {
    // As long as no other one is primary it may finish what it has begun: it may only be slow.
    return 'unfit';
  }
  // What is banned is what it was, although nobody is to say so; unless it says another thing itself.
  const isDraining = server.isLeaving === true && server.outOfService !== undefined;
  const isTurned = origin.role === 'primary' && server.role === 'replica';
  if (isDraining && !isTurned) return 'unfit';
  if (server.outOfService !== undefined) return 'deposed';
  if (origin.role === 'primary' && server.role !== 'primary') return 'deposed';
  // While a change is expected the primary finishes what it has begun.
  if (needsPrimary(wanted) && roles.holding) return 'fit';
  return choose(wanted, servers).includes(server) ? 'fit' : 'unfit';
}
