import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { formatFinding } from '../../src/config/finding';
import { loadConfig } from '../../src/config/load';
import { SETTINGS } from '../../src/config/settings';
import type { Setting, SettingTable } from '../../src/config/settings/row';
import { VERSION } from '../../src/version';
import { run, testWith } from '../e2e/support/programs';
import { reading } from '../support/config-files';
import { tempDir } from '../support/temp-dir';

const HELM = join(__dirname, '..', '..', '..', '..', 'docker', 'helm');
const CHART = join(HELM, 'pgweir');
const directory = tempDir();

interface Container {
  readonly name: string;
  readonly securityContext: unknown;
  readonly lifecycle: { readonly preStop: { readonly sleep: { readonly seconds: number } } };
  readonly livenessProbe: { readonly httpGet: { readonly path: string } };
  readonly readinessProbe: { readonly httpGet: { readonly path: string } };
  readonly volumeMounts: readonly { readonly name: string }[];
}

interface PodSpec {
  readonly terminationGracePeriodSeconds: number;
  readonly containers: readonly [Container, ...Container[]];
  readonly initContainers: readonly [Container, ...Container[]];
  readonly volumes: readonly { readonly name: string }[];
}

interface Metadata {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** A resource of Kubernetes, with what the kinds that these tests look at have. */
interface Resource {
  readonly kind: string;
  readonly metadata: Metadata;
  readonly data: Readonly<Record<string, string>>;
  readonly spec: {
    readonly template: { readonly metadata: Metadata; readonly spec: PodSpec };
    readonly minReadySeconds: number;
    readonly maxReplicas: number;
    readonly serviceName: string;
    readonly ordinals: unknown;
    readonly selector?: Readonly<Record<string, unknown>>;
    readonly podSelector?: Readonly<Record<string, unknown>>;
  };
}

const textOf = (...path: readonly string[]) => readFileSync(join(HELM, ...path), 'utf8');

function resourcesIn(text: string): readonly Resource[] {
  const all: readonly (Resource | null)[] = parseAllDocuments(text).map((one) => one.toJS());
  return all.filter((resource) => resource !== null);
}

const read = new Map<string, readonly Resource[]>();

function rendered(name: string): readonly Resource[] {
  const resources = read.get(name) ?? resourcesIn(textOf('rendered', `${name}.yaml`));
  read.set(name, resources);
  return resources;
}

function ofKind(name: string, kind: string): Resource {
  const found = rendered(name).find((resource) => resource.kind === kind);
  if (found === undefined) throw new Error(`${name} has no ${kind}`);
  return found;
}

const WORKLOADS = { default: 'StatefulSet', everything: 'StatefulSet', deployment: 'Deployment' };
const NAMES = readdirSync(join(HELM, 'rendered')).map((file) => file.replace('.yaml', ''));

/** What the pods of a rendering have in `/etc/pgweir/pgweir.ini`, as pgweir understands it. */
function configOf(name: string) {
  const ini = ofKind(name, 'ConfigMap').data['pgweir.ini'] ?? '';
  const files = {
    '/etc/pgweir/pgweir.ini': ini,
    '/etc/pgweir-users/userlist.txt': '"app" "secret"\n"monitor" "secret"\n',
    '/etc/pgweir-client-tls/tls.crt': cert('server.crt'),
    '/etc/pgweir-client-tls/tls.key': cert('server.key'),
    '/etc/pgweir-server-tls/ca.crt': cert('ca.crt'),
  };
  const environment: Record<string, string> = ini.includes('[peers]')
    ? { PGWEIR_PEER_ID: '1' }
    : {};
  const path = '/etc/pgweir/pgweir.ini';
  const result = loadConfig(path, { cwd: '/etc/pgweir', readFile: reading(files), environment });
  if (result.kind === 'ok') return { ...result, ini };
  throw new Error(result.problems.map(formatFinding).join('\n'));
}

function cert(name: string): string {
  return readFileSync(join(HELM, '..', '..', 'packages', 'testkit', 'certs', name), 'utf8');
}

test.each(NAMES)('%s: pgweir takes the configuration, and has nothing to warn of', (name) => {
  expect(configOf(name).warnings).toEqual([]);
});

test('each pod has its part of every cap, for as many pods as there can be', () => {
  const capsOf = (name: string) => {
    const { values, pooler } = configOf(name).config;
    return {
      ...values,
      ofDatabases: [...pooler.databases.values()].map((one) => one.databaseLinksMax),
    };
  };
  // 40 connections for 2 pods, 90 and 60 for 7 (3 with a surge of 1), 100 and 60 for up to 12.
  expect(capsOf('default')).toMatchObject({ max_db_connections: 20 });
  expect(capsOf('deployment')).toMatchObject({ max_db_connections: 12, default_pool_size: 8 });
  expect(capsOf('everything')).toMatchObject({
    ...{ max_db_connections: 8, max_user_connections: 4, reserve_pool_size: 1 },
    ofDatabases: [5, undefined],
  });
  expect(capsOf('sidecar')).toMatchObject({ max_db_connections: 10 });
});

/**
 * What the controller of Deployments does: never more than `replicas + surge` pods that are not told to
 * end, never fewer than `replicas - unavailable` that have been ready for as long as one may take to end.
 *
 * @returns the most pods that there were at a time
 */
function mostPodsOfRollout(
  replicas: number,
  surge: number,
  unavailable: number,
  endsAfter: number,
): number {
  const READY_AFTER = 10;
  let old = replicas;
  let fresh: readonly number[] = [];
  let ending: readonly number[] = [];
  let most = replicas;
  for (let now = 0; old > 0; now += 1) {
    ending = ending.filter((since) => now - since < endsAfter);
    const available = old + fresh.filter((since) => now - since >= READY_AFTER).length;
    const leave = Math.max(0, Math.min(old, available - (replicas - unavailable)));
    old -= leave;
    ending = [...ending, ...Array.from({ length: leave }, () => now)];
    const come = Math.max(
      0,
      Math.min(replicas + surge - old - fresh.length, replicas - fresh.length),
    );
    fresh = [...fresh, ...Array.from({ length: come }, () => now)];
    most = Math.max(most, old + fresh.length + ending.length);
  }
  return most;
}

test('a rollout of a Deployment never has more pods than the caps are divided by', () => {
  for (const replicas of [1, 2, 3, 7, 20]) {
    for (const [surge, unavailable] of [
      [0, 1],
      [1, 0],
      [1, 1],
      [3, 2],
    ] as const) {
      for (const endsAfter of [0, 1, 9, 10]) {
        const most = mostPodsOfRollout(replicas, surge, unavailable, endsAfter);
        expect(most).toBeLessThanOrEqual(replicas + 2 * surge + unavailable);
      }
    }
  }
  // As it would be without minReadySeconds.
  expect(mostPodsOfRollout(20, 1, 0, 60)).toBeGreaterThan(22);
  const { spec } = ofKind('deployment', 'Deployment');
  const { terminationGracePeriodSeconds } = spec.template.spec;
  expect(spec.minReadySeconds).toBeGreaterThanOrEqual(terminationGracePeriodSeconds);
  expect(configOf('deployment').ini).toContain('of at most 7 pods');
});

test('switches and large numbers of YAML are as pgweir writes them', () => {
  const { ini } = configOf('everything');
  expect(ini).toContain('\ndashboard = on\n');
  expect(ini).toContain(" max_replica_lag='10000000' read_write_split='on'\n");
});

/** Names in a table that are another word for one of these. */
const aliasesOf = (table: SettingTable, names: readonly string[]) =>
  Object.entries(table).flatMap(([name, { alias }]) =>
    alias !== undefined && names.includes(alias.of) ? [name] : [],
  );

/** Settings that count connections, and bound none to a server. */
const NO_CAPS = new Set([
  ...['min_pool_size', 'max_client_conn', 'max_db_client_connections', 'listen_backlog'],
  ...['max_user_client_connections', 'max_pinned_per_pool', 'max_idle_connections_percent'],
]);

test('every cap is one of caps, and by no name among settings, parameters or variables', () => {
  const { properties } = JSON.parse(textOf('pgweir', 'values.schema.json'));
  const entry = properties.databases.additionalProperties.properties;
  for (const { table, caps, refused } of [
    {
      table: SETTINGS.pgbouncer,
      caps: Object.keys(properties.caps.properties),
      refused: properties.settings.propertyNames.not.enum,
    },
    {
      table: SETTINGS.databases,
      caps: Object.keys(entry.caps.properties),
      refused: entry.parameters.propertyNames.not.enum,
    },
  ]) {
    const counting = Object.entries<Setting<unknown>>(table).flatMap(([name, { unit, alias }]) =>
      alias === undefined && (unit === 'connections' || name.endsWith('_percent')) ? [name] : [],
    );
    // In entries, reserve_pool is the same setting under another name.
    const meant = counting.filter((name) => !NO_CAPS.has(name) && name !== 'reserve_pool');
    expect(caps.sort()).toEqual(meant.sort());
    expect(refused).toEqual(expect.arrayContaining([...meant, ...aliasesOf(table, meant)]));
  }
  expect(entry.parameters.propertyNames.not.enum).toContain('reserve_pool');
  const variables = Object.keys(properties.caps.properties).flatMap((name) => {
    const variable = `PGWEIR_${name.toUpperCase()}`;
    return [variable, `${variable}_FILE`];
  });
  expect(properties.env.items.properties.name.not.enum.sort()).toEqual(variables.sort());
});

test.each(Object.entries(WORKLOADS))(
  '%s: nobody is root, writes or may do anything',
  (name, kind) => {
    const pod = ofKind(name, kind).spec.template.spec;
    expect(pod).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false });
    expect(pod.containers).toHaveLength(1);
    expect(pod.containers[0].securityContext).toEqual({
      ...{ runAsNonRoot: true, readOnlyRootFilesystem: true, allowPrivilegeEscalation: false },
      ...{ capabilities: { drop: ['ALL'] }, seccompProfile: { type: 'RuntimeDefault' } },
    });
  },
);

