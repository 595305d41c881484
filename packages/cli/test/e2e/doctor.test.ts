import { spawnSync } from 'node:child_process';
import { certsDir, daemonCommand } from '@pgweir/testkit';
import { type Rig, startRig } from './support/rig';

let rig: Rig;

beforeAll(async () => {
  rig = await startRig({
    cluster: { tls: true, users: [{ name: 'app', password: 'app-secret' }] },
    databases: { postgres: '{server}' },
    settings: {
      auth_type: 'scram-sha-256',
      admin_users: 'dba',
      query_wait_timeout: '10',
      server_tls_sslmode: 'verify-full',
      server_tls_ca_file: `${certsDir()}/ca.crt`,
    },
    userlist: '"app" "app-secret"\n"dba" "dba-secret"\n',
  });
});

afterAll(() => rig?.stop());

test('the file of a daemon that runs is well, and the daemon says who it is', () => {
  const [program, ...first] = daemonCommand();
  const args = [...first, 'doctor', rig.daemon.configFile];
  const how = { encoding: 'utf8', cwd: rig.daemon.dir } as const;
  const { status, stdout, stderr } = spawnSync(program, args, how);
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^ok .*TLSv1\.3 \[server\]$/m);
  expect(stdout).toMatch(/^ok .*PostgreSQL 18.*, primary \[login\]$/m);
  expect(stdout).toMatch(/^ok .*pgweir \d+\.\d+\.\d+ runs there, active \[port\]$/m);
  expect(stdout).not.toMatch(/^problem/m);
  expect(stdout).not.toContain('-secret"');
  expect(status).toBe(0);
});
