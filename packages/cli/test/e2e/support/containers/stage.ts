import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import {
  buildBinary,
  type Engine,
  freePort,
  type Major,
  makeScratch,
  PROGRAMS,
  programsFolder,
  type Scratch,
  waitFor,
  writePostgresContext,
} from '@pgweir/testkit';
import {
  GenericContainer,
  getContainerRuntimeClient,
  type StartedTestContainer,
  Wait,
} from 'testcontainers';
import { writeImageContext } from './image-context';

/** A repository of images with majors as tags, in place of the stand-in made from npm's programs. */
const POSTGRES_IMAGE = process.env.PGWEIR_TEST_POSTGRES_IMAGE;

export const POSTGRES = { user: 'ann', password: 'p:w/"1' } as const;

/** With what testcontainers has no words for. */
class Container extends GenericContainer {
  /** As `docker run --read-only`. */
  readOnly(): this {
    this.hostConfig.ReadonlyRootfs = true;
    return this;
  }

  /** The health check of the image, at another pace. */
  checkedEvery(ms: number): this {
    this.createOpts.Healthcheck = { Interval: ms * NS_PER_MS };
    return this;
  }
}

const NS_PER_MS = 1e6;
/** Each look is a process of its own. */
const HEALTH_EVERY_MS = 1000;

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly user?: string;
  /** Where clients connect to. Default: a free one. */
  readonly port?: number;
  /** Files of this host, by their paths in the container. */
  readonly mounts?: Readonly<Record<string, string>>;
}

/** Images and containers of tests, on the network of this host. */
export class ContainerStage {
  readonly image = `pgweir-test/pgweir:${process.pid}`;
  readonly #postgresImage = `pgweir-test/postgres:${process.pid}`;
  readonly #scratch: Scratch;
  readonly #servers: StartedTestContainer[] = [];
  readonly #poolers: StartedTestContainer[] = [];

  private constructor(scratch: Scratch) {
    this.#scratch = scratch;
  }

  static async open({ host }: Engine): Promise<ContainerStage> {
    Object.assign(process.env, {
      DOCKER_HOST: host,
      // It would be pulled, and sees no network here.
      TESTCONTAINERS_RYUK_DISABLED: 'true',
      TESTCONTAINERS_HOST_OVERRIDE: '127.0.0.1',
    });
    const stage = new ContainerStage(makeScratch('disk'));
    try {
      await stage.#buildImages();
    } catch (error) {
      await stage.close();
      throw error;
    }
    return stage;
  }

  get dir(): string {
    return this.#scratch.dir;
  }

  async #buildImages(): Promise<void> {
    const contexts = ['pgweir', 'postgres'].map((name) => join(this.dir, name));
    const [ours = '', postgres = ''] = contexts;
    for (const context of contexts) mkdirSync(context);
    const executable = join(this.dir, 'executable');
    buildBinary(executable);
    writeImageContext(ours, executable);
    await build(ours, this.image);
    if (POSTGRES_IMAGE !== undefined) return;
    writePostgresContext(postgres);
    await build(postgres, this.#postgresImage);
  }

  /** @returns the port of a PostgreSQL with the user of `POSTGRES` */
  async postgres(major: Major): Promise<number> {
    const port = await freePort();
    const official = POSTGRES_IMAGE === undefined ? undefined : `${POSTGRES_IMAGE}:${major}`;
    const container = new Container(official ?? this.#postgresImage)
      .withNetworkMode('host')
      .withEnvironment({
        ...{ POSTGRES_USER: POSTGRES.user, POSTGRES_PASSWORD: POSTGRES.password },
        PGDATA: '/pgdata/data',
      })
      .withTmpFs({ '/pgdata': 'rw,mode=1777', '/tmp': 'rw,mode=1777' })
      .withCommand(['postgres', '-c', `port=${port}`, '-c', 'listen_addresses=127.0.0.1'])
      // The official image starts it for itself first.
      .withWaitStrategy(
        Wait.forLogMessage(/ready to accept connections/, official === undefined ? 1 : 2),
      );
    if (official === undefined) {
      container.withBindMounts([{ source: programsFolder(major), target: PROGRAMS, mode: 'ro' }]);
    }
    this.#servers.push(await container.start());
    return port;
  }

  /** A pgweir as the manuals say that one is run: read-only, and without any right. */
  async pgweir(options: RunOptions = {}): Promise<RunningPgweir> {
    const [port, httpPort] = [options.port ?? (await freePort()), await freePort()];
    const container = new Container(this.image)
      .readOnly()
      .checkedEvery(HEALTH_EVERY_MS)
      .withNetworkMode('host')
      .withDroppedCapabilities('ALL')
      .withSecurityOpt('no-new-privileges')
      .withEnvironment({
        ...{ PGWEIR_LISTEN_PORT: String(port), PGWEIR_LISTEN_ADDR: '127.0.0.1' },
        PGWEIR_METRICS_ADDR: `127.0.0.1:${httpPort}`,
        ...options.env,
      })
      .withBindMounts(
        Object.entries(options.mounts ?? {}).map(([target, source]) => ({
          source,
          target,
          mode: 'ro',
        })),
      )
      .withWaitStrategy(Wait.forLogMessage(/process up/));
    if (options.user !== undefined) container.withUser(options.user);
    const started = await container.start();
    this.#poolers.push(started);
    return new RunningPgweir({ port, httpPort }, started);
  }

  async stopPoolers(): Promise<void> {
    for (const container of this.#poolers.splice(0)) await container.stop({ timeout: 1000 });
  }

  async close(): Promise<void> {
    await this.stopPoolers();
    for (const container of this.#servers.splice(0)) await container.stop({ timeout: 1000 });
    const { container } = await getContainerRuntimeClient();
    for (const image of [this.image, this.#postgresImage]) {
      await container.dockerode.getImage(image).remove({ force: true });
    }
    this.#scratch.remove();
  }
}

/** A pgweir in a container. */
export class RunningPgweir {
  readonly port: number;
  readonly httpPort: number;
  readonly #container: StartedTestContainer;

  constructor(
    { port, httpPort }: { readonly port: number; readonly httpPort: number },
    container: StartedTestContainer,
  ) {
    this.port = port;
    this.httpPort = httpPort;
    this.#container = container;
  }

  async #engine() {
    const { container } = await getContainerRuntimeClient();
    return container.dockerode.getContainer(this.#container.getId());
  }

  async inspect() {
    return await (await this.#engine()).inspect();
  }

  async untilHealthy(): Promise<void> {
    await waitFor(async () => (await this.inspect()).State.Health?.Status === 'healthy', {
      what: 'the container to be healthy',
    });
  }

  async log(): Promise<string> {
    const engine = await this.#engine();
    // With heads between the parts, of a few bytes that do not matter here.
    return String(await engine.logs({ stdout: true, stderr: true }));
  }

  /** As `docker stop`. */
  async stop(graceSeconds: number): Promise<void> {
    await (await this.#engine()).stop({ t: graceSeconds });
  }
}

async function build(context: string, image: string): Promise<void> {
  await GenericContainer.fromDockerfile(context).build(image, { deleteOnExit: false });
}

/** A folder whose files everybody may read: the container's user is nobody here. */
export function openFolder(path: string): string {
  mkdirSync(path, { recursive: true });
  chmodSync(path, 0o755);
  return path;
}
