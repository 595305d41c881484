import { problems, warnings } from '../support/config-files';

const USERS = { '/etc/pgweir/userlist.txt': '"app" "secret"\n' };
const BASE = '[databases]\n* = host=db\n[pgbouncer]\nauth_file = userlist.txt\n';

test('a cap that leaves no link to the others is warned about', () => {
  const ini = `${BASE}max_pinned_per_pool = 20\n[databases]\na = host=x pool_size=2 max_pinned_per_pool=3\n`;
  expect(warnings(ini, USERS)).toEqual([
    expect.stringContaining('5: max_pinned_per_pool (20) is not below default_pool_size (20)'),
    expect.stringContaining('7: database "a": max_pinned_per_pool (3) is not below pool_size (2)'),
  ]);
  expect(warnings(`${BASE}max_pinned_per_pool = 19\n`, USERS)).toEqual([]);
});

test.each([
  ['session_state = pin', 'accepted: track, leak, strict'],
  ['pinned_limit_action = kill', 'accepted: wait, error'],
  ['sequence_pin_timeout = -1', 'accepted: seconds'],
  ['max_prepared_statements = -1', 'accepted: a whole number from 0'],
])('%s is refused', (assignment, message) => {
  expect(problems(`${BASE}${assignment}\n`, USERS)).toEqual([expect.stringContaining(message)]);
});
