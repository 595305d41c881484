import {
  clientLimits,
  databaseSettingsFor,
  linkLimits,
  poolLimits,
} from '../../src/pool/pool-limits';
import {
  type DatabaseName,
  databaseName,
  healthPoolKey,
  isReplicaPool,
  poolKey,
  type UserName,
  userName,
} from '../../src/ports/names';
import type { UserSettings } from '../../src/settings/settings';
import { databaseSettings, NO_USER_SETTINGS, poolerSettings } from '../kit/settings';

const ALICE = userName('alice');

const counts = (database: DatabaseName, user: UserName) => ({
  database,
  user,
  pool: poolKey(database, user),
});

const GLOBAL = {
  poolMode: 'session',
  poolSize: 1,
  minPoolSize: 2,
  reservePoolSize: 3,
  databaseLinksMax: 4,
  userLinksMax: 5,
  serverLifetimeMs: 6,
  queryTimeoutMs: 7,
  queryWaitTimeoutMs: 8,
  idleTransactionTimeoutMs: 9,
  transactionTimeoutMs: 10,
  clientIdleTimeoutMs: 11,
  sessionState: 'leak',
  preparedStatementsMax: 12,
  pinnedPerPoolMax: 13,
  pinnedLimitAction: 'error',
  sequencePinTimeoutMs: 14,
} as const;

const DATABASE = databaseSettings({
  poolMode: 'transaction',
  poolSize: 101,
  minPoolSize: 102,
  reservePoolSize: 103,
  databaseLinksMax: 104,
  serverLifetimeMs: 106,
  queryWaitTimeoutMs: 108,
  sessionState: 'strict',
  pinnedPerPoolMax: 113,
});

const USER: UserSettings = {
  ...NO_USER_SETTINGS,
  poolMode: 'statement',
  poolSize: 201,
  reservePoolSize: 203,
  userLinksMax: 205,
  queryTimeoutMs: 207,
  queryWaitTimeoutMs: 208,
  idleTransactionTimeoutMs: 209,
  transactionTimeoutMs: 210,
  clientIdleTimeoutMs: 211,
  sessionState: 'track',
  pinnedPerPoolMax: 213,
};

const globally = poolerSettings(GLOBAL);
const withUser = poolerSettings({ ...GLOBAL, users: new Map([[ALICE, USER]]) });

test('global settings hold where nothing else is said', () => {
  expect(poolLimits(globally, databaseSettings(), ALICE)).toEqual({
    mode: 'session',
    poolSize: 1,
    minPoolSize: 2,
    reservePoolSize: 3,
    databaseLinksMax: 4,
    userLinksMax: 5,
    serverLifetimeMs: 6,
    sessionState: 'leak',
    preparedStatementsMax: 12,
    pinnedPerPoolMax: 13,
    pinnedLimitAction: 'error',
    sequencePinTimeoutMs: 14,
  });
  expect(clientLimits(globally, databaseSettings(), ALICE)).toEqual({
    queryTimeoutMs: 7,
    queryWaitTimeoutMs: 8,
    idleTransactionTimeoutMs: 9,
    transactionTimeoutMs: 10,
    clientIdleTimeoutMs: 11,
  });
});

test('a database stands before the global settings', () => {
  expect(poolLimits(globally, DATABASE, ALICE)).toEqual({
    mode: 'transaction',
    poolSize: 101,
    minPoolSize: 102,
    reservePoolSize: 103,
    databaseLinksMax: 104,
    userLinksMax: 5,
    serverLifetimeMs: 106,
    sessionState: 'strict',
    preparedStatementsMax: 12,
    pinnedPerPoolMax: 113,
    pinnedLimitAction: 'error',
    sequencePinTimeoutMs: 14,
  });
  expect(clientLimits(globally, DATABASE, ALICE).queryWaitTimeoutMs).toBe(108);
});

