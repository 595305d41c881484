import { databaseName } from '@pgweir/pooler';
import { loaded, problems, warnings } from '../support/config-files';

const GLOBALS =
  '[pgbouncer]\nauth_type = trust\npool_mode = transaction\nhealth_check_user = ann\n';
const CLUSTER = 'host=shop.cluster-abc123.eu-central-1.rds.amazonaws.com';

/** About what is tested here. */
const ownWarnings = (text: string) => warnings(text).filter((one) => !one.includes('auth_file'));

function ini(attributes: string, globals = GLOBALS): string {
  return `[databases]\napp = ${attributes}\n${globals}`;
}

test('topology and instance_host_pattern reach those that watch the servers', () => {
  const text =
    'host=10.0.0.1 topology=aurora instance_host_pattern=?.db.example target_session_attrs=primary';
  expect(loaded(ini(text)).pooler.databases.get(databaseName('app'))).toMatchObject({
    topology: 'aurora',
    instanceHostPattern: '?.db.example',
  });
  expect(ownWarnings(ini(text))).toEqual([]);
});

test.each([
  `${CLUSTER} topology=aurora target_session_attrs=read-write`,
  `${CLUSTER} topology=aurora read_write_split=on consistency=eventual max_replica_lag=1`,
  `${CLUSTER} topology=rds-cluster read_write_split=on`,
  'host=10.0.0.1 topology=rds-cluster target_session_attrs=any',
  'host=a,b topology=static target_session_attrs=any',
])('%s goes together', (attributes) => {
  expect(problems(ini(attributes))).toEqual([]);
  expect(ownWarnings(ini(attributes))).toEqual([]);
});

const ROLES = 'target_session_attrs=read-write';

test.each([
  [`host=a topology=auroa ${ROLES}`, /topology = "?auroa"?.*accepted: static, aurora, rds-cluster/],
  [`host=a topology=aurora ${ROLES}`, /none of its hosts is an endpoint of RDS/],
  [
    `host=a.proxy-abc.eu-west-1.rds.amazonaws.com topology=aurora ${ROLES}`,
    /is an RDS Proxy, which hides the instances/,
  ],
  [
    `host=a topology=aurora instance_host_pattern=db.example ${ROLES}`,
    /instance_host_pattern.*accepted: the name of a host with one \? in it/,
  ],
  [
    `host=a topology=aurora instance_host_pattern=?.?.example ${ROLES}`,
    /instance_host_pattern.*accepted: the name of a host with one \? in it/,
  ],
  [`${CLUSTER} port=1,2 topology=aurora ${ROLES}`, /needs one port/],
  [`host=/tmp topology=rds-cluster ${ROLES}`, /needs a host that is no Unix socket/],
  [
    `${CLUSTER} topology=aurora patroni=http://a:8008 ${ROLES}`,
    /patroni and topology = aurora contradict each other/,
  ],
  [
    `${CLUSTER} topology=aurora read_write_split=on replica_balance=weighted replica_weights=1`,
    /replica_weights are for hosts that are listed/,
  ],
  [
    `${CLUSTER} topology=aurora read_write_split=on replica_fallback=wait`,
    /consistency = session no read can go to a reader, and replica_fallback = wait/,
  ],
])('%s is refused', (attributes, message) => {
  expect(problems(ini(attributes)).join('\n')).toMatch(message);
});

test('nobody is promoted where RDS promotes', () => {
  const globals = `${GLOBALS}failover_mode = promote\nfence_command = true\npromoter_lease = etcd://b/k\n`;
  expect(problems(ini(`${CLUSTER} topology=aurora ${ROLES}`, globals)).join('\n')).toMatch(
    /topology = aurora of database "app" contradict each other/,
  );
});

test.each([
  [`${CLUSTER} topology=aurora`, 'topology = aurora has no effect without target_session_attrs'],
  ['host=a instance_host_pattern=?.b', 'instance_host_pattern has no effect without topology'],
  [
    `${CLUSTER} topology=aurora read_write_split=on`,
    'with topology = aurora and consistency = session no read can go to a reader',
  ],
])('%s is worth a warning', (attributes, message) => {
  expect(problems(ini(attributes))).toEqual([]);
  expect(ownWarnings(ini(attributes)).join('\n')).toContain(message);
});
