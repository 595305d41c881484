import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SETTINGS } from '../../src/config/settings';
import type { Setting } from '../../src/config/settings/row';
import { run, testWith } from '../e2e/support/programs';
import { tempDir } from '../support/temp-dir';

const CHART = join(__dirname, '..', '..', '..', '..', 'docker', 'helm', 'pgweir');
const directory = tempDir();

const helm = (...args: readonly string[]) =>
  run('helm', ['template', 'x', CHART, '--kube-version', '1.34.0', ...args]);

describe('values that Helm refuses', () => {
  const base = { databases: { app: { host: 'db' } }, auth: { existingSecret: 'users' } };
  const url = 'http://a:hidden@host';

  const cases: readonly (readonly [what: string, values: object, message: string])[] = [
    [
      'caps that leave nothing',
      { caps: { max_db_connections: 1 } },
      'leaves nothing for each of 2',
    ],
    [
      'caps of a database that leave nothing',
      { databases: { app: { host: 'db', caps: { pool_size: 1 } } } },
      'databases.app.caps.pool_size = 1 leaves nothing',
    ],
    ['more pods than caps are divided by', { replicaCount: 3 }, 'podsMax = 2, and there can be 3'],
    [
      'more pods of the autoscaler',
      { autoscaling: { enabled: true, maxReplicas: 6 } },
      'podsMax = 2, and there can be 6',
    ],
    [
      'a Deployment without room for those that still end',
      { kind: 'Deployment', podsMax: 7, replicaCount: 4, deployment: { maxSurge: 1 } },
      'podsMax = 7, and there can be 8',
    ],
    [
      'a Deployment without room for those that are evicted',
      {
        ...{ kind: 'Deployment', podsMax: 7, replicaCount: 5 },
        podDisruptionBudget: { maxUnavailable: '21%' },
      },
      'podsMax = 7, and there can be 8',
    ],
    ['no bound at all', { caps: null }, 'nothing bounds databases.app'],
    ['a bound taken away', { caps: { max_db_connections: null } }, 'nothing bounds databases.app'],
    ['a cap by a variable', { env: [{ name: 'PGWEIR_MAX_DB_CONNECTIONS', value: '9' }] }, '/env/0'],
    [
      'a cap by its other word',
      { databases: { app: { host: 'db', parameters: { reserve_pool: 5 } } } },
      'reserve_pool',
    ],
    [
      'two settings in one',
      { settings: { log_prefix: 'a\nlisten_port = 1' } },
      '/settings/log_prefix',
    ],
    [
      'a password in a ConfigMap',
      { databases: { app: { host: 'db', parameters: { password: 'hidden' } } } },
      'auth.existingSecret',
    ],
    [
      'a place with a password',
      { databases: { app: { host: 'db', parameters: { patroni: url } } } },
      'would be in a ConfigMap',
    ],
    ...Object.entries<Setting<unknown>>(SETTINGS.pgbouncer).flatMap(([name, { secret }]) =>
      secret
        ? [
            [
              `the secret ${name}`,
              {
                settings: { [name]: name === 'auth_ldap_options' ? 'ldapbindpasswd=hidden' : url },
              },
              `set PGWEIR_${name.toUpperCase()} in env`,
            ] as const,
          ]
        : [],
    ),
    ['a sidecar for who knows how many', { mode: 'sidecar' }, 'sidecar.maxPods is needed'],
    ['nobody to connect to', { databases: {} }, 'databases is empty'],
    ['nobody to log in', { auth: { existingSecret: '' } }, 'nobody could log in'],
    ['no time for transactions', { preStopSeconds: 60 }, 'must be larger than preStopSeconds'],
    [
      'a whole cap as a setting of each',
      { settings: { max_db_connections: 5 } },
      'max_db_connections',
    ],
    ['a value that there is not', { replicas: 3 }, 'replicas'],
  ];

  for (const [what, values, message] of cases) {
    testWith('helm')(what, async () => {
      const file = directory.file('values.json');
      writeFileSync(file, JSON.stringify({ ...base, ...values }));
      const { code, stderr } = await helm('--values', file);
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining(message) });
      expect(stderr).not.toContain('hidden');
    });
  }
});
