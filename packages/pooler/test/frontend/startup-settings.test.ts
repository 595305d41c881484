import { startupSettings } from '../../src/frontend/startup-settings';
import type { Address } from '../../src/ports/transport';
import type { PoolerSettings } from '../../src/settings/settings';
import { poolerSettings } from '../kit/settings';

const REMOTE: Address = { kind: 'tcp', host: '10.0.0.9', port: 1234 };

function read(
  parameters: Readonly<Record<string, string>>,
  changes: Partial<PoolerSettings> = {},
  remote: Address = REMOTE,
): ReturnType<typeof startupSettings> {
  const all = new Map(Object.entries({ user: 'alice', ...parameters }));
  return startupSettings(all, poolerSettings(changes), remote);
}

function values(...args: Parameters<typeof read>): Readonly<Record<string, string>> {
  const result = read(...args);
  if (result.kind === 'failed') throw new Error(result.error.message);
  return Object.fromEntries(result.values);
}

test('user, database, replication and options are no settings', () => {
  expect(values({ database: 'app', replication: 'false', options: '' })).toEqual({});
});

test('settings come by lower-case name', () => {
  expect(values({ DateStyle: 'ISO', search_path: 'A, b' })).toEqual({
    datestyle: 'ISO',
    search_path: 'A, b',
  });
});

test('options set what the packet does not say itself', () => {
  expect(
    values({ options: '-c DateStyle=SQL --search-path=x -c my.one=1', datestyle: 'ISO' }),
  ).toEqual({ datestyle: 'ISO', search_path: 'x', 'my.one': '1' });
});

test('an option that PostgreSQL would not take for a setting is refused', () => {
  const result = read({ options: '-d 5' });
  expect(result.kind === 'failed' && result.error.code).toBe('08P01');
});

test('ignored parameters are ignored whatever their case', () => {
  const ignoreStartupParameters = new Set(['extra_float_digits']);
  expect(values({ Extra_Float_Digits: '3', timezone: 'UTC' }, { ignoreStartupParameters })).toEqual(
    { timezone: 'UTC' },
  );
});

test('ignoring options keeps the settings that are followed anyway', () => {
  const changes = {
    ignoreStartupParameters: new Set(['options']),
    trackExtraParameters: new Set(['my.one']),
  };
  const options = '-c geqo=off -c timezone=UTC -c MY.one=1';
  expect(values({ options }, changes)).toEqual({ timezone: 'UTC', 'my.one': '1' });
});

test.each([
  ['database', 'logical'],
  ['true', 'physical'],
  ['ON', 'physical'],
  ['yes', 'physical'],
  ['1', 'physical'],
  ['false', 'none'],
  ['off', 'none'],
  ['no', 'none'],
  ['0', 'none'],
  ['', 'none'],
])('replication=%s means %s', (replication, wanted) => {
  const result = read({ replication });
  expect(result.kind === 'ok' && result.replication).toBe(wanted);
});

test('a replication value that PostgreSQL does not know is refused with 22023', () => {
  const result = read({ replication: 'maybe' });
  expect(result.kind === 'failed' && result.error.code).toBe('22023');
});

test('a link for one client alone gets the packet as it came, without user and database', () => {
  const result = read({ database: 'app', replication: 'database', options: '-c geqo=off', X: '1' });
  expect(result.kind === 'ok' && Object.fromEntries(result.raw)).toEqual({
    replication: 'database',
    options: '-c geqo=off',
    X: '1',
  });
});

test("application_name_add_host puts the client's address behind its name", () => {
  const changes = { applicationNameAddHost: true };
  expect(values({ application_name: 'psql' }, changes)).toEqual({
    application_name: 'psql - 10.0.0.9:1234',
  });
  expect(values({}, changes)).toEqual({ application_name: 'app - 10.0.0.9:1234' });
  const unix: Address = { kind: 'unix', path: '/tmp/.s.PGSQL.6432' };
  expect(values({}, changes, unix)).toEqual({ application_name: 'app - unix' });
});
