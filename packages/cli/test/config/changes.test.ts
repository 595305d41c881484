import { changedNames } from '../../src/config/changes';
import { CWD, loaded } from '../support/config-files';

const INI = `[databases]
a = host=h password=one
[pgbouncer]
listen_addr = 127.0.0.1
auth_file = users.txt
default_pool_size = 20
`;
const USERS = `${CWD}/users.txt`;
const of = (ini: string, users = '"u" "secret"') => loaded(ini, { [USERS]: users });

test('a configuration that is the same has no changes', () => {
  expect(changedNames(of(INI), of(INI))).toEqual([]);
});

test('what has changed is named, and no value is told', () => {
  const other = INI.replace('20', '30').replace('password=one', 'password=two');
  const changed = changedNames(of(INI), of(other, '"u" "other"'));
  expect(changed).toEqual(['default_pool_size', '[databases]', 'the entries of auth_file']);
});

test('two words for one setting are one change', () => {
  const other = INI.replace(
    'default_pool_size = 20',
    'default_pool_size = 20\nconnection_borrow_timeout = 7',
  );
  expect(changedNames(of(INI), of(other))).toEqual(['query_wait_timeout']);
});
