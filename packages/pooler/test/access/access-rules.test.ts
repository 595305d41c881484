import {
  type AccessRule,
  type ConnectionFacts,
  findRule,
  mayLogInAs,
  type NameList,
} from '../../src/access/access-rules';

const NOBODY: NameList = { all: false, sameUser: false, replication: false, names: [] };
const ALL: NameList = { ...NOBODY, all: true };

function rule(changes: Partial<AccessRule>): AccessRule {
  return {
    ...{ connection: 'host', databases: ALL, users: ALL },
    ...{ network: undefined, method: 'trust', identMap: undefined },
    ...changes,
  };
}

const FACTS: ConnectionFacts = {
  ...{ address: '10.1.2.3', encrypted: false, physicalReplication: false },
  ...{ database: 'shop', user: 'alice' },
};

const fits = (changes: Partial<AccessRule>, facts: Partial<ConnectionFacts> = {}): boolean =>
  findRule([rule(changes)], { ...FACTS, ...facts }) !== undefined;

const names = (...list: string[]): NameList => ({ ...NOBODY, names: list });
const UNIX = { address: undefined };
const TLS = { encrypted: true };

describe('the kind of connection', () => {
  test.each([
    ['local', UNIX, true],
    ['local', {}, false],
    ['local', TLS, false],
    ['host', {}, true],
    ['host', TLS, true],
    ['host', UNIX, false],
    ['hostssl', TLS, true],
    ['hostssl', {}, false],
    ['hostssl', UNIX, false],
    ['hostnossl', {}, true],
    ['hostnossl', TLS, false],
    ['hostnossl', UNIX, false],
  ] as const)('%s and %p: %p', (connection, facts, expected) => {
    expect(fits({ connection }, facts)).toBe(expected);
  });
});

describe('addresses', () => {
  const ten = { network: { address: [10, 0, 0, 0], mask: [255, 0, 0, 0] } };
  const six = {
    network: {
      address: [0xfd, ...new Array<number>(15).fill(0)],
      mask: [255, ...new Array<number>(15).fill(0)],
    },
  };
  const everySix = {
    network: { address: new Array<number>(16).fill(0), mask: new Array<number>(16).fill(0) },
  };
  const odd = { network: { address: [10, 0, 0, 3], mask: [255, 0, 0, 255] } };
  test.each([
    [ten, '10.255.0.1', true],
    [ten, '11.0.0.1', false],
    [ten, '::ffff:10.0.0.9', true],
    [ten, '::ffff:a00:9', true],
    [ten, '::a00:9', false],
    [six, 'fd00::1', true],
    [six, 'fd12::1%eth0', true],
    [six, 'fe80::1', false],
    [six, '253.0.0.1', false],
    [everySix, '::1', true],
    [everySix, '10.0.0.1', false],
    [everySix, '::ffff:10.0.0.1', false],
    [odd, '10.77.1.3', true],
    [odd, '10.77.1.4', false],
    [ten, 'not an address', false],
    [{ network: undefined }, 'not an address', true],
  ])('%j and %s: %p', (changes, address, expected) => {
    expect(fits(changes, { address })).toBe(expected);
  });
});

describe('databases and users', () => {
  const sameUser = { databases: { ...NOBODY, sameUser: true } };
  const replication = { databases: { ...NOBODY, replication: true } };
  const stream = { physicalReplication: true };
  test.each([
    [{ databases: names('shop', 'x') }, {}, true],
    [{ databases: names('x') }, {}, false],
    [{ databases: names('all') }, {}, false],
    [{ databases: names('SHOP') }, {}, false],
    [sameUser, {}, false],
    [sameUser, { database: 'alice' }, true],
    [{ databases: { ...names('shop'), sameUser: true } }, {}, true],
    [{ users: names('alice') }, {}, true],
    [{ users: names('bob', 'all') }, {}, false],
    [{ databases: NOBODY }, {}, false],
    [{ users: NOBODY }, {}, false],
    [replication, stream, true],
    [replication, {}, false],
    [replication, { database: 'replication' }, false],
    [{ databases: names('replication') }, { database: 'replication' }, true],
    [{ databases: names('replication') }, stream, false],
    [{ databases: ALL }, stream, false],
    [{ databases: names('shop') }, stream, false],
    [{ ...replication, users: names('bob') }, stream, false],
  ])('%j and %j: %p', (changes, facts, expected) => {
    expect(fits(changes, facts)).toBe(expected);
  });
});

test('the first rule that fits decides, not the closest one', () => {
  const rules = [
    rule({ users: names('bob'), method: 'md5' }),
    rule({ method: 'reject' }),
    rule({ users: names('alice'), method: 'trust' }),
  ];
  expect(findRule(rules, FACTS)?.method).toBe('reject');
  expect(findRule(rules, { ...FACTS, user: 'bob' })?.method).toBe('md5');
  expect(findRule(rules, { ...FACTS, address: undefined })).toBeUndefined();
  expect(findRule([], FACTS)).toBeUndefined();
});

test('rules are plain data: they survive the way to another process', () => {
  const rules = [rule({ network: { address: [10, 0, 0, 0], mask: [255, 0, 0, 0] } })];
  expect(findRule(JSON.parse(JSON.stringify(rules)), FACTS)).toMatchObject({ method: 'trust' });
});

describe('a map of names', () => {
  const map = [
    { systemName: 'root', user: 'dba' },
    { systemName: 'root', user: 'alice' },
    { systemName: 'ops', user: undefined },
  ];
  test.each([
    ['alice', 'alice', undefined, true],
    ['alice', 'bob', undefined, false],
    ['alice', 'Alice', undefined, false],
    ['root', 'dba', map, true],
    ['root', 'alice', map, true],
    ['root', 'root', map, false],
    ['ops', 'anyone', map, true],
    ['alice', 'alice', map, false],
    ['alice', 'alice', [], false],
  ])('%s as %s', (systemName, user, identMap, expected) => {
    expect(mayLogInAs(systemName, user, identMap)).toBe(expected);
  });
});
