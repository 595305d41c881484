import { databaseName } from '@pgweir/pooler';
import { loaded, problems, warnings } from '../support/config-files';

const GLOBALS =
  '[pgbouncer]\nauth_type = trust\npool_mode = transaction\nhealth_check_user = ann\n';

/** About what is tested here. */
const ownWarnings = (text: string) => warnings(text).filter((one) => !one.includes('auth_file'));

function ini(attributes: string, globals = GLOBALS): string {
  return `[databases]\napp = ${attributes}\n${globals}`;
}

test('read_write_split and what belongs to it reach the pooler', () => {
  const text =
    'host=a,b,c read_write_split=1 replica_pool_size=7 replica_balance=weighted replica_weights=1,0,3 replica_fallback=wait';
  const { pooler } = loaded(ini(text));
  expect(pooler.databases.get(databaseName('app'))).toMatchObject({
    readWriteSplit: true,
    replicaPoolSize: 7,
    replicaBalance: 'weighted',
    replicaWeights: [1, 0, 3],
    replicaFallback: 'wait',
    targetSessionAttrs: undefined,
  });
  expect(ownWarnings(ini(text))).toEqual([]);
});

test.each([
  'read_write_split=on target_session_attrs=primary',
  'read_write_split=on target_session_attrs=read-write',
  'read_write_split=off target_session_attrs=standby',
  'read_write_split=off session_state=leak',
])('%s goes together', (attributes) => {
  expect(problems(ini(`host=a,b ${attributes}`))).toEqual([]);
});

test.each([
  ...['standby', 'read-only', 'prefer-standby', 'any'].map((attrs) => [
    `read_write_split=on target_session_attrs=${attrs}`,
    `read_write_split writes to the primary, which target_session_attrs = ${attrs} is not`,
  ]),
  [
    'read_write_split=on session_state=leak',
    'read_write_split cannot be had with session_state = leak',
  ],
  [
    'read_write_split=on replica_balance=weighted replica_weights=1',
    'replica_weights has 1 values for 2 hosts; accepted: one for each',
  ],
  [
    'read_write_split=on replica_weights=1,2,3',
    'replica_weights has 3 values for 2 hosts; accepted: one for each',
  ],
  [
    'read_write_split=on replica_balance=weighted',
    'replica_balance = weighted needs replica_weights',
  ],
])('%s is refused', (attributes, message) => {
  const found = problems(ini(`host=a,b ${attributes}`));
  expect(found).toHaveLength(1);
  expect(JSON.stringify(found)).toContain(message);
});

test('session_state = leak for all is refused, too', () => {
  const found = problems(ini('host=a,b read_write_split=on', `${GLOBALS}session_state = leak\n`));
  expect(JSON.stringify(found)).toContain('cannot be had with session_state = leak');
});

test('somebody has to ask the servers what they are', () => {
  const globals = '[pgbouncer]\npool_mode = transaction\n';
  const found = problems(ini('host=a,b read_write_split=on', globals));
  expect(JSON.stringify(found)).toContain(
    'read_write_split needs somebody who asks the servers: health_check_user',
  );
  expect(problems(ini('host=a,b read_write_split=on user=svc', globals))).toEqual([]);
});

test.each([
  [
    'host=a,b read_write_split=on pool_mode=session',
    'read_write_split has no effect on clients in pool_mode = session',
  ],
  ['host=a read_write_split=on', 'read_write_split with one host has no standby'],
])('%s is worth a warning', (attributes, message) => {
  expect(problems(ini(attributes))).toEqual([]);
  const found = ownWarnings(ini(attributes));
  expect(found).toHaveLength(1);
  expect(JSON.stringify(found)).toContain(message);
});

test.each([
  'replica_weights=1,,2',
  'replica_weights=-1,2',
  'replica_weights=a,b',
  'replica_weights=1.5,2',
  'replica_pool_size=-1',
  'replica_balance=random',
  'replica_fallback=error',
  'read_write_split=maybe',
])('%s is no value', (attributes) => {
  expect(problems(ini(`host=a,b ${attributes}`))).toHaveLength(1);
});