test.each(Object.entries(WORKLOADS))('%s: it serves on, then drains, then ends', (name, kind) => {
  const pod = ofKind(name, kind).spec.template.spec;
  const { seconds } = pod.containers[0].lifecycle.preStop.sleep;
  expect(seconds).toBeGreaterThan(0);
  expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(seconds);
  const { livenessProbe, readinessProbe } = pod.containers[0];
  expect([livenessProbe.httpGet.path, readinessProbe.httpGet.path]).toEqual([
    '/healthz',
    '/readyz',
  ]);
});

test('pods are made anew when their configuration changes', () => {
  const sums = Object.entries(WORKLOADS).map(
    ([name, kind]) =>
      ofKind(name, kind).spec.template.metadata.annotations['checksum/pgweir-config'],
  );
  for (const sum of sums) expect(sum).toMatch(/^[0-9a-f]{64}$/);
  expect(new Set(sums).size).toBe(sums.length);
});

test('cancel requests find the pod that they are for', () => {
  const peers = configOf('everything').config.pooler.peers;
  const set = ofKind('everything', 'StatefulSet');
  expect(peers.size).toBe(ofKind('everything', 'HorizontalPodAutoscaler').spec.maxReplicas);
  expect(peers.get(1)?.host).toBe(`${set.metadata.name}-1.${set.spec.serviceName}`);
  expect(set.spec.ordinals).toEqual({ start: 1 });
  const names = rendered('everything').flatMap(({ kind, metadata }) =>
    kind === 'Service' ? [metadata.name] : [],
  );
  expect(names).toContain(set.spec.serviceName);
});

