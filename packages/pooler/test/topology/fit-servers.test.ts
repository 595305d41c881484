import type { FollowedRoles, ServerEndpoint } from '../../src/ports/topology-source';
import type { TargetSessionAttrs } from '../../src/settings/settings';
import { fitnessOf, fitServers, type LinkOrigin } from '../../src/topology/fit-servers';

const at = (port: number, role: ServerEndpoint['role'], outOfService?: string): ServerEndpoint => ({
  host: 'db',
  port,
  role,
  ...(outOfService === undefined ? {} : { outOfService }),
});
const STEADY: FollowedRoles = { epoch: 1, holding: false };
const HOLDING: FollowedRoles = { epoch: 1, holding: true };
const PRIMARY = at(1, 'primary');
const REPLICA = at(2, 'replica');
const SILENT: ServerEndpoint = { ...at(1, 'unknown', 'down'), isSilent: true };

function answer(
  wanted: TargetSessionAttrs,
  servers: readonly ServerEndpoint[],
  roles: FollowedRoles | undefined = STEADY,
): string {
  const found = fitServers({ wanted, servers, roles });
  return found.kind === 'go' ? found.servers.map(({ port }) => port).join() : found.kind;
}

test.each<[TargetSessionAttrs, string, string, string]>([
  // wanted, both there, only the primary, only the replica
  ['read-write', '1', '1', 'none'],
  ['primary', '1', '1', 'none'],
  ['read-only', '2', 'none', '2'],
  ['standby', '2', 'none', '2'],
  ['prefer-standby', '2', '1', '2'],
  ['any', '1,2', '1', '2'],
])('%s: both %s, without a replica %s, without a primary %s', (wanted, both, first, second) => {
  expect(answer(wanted, [PRIMARY, REPLICA])).toBe(both);
  expect(answer(wanted, [PRIMARY])).toBe(first);
  expect(answer(wanted, [REPLICA])).toBe(second);
});

test.each<[TargetSessionAttrs, string]>([
  ['read-write', 'hold'],
  ['primary', 'hold'],
  ['read-only', '2'],
  ['standby', '2'],
  ['prefer-standby', '2'],
  ['any', '1,2'],
])('%s while a primary is expected: %s', (wanted, expected) => {
  expect(answer(wanted, [PRIMARY, REPLICA], HOLDING)).toBe(expected);
});

test('a server that is out of service is not used, whatever it is', () => {
  const down = at(1, 'primary', 'down');
  expect(answer('primary', [down, REPLICA])).toBe('none');
  expect(answer('any', [down, REPLICA])).toBe('2');
  expect(answer('prefer-standby', [PRIMARY, at(2, 'replica', 'banned')])).toBe('1');
});

test('a server of which nobody knows what it is may become what is wanted', () => {
  expect(answer('primary', [at(1, 'unknown'), REPLICA])).toBe('hold');
  expect(answer('standby', [at(1, 'unknown')])).toBe('hold');
  expect(answer('any', [at(1, 'unknown')])).toBe('hold');
});

test('a server that is about to hand over gets nothing new', () => {
  const leaving = { ...PRIMARY, isLeaving: true } as const;
  expect(answer('any', [leaving, REPLICA])).toBe('2');
  expect(answer('prefer-standby', [leaving])).toBe('none');
  expect(answer('primary', [leaving, REPLICA], HOLDING)).toBe('hold');
});

test('where nobody watches the servers any will do', () => {
  const roles = undefined;
  const question = { wanted: 'primary', servers: [at(1, 'unknown')], roles } as const;
  expect(fitServers(question)).toEqual({ kind: 'go', servers: [at(1, 'unknown')] });
  expect(fitServers({ ...question, servers: [] })).toEqual({ kind: 'none' });
});

const origin = (port: number, role: ServerEndpoint['role'], epoch = 1): LinkOrigin => ({
  host: 'db',
  port,
  role,
  epoch,
});

