import { loggerOptions } from '../../src/log/logger';
import { load } from '../support/config-files';

const USERS = { '/etc/pgweir/userlist.txt': '"app" "secret"\n' };
const BASE = '[databases]\n* = host=db\n[pgbouncer]\nauth_file = userlist.txt\n';

function syslogOf(assignments: string): unknown {
  const result = load(BASE + assignments, USERS);
  if (result.kind === 'failed') throw new Error(result.problems[0]?.message);
  expect(result.warnings).toEqual([]);
  return loggerOptions(result.config, { stderr: true, verbose: 0 }, '/').syslog;
}

test('lines go to syslog when that is asked for, under its name and facility', () => {
  expect(syslogOf('syslog_ident = weir\nsyslog_facility = local3\n')).toBeUndefined();
  expect(syslogOf('syslog = 1\n')).toEqual({ ident: 'pgbouncer', facility: 'daemon' });
  expect(syslogOf('syslog = 1\nsyslog_ident = weir\nsyslog_facility = local3\n')).toEqual({
    ident: 'weir',
    facility: 'local3',
  });
});