test('every label that something selects is on the pods', () => {
  const { labels } = ofKind('everything', 'StatefulSet').spec.template.metadata;
  for (const kind of ['Service', 'PodDisruptionBudget', 'NetworkPolicy']) {
    const { selector, podSelector } = ofKind('everything', kind).spec;
    const wanted = selector?.matchLabels ?? podSelector?.matchLabels ?? selector;
    expect(labels).toEqual(expect.objectContaining(wanted));
  }
});

test('a sidecar is up before its application and ends after it', () => {
  const { spec } = ofKind('sidecar', 'Deployment').spec.template;
  expect(spec.initContainers[0]).toMatchObject({ name: 'pgweir', restartPolicy: 'Always' });
  const mounted = spec.initContainers[0].volumeMounts.map(({ name }) => name);
  expect(spec.volumes.map(({ name }) => name)).toEqual(mounted);
});

test('version, alerts and checked values are those of the rest of the repository', () => {
  expect(parse(textOf('pgweir', 'Chart.yaml'))).toMatchObject({
    version: VERSION,
    appVersion: VERSION,
  });
  expect(parse(textOf('examples', 'sidecar', 'Chart.yaml')).dependencies).toMatchObject([
    { version: VERSION },
  ]);
  expect(textOf('pgweir', 'files', 'alerts.yml')).toBe(textOf('..', 'prometheus', 'alerts.yml'));
  const { properties } = JSON.parse(textOf('pgweir', 'values.schema.json'));
  const { global: _, ...own } = properties;
  expect(Object.keys(parse(textOf('pgweir', 'values.yaml'))).sort()).toEqual(
    Object.keys(own).sort(),
  );
});

testWith('helm')('Helm renders what is in docker/helm/rendered (docker/helm/render)', async () => {
  const { code, stderr } = await run(join(HELM, 'render'), [directory.path]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  for (const name of NAMES) {
    const fresh = resourcesIn(readFileSync(directory.file(`${name}.yaml`), 'utf8'));
    const byName = (all: readonly Resource[]) =>
      new Map(all.map((one) => [`${one.kind} ${one.metadata.name}`, one]));
    expect(byName(fresh)).toEqual(byName(rendered(name)));
  }
});

testWith('helm')('more pods within podsMax change no cap of those that there are', async () => {
  const values = ['--values', join(CHART, 'ci', 'default-values.yaml'), '--set', 'podsMax=4'];
  const configWith = async (...args: readonly string[]) => {
    const { stdout } = await run('helm', [
      'template',
      'x',
      CHART,
      '--kube-version',
      '1.34.0',
      ...values,
      ...args,
    ]);
    const found = resourcesIn(stdout).find(({ kind }) => kind === 'ConfigMap');
    return found?.data['pgweir.ini'];
  };
  const two = await configWith('--set', 'replicaCount=2');
  expect(two).toContain('\nmax_db_connections = 10\n');
  // Where the divisor is that of the values before, two old pods and two new ones have 40.
  expect(await configWith('--set', 'replicaCount=4')).toBe(two);
});

testWith('helm')('Helm finds nothing wrong with the chart', async () => {
  const values = join(CHART, 'ci', 'everything-values.yaml');
  const { code, stdout } = await run('helm', ['lint', '--strict', CHART, '--values', values]);
  expect(stdout).toContain('0 chart(s) failed');
  expect(code).toBe(0);
});