const TO_PRIMARY = origin(1, 'primary');
const TO_REPLICA = origin(2, 'replica');
const NEXT: FollowedRoles = { epoch: 2, holding: false };
const LEAVING: ServerEndpoint = { ...PRIMARY, isLeaving: true };
/** An operator's ban: nobody says of it that it is primary. */
const BANNED: ServerEndpoint = { ...at(1, 'unknown', 'banned'), isLeaving: true };
const BANNED_REPLICA: ServerEndpoint = { ...at(2, 'replica', 'banned'), isLeaving: true };

test.each<[string, LinkOrigin, TargetSessionAttrs, ServerEndpoint[], FollowedRoles, string]>([
  ['nothing changed', TO_PRIMARY, 'primary', [PRIMARY, REPLICA], STEADY, 'fit'],
  ['a change is expected', TO_PRIMARY, 'primary', [PRIMARY, REPLICA], HOLDING, 'fit'],
  ['fenced', TO_PRIMARY, 'primary', [at(1, 'unknown', 'fenced')], HOLDING, 'deposed'],
  ['silent', TO_PRIMARY, 'primary', [SILENT, REPLICA], HOLDING, 'unfit'],
  ['silent, and replaced', TO_PRIMARY, 'primary', [SILENT, at(2, 'primary')], NEXT, 'deposed'],
  ['a silent replica', TO_REPLICA, 'standby', [PRIMARY, { ...SILENT, port: 2 }], STEADY, 'deposed'],
  ['its role is lost', TO_PRIMARY, 'primary', [at(1, 'unknown'), REPLICA], HOLDING, 'deposed'],
  ['deposed', TO_PRIMARY, 'primary', [at(1, 'replica'), at(2, 'primary')], NEXT, 'deposed'],
  ['deposed, for any', TO_PRIMARY, 'any', [at(1, 'replica'), at(2, 'primary')], NEXT, 'deposed'],
  ['back, but it was another', TO_PRIMARY, 'primary', [PRIMARY, REPLICA], NEXT, 'deposed'],
  ['not in the list', TO_PRIMARY, 'primary', [REPLICA], STEADY, 'unfit'],
  ['not in the list, another', TO_PRIMARY, 'primary', [at(2, 'primary')], NEXT, 'deposed'],
  ['about to hand over', TO_PRIMARY, 'primary', [LEAVING, REPLICA], HOLDING, 'fit'],
  ['about to hand over, for any', TO_PRIMARY, 'any', [LEAVING, REPLICA], HOLDING, 'unfit'],
  ['banned', TO_PRIMARY, 'primary', [BANNED, REPLICA], HOLDING, 'unfit'],
  ['banned, and alone', TO_PRIMARY, 'any', [BANNED], STEADY, 'unfit'],
  ['banned, and replaced', TO_PRIMARY, 'primary', [BANNED, at(2, 'primary')], NEXT, 'deposed'],
  [
    'banned, and a replica by now',
    TO_PRIMARY,
    'primary',
    [{ ...BANNED, role: 'replica' }, REPLICA],
    HOLDING,
    'deposed',
  ],
  ['a replica that is banned', TO_REPLICA, 'standby', [PRIMARY, BANNED_REPLICA], STEADY, 'unfit'],
  ['a replica', TO_REPLICA, 'standby', [PRIMARY, REPLICA], NEXT, 'fit'],
  ['a replica that is primary', TO_REPLICA, 'standby', [at(2, 'primary')], NEXT, 'unfit'],
  ['a replica that is primary, for any', TO_REPLICA, 'any', [at(2, 'primary')], NEXT, 'fit'],
  ['a replica that is down', TO_REPLICA, 'standby', [at(2, 'replica', 'down')], STEADY, 'deposed'],
  [
    'a primary, and a replica is there',
    TO_PRIMARY,
    'prefer-standby',
    [PRIMARY, REPLICA],
    STEADY,
    'unfit',
  ],
])('a link whose server is %s', (_what, from, wanted, servers, roles, expected) => {
  expect(fitnessOf(from, { wanted, servers, roles })).toBe(expected);
});