test('a user stands before the database', () => {
  expect(poolLimits(withUser, DATABASE, ALICE)).toEqual({
    mode: 'statement',
    poolSize: 201,
    minPoolSize: 102,
    reservePoolSize: 203,
    databaseLinksMax: 104,
    userLinksMax: 205,
    serverLifetimeMs: 106,
    sessionState: 'track',
    preparedStatementsMax: 12,
    pinnedPerPoolMax: 213,
    pinnedLimitAction: 'error',
    sequencePinTimeoutMs: 14,
  });
  expect(clientLimits(withUser, DATABASE, ALICE)).toEqual({
    queryTimeoutMs: 207,
    queryWaitTimeoutMs: 208,
    idleTransactionTimeoutMs: 209,
    transactionTimeoutMs: 210,
    clientIdleTimeoutMs: 211,
  });
});

test('0 is a value: it stands before what is less particular', () => {
  const zero: UserSettings = { ...NO_USER_SETTINGS, poolSize: 0, queryTimeoutMs: 0 };
  const settings = poolerSettings({ ...GLOBAL, users: new Map([[ALICE, zero]]) });
  expect(poolLimits(settings, DATABASE, ALICE).poolSize).toBe(0);
  expect(clientLimits(settings, DATABASE, ALICE).queryTimeoutMs).toBe(0);
});

test('the settings of another user do not matter', () => {
  expect(poolLimits(withUser, DATABASE, userName('bob'))).toEqual(
    poolLimits(globally, DATABASE, userName('bob')),
  );
});

test('a name that is not configured is served by the * entry, if there is one', () => {
  const fallback = databaseSettings({ ports: [1] });
  const settings = poolerSettings({ fallbackDatabase: fallback });
  expect(databaseSettingsFor(settings, databaseName('other'))).toEqual({
    entry: fallback,
    automatic: true,
  });
  expect(databaseSettingsFor(settings, databaseName('app'))?.automatic).toBe(false);
  expect(databaseSettingsFor(poolerSettings(), databaseName('other'))).toBeUndefined();
});

test.each([
  [10, 4, [3, 3, 2, 2]],
  [2, 3, [1, 1, 0]],
  [0, 2, [0, 0]],
])(
  'a minimum of %i links is divided over %i workers to the last link',
  (minPoolSize, count, shares) => {
    const parts = shares.map((_share, index) => {
      const settings = poolerSettings({ minPoolSize, workerSlot: { index, count } });
      return poolLimits(settings, databaseSettings(), ALICE).minPoolSize;
    });
    expect(parts).toEqual(shares);
  },
);

test.each([
  [10, 4, [3, 3, 2, 2]],
  // A share of none would mean that there is no limit.
  [2, 3, [1, 1, 1]],
  [0, 2, [0, 0]],
])(
  'a cap of %i pinned links is divided over %i workers, one each at least',
  (cap, count, shares) => {
    const parts = shares.map((_share, index) => {
      const settings = poolerSettings({ pinnedPerPoolMax: cap, workerSlot: { index, count } });
      return poolLimits(settings, databaseSettings(), ALICE).pinnedPerPoolMax;
    });
    expect(parts).toEqual(shares);
  },
);

test('the limits of links over all workers are those of the configuration, with the reserve', () => {
  const app = databaseName('app');
  const settings = poolerSettings({ ...GLOBAL, workerSlot: { index: 1, count: 2 } });
  const limits = { poolLinksMax: 4, databaseLinksMax: 4, userLinksMax: 5 };
  expect(linkLimits(settings, counts(app, ALICE))).toEqual(limits);
  expect(linkLimits({ ...settings, poolSize: 0 }, counts(app, ALICE))?.poolLinksMax).toBe(0);
  expect(linkLimits(settings, counts(databaseName('other'), ALICE))).toBeUndefined();
});

test('whoever asks servers how they are has the limits of database and user, and no size of a pool', () => {
  const app = databaseName('app');
  const pool = healthPoolKey(app, ALICE);
  const limits = { poolLinksMax: 0, databaseLinksMax: 4, userLinksMax: 5 };
  expect(linkLimits(poolerSettings(GLOBAL), { ...counts(app, ALICE), pool })).toEqual(limits);
  expect(isReplicaPool(pool)).toBe(false);
});
