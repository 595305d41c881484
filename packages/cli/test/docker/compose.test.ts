import { copyFileSync, existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { formatFinding } from '../../src/config/finding';
import { loadConfig } from '../../src/config/load';
import { onPath, run } from '../e2e/support/programs';
import { reading } from '../support/config-files';
import { tempDir } from '../support/temp-dir';

const DOCKER = join(__dirname, '..', '..', '..', '..', 'docker');
const FILE = join(DOCKER, 'compose.yaml');
const directory = tempDir();

interface Service {
  readonly image: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly healthcheck?: unknown;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly command?: readonly string[];
}

const compose: {
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
  readonly volumes: Readonly<Record<string, null>>;
} = parse(readFileSync(FILE, 'utf8'), { merge: true });

const services = Object.entries(compose.services);

test('pgweir takes its variables, and has nothing to warn of', () => {
  const environment = compose.services.pgweir?.environment ?? {};
  const files = { '/run/secrets/userlist': '"app" "one"\n"monitor" "two"\n' };
  const result = loadConfig('env:', { cwd: '/', readFile: reading(files), environment });
  if (result.kind === 'failed') throw new Error(result.problems.map(formatFinding).join('\n'));
  expect(result.warnings).toEqual([]);
  const [app] = result.config.pooler.databases.values();
  const hosts = services.flatMap(([name, { image }]) =>
    image.startsWith('postgres:') ? [name] : [],
  );
  expect(app).toMatchObject({ readWriteSplit: true, hosts });
});

test('images have their versions, and services are waited for until they are healthy', () => {
  for (const [name, { image, healthcheck, depends_on = {} }] of services) {
    if (name === 'pgweir') continue;
    expect(image).toMatch(/^[\w/]+:v?\d+\.\d+/);
    // That of pgweir is in its image.
    expect([name, healthcheck]).toEqual([name, expect.anything()]);
    for (const [other, { condition }] of Object.entries(depends_on)) {
      expect(compose.services[other]).toBeDefined();
      expect(condition).toBe('service_healthy');
    }
  }
});

test('files, volumes and secrets that services name are there, and no password is', async () => {
  for (const [, { volumes = [], secrets = [], environment = {} }] of services) {
    for (const volume of volumes) {
      const [source = ''] = volume.split(':');
      if (source.startsWith('.'))
        expect([source, existsSync(join(DOCKER, source))]).toEqual([source, true]);
      else expect(Object.keys(compose.volumes)).toContain(source);
    }
    for (const secret of secrets) expect(Object.keys(compose.secrets)).toContain(secret);
    const plain = Object.keys(environment).filter((name) => /PASSWORD$|USERLIST$/.test(name));
    expect(plain).toEqual([]);
  }
});

test('nothing is published beyond this machine', () => {
  for (const [, { ports = [] }] of services) {
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  }
});

test('make-secrets makes every secret once', async () => {
  const script = directory.file('make-secrets');

  copyFileSync(join(DOCKER, 'make-secrets'), script);
  expect(await run(script, [])).toMatchObject({ code: 0, stderr: '' });
  const files = Object.values(compose.secrets).map(({ file }) => directory.file(file));
  const first = files.map((file) => readFileSync(file, 'utf8'));
  for (const text of first) expect(text).toMatch(/[0-9a-f]{48}/);
  expect(new Set(first).size).toBe(first.length);
  expect(statSync(directory.file('secrets')).mode & 0o777).toBe(0o700);
  await run(script, []);
  expect(files.map((file) => readFileSync(file, 'utf8'))).toEqual(first);
});

const how = composeCommand();
const testCompose = how === undefined ? test.skip : test;

testCompose(
  `docker compose takes the file${how === undefined ? ' (skipped: there is no docker compose)' : ''}`,
  async () => {
    const [program = '', ...first] = how ?? [];
    const checked = await run(program, [...first, '-f', FILE, 'config', '--quiet']);
    expect(checked).toEqual({ code: 0, stdout: '', stderr: '' });
  },
);

/** Compose is a plugin of `docker`, or a program of its own. */
function composeCommand(): readonly string[] | undefined {
  if (onPath('docker-compose')) return ['docker-compose'];
  const places = ['/usr/libexec', '/usr/lib', '/usr/local/libexec', '/usr/local/lib'];
  const plugins = places.map((place) => join(place, 'docker', 'cli-plugins', 'docker-compose'));
  return onPath('docker') && plugins.some((file) => existsSync(file))
    ? ['docker', 'compose']
    : undefined;
}
